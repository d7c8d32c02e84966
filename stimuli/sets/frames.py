"""Frames: what is shown one after the other when a stimulus is presented, and which of it observers look at."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Protocol

import numpy as np
import xarray as xr

from stimuli.sets.remake import instance
from stimuli.sets.resizing import resized

__all__ = ["NAMES", "Display", "Frame", "display_of", "duration", "frames_of", "grey_of", "onsets"]

NAMES = (
    "fixation", "cue", "interval", "target", "distractor", "mask", "blank", "response", "first", "second",
)  # fmt: skip
GREY = 0.5  # of an empty background, where the parameters tell no grey level


@dataclass(frozen=True)
class Frame:
    """Something that is shown for a time.

    Parameters
    ----------
    name : one of ``NAMES``.
    duration : in s, at least 0; None = until the response. Frames of 0 s are not shown unless asked for.
    picture : (y, x, channel) uint8; None = the empty background.
    seen : whether observers look at this picture; one frame of a course is seen.
    """

    name: str
    duration: float | None
    picture: np.ndarray | None = None
    seen: bool = False

    def __post_init__(self) -> None:
        if self.name not in NAMES:
            raise ValueError(f"a frame is called one of {', '.join(NAMES)}; got {self.name!r}")
        if self.duration is not None and not 0 <= self.duration < math.inf:
            raise ValueError(f"a {self.name} frame lasts at least 0 s, or None until the response: got {self.duration}")


class Shown(Protocol):
    """What is asked of a :class:`stimuli.families.family.Family` here."""

    name: str
    parameters: type
    course: Callable[..., tuple[Frame, ...]] | None


@dataclass(frozen=True)
class Display:
    """What frames are shown on.

    Parameters
    ----------
    pixels : height and width of the pictures.
    degrees : the same in degrees of visual angle, as the set was asked to be seen; None where it does not tell.
    background : red, green and blue of the empty background, 0 to 255.
    """

    pixels: tuple[int, int]
    degrees: tuple[float, float] | None
    background: tuple[int, int, int]


def frames_of(
    family: Shown, stimuli: xr.Dataset, number: int, durations: Mapping[str, float | None] | None = None
) -> tuple[Frame, ...]:
    """Give the frames of a stimulus in the order of their onsets.

    They follow from the set alone, its recipe, design variables and seed, so that a set that is read from disk
    has the same. A family without a course is still: one frame, the target. Where the last frame does not
    last until the response, an empty one called response is added that does.

    Parameters
    ----------
    family : of the set.
    stimuli : a stimulus set.
    number : place of the stimulus in it, 0 for the first.
    durations : of all frames of a name in s, where they differ from the course's: a mask that a course offers
        for 0 s is shown if it is asked for, and a frame is left out that shall last 0 s.

    Returns
    -------
    Frames; the picture of the one that is seen is the set's image, byte for byte.

    Raises
    ------
    ValueError : there is no such stimulus; durations name a frame that the course does not have, or let one
        before the last last until the response; or a course does not show the image exactly once.
    """
    if not 0 <= number < stimuli.sizes["stimulus"]:
        raise ValueError(f"stimuli are numbered 0 to {stimuli.sizes['stimulus'] - 1}, got {number}")
    course = _course(family, stimuli, number)
    asked = dict(durations or {})
    if unknown := sorted(asked.keys() - {frame.name for frame in course} - {"response"}):
        known = ", ".join(dict.fromkeys(frame.name for frame in course))
        raise ValueError(f"{family.name} has no frame {', '.join(unknown)} to give a duration; expected of {known}")
    course = [replace(frame, duration=asked.get(frame.name, frame.duration)) for frame in course]
    shown = [frame for frame in course if frame.duration != 0]
    if not shown or shown[-1].duration is not None:
        shown.append(Frame("response", asked.get("response")))
    _check(family.name, shown, stimuli["image"].values[number])
    return tuple(shown)


def onsets(frames: Sequence[Frame]) -> tuple[float, ...]:
    """Give the time from the first frame's onset to each one's, in s."""
    return tuple(accumulate((frame.duration for frame in frames[:-1]), initial=0.0))


def duration(frames: Sequence[Frame]) -> float | None:
    """Give the time that all frames take, in s; None where the last one lasts until the response."""
    last = frames[-1].duration
    return None if last is None else onsets(frames)[-1] + last


def display_of(family: Shown, stimuli: xr.Dataset) -> Display:
    """Tell size and background of what a set's frames are shown on.

    The background is the grey level among the parameters, or the middle one where they tell none.
    """
    pixels = (stimuli.sizes["y"], stimuli.sizes["x"])
    level = grey_of(_parameters(family, stimuli)) if "parameters" in stimuli.attrs else GREY
    # a set that was resized is seen from as much nearer or farther: its degrees stay
    whole = tuple(stimuli.attrs.get("resized_from", pixels))
    resolution = stimuli.attrs.get("pixels_per_degree")
    return Display(pixels, resolution and tuple(side / resolution for side in whole), (int(level * 255 + 0.5),) * 3)


def grey_of(parameters) -> float:
    """Give the grey level in [0, 1] of the empty background of a family's parameters; 0.5 where they tell none."""
    level = getattr(parameters, "background", GREY)
    return float(level) if isinstance(level, int | float) else GREY


def _parameters(family: Shown, stimuli: xr.Dataset):
    if "parameters" not in stimuli.attrs:
        raise ValueError(f"the stimuli do not tell the parameters of {family.name}: give a set that the family drew")
    return instance(family.parameters, json.loads(stimuli.attrs["parameters"]))


def _course(family: Shown, stimuli: xr.Dataset, number: int) -> list[Frame]:
    """The frames that a family gives, in the size of the set."""
    if family.course is None:
        return [Frame("target", None, stimuli["image"].values[number], seen=True)]
    course = family.course(_parameters(family, stimuli), stimuli, number)
    size = (stimuli.sizes["y"], stimuli.sizes["x"])
    return [replace(f, picture=resized(f.picture, size)) if _other(f, stimuli) else f for f in course]


def _other(frame: Frame, stimuli: xr.Dataset) -> bool:
    """Whether a picture was drawn in the size that a set had before it was resized."""
    return frame.picture is not None and list(frame.picture.shape[:2]) == stimuli.attrs.get("resized_from")


def _check(name: str, frames: Sequence[Frame], image: np.ndarray) -> None:
    """Refuse frames that do not show the image exactly once as what is seen, or stop before the last."""
    seen = [frame for frame in frames if frame.seen]
    if len(seen) != 1 or seen[0].picture is None or not np.array_equal(seen[0].picture, image):
        raise ValueError(f"{name} has {len(seen)} frames that observers look at: exactly one shows the set's image")
    if waiting := [frame.name for frame in frames[:-1] if frame.duration is None]:
        raise ValueError(
            f"the {waiting[0]} of {name} lasts until the response, but is not the last frame: give it a duration in s"
        )
    for frame in frames:
        if frame.picture is not None and (frame.picture.shape, frame.picture.dtype) != (image.shape, image.dtype):
            raise ValueError(
                f"the {frame.name} of {name} is {frame.picture.dtype} of {frame.picture.shape}: expected uint8 of "
                f"{image.shape}, as the set's images"
            )
