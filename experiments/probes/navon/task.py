"""The task of navon: name the large letter, or the small letters that it is made of (Navon 1977).

An observer is told by the width of attention: a wide spotlight for the large letter, a narrow one for the
small letters. It knows no letters, so its answer is read out by matching its logits to those of congruent
figures.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from experiments.studies.read_out import by_template
from experiments.studies.task import Instruction, Response, Task

__all__ = ["TASK"]

PAGES = (
    """# Large and small letters

You will see a **large letter** that is made of many **small letters**. Sometimes both are the same
letter, sometimes they are not.""",
    """# Which letter to name

A sentence before each picture tells you whether to name the **large** letter or the **small** ones.
Ignore the others.

Keep your eyes on the middle of the screen. Press the key of the letter as **quickly** as you can without
making mistakes.""",
)
LEVELS = {"global": "global_letter", "local": "local_letter"}


def _letter(stimuli: xr.Dataset, instruction: Instruction) -> np.ndarray:
    return stimuli[LEVELS[instruction.name]].values


TASK = Task(
    "Which letter was it?",
    {"en": PAGES},
    (
        Instruction("global", "Look at the large letter.", "wide", in_words=False),
        Instruction("local", "Look at the small letters.", "narrow", in_words=False),
    ),
    Response("keys", keys=("f", "j"), time_limit=3.0),
    _letter,
    by_template("global_letter", among=("congruency", "congruent")),  # whose letters agree
    factors=("congruency", "global_letter", "local_letter"),
    levels={"congruency": ("congruent", "incongruent")},
    durations={"target": 0.15},
)
