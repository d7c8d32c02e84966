"""A stimulus set as a class folder: its pictures sorted by what they count as.

What a stimulus counts as is its label: the category of its target or of its first object that is seen;
of an overlay or a morph the reading that has more of it, of a search display whether there is a target,
of inducers whether they form a figure.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from stimuli.foundation import picture_files
from stimuli.sets.reading import read_table, recipe_of

__all__ = ["link_classes", "sorted_rows", "sorted_set"]


def sorted_set(folder: Path, by: str = "label") -> dict[str, list[Path]]:
    """Sort the pictures of a stimulus set into classes, as :func:`sorted_rows` does."""
    return sorted_rows(read_table(folder, recipe_of(folder)["variables"]), Path(folder), by)


def sorted_rows(table: pd.DataFrame, folder: Path, by: str = "label") -> dict[str, list[Path]]:
    """Sort the rows of a set's table by a column: pictures by class, in alphabetical order.

    Raises
    ------
    ValueError : there is no such column, or what it holds cannot name folders.
    """
    if by not in table:
        raise ValueError(f"{folder} has no column {by!r} to sort by; expected of {', '.join(map(str, table))}")
    names = table[by].astype(str).map(picture_files.normal)
    if bad := sorted({name for name in names if not name or Path(name).name != name or name.startswith(".")}):
        raise ValueError(f"{by} holds {', '.join(map(repr, bad[:5]))}, which cannot name a folder: sort by another")
    return {name: [folder / image for image in table["image"][names == name]] for name in sorted(set(names))}


def link_classes(
    classes: dict[str, list[Path]], out: Path, name_of: Callable[[Path], str] = lambda picture: picture.name
) -> None:
    """Write a new class folder: ``out/CLASS/NAME``, hard links to the pictures where possible.

    ``name_of`` gives a picture's NAME by its path; a ValueError tells that ``out`` holds something.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ValueError(f"{out} exists already; expected a new or empty folder")
    for name, pictures in classes.items():
        (out / name).mkdir(parents=True)
        for picture in pictures:
            try:
                os.link(picture, out / name / name_of(picture))
            except OSError:  # this file system has no hard links
                (out / name / name_of(picture)).write_bytes(picture.read_bytes())
