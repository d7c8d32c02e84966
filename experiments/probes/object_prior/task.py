"""The task of object_prior: a word says what to look for, the scene is shown for a moment, one object is
named.

Answers of the target's category count as right, whatever was told, so that benefits and costs are about
the same object, as in the probe's summary. A word for what is not shown tells how often people and
observers name what they were told, not what was there.
"""

from __future__ import annotations

from experiments.studies.read_out import by_category
from experiments.studies.task import Instruction, Response, Task, right

__all__ = ["TASK"]

PAGES = (
    """# Shapes at a glance

You will see pictures of two or more coloured shapes, such as a star, a heart or an arrow. Each is shown
for only a fifth of a second.""",
    """# A word before each picture

A sentence before each picture tells you **what to look for**. Often the picture holds it. It may also
hold something else beside it, or not hold it at all.

When the picture is gone, choose the **one shape that you saw most clearly**. Choose what you saw, not
what the sentence said. If you are not sure, guess.""",
)


TASK = Task(
    "Which shape did you see?",
    {"en": PAGES},
    (
        Instruction("neutral", "Look at the whole picture.", "neutral"),
        Instruction("valid", "Look for the {class_1}.", "valid"),
        Instruction("invalid", "Look for the {class_2}.", "invalid"),
        Instruction("absent", "Look for the {absent_class}.", "absent"),
    ),
    Response("grid", time_limit=10.0),
    right("class_1"),
    by_category,
    factors=("set_size", "class_1", "class_2", "absent_class"),
    durations={"target": 0.2, "mask": 0.2},
    feedback=False,  # another shape that was there is no wrong answer to a person
)
