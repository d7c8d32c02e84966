"""Hybrid images: the low spatial frequencies of one picture and the high ones of another.

From afar or at a glance the coarse picture is seen, from near the fine one (Schyns and Oliva 1994; Oliva,
Torralba and Schyns 2006).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy import ndimage

from stimuli.families import objects
from stimuli.families.family import Family
from stimuli.families.timed.presentation import presented
from stimuli.foundation.design import accompanied
from stimuli.pictures import photographs
from stimuli.sets.format import stimulus_set

__all__ = ["HYBRID", "Hybrid", "draw", "mixed"]

STREAM = 9


@dataclass(frozen=True)
class Hybrid:
    """Two embedded objects of different categories, one in low and one in high spatial frequencies.

    Parameters
    ----------
    scene
        How each object is drawn, on a background of its own; one object.
    low
        Frequencies at which the coarse picture's contrast falls to a half, in cycles per image height;
        counterbalanced.
    high
        Frequency at which the fine picture's contrast rises to a half, in cycles per image height.
    pictures
        Photographs instead of the embedded objects; of the scene, only the size counts then.
    """

    scene: objects.Objects = field(
        default_factory=lambda: objects.Objects((224, 224), radius=(0.28, 0.4), contrast=0.06)
    )
    low: tuple[float, ...] = (4.0, 8.0)
    high: float = 16.0
    pictures: photographs.Pictures = field(default_factory=photographs.Pictures)

    def __post_init__(self) -> None:
        if self.scene.n_objects != 1:
            raise ValueError(f"each picture holds one object, got n_objects = {self.scene.n_objects}")
        nyquist = self.scene.size[0] / 2
        if not self.low or not all(0 < low < nyquist for low in (*self.low, self.high)):
            raise ValueError(
                f"low and high must be frequencies in (0, {nyquist}) cycles per image of {self.scene.size[0]} pixels, "
                f"got {self.low} and {self.high}"
            )


@stimulus_set("hybrid")
def draw(parameters: Hybrid, indices: np.ndarray, seed: int) -> dict:
    """Draw hybrids, object 0 being the coarse and object 1 the fine one.

    Masks are those before filtering, whose effect reaches beyond them. Design variables ``low`` and
    ``high``. Frequencies are balanced to within one in every first n images, frequencies and categories
    in every ``12 * len(low)``. The label is the category of the coarse picture. Photographs have no
    places, and masks that cover the whole image.
    """
    if parameters.pictures.given():
        return _of_pictures(parameters, indices, seed)
    levels, classes = accompanied(indices, (len(parameters.low),), len(objects.CATEGORIES), 1, seed, STREAM)
    coarse, fine = (
        objects.render(parameters.scene, seed, (STREAM << 56) + 2 * indices + k, classes[:, k : k + 1])
        for k in range(2)
    )
    low = np.array(parameters.low, float)[levels[:, 0]]
    arrays = {name: np.concatenate([coarse[name], fine[name]], axis=1) for name in coarse if name != "image"}
    arrays["image"] = np.stack([
        mixed(*pictures, cutoff, parameters.high)
        for *pictures, cutoff in zip(coarse["image"], fine["image"], low, strict=True)
    ])  # fmt: skip
    return dict(
        arrays=arrays,
        categories=objects.CATEGORIES,
        design=_design(low, np.full(len(indices), parameters.high)),
        factors={"low": len(parameters.low)} | objects.factors(2),
    )


def _of_pictures(parameters: Hybrid, indices: np.ndarray, seed: int) -> dict:
    """Hybrids of photographs of different classes."""
    files, size = parameters.pictures.listed(), parameters.scene.size
    levels, pair = photographs.paired(
        files, (len(parameters.low),), indices, indices, seed, STREAM, size, parameters.pictures, enlarge=False
    )
    low = np.array(parameters.low, float)[levels[:, 0]]
    mixes = [mixed(*pictures, parameters.high) for pictures in zip(pair.first, pair.second, low, strict=True)]
    return dict(
        arrays={"image": np.stack(mixes), "object_mask": np.ones((len(low), 2, *size), bool), **pair.arrays},
        categories=pair.categories,
        dims=photographs.SOURCE,
        design=_design(low, np.full(len(low), parameters.high)),
        licence="that of the pictures",
        source="given pictures",
        factors={"low": len(parameters.low)} | objects.factors(2, len(files), parameters.pictures.crosses(len(files))),
    )


def mixed(coarse: np.ndarray, fine: np.ndarray, low: float, high: float) -> np.ndarray:
    """Add the high frequencies of a picture to the low ones of another, (y, x, channel) uint8.

    ``low`` and ``high`` are the frequencies at which the Gaussian filters pass a half, in cycles per
    image height; grey levels beyond the range are clipped.
    """
    height = coarse.shape[0]
    fine = fine.astype(np.float32)
    image = _blurred(coarse.astype(np.float32), low / height) + fine - _blurred(fine, high / height)
    return np.clip(image + 0.5, 0, 255).astype(np.uint8)


def _blurred(picture: np.ndarray, frequency: float) -> np.ndarray:
    """Gaussian low-pass whose gain is a half at a frequency in cycles per pixel."""
    sigma = np.sqrt(np.log(2) / 2) / (np.pi * frequency)  # exp(-2 (pi sigma f)^2) = 1/2
    return ndimage.gaussian_filter(picture, (sigma, sigma, 0), mode="reflect")


def _design(low: np.ndarray, high: np.ndarray) -> dict[str, tuple[np.ndarray, str, str]]:
    """The two cut-offs as design variables."""
    return {
        "low": (low, "half-contrast frequency of the coarse picture", "cycles per image height"),
        "high": (high, "half-contrast frequency of the fine picture", "cycles per image height"),
    }


HYBRID = Family(
    "hybrid",
    "low spatial frequencies of one picture, high ones of another",
    Hybrid,
    draw,
    course=presented,
)
