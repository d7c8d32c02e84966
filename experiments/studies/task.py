"""The contract of a task: what people are asked, and the same asked of observers; it belongs to a probe."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import xarray as xr

__all__ = ["Instruction", "Response", "Task"]


@dataclass(frozen=True)
class Instruction:
    """What somebody is told to attend to, once for people and observers.

    Parameters
    ----------
    name : level of the factor ``instruction``, such as "attend left".
    sentence : what stands on the screen of a participant; {fields} are design variables of the stimulus.
        Observers that take words get this very sentence.
    condition : name of the probe's condition whose prior tells an observer the same.
    """

    name: str
    sentence: str
    condition: str


@dataclass(frozen=True)
class Response:
    """How an answer is given.

    Parameters
    ----------
    kind : keys or buttons, one an option; a grid of categories; a slider from the first option to the last;
        or a click on a place.
    options : what can be answered; the categories of the stimuli, if left out.
    keys : key of each option, as a browser names it (KeyboardEvent.key), where ``kind`` is keys.
    time_limit : in s from the onset of what is answered; None = as long as it takes.
    """

    kind: Literal["keys", "buttons", "grid", "slider", "place"] = "keys"
    options: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    time_limit: float | None = None

    def __post_init__(self) -> None:
        if self.kind == "keys" and len(self.keys) != len(self.options):
            raise ValueError(f"keys are one an option: got {len(self.keys)} for {len(self.options)} options")
        if len(set(self.options)) < len(self.options) or len(set(self.keys)) < len(self.keys):
            raise ValueError(f"options and keys are all different, got {self.options} and {self.keys}")


@dataclass(frozen=True)
class Task:
    """What is asked in a probe.

    Parameters
    ----------
    question : asked at each trial, a line.
    pages : instruction pages before the first trial, Markdown, by language ("en" is always there).
    instructions : what may be told, the levels of the factor ``instruction``.
    response : how the answer is given.
    answer : function of (stimuli, instruction) that gives the option that is right for each stimulus, as
        words; "" where nothing is right.
    read_out : function of (logits, stimuli, options) that gives the observer's probability of each option,
        (stimulus, option), of logits (stimulus, class) with the coordinate ``class``.
    factors : design variables of the stimuli that become columns of the trial table.
    durations : of the frames of a trial in s, by the frame's name, where they differ from the family's; None
        lasts until the response.
    practice : trials of practice, with feedback where ``feedback``.
    feedback : whether practice says if the answer was right.
    """

    question: str
    pages: Mapping[str, tuple[str, ...]]
    instructions: tuple[Instruction, ...]
    response: Response
    answer: Callable[[xr.Dataset, Instruction], np.ndarray]
    read_out: Callable[[xr.DataArray, xr.Dataset, tuple[str, ...]], np.ndarray]
    factors: tuple[str, ...] = ()
    durations: Mapping[str, float | None] = field(default_factory=dict)
    practice: int = 8
    feedback: bool = True
