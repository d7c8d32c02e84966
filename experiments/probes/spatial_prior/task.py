"""The task of spatial_prior: a sentence sends attention to one side, a shape appears there or opposite (Posner 1980).

A cue in words takes the place of the arrow, so that nothing but the sentence differs between trials. In a study one
shape is shown at one of two places: among several, nobody could tell which is asked for when attention was sent away.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from experiments.studies.read_out import by_category
from experiments.studies.task import Instruction, Response, Task, right

__all__ = ["TASK"]

PAGES = (
    """# Where to attend

Keep your eyes on the **cross** in the middle of the screen. A shape, such as a star or a heart, is then shown for a
moment to the left or to the right of it.""",
    """# A hint

A sentence before each picture tells you **where to attend**. Attend there without moving your eyes. Often the shape
appears there, sometimes it appears on the other side.

Choose the shape that you saw. If you are not sure, guess.""",
)
AXES = (("left", "right"), ("top", "bottom"))


def _places(stimuli: xr.Dataset) -> dict[str, np.ndarray]:
    """Where the target is, seen from the middle of the picture, and the place opposite."""
    x, y = (stimuli[f"object_{of}"].values[:, 0] - stimuli.sizes[of] / 2 for of in ("x", "y"))
    axis = (np.abs(y) > np.abs(x)).astype(int)
    far = np.where(axis, y, x) > 0  # y points down
    return {name: np.array(AXES, object)[axis, side.astype(int)] for name, side in (("here", far), ("there", ~far))}


TASK = Task(
    "Which shape did you see?",
    {"en": PAGES},
    (
        Instruction("neutral", "Watch everywhere.", "diffuse"),
        Instruction("valid", "Attend to the {here}.", "place 0 width 0.1"),
        Instruction("invalid", "Attend to the {there}.", "place 180 width 0.1"),
    ),
    Response("grid", time_limit=10.0),
    right("class_1"),
    by_category,
    words=_places,
    factors=("here", "class_1"),
    display={"cue": "none", "places": 2, "distractors": 0},
    durations={"target": 0.1},
)
