"""Psychometric functions of a trial table: of people as a population, of every observer by itself."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from experiments.statistics.hierarchical import PopulationFit, fit_population
from experiments.statistics.psychometric import Sigmoid, fit_psychometric, psychometric_intervals
from experiments.trials.answer_scores import check_columns
from experiments.trials.by_condition import PEOPLE
from experiments.trials.trial_table import tested

__all__ = ["PsychometricTables", "psychometric_tables"]

TWO_CHOICES = Sigmoid()
FEWEST = 3  # people that make a population
ENDS = ("threshold", "threshold_low", "threshold_high", "width", "width_low", "width_high")


class PsychometricTables(NamedTuple):
    """Thresholds and widths by condition.

    Parameters
    ----------
    population : frame with kind, participant ("people", or an observer), the conditions, participants,
        trials, threshold and width with _low and _high, and of people threshold_sd, width_sd (of the
        logarithm), lapse
        and converged.
    people : frame with participant, the conditions, trials, and threshold and width with _low and _high given
        the population: drawn towards it, the more so the fewer trials tell.
    """

    population: pd.DataFrame
    people: pd.DataFrame


def psychometric_tables(
    table: pd.DataFrame,
    level: str,
    by: Sequence[str] = (),
    sigmoid: Sigmoid = TWO_CHOICES,
    option: str = "",
    coverage: float = 0.95,
) -> PsychometricTables:
    """Fit psychometric functions over a numeric factor in every condition.

    Three people or more are fitted together (``statistics.hierarchical``), so that few trials of each
    suffice; an observer, with its seeds, by itself.

    Parameters
    ----------
    table : trial table; practice and catch trials are left out.
    level : column of signal levels, with which answers get better.
    by : columns whose levels make the conditions.
    sigmoid : guess rate, lapse and shape.
    option : counts answers of this option instead of right ones.
    coverage : of the intervals, in (0, 1).

    Returns
    -------
    PsychometricTables.

    Raises
    ------
    ValueError : no such column, levels that are no numbers, or one or two people, of whom there is no
        population.
    """
    check_columns(table, [level, *by])
    trials = tested(table)
    if trials[level].dtype.kind not in "iuf" or not np.isfinite(trials[level]).all():
        raise ValueError(f"levels are numbers in every trial, and {level} is not")
    counted = trials["response"] == option if option else trials["correct"] == 1
    trials = trials.assign(counted=counted)[trials["correct"].notna() | bool(option)]
    population, people = [], []
    for key, group in trials.groupby([*by]) if by else [((), trials)]:
        condition = dict(zip(by, key, strict=True))
        persons = group[group["kind"] == "person"]
        if len(persons):
            population.append(_population(persons, level, sigmoid, coverage, condition, people))
        for name, of_one in group[group["kind"] == "model"].groupby("participant"):
            numbers = _alone(of_one, level, sigmoid, coverage)
            told = {"participants": of_one["session"].nunique(), "trials": len(of_one)}
            population.append({"kind": "model", "participant": name, **condition, **told, **numbers})
    return PsychometricTables(pd.DataFrame(population), pd.concat(people, ignore_index=True) if people else _nobody())


def _population(persons, level: str, sigmoid: Sigmoid, coverage: float, condition: dict, people: list) -> dict:
    """The row of a population; appends the rows of its people."""
    counts = persons.pivot_table("counted", "participant", level, ["sum", "count"], fill_value=0)
    if len(counts) < FEWEST:
        raise ValueError(
            f"a population needs {FEWEST} people at least, got {len(counts)}: fit each by fit_psychometric"
        )
    correct, shown = counts["sum"], counts["count"]
    fit = fit_population(correct.columns.to_numpy(float), correct.to_numpy(), shown.to_numpy(), sigmoid, coverage)
    people.append(_people_of(fit, counts.index).assign(**condition, trials=shown.sum(axis=1).to_numpy()))
    numbers = (fit.threshold, *fit.threshold_interval, fit.width, *fit.width_interval)
    beside = {
        "threshold_sd": fit.threshold_sd,
        "width_sd": fit.width_sd,
        "lapse": fit.lapse,
        "converged": fit.converged,
    }
    told = {
        "kind": "person",
        "participant": PEOPLE,
        **condition,
        "participants": len(counts),
        "trials": len(persons),
    }
    return told | dict(zip(ENDS, numbers, strict=True)) | beside


def _people_of(fit: PopulationFit, names: pd.Index) -> pd.DataFrame:
    found = fit.participants
    columns = (found.threshold, *found.threshold_ends, found.width, *found.width_ends)
    return pd.DataFrame({"participant": names, **dict(zip(ENDS, columns, strict=True))})


def _alone(trials: pd.DataFrame, level: str, sigmoid: Sigmoid, coverage: float) -> dict[str, float]:
    """Threshold and width of one observer."""
    counts = trials.groupby(level)["counted"].agg(["sum", "count"])
    with warnings.catch_warnings(action="ignore"):  # what is not determined has infinite ends
        fit = fit_psychometric(counts.index.to_numpy(float), counts["sum"], counts["count"], sigmoid)
    ends = psychometric_intervals(fit, coverage)
    return dict(zip(ENDS, (fit.threshold, *ends["threshold"], fit.width, *ends["width"]), strict=True))


def _nobody() -> pd.DataFrame:
    return pd.DataFrame(columns=["participant", *ENDS, "trials"])
