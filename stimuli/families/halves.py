"""Bistable images: two halves with one object or photograph each, so that one picture has two readings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
import xarray as xr

from stimuli.drawing.backgrounds import read_picture
from stimuli.families import objects
from stimuli.families.family import Family
from stimuli.families.timed.presentation import presented
from stimuli.foundation.design import accompanied, crossed
from stimuli.pictures import photographs
from stimuli.sets import format
from stimuli.sets.format import stimulus_set

__all__ = ["HALVES", "Halves", "draw", "from_class_folder", "from_photographs"]

STREAM = 13


class Usual(tuple):
    """A size that nobody asked for."""


SIZE, SIZE_OF_PHOTOGRAPHS = Usual((112, 112)), (224, 224)


@dataclass(frozen=True)
class Halves:
    """Two scenes of the embedded objects side by side, each with a background of its own; or two photographs.

    Parameters
    ----------
    scene
        How each half is drawn; its size is that of the whole image, 224 x 224 for photographs if left out.
    pictures
        Photographs instead of the embedded objects; of the scene, only the size counts then.
    """

    scene: objects.Objects = field(default_factory=lambda: objects.Objects(SIZE, radius=(0.14, 0.24)))
    pictures: photographs.Pictures = field(default_factory=photographs.Pictures)

    def __post_init__(self) -> None:
        given = self.pictures.given()
        if given and isinstance(self.scene.size, Usual):
            object.__setattr__(self, "scene", replace(self.scene, size=SIZE_OF_PHOTOGRAPHS))
        width, n_objects, least = self.scene.size[1], self.scene.n_objects, 32 if given else 64
        if width < least or width % 2:
            raise ValueError(f"halves need an even width of at least {least} pixels, got {width}")
        if n_objects != 1:
            raise ValueError(f"each half holds one object, got n_objects = {n_objects}")


@stimulus_set("halves")
def draw(parameters: Halves, indices: np.ndarray, seed: int) -> dict:
    """Draw half/half images of the embedded objects, or of photographs, with ``object_side``.

    Sides are balanced to within one in every first n images, sides and categories over 24, each ordered
    pair on both sides over 264. The mask of a photograph is its half. Of two given photographs, object
    0 is the first.
    """
    if parameters.pictures.photographs is not None:
        files = parameters.pictures.listed()
        both = [_half(read_picture(path), parameters) for (path,) in files.values()]
        swapped = crossed(indices, (2,), seed, STREAM)[:, 0] == 1
        return _arranged(parameters, *both, np.tile([0, 1], (len(indices), 1)), swapped, tuple(files), {"side": 2})
    if parameters.pictures.given():
        return _of_files(parameters.pictures.listed(), read_picture, parameters, indices, seed)
    height, width = parameters.scene.size
    sides, classes = accompanied(indices, (2,), len(objects.CATEGORIES), 1, seed, STREAM)
    scene = replace(parameters.scene, size=(height, width // 2))
    # bit 62 of the image number keeps halves apart from the objects family; the last bit the two
    halves = [objects.render(scene, seed, 2**62 + 2 * indices + k, classes[:, k : k + 1]) for k in range(2)]
    swapped = sides[:, 0] == 1
    arrays = {name: np.concatenate([half[name] for half in halves], axis=1) for name in halves[0] if name != "image"}
    masks = [half["object_mask"][:, 0] for half in halves]
    for k, right in enumerate((swapped, ~swapped)):
        arrays["object_x"][:, k] += right * np.float32(width // 2)
    arrays |= {
        "image": _side_by_side(*(half["image"] for half in halves), swapped),
        "object_mask": _masks(masks, swapped),
        "object_side": _sides(swapped),
    }
    return dict(arrays=arrays, categories=objects.CATEGORIES, factors={"side": 2} | objects.factors(2))


def from_photographs(
    first: np.ndarray, second: np.ndarray, categories: tuple[str, str], parameters: Halves
) -> xr.Dataset:
    """Put two photographs, (y, x, channel) uint8, side by side, in both arrangements.

    Of the parameters count the size of ``scene`` and whether photographs are squeezed. The mask of an
    object is its half.
    """
    both = [_half(picture, parameters) for picture in (first, second)]
    swapped = np.array([False, True])
    arranged = _arranged(parameters, *both, np.tile([0, 1], (2, 1)), swapped, categories, {"side": 2})
    return format.from_arrays(**arranged, first=0, family="halves", parameters=parameters, seed=0)


def from_class_folder(
    files: list[list[Path]],
    read: Callable[[Path], np.ndarray],
    categories: list[str],
    parameters: Halves,
    n: int,
    seed: int,
    first: int = 0,
) -> xr.Dataset:
    """Pair photographs of a class folder, some of its classes, or under other names, as :func:`draw` does.

    ``files`` are those of each class, ``read`` gives (y, x, channel) uint8 for a path, as
    ``absvit.images.read_photograph`` does. A ValueError tells of fewer than two classes, or one without
    photographs.
    """
    if len(files) < 2:
        raise ValueError(f"halves need photographs of at least two classes, got {list(categories)}")
    arranged = partial(_of_files, photographs.by_class(files, categories), read)
    return stimulus_set("halves")(arranged)(parameters, n, seed, first)


def _of_files(
    files: Mapping[str, list[Path]], read: Callable, parameters: Halves, indices: np.ndarray, seed: int
) -> dict:
    """Halves of photographs of different classes."""
    height, width = parameters.scene.size
    levels, pair = photographs.paired(
        files, (2,), indices, indices, seed, STREAM, (height, width // 2), parameters.pictures, choice=STREAM, read=read
    )
    factors = {"side": 2} | objects.factors(2, len(files), parameters.pictures.crosses(len(files)))
    classes = pair.arrays["object_class"]
    return _arranged(parameters, pair.first, pair.second, classes, levels[:, 0] == 1, pair.categories, factors)


def _half(picture: np.ndarray, parameters: Halves) -> np.ndarray:
    """A photograph in half the width of the stimulus, (y, x, channel) uint8."""
    height, width = parameters.scene.size
    return photographs.fitted(np.asarray(picture), (height, width // 2), parameters.pictures.squeeze)


def _arranged(
    parameters: Halves,
    first: np.ndarray,
    second: np.ndarray,
    classes: np.ndarray,
    swapped: np.ndarray,
    categories: Sequence[str],
    factors: Mapping[str, int],
) -> dict:
    """Stimuli of photographs of half their width; the first one lies in the right half where swapped."""
    height, width = parameters.scene.size
    whole = np.ones((len(swapped), height, width // 2), bool)
    folder = parameters.pictures.folder
    return dict(
        arrays={
            "image": _side_by_side(first, second, swapped),
            "object_class": classes.astype(np.int16),
            "object_mask": _masks([whole, whole], swapped),
            "object_side": _sides(swapped),
        },
        categories=categories,
        licence="that of the photographs",
        source="given photographs" if folder is None else f"photographs of {folder.name}",
        factors=factors,
    )


def _masks(masks: Sequence[np.ndarray], swapped: np.ndarray) -> np.ndarray:
    """(image, object, y, x) from the masks (image, y, x) of either object in its half."""
    n, height, half = masks[0].shape
    placed = np.zeros((n, 2, height, 2 * half), bool)
    for k, right in enumerate((swapped, ~swapped)):
        placed[~right, k, :, :half] = masks[k][~right]
        placed[right, k, :, half:] = masks[k][right]
    return placed


def _side_by_side(first: np.ndarray, second: np.ndarray, swapped: np.ndarray) -> np.ndarray:
    """(image, y, x, channel): the first picture left, or right where swapped."""
    swapped = swapped[:, None, None, None]
    return np.concatenate([np.where(swapped, second, first), np.where(swapped, first, second)], axis=2)


def _sides(swapped: np.ndarray) -> np.ndarray:
    """Half that holds each object, (image, object)."""
    return np.where(np.stack([swapped, ~swapped], axis=1), "right", "left").astype(object)


HALVES = Family(
    "halves",
    "two objects, or photographs, side by side",
    Halves,
    draw,
    formerly=("bistable",),
    course=presented,
)
