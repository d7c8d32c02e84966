"""What families of displays share: refused sizes and grey levels, and variables of absent objects."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import field

import numpy as np

__all__ = [
    "check_grey", "check_ink", "check_jitter", "check_radius", "check_room", "check_size", "filled_up", "grid",
    "jittered", "scattered",
]  # fmt: skip

SMALLEST = 64


def check_size(size: tuple[int, int]) -> None:
    """Refuse a display of fewer than 64 pixels a side."""
    if min(size) < SMALLEST:
        raise ValueError(f"size must be at least {SMALLEST} x {SMALLEST} pixels, got {size}")


def check_grey(background: float) -> None:
    """Refuse what is no grey level in [0, 1]."""
    if not 0 <= background <= 1:
        raise ValueError(f"background must be a grey level in [0, 1], got {background}")


def check_ink(ink: float, background: float) -> None:
    """Refuse grey levels of which one cannot be seen on the other."""
    if not (0 <= ink <= 1 and 0 <= background <= 1) or ink == background:
        raise ValueError(f"ink and background must be different grey levels, got {ink} and {background}")


def check_radius(radius: float, size: tuple[int, int], least: int) -> None:
    """Refuse objects of a radius, in units of the smaller side, below ``least`` pixels."""
    if not radius * min(size) >= least:
        raise ValueError(f"radius must be at least {least} pixels to be seen, got {radius} of {min(size)} pixels")


def jittered(jitter: float) -> float:
    """Declare how far the objects of a display lie beside their places; recipes that do not tell it had none."""
    return field(default=jitter, metadata={"formerly": 0.0})


def check_jitter(jitter: float) -> None:
    """Refuse displacements, in radii, that would take objects out of their frames."""
    if not 0 <= jitter <= 0.2:
        raise ValueError(f"jitter must be in [0, 0.2] radii, got {jitter}")


def grid(size: tuple[int, int], count: int) -> tuple[int, int]:
    """Rows and columns of cells, as dense either way, of which there are at least ``count``."""
    rows = max(1, round(math.sqrt(count * size[0] / size[1])))
    return rows, math.ceil(count / rows)


def check_room(size: tuple[int, int], count: int, radius: float, items: str) -> None:
    """Refuse items, named so, of a radius in units of the smaller side of which a cell of the grid holds none."""
    rows, columns = grid(size, count)
    if min(size[0] / rows, size[1] / columns) < 2.2 * radius * min(size):
        raise ValueError(f"{items} of radius {radius} do not fit; choose smaller items or fewer")


def scattered(
    cells: np.ndarray, size: tuple[int, int], count: int, radius: float, random: np.random.Generator
) -> np.ndarray:
    """Centres (item, 2) of items, x and y in pixels, each at a random place in its own cell of a grid.

    ``cells`` (item,) are numbered along the rows of ``grid(size, count)``; the radius is in pixels.
    """
    rows, columns = grid(size, count)
    cell = np.array([size[1] / columns, size[0] / rows])
    corner = np.column_stack([cells % columns, cells // columns]) * cell
    return corner + cell / 2 + (random.random((len(cells), 2)) - 0.5) * (cell - 2.1 * radius)


def filled_up(classes: Sequence[int], places: Mapping[str, Sequence[float]], slots: int) -> dict[str, np.ndarray]:
    """Give the variables of a display's objects, with those that it lacks: of class -1, and without a place.

    ``classes`` and ``places`` (x, y, radius and whatever else is known, by name) are those of the
    objects that are there; ``object_class`` and ``object_NAME`` (object,) of all slots come out.
    """
    unused = (0, slots - len(classes))
    known = {f"object_{name}": np.pad(values, unused, constant_values=np.nan) for name, values in places.items()}
    return {"object_class": np.pad(classes, unused, constant_values=-1), **known}
