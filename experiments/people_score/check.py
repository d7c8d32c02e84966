"""What the match of a source promises, tried on a few stimuli."""

from __future__ import annotations

from collections.abc import Iterator

from experiments.people import PEOPLE
from experiments.people.match import Match
from experiments.people.published_source import Source
from experiments.probes import PROBES
from experiments.studies.task import asked, task_of
from experiments.studies.task_check import stimuli_for

__all__ = ["check_match"]

TRIED = 16  # stimuli


def check_match(source: str | Source, pictures: str | None = None) -> None:
    """Try what a match promises.

    It compares an effect; its factors and levels are the source's; their columns and levels are those of
    the task and its stimuli.

    Parameters
    ----------
    source : its name, or the source itself.
    pictures : folder, where the match needs one; without it stimuli are not looked at.

    Raises
    ------
    ValueError : a promise is not kept, one sentence says which; or there is no match.
    """
    source = PEOPLE.of(source)
    for broken in _faults(source, source.match, pictures):
        raise ValueError(f"the match of {source.name} {broken}")


def _faults(source: Source, match: Match | None, pictures: str | None) -> Iterator[str]:
    if match is None:
        yield "is missing: declare Source(match=Match(...))"
    if all(map(match.lacks, source.effects)):
        lacking = [f"{effect.name} lacks {match.lacks(effect)}" for effect in source.effects] or ["there are none"]
        yield f"compares none of its effects: {lacking[0]}"
    for factor, (_, levels) in match.levels.items():
        known = source.conditions.get(factor, {})
        if strange := [level for level in levels if level not in known]:
            yield f"names {factor} = {strange[0]!r}, which the source does not declare: {', '.join(map(str, known))}"
    if bool(match.item) == bool(match.no_items):
        yield "says neither which variable names the pictures (item) nor why none are common (no_items), or both"
    if match.fitting and (strange := [name for name in match.fitting.by if name not in match.levels]):
        yield f"fits a link by {strange[0]!r}, which observers are not shown: {', '.join(match.levels)}"
    probe = PROBES[match.probe]
    task = task_of(probe)
    if unknown := [name for name in match.told if name not in [each.name for each in task.instructions]]:
        yield f"tells {unknown[0]!r}, which is no instruction of {probe.name}"
    if match.pictures and pictures is None:
        return
    changes = dict(match.display) | ({match.pictures: pictures} if match.pictures else {})
    stimuli = asked(probe, stimuli_for(probe, TRIED, **changes))
    there = {name: stimuli[name].values.tolist() for name in task.factors}
    there["instruction"] = [each.name for each in task.given()]
    for column, levels in match.levels.values():
        if column not in there:
            yield f"reads the column {column!r}, and observers' tables have {', '.join(there)}"
        elif lost := [theirs for theirs in levels.values() if theirs not in there[column]]:
            yield f"reads {column} = {lost[0]!r}, which no trial of {probe.name} has"
