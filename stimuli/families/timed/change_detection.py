"""Change detection: two displays with a blank between them, which are the same or differ in one item.

One-shot, as Luck and Vogel (1997) measured the capacity of visual working memory, with coloured squares; or
with objects of categories instead.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import xarray as xr

from stimuli.drawing import canvas as drawing
from stimuli.families import objects
from stimuli.families.displays import check_grey, check_radius, check_room, check_size, filled_up, grid, scattered
from stimuli.families.family import Family
from stimuli.families.timed.presentation import FIXATION, fixation, seen
from stimuli.foundation.design import accompanied, generator, labels, stacked
from stimuli.sets.format import stimulus_set
from stimuli.sets.frames import Frame

__all__ = ["CHANGE_DETECTION", "ChangeDetection", "course", "draw"]

STREAM = 54
HUES = 6  # colours of squares, 60 degrees apart
MOST = 11  # items, so that a change is always to something that the display has room for


@dataclass(frozen=True)
class ChangeDetection:
    """Items at jittered places of a grid, one of which changes in half of the stimuli.

    Parameters
    ----------
    size
        Height and width in pixels, at least 64.
    changes
        What an item may change: the hue of a square, each of six in at most two items, or its category, each of
        the objects' in at most one.
    set_sizes
        Numbers of items, 1 to 11, counterbalanced.
    shown
        How long the first display is shown in s.
    delay
        Blank time until the second display in s.
    radius
        Radius of the items, in units of the smaller side of the image.
    background
        Grey level in [0, 1].
    """

    size: tuple[int, int] = (224, 224)
    changes: Literal["hue", "category"] = "hue"
    set_sizes: tuple[int, ...] = (1, 2, 4, 8)
    shown: float = 0.1
    delay: float = 0.9
    radius: float = 0.07
    background: float = 0.5

    def __post_init__(self) -> None:
        check_size(self.size)
        if self.changes not in ("hue", "category"):
            raise ValueError(f"changes must be of hue or category, got {self.changes!r}")
        if not self.set_sizes or not all(1 <= count <= MOST for count in self.set_sizes):
            raise ValueError(f"set_sizes must be 1 to {MOST} items, at least one number, got {self.set_sizes}")
        if not (0 < self.shown < 60 and 0 < self.delay < 600):
            raise ValueError(f"shown and delay must be times above 0 s, got {self.shown} and {self.delay}")
        check_grey(self.background)
        check_radius(self.radius, self.size, least=3)
        check_room(self.size, max(self.set_sizes), self.radius, f"{max(self.set_sizes)} items")

    @property
    def kinds(self) -> int:
        """Number of hues or categories."""
        return HUES if self.changes == "hue" else len(objects.CATEGORIES)


@stimulus_set("change_detection")
def draw(parameters: ChangeDetection, indices: np.ndarray, seed: int) -> dict:
    """Draw second displays of as many objects as the largest set size; object 0 is the one that changes, if any.

    ``first_class`` and ``first_hue`` (stimulus, object) tell what stood there in the first display. Design
    variables: ``change`` (same, changed; also the label), ``set_size``, and ``changed_from`` and ``changed_to``
    (hue in degrees or category of object 0 in the first and the second display, the same where nothing
    changes). Objects beyond the set size have class -1, no place and empty masks. Changes are balanced to
    within one in every first n images; changes, set sizes and what is seen of object 0 are crossed.
    """
    p = parameters
    conditions = {"change": 2, "set_size": len(p.set_sizes)}
    levels, pair = accompanied(indices, (*conditions.values(),), p.kinds, 1, seed, STREAM)
    before = np.where(levels[:, 0] == 1, pair[:, 1], pair[:, 0])
    set_size, change = np.array(p.set_sizes)[levels[:, 1]], labels(("same", "changed"), levels[:, 0])
    arrays = stacked(
        _display(p, generator(seed, STREAM, i), *row)
        for i, *row in zip(indices, set_size, before, *pair.T, strict=True)
    )
    arrays["first_class"], arrays["first_hue"] = (
        arrays[name].astype(kind) for name, kind in (("first_class", np.int16), ("first_hue", np.float32))
    )
    per_object = ("stimulus", "object")
    return dict(
        arrays=arrays,
        categories=objects.CATEGORIES,
        label=change,
        dims={
            "first_class": (per_object, "category of each object in the first display", "1"),
            "first_hue": (per_object, "hue of each object in the first display", "degree"),
        },
        design={
            "change": (change, "whether an object changes", "1"),
            "set_size": (set_size, "number of items", "1"),
            "changed_from": (*_told(p, before),),
            "changed_to": (*_told(p, pair[:, 0]),),
        },
        factors=conditions | {"changed_to": p.kinds, "pair of kinds": p.kinds - 1},
    )


def _told(parameters: ChangeDetection, kinds: np.ndarray) -> tuple[np.ndarray, str, str]:
    """What object 0 is in a display."""
    if parameters.changes == "hue":
        return _hue(parameters, kinds), "hue of object 0", "degree"
    return labels(objects.CATEGORIES, kinds), "category of object 0", "1"


def _hue(parameters: ChangeDetection, kinds: np.ndarray) -> np.ndarray:
    """Hue of items in degrees: of squares their own, of objects their category's."""
    return 360.0 / parameters.kinds * kinds


def _form(parameters: ChangeDetection, kinds: np.ndarray) -> np.ndarray:
    """Category of items: squares are told by their hue alone."""
    return np.full(len(kinds), objects.CATEGORIES.index("square")) if parameters.changes == "hue" else kinds


def _display(
    parameters: ChangeDetection, random: np.random.Generator, set_size: int, before: int, after: int, other: int
) -> dict[str, np.ndarray]:
    """Draw a second display, and tell of the first."""
    p, slots = parameters, max(parameters.set_sizes)
    radius = p.radius * min(p.size)
    # what object 0 is or could have been is taken, so that a change shows nothing that stood elsewhere too often
    free = np.repeat(np.arange(p.kinds), 2 if p.changes == "hue" else 1)
    free = np.delete(free, np.searchsorted(free, [after, other]))
    others = random.permutation(free)[: set_size - 1]
    cells = random.permutation(math.prod(grid(p.size, slots)))[:set_size]
    # as the table of a set holds them, so that the first display can be drawn from it
    centres = scattered(cells, p.size, slots, radius, random).astype(np.float32)
    kinds, former = (np.array([own, *others]) for own in (after, before))
    image, masks = _painted(p, _form(p, kinds), _hue(p, kinds), centres)
    values = {"x": centres[:, 0], "y": centres[:, 1], "radius": [radius] * set_size, "rotation": [0.0] * set_size}
    shown = filled_up(_form(p, kinds), values | {"hue": _hue(p, kinds)}, slots)
    first = filled_up(_form(p, former), {"hue": _hue(p, former)}, slots)
    return {
        "image": image,
        "object_mask": np.concatenate([masks, np.zeros((slots - set_size, *p.size), bool)]),
        **shown,
        **{name.replace("object", "first"): values for name, values in first.items()},
    }


def _painted(
    parameters: ChangeDetection, forms: np.ndarray, hues: np.ndarray, centres: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Paint items: a picture (y, x, channel) uint8 and their masks (item, y, x)."""
    p, radius = parameters, parameters.radius * min(parameters.size)
    image = drawing.canvas(p.size, p.background)
    masks = [
        drawing.paint(
            image,
            drawing.category(objects.CATEGORIES[form], *centre, radius),
            drawing.hue_colour(hue),
            (*centre, radius),
        )
        for form, hue, centre in zip(forms, hues.astype(float), centres.astype(float), strict=True)
    ]
    return drawing.quantised(image), np.stack(masks)


def course(parameters: ChangeDetection, stimuli: xr.Dataset, number: int) -> tuple[Frame, ...]:
    """Show fixation, the first display, a blank, and the second display until the response."""
    p, one = parameters, stimuli.isel(stimulus=number)
    there = one["first_class"].values >= 0
    centres = np.column_stack([one[name].values[there] for name in ("object_x", "object_y")])
    first, _ = _painted(p, one["first_class"].values[there], one["first_hue"].values[there], centres)
    return (
        Frame("fixation", FIXATION, fixation(p, p.size)),
        Frame("first", p.shown, first),
        Frame("blank", p.delay),
        seen(stimuli, number, "second"),
    )


CHANGE_DETECTION = Family(
    "change_detection",
    "two displays with a blank between them, in which an item may have changed",
    ChangeDetection,
    draw,
    for_models=ChangeDetection(changes="category", set_sizes=(1, 2, 4, 6), radius=0.12),
    course=course,
)
