"""Bistable images: two halves with one object each, so that one picture has two readings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import xarray as xr

from stimuli.families import objects
from stimuli.foundation.design import accompanied, generator
from stimuli.pictures import photographs
from stimuli.sets import format

__all__ = ["Halves", "HalvesOfPhotographs", "draw", "from_class_folder", "from_photographs"]

STREAM = 13


@dataclass(frozen=True)
class Halves:
    """Two scenes of the embedded objects side by side, each with a background of its own.

    Parameters
    ----------
    scene
        How each half is drawn; its size is that of the whole image.
    """

    scene: objects.Objects = field(default_factory=lambda: objects.Objects(radius=(0.14, 0.24)))

    def __post_init__(self) -> None:
        width, n_objects = self.scene.size[1], self.scene.n_objects
        if width < 64 or width % 2:
            raise ValueError(f"halves need an even width of at least 64 pixels, got {width}")
        if n_objects != 1:
            raise ValueError(f"each half holds one object, got n_objects = {n_objects}")


@dataclass(frozen=True)
class HalvesOfPhotographs:
    """Two photographs side by side, the middle of each in its own proportions.

    Parameters
    ----------
    size
        Height and width of the image in pixels; the width is even.
    folder
        Class folder that the photographs come from, "" for given files.
    squeeze
        Squeeze whole photographs to half the width instead, as in the paper's figure.
    """

    size: tuple[int, int] = (224, 224)
    folder: str = ""
    squeeze: bool = False

    def __post_init__(self) -> None:
        if min(self.size) < 32 or self.size[1] % 2:
            raise ValueError(f"size must be at least 32 pixels with an even width, got {self.size}")


def draw(parameters: Halves, n: int, seed: int, first: int = 0) -> xr.Dataset:
    """Draw half/half images of the embedded objects.

    Parameters
    ----------
    parameters : what to draw.
    n : number of images, at least 1.
    seed : 0 to 2**32 - 1.
    first : number of the first image.

    Returns
    -------
    Dataset as ``objects.draw`` gives, object 0 being the one of ``object_side`` [0]. Sides are balanced to
    within one in every first n images, sides and categories over 24, each ordered pair on both sides over 264.
    """
    format.check_request(n, seed)
    height, width = parameters.scene.size
    indices = np.arange(first, first + n)
    sides, classes = accompanied(indices, (2,), len(objects.CATEGORIES), 1, seed, STREAM)
    # bit 62 of the image number keeps the halves apart from the objects family; the last bit tells the two apart
    halves = [
        objects.render(
            replace(parameters.scene, size=(height, width // 2)),
            seed,
            2**62 + 2 * indices + k,
            classes[:, k : k + 1],
        )
        for k in range(2)
    ]
    swapped = sides[:, 0] == 1
    arrays = {name: np.concatenate([half[name] for half in halves], axis=1) for name in halves[0] if name != "image"}
    pictures = [half["image"] for half in halves]
    arrays["image"] = _side_by_side(pictures, swapped)
    arrays["object_mask"] = np.zeros((n, 2, height, width), bool)
    for k in range(2):
        right = swapped if k == 0 else ~swapped
        arrays["object_mask"][~right, k, :, : width // 2] = halves[k]["object_mask"][~right, 0]
        arrays["object_mask"][right, k, :, width // 2 :] = halves[k]["object_mask"][right, 0]
        arrays["object_x"][:, k] += right * np.float32(width // 2)
    arrays["object_side"] = _sides(swapped)
    return format.from_arrays(
        arrays,
        first=first,
        family="bistable",
        parameters=parameters,
        seed=seed,
        categories=objects.CATEGORIES,
        factors={"side": 2} | objects.factors(2),
    )


def from_photographs(
    first: np.ndarray, second: np.ndarray, categories: tuple[str, str], size: tuple[int, int], squeeze: bool = False
) -> xr.Dataset:
    """Put two photographs side by side, in both arrangements.

    Parameters
    ----------
    first, second : (y, x, channel) uint8 pictures of any size.
    categories : names of the two objects.
    size : height and width of the stimuli in pixels.
    squeeze : squeeze whole photographs instead of cutting their middle out.

    Returns
    -------
    Dataset of two stimuli; the mask of an object is its half.
    """
    parameters = HalvesOfPhotographs(size, squeeze=squeeze)
    halves = [[_half(picture, parameters) for picture in (first, second)]] * 2
    return _of_photographs(halves, [(0, 1)] * 2, np.array([False, True]), parameters, 0, 0, categories, {"side": 2})


def from_class_folder(
    files: list[list[Path]],
    read: Callable[[Path], np.ndarray],
    categories: list[str],
    parameters: HalvesOfPhotographs,
    n: int,
    seed: int,
    first: int = 0,
) -> xr.Dataset:
    """Pair photographs of a class folder.

    Parameters
    ----------
    files : the photographs of each class.
    read : function from a path to (y, x, channel) uint8, such as ``absvit.images.read_photograph``.
    categories : names of the classes, at least two.
    parameters : size of the stimuli.
    n : number of stimuli.
    seed : 0 to 2**32 - 1; decides which photographs meet.
    first : number of the first stimulus.

    Returns
    -------
    Dataset of n stimuli; sides and pairs of different classes are counterbalanced as in :func:`draw`.

    Raises
    ------
    ValueError : fewer than two classes, or a class without photographs.
    """
    format.check_request(n, seed)
    if len(files) < 2:
        raise ValueError(f"halves need photographs of at least two classes, got {list(categories)}")
    if empty := [name for name, paths in zip(categories, files, strict=True) if not paths]:
        raise ValueError(f"no photographs of {', '.join(empty)}; every class needs at least one")
    indices = np.arange(first, first + n)
    sides, classes = accompanied(indices, (2,), len(files), 1, seed, STREAM)
    halves = []
    for index, pair in zip(indices, classes, strict=True):
        random = generator(seed, STREAM, index)
        chosen = [files[c][random.integers(len(files[c]))] for c in pair]
        halves.append([_half(read(path), parameters) for path in chosen])
    factors = {"side": 2} | objects.factors(2, len(files))
    return _of_photographs(halves, classes, sides[:, 0] == 1, parameters, first, seed, categories, factors)


def _half(picture: np.ndarray, parameters: HalvesOfPhotographs) -> np.ndarray:
    """A photograph in half the width of the stimulus, (y, x, channel) uint8."""
    height, width = parameters.size
    return photographs.fitted(np.asarray(picture), (height, width // 2), parameters.squeeze)


def _of_photographs(halves, classes, swapped, parameters, first, seed, categories, factors) -> xr.Dataset:
    """Stimuli of halves (image, object); object 0 lies in the right one where swapped."""
    height, width = parameters.size
    mask = np.zeros((len(halves), 2, height, width), bool)
    mask[~swapped, 0, :, : width // 2] = mask[~swapped, 1, :, width // 2 :] = True
    mask[swapped, 1, :, : width // 2] = mask[swapped, 0, :, width // 2 :] = True
    arrays = {
        "image": _side_by_side([np.stack(pictures) for pictures in zip(*halves, strict=True)], swapped),
        "object_class": np.array(classes, np.int16),
        "object_mask": mask,
        "object_side": _sides(swapped),
    }
    return format.from_arrays(
        arrays,
        first=first,
        family="bistable",
        parameters=parameters,
        seed=seed,
        categories=categories,
        licence="that of the photographs",
        factors=factors,
    )


def _side_by_side(pictures: list[np.ndarray], swapped: np.ndarray) -> np.ndarray:
    """(image, y, x, channel): picture 0 left, or right where swapped."""
    swapped = swapped[:, None, None, None]
    left, right = np.where(swapped, pictures[1], pictures[0]), np.where(swapped, pictures[0], pictures[1])
    return np.concatenate([left, right], axis=2)


def _sides(swapped: np.ndarray) -> np.ndarray:
    """Half that holds each object, (image, object)."""
    return np.where(np.stack([swapped, ~swapped], axis=1), "right", "left").astype(object)
