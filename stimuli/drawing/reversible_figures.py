"""The classic reversible figures as layers of vector graphics, ambiguous and in either reading alone.

Coordinates run from about -1 to 1, x to the right and y up. A figure is a list of layers, painted in order:
its signed distance in the same unit, its colour (grey level, or a function of x and y), and the reading
that it belongs to, where it is not common to both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.interpolate import PchipInterpolator

from stimuli.drawing import canvas

__all__ = ["FIGURES", "READINGS", "Layer"]

# the two readings of each figure
READINGS = {
    "necker": ("cube seen from above", "cube seen from below"),
    "schroeder": ("stairs seen from above", "stairs seen from below"),
    "vase": ("vase", "two faces"),
    "mach": ("convex card", "concave card"),
}
# half the width of the vase at heights from foot to brim: from below neck, chin, lips, nose and forehead
PROFILE = np.array([
    (-1.0, 0.66), (-0.9, 0.64), (-0.8, 0.58), (-0.7, 0.46), (-0.63, 0.32), (-0.54, 0.25), (-0.46, 0.25), (-0.38, 0.33),
    (-0.31, 0.27), (-0.25, 0.26), (-0.2, 0.32), (-0.15, 0.25), (-0.09, 0.25), (-0.02, 0.33), (0.03, 0.2), (0.09, 0.15),
    (0.2, 0.24), (0.34, 0.36), (0.42, 0.33), (0.52, 0.29), (0.68, 0.3), (0.84, 0.4), (0.95, 0.55), (1.0, 0.6),
])  # fmt: skip


@dataclass(frozen=True)
class Layer:
    """One part of a figure.

    Parameters
    ----------
    distance
        Signed distance function of x and y.
    colour
        Grey level, or function of x and y to grey levels.
    reading
        Number of the reading that the part belongs to, or None for both.
    """

    distance: canvas.Distance
    colour: float | Callable[[np.ndarray, np.ndarray], np.ndarray]
    reading: int | None = None


def _necker(reading: int | None, width: float) -> list[Layer]:
    """A cube's twelve edges; a solid cube hides the three that meet behind it (Necker 1832)."""
    square = 0.56 * np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)])
    lower, upper = square - 0.22, square + 0.22
    edges = [(face[i], face[(i + 1) % 4]) for face in (lower, upper) for i in range(4)]
    edges += list(zip(lower, upper, strict=True))
    hidden = {None: (np.inf, np.inf), 0: tuple(upper[0]), 1: tuple(lower[2])}[reading]
    seen = [edge for edge in edges if not any(np.allclose(end, hidden) for end in edge)]
    return [Layer(canvas.strokes(seen, width), 0.0)]


def _schroeder(reading: int | None, width: float) -> list[Layer]:
    """Stairs between two walls; without the one behind seen from above, without the other from below.

    The drawing is the same when turned by 180 degrees (Schroeder 1858).
    """
    steps = np.array([(0.4, 0.0), (0.0, -0.3)] * 3 + [(0.4, 0.0)])
    near = np.concatenate([np.zeros((1, 2)), np.cumsum(steps, axis=0)]) - (0.8, -0.45) - (0.14, 0.15)
    far = near + (0.28, 0.3)
    walls = [[*near, (near[0, 0], near[-1, 1])], [*far, (far[-1, 0], far[0, 1])]]
    faces = [[near[i], near[i + 1], far[i + 1], far[i]] for i in range(len(steps))]
    layers = []
    if reading is not None:
        treads = (0.95, 0.25)[reading]  # light comes from above
        layers += [Layer(canvas.polygon(face), 0.55 if i % 2 else treads) for i, face in enumerate(faces)]
        layers.append(Layer(canvas.polygon(walls[reading]), (0.4, 0.85)[reading]))
    shown = walls if reading is None else [walls[reading]]
    outlines = [[*outline, outline[0]] for outline in (*faces, *shown)]
    return [*layers, Layer(canvas.strokes(outlines, width), 0.0)]


def _vase(reading: int | None, width: float) -> list[Layer]:
    """A vase between two faces that share its outline (Rubin 1915)."""
    half_width = PchipInterpolator(*PROFILE.T)
    slope = half_width.derivative()

    def outline(x, y):
        height = np.clip(y, -1, 1)
        return (np.abs(x) - half_width(height)) / np.sqrt(1 + slope(height) ** 2)

    def vase(x, y):
        return np.maximum(outline(x, y), np.abs(y) - 1)

    def panel(x, y):
        return np.maximum(np.abs(x), np.abs(y)) - 1

    if reading is None:
        return [Layer(panel, 0.0, 1), Layer(vase, 1.0, 0)]
    if reading == 0:

        def shaded(x, y):  # a round body, lit from the upper left
            return 0.35 + 0.6 * np.exp(-(((x / half_width(np.clip(y, -1, 1)) + 0.35) / 0.6) ** 2))

        return [Layer(vase, shaded, 0), Layer(lambda x, y: _ellipse(x, y - 1, 0.6, 0.09), 0.25, 0)]

    def heads(x, y):
        side = np.abs(x)
        skull, jaw = _ellipse(side - 0.66, y - 0.3, 0.46, 0.66), _ellipse(side - 0.55, y + 0.28, 0.36, 0.36)
        neck = np.maximum(np.abs(side - 0.72) - 0.2, np.abs(y + 0.6) - 0.4)
        return np.maximum(np.minimum(np.minimum(skull, jaw), neck), -outline(x, y))

    def eyes(x, y):
        return _ellipse(np.abs(x) - 0.45, y - 0.27, 0.08, 0.045)

    def ears(x, y):
        return np.abs(_ellipse(np.abs(x) - 0.78, y - 0.16, 0.08, 0.14)) - width / 2

    return [Layer(heads, 0.0, 1), Layer(eyes, 1.0, 1), Layer(ears, 1.0, 1)]


def _ellipse(x, y, half_width: float, half_height: float) -> np.ndarray:
    """Distance to an ellipse around the origin, to first order (Taubin 1991)."""
    level = np.hypot(x / half_width, y / half_height)
    slope = np.hypot(x / half_width**2, y / half_height**2)
    return level * (level - 1) / np.maximum(slope, 1e-9) - (level == 0) * min(half_width, half_height)


def _mach(reading: int | None, width: float) -> list[Layer]:
    """A folded card (Mach 1886); perspective and light tell whether its edge points to the observer or away."""
    edge, side = {None: (0.6, 0.6), 0: (0.72, 0.48), 1: (0.48, 0.72)}[reading]
    pages = [[(0, -edge - 0.15), (0, edge - 0.15), (x, side + 0.15), (x, 0.15 - side)] for x in (-0.8, 0.8)]
    levels = {0: (0.95, 0.45), 1: (0.45, 0.95)}.get(reading, ())
    layers = [Layer(canvas.polygon(page), level) for page, level in zip(pages, levels, strict=False)]
    return [*layers, Layer(canvas.strokes([[*page, page[0]] for page in pages], width), 0.0)]


# from the reading (None for both) and the stroke width to the layers
FIGURES: dict[str, Callable[[int | None, float], list[Layer]]] = {
    "necker": _necker,
    "schroeder": _schroeder,
    "vase": _vase,
    "mach": _mach,
}
