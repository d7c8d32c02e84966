"""Words for kinds: which of a model's classes a user means by a name, a part of one, a category, or several of them."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from torch import nn

from absvit.models.class_names import class_names, listed, meant_by, plain, unknown
from absvit.models.kind_sets import KIND_SETS, KindSet

__all__ = ["Kinds", "completions", "kinds_of"]


@dataclass(frozen=True)
class Kinds:
    """What was understood.

    Parameters
    ----------
    name : what it is called: the class, as the model has it, the category, or all of them.
    indices : places of the classes among the model's, each once.
    read : how it was read, such as "category of sixteen".
    """

    name: str
    indices: tuple[int, ...]
    read: str

    def __str__(self) -> str:
        n = len(self.indices)
        return f"{self.name} ({self.read})" if n == 1 else f"{self.name} ({self.read}, {n} kinds)"


def kinds_of(text: str | int, model: nn.Module, sets: Sequence[KindSet] = ()) -> Kinds:
    """Find the classes of a model that a user means.

    A word is read as the name of a class; else as a category of a set; else as a number, a wnid or a
    synonym of a class, or a part of one name alone. ``terrier*`` is all classes whose names hold the word,
    and ``dog, timber wolf`` several at once; where a semicolon stands, names between them may hold commas.

    Parameters
    ----------
    text : the words.
    model : whose classes; or anything that has ``num_classes`` and ``categories``.
    sets : further sets of kinds; their categories come before those of the declared ones.

    Raises
    ------
    ValueError : a word means none of the model's classes, the nearest are told; or one of several, which are; or
        a category of which the model has no kinds.

    Examples
    --------
    >>> str(kinds_of("dog, wok", absvit.create_model("absvit_small_patch16_224")))
    'dog; wok (category of sixteen; class, 110 kinds)'
    """
    text = str(text)
    separator = ";" if ";" in text else ","
    if separator not in text or plain(text) in map(plain, class_names(model)):
        return _kinds_of_word(text.strip(), model, sets)
    found = [_kinds_of_word(word.strip(), model, sets) for word in text.split(separator) if word.strip()]
    if not found:
        raise ValueError(f"{text!r} names nothing to look for: give one kind or several, such as 'dog, timber wolf'")
    names = "; ".join(each.name for each in found)  # which may hold commas
    indices = dict.fromkeys(index for each in found for index in each.indices)
    return Kinds(names, tuple(indices), "; ".join(dict.fromkeys(each.read for each in found)))


def _kinds_of_word(word: str, model: nn.Module, sets: Sequence[KindSet]) -> Kinds:
    names = class_names(model)
    exact = [index for index, name in enumerate(names) if plain(name) == plain(word)]
    if len(exact) == 1:
        return Kinds(names[exact[0]], (exact[0],), "class")
    categories = _categories(sets)
    if plain(word) in categories:
        category, of = categories[plain(word)]
        members = of.members(category, model)
        if not members:
            known = listed(names)
            raise ValueError(
                f"the model has none of the kinds of {category!r}, a category of {of.name}; it knows {known}"
            )
        return Kinds(category, members, f"category of {of.name}")
    indices = meant_by(word, model)
    if not indices:
        others = [name for name, of in categories.values() if of.members(name, model)]
        raise ValueError(unknown(word, model, others))
    if word.endswith("*"):
        return Kinds(word, tuple(indices), f"names with {word[:-1]!r}")
    return Kinds(names[indices[0]], tuple(indices), f"class, from {word!r}")


def completions(text: str, model: nn.Module, n: int = 12, sets: Sequence[KindSet] = ()) -> list[str]:
    """Complete what a user types to words that :func:`kinds_of` understands, the best first.

    Parameters
    ----------
    text : as far as it was typed; of several words the last one is completed.
    model : whose classes.
    n : how many, at most.
    sets : as of :func:`kinds_of`.

    Returns
    -------
    Categories of which the model has kinds, and names of classes: those that begin with it, those in which a
    synonym does, those in which a word does, those that hold it; where there are none, the nearest. The first
    ones of all, where nothing was typed.
    """
    at = max(text.rfind(","), text.rfind(";")) + 1
    before, wanted = text[:at], plain(text[at:])
    of = {name: set_ for name, set_ in _categories(sets).values()}
    names = class_names(model)
    ranked = sorted(
        (rank, place, name)
        for place, name in enumerate(dict.fromkeys([*of, *names]))
        if (rank := _rank(wanted, plain(name))) is not None
    )
    found = [name for _, _, name in ranked]
    if not found:
        words = {word: name for name in [*of, *names] for word in (plain(name), *plain(name).split(", "))}
        found = list(dict.fromkeys(words[word] for word in difflib.get_close_matches(wanted, words, n, 0.6)))
    known, kept = {*names}, []
    for name in found:
        if len(kept) == n:
            break
        if name in known or of[name].members(name, model):
            kept.append(name)
    return [_after(before, name) for name in kept]


def _rank(wanted: str, name: str) -> int | None:
    """How well a name goes on with what was typed, 0 the best; None where it does not hold it."""
    starts = (name == wanted, name.startswith(wanted), f", {wanted}" in name, f" {wanted}" in name, wanted in name)
    return next((rank for rank, fits in enumerate(starts) if fits), None)


def _after(before: str, name: str) -> str:
    """A name behind those that were typed before it; behind semicolons, where it holds a comma."""
    if "," in name:
        before = before.replace(",", ";")
    return f"{before} {name}" if before else name


def _categories(sets: Sequence[KindSet]) -> dict[str, tuple[str, KindSet]]:
    """Categories of all sets, with the set of each, by their names as these are compared."""
    declared = [KIND_SETS[name] for name in KIND_SETS]
    found: dict[str, tuple[str, KindSet]] = {}
    for kind_set in [*sets, *declared]:
        found = {plain(category): (category, kind_set) for category in kind_set.kinds} | found
    return found
