"""Read any checkpoint safely, write one atomically, load one strictly."""

from __future__ import annotations

import difflib
import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from safetensors.torch import save
from timm.layers import resample_abs_pos_embed
from torch import Tensor, nn

from absvit.models import downloads, formats

__all__ = ["Checkpoint", "by_position", "load_into", "local_file", "read", "write"]

NAMES_SHOWN = 8


@dataclass(frozen=True)
class Checkpoint:
    """Weights and what is known of them.

    Parameters
    ----------
    state_dict : tensors by name, on the CPU.
    card : facts beside the weights; empty where there are none. Ours: the JSON card, with ``prior_gains``,
        ``categories``, ``measured`` ...; official files: ``epoch`` and ``arguments`` of the training.
    sha256 : SHA-256 of the weights file, 64 hexadecimal digits.
    source : the path or URL that was read.
    """

    state_dict: dict[str, Tensor]
    card: dict
    sha256: str
    source: str


def read(
    path_or_url: str | os.PathLike, sha256: str | None = None, which: Literal["model", "ema"] = "model"
) -> Checkpoint:
    """Read a checkpoint: safetensors with a JSON card of the same stem beside it, or a PyTorch file.

    Code in a file is never run (:mod:`absvit.models.formats`).

    Parameters
    ----------
    path_or_url : file, or address that is fetched once (:func:`absvit.models.downloads.fetch`).
    sha256 : expected SHA-256 of the file; None asks for none.
    which : "model", or "ema" for the exponential moving average in a PyTorch training checkpoint.

    Raises
    ------
    FileNotFoundError : no such file (similar names are listed), or the address cannot be reached.
    ValueError : the file is corrupt, holds something else or has another SHA-256.
    """
    if which not in ("model", "ema"):
        raise ValueError(f"which must be 'model' or 'ema', got {which!r}")
    path = local_file(path_or_url, sha256)
    found = downloads.file_sha256(path)
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
    return Checkpoint(state_dict, card, found, str(path_or_url))


def local_file(path_or_url: str | os.PathLike, sha256: str | None = None) -> Path:
    """Give the file on this machine: the path itself, or the copy of an address, fetched once.

    Parameters
    ----------
    path_or_url : file or address.
    sha256 : expected SHA-256 of what is fetched; None asks for none.

    Raises
    ------
    FileNotFoundError : no such file (similar names are listed), or the address cannot be reached.
    ValueError : a folder, or what was fetched is no weights file or has another SHA-256.
    """
    if downloads.is_url(path_or_url):
        return downloads.fetch(str(path_or_url), sha256, formats.file_format)
    path = Path(path_or_url)
    if path.is_file():
        return path
    if path.is_dir():
        raise ValueError(f"expected a checkpoint file, got the folder {path}")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"no checkpoint at {path}: the folder {path.parent} does not exist")
    near = difflib.get_close_matches(path.name, [entry.name for entry in path.parent.iterdir()], 3)
    hint = f"; the folder holds {', '.join(near)}" if near else "; check the path"
    raise FileNotFoundError(f"no checkpoint at {path}{hint}")


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
    ValueError : wrong suffix, or a card that JSON cannot hold.
    """
    path = Path(path)
    if path.suffix != ".safetensors":
        raise ValueError(f"expected a file name that ends in .safetensors, got {path}")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"no folder at {path.parent}; make it first")
    try:
        json.dumps(dict(card), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ValueError(f"a card holds finite JSON values only: {error}") from error
    tensors = {name: tensor.detach().cpu().clone().contiguous() for name, tensor in state_dict.items()}
    downloads.replace_file(path, lambda temporary: temporary.write_bytes(save(tensors, {"format": "pt"})))
    sha256 = downloads.file_sha256(path)
    text = json.dumps({**card, "weights_sha256": sha256}, indent=2) + "\n"
    downloads.replace_file(path.with_suffix(".json"), lambda temporary: temporary.write_text(text))
    return sha256


def load_into(model: nn.Module, state_dict: Mapping[str, Tensor], adapt: bool = False) -> tuple[str, ...]:
    """Load weights into a model, strictly; where they do not fit, the model stays as it was.

    Parameters
    ----------
    model : a timm VisionTransformer, or AbSViT.
    state_dict : tensors by name.
    adapt : resample the positions to the model's grid (bicubic), and keep the model's own classifier, newly
        initialised (truncated normal 0.02, zero bias), where the number of classes differs.

    Returns
    -------
    One note for each adaptation; empty if there was none.

    Raises
    ------
    ValueError : names or shapes differ; lists them.
    """
    state_dict = dict(state_dict)
    notes = (*_adapt_positions(model, state_dict), *_adapt_classifier(model, state_dict)) if adapt else ()
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
    }
    if any(problems.values()):
        text = "; ".join(f"{len(names)} {kind} ({_some(names)})" for kind, names in problems.items() if names)
        hint = "" if adapt else " or, for another input size or number of classes, use adapt=True (--finetune)"
        raise ValueError(f"the weights do not fit {type(model).__name__}: {text}; check the model's name{hint}")
    model.load_state_dict(state_dict)
    return notes


def by_position(model: nn.Module, state_dict: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Give another library's tensors a model's names: those that stand at the same places.

    Parameters
    ----------
    model : the same network, built of the same layers in the same order.
    state_dict : as many tensors, under any names.

    Raises
    ------
    ValueError : another number of tensors, or one of another shape than the model's at its place.
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


def _some(names: Sequence[str]) -> str:
    more = [f"and {len(names) - NAMES_SHOWN} more"] if len(names) > NAMES_SHOWN else []
    return ", ".join([*names[:NAMES_SHOWN], *more])


def _adapt_positions(model: nn.Module, state_dict: dict[str, Tensor]) -> tuple[str, ...]:
    old, own = state_dict.get("pos_embed"), getattr(model, "pos_embed", None)
    if old is None or own is None or old.shape == own.shape or old.ndim != 3:
        return ()
    prefix = 0 if model.no_embed_class else model.num_prefix_tokens
    side, grid = math.isqrt(old.shape[1] - prefix), tuple(model.patch_embed.grid_size)
    if side**2 != old.shape[1] - prefix or old.shape[2] != own.shape[2]:
        return ()
    state_dict["pos_embed"] = resample_abs_pos_embed(old, list(grid), [side, side], prefix, antialias=False)  # as DeiT
    return (f"positions resampled from {side} x {side} to {grid[0]} x {grid[1]} tokens",)


def _adapt_classifier(model: nn.Module, state_dict: dict[str, Tensor]) -> tuple[str, ...]:
    own = {name: tensor for name, tensor in model.state_dict().items() if name.startswith("head.")}
    old = state_dict.get("head.weight")
    old_classes, classes = 0 if old is None else len(old), len(own.get("head.weight", ()))
    if old_classes == classes:
        return ()
    for name in ("head.weight", "head.bias"):
        state_dict.pop(name, None)
    if not own:
        return (f"classifier of {old_classes} classes left out: the model has none",)
    state_dict["head.weight"] = nn.init.trunc_normal_(torch.empty_like(own["head.weight"]), std=0.02)
    state_dict["head.bias"] = torch.zeros_like(own["head.bias"])
    return (f"classifier newly initialised ({old_classes} to {classes} classes): train it before use",)
