"""Vector graphics by signed distance: anti-aliased polygons, strokes and category shapes on a grey canvas.

Coordinates are pixels from the upper left corner, x to the right and y down, pixel centres at half integers.
A distance function takes x (1, width) and y (height, 1) and is negative inside.
"""

from __future__ import annotations

import colorsys
from collections.abc import Callable, Sequence

import numpy as np

from stimuli.drawing.shapes import SHAPES

__all__ = ["canvas", "category", "fixation", "frame", "hue_colour", "paint", "polygon", "quantised", "strokes"]

Distance = Callable[[np.ndarray, np.ndarray], np.ndarray]
Points = Sequence[tuple[float, float]] | np.ndarray


def canvas(size: tuple[int, int], level: float) -> np.ndarray:
    """Make a picture of a height and width and one grey level in [0, 1], (y, x, channel) float64."""
    return np.full((*size, 3), level)


def paint(
    image: np.ndarray,
    distance: Distance,
    colour: float | Sequence[float] | np.ndarray,
    around: tuple[float, float, float] | None = None,
) -> np.ndarray:
    """Paint a figure onto a picture, in place; a pixel is mixed by the share of it that the figure covers.

    Parameters
    ----------
    image : (y, x, channel) float, changed.
    distance : signed distance to the figure in pixels.
    colour : grey level, (channel,) or (y, x, channel) in [0, 1].
    around : centre x, centre y and reach in pixels; nothing is painted beyond, which saves time.

    Returns
    -------
    (y, x) bool mask of the pixels of which the figure covers at least half.
    """
    height, width = image.shape[:2]
    rows, columns = slice(0, height), slice(0, width)
    if around is not None:
        centre_x, centre_y, reach = around[0], around[1], around[2] + 2
        rows = slice(max(0, int(centre_y - reach)), max(0, min(height, int(centre_y + reach) + 1)))
        columns = slice(max(0, int(centre_x - reach)), max(0, min(width, int(centre_x + reach) + 1)))
    x, y = np.arange(columns.start, columns.stop) + 0.5, np.arange(rows.start, rows.stop) + 0.5
    covered = np.clip(0.5 - distance(x[None], y[:, None]), 0, 1)
    colour = np.asarray(colour, float)
    if colour.ndim == 3:
        colour = colour[rows, columns]
    image[rows, columns] += covered[..., None] * (colour - image[rows, columns])
    mask = np.zeros((height, width), bool)
    mask[rows, columns] = covered >= 0.5
    return mask


def category(name: str, centre_x: float, centre_y: float, radius: float, rotation: float = 0.0) -> Distance:
    """One of the object categories' shapes; radius of its frame in pixels, rotation in degrees."""
    cosine, sine = np.cos(np.deg2rad(rotation)), np.sin(np.deg2rad(rotation))

    def distance(x, y):
        right, up = (x - centre_x) / radius, (centre_y - y) / radius
        return radius * SHAPES[name](cosine * right + sine * up, cosine * up - sine * right)

    return distance


def polygon(points: Points) -> Distance:
    """Fill a simple polygon of corners (corner, 2), x and y in pixels, in either sense of rotation.

    The distance is that to the nearest side, negative where a ray crosses an odd number of sides.
    """
    corners = np.asarray(points, float)

    def distance(x, y):
        nearest, inside = np.inf, np.zeros(np.broadcast_shapes(x.shape, y.shape), bool)
        for start, end in zip(corners, np.roll(corners, -1, axis=0), strict=True):
            nearest = np.minimum(nearest, _to_segment(x, y, start, end))
            if start[1] != end[1]:
                crossing = start[0] + (y - start[1]) * (end[0] - start[0]) / (end[1] - start[1])
                inside ^= ((y >= start[1]) != (y >= end[1])) & (x < crossing)
        return np.where(inside, -nearest, nearest)

    return distance


def strokes(lines: Sequence[Points], width: float) -> Distance:
    """Draw polylines, each (point, 2), x and y in pixels, with round ends; width in pixels."""
    polylines = [np.asarray(line, float) for line in lines]

    def distance(x, y):
        nearest = np.inf
        for line in polylines:
            for start, end in zip(line, line[1:], strict=False):
                nearest = np.minimum(nearest, _to_segment(x, y, start, end))
        return nearest - width / 2

    return distance


def fixation(centre_x: float, centre_y: float, reach: float, width: float) -> Distance:
    """Draw a fixation mark: three short strokes that point at its open centre, unlike any category.

    ``reach`` is the length from the centre to the ends of the strokes, in pixels.
    """
    angles = np.deg2rad((90, 210, 330))
    ends = [np.column_stack([centre_x + r * np.cos(angles), centre_y - r * np.sin(angles)]) for r in (reach / 2, reach)]
    return strokes(np.stack(ends, axis=1), width)


def frame(centre_x: float, centre_y: float, half: float, width: float) -> Distance:
    """Draw the outline of a square; ``half`` its side in pixels, to the middle of the stroke."""

    def distance(x, y):
        return np.abs(np.maximum(np.abs(x - centre_x), np.abs(y - centre_y)) - half) - width / 2

    return distance


def hue_colour(hue: float, saturation: float = 0.8, value: float = 0.8) -> np.ndarray:
    """Give the colour (channel,) of a hue in degrees; saturation and value in [0, 1], as it is."""
    return np.array(colorsys.hsv_to_rgb(hue / 360 % 1, saturation, value))


def quantised(image: np.ndarray) -> np.ndarray:
    """Round a picture of floats in [0, 1], clipped beyond, to grey levels, uint8."""
    return np.clip(np.asarray(image) * 255 + 0.5, 0, 255).astype(np.uint8)


def _to_segment(x: np.ndarray, y: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Distance of points to a line segment."""
    along_x, along_y = end - start
    length = max(along_x**2 + along_y**2, 1e-12)
    share = np.clip(((x - start[0]) * along_x + (y - start[1]) * along_y) / length, 0, 1)
    return np.hypot(x - start[0] - share * along_x, y - start[1] - share * along_y)
