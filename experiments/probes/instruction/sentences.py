"""Sentences about the objects of stimuli: their names and what else may be said of them, one a stimulus."""

from __future__ import annotations

import csv
from collections.abc import Callable
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from experiments.probe import Trial

__all__ = ["SAID", "levels_of", "names", "said_at"]

STREAM = 2121


def names(cue: int, trial: Trial) -> list[str]:
    """Names of an object, 1 or 2, or of a class that is not shown, -1: the observer's, else those of the stimuli."""
    name = "absent_class" if cue < 0 else f"class_{cue}"
    index, known = trial.classes[name], trial.observer.categories
    own = trial.stimuli.attrs["categories"]
    shown = index if cue < 0 else trial.stimuli["object_class"].values[:, cue - 1]
    return [known[k] if k >= 0 else own[of] for k, of in zip(index, shown, strict=True)]


def _first(name: str) -> str:
    """The first of several synonyms."""
    return name.split(", ")[0].replace("_", " ")


def _described(name: str) -> str:
    """What the dictionary says of a name in its first sense; where it has none the name."""
    from absvit.words.dictionary import described

    return next(iter(described(name)), name)


def _in_disorder(parts: list[str], between: str, trial: Trial, number: int) -> str:
    return between.join(np.random.default_rng((STREAM, trial.seed, number)).permutation(parts).tolist())


def _shuffled(name: str, trial: Trial, number: int) -> str:
    """The words of a description in random order."""
    return _in_disorder(_described(name).split(), " ", trial, number)


def _nonsense(name: str, trial: Trial, number: int) -> str:
    """The letters of a name in random order."""
    return _in_disorder([*_first(name).replace(" ", "")], "", trial, number)


SAID: dict[str, Callable[[str, Trial, int], str]] = {  # of a name, of the trial and the number of a stimulus
    "name": lambda name, trial, number: name.replace("_", " "),
    "description": lambda name, trial, number: _described(name),
    "paraphrase": lambda name, trial, number: f"something like a {_first(name)}",
    "other paraphrase": lambda name, trial, number: f"a picture that shows a {_first(name)}",
    "shuffled": _shuffled,
    "nonsense": _nonsense,
}


@lru_cache(8)
def _read(file: Path) -> dict[tuple[str, str], str]:
    """Sentences of a file by level and kind."""
    with file.open(encoding="utf-8", newline="") as lines:
        rows = csv.DictReader(lines)
        if not {"kind", "level", "sentence"} <= set(rows.fieldnames or ()):
            raise ValueError(f"{file} has the columns {rows.fieldnames}: expected kind, level, sentence")
        return {(row["level"], row["kind"]): row["sentence"] for row in rows}


def levels_of(file: Path) -> dict[str, Callable[[str, Trial, int], str]]:
    """Give what a file says of kinds, by level.

    Parameters
    ----------
    file : CSV with the columns kind, level (such as "superordinate", "function", "attribute") and sentence.

    Raises
    ------
    FileNotFoundError : there is no such file.
    ValueError : it lacks a column.
    """
    return {level: partial(said_at, file, level) for level in dict.fromkeys(level for level, _ in _read(file))}


def said_at(file: Path, level: str, name: str, trial: Trial, number: int) -> str:
    """Give what a file says of a kind at a level.

    Raises
    ------
    ValueError : it says nothing of it.
    """
    sentence = _read(file).get((level, name))
    if sentence is None:
        raise ValueError(f"{file} has no sentence of the level {level!r} for the kind {name!r}: add it")
    return sentence
