"""Recoveries: how often intervals of the analyses of trials hold what simulated people have."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from absvit.records.seeds import student_interval
from experiments.statistics.psychometric import Sigmoid
from experiments.trials.answer_scores import participant_scores
from experiments.trials.by_condition import condition_means
from experiments.trials.mixed_models import MixedModel, accuracy_model, rt_model
from experiments.trials.psychometric import psychometric_tables
from experiments.trials.simulated import (
    CUED,
    LAPSE,
    NEUTRAL,
    YES,
    SimulatedPeople,
    detection_trials,
    level_trials,
)

__all__ = ["EXPERIMENTS", "RECOVERIES", "Recovery", "recoveries"]

Found = tuple[float, float, float]  # estimate, low, high


@dataclass(frozen=True)
class Recovery:
    """An analysis of simulated people whose truth is known.

    Parameters
    ----------
    trials : which experiment: detection, log-normal, or levels of two choices or of yes and no.
    truth : what is estimated, and how, each with a function of the people that gives the true value.
    found : function of the trial table and the coverage that gives each estimate and the ends of its
        interval.
    """

    trials: str
    truth: dict[str, Callable[[SimulatedPeople], float]]
    found: Callable[[pd.DataFrame, float], tuple[Found, ...]]


EXPERIMENTS: dict[str, Callable[[SimulatedPeople, np.random.Generator], pd.DataFrame]] = {
    "detection": detection_trials,
    "log-normal": lambda people, generator: detection_trials(people, generator, "lognormal"),
    "two choices": level_trials,
    "yes and no": lambda people, generator: level_trials(people, generator, 0.0),
}


def _mean(score: str, interval: str, option: str = "") -> Callable:
    """The mean over people without the cue."""

    def found(table: pd.DataFrame, level: float) -> tuple[Found, ...]:
        rows = condition_means(table, score, ["instruction"], option, interval, level)
        row = rows[rows["instruction"] == NEUTRAL].iloc[0]
        return ((row[score], row[f"{score}_low"], row[f"{score}_high"]),)

    return found


def _paired(score: str, option: str = "", sign: float = 1.0) -> Callable:
    """The mean difference within people, cued minus neutral, by Student's t."""

    def found(table: pd.DataFrame, level: float) -> tuple[Found, ...]:
        scores = participant_scores(table, score, ["instruction"], option)
        wide = scores.pivot(index="participant", columns="instruction", values=score)
        differences = sign * (wide[CUED] - wide[NEUTRAL]).to_numpy()
        return ((float(differences.mean()), *student_interval(differences, level)),)

    return found


def _within(score: str, sign: float = 1.0) -> Callable:
    """The same from the within-participant intervals of two means, whose half-width is its own over sqrt(2)."""

    def found(table: pd.DataFrame, level: float) -> tuple[Found, ...]:
        rows = condition_means(table, score, ["instruction"], interval="within", level=level).set_index("instruction")
        difference = sign * (rows[score][CUED] - rows[score][NEUTRAL])
        half = np.sqrt(2) * (rows[f"{score}_high"] - rows[f"{score}_low"])[CUED] / 2
        return ((difference, difference - half, difference + half),)

    return found


def _modelled(fit: Callable) -> Callable:
    """The effect of the cue in a mixed model, cued minus neutral."""

    def found(table: pd.DataFrame, level: float) -> tuple[Found, ...]:
        row = fit(table, level).effect(f"instruction[T.{CUED}]")
        return ((row["estimate"], row["low"], row["high"]),)

    return found


def _population(guess: float) -> Callable:
    """Threshold and width of a population."""

    def found(table: pd.DataFrame, level: float) -> tuple[Found, ...]:
        row = psychometric_tables(table, "level", sigmoid=Sigmoid(guess, LAPSE), coverage=level).population.iloc[0]
        return tuple((row[name], row[f"{name}_low"], row[f"{name}_high"]) for name in ("threshold", "width"))

    return found


def _rt(table: pd.DataFrame, level: float, scale: str = "s") -> MixedModel:
    return rt_model(table, "instruction", ["instruction"], scale, level=level)


def _log_rt(table: pd.DataFrame, level: float) -> MixedModel:
    return _rt(table, level, "log")


def _odds(table: pd.DataFrame, level: float) -> MixedModel:
    return accuracy_model(table, "instruction", level=level)


def _levels(choices: str) -> dict[str, Callable]:
    return {
        f"threshold, {choices}, hierarchical": lambda people: people.mean_threshold,
        f"width, {choices}, hierarchical": lambda people: people.median_width,
    }


T, BOOT, D = "Student's t", "bootstrap", "detection"
RECOVERIES = (
    Recovery(D, {f"d', {T}": lambda of: of.d_prime}, _mean("d_prime", "between", YES)),
    Recovery(D, {f"d', {BOOT}": lambda of: of.d_prime}, _mean("d_prime", "bootstrap", YES)),
    Recovery(D, {f"d' gained, {T}": lambda of: of.benefit}, _paired("d_prime", YES)),
    Recovery(D, {f"criterion, {T}": lambda of: of.bias}, _mean("criterion", "between", YES)),
    Recovery(D, {f"accuracy, {T}": lambda of: of.accuracy(NEUTRAL)}, _mean("accuracy", "between")),
    Recovery(D, {f"accuracy, {BOOT}": lambda of: of.accuracy(NEUTRAL)}, _mean("accuracy", "bootstrap")),
    Recovery(D, {"log odds gained, estimating equations": lambda of: of.log_odds}, _modelled(_odds)),
    Recovery(D, {f"mean RT gained, {T}": lambda of: of.rt_effect}, _paired("mean_rt", sign=-1)),
    Recovery(D, {f"median RT gained, {T}": lambda of: of.rt_effect}, _paired("median_rt", sign=-1)),
    Recovery(D, {"mean RT gained, Cousineau-Morey": lambda of: of.rt_effect}, _within("mean_rt", -1)),
    Recovery(D, {"RT effect in s, mixed model": lambda of: -of.rt_effect}, _modelled(_rt)),
    Recovery("log-normal", {"log RT effect, mixed model": lambda of: -2 * of.rt_effect}, _modelled(_log_rt)),
    Recovery("two choices", _levels("two choices"), _population(0.5)),
    Recovery("yes and no", _levels("yes and no"), _population(0.0)),
)


def recoveries(
    people: SimulatedPeople,
    simulations: int = 1000,
    level: float = 0.95,
    seed: int = 0,
    of: Sequence[str] = (),
) -> Iterator[dict[str, float | str]]:
    """Simulate experiments, analyse each, and count the intervals that hold the truth.

    Parameters
    ----------
    people : who is simulated.
    simulations : experiments of each kind, each with other people.
    level : coverage that the intervals claim, in (0, 1).
    seed : of the simulation.
    of : kinds of experiments, of ``EXPERIMENTS``; all, if left out.

    Yields
    ------
    A row for each estimate: analysis, truth, mean (of the estimates), sd (of these), width (mean of the
    finite intervals), coverage (share of intervals that hold the truth), open (share that have an
    infinite end), and n.

    Raises
    ------
    ValueError : no simulations, a coverage out of range, or no such experiment.
    """
    if simulations < 1 or not 0 < level < 1:
        raise ValueError(f"expected a simulation at least and 0 < level < 1, got {simulations} and {level}")
    if unknown := [name for name in of if name not in EXPERIMENTS]:
        raise ValueError(f"an experiment is one of {', '.join(EXPERIMENTS)}, got {unknown[0]!r}")
    for number, (name, simulated) in enumerate(EXPERIMENTS.items()):
        analyses = [analysis for analysis in RECOVERIES if analysis.trials == name and (not of or name in of)]
        if not analyses:
            continue
        truths = {told: truth(people) for analysis in analyses for told, truth in analysis.truth.items()}
        found = np.empty((simulations, len(truths), 3))
        with warnings.catch_warnings(action="ignore"):  # of fits; what is lost shows in the coverage
            for k in range(simulations):
                table = simulated(people, np.random.default_rng([seed, number, k]))
                found[k] = [row for analysis in analyses for row in analysis.found(table, level)]
        for (told, truth), numbers in zip(truths.items(), found.transpose(1, 2, 0), strict=True):
            yield _row(told, truth, *numbers)


def _row(analysis: str, truth: float, estimates: np.ndarray, low: np.ndarray, high: np.ndarray) -> dict:
    """How well an analysis recovers the truth."""
    closed = np.isfinite(low) & np.isfinite(high)
    width = float((high - low)[closed].mean()) if closed.any() else float("nan")
    covered = float(((low <= truth) & (truth <= high)).mean())
    return {
        "analysis": analysis, "truth": truth, "mean": float(estimates.mean()), "sd": float(estimates.std()),
        "width": width, "coverage": covered, "open": float(1 - closed.mean()), "n": len(estimates),
    }  # fmt: skip
