"""The names of a model's classes: which it has, and which of them are meant by the names that people give."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Sequence
from functools import cache

import numpy as np
from timm.data import ImageNetInfo
from torch import nn

from stimuli.foundation.picture_files import normal

__all__ = ["called", "candidates", "class_indices", "class_names", "known_as", "named", "own_names"]

IMAGENET_CLASSES = 1000
LISTED = 40  # classes that are told in one line


def own_names(model: nn.Module) -> tuple[str, ...] | None:
    """Give the names of its classes that a model brings: its card's, else timm's; None where it has none."""
    names = getattr(model, "categories", None) or (getattr(model, "pretrained_cfg", None) or {}).get("label_names")
    return None if names is None else tuple(names)


def named(names: Sequence[str] | None, n: int) -> list[str]:
    """Name n classes: as they are called, as ImageNet's if 1000 have no names, else by their numbers.

    The two of ImageNet's that are called alike, crane, are told apart by their wnids.
    """
    if names is None and n == IMAGENET_CLASSES:
        names = _of_imagenet()
    return list(names) if names is not None and len(names) == n else [str(index) for index in range(n)]


@cache
def _of_imagenet() -> tuple[str, ...]:
    """Names of ImageNet's classes, each of one class alone."""
    info, names = ImageNetInfo(), ImageNetInfo().label_descriptions()
    wnids = [info.index_to_label_name(index) for index in range(len(names))]
    return tuple(f"{of} ({wnid})" if names.count(of) > 1 else of for of, wnid in zip(names, wnids, strict=True))


def class_names(model: nn.Module) -> list[str]:
    """Give readable names of a model's classes: its card's, ImageNet's if it has 1000, else numbers."""
    return named(own_names(model), model.num_classes)


def class_indices(model: nn.Module, categories: Sequence[str]) -> np.ndarray:
    """Find the classes of stimuli among those of a model: (category,) int, -1 where it has no such class.

    Names may be in any form of Unicode; for a model of ImageNet's classes, wnids will do.
    """
    places = {normal(name): index for index, name in enumerate(class_names(model))}
    if model.num_classes == IMAGENET_CLASSES:
        places |= {wnid: index for index, wnid in enumerate(ImageNetInfo().label_names())}
    return np.array([places.get(normal(name), -1) for name in categories], np.int64)


def candidates(name: str, model: nn.Module) -> list[str]:
    """List the classes of a model that a name may mean.

    That of the name itself; else those one of whose synonyms it is; else those whose names it is a part of.
    """
    if class_indices(model, [name])[0] >= 0:
        return [name]
    wanted, names = _plain(name), {known: _plain(known) for known in class_names(model)}
    synonyms = [known for known, plain in names.items() if wanted in (plain, *plain.split(", "))]
    within = re.compile(rf"\b{re.escape(wanted)}\b" if wanted else "(?!)")
    return synonyms or [known for known, plain in names.items() if within.search(plain)]


def called(names: Sequence[str], model: nn.Module) -> list[str]:
    """Give names of classes as a model has them, if it is clear which are meant; the others as they are."""
    found = [candidates(name, model) for name in names]
    clear = [among[0] if len(among) == 1 else name for name, among in zip(names, found, strict=True)]
    return [name if clear.count(theirs) > 1 else theirs for name, theirs in zip(names, clear, strict=True)]


def known_as(name: str, model: nn.Module) -> str:
    """Give a name of a class as a model has it; refuse that of none, or of several, which are listed."""
    found = candidates(name, model)
    if len(found) == 1:
        return found[0]
    if found:
        raise ValueError(f"{name!r} may be {'; '.join(found[:LISTED])}: give one of them in full")
    known = class_names(model)
    near = difflib.get_close_matches(name, known, 4, 0.4)
    first = f"the nearest are {'; '.join(near)}; " if near else ""
    rest = f"; ... ({len(known)} classes)" if len(known) > LISTED else ""
    raise ValueError(f"the model has no class {name!r}; {first}it knows {'; '.join(known[:LISTED])}{rest}")


def _plain(name: str) -> str:
    return " ".join(unicodedata.normalize("NFC", name).casefold().replace("_", " ").split())
