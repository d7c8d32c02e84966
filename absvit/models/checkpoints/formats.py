"""Read a weights file without trusting it: safetensors, or PyTorch files whose code is never run."""

from __future__ import annotations

import argparse
import errno
import json
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from absvit.models.checkpoints import cards

__all__ = ["file_format", "read_card", "read_content", "read_pytorch", "read_safetensors", "unwrapped"]

WEIGHTS_KEYS = {"model": ("model", "state_dict"), "ema": ("model_ema", "state_dict_ema")}
# of DistributedDataParallel, torch.compile, FullyShardedDataParallel, and what others call their network
WRAPPER_PREFIXES = ("module.", "_orig_mod.", "_fsdp_wrapped_module.", "model.", "net.")
COUNTER = "n_averaged"  # of torch's AveragedModel, beside the weights
LONGEST_HEADER = 100_000_000  # bytes; safetensors' own limit
FETCH_ANEW = "fetch or copy the file anew"


def file_format(path: Path) -> Literal["safetensors", "pytorch"]:
    """Tell a weights file's format from its first bytes; refuse another file with what it seems to be."""
    with open(path, "rb") as file:
        start = file.read(512)
    if start[8:9] == b"{" and int.from_bytes(start[:8], "little") <= LONGEST_HEADER:
        return "safetensors"
    if start.startswith((b"PK\x03\x04", b"\x80")):
        return "pytorch"
    raise ValueError(
        f"expected weights (safetensors or a PyTorch file) in {path}, got {_describe(start)}; {FETCH_ANEW}"
    )


def _describe(start: bytes) -> str:
    if not start:
        return "an empty file"
    if re.match(rb"\s*<(!doctype|html|\?xml)", start, re.IGNORECASE):
        return "an HTML or XML page, perhaps a server's answer in place of the file"
    if start.startswith((b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"BM")):
        return "a picture"
    try:
        text = start.decode("utf-8", errors="strict" if len(start) < 512 else "ignore")
    except UnicodeDecodeError:
        return "unknown binary data"
    return "a text file" if text.isprintable() or text.strip() and "\0" not in text else "unknown binary data"


def read_safetensors(path: Path) -> tuple[dict[str, Tensor], dict]:
    """Read a safetensors file: tensors by name, on the CPU, and its card (:func:`read_card`)."""
    try:
        state_dict = load_file(path, device="cpu")
    except (SafetensorError, ValueError) as error:
        raise ValueError(f"{path} is a truncated or corrupt safetensors file ({error}); {FETCH_ANEW}") from error
    return unwrapped(state_dict), read_card(path)


def read_card(path: Path) -> dict:
    """Read the JSON card beside a weights file (same stem, ``.json``); empty if there is none.

    It may say what :data:`absvit.models.checkpoints.cards.CARD` allows.
    """
    card = path.with_suffix(".json")
    return cards.parse(card.read_bytes(), f"the card {card}") if card.exists() else {}


class _Type:
    """Stands for ``numpy.dtype`` of one number, so that numpy is never handed what a file says."""

    def __init__(self, code: str, *_) -> None:
        if not re.fullmatch(r"b1|[iu][1248]|f[248]|c(8|16)", code):
            raise ValueError(f"expected a type of number, got {code!r}")
        self.code, self.order = code, "<"

    def __setstate__(self, state: tuple) -> None:
        self.order = ">" if state[1] == ">" else "<"


def _scalar(kind: _Type, content: bytes) -> bool | int | float | complex:
    """Stands for the function by which numpy unpickles a number."""
    return np.frombuffer(content, np.dtype(kind.order + kind.code), 1)[0].item()


NUMPY = (
    (_Type, "numpy.dtype"),
    (_scalar, "numpy._core.multiarray.scalar"),
    (_scalar, "numpy.core.multiarray.scalar"),  # before numpy 2
)


def read_content(path: Path) -> object:
    """Read a PyTorch file: tensors, containers, numbers, strings and ``argparse.Namespace``, nothing else.

    Scalars of numpy become Python's own numbers.
    """
    try:
        rotten = _rotten_part(path)
        if rotten is None:
            with torch.serialization.safe_globals([argparse.Namespace, *NUMPY]):
                return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # what a foreign pickle can raise has no end
        if isinstance(error, OSError) and error.errno == errno.EIO:
            raise OSError(f"cannot read {path} ({error.strerror}): check its disk, or take a copy") from error
        raise ValueError(_refusal(path, error)) from error
    raise ValueError(f"{path} has changed since it was written: {rotten} does not fit its checksum; {FETCH_ANEW}")


def _rotten_part(path: Path) -> str | None:
    """Name of a part of a zip file that has changed since it was written; torch itself checks none.

    Where torch was told to write no checksums all are 0, and nothing is known; nor is it of the older format.
    """
    if not zipfile.is_zipfile(path):
        return None
    with zipfile.ZipFile(path) as archive:
        return archive.testzip() if any(part.CRC for part in archive.infolist()) else None


def read_pytorch(path: Path, which: Literal["model", "ema"] = "model") -> tuple[dict[str, Tensor], dict]:
    """Read a plain state dict, or one of those in a training checkpoint such as the official ones.

    Gives the tensors by name, on the CPU, as :func:`unwrapped` does ("ema": the exponential moving average),
    and a card of epoch, training arguments and names of the classes, where the file has them.
    """
    content = read_content(path)
    state_dict, card = unwrapped(_weights(path, content, which)), _training_facts(content)
    cards.check(card, f"what {path} says of its training")
    return state_dict, card


def unwrapped(state_dict: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Take from weights' names what wrappers put before them, in any order, and an average's counter out."""
    tensors = dict(state_dict)
    while True:
        if len(tensors) > 1 and tensors.get(COUNTER, torch.empty(1)).ndim == 0:
            del tensors[COUNTER]
        prefix = next((p for p in WRAPPER_PREFIXES if all(name.startswith(p) for name in tensors)), None)
        if not tensors or prefix is None:
            return tensors
        tensors = {name.removeprefix(prefix): tensor for name, tensor in tensors.items()}


def _refusal(path: Path, error: Exception) -> str:
    foreign = re.search(r"GLOBAL ([\w.]+)", str(error))
    if foreign:
        return (
            f"{path} holds {foreign[1]}, which is code, not weights; it was refused and nothing was run. "
            "Ask its author for a plain state dict or safetensors"
        )
    return (
        f"{path} is a truncated or corrupt PyTorch file, or not one that holds weights "
        f"({type(error).__name__}); {FETCH_ANEW}"
    )


def _weights(path: Path, content: object, which: str) -> dict[str, Tensor]:
    if not isinstance(content, Mapping) or not content:
        raise ValueError(f"expected a state dict in {path}, got {type(content).__name__}")
    found = next((content[key] for key in WEIGHTS_KEYS[which] if isinstance(content.get(key), Mapping)), None)
    if found is None and which == "model":
        found = content
    if not found or not all(isinstance(key, str) and isinstance(value, Tensor) for key, value in found.items()):
        names = ", ".join([str(name) for name, value in content.items() if value is not None][:8])
        hint = ": its training kept no average, so ask for the model's own" if which == "ema" else ""
        raise ValueError(f"{path} holds no {which!r} weights; its entries are: {names}{hint}")
    return dict(found)


def _training_facts(content: Mapping) -> dict:
    facts = {"epoch": content["epoch"]} if isinstance(content.get("epoch"), int) else {}
    if isinstance(content.get("args"), argparse.Namespace):
        arguments = vars(content["args"]).items()
        facts["arguments"] = {key: value for key, value in arguments if _is_json(value)}
    if isinstance(content.get("facts"), Mapping) and "categories" in content["facts"]:  # ours
        facts["categories"] = content["facts"]["categories"]
    return facts


def _is_json(value: object) -> bool:
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return False
    return True
