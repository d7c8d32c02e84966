"""The overview of trial tables: scores by condition, of people and observers, and what does not count."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import pandas as pd

from experiments.trials.answer_scores import SCORES, conditions_of, shown_option, shown_scores
from experiments.trials.by_condition import INTERVALS, OBSERVERS, condition_means
from experiments.trials.trial_table import PHASES, tested
from stimuli.foundation.texts import some

__all__ = ["lacking", "overview", "overview_notes"]


def overview(
    table: pd.DataFrame,
    by: Sequence[str] = (),
    scores: Sequence[str] = (),
    option: str = "",
    interval: str = "within",
) -> pd.DataFrame:
    """Tabulate scores by condition, side by side.

    Parameters
    ----------
    table : trial table of people, observers, or both.
    by : columns whose levels make the conditions; as ``conditions_of`` chooses, if left out.
    scores : their names; as ``shown_scores`` chooses, if left out.
    option : of the answer, for the scores that need one and for probability.
    interval : as in ``condition_means``.

    Returns
    -------
    DataFrame as ``condition_means`` gives it, with all scores; trials are those of the first score that
    count.
    """
    option = option or shown_option(table)
    by, scores = list(by) or conditions_of(table), list(scores) or shown_scores(table, option)
    frames = []
    for score in scores:
        asked = option if SCORES[score].needs_option or score == "probability" else ""
        frame = condition_means(table, score, by, asked, interval)
        frames.append(frame if not frames else frame.drop(columns=["participants", "trials"]))
    return reduce(lambda left, right: left.merge(right, "left", ["kind", "participant", *by], sort=False), frames)


def overview_notes(
    table: pd.DataFrame,
    frame: pd.DataFrame,
    by: Sequence[str],
    option: str = "",
    interval: str = "within",
) -> list[str]:
    """Say what the numbers are, which intervals, and which trials and people do not count in them."""
    by, kinds = list(by) or conditions_of(table), set(frame["kind"])
    option = option or shown_option(table)
    told = [f"{name}: {score.text}." for name, score in SCORES.items() if name in frame]
    told += [f"The option is {option!r}."] * bool(option)
    whose = [INTERVALS[interval if by else "between"]] * ("person" in kinds) + [OBSERVERS] * ("model" in kinds)
    notes = [f"95 % intervals: {'; '.join(whose)}. participants: people, or an observer's seeds.", *told]
    apart = table["phase"].value_counts().reindex(PHASES, fill_value=0).drop("test")
    excluded = int((table["excluded"] != "").sum()) if "excluded" in table else 0
    notes += [f"Trials left out by the rules of exclusion that their column tells: {excluded}."] * bool(excluded)
    if left := ", ".join(f"{count} of {phase}" for phase, count in apart.items() if count):
        notes.append(f"Trials left out: {left}.")
    trials = tested(table)
    people = trials[trials["kind"] == "person"]
    if missing := int(((people["response"] == "") & people["rt"].isna() & (people["answer"] != "")).sum()):
        notes.append(f"{missing} trials of people have no answer, and are wrong.")
    if few := lacking(table, by):
        notes.append(f"People who lack a condition, and do not enter intervals within participants: {some(few)}.")
    return notes


def lacking(table: pd.DataFrame, by: Sequence[str]) -> list[str]:
    """Name people who lack a condition that others have, of those that vary within participants."""
    trials = tested(table)
    people = trials[trials["kind"] == "person"].groupby("participant")
    within = [name for name in by if people[name].nunique().max() > 1]
    if not within:
        return []
    seen = people[within].apply(lambda rows: len(rows.drop_duplicates()))
    return seen.index[seen < seen.max()].tolist()
