"""A T among L's: search in configurations that come again, and in new ones (Chun and Jiang 1998).

In each block every repeated configuration comes once, and as many new ones. Places of targets come equally
often in both; which way the T is turned, which is asked for, follows neither configuration nor place. Who has
met a configuration before finds its T sooner, contextual cueing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from stimuli.drawing import canvas as drawing
from stimuli.drawing import letters
from stimuli.families.displays import check_ink, check_radius, check_room, check_size, grid, scattered
from stimuli.families.family import Family
from stimuli.families.timed.presentation import presented_on_plain
from stimuli.foundation.design import crossed, generator, labels, stacked
from stimuli.sets.format import stimulus_set

__all__ = ["CONTEXTUAL_SEARCH", "ContextualSearch", "draw"]

STREAM = 57
LASTING = 2**55  # added to numbers of what stays over the blocks: more than there are stimuli
CELLS_OF_AN_ITEM = 4
LETTERS = ("T", "L")
STEM = {"left": 90.0, "right": 270.0}  # clockwise rotation in degrees of a T whose stem points there


@dataclass(frozen=True)
class ContextualSearch:
    """A T turned to the left or right, among L's turned any way, on a jittered grid.

    Parameters
    ----------
    size
        Height and width in pixels, at least 64.
    set_size
        Number of items, at least 2.
    configurations
        Of each kind, repeated and new, in a block of stimuli.
    radius
        Half the height of the letters, in units of the smaller side of the image.
    ink, background
        Grey levels in [0, 1].
    """

    size: tuple[int, int] = (224, 224)
    set_size: int = 12
    configurations: int = 12
    radius: float = 0.035
    ink: float = 1.0
    background: float = 0.5

    def __post_init__(self) -> None:
        check_size(self.size)
        if not 2 <= self.set_size <= 100:
            raise ValueError(f"set_size must be 2 to 100 items, got {self.set_size}")
        check_radius(self.radius, self.size, least=3)
        check_room(self.size, self.spread, self.radius, f"{self.set_size} items in {self.cells} places")
        if not 1 <= self.configurations <= self.cells // 2:
            raise ValueError(
                f"configurations must be 1 to {self.cells // 2}, as {self.set_size} items have {self.cells} places and "
                f"no two targets one of them; got {self.configurations}"
            )
        check_ink(self.ink, self.background)

    @property
    def spread(self) -> int:
        """Smallest number of places."""
        return CELLS_OF_AN_ITEM * self.set_size

    @property
    def cells(self) -> int:
        """Number of places of the grid that has at least so many."""
        return math.prod(grid(self.size, self.spread))


@stimulus_set("contextual_search")
def draw(parameters: ContextualSearch, indices: np.ndarray, seed: int) -> dict:
    """Draw search displays; object 0 is the T, the others L's.

    Design variables: ``configuration`` (repeated, new), ``configuration_number`` (which of either kind; its
    target's place is the same in all blocks, also of new ones), ``block`` and ``target_direction`` (left,
    right: where the stem of the T points; also the label). Kinds are balanced to within one in every first n
    images; in each block every configuration comes once, in two blocks with either direction.
    """
    p, count = parameters, parameters.configurations
    factors = {"configuration": 2, "configuration_number": count, "target_direction": 2}
    levels = crossed(indices, factors.values(), seed, STREAM)
    new, place = levels[:, 0] == 1, levels[:, 0] * count + levels[:, 1]
    direction = labels(tuple(STEM), levels[:, 2])
    return dict(
        arrays=stacked(
            _display(p, seed, *row)
            for row in zip(place, np.where(new, indices, LASTING + 1 + place), direction, strict=True)
        ),
        categories=LETTERS,
        label=direction,
        design={
            "configuration": (labels(("repeated", "new"), levels[:, 0]), "whether it comes again", "1"),
            "configuration_number": (levels[:, 1], "number of the configuration among its kind", "1"),
            "block": (np.asarray(indices) // (2 * count), "run of all configurations", "1"),
            "target_direction": (direction, "where the stem of the T points", "1"),
        },
        factors=factors,
    )


def _display(parameters: ContextualSearch, seed: int, place: int, number: int, direction: str) -> dict[str, np.ndarray]:
    """Draw one display: the target in the cell of its place, distractors as the number of their random state has it."""
    p, radius = parameters, parameters.radius * min(parameters.size)
    cell = generator(seed, STREAM, LASTING).permutation(p.cells)[place]
    random = generator(seed, STREAM, number)
    free = random.permutation(np.delete(np.arange(p.cells), cell))[: p.set_size - 1]
    centres = np.concatenate(
        [
            scattered(np.array([cell]), p.size, p.spread, radius, generator(seed, STREAM, 2 * LASTING - 1 - place)),
            scattered(free, p.size, p.spread, radius, random),
        ]
    )
    turned = np.array([STEM[direction], *90.0 * random.integers(0, 4, p.set_size - 1)])
    image = drawing.canvas(p.size, p.background)
    classes = np.arange(p.set_size) > 0
    masks = [
        drawing.paint(image, _letter(LETTERS[c], centre, radius, rotation), p.ink, (*centre, 1.5 * radius))
        for c, centre, rotation in zip(classes.astype(int), centres, turned, strict=True)
    ]
    return {
        "image": drawing.quantised(image),
        "object_mask": np.stack(masks),
        "object_class": classes.astype(int),
        "object_x": centres[:, 0],
        "object_y": centres[:, 1],
        "object_radius": np.full(p.set_size, radius),
        "object_rotation": turned,
    }


def _letter(letter: str, centre: np.ndarray, radius: float, rotation: float) -> drawing.Distance:
    """A letter as high as wide, turned clockwise by degrees."""
    angle, stroke = np.deg2rad(rotation), radius / 3
    half = radius - stroke / 2
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return drawing.strokes([line @ turn + centre for line in letters.lines(letter, 0, 0, half, half)], stroke)


CONTEXTUAL_SEARCH = Family(
    "contextual_search",
    "a T among L's in configurations that come again and in new ones",
    ContextualSearch,
    draw,
    for_models=ContextualSearch(set_size=6, configurations=6, radius=0.06),
    course=presented_on_plain,
)
