"""Clutter behind objects and occluders in front of them, in random streams of their own.

Fragments without a category crowd the scene (Bravo and Farid 2008); bars in front hide a known share of
each object and can be seen as lying before it (Bregman 1981).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from stimuli.drawing import canvas
from stimuli.foundation.design import generator

__all__ = ["add_fragments", "occlude"]

CLUTTER_STREAM, OCCLUDER_STREAM = 16, 32  # added to the streams of the families, which are below 16
FRAGMENT = 0.35  # size of fragments, in units of the largest object's radius
PERIOD = 0.6  # of the occluding bars, in units of the object's radius


def add_fragments(image: np.ndarray, count: int, radius: float, seed: int, index: int) -> None:
    """Scatter short strokes of random colours over a background (channel, y, x) in [0, 1], in place.

    ``radius`` is the largest of the scene's objects, in pixels.
    """
    random = generator(seed, CLUTTER_STREAM, index)
    picture = np.moveaxis(image, 0, -1)  # a view: what is painted shows in the image
    height, width = image.shape[1:]
    length = FRAGMENT * radius
    for x, y, angle, bend, hue, value in random.random((count, 6)):
        middle = np.array([x * width, y * height])
        ends = [2 * np.pi * angle, 2 * np.pi * angle + np.pi * (0.5 + bend)]
        line = [middle + length * np.array([np.cos(a), np.sin(a)]) for a in ends]
        stroke = canvas.strokes([[line[0], middle, line[1]]], max(1.0, 0.4 * length))
        colour = canvas.hue_colour(360 * hue, 0.7, 0.55 + 0.4 * value).astype(image.dtype)
        canvas.paint(picture, stroke, colour, (*middle, 1.3 * length))


def occlude(
    image: np.ndarray,
    mask: np.ndarray,
    arrays: dict[str, np.ndarray],
    share: float,
    seed: int,
    indices: Sequence[int],
) -> None:
    """Put parallel bars of a random grey in front of each object, in place, and take them out of the masks.

    Parameters
    ----------
    image : (image, channel, y, x) float in about [0, 1], changed.
    mask : (image, object, y, x) bool, changed.
    arrays : object_x, object_y and object_radius (image, object) in pixels.
    share : share of an object's frame that is covered, in (0, 1).
    seed, indices : of the set, and the numbers of the images.
    """
    size = image.shape[2:]
    for row, index in enumerate(indices):
        random = generator(seed, OCCLUDER_STREAM, index).random((mask.shape[1], 3))
        for k, (angle, phase, level) in enumerate(random):
            x, y, radius = (float(arrays[f"object_{name}"][row, k]) for name in ("x", "y", "radius"))
            bars = _bars(size, x, y, radius, share, np.pi * angle, phase).astype(np.float32)
            image[row] += bars * (np.float32(0.15 + 0.7 * level) - image[row])
            mask[row] &= bars < 0.5


def _bars(size: tuple[int, int], x: float, y: float, radius: float, share: float, angle: float, phase: float):
    """Coverage (y, x) in [0, 1] of parallel bars over a disk somewhat larger than an object's frame."""
    right, down = np.arange(size[1]) + 0.5 - x, (np.arange(size[0]) + 0.5 - y)[:, None]
    period = PERIOD * radius
    turns = (np.cos(angle) * right + np.sin(angle) * down) / period + phase
    to_axis = np.abs(turns % 1 - 0.5) * period  # distance to the middle of the nearest bar
    return np.clip(0.5 - np.maximum(to_axis - share * period / 2, np.hypot(right, down) - 1.1 * radius), 0, 1)
