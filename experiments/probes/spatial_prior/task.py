"""The task of spatial_prior: a sentence sends attention to one side, a shape appears there or opposite
(Posner 1980).

A cue in words takes the place of the arrow, so that nothing but the sentence differs between trials. In a
study one shape is shown at one of two places: among several, nobody could tell which is asked for when
attention was sent away.

Cues that are drawn, arrows or flashes, are given by the instruction "cue" alone: ``--cue central
--instructions cue``. Their validity is the display's, and an observer attends to the place that each
display cues.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

import absvit
from experiments import cues
from experiments.probe import Condition, Trial
from experiments.studies.read_out import by_category
from experiments.studies.task import Instruction, Response, Task, right

if TYPE_CHECKING:
    from absvit.models.priors import Prior

__all__ = ["TASK"]

PAGES = (
    """# Where to attend

Keep your eyes on the **small mark** in the middle of the screen. A shape, such as a star or a heart, is then
shown for a moment to the left or to the right of it.""",
    """# A hint

A sentence before each picture tells you **where to attend**; it may also tell you to follow an arrow or a
frame on the screen. Attend there without moving your eyes; where nothing tells you a side, attend to both.
The shape may appear there, or on the other side.

Choose the shape that you saw. If you are not sure, guess.""",
)
POINTERS = {"central": "where the arrow points", "peripheral": "the frame that flashes", "class": ""}
WIDTH = 0.1  # of the spotlight, in units of the smaller side
AXES = (("left", "right"), ("top", "bottom"))


def _words(stimuli: xr.Dataset) -> dict[str, np.ndarray]:
    """Where the target is, seen from the middle of the picture, and what is said of cues, or drawn."""
    x, y = (stimuli[f"object_{of}"].values[:, 0] - stimuli.sizes[of] / 2 for of in ("x", "y"))
    axis = (np.abs(y) > np.abs(x)).astype(int)
    far = np.where(axis, y, x) > 0  # y points down
    here, there = (np.array(AXES, object)[axis, side.astype(int)] for side in (far, ~far))
    none = np.full(len(here), "", object)
    if "display_validity" not in stimuli:
        return {"target_side": here, "here": here, "there": there, "pointer": none, "validity": none}
    pointer = np.full(len(here), POINTERS[json.loads(stimuli.attrs["parameters"])["cue"]], object)
    validity = stimuli["display_validity"].values
    return {"target_side": here, "here": none, "there": none, "pointer": pointer, "validity": validity}


def _at_cue(trial: Trial) -> Prior:
    """A spotlight on the place that each display cues; all places alike where it cues none."""
    import torch

    places = np.column_stack([trial.stimuli[f"display_cue_{of}"].values for of in ("x", "y")])
    cued = np.isfinite(places).all(1)
    spots = cues.place(lambda trial: np.where(cued[:, None], places, 0.0), WIDTH, trial).weights
    weights = torch.where(torch.from_numpy(cued)[:, None, None], spots, 1.0)
    return absvit.priors.SpatialPrior(weights, trial.gain)


TASK = Task(
    "Which shape did you see?",
    {"en": PAGES},
    (
        Instruction("neutral", "Watch everywhere.", "diffuse"),
        Instruction("valid", "Attend to the {here}.", "place 0 width 0.1"),
        Instruction("invalid", "Attend to the {there}.", "place 180 width 0.1"),
        Instruction("cue", "Attend to {pointer}.", "drawn cue", in_words=False),
    ),
    Response("grid", time_limit=10.0),
    right("class_1"),
    by_category,
    usual=("neutral", "valid", "invalid"),
    conditions=(Condition("drawn cue", 1, "place", _at_cue),),
    words=_words,
    factors=("validity", "target_side", "class_1"),
    levels={"validity": ("neutral", "valid", "invalid")},
    display={"cue": "none", "places": 2, "distractors": 0},
    durations={"target": 0.1},
)
