"""The contract of a task: what people are asked, and the same asked of observers; it belongs to a probe.

A task sees the stimuli as :func:`asked` gives them: as the probe shows them, with the classes of their
objects and of what is not shown in words. So a sentence on the screen, such as "Look for the {class_1}.",
and the prior that an observer gets, ``class_1`` of the trial, name the same.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np
import xarray as xr

from stimuli.foundation.registry import later

if TYPE_CHECKING:
    from experiments.probe import Condition, Probe

__all__ = ["Instruction", "Response", "Task", "asked", "fields_of", "nothing_right", "right", "task_of"]


@dataclass(frozen=True)
class Instruction:
    """What somebody is told to attend to, once for people and observers.

    Parameters
    ----------
    name : level of the factor ``instruction``, such as "attend left".
    sentence : what stands on the screen of a participant; {fields} are variables of the stimuli, as
        :func:`asked` gives them. Observers that take words get this very sentence, where it is for words.
    condition : name of the condition, of the probe or of the task, whose prior tells an observer the same; ""
        where no prior does, and an observer looks bottom-up.
    in_words : whether the sentence names by itself what to attend to; if not (it speaks of what is drawn, or of
        a dimension), an observer that takes words is told by the prior as well.
    dimension : of pictures that it names, such as "shape"; observers are told it where a file of dimensions is
        given.
    """

    name: str
    sentence: str
    condition: str = ""
    in_words: bool = True
    dimension: str = ""


@dataclass(frozen=True)
class Response:
    """How an answer is given.

    Parameters
    ----------
    kind : keys or buttons, one an option; a grid of categories; a slider from the first option to the last;
        or a click on a place.
    options : what can be answered; the categories of the stimuli, if left out.
    keys : that are pressed, as a browser names them (KeyboardEvent.key), as many as options, where
        ``kind`` is keys. Which of them means which option may differ between participants.
    time_limit : in s from the onset of what is answered; None = as long as it takes.
    """

    kind: Literal["keys", "buttons", "grid", "slider", "place"] = "keys"
    options: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    time_limit: float | None = None

    def __post_init__(self) -> None:
        if self.kind == "keys" and (not self.keys or self.options and len(self.keys) != len(self.options)):
            raise ValueError(f"keys are one an option: got {len(self.keys)} for {len(self.options)} options")
        if len(set(self.options)) < len(self.options) or len(set(self.keys)) < len(self.keys):
            raise ValueError(f"options and keys are all different, got {self.options} and {self.keys}")
        if self.time_limit is not None and not self.time_limit > 0:
            raise ValueError(f"time_limit is in s, above 0, got {self.time_limit}")


def _no_words(stimuli: xr.Dataset) -> Mapping[str, np.ndarray]:
    return {}


@dataclass(frozen=True)
class Task:
    """What is asked in a probe. Its functions take the stimuli as :func:`asked` gives them.

    Parameters
    ----------
    question : asked at each trial, a line.
    pages : instruction pages before the first trial, Markdown, by language ("en" is always there).
    instructions : what may be told, the levels of the factor ``instruction``.
    response : how the answer is given.
    answer : function of (stimuli, instruction) that gives the option that is right for each stimulus, as
        words; "" where nothing is right.
    read_out : function of (logits, stimuli, options) that gives the observer's probability of each option,
        (stimulus, option), of logits (stimulus, class) with the coordinate ``class``, in which categories of
        the stimuli that the observer knows have the stimuli's names. Logits are of all stimuli of a study
        under one instruction.
    usual : names of the instructions that a study gives unless others are asked for; all, if left out.
    conditions : that only people's displays have, and the probe does not.
    words : function of stimuli that gives further variables, (stimulus,) words by name, for sentences and
        factors.
    factors : variables of the stimuli that become columns of the trial table.
    levels : of factors, in the order in which tables and figures have them; numbers by size and words by the
        alphabet, where left out.
    display : fields of the family's parameters with which a study draws it, where they differ from those with
        which probes do: what people and observers see is the same.
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
    usual: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()
    words: Callable[[xr.Dataset], Mapping[str, np.ndarray]] = _no_words
    factors: tuple[str, ...] = ()
    levels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    display: Mapping[str, object] = field(default_factory=dict)
    durations: Mapping[str, float | None] = field(default_factory=dict)
    practice: int = 8
    feedback: bool = True

    def instruction(self, name: str) -> Instruction:
        """Give an instruction by its name; a ValueError says which there are."""
        found = {each.name: each for each in self.instructions}
        if name not in found:
            known = ", ".join(found)
            raise ValueError(f"there is no instruction {name!r} in this task: expected one of {known}")
        return found[name]

    def given(self, names: Sequence[str] = ()) -> list[Instruction]:
        """Give the instructions of these names; the usual ones, if there are none."""
        known = [each.name for each in self.instructions]
        return [self.instruction(name) for name in (names or self.usual or known)]

    def options(self, stimuli: xr.Dataset) -> tuple[str, ...]:
        """Say what can be answered; a ValueError tells of keys that are not one an option."""
        response = self.response
        found = response.options or tuple(stimuli.attrs["categories"])
        if response.kind == "keys" and len(response.keys) != len(found):
            raise ValueError(
                f"{len(response.keys)} keys answer {len(found)} options ({', '.join(found)}): give one each"
            )
        return found

    def sentences(self, stimuli: xr.Dataset, instruction: Instruction) -> list[str]:
        """Give the sentence that stands on the screen with each stimulus.

        Raises
        ------
        ValueError : a field is no variable of the stimuli, or has no word for one of them.
        """
        names = fields_of(instruction.sentence)
        if unknown := [name for name in names if name not in stimuli]:
            known = ", ".join(str(name) for name, of in stimuli.data_vars.items() if of.dims == ("stimulus",))
            raise ValueError(
                f"the instruction {instruction.name!r} names {{{unknown[0]}}}, which the stimuli do not have: {known}"
            )
        columns = [[str(word).replace("_", " ") for word in stimuli[name].values] for name in names]
        for name, words in zip(names, columns, strict=True):
            if "" in words:
                number = stimuli["stimulus"].values[words.index("")]
                fit = ", ".join(each.name for each in self.instructions if _said_of_all(stimuli, each)) or "none does"
                raise ValueError(
                    f"the instruction {instruction.name!r} names {{{name}}}, and stimulus {number} has none: give "
                    f"--instructions that fit these stimuli ({fit}), or choose other stimuli"
                )
        rows = zip(*columns, strict=True) if names else [()] * stimuli.sizes["stimulus"]
        return [instruction.sentence.format(**dict(zip(names, row, strict=True))) for row in rows]


def _said_of_all(stimuli: xr.Dataset, instruction: Instruction) -> bool:
    """Whether stimuli have what an instruction names, all of them."""
    return all(name in stimuli and (stimuli[name] != "").all() for name in fields_of(instruction.sentence))


def right(name: str) -> Callable[[xr.Dataset, Instruction], np.ndarray]:
    """Give the ``answer`` of a task in which a variable of the stimuli is right, whatever was told."""
    return lambda stimuli, instruction: stimuli[name].values


def nothing_right(stimuli: xr.Dataset, instruction: Instruction) -> np.ndarray:
    """Give the ``answer`` of a task in which nothing is right or wrong."""
    return np.full(stimuli.sizes["stimulus"], "", object)


def fields_of(sentence: str) -> list[str]:
    """Name the {fields} of a sentence, each once."""
    names = (name for _, name, _, _ in string.Formatter().parse(sentence))
    return [name for name in dict.fromkeys(names) if name is not None]


def task_of(probe: Probe) -> Task:
    """Give the task of a probe.

    Raises
    ------
    ValueError : people have none in it.
    """
    if probe.task is None:
        asks = "it asks what only observers can be asked"
        raise ValueError(f"the probe {probe.name} has no task for people: {asks}")
    return probe.task.function if isinstance(probe.task, later) else probe.task


def asked(probe: Probe, stimuli: xr.Dataset) -> xr.Dataset:
    """Give stimuli as a task sees them: as the probe shows them, and their classes in words.

    Parameters
    ----------
    probe : prepares them.
    stimuli : stimulus set; its seed draws what is not shown.

    Returns
    -------
    The stimuli with (stimulus,) words ``class_1``, ``class_2`` ... of their objects, ``absent_class`` and
    ``third_class`` of what is not shown, "" where there is none; and the words of the task.

    Raises
    ------
    ValueError : the probe cannot show them; it has no task, or lacks a variable that it needs.
    """
    task = task_of(probe)
    if lacking := [name for name in probe.needs if name not in stimuli]:
        raise ValueError(f"{probe.name} needs {', '.join(lacking)} of every stimulus, and this set has none")
    prepared = probe.prepare(stimuli)
    named = prepared.assign({name: ("stimulus", words) for name, words in _class_words(prepared).items()})
    return named.assign({name: ("stimulus", _words(words)) for name, words in task.words(named).items()})


def _words(words: np.ndarray) -> np.ndarray:
    return np.array([str(word) for word in words], object)


def _class_words(stimuli: xr.Dataset) -> dict[str, np.ndarray]:
    """Words (stimulus,) by the names that a trial's classes have.

    What is not shown is drawn as for records (``experiments.show``) of whoever has the set's classes in
    its order.
    """
    drawn, seed = stimuli["object_class"].values, int(stimuli.attrs["seed"])
    names = np.array([*stimuli.attrs["categories"], ""], object)  # the last one is of no object
    others = []
    for number, row in zip(stimuli["stimulus"].values.tolist(), drawn, strict=True):
        free = np.setdiff1d(np.arange(len(names) - 1), row)
        generator = np.random.Generator(np.random.Philox(key=[seed, number]))
        others.append([*generator.permutation(free)[:2], -1, -1][:2] if len(free) else [-1, -1])
    absent, third = names[np.array(others)].T
    shown = {f"class_{k + 1}": names[of] for k, of in enumerate(drawn.T)}
    return shown | {"absent_class": absent, "third_class": third}
