"""The surfaces of the embedded objects: a typical hue and a preferred texture for each category."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

from stimuli.drawing.shapes import CATEGORIES

__all__ = ["TEXTURES", "Hue", "check_hue", "colours", "hues", "typical_hues"]

TEXTURES = ("plain", "stripes", "checks", "gradient")
Hue = Literal["category", "nothing", "conflicting"]  # what the hue of an object tells


def check_hue(hue: str, coloured: bool = True) -> None:
    """Refuse (ValueError) what hues cannot tell, or those of objects without a colour."""
    if hue not in get_args(Hue):
        raise ValueError(f"hue tells {', '.join(get_args(Hue))}: expected one of these, got {hue!r}")
    if hue != "category" and not coloured:
        raise ValueError(f"hue {hue} is about coloured objects: give coloured with it")


def typical_hues(classes: np.ndarray, hue: Hue, chance: np.ndarray) -> np.ndarray:
    """Give each object the hue of its category, any at all, or that of one of the other categories.

    Parameters
    ----------
    classes : (...) categories; their hues lie evenly on the circle.
    hue : what hues tell: the category, nothing, or another category than it is.
    chance : (...) random numbers in [0, 1), of which the last two are made.

    Returns
    -------
    (...) hues in degrees.
    """
    count = len(CATEGORIES)
    if hue == "nothing":
        return 360 * chance
    other = 1 + (chance * (count - 1)).astype(int) if hue == "conflicting" else 0
    return (classes + other) % count * (360 / count)


def hues(
    uniform: np.ndarray, classes: np.ndarray, sd: float, conflict: float, shift: float, hue: Hue = "category"
) -> np.ndarray:
    """Draw the hue of each object, (image, object) float32 in degrees.

    Parameters
    ----------
    uniform : (image, object, 12) random numbers in [0, 1).
    classes : (image, object) categories.
    sd : standard deviation around the hue that the object is to have, in degrees.
    conflict : probability that a hue is uniform instead.
    shift : added to every hue, in degrees.
    hue : what hues tell.
    """
    typical = typical_hues(classes, hue, uniform[..., 3])
    # a normal deviate from two of the uniforms (Box and Muller 1958)
    normal = np.sqrt(-2 * np.log(1 - uniform[..., 1])) * np.cos(2 * np.pi * uniform[..., 2])
    drawn = np.where(uniform[..., 3] < conflict, 360 * uniform[..., 1], typical + sd * normal)
    return ((drawn + shift) % 360).astype(np.float32)


def colours(
    u: np.ndarray, v: np.ndarray, hue: np.ndarray, uniform: np.ndarray, classes: np.ndarray, reliability: float
) -> np.ndarray:
    """Colour the surface of one object in each image, (image, channel, y, x) in [0, 1].

    Parameters
    ----------
    u, v : (image, y, x) coordinates in the object's frame, in units of its radius.
    hue : (image,) in degrees.
    uniform : (image, 12) random numbers in [0, 1).
    classes : (image,) categories.
    reliability : probability that the category's preferred texture is given.
    """
    preferred = classes % len(TEXTURES)
    other = (uniform[:, 5] * len(TEXTURES)).astype(int)
    texture = np.where(uniform[:, 4] < reliability, preferred, other)[:, None, None]
    cycles = (1.5 + 1.5 * uniform[:, 7])[:, None, None] * np.float32(np.pi)
    wave_u, wave_v = np.sin(cycles * u), np.sin(cycles * v)
    pattern = np.choose(texture, [np.float32(0), np.sign(wave_u), np.sign(wave_u * wave_v), np.clip(v, -1, 1)])
    value = (0.62 + 0.3 * uniform[:, 6])[:, None, None] * (1 - 0.22 * (1 - pattern) * (texture > 0))
    saturation = (0.6 + 0.4 * uniform[:, 5])[:, None, None]
    sextant = (np.array([5, 3, 1], np.float32) + hue[:, None] / 60) % 6
    fall = np.clip(np.minimum(sextant, 4 - sextant), 0, 1)[:, :, None, None]
    return value[:, None] * (1 - saturation[:, None] * fall)
