"""Outlined pictures: a folder of photographs with the polygons of their objects, as YOLO's sets of COCO have them."""

from __future__ import annotations

import difflib
import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import yaml
from PIL import Image, UnidentifiedImageError

from stimuli.foundation import picture_files

__all__ = ["LAYOUT", "Outline", "Outlined", "categories_of", "filled", "listed", "stamp"]

LAYOUT = "FOLDER/images/NAME.jpg with FOLDER/polygons/NAME.txt and FOLDER/config.yaml"
SLACK = 0.005  # of the picture's sides that a corner may lie beyond it by rounding
TURNED = (5, 6, 7, 8)  # EXIF orientations that swap height and width
EXIF_ORIENTATION = 0x0112
FINER = 3  # times that outlines are filled finer than pixels, so that what joins an object's parts has no area
SUBPIXELS = 8  # bits of a corner's position within its pixel


@dataclass(frozen=True, eq=False)
class Outline:
    """The outline of an object.

    Parameters
    ----------
    category : what it is.
    corners : (corner, 2) x and y in units of the picture's width and height, in [0, 1].
    """

    category: str
    corners: np.ndarray


@dataclass(frozen=True, eq=False)
class Outlined:
    """A picture with the outlines of its objects.

    Parameters
    ----------
    path : of the picture.
    size : its height and width in pixels, upright.
    outlines : of its objects, in the order of their file.
    """

    path: Path
    size: tuple[int, int]
    outlines: tuple[Outline, ...]


def categories_of(folder: str | Path) -> dict[int, str]:
    """Read the categories of a folder of outlined pictures: names by number, of ``names`` in config.yaml.

    Raises
    ------
    FileNotFoundError : no such folder, or no config.yaml in it.
    ValueError : config.yaml names nothing.
    """
    config = Path(folder) / "config.yaml"
    if not str(folder) or not config.is_file():
        raise FileNotFoundError(f"no outlined pictures at {str(folder)!r}; expected {LAYOUT}")
    try:
        names = yaml.safe_load(config.read_text("utf-8")).get("names")
        named = dict(names if isinstance(names, Mapping) else enumerate(names))
        return {int(number): picture_files.normal(str(name)) for number, name in named.items()}
    except (yaml.YAMLError, UnicodeDecodeError, AttributeError, TypeError, ValueError) as error:
        raise ValueError(
            f"{config} names no categories: expected names: with a line NUMBER: NAME each, or a list of names"
        ) from error


def listed(folder: str | Path) -> list[Outlined]:
    """List outlined pictures: ``images/NAME.jpg`` (png ...), a line of ``polygons/NAME.txt`` an object.

    A line holds the number of the category, then x y x y ... in units of the picture's width and height;
    where an object has several parts, they follow each other in one polygon. Pictures may lie in further
    folders, the polygons then likewise; those without a file of polygons are left out, which is said.

    Raises
    ------
    FileNotFoundError : as :func:`categories_of`, or no picture has polygons.
    ValueError : as there; or an outline is empty, lies beyond its picture, or is of an unknown category: its
        file and line are named.
    """
    return list(_listed(Path(folder), stamp(folder)))


def stamp(folder: str | Path) -> tuple[tuple[str, int], ...]:
    """Tell the files of polygons of a folder, and when they were written last: what is read of them may be kept."""
    files = [Path(folder) / "config.yaml", *(Path(folder) / "polygons").rglob("*.txt")]
    return tuple(sorted((str(file), file.stat().st_mtime_ns) for file in files if file.is_file()))


def filled(outlines: Iterable[np.ndarray], size: tuple[int, int]) -> np.ndarray:
    """Fill outlines, (corner, 2) x and y in pixels from the upper left corner: a mask (y, x) bool of their union.

    Pixels belong to it of which at least half does, to within a sixth of a pixel at the edge; what lies beyond
    the picture is cut off.
    """
    fine = np.zeros([FINER * side for side in size], np.uint8)
    for corners in outlines:
        points = np.rint((FINER * np.asarray(corners) - 0.5) * 2**SUBPIXELS).astype(np.int32)
        cv2.fillPoly(fine, [points], 255, shift=SUBPIXELS)
    return cv2.resize(fine, size[::-1], interpolation=cv2.INTER_AREA) > 127


@functools.lru_cache(maxsize=4)
def _listed(folder: Path, written: tuple) -> tuple[Outlined, ...]:
    names = categories_of(folder)
    if not (folder / "images").is_dir():
        raise FileNotFoundError(f"no folder {folder / 'images'}; expected {LAYOUT}")
    pictures = picture_files.in_folder(folder / "images")
    files = [folder / "polygons" / path.relative_to(folder / "images").with_suffix(".txt") for path in pictures]
    bare = [path.relative_to(folder) for path, file in zip(pictures, files, strict=True) if not file.is_file()]
    if len(bare) == len(pictures):
        raise FileNotFoundError(f"no picture of {folder} has a file of polygons; expected {LAYOUT}")
    picture_files.say_left(folder, {"without polygons": bare})
    return tuple(
        Outlined(path, _size(path), tuple(_outlines(file, names)))
        for path, file in zip(pictures, files, strict=True)
        if file.is_file()
    )


def _outlines(file: Path, names: Mapping[int, str]) -> Iterable[Outline]:
    """The outlines of a file."""
    for number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
        if words := line.split():
            yield _outline(words, names, f"{file}, line {number}")


def _outline(words: Sequence[str], names: Mapping[int, str], where: str) -> Outline:
    try:
        category, values = int(words[0]), np.array(words[1:], float)
    except ValueError:
        raise ValueError(f"{where}: expected the number of a category and x y x y ..., got {words[0]} ...") from None
    if category not in names:
        near = difflib.get_close_matches(str(category), map(str, names), 3, 0.3)
        told = f" (it has {', '.join(near)})" if near else ""
        raise ValueError(f"{where}: there is no category {category} in config.yaml{told}")
    if len(values) % 2:
        raise ValueError(f"{where}: x and y come in pairs, got {len(values)} numbers after the category")
    corners = values.reshape(-1, 2)
    if len(corners) < 3 or not (np.ptp(corners, axis=0) > 0).all():
        raise ValueError(
            f"{where}: the outline is empty, with {len(corners)} corners; expected at least 3 around an area"
        )
    if not ((corners >= -SLACK) & (corners <= 1 + SLACK)).all():
        raise ValueError(
            f"{where}: the outline leaves its picture, with numbers from {corners.min():g} to {corners.max():g}; "
            "expected units of its width and height, in [0, 1]"
        )
    return Outline(names[category], np.clip(corners, 0, 1))


def _size(path: Path) -> tuple[int, int]:
    """Height and width of a picture, read off its head."""
    try:
        with Image.open(path) as opened:
            size = opened.size if opened.getexif().get(EXIF_ORIENTATION) in TURNED else opened.size[::-1]
    except (OSError, SyntaxError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise ValueError(f"cannot read {path} as a picture: {error}") from error
    return size
