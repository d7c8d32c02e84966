"""What is shown to a model that does not know all classes of a class folder or a stimulus set.

Where it knows some, the pictures of the others are left out, and that is said; else the cues would have to be
places for all of them.
"""

from __future__ import annotations

import difflib
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import xarray as xr

from absvit.images import class_folder
from absvit.models.class_names import called, candidates, class_indices
from absvit.models.kind_sets import KIND_SETS
from experiments.observers import Observer
from stimuli.sets.reading import read_parts, read_rows, read_table, recipe_of

__all__ = ["check_classes", "known_of_folder", "known_of_set"]

TOLD = 12  # classes in one line
IN_SET = {"long_name": "number of the stimulus in the set that it was taken from", "units": "1"}


def check_classes(observers: Sequence[Observer], categories: Sequence[str], probe: str) -> None:
    """Refuse classes that a model does not know.

    Raises
    ------
    ValueError : some are unknown; the first is named, with the nearest that the model knows.
    """
    observer = observers[0]
    unknown = [name for name, index in zip(categories, class_indices(observer, categories), strict=True) if index < 0]
    if unknown:
        names = list(observer.categories)
        if all(name.isdecimal() for name in names):
            raise ValueError(
                f"the classes of {observer.name} have no names, and {probe} asks for {unknown[0]!r}: give them, "
                "categories= in the order of its logits"
            )
        near = difflib.get_close_matches(unknown[0], names, 4, 0.4)
        more = ", ..." if len(names) > 12 else ""
        told = f"the nearest that it knows: {', '.join(near)}" if near else f"it knows {', '.join(names[:12])}{more}"
        sets = [name for name, kind_set in KIND_SETS.items() if set(unknown) <= set(kind_set.kinds)]
        instead = f", or let it answer in categories: --read-out {' or '.join(sets)}" if sets else ""
        raise ValueError(
            f"{observer.name} does not know the class {unknown[0]!r}, which {probe} asks for ({told}): choose another "
            f"model or other stimuli{instead}"
        )


def known_of_folder(folder: Path, observer: Observer, least: int = 1) -> tuple[list[list[Path]], list[str]]:
    """List the photographs of each class of a folder that a model knows.

    Parameters
    ----------
    folder : class folder.
    observer : who looks.
    least : classes that are needed; where it knows fewer, all are listed.

    Returns
    -------
    Files of each class, and the names of the classes as the model has them.

    Raises
    ------
    FileNotFoundError, ValueError : no folder, or one without pictures.
    """
    samples, given = class_folder(folder)
    theirs = observer.known_as(given) if observer.known_as else called(given, observer)
    if taken := [f"{a!r} as {b!r}" for a, b in zip(given, theirs, strict=True) if a.casefold() != b.casefold()]:
        warnings.warn(f"classes of {folder} are taken for the model's: {_some(taken)}", stacklevel=3)
    names = list(dict.fromkeys(theirs))
    files = [[path for path, c in samples if theirs[c] == name] for name in names]
    known = np.flatnonzero(class_indices(observer, names) >= 0)
    if least <= len(known) < len(names):
        _tell(folder, [name for c, name in enumerate(names) if c not in known], observer)
        return [files[c] for c in known], [names[c] for c in known]
    return files, names


def known_of_set(folder: Path, observer: Observer) -> tuple[Callable[[int, int], xr.Dataset], int]:
    """Open a stimulus set without the stimuli whose classes a model does not know, if it knows those of others.

    Returns
    -------
    Function of (first, n) that gives n stimuli, numbered anew where some are left out, and their number.

    Raises
    ------
    FileNotFoundError, ValueError : as :func:`stimuli.sets.reading.read_parts`.
    """
    recipe = recipe_of(folder)
    variables, given = recipe["variables"], recipe["categories"]
    names = observer.known_as(given) if observer.known_as else given
    if "object_class" not in variables:
        return read_parts(folder)
    table = read_table(folder, variables)
    drawn, index = table[variables["object_class"]["columns"]].to_numpy(), class_indices(observer, names)
    unknown = [c for c in np.unique(drawn[drawn >= 0]) if index[c] < 0]
    rows = ~np.isin(drawn, unknown).any(axis=1)
    categories = list(dict.fromkeys(name for name, at in zip(names, index, strict=True) if at >= 0))
    places = {name: number for number, name in enumerate(categories)}
    numbers = np.array([*(places.get(name, -1) for name in names), -1])  # the last one is of no object
    merged = rows & _alike(numbers[drawn]) & ~_alike(drawn)
    if (names == given and not unknown) or not (rows & ~merged).any():
        return read_parts(folder)
    if unknown:
        _tell(folder, [names[c] for c in unknown], observer)
    if merged.any():
        warnings.warn(f"left out of {folder}: {merged.sum()} with two objects of one category", stacklevel=3)
    kept = table[rows & ~merged]

    def part(first: int, n: int) -> xr.Dataset:
        found = read_rows(folder, kept.iloc[first : first + n], recipe)
        classes = numbers[found["object_class"].values].astype(found["object_class"].dtype)
        anew = ("stimulus", first + np.arange(found.sizes["stimulus"]), found["stimulus"].attrs)
        found = found.assign(object_class=found["object_class"].copy(data=classes))
        found["number_in_set"] = ("stimulus", found["stimulus"].values, IN_SET)
        return found.assign_coords(stimulus=anew).assign_attrs(categories=categories)

    return part, len(kept)


def _alike(classes: np.ndarray) -> np.ndarray:
    """Which stimuli (stimulus,) show two objects of one category, of classes (stimulus, object), -1 of none."""
    ordered = np.sort(classes, axis=1)
    return ((ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] >= 0)).any(axis=1)


def _some(told: Sequence[str]) -> str:
    """What is told of a few, or of the first of many."""
    return ", ".join(told[:TOLD]) + (f" and {len(told) - TOLD} more" if len(told) > TOLD else "")


def _tell(folder: Path, unknown: Sequence[str], observer: Observer) -> None:
    """Say which classes are left out, and which of the model's each may mean."""
    may_be = {name: "; ".join(candidates(name, observer)[:4]) for name in unknown}
    told = [f"{name} (one of {of}?)" if of else name for name, of in may_be.items()]
    warnings.warn(f"left out of {folder}, since the model does not know them: {_some(told)}", stacklevel=4)
