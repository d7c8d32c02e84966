"""The task of cue_conflict: choose one of sixteen categories, as it is, by shape or by texture (Geirhos
et al. 2019).

Pictures are shown for 200 ms, and 1.5 s after them and a mask of 200 ms are left for the answer, as in
the study. The probe's cue for the category of the shape would tell an observer the answer. What tells it to attend
to shape as such is a prior for the dimension, where one has been learnt (``absvit.dimensions``); without one it
looks bottom-up under these instructions, and that is said in the trial table.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from experiments.studies.read_out import by_category
from experiments.studies.task import Instruction, Response, Task

__all__ = ["TASK"]

PAGES = (
    """# What is it?

You will see pictures for a fifth of a second each. Some look odd: they have the **shape** of one thing
and the **texture**, the surface, of another.""",
    """# Choose a category

After each picture choose the category that fits. A sentence before the picture tells you whether to go by
what it looks like **as a whole**, by its **shape**, or by its **texture**.

You have a second and a half. If you are not sure, guess.""",
)
RIGHT = {"shape": "class_1", "texture": "class_2"}


def _answer(stimuli: xr.Dataset, instruction: Instruction) -> np.ndarray:
    """The category of the shape or the texture, as told; else nothing is right unless both are the same."""
    shape, texture = stimuli["class_1"].values, stimuli["class_2"].values
    told = RIGHT.get(instruction.name)
    return stimuli[told].values if told else np.where(shape == texture, shape, "")


def _both(stimuli: xr.Dataset) -> dict[str, np.ndarray]:
    return {"shape": stimuli["class_1"].values, "texture": stimuli["class_2"].values}


TASK = Task(
    "What is it?",
    {"en": PAGES},
    (
        Instruction("neutral", "Choose what fits the picture best.", "none"),
        Instruction("shape", "Choose by the shape.", in_words=False, dimension="shape"),
        Instruction("texture", "Choose by the texture.", in_words=False, dimension="texture"),
    ),
    Response("grid", time_limit=1.9),
    _answer,
    by_category,
    words=_both,
    factors=("shape", "texture", "conflict"),
    durations={"target": 0.2, "mask": 0.2},
    feedback=False,
)
