"""The task of bistable: two things in one picture; which is seen, with a word or a place to attend to, or
without?

Nothing is right. The share of answers that name what was told is the selection index of people; the
categories of both objects become columns of the trial table.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from experiments.studies.read_out import by_category
from experiments.studies.task import Instruction, Response, Task, nothing_right

__all__ = ["TASK"]

PAGES = (
    """# Two things in one picture

Each picture holds **two things**, side by side or one shining through the other. It is shown for a short
time.""",
    """# What do you see?

A sentence before each picture tells you what to look for, or where to attend. Do what it says as well as
you can.

When the picture is gone, choose the thing that you saw **most clearly**. There is no right or wrong.""",
)


def _sides(stimuli: xr.Dataset) -> dict[str, np.ndarray]:
    """The side of each object, where it has one."""
    n = stimuli.sizes["stimulus"]
    sides = stimuli["object_side"].values if "object_side" in stimuli else np.full((n, 2), "", object)
    return {f"side_{k + 1}": sides[:, k] for k in range(2)}


TASK = Task(
    "What did you see most clearly?",
    {"en": PAGES},
    (
        Instruction("none", "Look at the whole picture.", "none"),
        Instruction("class 1", "Look for the {class_1}.", "class 1"),
        Instruction("class 2", "Look for the {class_2}.", "class 2"),
        Instruction("absent class", "Look for the {absent_class}.", "absent class"),
        Instruction("place 1", "Attend to the {side_1}.", "place 1"),
        Instruction("place 2", "Attend to the {side_2}.", "place 2"),
    ),
    Response("grid", time_limit=10.0),
    nothing_right,
    by_category,
    words=_sides,
    factors=("class_1", "class_2", "absent_class", "side_1"),
    durations={"target": 0.3, "mask": 0.2},
    feedback=False,
)
