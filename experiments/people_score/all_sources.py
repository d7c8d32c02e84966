"""Sources of people's trials one after the other, each scored with the same observers."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import pandas as pd

from experiments.observers import Observer
from experiments.people import PEOPLE, trials
from experiments.people.published_source import Source
from experiments.people_score.answering import answers_of
from experiments.people_score.scoring import score
from experiments.people_score.timed_answers import link_of_margins
from experiments.studies.asking import Asking

__all__ = ["score_sources"]


def score_sources(
    sources: Sequence[Source | str],
    observers: Sequence[Observer],
    folder: str | os.PathLike | None = None,
    n: int = 200,
    seed: int = 0,
    pictures: str | None = None,
    asking: Asking | None = None,
    link: str | None = None,
    each: Callable[[Source, pd.DataFrame, pd.DataFrame], object] | None = None,
) -> tuple[pd.DataFrame, list[str]]:
    """Score observers beside people in several tasks.

    Parameters
    ----------
    sources : by name, or the objects themselves; all, if there are none.
    observers : who looks.
    folder : where people's files are; each user's cache, if left out.
    n, seed, pictures, asking : as for :func:`~experiments.people_score.answering.answers_of`.
    link : name of the link that makes reaction times of margins; none, if left out.
    each : called with each source, people's trial table and the rows of the score, once they are there.

    Returns
    -------
    The rows of all, as :func:`~experiments.people_score.scoring.score` gives them; and what has to be known of
    them, a sentence or more a source: what differs from people's task, which effects observers are not
    shown, and which sources have no match.

    Raises
    ------
    FileNotFoundError, ValueError : people's files cannot be had; no source has a match.
    """
    linked = None if link is None else link_of_margins(link)
    chosen = [PEOPLE.of(source) for source in sources or PEOPLE]
    bare = [source.name for source in chosen if source.match is None]
    matched = [source for source in chosen if source.match is not None]
    unmatched = [f"{', '.join(bare)}: no task of observers is matched to it."] if bare else []
    if not matched:
        there = ", ".join(name for name, source in PEOPLE.items() if source.match is not None)
        raise ValueError(f"{unmatched[0].rstrip('.')}: there is one to {there}")
    people = {source.name: trials(source, folder) for source in matched}  # what is missing is said first
    frames, notes = [], []
    for source in map(partial(_as_asked, asking), matched):
        answers = answers_of(source.match, observers, n, seed, pictures, asking)
        frames.append(score(source, people[source.name], answers.table, answers.cannot, link=linked))
        if each is not None:
            each(source, people[source.name], frames[-1])
        notes += [f"{source.name}: {source.match.differs}"] * bool(source.match.differs)
        alone = f"{source.name}: no correlation over items, since they are not the same: {source.match.no_items}."
        notes += [alone] * bool(source.match.no_items)
        lacking = {effect.name: source.match.lacks(effect) for effect in source.effects}
        notes += [f"{source.name}: observers are not shown {why} of {name}." for name, why in lacking.items() if why]
    return pd.concat(frames, ignore_index=True), notes + unmatched


def _as_asked(asking: Asking | None, source: Source) -> Source:
    """The source whose match says what differs where observers are told a dimension."""
    if asking is None or not asking.dimensions or not source.match.by_dimension:
        return source
    return replace(source, match=replace(source.match, differs=source.match.by_dimension))
