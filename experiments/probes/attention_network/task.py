"""The task of attention_network: name the shape in the middle of a row above or below fixation (Fan et al. 2002).

What the cues say is told in words, so that nothing but the sentence differs between trials. Shapes take the
place of arrows: which way an arrow points is no category of an observer.
"""

from __future__ import annotations

from experiments.studies.read_out import by_category
from experiments.studies.task import Instruction, Response, Task, right

__all__ = ["TASK"]

ANSWERS = ("heart", "star")
PAGES = (
    """# The one in the middle

Keep your eyes on the **small mark** in the middle of the screen. A row of shapes appears **above** or
**below** it. The shapes beside the middle one may be the same as it, or others.""",
    """# What to do

Press the key of the shape in the **middle of the row**, as **quickly** as you can without making mistakes.
Ignore those beside it. A sentence before the row may tell you where it will appear.""",
)

TASK = Task(
    "Which shape is in the middle of the row?",
    {"en": PAGES},
    (
        Instruction("none", "Look for the row.", "neutral"),
        Instruction("centre", "A row is about to appear.", "diffuse", in_words=False),
        Instruction(
            "double", "A row is about to appear: attend to the places above and below.", "both places", in_words=False
        ),
        Instruction(
            "spatial", "A row is about to appear: attend to the place {target_place}.", "place", in_words=False
        ),
    ),
    Response("keys", ANSWERS, ("f", "j"), time_limit=1.7),
    right("class_1"),
    by_category,
    factors=("congruency", "target_place"),
    levels={"congruency": ("congruent", "neutral", "incongruent")},
    display={"cues": ("none",), "answers": ANSWERS},
)
