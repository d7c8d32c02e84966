"""Mosaics: two to four pictures in the quarters of an image, the empty ones filled with noise or grey.

As in displays of divided attention, in which up to four photographs are categorised at once (Scharff, Palmer
and Moore 2011, Psychonomic Bulletin and Review 18).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
import xarray as xr
from scipy import fft

from stimuli.drawing import backgrounds, canvas
from stimuli.drawing.backgrounds import read_picture
from stimuli.families import objects
from stimuli.families.family import Family
from stimuli.families.halves import SIZE, SIZE_OF_PHOTOGRAPHS, Usual
from stimuli.families.timed.presentation import presented
from stimuli.foundation.design import accompanied, generator, labels
from stimuli.foundation.options import Background
from stimuli.pictures import photographs
from stimuli.sets import format
from stimuli.sets.format import stimulus_set

__all__ = ["MOSAIC", "Mosaic", "draw", "from_class_folder", "from_photographs", "scrambled"]

STREAM = 51
PLACES = ("upper left", "upper right", "lower left", "lower right")
ARRANGEMENTS = ("beside", "above or below", "across")  # where object 1 lies to object 0
CHANGED = (1, 2, 3)  # bits of the place that change: the column's, the row's, both
NOTHING = {"f": np.nan, "O": "none"}  # what stands for an object that is not there; else -1
SPECTRUM = "spectrum"


@dataclass(frozen=True)
class Mosaic:
    """Two to four scenes of an embedded object each, in quarters of the image; or photographs.

    Parameters
    ----------
    scene
        How each quarter is drawn; its size is that of the whole image, 224 x 224 for photographs if left out.
    set_sizes
        Numbers of pictures, 2 to 4 each, counterbalanced.
    empty
        What the other quarters hold: "spectrum" for noise of the amplitude spectrum of a picture of the mosaic,
        or a background: noise, grey:LEVEL, texture:NAME or folder:PATH.
    pictures
        Photographs instead of the embedded objects; of the scene, only the size counts then.
    """

    scene: objects.Objects = field(default_factory=lambda: objects.Objects(SIZE, radius=(0.25, 0.42)))
    set_sizes: tuple[int, ...] = (2,)
    empty: Background = SPECTRUM
    pictures: photographs.Pictures = field(default_factory=photographs.Pictures)

    def __post_init__(self) -> None:
        if self.pictures.given() and isinstance(self.scene.size, Usual):
            object.__setattr__(self, "scene", replace(self.scene, size=SIZE_OF_PHOTOGRAPHS))
        if self.scene.n_objects != 1:
            raise ValueError(f"each quarter holds one object, got n_objects = {self.scene.n_objects}")
        if min(self.scene.size) < 64 or any(side % 2 for side in self.scene.size):
            raise ValueError(f"quarters need even sides of at least 64 pixels, got {self.scene.size}")
        if not self.set_sizes or len({*self.set_sizes}) < len(self.set_sizes) or not {*self.set_sizes} <= {2, 3, 4}:
            raise ValueError(
                f"set_sizes must be one or more different numbers of pictures, 2 to 4, got {self.set_sizes}"
            )
        if self.empty != SPECTRUM:
            backgrounds.check(self.empty)

    @property
    def quarter(self) -> tuple[int, int]:
        """Height and width of a quarter in pixels."""
        return self.scene.size[0] // 2, self.scene.size[1] // 2


@stimulus_set("mosaic")
def draw(parameters: Mosaic, indices: np.ndarray, seed: int) -> dict:
    """Draw mosaics of the embedded objects, or of photographs.

    Design variables: ``set_size`` (pictures), ``place`` of object 0 (upper left ...) and ``arrangement``, where
    object 1 lies to it (beside, above or below, across). Set sizes are balanced to within one in every first n
    images, set sizes and places over 4 times as many, and arrangements over 12 times. Objects beyond the set
    size have class -1 and empty masks. The mask of a photograph is its quarter.
    """
    if parameters.pictures.given():
        return _of_files(parameters.pictures.listed(), read_picture, parameters, indices, seed)
    company = max(parameters.set_sizes) - 1
    levels, classes = accompanied(indices, _conditions(parameters), len(objects.CATEGORIES), company, seed, STREAM)
    scene = replace(parameters.scene, size=parameters.quarter)
    parts = [
        objects.render(scene, seed, 2**61 + 4 * indices + k, classes[:, k : k + 1]) for k in range(company + 1)
    ]  # bit 61 keeps these apart from objects and halves
    shown, masks = ([part[name] for part in parts] for name in ("image", "object_mask"))
    known = ("object_radius", "object_rotation", "object_hue", "object_x", "object_y")
    others = {name: np.concatenate([part[name] for part in parts], axis=1) for name in known}
    arrays = {"object_class": classes.astype(np.int16), "object_mask": np.concatenate(masks, axis=1), **others}
    made = _arranged(parameters, shown, arrays, levels, indices, seed)
    return made | dict(categories=objects.CATEGORIES, factors=_factors(parameters, len(objects.CATEGORIES), True))


def from_class_folder(
    files: list[list[Path]],
    read: Callable[[Path], np.ndarray],
    categories: list[str],
    parameters: Mosaic,
    n: int,
    seed: int,
    first: int = 0,
) -> xr.Dataset:
    """Arrange photographs of a class folder, some of its classes, or under other names, as :func:`draw` does.

    ``files`` are those of each class, ``read`` gives (y, x, channel) uint8 for a path. A ValueError tells of
    fewer classes than pictures, or one without photographs.
    """
    arranged = partial(_of_files, photographs.by_class(files, categories), read)
    return stimulus_set("mosaic")(arranged)(parameters, n, seed, first)


def from_photographs(
    first: np.ndarray, second: np.ndarray, categories: tuple[str, str], parameters: Mosaic
) -> xr.Dataset:
    """Put two photographs, (y, x, 3) uint8, into two quarters, in all twelve arrangements."""
    levels = np.stack(np.meshgrid([0], range(4), range(3), indexing="ij"), axis=-1).reshape(-1, 3)
    n, quarter, squeeze = len(levels), parameters.quarter, parameters.pictures.squeeze
    fitted = (photographs.fitted(picture, quarter, squeeze) for picture in (first, second))
    shown = [np.repeat(picture[None], n, axis=0) for picture in fitted]
    arrays = {"object_class": np.tile(np.int16([0, 1]), (n, 1)), "object_mask": np.ones((n, 2, *quarter), bool)}
    made = _arranged(replace(parameters, set_sizes=(2,)), shown, arrays, levels, np.arange(n), 0)
    made |= dict(categories=categories, licence="that of the photographs", source="given photographs")
    return format.from_arrays(**made, first=0, family="mosaic", parameters=parameters, seed=0)


def scrambled(picture: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Noise with the amplitude spectrum of a picture, (y, x, channel) float in units of grey levels.

    The same random phases are added to those of all channels, so that its colours stay together (Dakin et al.
    2002, Current Biology 12); they are those of white noise, so that what comes out is real. The mean stays.
    """
    white = fft.rfft2(random.standard_normal(picture.shape[:2]))
    turn = white / np.abs(white)
    turn[0, 0] = 1
    return fft.irfft2(fft.rfft2(picture, axes=(0, 1)) * turn[..., None], s=picture.shape[:2], axes=(0, 1))


def _conditions(parameters: Mosaic) -> tuple[int, int, int]:
    return len(parameters.set_sizes), len(PLACES), len(ARRANGEMENTS)


def _of_files(
    files: Mapping[str, list[Path]], read: Callable, parameters: Mosaic, indices: np.ndarray, seed: int
) -> dict:
    """Mosaics of photographs of different classes."""
    company = max(parameters.set_sizes) - 1
    levels, shown, arrays, names = photographs.gathered(
        files, _conditions(parameters), indices, indices, seed, STREAM, parameters.quarter, parameters.pictures,
        company, choice=STREAM, read=read,
    )  # fmt: skip
    arrays["object_mask"] = np.ones((len(indices), company + 1, *parameters.quarter), bool)
    folder = parameters.pictures.folder
    return _arranged(parameters, shown, arrays, levels, indices, seed) | dict(
        categories=names,
        licence="that of the photographs",
        source="given photographs" if folder is None else f"photographs of {folder.name}",
        factors=_factors(parameters, len(names), parameters.pictures.crosses(len(names))),
    )


def _factors(parameters: Mosaic, count: int, crossed: bool) -> dict[str, int]:
    conditions = dict(zip(("set_size", "place", "arrangement"), _conditions(parameters), strict=True))
    return conditions | objects.factors(2, count, crossed)


def _arranged(
    parameters: Mosaic,
    shown: Sequence[np.ndarray],
    arrays: Mapping[str, np.ndarray],
    levels: np.ndarray,
    indices: np.ndarray,
    seed: int,
) -> dict:
    """Put pictures of a quarter's size, (stimulus, y, x, channel) of each object, into their places.

    ``arrays`` are those of the objects within their quarters; those beyond the set size are not shown.
    """
    n, slots = len(levels), len(shown)
    height, width = parameters.quarter
    set_size, first = np.array(parameters.set_sizes)[levels[:, 0]], levels[:, 1]
    image, masks = np.zeros((n, 2 * height, 2 * width, 3), np.uint8), np.zeros((n, slots, 2 * height, 2 * width), bool)
    places = np.full((n, 4), -1)
    for k in range(n):
        random = generator(seed, STREAM, indices[k])
        pair = [first[k], first[k] ^ CHANGED[levels[k, 2]]]
        places[k] = [*pair, *random.permutation([place for place in range(4) if place not in pair])]
        there = [pictures[k] for pictures in shown[: set_size[k]]]
        for number, place in enumerate(places[k]):
            box = _box(place, height, width)
            if number < len(there):
                image[k][box] = there[number]
                masks[k, number][box] = arrays["object_mask"][k, number]
            else:
                image[k][box] = _filling(parameters, there[number % len(there)], seed, 4 * indices[k] + number, random)
    absent = np.arange(slots) >= set_size[:, None]
    kept = {
        name: np.where(absent, NOTHING.get(of.dtype.kind, -1), of).astype(of.dtype)
        for name, of in arrays.items()
        if of.ndim == 2
    }
    for name, side, steps in (("object_x", width, places % 2), ("object_y", height, places // 2)):
        if name in kept:
            kept[name] += steps[:, :slots].astype(np.float32) * side
    kept["object_place"] = np.where(absent, "none", labels(PLACES, places[:, :slots])).astype(object)
    return dict(
        arrays={"image": image, "object_mask": masks, **kept},
        dims={"object_place": (("stimulus", "object"), "quarter that holds each object", "1")} | photographs.SOURCE,
        design={
            "set_size": (set_size, "number of pictures", "1"),
            "place": (labels(PLACES, first), "quarter that holds the first picture", "1"),
            "arrangement": (labels(ARRANGEMENTS, levels[:, 2]), "where the second picture lies to the first", "1"),
        },
    )


def _filling(
    parameters: Mosaic, picture: np.ndarray, seed: int, number: int, random: np.random.Generator
) -> np.ndarray:
    """What an empty quarter holds, (y, x, channel) uint8."""
    if parameters.empty == SPECTRUM:
        return np.clip(scrambled(picture, random) + 0.5, 0, 255).astype(np.uint8)
    return canvas.quantised(backgrounds.fill(parameters.empty, parameters.quarter, seed, number))


def _box(place: int, height: int, width: int) -> tuple[slice, slice]:
    """Rows and columns of a quarter."""
    row, column = divmod(int(place), 2)
    return slice(row * height, (row + 1) * height), slice(column * width, (column + 1) * width)


MOSAIC = Family(
    "mosaic",
    "two to four objects, or photographs, in the quarters of an image",
    Mosaic,
    draw,
    course=presented,
)
