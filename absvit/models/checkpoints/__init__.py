"""Read any checkpoint safely, write one atomically, load one strictly."""

from __future__ import annotations

import difflib
import hashlib
import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from safetensors.torch import save
from timm.layers import resample_abs_pos_embed
from torch import Tensor, nn

from absvit.models.checkpoints import cards, formats
from stimuli.foundation import fetching
from stimuli.foundation.addresses import without_credentials
from stimuli.foundation.files import file_sha256, write_whole
from stimuli.foundation.texts import some

__all__ = [
    "Checkpoint", "adapt_positions", "by_position", "check_finite", "digest", "identity", "load_into", "local_file",
    "read", "token_grid", "write",
]  # fmt: skip

CLASSIFIERS = ("head", "fc")  # what vision transformers and ResNets call theirs


@dataclass(frozen=True)
class Checkpoint:
    """Weights and what is known of them.

    Parameters
    ----------
    state_dict : tensors by name, on the CPU.
    card : facts beside the weights; empty where there are none. Ours: the JSON card, with ``prior_gains``,
        ``categories``, ``measured`` ...; official files: ``epoch`` and ``arguments`` of the training. It says
        only what :data:`absvit.models.checkpoints.cards.CARD` lets a card say.
    sha256 : SHA-256 of the weights file, 64 hexadecimal digits.
    source : the path or URL that was read, without a password.
    """

    state_dict: dict[str, Tensor]
    card: dict
    sha256: str
    source: str

    @property
    def grid(self) -> tuple[int, int] | None:
        """Patch tokens down and across that positions were trained for; None where the file does not say."""
        return tuple(self.card["grid"]) if "grid" in self.card else None


def read(
    path_or_url: str | os.PathLike, sha256: str | None = None, which: Literal["model", "ema"] = "model"
) -> Checkpoint:
    """Read a checkpoint: safetensors with a JSON card of the same stem beside it, or a PyTorch file.

    Code in a file is never run (:mod:`absvit.models.checkpoints.formats`).

    Parameters
    ----------
    path_or_url : file, or address that is fetched once (:func:`stimuli.foundation.fetching.fetch`).
    sha256 : expected SHA-256 of the file; None asks for none.
    which : "model", or "ema" for the exponential moving average in a PyTorch training checkpoint.

    Raises
    ------
    FileNotFoundError : no such file (similar names are listed), or the address cannot be reached.
    ValueError : the file is corrupt, holds something else, weights that are not finite, or has another
        SHA-256; or its card is spoilt.
    """
    if which not in ("model", "ema"):
        raise ValueError(f"which must be 'model' or 'ema', got {which!r}")
    path = local_file(path_or_url, sha256)
    found = file_sha256(path)
    if sha256 is not None and found != sha256.lower():
        raise ValueError(f"SHA-256 of {path} is {found}, expected {sha256.lower()}: this is another file")
    if formats.file_format(path) == "pytorch":
        state_dict, card = formats.read_pytorch(path, which)
    elif which == "ema":
        raise ValueError(f"{path} is a safetensors file, which holds one set of weights: name the file of the average")
    else:
        state_dict, card = formats.read_safetensors(path)
    if card.get("weights_sha256", found) != found:
        raise ValueError(
            f"the card {path.with_suffix('.json')} belongs to weights with SHA-256 {card['weights_sha256']}, "
            f"but {path.name} has {found}; put weights and card of one checkpoint side by side"
        )
    check_finite(state_dict, str(path))
    rows = next((state_dict[f"{name}.weight"] for name in CLASSIFIERS if f"{name}.weight" in state_dict), ())
    classes, named = len(rows), card.get("categories", ())
    if classes and named and len(named) != classes:
        raise ValueError(f"the card of {path} names {len(named)} categories, but its classifier has {classes} classes")
    return Checkpoint(state_dict, card, found, without_credentials(path_or_url))


def check_finite(state_dict: Mapping[str, Tensor], what: str) -> None:
    """Refuse weights that are not finite, which answer nothing whatever is shown; ``what`` says whose."""
    spoilt = [name for name, tensor in state_dict.items() if not _is_finite(tensor)]
    if spoilt:
        raise ValueError(
            f"{what} holds weights that are not finite, in {len(spoilt)} of {len(state_dict)} tensors "
            f"({some(spoilt)}): the training diverged, or the file is spoilt; take an earlier checkpoint"
        )


def _is_finite(tensor: Tensor) -> bool:
    if tensor.is_meta or not (tensor.is_floating_point() or tensor.is_complex()):
        return True
    tensor = tensor.float() if tensor.element_size() == 1 else tensor  # types of 8 bits have few operations
    return bool(tensor.isfinite().all())


def digest(model: nn.Module) -> str:
    """Give the SHA-256 of the weights of a model that comes from no file; "" of one without memory."""
    total = hashlib.sha256()
    for name, tensor in model.state_dict().items():
        if tensor.is_meta:
            return ""
        total.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        total.update(tensor.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy())
    return total.hexdigest()


def local_file(path_or_url: str | os.PathLike, sha256: str | None = None) -> Path:
    """Give the file on this machine: the path itself, or the copy of an address, fetched once.

    Refused with a ValueError: a folder, and what was fetched and is no weights file or has another SHA-256.
    """
    if fetching.is_url(path_or_url):
        return fetching.fetch(str(path_or_url), sha256, formats.file_format)
    path = fetching.nameable(path_or_url)
    if path.is_file():
        return path
    if path.is_dir():
        raise ValueError(f"expected a checkpoint file, got the folder {path}")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"no checkpoint at {path}: the folder {path.parent} does not exist")
    near = difflib.get_close_matches(path.name, [entry.name for entry in path.parent.iterdir()], 3)
    hint = f"; the folder holds {', '.join(near)}" if near else "; check the path"
    raise FileNotFoundError(f"no checkpoint at {path}{hint}")


def identity(model: nn.Module) -> tuple[str, str]:
    """Tell which weights a model has, for what is recorded of it.

    Gives the name of the file that they were loaded from, "" for none, and SHA-256 of that file, or of the
    weights themselves (:func:`digest`) where they are of no file.
    """
    file = str(getattr(model, "checkpoint", "")).rpartition("/")[2]
    return file, str(getattr(model, "checkpoint_sha256", "")) or digest(model)


def write(path: str | os.PathLike, state_dict: Mapping[str, Tensor], card: Mapping) -> str:
    """Write weights as safetensors and their card as JSON beside them, each atomically.

    Parameters
    ----------
    path : file to be written, ``.safetensors``; the card gets the same stem and ``.json``.
    state_dict : tensors by name.
    card : JSON-serialisable facts; ``weights_sha256`` is added.

    Returns
    -------
    SHA-256 of the weights file.

    Raises
    ------
    FileNotFoundError : the folder does not exist.
    ValueError : wrong suffix, or a card that JSON cannot hold or nobody could read again.
    """
    path = fetching.nameable(path)
    if path.suffix != ".safetensors":
        raise ValueError(f"expected a file name that ends in .safetensors, got {path}")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"no folder at {path.parent}; make it first")
    try:
        json.dumps(dict(card), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ValueError(f"a card holds finite JSON values only: {error}") from error
    cards.check(card, "the card to be written")
    tensors = {name: tensor.detach().cpu().clone().contiguous() for name, tensor in state_dict.items()}
    write_whole(path, save(tensors, {"format": "pt"}), sync=True)
    sha256 = file_sha256(path)
    text = without_credentials(json.dumps({**card, "weights_sha256": sha256}, indent=2)) + "\n"
    write_whole(path.with_suffix(".json"), text, sync=True)
    return sha256


def load_into(
    model: nn.Module,
    state_dict: Mapping[str, Tensor],
    adapt: bool = False,
    grid: tuple[int, int] | None = None,
) -> tuple[str, ...]:
    """Load weights into a model, strictly; where they do not fit, the model stays as it was.

    Parameters
    ----------
    model : a timm VisionTransformer, AbSViT, or another network.
    state_dict : tensors by name.
    adapt : resample the positions to the model's grid (bicubic), and keep the model's own classifier, newly
        initialised (truncated normal 0.02, zero bias), where the number of classes differs.
    grid : patch tokens down and across that the positions were trained for (:attr:`Checkpoint.grid`). Where
        it is not known, a square one is assumed, and anything else refused.

    Returns
    -------
    One note for each adaptation; empty if there was none.

    Raises
    ------
    ValueError : names, shapes or grids differ, or weights are not finite; lists them.
    """
    state_dict = dict(state_dict)
    check_finite(state_dict, "what is to be loaded")
    notes = adapt_positions(model, state_dict, adapt, grid)
    notes += _adapt_classifier(model, state_dict) if adapt else ()
    own = model.state_dict()
    both = [name for name in own if name in state_dict]
    problems = {
        "missing": [name for name in own if name not in state_dict],
        "extra": [name for name in state_dict if name not in own],
        "of another shape": [
            f"{name} {tuple(state_dict[name].shape)} instead of {tuple(own[name].shape)}"
            for name in both
            if state_dict[name].shape != own[name].shape
        ],
        "no floating-point numbers": [
            name for name in both if own[name].is_floating_point() > state_dict[name].is_floating_point()
        ],
    }
    if any(problems.values()):
        text = "; ".join(f"{len(names)} {kind} ({some(names)})" for kind, names in problems.items() if names)
        hint = "" if adapt else " or, for another input size or number of classes, use adapt=True (--finetune)"
        raise ValueError(f"the weights do not fit {type(model).__name__}: {text}; check the model's name{hint}")
    model.load_state_dict(state_dict)
    return notes


def by_position(model: nn.Module, state_dict: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Give another library's tensors a model's names: those at the same places of the same network.

    As many tensors of the same shapes are expected; anything else is refused.
    """
    own, given = model.state_dict(), list(state_dict.items())
    if len(own) != len(given):
        raise ValueError(f"{len(given)} tensors cannot be named by position: the model has {len(own)}")
    for (name, tensor), (theirs, value) in zip(own.items(), given, strict=True):
        if tensor.shape != value.shape:
            raise ValueError(
                f"{theirs} {tuple(value.shape)} stands where the model has {name} {tuple(tensor.shape)}: the weights "
                "are another network's, or in another order"
            )
    return dict(zip(own, state_dict.values(), strict=True))


def token_grid(model: nn.Module) -> tuple[int, int] | None:
    """Give the patch tokens down and across of a model's positions; None where it has none."""
    if getattr(model, "pos_embed", None) is None or not hasattr(model, "patch_embed"):
        return None
    down, across = model.patch_embed.grid_size
    return int(down), int(across)


def adapt_positions(
    model: nn.Module, state_dict: dict[str, Tensor], adapt: bool, grid: tuple[int, int] | None
) -> tuple[str, ...]:
    """Bring positions to the model's grid, with a note, or refuse those of another grid of the same shape.

    Those of an unknown grid are refused, too. The positions in ``state_dict`` are replaced; ``adapt`` and
    ``grid`` as in :func:`load_into`.
    """
    old, wanted = state_dict.get("pos_embed"), token_grid(model)
    if old is None or wanted is None or old.ndim != 3 or old.shape[2] != model.pos_embed.shape[2]:
        return ()
    prefix = 0 if model.no_embed_class else model.num_prefix_tokens
    count = old.shape[1] - prefix
    if count < 1 or not adapt and old.shape != model.pos_embed.shape:
        return ()  # what is missing is said with all else that does not fit
    found = grid or _square(count, wanted)
    if math.prod(found) != count:
        raise ValueError(f"positions of {found[0]} x {found[1]} tokens are expected to be as many, got {count}")
    if found == wanted:
        return ()
    sizes = f"from {found[0]} x {found[1]} to {wanted[0]} x {wanted[1]} tokens"
    if not adapt:
        raise ValueError(f"the positions would have to be resampled {sizes}: use adapt=True (--finetune)")
    state_dict["pos_embed"] = resample_abs_pos_embed(old, list(wanted), list(found), prefix, antialias=False)  # as DeiT
    return (f"positions resampled {sizes}" + ("" if grid else ", taken as square, for the file does not say"),)


def _square(count: int, wanted: tuple[int, int]) -> tuple[int, int]:
    """The grid of positions of which only the number is known: square, where nothing speaks against it."""
    side = math.isqrt(count)
    if side**2 == count and (math.prod(wanted) != count or wanted == (side, side)):
        return side, side
    raise ValueError(
        f"{count} positions may be those of several grids, and the file does not say of which, while the model has "
        f"{wanted[0]} x {wanted[1]} tokens: give grid=(down, across), or write it into the card as "
        '"grid": [down, across]'
    )


def _adapt_classifier(model: nn.Module, state_dict: dict[str, Tensor]) -> tuple[str, ...]:
    head = next((name for name in CLASSIFIERS if hasattr(model, name)), CLASSIFIERS[0])
    weight, bias = f"{head}.weight", f"{head}.bias"
    own = {name: tensor for name, tensor in model.state_dict().items() if name.startswith(f"{head}.")}
    old = state_dict.get(weight)
    old_classes, classes = 0 if old is None else len(old), len(own.get(weight, ()))
    if old_classes == classes:
        return ()
    for name in (weight, bias):
        state_dict.pop(name, None)
    if not own:
        return (f"classifier of {old_classes} classes left out: the model has none",)
    state_dict[weight] = nn.init.trunc_normal_(torch.empty_like(own[weight]), std=0.02)
    state_dict[bias] = torch.zeros_like(own[bias])
    return (f"classifier newly initialised ({old_classes} to {classes} classes): train it before use",)
