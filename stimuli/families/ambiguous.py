"""Classic ambiguous figures, each with either reading alone as controls.

Necker cube (1832), Schroeder stairs (1858), Rubin's vase (1915) and Mach's folded card (1886), as vector
graphics.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stimuli.drawing import canvas as drawing
from stimuli.drawing.reversible_figures import FIGURES, READINGS
from stimuli.families.displays import check_size
from stimuli.families.family import Family
from stimuli.families.timed.presentation import presented_on_plain
from stimuli.foundation.design import crossed, generator, labels, stacked
from stimuli.sets.format import stimulus_set

__all__ = ["AMBIGUOUS", "Ambiguous", "draw"]

STREAM = 7
CATEGORIES = tuple(name for names in READINGS.values() for name in names)


@dataclass(frozen=True)
class Ambiguous:
    """Reversible figures.

    Parameters
    ----------
    size
        Height and width in pixels, at least 64.
    figures
        Which: necker, schroeder, vase, mach; counterbalanced.
    scale
        Size of the figure, in units of the smaller side of the image.
    width
        Stroke width, in units of the smaller side of the image.
    jitter
        Figures are displaced by up to this, in units of the smaller side, as far as there is room.
    background
        Grey level in [0, 1], exclusive: strokes are black, and the vase white or black.
    """

    size: tuple[int, int] = (224, 224)
    figures: tuple[str, ...] = ("necker", "schroeder", "vase", "mach")
    scale: float = 0.8
    width: float = 0.012
    jitter: float = 0.03
    background: float = 0.7

    def __post_init__(self) -> None:
        check_size(self.size)
        if not self.figures or not set(self.figures) <= set(FIGURES):
            raise ValueError(f"figures must be of {', '.join(FIGURES)}; got {self.figures}")
        if not 0.3 <= self.scale <= 0.95:
            raise ValueError(f"scale must be in [0.3, 0.95] of the smaller side, got {self.scale}")
        if not 0 < self.width <= 0.05:
            raise ValueError(f"width must be in (0, 0.05] of the smaller side, got {self.width}")
        if not 0 <= self.jitter <= 0.5:
            raise ValueError(f"jitter must be in [0, 0.5], got {self.jitter}")
        if not 0 < self.background < 1:
            raise ValueError(f"background must be a grey level between black and white, got {self.background}")


@stimulus_set("ambiguous")
def draw(parameters: Ambiguous, indices: np.ndarray, seed: int) -> dict:
    """Draw ambiguous figures and their controls, each with two objects, the readings.

    A reading that a control rules out has an empty mask. Design variables: ``figure``, ``condition``
    (ambiguous, first, second: the reading that is left), ``version`` (plain or reversed: mirrored, the
    vase of reversed contrast). Conditions are balanced to within one in every first n images, figures,
    conditions and versions crossed.
    """
    factors = {"condition": 3, "figure": len(parameters.figures), "version": 2}
    levels = crossed(indices, factors.values(), seed, STREAM)
    figure = labels(parameters.figures, levels[:, 1])
    arrays = stacked(
        _picture(parameters, generator(seed, STREAM, i), name, None if condition == 0 else condition - 1, version == 1)
        for i, name, (condition, _, version) in zip(indices, figure, levels, strict=True)
    )
    return dict(
        arrays=arrays,
        categories=CATEGORIES,
        design={
            "figure": (figure, "reversible figure", "1"),
            "condition": (labels(("ambiguous", "first", "second"), levels[:, 0]), "readings that are left", "1"),
            "version": (labels(("plain", "reversed"), levels[:, 2]), "mirrored or of reversed contrast", "1"),
        },
        factors=factors,
    )


def _picture(parameters: Ambiguous, random: np.random.Generator, name: str, reading: int | None, reverse: bool):
    """Paint the layers of one figure."""
    p, side = parameters, min(parameters.size)
    unit = p.scale * side / 2
    middle = np.array([p.size[1], p.size[0]]) / 2
    room = np.maximum(middle - 1.1 * unit, 0)
    centre = middle + np.minimum(p.jitter * side, room) * (2 * random.random(2) - 1)
    flip = -1 if reverse and name != "vase" else 1
    image, masks = drawing.canvas(p.size, p.background), np.zeros((2, *p.size), bool)
    right = flip * (np.arange(p.size[1]) + 0.5 - centre[0])[None] / unit
    up = (centre[1] - np.arange(p.size[0]) - 0.5)[:, None] / unit
    for layer in FIGURES[name](reading, p.width * side / unit):
        level = layer.colour(right, up) if callable(layer.colour) else layer.colour
        if reverse and name == "vase":
            level = 1 - level
        colour = np.broadcast_to(np.asarray(level)[..., None], (*p.size, 3))
        mask = drawing.paint(image, _in_pixels(layer.distance, centre, unit, flip), colour)
        for k in range(2):  # a mask holds what can be seen: a part of the other reading hides what lies behind
            masks[k] = masks[k] | mask if layer.reading in (None, k) else masks[k] & ~mask
    if reading is not None:
        masks[1 - reading] = False
    return {
        "image": drawing.quantised(image),
        "object_mask": masks,
        "object_class": np.array([CATEGORIES.index(category) for category in READINGS[name]]),
        "object_x": np.full(2, centre[0]),
        "object_y": np.full(2, centre[1]),
        "object_radius": np.full(2, unit),
    }


def _in_pixels(distance: drawing.Distance, centre: np.ndarray, unit: float, flip: int) -> drawing.Distance:
    """A signed distance in pixels from one in the figure's own unit."""
    return lambda x, y: unit * distance(flip * (x - centre[0]) / unit, (centre[1] - y) / unit)


AMBIGUOUS = Family(
    "ambiguous",
    "Necker cube, Schroeder stairs, vase and card, with both readings alone",
    Ambiguous,
    draw,
    course=presented_on_plain,
)
