"""The names of a model's classes: which it has, and which of them are meant by the names that people give."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Sequence
from functools import cache, lru_cache

import numpy as np
from timm.data import ImageNetInfo
from torch import nn

from stimuli.foundation.picture_files import normal

__all__ = [
    "called", "candidates", "class_indices", "class_names", "imagenet_indices", "known_as", "listed", "meant_by",
    "named", "own_names", "plain", "unknown",
]  # fmt: skip

IMAGENET_CLASSES = 1000
LISTED, FIRST = 40, 6  # classes that are told in one line, and of more than these


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
    names = ImageNetInfo().label_descriptions()
    return tuple(f"{of} ({wnid})" if names.count(of) > 1 else of for of, wnid in zip(names, _wnids(), strict=True))


@cache
def _wnids() -> tuple[str, ...]:
    """Numbers in WordNet of ImageNet's classes; timm reads a large file for them."""
    return tuple(ImageNetInfo().label_names())


def class_names(model: nn.Module) -> list[str]:
    """Give readable names of a model's classes: its card's, ImageNet's if it has 1000, else numbers."""
    return named(own_names(model), model.num_classes)


def class_indices(model: nn.Module, categories: Sequence[str]) -> np.ndarray:
    """Find the classes of stimuli among those of a model: (category,) int, -1 where it has no such class.

    Names may be in any form of Unicode; for a model of ImageNet's classes, wnids will do.
    """
    places = {normal(name): index for index, name in enumerate(class_names(model))}
    if model.num_classes == IMAGENET_CLASSES:
        places |= {wnid: index for index, wnid in enumerate(_wnids())}
    return np.array([places.get(normal(name), -1) for name in categories], np.int64)


def candidates(name: str, model: nn.Module) -> list[str]:
    """List the classes of a model that a name may mean.

    That of the name itself; else those one of whose synonyms it is; else those whose names it is a part of.
    """
    if class_indices(model, [name])[0] >= 0:
        return [name]
    wanted = plain(name)
    return [known for known in class_names(model) if wanted in _synonyms(known)] or _holding(wanted, model)


def called(names: Sequence[str], model: nn.Module) -> list[str]:
    """Give names of classes as a model has them, if it is clear which are meant; the others as they are."""
    found = [candidates(name, model) for name in names]
    clear = [among[0] if len(among) == 1 else name for name, among in zip(names, found, strict=True)]
    return [name if clear.count(theirs) > 1 else theirs for name, theirs in zip(names, clear, strict=True)]


def known_as(name: str, model: nn.Module) -> str:
    """Give a name of a class as a model has it; refuse that of none, or of several, which are listed.

    The number of a class will do, and a wnid of ImageNet.
    """
    found = _numbered(name, model) or candidates(name, model)
    if not found:
        raise ValueError(unknown(name, model))
    if len(found) > 1:
        raise ValueError(_several(name, found))
    return found[0]


def meant_by(word: str, model: nn.Module) -> list[int]:
    """Give the classes of a model that a word means: one, or all whose names hold what stands before a star.

    Returns
    -------
    Their places; none, where the model has none.

    Raises
    ------
    ValueError : one of several may be meant, which are told.
    """
    if word.endswith("*"):
        found = _holding(plain(word[:-1]), model)
    elif len(found := _numbered(word, model) or candidates(word, model)) > 1:
        raise ValueError(f"{_several(word, found)}, or {word}* for all of them")
    return [int(index) for index in class_indices(model, found)]


def _several(name: str, found: Sequence[str]) -> str:
    return f"{name!r} may be {'; '.join(found[:LISTED])}: give one of them in full"


def imagenet_indices(model: nn.Module, numbers: Sequence[int]) -> np.ndarray:
    """Find classes of ImageNet, by their numbers, among those of a model: (class,) int, -1 where it has no such class.

    A model of other than 1000 classes has those whose names have a synonym in common.
    """
    if model.num_classes == IMAGENET_CLASSES:
        return np.asarray(numbers, np.int64)
    own = {synonym: index for index, name in enumerate(class_names(model)) for synonym in _synonyms(name)}
    known = [_synonyms(_of_imagenet()[number]) for number in numbers]
    return np.array([next((own[of] for of in synonyms if of in own), -1) for synonyms in known], np.int64)


def unknown(name: str, model: nn.Module, others: Sequence[str] = ()) -> str:
    """Say that a model has no class of a name, and which names, of classes or others, are the nearest."""
    known = class_names(model)
    meant = {of: each for each in known for of in _synonyms(each)} | {plain(each): each for each in [*known, *others]}
    close = difflib.get_close_matches(plain(name), meant, 8, 0.5)
    near = list(dict.fromkeys(meant[of] for of in close))[:4]
    first = f"the nearest are {'; '.join(near)}; " if near else ""
    return f"the model has no class {name!r}; {first}it knows {listed(known)}"


def listed(names: Sequence[str]) -> str:
    """Tell the names of classes in a line: all, or the first, where they are many."""
    told = names if len(names) <= LISTED else names[:FIRST]
    return "; ".join(told) + (f"; ... ({len(names)} classes)" if len(names) > LISTED else "")


@lru_cache(8192)  # all names are compared with every word
def plain(name: str) -> str:
    """Give a name in small letters, with single spaces and in one form of Unicode, as names are compared."""
    return " ".join(unicodedata.normalize("NFC", name).casefold().replace("_", " ").split())


def _synonyms(name: str) -> tuple[str, ...]:
    """The whole of a name and the synonyms in it, as they are compared."""
    whole = plain(name)
    return (whole, *whole.split(", "))


def _holding(wanted: str, model: nn.Module) -> list[str]:
    """Names of classes that hold some words."""
    within = re.compile(rf"\b{re.escape(wanted)}\b" if wanted else "(?!)")
    return [known for known in class_names(model) if within.search(plain(known))]


def _numbered(name: str, model: nn.Module) -> list[str]:
    """The class of a number, or of a wnid of ImageNet, which is no name of a class itself."""
    if class_indices(model, [name])[0] >= 0:
        return []
    names = class_names(model)
    if re.fullmatch("[0-9]{1,9}", name) and int(name) < len(names):
        return [names[int(name)]]
    if re.fullmatch(r"n\d{8}", name) and name in _wnids():
        return [names[index] for index in imagenet_indices(model, [_wnids().index(name)]) if index >= 0]
    return []
