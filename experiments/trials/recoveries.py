"""Recoveries: how often the intervals of the analyses of trials hold what simulated people are known to have."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from absvit.records.seeds import student_interval
from experiments.statistics.psychometric import Sigmoid
from experiments.trials.by_condition import condition_means
from experiments.trials.mixed_models import accuracy_model, rt_model
from experiments.trials.psychometric import psychometric_tables
from experiments.trials.scores import participant_scores
from experiments.trials.simulated import CUED, LAPSE, NEUTRAL, YES, SimulatedPeople, detection_trials, level_trials

__all__ = ["RECOVERIES", "Recovery", "recoveries"]

Found = tuple[float, float, float]  # estimate, low, high


@dataclass(frozen=True)
class Recovery:
    """An analysis of simulated people whose truth is known.

    Parameters
    ----------
    name : what is estimated, and how.
    trials : which experiment: detection, log-normal, or levels of yes and no or of two choices.
    truth : function of the people that gives the true value.
    found : function of the trial table and the coverage that gives the estimate and the ends of its interval.
    """

    name: str
    trials: str
    truth: Callable[[SimulatedPeople], float]
    found: Callable[[pd.DataFrame, float], Found]


EXPERIMENTS: dict[str, Callable[[SimulatedPeople, np.random.Generator], pd.DataFrame]] = {
    "detection": detection_trials,
    "log-normal": lambda people, generator: detection_trials(people, generator, "lognormal"),
    "two choices": level_trials,
    "yes and no": lambda people, generator: level_trials(people, generator, 0.0),
}


def _mean(score: str, interval: str, instruction: str = NEUTRAL, option: str = "") -> Callable:
    """The mean over people in a condition."""

    def found(table: pd.DataFrame, level: float) -> Found:
        rows = condition_means(table, score, ["instruction"], option, interval, level)
        return tuple(rows[rows["instruction"] == instruction].iloc[0][[score, f"{score}_low", f"{score}_high"]])

    return found


def _paired(score: str, option: str = "", sign: float = 1.0) -> Callable:
    """The mean difference within people, cued minus neutral, by Student's t."""

    def found(table: pd.DataFrame, level: float) -> Found:
        wide = participant_scores(table, score, ["instruction"], option).pivot(
            index="participant", columns="instruction", values=score
        )
        differences = sign * (wide[CUED] - wide[NEUTRAL]).to_numpy()
        return (float(differences.mean()), *student_interval(differences, level))

    return found


def _within(score: str, sign: float = 1.0) -> Callable:
    """The same from the within-participant intervals of the two means, whose half-width is its own over sqrt(2)."""

    def found(table: pd.DataFrame, level: float) -> Found:
        rows = condition_means(table, score, ["instruction"], interval="within", level=level).set_index("instruction")
        difference = sign * (rows[score][CUED] - rows[score][NEUTRAL])
        half = np.sqrt(2) * (rows[f"{score}_high"] - rows[f"{score}_low"])[CUED] / 2
        return difference, difference - half, difference + half

    return found


def _rt(scale: str) -> Callable:
    def found(table: pd.DataFrame, level: float) -> Found:
        row = rt_model(table, "instruction", ["instruction"], scale, level=level).effect(_term(table))
        return _cued(table, row)

    return found


def _odds(table: pd.DataFrame, level: float) -> Found:
    return _cued(table, accuracy_model(table, "instruction", level=level).effect(_term(table)))


def _term(table: pd.DataFrame) -> str:
    """The term of the cue's effect, which the formula names after the instruction that is not first."""
    return f"instruction[T.{max(table['instruction'])}]"


def _cued(table: pd.DataFrame, row: pd.Series) -> Found:
    """An effect as cued minus neutral."""
    sign = 1.0 if max(table["instruction"]) == CUED else -1.0
    return (sign * row["estimate"], *sorted((sign * row["low"], sign * row["high"])))


def _population(name: str, guess: float) -> Callable:
    """Threshold or width of a population."""

    def found(table: pd.DataFrame, level: float) -> Found:
        row = psychometric_tables(table, "level", sigmoid=Sigmoid(guess, LAPSE), coverage=level).population.iloc[0]
        return tuple(row[[name, f"{name}_low", f"{name}_high"]])

    return found


T, BOOT = "Student's t", "bootstrap"
RECOVERIES = (
    Recovery(f"d', {T}", "detection", lambda p: p.d_prime, _mean("d_prime", "between", option=YES)),
    Recovery(f"d', {BOOT}", "detection", lambda p: p.d_prime, _mean("d_prime", "bootstrap", option=YES)),
    Recovery(f"d' gained, {T}", "detection", lambda p: p.benefit, _paired("d_prime", YES)),
    Recovery(f"criterion, {T}", "detection", lambda p: p.bias, _mean("criterion", "between", option=YES)),
    Recovery(f"accuracy, {T}", "detection", lambda p: p.accuracy(NEUTRAL), _mean("accuracy", "between")),
    Recovery(f"accuracy, {BOOT}", "detection", lambda p: p.accuracy(NEUTRAL), _mean("accuracy", "bootstrap")),
    Recovery("log odds gained, estimating equations", "detection", lambda p: p.log_odds, _odds),
    Recovery(f"mean RT gained, {T}", "detection", lambda p: p.rt_effect, _paired("mean_rt", sign=-1)),
    Recovery(f"median RT gained, {T}", "detection", lambda p: p.rt_effect, _paired("median_rt", sign=-1)),
    Recovery("mean RT gained, Cousineau-Morey", "detection", lambda p: p.rt_effect, _within("mean_rt", -1)),
    Recovery("RT effect in s, mixed model", "detection", lambda p: -p.rt_effect, _rt("s")),
    Recovery("log RT effect, mixed model", "log-normal", lambda p: -2 * p.rt_effect, _rt("log")),
    Recovery("threshold, two choices", "two choices", lambda p: p.mean_threshold, _population("threshold", 0.5)),
    Recovery("width, two choices", "two choices", lambda p: p.median_width, _population("width", 0.5)),
    Recovery("threshold, yes and no", "yes and no", lambda p: p.mean_threshold, _population("threshold", 0.0)),
    Recovery("width, yes and no", "yes and no", lambda p: p.median_width, _population("width", 0.0)),
)


def recoveries(
    people: SimulatedPeople,
    simulations: int = 1000,
    level: float = 0.95,
    seed: int = 0,
    of: tuple[Recovery, ...] = RECOVERIES,
) -> Iterator[dict[str, float | str]]:
    """Simulate experiments, analyse each, and count the intervals that hold the truth.

    Parameters
    ----------
    people : who is simulated.
    simulations : experiments of each analysis, each with other people; analyses of one kind see the same.
    level : coverage that the intervals claim, in (0, 1).
    seed : of the simulation.
    of : analyses.

    Yields
    ------
    A row an analysis: analysis, truth, mean (of the estimates), bias (mean minus truth), sd (of the estimates),
    width (mean of the finite intervals), coverage (share of intervals that hold the truth), open (share that
    have an infinite end), and n.

    Raises
    ------
    ValueError : no simulations, or a coverage out of range.
    """
    if simulations < 1 or not 0 < level < 1:
        raise ValueError(f"expected a simulation at least and 0 < level < 1, got {simulations} and {level}")
    for analysis in of:
        truth, number = analysis.truth(people), list(EXPERIMENTS).index(analysis.trials)
        found = np.empty((simulations, 3))
        with warnings.catch_warnings(action="ignore"):  # of fits; what is lost shows in the coverage
            for k in range(simulations):
                table = EXPERIMENTS[analysis.trials](people, np.random.default_rng([seed, number, k]))
                found[k] = analysis.found(table, level)
        estimates, low, high = found.T
        closed = np.isfinite(low) & np.isfinite(high)
        yield {
            "analysis": analysis.name, "truth": truth, "mean": float(estimates.mean()),
            "bias": float(estimates.mean() - truth), "sd": float(estimates.std()),
            "width": float((high - low)[closed].mean()) if closed.any() else np.nan,
            "coverage": float(((low <= truth) & (truth <= high)).mean()), "open": float(1 - closed.mean()),
            "n": simulations,
        }  # fmt: skip
