"""Crowding: a peripheral target between flankers, and alone (Bouma 1970).

A target is hard to recognise where its flankers lie nearer than about half its eccentricity, the more so on
the line through fixation (Toet and Levi 1992; Pelli and Tillman 2008).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from stimuli.drawing import canvas as drawing
from stimuli.drawing import surfaces
from stimuli.families import objects
from stimuli.families.displays import check_ink, check_jitter, check_radius, check_size, filled_up, jittered
from stimuli.families.family import Family
from stimuli.families.timed.presentation import presented_on_plain
from stimuli.foundation.design import accompanied, generator, labels, stacked
from stimuli.sets.format import stimulus_set

__all__ = ["CROWDING", "Crowding", "draw"]

STREAM = 8


@dataclass(frozen=True)
class Crowding:
    """A target to the left or right of fixation, with flankers of other categories.

    Parameters
    ----------
    size
        Height and width in pixels, at least 64.
    spacings
        Distances between the centres of target and flankers, in units of the eccentricity; counterbalanced
        with the target alone.
    arrangement
        Two flankers on the line through fixation (radial), two above and below (tangential), or all four
        (both).
    eccentricity
        Distance of the target from fixation, in units of the image width, in (0, 0.5).
    radius
        Radius of the objects, in units of the smaller side of the image.
    coloured
        Whether objects have hues; else they are of one grey level.
    hue
        What the hues tell: their category, nothing, or another category.
    ink, background
        Grey levels in [0, 1].
    jitter
        Target and flankers are displaced up or down by up to this, in radii, as far as there is room.
    """

    size: tuple[int, int] = (224, 224)
    spacings: tuple[float, ...] = (0.4, 0.55, 0.7)
    arrangement: Literal["radial", "tangential", "both"] = "radial"
    eccentricity: float = 0.26
    radius: float = 0.05
    coloured: bool = False
    hue: surfaces.Hue = "category"
    ink: float = 0.0
    background: float = 0.7
    jitter: float = jittered(0.2)

    def __post_init__(self) -> None:
        check_size(self.size)
        if self.arrangement not in ("radial", "tangential", "both"):
            raise ValueError(f"arrangement must be radial, tangential or both, got {self.arrangement!r}")
        if not 0 < self.eccentricity < 0.5:
            raise ValueError(f"eccentricity must be in (0, 0.5) of the width, got {self.eccentricity}")
        check_radius(self.radius, self.size, least=3)
        surfaces.check_hue(self.hue, self.coloured)
        check_jitter(self.jitter)
        check_ink(self.ink, self.background)
        if not self.spacings:
            raise ValueError("spacings must hold at least one distance, got none")
        height, width = self.size
        radius, target = self.radius * min(self.size), self.eccentricity * width
        along = 0 if self.arrangement == "tangential" else max(self.spacings) * target
        across = 0 if self.arrangement == "radial" else max(self.spacings) * target
        if not min(self.spacings) * target >= 2 * radius:
            raise ValueError(
                f"spacings must be at least {2 * radius / target:.3g} or objects of radius {self.radius} overlap, got "
                f"{min(self.spacings)}"
            )
        if target + along + radius > width / 2 or across + radius > height / 2 or target < along + 1.3 * radius:
            raise ValueError(
                f"flankers at spacing {max(self.spacings)} of eccentricity {self.eccentricity} leave the image or "
                "cover fixation; choose a smaller spacing or other eccentricity or radius"
            )


@stimulus_set("crowding")
def draw(parameters: Crowding, indices: np.ndarray, seed: int) -> dict:
    """Draw crowding displays: object 0 is the target, the others flankers.

    Flankers have class -1 and no place where the target is alone. Design variables: ``condition``
    (alone, flanked), ``spacing`` (NaN where alone), ``spacing_pixels``, ``target_side``. Spacings are
    balanced to within one in every first n images, spacings, sides and categories crossed.
    """
    p = parameters
    conditions = {"spacing": 1 + len(p.spacings), "target_side": 2}
    levels, pair = accompanied(indices, (*conditions.values(),), len(objects.CATEGORIES), 1, seed, STREAM)
    spacing = np.array([np.nan, *p.spacings])[levels[:, 0]]
    arrays = stacked(
        _display(p, generator(seed, STREAM, i), *row)
        for i, *row in zip(indices, spacing, levels[:, 1] == 1, *pair.T, strict=True)
    )
    return dict(
        arrays=arrays,
        categories=objects.CATEGORIES,
        design={
            "condition": (np.where(levels[:, 0] == 0, "alone", "flanked").astype(object), "company", "1"),
            "spacing": (spacing, "distance of the flankers in units of the eccentricity", "1"),
            "spacing_pixels": (spacing * p.eccentricity * p.size[1], "distance of the flankers", "pixel"),
            "target_side": (labels(("left", "right"), levels[:, 1]), "side of fixation", "1"),
        },
        factors=conditions | objects.factors(2),
    )


def _flankers(arrangement: str) -> np.ndarray:
    """(flanker, 2) directions from the target."""
    radial, tangential = [(-1, 0), (1, 0)], [(0, -1), (0, 1)]
    return np.array({"radial": radial, "tangential": tangential, "both": radial + tangential}[arrangement])


def _display(parameters: Crowding, random: np.random.Generator, spacing: float, right: bool, target: int, flanker: int):
    """Draw one display."""
    p, side, directions = parameters, min(parameters.size), _flankers(parameters.arrangement)
    eccentricity, radius = p.eccentricity * p.size[1], p.radius * side
    middle = np.array([p.size[1], p.size[0]]) / 2
    place = middle + (eccentricity if right else -eccentricity, 0)
    spare = random.permutation([c for c in range(len(objects.CATEGORIES)) if c not in (target, flanker)])
    classes, centres = np.array([target, flanker, *spare])[: 1 + len(directions)], np.array([place])
    classes[1:] = random.permutation(classes[1:])
    if np.isnan(spacing):
        classes = classes[:1]
    else:
        centres = np.concatenate([centres, place + directions * spacing * eccentricity])
    image, mask = drawing.canvas(p.size, p.background), np.zeros((1 + len(directions), *p.size), bool)
    drawing.paint(image, drawing.fixation(*middle, 0.03 * side, max(1.0, side / 112)), float(p.background < 0.5))
    hues = surfaces.typical_hues(classes, p.hue, random.random(len(classes)))
    room = middle[1] - radius - (0 if p.arrangement == "radial" else max(p.spacings) * eccentricity)
    centres[:, 1] += min(p.jitter * radius, room) * (2 * random.random() - 1)
    for k, (centre, c) in enumerate(zip(centres, classes, strict=True)):
        colour = drawing.hue_colour(hues[k]) if p.coloured else p.ink
        mask[k] = drawing.paint(
            image, drawing.category(objects.CATEGORIES[c], *centre, radius), colour, (*centre, radius)
        )
    values = {"x": centres[:, 0], "y": centres[:, 1], "radius": np.full(len(classes), radius)}
    values["rotation"] = np.zeros(len(classes))
    if p.coloured:
        values["hue"] = hues
    return {
        "image": drawing.quantised(image),
        "object_mask": mask,
        **filled_up(classes, values, 1 + len(directions)),
    }


CROWDING = Family(
    "crowding",
    "a peripheral target between flankers",
    Crowding,
    draw,
    for_models=Crowding(
        spacings=(0.7, 0.85, 1.0, 1.15, 1.3),
        arrangement="tangential",
        eccentricity=0.3,
        radius=0.1,
        coloured=True,
        jitter=0.0,
    ),
    course=presented_on_plain,
)
