"""How pictures are presented: after a fixation mark, and with a mask behind them where one is asked for."""

from __future__ import annotations

from functools import partial

import numpy as np
import xarray as xr

from stimuli.drawing import canvas as drawing
from stimuli.drawing.pattern_masks import PatternMask, noise, shuffled
from stimuli.foundation.design import generator
from stimuli.sets.frames import Frame, grey_of

__all__ = ["FIXATION", "fixation", "fixation_mark", "presented", "presented_on_plain", "seen"]

STREAM = 52
FIXATION = 0.5  # s


def presented(parameters, stimuli: xr.Dataset, number: int, pattern: PatternMask = shuffled) -> tuple[Frame, ...]:
    """Show a fixation mark, the picture until the response, and a mask behind it where it is asked for.

    The mask lasts 0 s, so that it is left out, until ``frames_of`` is asked for another duration of it and of
    the target: ``{"target": 0.15, "mask": 0.1}``. It is drawn from the set's seed and the stimulus's number.
    """
    picture = stimuli["image"].values[number]
    random = generator(int(stimuli.attrs["seed"]), STREAM, int(stimuli["stimulus"].values[number]))
    return (
        Frame("fixation", FIXATION, fixation(parameters, picture.shape[:2])),
        seen(stimuli, number),
        Frame("mask", 0.0, pattern(picture, random)),
    )


presented_on_plain = partial(presented, pattern=noise)  # pieces of a plain background would mask nothing


def seen(stimuli: xr.Dataset, number: int, name: str = "target", duration: float | None = None) -> Frame:
    """Show the picture of the set, at which observers look."""
    return Frame(name, duration, stimuli["image"].values[number], seen=True)


def fixation(parameters, size: tuple[int, int]) -> np.ndarray:
    """Draw a fixation mark on the empty background of a family's parameters, (y, x, channel) uint8."""
    image = drawing.canvas(size, grey_of(parameters))
    fixation_mark(image)
    return drawing.quantised(image)


def fixation_mark(image: np.ndarray, boldness: float = 1.0) -> None:
    """Paint a fixation mark into the middle of a picture (y, x, channel) of floats, black on light or white."""
    height, width = image.shape[:2]
    side = min(height, width)
    mark = drawing.fixation(width / 2, height / 2, 0.03 * side, boldness * max(1.0, side / 112))
    drawing.paint(image, mark, float(image[0, 0, 0] < 0.5))
