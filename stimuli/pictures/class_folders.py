"""Pictures by class: of class folders, of files that are named by what they show, or of a stimulus set."""

from __future__ import annotations

from pathlib import Path

from stimuli.foundation import picture_files
from stimuli.sets.class_folder import sorted_set
from stimuli.sets.reading import RECIPE

__all__ = ["LAYOUT", "listed"]

LAYOUT = "FOLDER/CLASS/PICTURE (.png, .jpg ...)"


def listed(folder: Path, or_named: bool = False) -> dict[str, list[Path]]:
    """List the pictures of a class folder, or of a stimulus set by their labels, by class.

    What ``picture_files`` leaves out is said; names of classes are in Unicode's composed form.
    ``or_named``: where there are no class folders, take pictures in the folder itself, each named by
    its class; names with digits, such as IMG_0123.jpg, name none.

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
