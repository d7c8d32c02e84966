"""Graded overlays: two objects in the same place, one shining through the other.

Attention to one of two superimposed pictures cannot select a place, it must select an object (Neisser and
Becklen 1975, selective looking; O'Craven, Downing and Kanwisher 1999, transparent faces and houses).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import xarray as xr

from stimuli.drawing.backgrounds import read_picture
from stimuli.families import objects
from stimuli.families.family import Family
from stimuli.families.timed.presentation import presented
from stimuli.foundation.design import accompanied, labels
from stimuli.pictures import photographs
from stimuli.sets import format
from stimuli.sets.format import stimulus_set

__all__ = ["OVERLAY", "Overlay", "dissolved", "draw", "from_class_folder", "from_photographs"]

STREAM = 1


@dataclass(frozen=True)
class Overlay:
    """Two embedded objects of different categories at one place on one background.

    Parameters
    ----------
    scene
        How each object is drawn; one object.
    mixes
        Weights of the second object, each in [0, 1]; the first has the rest. 0 and 1 are the two readings
        alone.
    pictures
        Photographs instead of the embedded objects; of the scene, only the size counts then.
    """

    scene: objects.Objects = field(default_factory=lambda: objects.Objects(radius=(0.25, 0.38)))
    mixes: tuple[float, ...] = (0.0, 0.25, 0.5, 0.75, 1.0)
    pictures: photographs.Pictures = field(default_factory=photographs.Pictures)

    def __post_init__(self) -> None:
        if self.scene.n_objects != 1:
            raise ValueError(f"each reading is one object, got n_objects = {self.scene.n_objects}")
        if self.scene.occlusion:
            raise ValueError(f"an overlay has no occluders; expected occlusion 0, got {self.scene.occlusion}")
        if not self.mixes or not all(0 <= mix <= 1 for mix in self.mixes):
            raise ValueError(f"mixes must hold weights of the second object in [0, 1], got {self.mixes}")


@stimulus_set("overlay")
def draw(parameters: Overlay, indices: np.ndarray, seed: int) -> dict:
    """Draw graded overlays of two objects, with ``mix`` (stimulus,) in [0, 1], the second's weight.

    An object of weight 0 has an empty mask. Mixes are balanced to within one in every first n images,
    mixes and categories in every ``12 * len(mixes)``, all pairs of categories at all mixes in ``132 *
    len(mixes)``. The label is the reading of more weight, the first one where both have the same.
    Photographs have no places; the mask of one of any weight is the image.
    """
    if parameters.pictures.given():
        return _of_files(parameters.pictures.listed(), read_picture, parameters, indices, seed)
    levels, classes = accompanied(indices, (len(parameters.mixes),), len(objects.CATEGORIES), 1, seed, STREAM)
    mix = np.array(parameters.mixes)[levels[:, 0]]
    readings = [objects.layers(parameters.scene, seed, (STREAM << 56) + indices, classes[:, k]) for k in range(2)]
    background = readings[0][0]
    image, masks = background.copy(), []
    for weight, (_, distance, colour, _) in zip((1 - mix, mix), readings, strict=True):
        coverage = np.clip(0.5 - distance, 0, 1)
        image += (weight[:, None, None] * coverage)[:, None] * (colour - background)
        masks.append((coverage >= 0.5) & (weight > 0)[:, None, None])
    arrays = {
        "image": np.clip(np.moveaxis(image, 1, -1) * 255 + 0.5, 0, 255).astype(np.uint8),
        "object_mask": np.stack(masks, axis=1),
        **{name: np.concatenate([reading[3][name] for reading in readings], axis=1) for name in readings[0][3]},
    }
    return dict(
        arrays=arrays,
        categories=objects.CATEGORIES,
        label=labels(objects.CATEGORIES, classes[np.arange(len(indices)), (mix > 0.5).astype(int)]),
        design={"mix": (mix, "weight of the second object, the first having the rest", "1")},
        factors={"mix": len(parameters.mixes)} | objects.factors(2),
    )


def from_class_folder(
    files: list[list[Path]],
    read: Callable[[Path], np.ndarray],
    categories: list[str],
    parameters: Overlay,
    n: int,
    seed: int,
    first: int = 0,
) -> xr.Dataset:
    """Overlay photographs of a class folder, some of its classes, or under other names, as :func:`draw` does.

    ``files`` are those of each class, ``read`` gives (y, x, channel) uint8 for a path. A ValueError tells of
    fewer than two classes, or one without photographs.
    """
    overlaid = partial(_of_files, photographs.by_class(files, categories), read)
    return stimulus_set("overlay")(overlaid)(parameters, n, seed, first)


def _of_files(
    files: Mapping[str, list[Path]], read: Callable, parameters: Overlay, indices: np.ndarray, seed: int
) -> dict:
    """Overlays of photographs of different classes."""
    size, pictures, conditions = parameters.scene.size, parameters.pictures, (len(parameters.mixes),)
    levels, pair = photographs.paired(files, conditions, indices, indices, seed, STREAM, size, pictures, read=read)
    factors = {"mix": len(parameters.mixes)} | objects.factors(2, len(files), pictures.crosses(len(files)))
    return dissolved(pair, np.array(parameters.mixes)[levels[:, 0]], "mix", factors)


def dissolved(
    pair: photographs.Pair,
    weight: np.ndarray,
    name: str,
    factors: Mapping[str, int] | None = None,
    design: Mapping[str, tuple[np.ndarray, str, str]] | None = None,
) -> dict:
    """Mix the photographs of each stimulus; the second has a weight (stimulus,) in [0, 1], called ``name``.

    Arguments of :func:`format.from_arrays` come out; the mask of a photograph of any weight is the image. The
    label is the class of the photograph of more weight, the first one where both have the same.
    """
    share = weight[:, None, None, None]
    image = (1 - share) * pair.first + share * pair.second
    present = np.stack([weight < 1, weight > 0], axis=1)[..., None, None]
    chosen = pair.arrays["object_class"][np.arange(len(weight)), (weight > 0.5).astype(int)]
    return dict(
        arrays={
            "image": (image + 0.5).astype(np.uint8),
            "object_mask": np.broadcast_to(present, (len(weight), 2, *image.shape[1:3])).copy(),
            **pair.arrays,
        },
        categories=pair.categories,
        label=labels(pair.categories, chosen),
        dims=photographs.SOURCE,
        design={name: (weight, "weight of the second object, the first having the rest", "1"), **(design or {})},
        licence="that of the photographs",
        source="given photographs",
        factors=factors,
    )


def from_photographs(
    first: np.ndarray, second: np.ndarray, categories: tuple[str, str], parameters: Overlay
) -> xr.Dataset:
    """Let one photograph, (y, x, 3) uint8, shine through another, at every mix, in the order given.

    The mask of a photograph of any weight is the image.
    """
    size, squeeze, mixes = parameters.scene.size, parameters.pictures.squeeze, np.array(parameters.mixes, float)
    both = (photographs.fitted(picture, size, squeeze)[None] for picture in (first, second))
    pair = photographs.Pair(*both, {"object_class": np.tile(np.int16([0, 1]), (len(mixes), 1))}, categories)
    mixed = dissolved(pair, mixes, "mix")
    return format.from_arrays(**mixed, first=0, family="overlay", parameters=parameters, seed=0)


OVERLAY = Family("overlay", "two objects in one place, one shining through the other", Overlay, draw, course=presented)
