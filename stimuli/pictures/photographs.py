"""Given photographs: which ones, what they show, and how two of them meet in a stimulus of some size."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np

from stimuli.drawing.backgrounds import read_picture
from stimuli.foundation.design import accompanied, crossed, generator, in_turn
from stimuli.pictures import class_folders
from stimuli.sets.resizing import resized

__all__ = ["SOURCE", "Pair", "Pictures", "by_class", "fitted", "gathered", "paired"]

STREAM = 11
TURNS = 2**55  # added to the numbers of turns, which are not those of stimuli
MANY = 24  # classes; of more, no set holds all pairs in all conditions
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
    pairing
        How classes meet: "crossed" lets every two of them meet in every condition; "turns" shows each class once
        before any comes again, and each photograph of it. If left out, more than 24 classes take turns.
    """

    folder: Path | None = None
    photographs: tuple[Path, Path] | None = None
    classes: tuple[str, str] | None = None
    squeeze: bool = False
    pairing: Literal["crossed", "turns"] | None = field(default=None, metadata={"formerly": "crossed"})

    def __post_init__(self) -> None:
        if self.folder is not None and self.photographs is not None:
            raise ValueError("pictures are those of a class folder or two photographs: give --folder or --photographs")
        if self.classes is not None and self.photographs is None:
            raise ValueError("--classes names what two photographs show: give --photographs with it")
        if self.squeeze and not self.given():
            raise ValueError("--squeeze is about photographs: give --folder or --photographs with it")
        if self.photographs is not None and len(set(self._names())) < 2:
            raise ValueError(f"two photographs need different names, got {self._names()}: give them with --classes")

    def crosses(self, count: int) -> bool:
        """Whether so many classes meet each other in every condition, instead of taking turns."""
        return count <= MANY if self.pairing is None else self.pairing == "crossed"

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


def paired(*given, **options) -> tuple[np.ndarray, Pair]:
    """Let photographs of two classes meet in each stimulus: levels and photographs, as :func:`gathered`."""
    levels, shown, arrays, names = gathered(*given, **options)
    return levels, Pair(*shown, arrays, names)


def gathered(
    files: Mapping[str, Sequence[Path]],
    conditions: Sequence[int],
    groups: Sequence[int],
    numbers: Sequence[int],
    seed: int,
    stream: int,
    size: tuple[int, int],
    pictures: Pictures,
    company: int = 1,
    enlarge: bool = True,
    choice: int = STREAM,
    read: Callable[[Path], np.ndarray] = read_picture,
) -> tuple[np.ndarray, list[np.ndarray], dict[str, np.ndarray], tuple[str, ...]]:
    """Let photographs of different classes meet, crossed or taking turns as ``Pictures.pairing`` has it.

    See :func:`stimuli.foundation.design.accompanied` and :func:`stimuli.foundation.design.in_turn`. Where
    classes take turns, so do the photographs of each; conditions are balanced by themselves then.

    Parameters
    ----------
    files : photographs by class, more than ``company`` of these (:meth:`Pictures.listed`).
    conditions, seed, stream : of the design that the classes are crossed in.
    groups : (stimulus,) place of each stimulus in the design.
    numbers : (stimulus,) numbers that decide, with the seed, which photographs of crossed classes are taken.
    size : what photographs are brought to, as by :func:`fitted`.
    pictures : whether they are squeezed, and how classes meet.
    company : photographs beside the first in each stimulus.
    enlarge : whether a photograph may be smaller than the size.
    choice : stream of the chance that decides which photographs of the classes are taken.
    read : function from a path to (y, x, channel) uint8.

    Returns
    -------
    levels : (stimulus, condition).
    shown : of each object, photographs (stimulus, y, x, channel) uint8.
    arrays : ``object_class`` and ``object_source``, each (stimulus, object).
    names : of the classes.

    Raises
    ------
    ValueError : a photograph is unreadable or too small, or there are too few classes.
    """
    names, piles = tuple(files), [*files.values()]
    if len(names) <= company:
        raise ValueError(f"{company + 1} photographs of different classes need as many classes, got {', '.join(names)}")
    if pictures.crosses(len(names)):
        levels, classes = accompanied(groups, conditions, len(names), company, seed, stream)
        chosen = [_by_chance(piles, row, generator(seed, choice, n)) for n, row in zip(numbers, classes, strict=True)]
    else:
        levels = crossed(groups, conditions, seed, stream) if conditions else np.zeros((len(groups), 0), int)
        classes, rounds = in_turn(groups, len(names), company, seed, stream)
        chosen = [
            [_in_turn(piles[c], c, turn, seed, choice) for c, turn in zip(*row, strict=True)]
            for row in zip(classes.tolist(), rounds.tolist(), strict=True)
        ]
    sources = [
        [f"{names[c]}/{path.name}" for c, path in zip(*row, strict=True)] for row in zip(classes, chosen, strict=True)
    ]
    brought = partial(_brought, size, pictures.squeeze, enlarge, read)
    shown = [np.stack([brought(path) for path in of_object]) for of_object in zip(*chosen, strict=True)]
    arrays = {"object_class": classes.astype(np.int16), "object_source": np.array(sources, object)}
    return levels, shown, arrays, names


def _in_turn(files: Sequence[Path], of_class: int, turn: int, seed: int, choice: int) -> Path:
    """Photograph of a class that comes again, all others of it before this one comes again."""
    cycle, place = divmod(turn, len(files))
    return files[generator(seed, choice, TURNS + (of_class << 32) + cycle).permutation(len(files))[place]]


def _by_chance(piles: Sequence[Sequence[Path]], classes: np.ndarray, random: np.random.Generator) -> list[Path]:
    return [piles[c][random.integers(len(piles[c]))] for c in classes]


def _brought(size: tuple[int, int], squeeze: bool, enlarge: bool, read: Callable, path: Path) -> np.ndarray:
    """A photograph of a size; one that may not be enlarged is refused where it is smaller."""
    picture = np.asarray(read(path))
    if not enlarge and (picture.shape[0] < size[0] or picture.shape[1] < size[1]):
        raise ValueError(
            f"{path} of {picture.shape[:2]} pixels is too small for stimuli of {size}: blown up it would lack "
            "the high frequencies; give larger pictures or ask for smaller stimuli"
        )
    return fitted(picture, size, squeeze)


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
