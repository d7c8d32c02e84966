"""Observers take part in a study: they answer the trials that people answer, told the same.

Each stimulus is seen once under each instruction, whoever's list it stands in. An observer is told by the
prior of the instruction's condition; in words, where it takes them, by the very sentence that stands on
the screen.
"""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr

import absvit
from absvit.models.class_names import class_indices
from experiments.classes import check_classes
from experiments.cues import attended
from experiments.observers import Observer, load_observers, observer_of
from experiments.probe import Condition, Probe, Stimuli, Trial
from experiments.probes import PROBES
from experiments.show import looks_of, trial_of
from experiments.studies.asking import Asking
from experiments.studies.folder import Study, open_study
from experiments.studies.task import Task, asked, task_of
from experiments.trials.trial_table import trial_table
from stimuli.designs.items import items_of
from stimuli.sets.reading import read_parts
from stimuli.sets.resizing import set_resized

if TYPE_CHECKING:
    from torch import nn

    from absvit.models.priors import Prior

__all__ = ["about", "take", "take_study"]

AT_A_TIME = 20  # stimuli that are seen together
OF_TASK = ("answer", "sentence", "key_order")  # columns of lists that the task or the page tells


def take(
    probe: Probe | str,
    stimuli: Stimuli | xr.Dataset,
    lists: pd.DataFrame | None = None,
    observers: Sequence[Observer] | Observer | nn.Module | str = "absvit_micro",
    asking: Asking | None = None,
    study: str = "",
) -> pd.DataFrame:
    """Let observers answer the trials of a task.

    Parameters
    ----------
    probe : has a task; by name, or the object itself.
    stimuli : of the study, of which each trial shows one.
    lists : trials of participants, a row each: ``item`` (FAMILY_00012), and ``list``, ``block``, ``phase``,
        ``trial``, ``instruction`` and further factors where there are any. Each stimulus under each
        usual instruction, if left out.
    observers : who looks; or whatever :func:`~experiments.observers.observer_of` makes one of, or a name.
    asking : how they are asked.
    study : version of the study.

    Returns
    -------
    Trial table of kind model: participant is an observer's name, session its seed; with p(OPTION), the task's
    factors, and ``told``, how it was told the instruction, a word of ``TOLD``. There are no reaction
    times. The attribute ``readings`` of the table says how sentences were read.

    Raises
    ------
    ValueError : the probe has no task or cannot show the stimuli; an observer does not know the options; a
        trial names what there is not, or another right answer; a sentence cannot be read.

    Examples
    --------
    >>> answers = experiments.take("bistable", stimuli.draw("halves", n=2), observers=model)
    >>> answers["response"].tolist()[:2]
    ['cross', 'arrow']
    """
    probe, asking = PROBES.of(probe), asking or Asking()
    task, looking = _with_dimensions(task_of(probe), asking), _looking(observers)
    shown = Stimuli.of(stimuli) if isinstance(stimuli, xr.Dataset) else stimuli
    names = _instructions(task, lists)
    tables, readings = [], {}
    for observer in looking:
        seen = _seen(probe, task, observer, shown, names, asking)
        tables.append(_answered(task, observer, seen, lists, asking))
        readings |= seen.readings
    table = trial_table(pd.concat(tables, ignore_index=True).assign(kind="model", study=study))
    table.attrs |= {"readings": readings, "levels": {"instruction": names, **task.levels}}
    return table


def _with_dimensions(task: Task, asking: Asking) -> Task:
    """The task whose instructions that name a dimension are told by its prior, if one was learnt."""
    if not asking.dimensions:
        return task
    named = [each.dimension for each in task.instructions if each.dimension]
    if not named:
        what = f"no instruction of the task {task.question!r} names a dimension"
        raise ValueError(f"{what}: leave out dimensions")
    told = tuple(
        Condition(f"attend {name}", 0, "dimension", partial(attended, asking.dimensions, name)) for name in named
    )
    by = {name: condition.name for name, condition in zip(named, told, strict=True)}
    instructions = (replace(each, condition=by.get(each.dimension, each.condition)) for each in task.instructions)
    return replace(task, instructions=tuple(instructions), conditions=(*task.conditions, *told))


def take_study(
    study: Study | Path | str,
    observers: Sequence[Observer] | Observer | nn.Module | str = "absvit_micro",
    lists: Sequence[int] = (),
    asking: Asking | None = None,
) -> pd.DataFrame:
    """Let observers take part in a study that lies in a folder, as :func:`take` does.

    Parameters
    ----------
    study : or its folder.
    observers : who looks.
    lists : numbers of participants' lists; all, if left out.
    asking : how they are asked.

    Returns
    -------
    Trial table of kind model; catch trials are for people alone.

    Raises
    ------
    FileNotFoundError, ValueError : there is no such study or list, it was changed, or as :func:`take`.
    """
    study = study if isinstance(study, Study) else open_study(Path(study))
    rows = [
        {name: value for name, value in trial.items() if name not in ("frames", "factors")}
        | trial["factors"]
        | {"list": number}
        for number in lists or range(1, study.lists + 1)
        for trial in study.list(number)["trials"]
        if trial["phase"] != "catch"
    ]
    stimuli = Stimuli(*read_parts(study.folder / study.about["stimuli"]))
    table = take(study.about["probe"], stimuli, pd.DataFrame(rows), observers, asking, study.version)
    table.attrs["levels"] = study.levels
    return table


def about(observers: Sequence[Observer]) -> dict[str, dict]:
    """Say who takes part, as attributes of a record: weights, mechanism, gains, kinds of priors, by name."""
    weights = {name: [] for name in (observer.name for observer in observers)}
    for observer in observers:
        weights[observer.name].append([observer.seed, *observer.weights()])
    first = {observer.name: observer for observer in reversed(observers)}
    return {
        "checkpoints": {name: {"seed, file, sha256": of} for name, of in weights.items()},
        "mechanisms": {name: of.facts.get("mechanism") for name, of in first.items()},
        "read_outs": {name: of.facts.get("read_out", {}).get("name") for name, of in first.items()},
        "prior_gains": {name: dict(of.gains) for name, of in first.items()},
        "prior_kinds": {name: list(of.kinds) for name, of in first.items()},
    }


def _looking(given: Sequence | Observer | nn.Module | str) -> list[Observer]:
    if isinstance(given, str):
        return load_observers(given)
    found = [observer_of(each) for each in (given if isinstance(given, Sequence) else [given])]
    called = [(observer.name, observer.seed) for observer in found]
    if twice := next((each for each in called if called.count(each) > 1), None):
        raise ValueError(f"two observers are called {twice[0]!r} and have the same seed: name each otherwise")
    return found


def _instructions(task: Task, lists: pd.DataFrame | None) -> list[str]:
    """Names of the instructions that are given."""
    known = [instruction.name for instruction in task.given()]
    if lists is None:
        return known
    if "instruction" not in lists and len(known) > 1:
        several = ", ".join(known)
        raise ValueError(f"the trials have no column instruction, and the task has several: {several}")
    return list(dict.fromkeys(lists["instruction"])) if "instruction" in lists else known


@dataclass(frozen=True, eq=False)
class _Seen:
    """What an observer has seen.

    Parameters
    ----------
    stimuli : as the task sees them, without pictures.
    logits : (stimulus, class) by instruction.
    told : word of ``TOLD`` by instruction.
    readings : how each sentence that it was told was read.
    """

    stimuli: xr.Dataset
    logits: dict[str, xr.DataArray]
    told: dict[str, str]
    readings: dict[str, str]


def _seen(
    probe: Probe, task: Task, observer: Observer, stimuli: Stimuli, names: Sequence[str], asking: Asking
) -> _Seen:
    """Let an observer look at all stimuli under some instructions."""
    parameters = probe.parameters()
    iterations = asking.iterations or parameters.iterations
    parts, logits, readings = [], {name: [] for name in names}, {}
    for part in _parts(probe, observer, stimuli):
        trial = _trial(observer, part, asking.gain)
        there = (*looks_of(probe, observer, part, parameters), *task.conditions)
        conditions = {condition.name: condition for condition in there}
        told = {}
        for instruction in map(task.instruction, names):
            condition, sentences = (
                conditions.get(instruction.condition),
                task.sentences(part, instruction),
            )
            in_words = asking.instruct and instruction.in_words
            told[instruction.name] = _told(observer, trial, condition, sentences, in_words)
        for name, values in _look(observer, part, told, iterations).items():
            logits[name].append(values)
        read = [prior.reading for of in told.values() for _, prior in of.priors if of.how == "words"]
        readings |= {reading.sentence: str(reading) for reading in read}
        parts.append(part.drop_vars(["image", "object_mask"]))
    whole = xr.concat(parts, "stimulus", data_vars="minimal", coords="minimal", compat="override")
    classes = _classes(observer, whole.attrs["categories"])
    dims = ("stimulus", "class")
    arrays = {name: xr.DataArray(np.concatenate(of), {"class": classes}, dims) for name, of in logits.items()}
    return _Seen(whole, arrays, {name: of.how for name, of in told.items()}, readings)


def _parts(probe: Probe, observer: Observer, stimuli: Stimuli) -> Iterator[xr.Dataset]:
    """Stimuli as the task sees them, some at a time, at the size that the observer takes."""
    for first in range(0, stimuli.n, AT_A_TIME):
        part = stimuli.part(first, min(AT_A_TIME, stimuli.n - first))
        size = tuple(observer.size)
        part = asked(probe, part if (part.sizes["y"], part.sizes["x"]) == size else set_resized(part, size))
        if not first and probe.unknown is None:
            check_classes([observer], part.attrs["categories"], probe.name)
        yield part


def _classes(observer: Observer, categories: Sequence[str]) -> np.ndarray:
    """Names of an observer's classes, those of the stimuli as the stimuli have them."""
    names = np.array(observer.categories, object)
    for category, place in zip(categories, class_indices(observer, categories), strict=True):
        if place >= 0:
            names[place] = category
    return names


def _trial(observer: Observer, part: xr.Dataset, gain: float | None) -> Trial:
    """What priors depend on; its classes are those that the sentences name."""
    trial = trial_of(observer, part, int(part.attrs["seed"]))
    named = {name: class_indices(observer, part[name].values) for name in trial.classes if name in part}
    return replace(trial, gain=gain, classes=trial.classes | named)


@dataclass(frozen=True, eq=False)
class _Told:
    """What an observer is told with some stimuli: how, and each prior with the places of its stimuli."""

    how: str
    priors: tuple[tuple[tuple[int, ...], Prior], ...] = ()


def _told(
    observer: Observer,
    trial: Trial,
    condition: Condition | None,
    sentences: Sequence[str],
    in_words: bool,
) -> _Told:
    """How an observer is told an instruction with stimuli, whose sentences stand on the screen."""
    everything = tuple(range(len(sentences)))
    if condition is not None and not condition.cues(trial):
        return _Told("nothing", ((everything, condition.prior(trial)),) if condition.taken(trial) else ())
    if in_words:
        each = {said: absvit.priors.instruction(said, trial.gain) for said in dict.fromkeys(sentences)}
        if all(map(observer.takes, each.values())):
            places = {sentence: tuple(np.flatnonzero(np.array(sentences) == sentence)) for sentence in each}
            return _Told("words", tuple((places[sentence], prior) for sentence, prior in each.items()))
    if condition is None or not condition.taken(trial):
        return _Told("cannot")
    return _Told("prior", ((everything, condition.prior(trial)),))


def _look(observer: Observer, part: xr.Dataset, told: Mapping[str, _Told], iterations: int) -> dict[str, np.ndarray]:
    """Logits (stimulus, class) of some stimuli by instruction; priors of the same stimuli together."""
    images = observer.images(part["image"].values)
    bottom_up = observer.seen(images).logits[-1, 0]
    logits, together = {name: bottom_up.clone() for name in told}, defaultdict(list)
    for name, of in told.items():
        for places, prior in of.priors:
            together[places].append((name, prior))
    for places, named in together.items():
        chosen = list(places)
        seen = observer.seen(images[chosen], [prior for _, prior in named], iterations).logits[-1]
        for (name, _), values in zip(named, seen, strict=True):
            logits[name][chosen] = values
    return {name: values.float().cpu().numpy() for name, values in logits.items()}


def _answered(task: Task, observer: Observer, seen: _Seen, lists: pd.DataFrame | None, asking: Asking) -> pd.DataFrame:
    """An observer's answers to the trials of lists."""
    options, stimuli = task.options(seen.stimuli), seen.stimuli
    items = items_of(stimuli)["item"].tolist()
    trials = _trials(lists, items, [*seen.logits])
    at = np.array([items.index(item) for item in trials["item"]])
    p, answers = np.zeros((len(trials), len(options))), np.full(len(trials), "", object)
    for name, logits in seen.logits.items():
        rows = (trials["instruction"] == name).values
        p[rows] = np.asarray(task.read_out(logits, stimuli, options))[at[rows]]
        answers[rows] = np.asarray(task.answer(stimuli, task.instruction(name)))[at[rows]]
    _check_answers(trials, answers)
    chosen = p.argmax(1) if asking.answers == "maximum" else _drawn(p, trials["list"], observer, asking.seed)
    factors = {name: stimuli[name].values[at] for name in task.factors}
    table = trials.drop(columns=[name for name in OF_TASK if name in trials]).assign(**factors)
    return table.assign(
        participant=observer.name,
        session=str(observer.seed),
        answer=answers,
        response=np.array(options, object)[chosen],
        told=[seen.told[name] for name in trials["instruction"]],
        **{f"p({option})": p[:, k] for k, option in enumerate(options)},
    )


def _trials(lists: pd.DataFrame | None, items: Sequence[str], instructions: Sequence[str]) -> pd.DataFrame:
    """Trials with their list, number and instruction; a ValueError tells of an item that there is not."""
    if lists is None:
        rows = [(item, name) for name in instructions for item in items]
        lists = pd.DataFrame(rows, columns=["item", "instruction"])
    if strange := sorted(set(lists["item"]) - set(items)):
        known = f"{items[0]} to {items[-1]}"
        raise ValueError(f"the trials show {strange[0]}, which is none of the stimuli {known}")
    given = lists.reset_index(drop=True)
    given = given if "list" in given else given.assign(list=0)
    given = given if "trial" in given else given.assign(trial=given.groupby("list").cumcount() + 1)
    return given if "instruction" in given else given.assign(instruction=instructions[0])


def _check_answers(trials: pd.DataFrame, answers: np.ndarray) -> None:
    """Refuse lists that say otherwise what is right: they are of other stimuli, or of another task."""
    if "answer" not in trials:
        return
    said = trials["answer"].fillna("").astype(str).values
    if (differ := said != answers.astype(str)).any():
        row = int(differ.argmax())
        raise ValueError(
            f"in the trials {said[row]!r} is right for {trials['item'].iloc[row]} under "
            f"{trials['instruction'].iloc[row]!r}, and the task says {answers[row]!r}: write the study again"
        )


def _drawn(p: np.ndarray, lists: pd.Series, observer: Observer, seed: int) -> np.ndarray:
    """Options (row,) drawn by their probabilities (row, option); an observer draws anew in each list."""
    chosen = np.zeros(len(p), int)
    for number in lists.unique():
        rows = (lists == number).values
        who = zlib.crc32(f"{observer.name} {observer.seed} {number}".encode())
        uniform = np.random.default_rng([seed, who]).random((rows.sum(), 1))
        chosen[rows] = (p[rows].cumsum(1)[:, :-1] <= uniform).sum(1)
    return chosen
