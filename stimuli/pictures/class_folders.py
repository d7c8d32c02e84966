"""Class folders: pictures sorted into one folder a class, and stimulus sets read as such.

What a stimulus counts as is its label: the category of its target or of its first object that is seen; of
an overlay or a morph the reading that has more of it, of a search display whether there is a target, of
inducers whether they form a figure.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from stimuli.foundation import picture_files
from stimuli.sets.reading import RECIPE, read_table, recipe_of

__all__ = ["LAYOUT", "link_classes", "listed", "sorted_rows", "sorted_set"]

LAYOUT = "FOLDER/CLASS/PICTURE (.png, .jpg ...)"


def listed(folder: Path, or_named: bool = False) -> dict[str, list[Path]]:
    """List the pictures of a class folder, or of a stimulus set by their labels.

    Parameters
    ----------
    folder : holds one folder of pictures a class, or is a stimulus set. What ``picture_files`` leaves out
        is said.
    or_named : where there are no class folders, take pictures in the folder itself, each named by its
        class. Names with digits, such as IMG_0123.jpg, name none.

    Returns
    -------
    Pictures by class, both in alphabetical order; names of classes in Unicode's composed form.

    Raises
    ------
    FileNotFoundError : there is no such folder.
    ValueError : it holds no class folders, or one of them no pictures, or the stimuli have no labels.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f"no class folder {folder}; expected {LAYOUT}")
    if (folder / RECIPE).is_file():
        return sorted_set(folder)
    if or_named and not picture_files.directly_in(folder)[1]:
        named = [(picture_files.normal(path.stem), path) for path in picture_files.in_folder(folder)]
        names = sorted({name for name, _ in named})
        if names and not any(map(str.isdigit, "".join(names))):
            return {name: [path for other, path in named if other == name] for name in names}
    return picture_files.by_class(folder)


def sorted_set(folder: Path, by: str = "label") -> dict[str, list[Path]]:
    """Sort the pictures of a stimulus set into classes.

    Parameters
    ----------
    folder : of the set.
    by : column of ``stimuli.csv`` that holds the class.

    Returns
    -------
    Pictures by class, in alphabetical order and that of their numbers.

    Raises
    ------
    FileNotFoundError : the folder holds no stimulus set.
    ValueError : as :func:`sorted_rows`.
    """
    return sorted_rows(read_table(folder, recipe_of(folder)["variables"]), Path(folder), by)


def sorted_rows(table: pd.DataFrame, folder: Path, by: str = "label") -> dict[str, list[Path]]:
    """Sort the rows of a set's table into classes.

    Parameters
    ----------
    table : as :func:`stimuli.sets.reading.read_table` gives.
    folder : of the set.
    by : column that holds the class.

    Returns
    -------
    Pictures by class, in alphabetical order and that of their numbers.

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
    """Write a class folder: ``out/CLASS/PICTURE``, hard links to the pictures where possible.

    Parameters
    ----------
    classes : pictures by class.
    out : folder to write; must not exist, or be empty.
    name_of : function of a picture's path that gives the name of its file there.

    Raises
    ------
    ValueError : ``out`` holds something.
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
