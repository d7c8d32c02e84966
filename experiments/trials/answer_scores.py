"""Scores: a number of the trials that somebody, a person or an observer, has in a condition."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from experiments.statistics.detection import criterion, d_prime
from experiments.trials.trial_table import OPTION, factors, in_order, options, tested

__all__ = [
    "SCORES",
    "Score",
    "check_columns",
    "conditions_of",
    "participant_scores",
    "score_of",
    "scored",
    "shown_option",
    "shown_scores",
]

MOST = 8  # levels of a factor that makes conditions unasked


@dataclass(frozen=True)
class Score:
    """A number of somebody's trials.

    Parameters
    ----------
    text : what it is.
    unit : "1" where it has none.
    trials : function of a trial table and the option of each trial that gives what is pooled (trial,
        part), NaN in trials that do not count.
    pool : function of these (..., trial, part) that gives the number (...).
    limits : lowest and highest value.
    needs_option : whether an option has to be named.
    """

    text: str
    unit: str
    trials: Callable[[pd.DataFrame, pd.Series], np.ndarray]
    pool: Callable[[np.ndarray], np.ndarray]
    limits: tuple[float, float] = (-np.inf, np.inf)
    needs_option: bool = False


def _correct(table: pd.DataFrame, option: pd.Series) -> np.ndarray:
    return table[["correct"]].to_numpy(float)


def _rt(table: pd.DataFrame, option: pd.Series) -> np.ndarray:
    """Reaction times of right answers; of all where no answer is right."""
    return table[["rt"]].where((table["correct"] == 1) | table["correct"].isna(), np.nan).to_numpy(float)


def _log_rt(table: pd.DataFrame, option: pd.Series) -> np.ndarray:
    rt = _rt(table, option)
    return np.log(np.where(rt > 0, rt, np.nan))


def _detected(table: pd.DataFrame, option: pd.Series) -> np.ndarray:
    """Whether the option was answered, and whether it was right (trial, part)."""
    told = np.stack([table["response"] == option, table["answer"] == option], axis=1).astype(float)
    told[(table["response"] == "") | (table["answer"] == "") | (option == "")] = np.nan
    return told


def _chosen(table: pd.DataFrame, option: pd.Series) -> np.ndarray:
    return np.where((table["response"] != "") & (option != ""), table["response"] == option, np.nan)[:, None]


def _probability(table: pd.DataFrame, option: pd.Series) -> np.ndarray:
    """The probability of an option, of the right one if none is named; of a person 1 or 0 as answered.

    A trial that nobody answered is wrong and counts as 0; one whose response is not known does not count.
    """
    asked = option.where(option != "", table["answer"])
    found = np.where(table["response"] != "", table["response"] == asked, np.where(table["correct"] == 0, 0, np.nan))
    found[(asked == "").to_numpy()] = np.nan
    for name in options(table):
        of_it = (asked.map(OPTION.format) == name) & table[name].notna()
        found[of_it] = table.loc[of_it, name]
    return found[:, None].astype(float)


def _mean(values: np.ndarray) -> np.ndarray:
    values = values[..., 0]
    known = ~np.isnan(values)
    with np.errstate(invalid="ignore"):
        return np.where(known, values, 0.0).sum(axis=-1) / known.sum(axis=-1)


def _median(values: np.ndarray) -> np.ndarray:
    ordered = np.sort(values[..., 0], axis=-1)  # NaN stand last
    known = (~np.isnan(ordered)).sum(axis=-1)
    middle = [np.maximum((known + odd) // 2, 0) for odd in (-1, 0)]
    inside = [np.minimum(at, ordered.shape[-1] - 1)[..., None] for at in middle]
    both = [np.take_along_axis(ordered, at, axis=-1)[..., 0] for at in inside]
    return np.where(known > 0, (both[0] + both[1]) / 2, np.nan)


def _detection(of: Callable) -> Callable:
    def pool(values: np.ndarray) -> np.ndarray:
        said, signal = values[..., 0], values[..., 1]
        cells = [np.nansum(said * signal, axis=-1), np.nansum(signal, axis=-1)]
        cells += [np.nansum(said * (1 - signal), axis=-1), np.nansum(1 - signal, axis=-1)]
        both = (cells[1] > 0) & (cells[3] > 0)
        return np.where(both, of(cells[0], np.maximum(cells[1], 1), cells[2], np.maximum(cells[3], 1)), np.nan)

    return pool


UNIT = (0.0, 1.0)
SCORES = {
    "accuracy": Score("share of right answers, no answer being wrong", "1", _correct, _mean, UNIT),
    "median_rt": Score("median reaction time of right answers", "s", _rt, _median),
    "mean_rt": Score("mean reaction time of right answers", "s", _rt, _mean),
    "log_rt": Score("mean natural logarithm of the reaction time in s of right answers", "1", _log_rt, _mean),
    "d_prime": Score("d', log-linear", "standard deviation", _detected, _detection(d_prime), needs_option=True),
    "criterion": Score(
        "criterion c, log-linear", "standard deviation", _detected, _detection(criterion), needs_option=True
    ),
    "choice": Score("share of answers that are the option", "1", _chosen, _mean, UNIT, needs_option=True),
    "probability": Score(
        "probability of the right option, or of the one that is named; of people the share of trials so answered",
        "1", _probability, _mean, UNIT,
    ),
}  # fmt: skip


def score_of(name: str) -> Score:
    """Give a score by its name; a ValueError names those that there are."""
    if name not in SCORES:
        near = difflib.get_close_matches(name, SCORES, 1)
        meant = f" (did you mean {near[0]!r}?)" if near else ""
        raise ValueError(f"a score is one of {', '.join(SCORES)}, got {name!r}{meant}")
    return SCORES[name]


def scored(table: pd.DataFrame, name: str, option: str = "") -> np.ndarray:
    """Give what a score pools of each trial (trial, part).

    Parameters
    ----------
    table : trial table.
    name : of the score.
    option : of the answer, or the column that names it in each trial, such as the class that is cued.

    Raises
    ------
    ValueError : no such score, or an option is missing or unknown.
    """
    score = score_of(name)
    known = sorted(_answers(table))
    if option in factors(table) and option not in known:
        return score.trials(table, table[option].astype(str))
    if (option or score.needs_option) and option not in known:
        columns = ", ".join(_naming(table)) or "none"
        told = f"{', '.join(map(repr, known))}, or a column that names one in each trial ({columns})"
        raise ValueError(f"{name} needs an option (--option), one of {told}; got {option!r}")
    return score.trials(table, pd.Series(option, table.index, dtype=object))


def _answers(table: pd.DataFrame) -> set[str]:
    """Options that are answered, are right, or have a probability."""
    return ({*table["answer"]} | {*table["response"]} | {word[2:-1] for word in options(table)}) - {""}


def _naming(table: pd.DataFrame) -> list[str]:
    """Factors whose levels are options of the answer."""
    words = [name for name in factors(table) if table[name].dtype.kind not in "biuf"]
    return [name for name in words if {*table[name]} - {""} and {*table[name]} - {""} <= _answers(table)]


def check_columns(table: pd.DataFrame, by: Sequence[str]) -> None:
    """Refuse conditions that are no columns of the table; a ValueError names the nearest."""
    for name in by:
        if name not in table:
            near = difflib.get_close_matches(name, table.columns, 1, 0.4)
            meant = f" (did you mean {near[0]!r}?)" if near else ""
            raise ValueError(f"the table has no column {name!r}{meant}; its factors are {', '.join(factors(table))}")


def conditions_of(table: pd.DataFrame) -> list[str]:
    """Name what makes the conditions of a table: instructions, or the first factor that has 2 to 8 levels."""
    trials = tested(table)
    if trials["instruction"].nunique() > 1:
        return ["instruction"]
    return [name for name in factors(trials) if 2 <= trials[name].nunique() <= MOST][:1]


def shown_scores(trials: pd.DataFrame, option: str = "") -> list[str]:
    """Name the scores that a table tells: accuracy or choice, probability, and the median reaction time."""
    trials = tested(trials)
    right = trials["correct"].notna().any()
    found = ["accuracy"] if right else ["choice"]
    told = any(trials[name].notna().any() for name in options(trials))
    found += ["probability"] * bool(told and (right or option))
    return found + ["median_rt"] * bool(trials["rt"].notna().any())


def shown_option(trials: pd.DataFrame) -> str:
    """Name what choices are of, where nothing is right: a column that names an option in each trial, or one."""
    trials = tested(trials)
    return next(iter([*_naming(trials), *sorted(_answers(trials))]), "") if trials["correct"].isna().all() else ""


def participant_scores(
    table: pd.DataFrame, score: str = "accuracy", by: Sequence[str] = (), option: str = ""
) -> pd.DataFrame:
    """Score every participant, a person or an observer, in every condition, over all sessions.

    Parameters
    ----------
    table : trial table; practice and catch trials are left out.
    score : name of one of ``SCORES``.
    by : columns whose levels make the conditions.
    option : of the answer, or the column that names it in each trial: the signal of d_prime and
        criterion, what is chosen of choice and probability.

    Returns
    -------
    DataFrame with kind, participant, the columns of ``by``, trials (that count), and ``score``; a row for
    each participant and condition that has trials, NaN where none counts.

    Raises
    ------
    ValueError : no such score, option or column, or no trials of the test.
    """
    trials = tested(table)
    if not len(trials):
        raise ValueError("the table holds no trials of the test (phase test)")
    check_columns(trials, by)
    chosen, values = score_of(score), scored(trials, score, option)
    keys = ["kind", "participant", *by]
    rows = []
    for key, places in trials.groupby(keys, sort=True).indices.items():
        counted = int((~np.isnan(values[places]).any(axis=-1)).sum())
        rows.append((*key, counted, float(chosen.pool(values[places]))))
    found = pd.DataFrame(rows, columns=[*keys, "trials", score])
    return in_order(found, keys, table.attrs.get("levels", {}))
