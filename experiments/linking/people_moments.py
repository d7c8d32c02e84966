"""People's moments: accuracy, mean and variance of response times, of each person in each condition."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from experiments.trials.trial_table import COLUMNS, factors, tested, trial_table

__all__ = ["Moments", "condition_names", "moments_of"]

IN_MS = 30.0  # a median rt above so many s is one in ms


@dataclass(frozen=True, eq=False)
class Moments:
    """What people did, by person and condition.

    Parameters
    ----------
    people, conditions : names.
    trials : (person, condition) number.
    answered : (person, condition) number of right answers with a time, which the next three are over; of all
        answers where nothing is right.
    mean : (person, condition) response time in s; NaN without such an answer.
    variance : (person, condition) in s^2; NaN with fewer than two.
    fourth : (person, condition) fourth central moment in s^4; NaN likewise.
    accuracy : (person, condition); NaN without a trial, or where nothing is right.
    """

    people: tuple[str, ...]
    conditions: tuple[str, ...]
    trials: np.ndarray
    answered: np.ndarray
    mean: np.ndarray
    variance: np.ndarray
    fourth: np.ndarray
    accuracy: np.ndarray

    def over_people(self, name: str, weights: np.ndarray | None = None) -> np.ndarray:
        """Give the mean over people (..., condition) of a moment; NaN where nobody has it.

        Parameters
        ----------
        name : mean, accuracy or variance.
        weights : (..., person) how often each person counts; once, if left out.
        """
        values = getattr(self, name)
        weights = np.ones(len(self.people)) if weights is None else weights
        with np.errstate(invalid="ignore"):
            return (weights @ np.nan_to_num(values)) / (weights @ np.isfinite(values))

    def error(self, name: str) -> np.ndarray:
        """Give the standard error (condition,) of mean or variance that trials alone make, in its unit."""
        freedom = np.maximum(self.answered - 1, 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            pooled, fourth = (
                (freedom * np.nan_to_num(of)).sum(0) / freedom.sum(0) for of in (self.variance, self.fourth)
            )
            has = self.answered > 0
            of_a_trial = pooled if name == "mean" else fourth - pooled**2
            return np.sqrt(of_a_trial * np.where(has, 1 / self.answered, 0).sum(0)) / has.sum(0)


def condition_names(table: pd.DataFrame, by: Sequence[str]) -> pd.Series:
    """Name the condition of each trial: the levels of its factors, as words, with commas between.

    Parameters
    ----------
    table : trial table.
    by : factors, or columns of every trial table such as instruction.

    Raises
    ------
    ValueError : the table has no such column; the nearest is named.
    """
    for name in by:
        if name not in table:
            known = [*factors(table), "instruction", "block", "list"]
            near = difflib.get_close_matches(name, known, 1, 0.5)
            meant = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}"
            raise ValueError(f"the trial table of {_whose(table)} has no factor {name!r}: {meant}")
    words = [table[name].map(lambda level: level if isinstance(level, str) else f"{level:g}") for name in by]
    return words[0].str.cat(words[1:], sep=", ")


def _whose(table: pd.DataFrame) -> str:
    return "people" if (table["kind"] == "person").all() else "the observer"


def moments_of(people: pd.DataFrame, by: Sequence[str]) -> Moments:
    """Compute people's moments.

    Parameters
    ----------
    people : trial table of people, times in s; practice and catch trials are left out.
    by : factors that make the conditions.

    Raises
    ------
    ValueError : trials of models, times in ms, no times, or no such factor.
    """
    table = tested(trial_table(people))
    if not len(table) or (table["kind"] != "person").any():
        raise ValueError("a link is fitted to trials of people: give rows of the test whose kind is person")
    _check_times(table["rt"])
    table = table.assign(condition=condition_names(table, by))
    times = table[(table["correct"] != 0) & table["rt"].notna()]
    keys = ["participant", "condition"]
    off = times["rt"] - times.groupby(keys)["rt"].transform("mean")
    of_times = times.assign(fourth=off**4).groupby(keys)
    parts = {
        "trials": table.groupby(keys).size(),
        "accuracy": table.groupby(keys)["correct"].mean(),
        "answered": of_times.size(),
        "mean": of_times["rt"].mean(),
        "variance": of_times["rt"].var(ddof=1),
        "fourth": of_times["fourth"].mean().where(of_times.size() > 1),
    }
    names, conditions = (tuple(table[key].unique()) for key in keys)
    square = {name: of.unstack("condition").reindex(names, columns=conditions) for name, of in parts.items()}
    counted = {name: square.pop(name).fillna(0).to_numpy(int) for name in ("trials", "answered")}
    return Moments(names, conditions, **counted, **{name: of.to_numpy(float) for name, of in square.items()})


def _check_times(rt: pd.Series) -> None:
    """Refuse times in ms, and none."""
    if not rt.notna().any():
        raise ValueError(f"people have no rt (s, {COLUMNS['rt'].text}): a link is fitted to times")
    if (middle := rt.median()) > IN_MS:
        raise ValueError(f"the median rt is {middle:g}, as of ms; a trial table holds s: divide by 1000")
