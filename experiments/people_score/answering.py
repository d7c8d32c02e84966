"""Observers answer what people of a source were asked, by its match."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pandas as pd
import xarray as xr

from experiments.classes import check_classes
from experiments.observers import Observer
from experiments.people.match import Match
from experiments.probe import Probe, Stimuli
from experiments.probes import PROBES
from experiments.studies.asking import Asking
from experiments.studies.take import take
from experiments.studies.task import task_of
from experiments.studies.task_check import stimuli_in_parts
from stimuli.designs.items import items_of

__all__ = ["Answers", "answers_of"]


@dataclass(frozen=True, eq=False)
class Answers:
    """What observers answered.

    Parameters
    ----------
    table : trial table with people's factors and levels, and the files of pictures as items where people saw
        the same; empty where nobody could answer.
    cannot : why an observer could not do the task at all, by its name.
    """

    table: pd.DataFrame
    cannot: dict[str, str]


def answers_of(
    match: Match,
    observers: Sequence[Observer],
    n: int = 200,
    seed: int = 0,
    pictures: str | None = None,
    asking: Asking | None = None,
) -> Answers:
    """Let observers do the task of a match.

    Parameters
    ----------
    match : which task it is.
    observers : who looks; those of a name are trained networks of one kind.
    n, seed : of the stimuli, which are drawn at the size that each observer takes.
    pictures : folder, where the match needs one.
    asking : how they are asked.
    """
    probe, tables, cannot = _told(match), [], {}
    names = list(dict.fromkeys(observer.name for observer in observers))
    if match.pictures and pictures is None:
        return Answers(pd.DataFrame(), dict.fromkeys(names, "its pictures are not drawn: give their folder"))
    changes = dict(match.display) | ({match.pictures: str(pictures)} if match.pictures else {})
    for name in names:
        own = [observer for observer in observers if observer.name == name]
        stimuli = stimuli_in_parts(probe, n, seed, tuple(own[0].size), **changes)
        try:
            if probe.unknown is None:
                check_classes(own, stimuli.part(0, 1).attrs["categories"], probe.name)
        except ValueError as error:
            cannot[name] = str(error)
            continue
        files: dict[str, str] = {}
        table = take(probe, _noting(stimuli, match.item, files), observers=own, asking=asking)
        tables.append(table.assign(item=table["item"].map(files)) if match.item else table)
    return Answers(match.recoded(pd.concat(tables, ignore_index=True)) if tables else pd.DataFrame(), cannot)


def _noting(stimuli: Stimuli, variable: str, files: dict[str, str]) -> Stimuli:
    """The same stimuli; what a variable says of each is noted by its item, as they are drawn."""

    def part(first: int, n: int) -> xr.Dataset:
        found = stimuli.part(first, n)
        if variable:
            files.update(zip(items_of(found)["item"], found[variable].values, strict=True))
        return found

    return replace(stimuli, part=part)


def _told(match: Match) -> Probe:
    """The probe whose task tells its instructions by the match's conditions, too."""
    probe = PROBES[match.probe]
    task = task_of(probe)
    instructions = (replace(each, condition=match.told.get(each.name, each.condition)) for each in task.instructions)
    return replace(probe, task=replace(task, instructions=tuple(instructions)))
