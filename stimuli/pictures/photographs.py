"""Given photographs: which ones, what they show, and how two of them meet in a stimulus of some size."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stimuli.drawing.backgrounds import read_picture
from stimuli.foundation.design import accompanied, generator
from stimuli.pictures import class_folders
from stimuli.sets.resizing import resized

__all__ = ["SOURCE", "Pair", "Pictures", "by_class", "fitted", "paired"]

STREAM = 11
SOURCE = {"object_source": (("stimulus", "object"), "picture that shows each object", "1")}


@dataclass(frozen=True)
class Pictures:
    """Photographs instead of the embedded objects, which are drawn if neither folder nor photographs are given.

    Parameters
    ----------
    folder
        Class folder, one folder of photographs a class; or photographs named by what they show, such as
        cat.jpg.
    photographs
        Two photographs, instead.
    classes
        What the two photographs show; the names of their files, if left out.
    squeeze
        Squeeze photographs to the shape of the stimuli instead of cutting their middle out.
    """

    folder: Path | None = None
    photographs: tuple[Path, Path] | None = None
    classes: tuple[str, str] | None = None
    squeeze: bool = False

    def __post_init__(self) -> None:
        if self.folder is not None and self.photographs is not None:
            raise ValueError("pictures are those of a class folder or two photographs: give --folder or --photographs")
        if self.classes is not None and self.photographs is None:
            raise ValueError("--classes names what two photographs show: give --photographs with it")
        if self.squeeze and not self.given():
            raise ValueError("--squeeze is about photographs: give --folder or --photographs with it")
        if self.photographs is not None and len(set(self._names())) < 2:
            raise ValueError(f"two photographs need different names, got {self._names()}: give them with --classes")

    def given(self) -> bool:
        """Whether there are any."""
        return self.folder is not None or self.photographs is not None

    def listed(self) -> dict[str, list[Path]]:
        """List the photographs by class, of which there are at least two.

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


def by_class(files: Sequence[list[Path]], categories: Sequence[str]) -> dict[str, list[Path]]:
    """Name the photographs of each class; a ValueError tells of classes that have none."""
    if empty := [name for name, paths in zip(categories, files, strict=True) if not paths]:
        raise ValueError(f"no photographs of {', '.join(empty)}; every class needs at least one")
    return dict(zip(categories, files, strict=True))


def paired(
    files: Mapping[str, Sequence[Path]],
    conditions: Sequence[int],
    pairs: Sequence[int],
    numbers: Sequence[int],
    seed: int,
    stream: int,
    size: tuple[int, int],
    squeeze: bool = False,
    enlarge: bool = True,
    choice: int = STREAM,
    read: Callable[[Path], np.ndarray] = read_picture,
) -> tuple[np.ndarray, Pair]:
    """Let photographs of different classes meet, as :func:`stimuli.foundation.design.accompanied` has it.

    Parameters
    ----------
    files : photographs by class, at least two of these (:meth:`Pictures.listed`).
    conditions, seed, stream : of the design that the pairs of classes are crossed in.
    pairs : (stimulus,) place of each stimulus in the design.
    numbers : (stimulus,) numbers that decide which photographs of the classes are taken, with the seed.
    size, squeeze : what photographs are brought to, as for :func:`fitted`.
    enlarge : whether a photograph may be smaller than that.
    choice : stream of the chance that decides which photographs of the classes are taken.
    read : function from a path to (y, x, channel) uint8.

    Returns
    -------
    (stimulus, condition) levels, and the photographs; what is unreadable or too small is refused.
    """
    names = tuple(files)
    levels, classes = accompanied(pairs, conditions, len(names), 1, seed, stream)
    shown: tuple[list, list] = ([], [])
    sources = []
    for number, pair in zip(numbers, classes, strict=True):
        random = generator(seed, choice, number)
        chosen = [files[names[c]][random.integers(len(files[names[c]]))] for c in pair]
        sources.append([f"{names[c]}/{path.name}" for c, path in zip(pair, chosen, strict=True)])
        for pile, path in zip(shown, chosen, strict=True):
            picture = np.asarray(read(path))
            if not enlarge and (picture.shape[0] < size[0] or picture.shape[1] < size[1]):
                raise ValueError(
                    f"{path} of {picture.shape[:2]} pixels is too small for stimuli of {size}: blown up it would lack "
                    "the high frequencies; give larger pictures or ask for smaller stimuli"
                )
            pile.append(fitted(picture, size, squeeze))
    arrays = {"object_class": classes.astype(np.int16), "object_source": np.array(sources, object)}
    return levels, Pair(np.stack(shown[0]), np.stack(shown[1]), arrays, names)


def fitted(picture: np.ndarray, size: tuple[int, int], squeeze: bool = False) -> np.ndarray:
    """Bring a photograph to a size, (y, x, channel) uint8, with what it shows in its own proportions.

    The largest part around its middle that has the size's shape is resized; with ``squeeze``, all of
    it. What is not (y, x, 3) uint8 is refused.
    """
    if squeeze or picture.ndim != 3:
        return resized(picture, size)
    height, width = picture.shape[:2]
    scale = min(height / size[0], width / size[1])
    part = [max(1, round(scale * side)) for side in size]
    top, left = (height - part[0]) // 2, (width - part[1]) // 2
    return resized(picture[top : top + part[0], left : left + part[1]], size)
