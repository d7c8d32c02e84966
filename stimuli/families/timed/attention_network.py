"""The attention network task: flankers under four cues (Fan, McCandliss, Sommer, Raz and Posner 2002).

An arrow above or below fixation stands between others that point the same way, the other way, or are lines
(Eriksen and Eriksen 1974). A cue before it says nothing, when it comes, or when and where. Alerting is the
gain of a double cue over none, orienting that of a spatial cue over one at the centre, conflict the cost of
incongruent flankers over congruent ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from stimuli.drawing import canvas as drawing
from stimuli.drawing import surfaces
from stimuli.families import objects
from stimuli.families.displays import check_ink, check_radius, check_size
from stimuli.families.family import Family
from stimuli.families.timed.presentation import fixation_mark, seen
from stimuli.foundation.design import crossed, generator, labels, stacked
from stimuli.sets.format import stimulus_set
from stimuli.sets.frames import Frame

__all__ = ["ATTENTION_NETWORK", "AttentionNetwork", "course", "draw"]

STREAM = 55
CUES = ("none", "centre", "double", "spatial")
CONGRUENCIES = ("congruent", "incongruent", "neutral")
ARROWS = {"right": 0.0, "left": 180.0}  # rotation in degrees of the arrow
CUE, INTERVAL = 0.1, 0.4  # s


@dataclass(frozen=True)
class AttentionNetwork:
    """A target between flankers in a row above or below fixation, after one of four cues.

    Parameters
    ----------
    size
        Height and width in pixels, at least 64.
    answers
        What the target is, and incongruent flankers are the other one: arrows that point to the left and right, or
        two categories.
    neutral
        Category of neutral flankers.
    cues
        None, at the centre, at both places (double), or at the target's (spatial); counterbalanced.
    flankers
        On either side of the target, at least 1.
    foreperiod
        Smallest and largest time of fixation before the cue in s, drawn at random.
    offset
        Distance of the row from fixation, in units of the image height.
    spacing
        Distance between the centres of neighbours, in radii, at least 2.
    radius
        Radius of the items, in units of the smaller side of the image.
    coloured
        Whether items have hues; else they are of one grey level.
    hue
        What the hues tell: the category, nothing, or another category.
    ink, background
        Grey levels in [0, 1].
    """

    size: tuple[int, int] = (224, 224)
    answers: tuple[str, str] = ("left", "right")
    neutral: str = "bar"
    cues: tuple[str, ...] = CUES
    flankers: int = 2
    foreperiod: tuple[float, float] = (0.4, 1.6)
    offset: float = 0.2
    spacing: float = 2.2
    radius: float = 0.06
    coloured: bool = False
    hue: surfaces.Hue = "category"
    ink: float = 0.0
    background: float = 0.7

    def __post_init__(self) -> None:
        check_size(self.size)
        if set(self.answers) != set(ARROWS) and not (
            set(self.answers) <= set(objects.CATEGORIES) and self.answers[0] != self.answers[1]
        ):
            raise ValueError(
                f"answers must be left and right, or two of {', '.join(objects.CATEGORIES)}; got {self.answers}"
            )
        if self.neutral not in objects.CATEGORIES or self.neutral in (*self.answers, "arrow"):
            raise ValueError(f"neutral must be a category that is no answer, got {self.neutral!r}")
        if not self.cues or not set(self.cues) <= set(CUES) or len(set(self.cues)) < len(self.cues):
            raise ValueError(f"cues must be different ones of {', '.join(CUES)}; got {self.cues}")
        if not 0 < self.foreperiod[0] <= self.foreperiod[1] < 60:
            raise ValueError(f"foreperiod must hold 0 < shortest <= longest < 60 s, got {self.foreperiod}")
        check_radius(self.radius, self.size, least=3)
        check_ink(self.ink, self.background)
        surfaces.check_hue(self.hue, self.coloured)
        if self.flankers < 1 or self.spacing < 2:
            raise ValueError(f"flankers must be at least 1 and spacing 2, got {self.flankers} and {self.spacing}")
        radius, (height, width) = self.radius * min(self.size), self.size
        if radius * (1 + self.flankers * self.spacing) > width / 2 or self.offset * height + radius > height / 2:
            raise ValueError(
                f"{self.flankers} flankers of radius {self.radius} at offset {self.offset} leave the image; choose "
                "fewer or smaller ones, or a smaller offset"
            )
        if self.offset * height < radius + 0.04 * min(self.size):
            raise ValueError(f"offset must leave the fixation mark free of items, got {self.offset}")


@stimulus_set("attention_network")
def draw(parameters: AttentionNetwork, indices: np.ndarray, seed: int) -> dict:
    """Draw rows of items, of which object 0 is the target, and the others flankers from left to right.

    Design variables: ``congruency`` (congruent, incongruent, neutral), ``cue`` (none, centre, double,
    spatial), ``answer`` (what the target is; also the label), ``target_place`` (above, below) and
    ``foreperiod``. Congruencies are balanced to within one in every first n images, and all but the
    foreperiod are crossed. Cues are not seen in the picture: they are gone when the target comes.
    """
    p = parameters
    factors = {"congruency": 3, "cue": len(p.cues), "answer": 2, "target_place": 2}
    levels = crossed(indices, factors.values(), seed, STREAM)
    congruency, answer = labels(CONGRUENCIES, levels[:, 0]), labels(p.answers, levels[:, 2])
    flanker = labels((*p.answers, p.neutral), np.where(levels[:, 0] == 2, 2, (levels[:, 2] + levels[:, 0]) % 2))
    low, high = p.foreperiod
    randoms = [generator(seed, STREAM, i) for i in indices]
    foreperiod = [low + (high - low) * random.random() for random in randoms]
    rows = zip(randoms, answer, flanker, levels[:, 3], strict=True)
    return dict(
        arrays=stacked(_display(p, *row) for row in rows),
        categories=objects.CATEGORIES,
        label=answer,
        design={
            "congruency": (congruency, "what flankers are to the target", "1"),
            "cue": (labels(p.cues, levels[:, 1]), "cue before the target", "1"),
            "answer": (answer, "what the target is", "1"),
            "target_place": (labels(("above", "below"), levels[:, 3]), "side of fixation", "1"),
            "foreperiod": (np.array(foreperiod), "time of fixation before the cue", "s"),
        },
        factors=factors,
    )


def _row(parameters: AttentionNetwork, below: int) -> tuple[float, float]:
    """Centre of the row above or below fixation, x and y in pixels."""
    height, width = parameters.size
    return width / 2, height * (0.5 + (parameters.offset if below else -parameters.offset))


def _display(
    parameters: AttentionNetwork, random: np.random.Generator, answer: str, flanker: str, below: int
) -> dict[str, np.ndarray]:
    """Draw one display."""
    p, radius = parameters, parameters.radius * min(parameters.size)
    places = np.arange(-p.flankers, p.flankers + 1)
    x, y = _row(p, below)
    centres = np.array([(x + place * p.spacing * radius, y) for place in (0, *places[places != 0])])
    names = [answer, *[flanker] * 2 * p.flankers]
    classes = np.array([objects.CATEGORIES.index("arrow" if name in ARROWS else name) for name in names])
    turned = np.array([ARROWS.get(name, 0.0) for name in names])
    hues = surfaces.typical_hues(classes, p.hue, random.random(len(classes)))
    image = _fixated(p)
    masks = [
        drawing.paint(
            image,
            drawing.category(objects.CATEGORIES[c], *centre, radius, rotation),
            drawing.hue_colour(hue) if p.coloured else p.ink,
            (*centre, 1.2 * radius),
        )
        for c, hue, centre, rotation in zip(classes, hues, centres, turned, strict=True)
    ]
    return {
        "image": drawing.quantised(image),
        "object_mask": np.stack(masks),
        "object_class": classes,
        "object_x": centres[:, 0],
        "object_y": centres[:, 1],
        "object_radius": np.full(len(names), radius),
        "object_rotation": turned,
        **({"object_hue": hues} if p.coloured else {}),
    }


def _fixated(parameters: AttentionNetwork, places: tuple[tuple[float, float], ...] = ()) -> np.ndarray:
    """Paint a fixation mark, and asterisks at places (x, y) in pixels: a picture of floats."""
    p, side = parameters, min(parameters.size)
    image = drawing.canvas(p.size, p.background)
    if (p.size[1] / 2, p.size[0] / 2) not in places:
        fixation_mark(image)
    angles, reach = np.deg2rad((90, 210, 330)), 0.04 * side
    across = reach * np.column_stack([np.cos(angles), np.sin(angles)])
    for place in places:
        rays = [np.array([place - ray, place + ray]) for ray in across]
        drawing.paint(image, drawing.strokes(rays, max(1.5, side / 75)), p.ink)
    return image


def course(parameters: AttentionNetwork, stimuli: xr.Dataset, number: int) -> tuple[Frame, ...]:
    """Show fixation for the foreperiod, the cue, fixation again, and the target until the response."""
    p, one = parameters, stimuli.isel(stimulus=number)
    above, below = (_row(p, place) for place in (0, 1))
    target = below if one["target_place"].item() == "below" else above
    centre = (p.size[1] / 2, p.size[0] / 2)
    places = {"none": (), "centre": (centre,), "double": (above, below), "spatial": (target,)}[one["cue"].item()]
    before = drawing.quantised(_fixated(p))
    return (
        Frame("fixation", float(one["foreperiod"]), before),
        Frame("cue", CUE, drawing.quantised(_fixated(p, places))),
        Frame("interval", INTERVAL, before),
        seen(stimuli, number),
    )


ATTENTION_NETWORK = Family(
    "attention_network",
    "flankers under four cues, the attention network task",
    AttentionNetwork,
    draw,
    for_models=AttentionNetwork(
        answers=("heart", "star"), flankers=1, offset=0.25, spacing=2.4, radius=0.12, coloured=True
    ),
    course=course,
)
