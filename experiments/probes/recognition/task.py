"""The task of recognition: name the one object of a picture that is shown for a moment."""

from __future__ import annotations

from experiments.studies.read_out import by_category
from experiments.studies.task import Instruction, Response, Task, right

__all__ = ["TASK"]

PAGES = (
    """# What is it?

You will see pictures of one thing each, for a fifth of a second. When a picture is gone, choose what it
showed. If you are not sure, guess.""",
)

TASK = Task(
    "What was it?",
    {"en": PAGES},
    (Instruction("none", "Look at the whole picture.", "none"),),
    Response("grid", time_limit=10.0),
    right("class_1"),
    by_category,
    factors=("class_1",),
    durations={"target": 0.2, "mask": 0.2},
)
