"""Given photographs: which ones, what they show, and how two of them meet in a stimulus of some size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from stimuli import class_folders
from stimuli.backgrounds import read_picture
from stimuli.counterbalance import generator

__all__ = ["SOURCE", "Pair", "Pictures", "paired", "resized"]

STREAM = 11
SOURCE = {"object_source": (("stimulus", "object"), "picture that shows each object", "1")}


@dataclass(frozen=True)
class Pictures:
    """Photographs instead of the embedded objects, which are drawn if neither a folder nor photographs are given.

    Parameters
    ----------
    folder
        Class folder, one folder of photographs a class; or photographs named by what they show, such as cat.jpg.
    photographs
        Two photographs, instead.
    classes
        What the two photographs show; the names of their files, if left out.
    """

    folder: Path | None = None
    photographs: tuple[Path, Path] | None = None
    classes: tuple[str, str] | None = None

    def __post_init__(self) -> None:
        if self.folder is not None and self.photographs is not None:
            raise ValueError("pictures are those of a class folder or two photographs: give --folder or --photographs")
        if self.classes is not None and self.photographs is None:
            raise ValueError("--classes names what two photographs show: give --photographs with it")
        if self.photographs is not None and len(set(self._names())) < 2:
            raise ValueError(f"two photographs need different names, got {self._names()}: give them with --classes")

    def given(self) -> bool:
        """Whether there are any."""
        return self.folder is not None or self.photographs is not None

    def listed(self) -> dict[str, list[Path]]:
        """List the photographs by class.

        Returns
        -------
        At least two classes.

        Raises
        ------
        FileNotFoundError : there is no such folder.
        ValueError : it holds fewer than two classes, or a class no photographs.
        """
        if self.photographs is not None:
            return {name: [path] for name, path in zip(self._names(), self.photographs, strict=True)}
        found = class_folders.listed(self.folder, or_named=True)
        if len(found) < 2:
            raise ValueError(f"pairs need photographs of at least two classes, got {', '.join(found)} in {self.folder}")
        return found

    def _names(self) -> tuple[str, ...]:
        return self.classes or tuple(path.stem for path in self.photographs)


@dataclass(frozen=True)
class Pair:
    """Two photographs for each of some stimuli.

    Parameters
    ----------
    first, second
        (stimulus, y, x, channel) uint8.
    arrays
        ``object_class`` and ``object_source``, each (stimulus, object).
    categories
        Names of the classes.
    """

    first: np.ndarray
    second: np.ndarray
    arrays: dict[str, np.ndarray]
    categories: tuple[str, ...]


def paired(
    pictures: Pictures, pairs: Sequence[int], numbers: Sequence[int], seed: int, size: tuple[int, int], enlarge: bool
) -> Pair:
    """Let photographs of different classes meet.

    Parameters
    ----------
    pictures : which.
    pairs : (stimulus,) number of each pair of classes; each ordered pair comes once in ``classes * (classes - 1)``.
    numbers : (stimulus,) numbers that decide which photographs of the classes are taken, with the seed.
    seed : of the set.
    size : height and width in pixels that photographs are brought to.
    enlarge : whether a photograph may be smaller than that.

    Raises
    ------
    FileNotFoundError : a folder or a photograph is not there.
    ValueError : as :meth:`Pictures.listed`; or a photograph cannot be read or is too small.
    """
    files = pictures.listed()
    names, count = tuple(files), len(files)
    classes = [(pair % count, (pair % count + 1 + pair // count % (count - 1)) % count) for pair in map(int, pairs)]
    shown: tuple[list, list] = ([], [])
    sources = []
    for number, pair in zip(numbers, classes, strict=True):
        random = generator(seed, STREAM, number)
        chosen = [files[names[c]][random.integers(len(files[names[c]]))] for c in pair]
        sources.append([f"{names[c]}/{path.name}" for c, path in zip(pair, chosen, strict=True)])
        for pile, path in zip(shown, chosen, strict=True):
            picture = read_picture(path)
            if not enlarge and (picture.shape[0] < size[0] or picture.shape[1] < size[1]):
                raise ValueError(
                    f"{path} of {picture.shape[:2]} pixels is too small for stimuli of {size}: blown up it would lack "
                    "the high frequencies; give larger pictures or ask for smaller stimuli"
                )
            pile.append(resized(picture, size))
    arrays = {"object_class": np.array(classes, np.int16), "object_source": np.array(sources, object)}
    return Pair(np.stack(shown[0]), np.stack(shown[1]), arrays, names)


def resized(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Bring a photograph to a size.

    Parameters
    ----------
    picture : (y, x, channel) uint8.
    size : height and width in pixels; the aspect ratio is not kept.

    Returns
    -------
    (y, x, channel) uint8.

    Raises
    ------
    ValueError : the picture is not (y, x, 3) uint8.
    """
    picture = np.asarray(picture)
    if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8:
        raise ValueError(f"a photograph must be (y, x, 3) uint8, got shape {picture.shape} and {picture.dtype}")
    return np.asarray(Image.fromarray(picture).resize(size[::-1], Image.Resampling.BICUBIC))
