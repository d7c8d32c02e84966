"""The twelve object categories as signed-distance functions.

Every function takes coordinates in the object's own frame (x to the right, y up, circumscribed
circle of about radius 1) and returns a distance that is negative inside and grows by about one
per unit outside, so that ``0.5 - distance_in_pixels`` is an anti-aliased coverage.
"""

from __future__ import annotations

import numpy as np

__all__ = ["CATEGORIES", "SHAPES"]


def _disk(x, y):
    return np.hypot(x, y) - 0.85


def _box(x, y, half_width, half_height):
    return np.maximum(np.abs(x) - half_width, np.abs(y) - half_height)


def _square(x, y):
    return _box(x, y, 0.75, 0.75)


def _triangle(x, y):
    y = y + 0.12  # lowers the centroid, so that the drawn triangle lies nearer to the middle of its frame
    return np.maximum(-y, 0.8660254 * np.abs(x) + 0.5 * y) - 0.52


def _star(x, y):
    sector = np.pi / 5
    angle = np.abs((np.arctan2(x, y) + sector) % (2 * sector) - sector)
    radius = np.hypot(x, y)
    u, v = radius * np.cos(angle), radius * np.sin(angle)
    # the edge from the outer vertex (1, 0) to the inner one at half a sector
    inner_u, inner_v = 0.42 * np.cos(sector), 0.42 * np.sin(sector)
    length = np.hypot(1 - inner_u, inner_v)
    return ((u - 1) * inner_v + v * (1 - inner_u)) / length


def _cross(x, y):
    return np.minimum(_box(x, y, 0.92, 0.28), _box(x, y, 0.28, 0.92))


def _ring(x, y):
    return np.abs(np.hypot(x, y) - 0.68) - 0.2


def _crescent(x, y):
    return np.maximum(np.hypot(x + 0.1, y) - 0.9, 0.78 - np.hypot(x - 0.38, y))


def _heart(x, y):
    x, y = np.abs(x), y + 0.12
    tip = (x + np.abs(y) - 0.75) * 0.70710678
    lobe = np.hypot(x - 0.375, y - 0.375) - 0.5303301
    return np.minimum(tip, lobe)


def _bar(x, y):
    return _box(x, y, 0.95, 0.26)


def _arrow(x, y):
    shaft = _box(x + 0.4, y, 0.55, 0.19)
    head = np.maximum(-0.02 - x, (0.75 * x + np.abs(y) - 0.7125) * 0.8)
    return np.minimum(shaft, head)


def _flower(x, y):
    return 0.65 * (np.hypot(x, y) - 0.68 - 0.26 * np.cos(5 * np.arctan2(x, y)))


def _horseshoe(x, y):
    arc = np.abs(np.hypot(x, y) - 0.66) - 0.22
    return np.maximum(arc, -np.maximum(np.abs(x) - 0.42, y))


SHAPES = {
    "disk": _disk,
    "square": _square,
    "triangle": _triangle,
    "star": _star,
    "cross": _cross,
    "ring": _ring,
    "crescent": _crescent,
    "heart": _heart,
    "bar": _bar,
    "arrow": _arrow,
    "flower": _flower,
    "horseshoe": _horseshoe,
}
CATEGORIES = tuple(SHAPES)
