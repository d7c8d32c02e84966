"""Spatial and category cueing: a cue that points to the target, elsewhere, or nowhere.

The display of Posner (1980): placeholders around fixation, one of which is cued by a flash (peripheral cue)
or an arrow at fixation (central cue). A class cue shows the silhouette of a category instead, to be
searched for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import xarray as xr

from stimuli.drawing import canvas as drawing
from stimuli.drawing import surfaces
from stimuli.families import objects
from stimuli.families.displays import check_grey, check_jitter, check_radius, check_size, jittered
from stimuli.families.family import Family
from stimuli.families.timed.presentation import FIXATION, fixation_mark, seen
from stimuli.foundation.design import accompanied, generator, labels, stacked
from stimuli.sets.format import stimulus_set
from stimuli.sets.frames import Frame

__all__ = ["CUEING", "Cueing", "course", "draw"]

STREAM = 3
BOX = 1.25  # half the side of a placeholder, in radii of the object


@dataclass(frozen=True)
class Cueing:
    """A target in one of several placeholders, and a cue or none.

    Parameters
    ----------
    size
        Height and width in pixels, at least 64.
    cue
        Flash of a placeholder, arrow at fixation, silhouette of a category at fixation, or none: displays
        for cues that are not drawn.
    places
        Placeholders, evenly spaced on a circle around fixation, the first to its left.
    distractors
        Objects of other categories in further placeholders. An invalid class cue shows the first one's
        category, or that of no object where there is none.
    distances
        Cue-target distances of invalid spatial cues, in placeholders along the circle; empty for all.
    valid_per_invalid
        Valid cues for every invalid one; 4 makes the cue informative, as Posner's was.
    soas
        Times from the cue's onset to the target's in s, counterbalanced where there are several.
    cue_stays
        Whether the cue is still there when the target comes, so that the picture that observers look at shows
        both; else it goes after ``cue_duration``, and the picture shows the target alone.
    cue_duration
        How long a cue that does not stay is shown in s, or until the target comes.
    eccentricity
        Distance of the placeholders' centres from fixation, in units of the smaller side of the image.
    radius
        Radius of the objects, in units of the smaller side of the image.
    background
        Grey level in [0, 1].
    hue
        What the hues of the objects tell: their category, nothing, or another category.
    jitter
        Objects lie beside the middle of their placeholders by up to this either way, in radii.
    """

    size: tuple[int, int] = (224, 224)
    cue: Literal["peripheral", "central", "class", "none"] = "peripheral"
    places: int = 2
    distractors: int = 0
    distances: tuple[int, ...] = ()
    valid_per_invalid: int = 1
    soas: tuple[float, ...] = (0.3,)
    cue_stays: bool = True
    cue_duration: float = 0.1
    eccentricity: float = 0.3
    radius: float = 0.11
    background: float = 0.5
    hue: surfaces.Hue = "category"
    jitter: float = jittered(0.1)

    def __post_init__(self) -> None:
        check_size(self.size)
        if self.cue not in ("peripheral", "central", "class", "none"):
            raise ValueError(f"cue must be peripheral, central, class or none, got {self.cue!r}")
        if not 2 <= self.places <= 12:
            raise ValueError(f"places must be 2 to 12, got {self.places}")
        if not 0 <= self.distractors < self.places:
            raise ValueError(f"distractors must leave the target a place of the {self.places}, got {self.distractors}")
        if not all(1 <= distance <= self.places // 2 for distance in self.distances):
            raise ValueError(f"distances of {self.places} places are 1 to {self.places // 2}, got {self.distances}")
        if self.valid_per_invalid < 1:
            raise ValueError(f"valid_per_invalid must be at least 1, got {self.valid_per_invalid}")
        self._check_times()
        check_grey(self.background)
        surfaces.check_hue(self.hue)
        check_jitter(self.jitter)
        check_radius(self.radius, self.size, least=4)
        reach = BOX * self.radius * np.sqrt(2)
        if not self.eccentricity + BOX * self.radius <= 0.49:
            raise ValueError(
                f"eccentricity {self.eccentricity} with radius {self.radius} leaves the image; choose smaller ones"
            )
        if self.eccentricity * np.sin(np.pi / self.places) < reach or self.eccentricity < reach + 0.05:
            raise ValueError(
                f"{self.places} places of radius {self.radius} do not fit at eccentricity {self.eccentricity}; choose "
                "fewer places, smaller objects or a larger eccentricity"
            )

    def _check_times(self) -> None:
        """Refuse cues that could not be shown when they are asked for."""
        if not self.soas or not all(0 <= soa < 60 for soa in self.soas):
            raise ValueError(f"soas must be times of 0 to 60 s, at least one, got {self.soas}")
        if len(set(self.soas)) > 1 and self.cue == "none":
            raise ValueError(f"soas are those of a cue: choose one, or one time instead of {self.soas}")
        if not 0 < self.cue_duration < 60:
            raise ValueError(f"cue_duration must be a time above 0 and below 60 s, got {self.cue_duration}")
        if not self.cue_stays and self.cue != "none" and min(self.soas) == 0:
            raise ValueError(
                f"a cue that does not stay comes before the target: soas must be above 0 s, got {self.soas}"
            )


@stimulus_set("cueing")
def draw(parameters: Cueing, indices: np.ndarray, seed: int) -> dict:
    """Draw cueing displays, object 0 being the target.

    Design variables: ``validity`` (valid, invalid, neutral), ``target_place``, ``cue_place``,
    ``cue_x``, ``cue_y``, ``cue_target_distance`` (-1 and NaN where the cue has no place) and
    ``cue_class`` (none where it has none), and ``soa`` where there are several; without cues
    ``target_place`` alone. Validities are balanced to within one in every first n images, validities,
    places, the ways from the target to an invalidly cued place, SOAs, and categories crossed.
    """
    p = parameters
    validities = ("valid", "invalid", "neutral") + ("valid",) * (p.valid_per_invalid - 1)
    if p.cue == "none":
        validities = ("neutral",)
    ways = _ways(p) if p.cue in ("peripheral", "central") else np.zeros(1, int)
    conditions = {"validity": len(validities), "target_place": p.places, "way to an invalid cue": len(ways)}
    conditions |= {"soa": len(p.soas)} if len(p.soas) > 1 else {}
    levels, classes = accompanied(indices, (*conditions.values(),), len(objects.CATEGORIES), 1, seed, STREAM)
    validity, target = labels(validities, levels[:, 0]), levels[:, 1]
    cued, invalid = validity != "neutral", validity == "invalid"
    cue_place = np.where(cued & (p.cue != "class"), (target + invalid * ways[levels[:, 2]]) % p.places, -1)
    cue_class = np.where(cued & (p.cue == "class"), classes[np.arange(len(indices)), invalid.astype(int)], -1)
    arrays = stacked(
        _display(p, generator(seed, STREAM, i), *row)
        for i, *row in zip(indices, classes, target, cue_place, cue_class, strict=True)
    )
    design = {"target_place": (target, "placeholder that holds the target", "1")}
    if "soa" in conditions:
        design["soa"] = np.array(p.soas)[levels[:, 3]], "time from the cue's onset to the target's", "s"
    return dict(
        arrays=arrays,
        categories=objects.CATEGORIES,
        design=design | ({} if p.cue == "none" else _cues(p, validity, target, cue_place, cue_class)),
        factors=conditions | objects.factors(2),
    )


def _ways(parameters: Cueing) -> np.ndarray:
    """Ways from the target to an invalidly cued place: each distance either way round, in placeholders."""
    distances = parameters.distances or range(1, parameters.places // 2 + 1)
    return np.array([way for distance in distances for way in (distance, -distance)])


def _cues(
    parameters: Cueing, validity: np.ndarray, target: np.ndarray, cue_place: np.ndarray, cue_class: np.ndarray
) -> dict[str, tuple[np.ndarray, str, str]]:
    """Design variables of the cues."""
    centres = np.array([_centre(parameters, place) if place >= 0 else (np.nan, np.nan) for place in cue_place])
    targets = np.array([_centre(parameters, place) for place in target])
    return {
        "validity": (validity, "relation of the cue to the target", "1"),
        "cue_place": (cue_place, "placeholder that is cued, -1 for none", "1"),
        "cue_x": (centres[:, 0], "centre of the cued placeholder from the left edge", "pixel"),
        "cue_y": (centres[:, 1], "centre of the cued placeholder from the upper edge", "pixel"),
        "cue_target_distance": (np.hypot(*(centres - targets).T), "distance from the cued place", "pixel"),
        "cue_class": (labels((*objects.CATEGORIES, "none"), cue_class), "category that is cued", "1"),
    }


def _centre(parameters: Cueing, place: int) -> tuple[float, float]:
    """Centre of a placeholder in pixels; places run clockwise from the left of fixation."""
    height, width = parameters.size
    distance, angle = parameters.eccentricity * min(height, width), 2 * np.pi * place / parameters.places
    return width / 2 - distance * np.cos(angle), height / 2 - distance * np.sin(angle)


def _display(parameters: Cueing, random: np.random.Generator, pair, target: int, cue_place: int, cue_class: int):
    """Draw one display: placeholders, cue at its place or at fixation, target and distractors."""
    p, radius = parameters, parameters.radius * min(parameters.size)
    image = _ground(p, (cue_place, cue_class) if p.cue_stays else None)
    free = random.permutation([place for place in range(p.places) if place != target])
    spare = random.permutation([c for c in range(len(objects.CATEGORIES)) if c not in pair])
    classes = np.array([*pair, *spare])[: 1 + p.distractors]
    centres = np.array([_centre(p, place) for place in (target, *free[: p.distractors])])
    hues = surfaces.typical_hues(classes, p.hue, random.random(len(classes)))
    centres += p.jitter * radius * (2 * random.random(centres.shape) - 1)
    masks = [
        drawing.paint(
            image,
            drawing.category(objects.CATEGORIES[c], *centre, radius),
            drawing.hue_colour(hue),
            (*centre, radius),
        )
        for c, hue, centre in zip(classes, hues, centres, strict=True)
    ]
    return {
        "image": drawing.quantised(image),
        "object_mask": np.stack(masks),
        "object_class": classes,
        "object_x": centres[:, 0],
        "object_y": centres[:, 1],
        "object_radius": np.full(len(classes), radius),
        "object_rotation": np.zeros(len(classes)),
        "object_hue": hues,
    }


def _ground(parameters: Cueing, cue: tuple[int, int] | None) -> np.ndarray:
    """Draw placeholders around fixation with a cue, (y, x, channel) of floats.

    ``cue`` gives the place and the category that are cued, -1 for neither: a neutral cue. None is no cue.
    """
    p, side = parameters, min(parameters.size)
    (cue_place, cue_class), width, ink = cue or (-1, -1), max(1.0, side / 112), float(p.background < 0.5)
    image, middle = drawing.canvas(p.size, p.background), (p.size[1] / 2, p.size[0] / 2)
    flashed = range(p.places) if cue_place < 0 else [cue_place]
    for place in range(p.places):
        bold = cue is not None and p.cue == "peripheral" and place in flashed
        outline = drawing.frame(*_centre(p, place), BOX * (p.radius * side), 3 * width if bold else width)
        drawing.paint(image, outline, 1 - ink if bold else ink)
    if p.cue == "central" and cue_place >= 0:
        angle = 180 - 360 * cue_place / p.places
        drawing.paint(image, drawing.category("arrow", *middle, 0.05 * side, angle), 1 - ink)
    elif p.cue == "class" and cue_class >= 0:
        drawing.paint(image, drawing.category(objects.CATEGORIES[cue_class], *middle, 0.05 * side), 1 - ink)
    else:
        # a neutral cue that goes warns as others do; one that stays has ever been the fixation mark itself
        warning = cue is not None and p.cue in ("central", "class") and not p.cue_stays
        fixation_mark(image, boldness=3.0 if warning else 1.0)
    return image


def course(parameters: Cueing, stimuli: xr.Dataset, number: int) -> tuple[Frame, ...]:
    """Show fixation, the cue, an interval where the cue goes before the target comes, and the target.

    Without cues, fixation and the target.
    """
    p, one = parameters, stimuli.isel(stimulus=number)
    before = drawing.quantised(_ground(p, None))
    fixation, target = Frame("fixation", FIXATION, before), seen(stimuli, number)
    if p.cue == "none":
        return fixation, target
    category = (*objects.CATEGORIES, "none").index(str(one["cue_class"].item()))
    cued = int(one["cue_place"]), category if category < len(objects.CATEGORIES) else -1
    soa = float(one["soa"]) if "soa" in one else p.soas[0]
    cue_duration = soa if p.cue_stays else min(p.cue_duration, soa)
    cue = Frame("cue", cue_duration, drawing.quantised(_ground(p, cued)))
    return fixation, cue, Frame("interval", round(soa - cue_duration, 6), before), target


CUEING = Family(
    "cueing",
    "Posner displays with valid, invalid and neutral cues",
    Cueing,
    draw,
    for_models=Cueing(cue="none", places=4, distractors=3, jitter=0.0),
    course=course,
)
