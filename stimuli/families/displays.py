"""What families of displays share: refused sizes and grey levels, and variables of absent objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

__all__ = ["check_grey", "check_ink", "check_radius", "check_size", "filled_up"]

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


def filled_up(classes: Sequence[int], places: Mapping[str, Sequence[float]], slots: int) -> dict[str, np.ndarray]:
    """Give the variables of a display's objects, with those that it lacks: of class -1, and without a place.

    ``classes`` and ``places`` (x, y, radius and whatever else is known, by name) are those of the
    objects that are there; ``object_class`` and ``object_NAME`` (object,) of all slots come out.
    """
    unused = (0, slots - len(classes))
    known = {f"object_{name}": np.pad(values, unused, constant_values=np.nan) for name, values in places.items()}
    return {"object_class": np.pad(classes, unused, constant_values=-1), **known}
