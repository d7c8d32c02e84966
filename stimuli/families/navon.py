"""Compound letters: a large letter made of small ones (Navon 1977, forest before trees)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stimuli.drawing import canvas as drawing
from stimuli.drawing import letters
from stimuli.families.displays import check_ink, check_size
from stimuli.families.family import Family
from stimuli.families.timed.presentation import presented_on_plain
from stimuli.foundation.design import accompanied, generator, labels, stacked
from stimuli.sets.format import stimulus_set

__all__ = ["NAVON", "Navon", "draw"]

STREAM = 5
COLUMNS, ROWS = 5, 7


@dataclass(frozen=True)
class Navon:
    """A global letter on a grid of 5 x 7 local letters.

    Parameters
    ----------
    size
        Height and width in pixels, at least 64.
    letters
        Letters of either level, at least two different ones.
    height
        Height of the global letter, in units of the image height.
    fill
        Size of a local letter, in units of its cell.
    jitter
        The figure is displaced by up to this, in units of the image's sides, as far as there is room.
    ink, background
        Grey levels in [0, 1].
    """

    size: tuple[int, int] = (224, 224)
    letters: tuple[str, ...] = ("H", "S")
    height: float = 0.75
    fill: float = 0.7
    jitter: float = 0.05
    ink: float = 0.0
    background: float = 1.0

    def __post_init__(self) -> None:
        check_size(self.size)
        if unknown := [letter for letter in self.letters if letter not in letters.LETTERS]:
            raise ValueError(f"letters must be of {' '.join(letters.LETTERS)}, got {', '.join(map(repr, unknown))}")
        if len(set(self.letters)) < max(2, len(self.letters)):
            raise ValueError(f"letters must be at least two, all different, got {self.letters}")
        if not 0 < self.height <= 1 or self.height * self.size[0] * COLUMNS / ROWS > self.size[1]:
            raise ValueError(f"height must be in (0, 1] and the letter fit the width of {self.size}, got {self.height}")
        if not 0.3 <= self.fill <= 0.9 or self.fill * self.height * self.size[0] / ROWS < 4:
            raise ValueError(
                f"fill must be in [0.3, 0.9] and give local letters of at least 4 pixels, got {self.fill} with "
                f"height {self.height} of {self.size[0]} pixels"
            )
        if not 0 <= self.jitter <= 0.5:
            raise ValueError(f"jitter must be in [0, 0.5], got {self.jitter}")
        check_ink(self.ink, self.background)


@stimulus_set("navon")
def draw(parameters: Navon, indices: np.ndarray, seed: int) -> dict:
    """Draw compound letters of two objects: the global letter (object 0) and the local one.

    Both have the ink as their mask and the whole figure's place; their radii are half their heights.
    Design variables: ``congruency`` (congruent, incongruent), balanced to within one in every first n
    images and crossed with ``global_letter``, and ``local_letter``.
    """
    count = len(parameters.letters)
    levels, pair = accompanied(indices, (2,), count, 1, seed, STREAM)
    whole, other = pair.T
    part = np.where(levels[:, 0] == 1, other, whole)
    names = labels(parameters.letters, whole), labels(parameters.letters, part)
    arrays = stacked(
        _figure(parameters, generator(seed, STREAM, i), *pair) for i, *pair in zip(indices, *names, strict=True)
    )
    arrays["object_class"] = np.column_stack([whole, part]).astype(np.int16)
    return dict(
        arrays=arrays,
        categories=parameters.letters,
        design={
            "congruency": (labels(("congruent", "incongruent"), levels[:, 0]), "whether both letters agree", "1"),
            "global_letter": (names[0], "large letter", "1"),
            "local_letter": (names[1], "letter that it is made of", "1"),
        },
        factors={"congruency": 2, "global_letter": count, "pair of letters": count - 1},
    )


def _figure(parameters: Navon, random: np.random.Generator, whole: str, part: str) -> dict[str, np.ndarray]:
    """Draw one compound letter."""
    p, (height, width) = parameters, parameters.size
    cell = p.height * height / ROWS
    room = np.array([width - COLUMNS * cell, height - ROWS * cell]) / 2
    shift = np.minimum(np.array([width, height]) * p.jitter, room) * (2 * random.random(2) - 1)
    centre = np.array([width, height]) / 2 + shift
    half, stroke = p.fill * cell / 2, p.fill * cell / 6
    image, mask = drawing.canvas(p.size, p.background), np.zeros(p.size, bool)
    for row, column in np.argwhere(letters.pattern(whole, COLUMNS, ROWS)):
        middle = centre + (np.array([column, row]) - [(COLUMNS - 1) / 2, (ROWS - 1) / 2]) * cell
        strokes = letters.lines(part, *middle, 0.8 * half - stroke / 2, half - stroke / 2)
        mask |= drawing.paint(image, drawing.strokes(strokes, stroke), p.ink, (*middle, 1.5 * half))
    return {
        "image": drawing.quantised(image),
        "object_mask": np.stack([mask, mask]),
        "object_x": np.full(2, centre[0]),
        "object_y": np.full(2, centre[1]),
        "object_radius": np.array([(ROWS - 1) * cell / 2 + half, half]),
    }


NAVON = Family("navon", "large letters made of small ones", Navon, draw, course=presented_on_plain)
