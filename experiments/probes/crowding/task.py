"""The task of crowding: name the shape beside fixation, alone or between others (Bouma 1970)."""

from __future__ import annotations

from experiments.studies.read_out import by_category
from experiments.studies.task import Instruction, Response, Task, right

__all__ = ["TASK"]

PAGES = (
    """# The shape in the middle

Keep your eyes on the **small mark** in the middle of the screen; do not look away from it. To its left
or right a shape is shown for a moment, alone or **between two others**.""",
    """# Which shape was it?

Choose the shape that was **between the others**, or the only one if it was alone. A sentence before each
picture may tell you on which side it will be. If you are not sure, guess.""",
)

TASK = Task(
    "Which shape was between the others?",
    {"en": PAGES},
    (
        Instruction("neutral", "Watch everywhere.", "neutral"),
        Instruction("place", "Attend to the {target_side}.", "place"),
    ),
    Response("grid", time_limit=10.0),
    right("class_1"),
    by_category,
    factors=("condition", "spacing", "target_side"),
    durations={"target": 0.15},
)
