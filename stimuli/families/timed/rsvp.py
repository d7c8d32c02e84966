"""Rapid serial visual presentation: objects one after the other in one place, two of which matter.

The stream of Raymond, Shapiro and Arnell (1992): who has to report a first target misses a second one that
comes 0.2 to 0.5 s after it, the attentional blink. Where theirs was a white letter among black ones, the
first target is a framed object here, so that objects of any colours can stand in the stream.
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
from stimuli.families.timed.presentation import FIXATION, fixation, seen
from stimuli.foundation.design import accompanied, generator, labels, stacked
from stimuli.sets.format import stimulus_set
from stimuli.sets.frames import Frame

__all__ = ["RSVP", "Rsvp", "course", "draw"]

STREAM = 53
FRAME = 1.3  # half the side of the first target's frame, in radii of the object
OF_HUES = 2**55  # added to numbers for what hues are drawn from: more than there are stimuli
AFTER = 1  # objects after the last place of the second target, which mask it


@dataclass(frozen=True)
class Rsvp:
    """A stream of objects: the first target is framed, the second is of a category that is asked for.

    Parameters
    ----------
    size
        Height and width in pixels, at least 64.
    lags
        Places of the second target after the first, counterbalanced; 1 follows it at once.
    soa
        Time from the onset of an object to that of the next in s.
    gap
        Empty time before the next object in s, part of ``soa``; Raymond et al. showed letters of 0.015 s and
        gaps of 0.075 s.
    before
        Smallest and largest number of objects before the first target, drawn at random.
    radius
        Radius of the objects, in units of the smaller side of the image.
    coloured
        Whether objects have hues; else they are of one grey level.
    hue
        What the hues tell: the category, nothing, or another category.
    ink, background
        Grey levels in [0, 1].
    """

    size: tuple[int, int] = (224, 224)
    lags: tuple[int, ...] = (1, 2, 3, 5, 8)
    soa: float = 0.1
    gap: float = 0.0
    before: tuple[int, int] = (3, 6)
    radius: float = 0.2
    coloured: bool = False
    hue: surfaces.Hue = "category"
    ink: float = 0.0
    background: float = 0.7

    def __post_init__(self) -> None:
        check_size(self.size)
        if not self.lags or not all(1 <= lag <= 50 for lag in self.lags) or len(set(self.lags)) < len(self.lags):
            raise ValueError(f"lags must be different numbers of places from 1 to 50, got {self.lags}")
        if not 0 < self.soa < 60 or not 0 <= self.gap < self.soa:
            raise ValueError(f"soa must be above 0 s and gap a part of it, got {self.soa} and {self.gap}")
        if not 1 <= self.before[0] <= self.before[1] <= 50:
            raise ValueError(f"before must hold 1 <= smallest <= largest <= 50 objects, got {self.before}")
        check_radius(self.radius, self.size, least=4)
        if self.radius * FRAME > 0.48:
            raise ValueError(f"radius must be at most {0.48 / FRAME:.2g} for the frame to fit, got {self.radius}")
        check_ink(self.ink, self.background)
        surfaces.check_hue(self.hue, self.coloured)


@stimulus_set("rsvp")
def draw(parameters: Rsvp, indices: np.ndarray, seed: int) -> dict:
    """Draw the pictures in which the second target is to be found, of one object: it, or what stands there.

    Design variables: ``t2`` (present, absent), ``lag``, ``t2_class`` (the category that is asked for),
    ``t1_class``, ``t1_place`` and ``t2_place`` (places in the stream, from 0) and ``stream``, the categories in
    their order. Presence is balanced to within one in every first n images, presence, lags and both
    categories crossed. The others of the stream are of further categories, none twice in a row.
    """
    p = parameters
    conditions, count = {"t2": 2, "lag": len(p.lags)}, len(objects.CATEGORIES)
    levels, classes = accompanied(indices, (*conditions.values(),), count, 1, seed, STREAM)
    present, lag = levels[:, 0] == 1, np.array(p.lags)[levels[:, 1]]
    rows = zip(indices, lag, present, *classes.T, strict=True)
    streams, t1_place = zip(*(_stream(p, generator(seed, STREAM, i), *row) for i, *row in rows), strict=True)
    t2_place = np.array(t1_place) + lag
    hues = [_hues(p, seed, i, stream) for i, stream in zip(indices, streams, strict=True)]
    shown = [(stream[place], hue[place]) for stream, hue, place in zip(streams, hues, t2_place, strict=True)]
    names = [" ".join(objects.CATEGORIES[c] for c in stream) for stream in streams]
    return dict(
        arrays=stacked(_object(p, *each) for each in shown),
        categories=objects.CATEGORIES,
        design={
            "t2": (labels(("absent", "present"), levels[:, 0]), "whether there is a second target", "1"),
            "lag": (lag, "places of the second target after the first", "1"),
            "t1_class": (labels(objects.CATEGORIES, classes[:, 1]), "category of the first target", "1"),
            "t2_class": (labels(objects.CATEGORIES, classes[:, 0]), "category that is asked for", "1"),
            "t1_place": (np.array(t1_place), "place of the first target in the stream", "1"),
            "t2_place": (t2_place, "place of the second target in the stream", "1"),
            "stream": (np.array(names, object), "categories in the order in which they are shown", "1"),
        },
        factors=conditions | {"t2_class": count, "pair of categories": count - 1},
    )


def _stream(parameters: Rsvp, random: np.random.Generator, lag: int, present: bool, second: int, first: int):
    """Categories in their order, and the place of the first target."""
    p = parameters
    place = int(random.integers(p.before[0], p.before[1] + 1))
    others = np.setdiff1d(np.arange(len(objects.CATEGORIES)), (first, second))
    steps = random.integers(1, len(others), place + max(p.lags) + AFTER + 1)  # never 0: none comes twice in a row
    stream = others[np.cumsum(steps) % len(others)]
    stream[place] = first
    if present:
        stream[place + lag] = second
    return stream, place


def _hues(parameters: Rsvp, seed: int, number: int, stream: np.ndarray) -> np.ndarray:
    """Hue of each object of the stream of a stimulus, in degrees."""
    chance = generator(seed, STREAM, OF_HUES + number).random(len(stream))
    return surfaces.typical_hues(stream, parameters.hue, chance)


def _painted(parameters: Rsvp, category: int, hue: float, framed: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Paint an object in the middle: a picture of floats and its mask."""
    p, side = parameters, min(parameters.size)
    image, middle, radius = drawing.canvas(p.size, p.background), (p.size[1] / 2, p.size[0] / 2), p.radius * side
    colour = drawing.hue_colour(hue) if p.coloured else p.ink
    mask = drawing.paint(image, drawing.category(objects.CATEGORIES[category], *middle, radius), colour)
    if framed:
        drawing.paint(image, drawing.frame(*middle, FRAME * radius, max(1.0, side / 56)), p.ink)
    return drawing.quantised(image), mask


def _object(parameters: Rsvp, category: int, hue: float) -> dict[str, np.ndarray]:
    """What is seen of a stream."""
    p = parameters
    image, mask = _painted(p, category, hue)
    return {
        "image": image,
        "object_mask": mask[None],
        "object_class": np.array([category]),
        "object_x": np.array([p.size[1] / 2]),
        "object_y": np.array([p.size[0] / 2]),
        "object_radius": np.array([p.radius * min(p.size)]),
        "object_rotation": np.zeros(1),
        **({"object_hue": np.array([hue])} if p.coloured else {}),
    }


def course(parameters: Rsvp, stimuli: xr.Dataset, number: int) -> tuple[Frame, ...]:
    """Show fixation and the stream: the first target is the frame "first", the second or its place "second"."""
    p, one = parameters, stimuli.isel(stimulus=number)
    first, second, shown = int(one["t1_place"]), int(one["t2_place"]), round(p.soa - p.gap, 6)
    frames = [Frame("fixation", FIXATION, fixation(p, p.size))]
    stream = np.array([objects.CATEGORIES.index(name) for name in str(one["stream"].item()).split()])
    hues = _hues(p, stimuli.attrs["seed"], int(one["stimulus"]), stream)
    for place, (category, hue) in enumerate(zip(stream, hues, strict=True)):
        picture, _ = _painted(p, category, hue, framed=place == first)
        distractor = Frame("first" if place == first else "distractor", shown, picture)
        frames.append(seen(stimuli, number, "second", shown) if place == second else distractor)
        frames.append(Frame("blank", p.gap))
    return tuple(frames)


RSVP = Family(
    "rsvp",
    "streams of objects in one place, with two targets, for the attentional blink",
    Rsvp,
    draw,
    for_models=Rsvp(coloured=True),
    course=course,
)
