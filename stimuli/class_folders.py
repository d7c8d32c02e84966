"""Class folders: pictures sorted into one folder a class, and stimulus sets read as such."""

from __future__ import annotations

from pathlib import Path

from stimuli.backgrounds import SUFFIXES
from stimuli.reading import RECIPE, read_table, recipe_of

__all__ = ["LAYOUT", "listed", "sorted_set"]

LAYOUT = "FOLDER/CLASS/PICTURE (.png, .jpg ...)"


def listed(folder: Path) -> dict[str, list[Path]]:
    """List the pictures of a class folder, or of a stimulus set by their labels.

    Parameters
    ----------
    folder : holds one folder of pictures a class, or is a stimulus set.

    Returns
    -------
    Pictures by class, both in alphabetical order.

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
    classes = sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    if not classes:
        raise ValueError(f"{folder} holds no folders of classes; expected {LAYOUT}")
    found = {path.name: sorted(f for f in path.iterdir() if f.suffix.lower() in SUFFIXES) for path in classes}
    if empty := [name for name, pictures in found.items() if not pictures]:
        raise ValueError(f"no pictures of {', '.join(empty)} in {folder}; expected {LAYOUT}")
    return found


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
    ValueError : there is no such column, or what it holds cannot name folders.
    """
    table = read_table(folder, recipe_of(folder)["variables"])
    if by not in table:
        raise ValueError(f"{folder} has no column {by!r} to sort by; expected of {', '.join(map(str, table))}")
    names = table[by].astype(str)
    if bad := sorted({name for name in names if not name or Path(name).name != name or name.startswith(".")}):
        raise ValueError(f"{by} holds {', '.join(map(repr, bad[:5]))}, which cannot name a folder: sort by another")
    return {name: [folder / image for image in table["image"][names == name]] for name in sorted(set(names))}
