"""The task of contours: do the cut disks draw a figure, or are they turned outwards (Kanizsa 1976)?"""

from __future__ import annotations

import numpy as np
import xarray as xr

from experiments.studies.read_out import by_presence
from experiments.studies.task import Instruction, Response, Task

__all__ = ["TASK"]

PAGES = (
    """# A figure in front of disks

You will see a few black disks, each with a piece cut out. In half of the pictures the cuts let you see a
**figure**, a triangle or a square, that seems to lie **in front of** the disks. In the other half the
disks are turned, and there is no figure.""",
    """# Is there a figure?

A sentence before each picture tells you which figure to look for. Press one key if you **see it**, the
other one if you do not. Answer as **quickly** as you can without making mistakes.""",
)


def _presence(stimuli: xr.Dataset, instruction: Instruction) -> np.ndarray:
    return np.where(stimuli["condition"].values == "illusory", "present", "absent")


TASK = Task(
    "Is it there?",
    {"en": PAGES},
    (Instruction("figure", "Look for the {figure}.", "figure"),),
    Response("keys", ("present", "absent"), ("f", "j"), time_limit=3.0),
    _presence,
    by_presence("class_1"),
    factors=("condition", "figure"),
    durations={"target": 0.3},
)
