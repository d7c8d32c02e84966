"""Scenes as they were photographed, with the outlines of their objects, as COCO has them (Lin et al. 2014)."""

from __future__ import annotations

import difflib
import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from stimuli.drawing.backgrounds import read_picture
from stimuli.families.displays import check_size, filled_up
from stimuli.families.family import Family
from stimuli.families.timed.presentation import presented
from stimuli.foundation.design import crossed, generator, stacked
from stimuli.foundation.options import FileOrAddress
from stimuli.pictures import polygons
from stimuli.pictures.polygons import Outlined
from stimuli.sets.format import stimulus_set
from stimuli.sets.resizing import resized

__all__ = ["OUTLINES", "Outlines", "Placement", "draw", "placement"]

STREAM = 49
GREY = 128  # of what a letterbox adds


@dataclass(frozen=True)
class Outlines:
    """Photographed scenes with outlined objects.

    Parameters
    ----------
    folder
        Outlined pictures: ``images/NAME.jpg`` with ``polygons/NAME.txt`` (a line an object: the number of its
        category, then x y x y ... in units of the picture's width and height) and ``config.yaml`` with their
        ``names``.
    size
        Height and width in pixels, at least 64.
    kinds
        Categories that count as objects, the others belonging to the background; all, if left out.
    least
        Objects of different kinds that a scene must hold, at least 1.
    smallest
        Share of the image that an object covers at least to be one of these.
    fit
        How a picture comes to the size: a letterbox of grey around it, a crop of its middle, or squeezed.
    """

    folder: FileOrAddress = ""
    size: tuple[int, int] = (224, 224)
    kinds: tuple[str, ...] = ()
    least: int = 2
    smallest: float = 0.01
    fit: Literal["letterbox", "crop", "squeeze"] = "letterbox"

    def __post_init__(self) -> None:
        check_size(self.size)
        if self.least < 1:
            raise ValueError(f"least must be at least 1 object, got {self.least}")
        if not 0 <= self.smallest < 1:
            raise ValueError(f"smallest must be a share of the image in [0, 1), got {self.smallest}")
        if self.fit not in ("letterbox", "crop", "squeeze"):
            raise ValueError(f"fit must be letterbox, crop or squeeze, got {self.fit!r}")
        if len(set(self.kinds)) < len(self.kinds):
            raise ValueError(f"kinds must be different categories, got {', '.join(self.kinds)}")


@dataclass(frozen=True)
class Placement:
    """Where a picture goes: a part of it, brought to a shape, whose upper left corner lies somewhere in the image.

    Parameters
    ----------
    start, part : upper left corner, and height and width, of the part that is shown, in pixels of the picture.
    corner, shape : the same of where it is shown, in pixels of the image.
    """

    start: tuple[int, int]
    part: tuple[int, int]
    corner: tuple[int, int]
    shape: tuple[int, int]

    def __call__(self, picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        """Show a picture (y, x, 3) uint8 in an image of a size, grey where it is not."""
        image = np.full((*size, 3), GREY, np.uint8)
        (top, left), (height, width) = self.start, self.part
        rows, columns = (slice(at, at + side) for at, side in zip(self.corner, self.shape, strict=True))
        image[rows, columns] = resized(picture[top : top + height, left : left + width], self.shape)
        return image

    def of(self, corners: np.ndarray, picture: tuple[int, int]) -> np.ndarray:
        """Bring corners (corner, 2), x and y in units of the picture's sides, to pixels of the image."""
        start, part, corner, shape, whole = (
            np.array(pair[::-1], float) for pair in (self.start, self.part, self.corner, self.shape, picture)
        )
        return (corners * whole - start) / part * shape + corner


def placement(picture: tuple[int, int], size: tuple[int, int], fit: str) -> Placement:
    """Place a picture of a height and width in an image of another, as ``Outlines.fit`` has it."""
    ratios = [side / of for side, of in zip(size, picture, strict=True)]
    if fit == "crop":
        part = tuple(min(of, max(1, round(side / max(ratios)))) for side, of in zip(size, picture, strict=True))
        return Placement(tuple((of - side) // 2 for side, of in zip(part, picture, strict=True)), part, (0, 0), size)
    if fit == "squeeze":
        return Placement((0, 0), picture, (0, 0), size)
    shape = tuple(max(1, round(min(ratios) * of)) for of in picture)
    return Placement((0, 0), picture, tuple((of - side) // 2 for side, of in zip(shape, size, strict=True)), shape)


@stimulus_set("outlines")
def draw(parameters: Outlines, indices: np.ndarray, seed: int) -> dict:
    """Show scenes, each once before any comes again; ``scene`` (stimulus,) is the picture's path in ``images``.

    All outlines of a category are one object: a cue names a kind, and so its region is that of all of them.
    The order of a scene's objects is random, and another one is the first when it comes again, so that each
    becomes the target; objects below the smallest size stand behind them. Scenes without enough objects are
    left out. Kinds are as frequent as the pictures have them.

    Raises
    ------
    FileNotFoundError, ValueError : as :func:`polygons.listed`; a kind that the folder has not; no scene that
        holds enough objects.
    """
    kinds, scenes = _scenes(parameters, polygons.stamp(parameters.folder))
    turn = crossed(indices, (len(scenes),), seed, STREAM)[:, 0]
    slots = max(len(scene.large) + len(scene.small) for scene in scenes)
    shown = [scenes[c] for c in turn]
    each = [
        _shown(parameters, scene, scene.in_order(generator(seed, STREAM, c), number // len(scenes)), slots)
        for scene, c, number in zip(shown, turn, indices, strict=True)
    ]
    images = Path(parameters.folder) / "images"
    names = np.array([scene.picture.path.relative_to(images).as_posix() for scene in shown], object)
    return dict(
        arrays=stacked(each),
        categories=kinds,
        design={"scene": (names, "picture that is shown", "1")},
        licence="that of the pictures",
        source=f"outlined pictures in {images.parent.name}",
        factors={"scene": len(scenes)},
    )


@dataclass(frozen=True, eq=False)
class _Scene:
    """A picture and the kinds that it holds, numbers of the categories: those large enough, and the others."""

    picture: Outlined
    large: tuple[int, ...]
    small: tuple[int, ...]
    outlines: Mapping[int, list[np.ndarray]]

    def in_order(self, random: np.random.Generator, turn: int) -> list[int]:
        """The kinds in the random order of a scene, the large ones moved on by the scene's turn."""
        return [*np.roll(random.permutation(self.large), -turn).tolist(), *self.small]


@functools.lru_cache(maxsize=4)
def _scenes(parameters: Outlines, written: tuple) -> tuple[tuple[str, ...], list[_Scene]]:
    """The categories, and the scenes that hold enough objects of them."""
    known = tuple(dict.fromkeys(polygons.categories_of(parameters.folder).values()))
    for kind in parameters.kinds:
        if kind not in known:
            near = difflib.get_close_matches(kind, known, 4, 0.4) or known[:8]
            raise ValueError(
                f"the outlines in {parameters.folder} are of no {kind!r}: the nearest are {', '.join(near)}"
            )
    pictures = polygons.listed(parameters.folder)
    seen = {outline.category for picture in pictures for outline in picture.outlines}
    kinds = parameters.kinds or tuple(kind for kind in known if kind in seen)
    found = [_scene(parameters, picture, kinds) for picture in pictures]
    if not (kept := [scene for scene in found if len(scene.large) >= parameters.least]):
        raise ValueError(
            f"no picture in {parameters.folder} holds {parameters.least} of the kinds, each on at least "
            f"{parameters.smallest:g} of the image: ask for fewer (--least), smaller ones (--smallest) or other kinds"
        )
    return kinds, kept


def _scene(parameters: Outlines, picture: Outlined, kinds: Sequence[str]) -> _Scene:
    placed, outlines = placement(picture.size, parameters.size, parameters.fit), {}
    for outline in picture.outlines:
        if outline.category in kinds:
            corners = placed.of(outline.corners, picture.size)
            outlines.setdefault(kinds.index(outline.category), []).append(corners)
    shares = {kind: polygons.filled(parts, parameters.size).mean() for kind, parts in outlines.items()}
    there = [kind for kind, share in shares.items() if share > 0]  # a crop may leave nothing of one
    large = tuple(kind for kind in there if shares[kind] >= parameters.smallest)
    return _Scene(picture, large, tuple(kind for kind in there if kind not in large), outlines)


def _shown(parameters: Outlines, scene: _Scene, order: Sequence[int], slots: int) -> dict[str, np.ndarray]:
    """One stimulus, with its objects in an order."""
    size = parameters.size
    picture = read_picture(scene.picture.path)
    masks = np.zeros((slots, *size), bool)
    masks[: len(order)] = [polygons.filled(scene.outlines[kind], size) for kind in order]
    spans = [[np.flatnonzero(mask.any(axis))[[0, -1]] + (0, 1) for axis in (0, 1)] for mask in masks[: len(order)]]
    places = {
        "x": [x.mean() for x, _ in spans],
        "y": [y.mean() for _, y in spans],
        "radius": [max(np.ptp(x), np.ptp(y)) / 2 for x, y in spans],
    }
    image = placement(scene.picture.size, size, parameters.fit)(picture, size)
    return {"image": image, "object_mask": masks, **filled_up(order, places, slots)}


OUTLINES = Family(
    "outlines",
    "photographed scenes with the outlines of their objects",
    Outlines,
    draw,
    needs=("folder",),
    course=presented,
)
