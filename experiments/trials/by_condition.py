"""By condition: means of people and of each observer with their intervals, in one table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd

from absvit.records.seeds import proportion_interval, student_interval
from experiments.statistics.within import bootstrap_over_people, cousineau_morey
from experiments.trials.answer_scores import SCORES, Score, participant_scores, score_of, scored
from experiments.trials.trial_table import in_order, tested

__all__ = ["INTERVALS", "PEOPLE", "condition_means"]

PEOPLE = "people"  # whose row it is that tells of all persons
INTERVALS = {
    "within": "of people within participants (Cousineau-Morey), for differences between conditions",
    "between": "of people by Student's t over participants",
    "bootstrap": "of people by an expanded percentile bootstrap over participants",
}
OBSERVERS = "of an observer over its trials (Wilson of shares, else bootstrap), or by Student's t over its seeds"


def condition_means(
    table: pd.DataFrame,
    score: str = "accuracy",
    by: Sequence[str] = (),
    option: str = "",
    interval: Literal["within", "between", "bootstrap"] = "between",
    level: float = 0.95,
    n: int = 2000,
    seed: int = 0,
) -> pd.DataFrame:
    """Tabulate a score by condition: the mean over people, and every observer by itself.

    Parameters
    ----------
    table : trial table; practice and catch trials are left out.
    score : name of one of ``SCORES``.
    by : columns whose levels make the conditions; those in which each person sees one level are between
        participants.
    option : as in ``participant_scores``.
    interval : of people's means: within leaves out persons who lack a condition, unlike the others; it is
        between where there is one condition.
    level : coverage, in (0, 1).
    n, seed : bootstrap samples and their seed.

    Returns
    -------
    DataFrame with kind, participant (the observer, or "people"), the columns of ``by``, participants, trials,
    the score, and its ends SCORE_low and SCORE_high, NaN where one person is all.

    Raises
    ------
    ValueError : as ``participant_scores``; no such interval.
    """
    if interval not in INTERVALS:
        raise ValueError(f"an interval is one of {', '.join(INTERVALS)}, got {interval!r}")
    found, by = participant_scores(table, score, by, option), list(by)
    parts = []
    if len(people := found[found["kind"] == "person"]):
        parts.append(_people(people, score, by, interval, level, n, seed))
    if (found["kind"] == "model").any():
        trials = tested(table)
        values = scored(trials, score, option)[(trials["kind"] == "model").to_numpy()]
        parts.append(_observers(trials[trials["kind"] == "model"], values, score, by, level, n, seed))
    levels = table.attrs.get("levels", {})
    return pd.concat([in_order(part, ["participant", *by], levels) for part in parts], ignore_index=True)


def _people(scores: pd.DataFrame, score: str, by: list[str], interval: str, level: float, n: int, seed: int):
    """Means over people in each condition; conditions between participants are taken one by one."""
    levels = scores.groupby("participant")[by].nunique()
    apart = [name for name in by if (levels[name] == 1).all() and scores[name].nunique() > 1]
    within = [name for name in by if name not in apart]
    groups = [(key, group) for key, group in scores.groupby(apart)] if apart else [((), scores)]
    rows = []
    for key, group in groups:
        wide = group.assign(all="").pivot(index="participant", columns=within or "all", values=score)
        ends = _ends(wide.to_numpy(float), interval, level, n, seed).clip(*SCORES[score].limits)
        counts = group.groupby(within or group["kind"])["trials"].sum()
        for k, name in enumerate(wide):
            known = wide[name].dropna()
            of_within = dict(zip(within, name if isinstance(name, tuple) else (name,), strict=False))
            told = {
                "kind": "person",
                "participant": PEOPLE,
                **dict(zip(apart, key, strict=True)),
                **of_within,
            }
            trials = counts[name] if within else counts.iloc[0]
            numbers = (len(known), int(trials), float(known.mean()), *ends[:, k])
            rows.append(told | dict(zip(("participants", "trials", *_columns(score)), numbers, strict=True)))
    return pd.DataFrame(rows)[["kind", "participant", *by, "participants", "trials", *_columns(score)]]


def _ends(values: np.ndarray, interval: str, level: float, n: int, seed: int) -> np.ndarray:
    """Both ends (2, condition) of the means of values (participant, condition); NaN where none is known."""
    ends, known = np.full((2, values.shape[1]), np.nan), ~np.isnan(values).all(axis=0)
    told = values[:, known]
    whole = told[~np.isnan(told).any(axis=1)]
    if interval == "bootstrap":
        ends[:, known] = bootstrap_over_people(told, n, seed, level)
    elif interval == "within" and min(whole.shape) > 1:
        half = np.diff(cousineau_morey(whole, level), axis=0)[0] / 2
        ends[:, known] = np.nanmean(told, axis=0) + np.stack([-half, half])
    else:
        each = [student_interval(column[~np.isnan(column)], level) for column in told.T]
        ends[:, known] = np.array(each).reshape(-1, 2).T
    return ends


def _observers(trials, of_all: np.ndarray, score: str, by: list[str], level: float, n: int, seed: int):
    """Every observer in each condition: over its trials, or over its seeds where there are several."""
    rows, keys, chosen = [], ["participant", *by], score_of(score)
    for key, places in trials.groupby(keys, sort=True).indices.items():
        group, values = trials.iloc[places], of_all[places]
        key = key if isinstance(key, tuple) else (key,)
        counted = ~np.isnan(values).any(axis=1)
        seeds = group["session"][counted].unique()
        if len(seeds) > 1:
            each = np.array([chosen.pool(values[(group["session"] == one).to_numpy()]) for one in seeds])
            estimate, ends = float(each.mean()), student_interval(each, level)
        else:
            estimate = float(chosen.pool(values))
            ends = _over_trials(values[counted], chosen, level, n, seed)
        numbers = (len(seeds), int(counted.sum()), estimate, *np.clip(ends, *chosen.limits))
        told = {"kind": "model", **dict(zip(keys, key, strict=True))}
        rows.append(told | dict(zip(("participants", "trials", *_columns(score)), numbers, strict=True)))
    return pd.DataFrame(rows)


def _over_trials(values: np.ndarray, chosen: Score, level: float, n: int, seed: int) -> tuple[float, float]:
    """Interval of a score (trial, part) over trials."""
    if len(values) < 2:
        return np.nan, np.nan
    if values.shape[1] == 1 and chosen.limits == (0.0, 1.0) and np.isin(values, (0.0, 1.0)).all():
        return proportion_interval(int(values.sum()), len(values), level)
    drawn = np.random.default_rng(seed).integers(0, len(values), (n, len(values)))
    low, high = np.nanquantile(chosen.pool(values[drawn]), [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _columns(score: str) -> tuple[str, str, str]:
    return score, f"{score}_low", f"{score}_high"
