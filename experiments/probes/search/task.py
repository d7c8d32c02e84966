"""The task of search: is what is looked for among the items (Treisman and Gelade 1980)?"""

from __future__ import annotations

from experiments.studies.read_out import by_presence
from experiments.studies.task import Instruction, Response, Task, right

__all__ = ["TASK"]

PAGES = (
    """# Search

You will see pictures with a few or many shapes. A sentence before each picture tells you **what to look
for**.""",
    """# Is it there?

Half of the pictures hold what you look for, half do not. Press one key if it **is there**, the other one
if it is **not there**. The picture stays until you answer.

Answer as **quickly** as you can without making mistakes.""",
)


TASK = Task(
    "Is it there?",
    {"en": PAGES},
    (Instruction("target", "Look for the {target_form}.", "target"),),
    Response("keys", ("present", "absent"), ("f", "j"), time_limit=10.0),
    right("target"),
    by_presence("class_1"),
    factors=("set_size", "target", "target_form"),
    durations={"target": None},
)
