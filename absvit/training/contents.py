"""What a checkpoint of a training holds: the digest over it, and what each part must be like."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from numbers import Real

import torch
from torch import Tensor

__all__ = ["FORMAT", "is_ours", "misfit", "sealed", "what_is_wrong"]

FORMAT = 2  # 1 had no digest
SEAL = ("format", "sha256")
PARTS = {
    "model": dict, "model_ema": (dict, type(None)), "optimizer": dict, "lr_scheduler": dict, "scaler": dict,
    "epoch": int, "position": dict, "facts": dict, "random_states": dict, "environment": dict,
}  # fmt: skip
FACTS = {"recipe": dict, "data": dict, "processes": int, "categories": list}
POSITION = {"step": int, "seconds": float, "best": float, "pending": bool, "unreadable": int, "evaluated": dict}


def sealed(content: Mapping) -> dict:
    """Add format and digest to the content of a checkpoint."""
    content = {**content, "format": FORMAT}
    return {**content, "sha256": _sha256(content)}


def is_ours(content: object) -> bool:
    """Tell whether a file was written by a training of ours, of whatever format, whole or not."""
    return isinstance(content, Mapping) and len({*SEAL, "facts", "position"} & set(content)) > 1


def what_is_wrong(content: Mapping) -> str:
    """Tell in what a checkpoint of ours is damaged, as far as it can be known without its model.

    A text such as "position.step is -3, expected 0 to 4"; empty if nothing is wrong.
    """
    unsealed = {name: part for name, part in content.items() if name != "sha256"}
    if _sha256(unsealed) != content["sha256"]:
        return "its content does not fit its digest"
    parts = {name: part for name, part in unsealed.items() if name != "format"}
    wrong = _of_kinds(parts, PARTS, "") or _of_kinds(parts["facts"], FACTS, "facts.")
    wrong = wrong or _of_kinds(parts["position"], POSITION, "position.")
    if wrong:
        return wrong
    numbers = {
        "facts.recipe.epochs": parts["facts"]["recipe"].get("epochs"),
        "facts.data.updates of an epoch": parts["facts"]["data"].get("updates of an epoch"),
        "facts.processes": parts["facts"]["processes"],
    }
    for name, number in numbers.items():
        if not _is_kind(number, int) or number < 1:
            return f"{name} is {number!r}, expected a number from 1"
    epochs, per_epoch, _ = numbers.values()
    position = parts["position"]
    if not 0 <= position["step"] <= epochs * per_epoch:
        return f"position.step is {position['step']}, expected 0 to {epochs * per_epoch}"
    if parts["epoch"] != position["step"] // per_epoch - 1:
        return f"epoch is {parts['epoch']} at update {position['step']} with {per_epoch} an epoch"
    if not (position["seconds"] >= 0 and position["unreadable"] >= 0):
        return "position.seconds and position.unreadable must not be negative"
    if (parts["model_ema"] is not None) != bool(parts["facts"]["recipe"].get("model_ema")):
        return "its averaged weights do not fit its recipe"
    if not parts["lr_scheduler"]:
        return "the state of its schedule is missing"
    if position["step"] and not parts["scaler"] and not parts["optimizer"].get("state"):
        return "the state of its optimiser is missing"  # with a scaler the first updates may have been left out
    return ""


def misfit(found: object, own: object, name: str) -> str:
    """Tell the first place where something is not like its counterpart: entries, lengths, shapes, types.

    Both are called ``name``; empty if they are alike. A number may stand for none, and none for a number.
    """
    if isinstance(own, Mapping):
        if not isinstance(found, Mapping):
            return f"{name} is {_kind(found)}, expected entries"
        if [*map(str, found)] != [*map(str, own)]:
            odd = sorted({*map(str, found)} ^ {*map(str, own)})[:3]
            return f"{name} has other entries than its recipe makes ({', '.join(odd) or 'another order'})"
        return next(filter(None, (misfit(found[key], own[key], f"{name}.{key}") for key in own)), "")
    if isinstance(own, list | tuple):
        if not isinstance(found, list | tuple) or len(found) != len(own):
            return f"{name} is not a list of {len(own)}"
        pairs = enumerate(zip(found, own, strict=True))
        return next(filter(None, (misfit(one, other, f"{name}.{k}") for k, (one, other) in pairs)), "")
    if isinstance(own, Tensor):
        told = [f"{_kind(value)}" for value in (found, own)]
        return "" if told[0] == told[1] else f"{name} is {told[0]}, expected {told[1]}"
    alike = _kind(found) == _kind(own) or {_kind(found), _kind(own)} == {"a number", "none"}
    return "" if alike else f"{name} is {_kind(found)}, expected {_kind(own)}"


def _kind(value: object) -> str:
    """What something is, in words."""
    if isinstance(value, Tensor):
        return f"{str(value.dtype).removeprefix('torch.')} of shape {tuple(value.shape)}"
    if isinstance(value, bool):
        return "yes or no"
    words = {Real: "a number", str: "text", type(None): "none", Mapping: "entries", list: "a list", tuple: "a list"}
    return next((word for kind, word in words.items() if isinstance(value, kind)), type(value).__name__)


def _is_kind(value: object, kind: type | tuple) -> bool:
    """Whether something is of a type; a bool is no number, an integer is a float, and floats are finite."""
    if kind is float:
        return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))


def _of_kinds(found: Mapping, kinds: Mapping, before: str) -> str:
    """Which entry is missing, is not known or is of another type."""
    for name in kinds:
        if name not in found:
            return f"{before}{name} is missing"
        if not _is_kind(found[name], kinds[name]):
            return f"{before}{name} is {_kind(found[name])}"
    unknown = [str(name) for name in found if name not in kinds]
    return f"{before}{unknown[0]} is not known" if unknown else ""


def _sha256(content: object) -> str:
    """Digest over everything that a checkpoint holds, in its order."""
    digest = hashlib.sha256()
    _add(digest, content)
    return digest.hexdigest()


def _add(digest, value: object) -> None:
    """Add a value, with its type and size, to a digest."""
    if isinstance(value, Tensor):
        digest.update(f"{_kind(value)};".encode())
        digest.update(value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy())
    elif isinstance(value, Mapping):
        digest.update(f"entries {len(value)};".encode())
        for name, entry in value.items():
            _add(digest, name)
            _add(digest, entry)
    elif isinstance(value, list | tuple):
        digest.update(f"list {len(value)};".encode())
        for entry in value:
            _add(digest, entry)
    else:
        digest.update(f"{type(value).__name__} {value!r};".encode())
