"""Visual search: a target among distractors that differ from it in one feature or share one each with it.

The displays of Treisman and Gelade (1980): a feature target pops out, a conjunction of colour and form has
to be searched for, the longer the more items there are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from stimuli.drawing import canvas as drawing
from stimuli.families import objects
from stimuli.families.displays import check_grey, check_radius, check_room, check_size, filled_up, grid, scattered
from stimuli.families.family import Family
from stimuli.families.timed.presentation import presented_on_plain
from stimuli.foundation.design import crossed, generator, labels, stacked
from stimuli.sets.format import stimulus_set

__all__ = ["SEARCH", "Search", "draw"]

STREAM = 4


@dataclass(frozen=True)
class Search:
    """Items of two colours and two forms on a jittered grid.

    Parameters
    ----------
    size
        Height and width in pixels, at least 64.
    kind
        What sets the target apart: its colour, its form, or only the conjunction of both.
    set_sizes
        Numbers of items, counterbalanced.
    forms
        Categories of the two forms; where they are the same one, as it is and turned by 90 degrees.
    hues
        The two colours, in degrees.
    radius
        Radius of the items, in units of the smaller side of the image.
    background
        Grey level in [0, 1].
    """

    size: tuple[int, int] = (224, 224)
    kind: Literal["colour", "form", "conjunction"] = "conjunction"
    set_sizes: tuple[int, ...] = (4, 8, 16)
    forms: tuple[str, str] = ("bar", "bar")
    hues: tuple[float, float] = (0.0, 120.0)
    radius: float = 0.07
    background: float = 0.5

    def __post_init__(self) -> None:
        check_size(self.size)
        if self.kind not in ("colour", "form", "conjunction"):
            raise ValueError(f"kind must be colour, form or conjunction, got {self.kind!r}")
        if not self.set_sizes or min(self.set_sizes) < 2:
            raise ValueError(f"set_sizes must be at least 2 items each, got {self.set_sizes}")
        if unknown := [form for form in self.forms if form not in objects.CATEGORIES]:
            raise ValueError(f"forms must be of {', '.join(objects.CATEGORIES)}; got {', '.join(unknown)}")
        if self.forms[0] == self.forms[1] and self.forms[0] in ("disk", "ring", "square", "cross"):
            raise ValueError(f"forms must differ when turned by 90 degrees, got {self.forms[0]} twice")
        if not all(math.isfinite(hue) for hue in self.hues) or (self.hues[0] - self.hues[1]) % 360 == 0:
            raise ValueError(f"hues must be two different angles in degrees, got {self.hues}")
        check_grey(self.background)
        check_radius(self.radius, self.size, least=3)
        check_room(self.size, max(self.set_sizes), self.radius, f"{max(self.set_sizes)} items")


@stimulus_set("search")
def draw(parameters: Search, indices: np.ndarray, seed: int) -> dict:
    """Draw search displays of as many objects as the largest set size; object 0 is the target.

    Design variables: ``set_size``, ``target`` (present, absent; also the label), ``target_form`` and
    ``target_hue``. Objects beyond the set size have class -1, no place and empty masks. Presence is
    balanced to within one in every first n images, presence, set sizes and the target's features
    crossed.
    """
    factors = {"target": 2, "set_size": len(parameters.set_sizes), "target_form": 2, "target_hue": 2}
    levels = crossed(indices, factors.values(), seed, STREAM)
    set_size = np.array(parameters.set_sizes)[levels[:, 1]]
    arrays = stacked(
        _display(parameters, generator(seed, STREAM, i), size, bool(row[0]), row[2], row[3])
        for i, size, row in zip(indices, set_size, levels, strict=True)
    )
    target = labels(("absent", "present"), levels[:, 0])
    same = parameters.forms[0] == parameters.forms[1]
    names = (parameters.forms[0], f"turned {parameters.forms[1]}") if same else parameters.forms
    return dict(
        arrays=arrays,
        categories=objects.CATEGORIES,
        label=target,
        design={
            "set_size": (set_size, "number of items", "1"),
            "target": (target, "whether there is a target", "1"),
            "target_form": (labels(names, levels[:, 2]), "form that is looked for", "1"),
            "target_hue": (np.array(parameters.hues, float)[levels[:, 3]], "hue that is looked for", "degree"),
        },
        factors=factors,
    )


def _features(kind: str, set_size: int, present: bool, form: int, hue: int) -> np.ndarray:
    """(item, 2) form and hue of each item, the target's first; a conjunction's distractors share one."""
    odd = np.arange(set_size) % 2 == 1
    other = {
        "colour": (np.full(set_size, form), np.full(set_size, 1 - hue)),
        "form": (np.full(set_size, 1 - form), np.full(set_size, hue)),
        "conjunction": (np.where(odd, form, 1 - form), np.where(odd, 1 - hue, hue)),
    }[kind]
    items = np.column_stack(other)
    if present:
        items[0] = form, hue
    return items


def _display(parameters: Search, random: np.random.Generator, set_size: int, present: bool, form: int, hue: int):
    """Draw one display; items lie in cells of a grid, each at a random place in its own."""
    p, slots = parameters, max(parameters.set_sizes)
    radius = p.radius * min(p.size)
    cells = random.permutation(math.prod(grid(p.size, slots)))[:set_size]
    centres = scattered(cells, p.size, slots, radius, random)
    items = _features(p.kind, set_size, present, form, hue)
    turned = 90.0 * items[:, 0] if p.forms[0] == p.forms[1] else np.zeros(set_size)
    categories = np.array([objects.CATEGORIES.index(name) for name in p.forms])
    image, mask = drawing.canvas(p.size, p.background), np.zeros((slots, *p.size), bool)
    for k, (centre, (f, h)) in enumerate(zip(centres, items, strict=True)):
        figure = drawing.category(p.forms[f], *centre, radius, turned[k])
        mask[k] = drawing.paint(image, figure, drawing.hue_colour(p.hues[h]), (*centre, 1.2 * radius))
    hues = np.array(p.hues, float)[items[:, 1]] % 360
    values = {"x": centres[:, 0], "y": centres[:, 1], "radius": [radius] * set_size, "rotation": turned, "hue": hues}
    return {
        "image": drawing.quantised(image),
        "object_mask": mask,
        **filled_up(categories[items[:, 0]], values, slots),
    }


SEARCH = Family(
    "search",
    "search arrays with a feature or conjunction target",
    Search,
    draw,
    for_models=Search(kind="form", set_sizes=(2, 4, 8), forms=("triangle", "cross"), hues=(60.0, 120.0), radius=0.1),
    course=presented_on_plain,
)
