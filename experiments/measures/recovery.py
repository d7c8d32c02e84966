"""Recovery: how often the interval of a fitted threshold holds the true one, by simulation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from experiments.measures.psychometric import (
    PsychometricFit,
    Sigmoid,
    fit_psychometric,
    psychometric_intervals,
    simulated_counts,
)

__all__ = ["Simulated", "coverage"]


@dataclass(frozen=True)
class Simulated:
    """Simulated observers and their experiment.

    Parameters
    ----------
    simulations
        Experiments, each with an observer of the true function.
    resamples
        Data sets behind each interval.
    levels
        Signal levels; the true threshold is 0 and the true width 2.
    trials
        Trials at each level.
    guess
        Guess rate, fixed.
    lapse
        Lapse rate, fixed and known.
    shape
        Sigmoid.
    level
        Coverage that the intervals claim, in (0, 1).
    seed
        Seed of the simulation.
    """

    simulations: int = 500
    resamples: int = 400
    levels: tuple[float, ...] = (-1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5)
    trials: int = 60
    guess: float = 0.5
    lapse: float = 0.02
    shape: Literal["normal", "logistic"] = "normal"
    level: float = 0.95
    seed: int = 0

    def __post_init__(self) -> None:
        if min(self.simulations, self.resamples, self.trials) < 1:
            raise ValueError("simulations, resamples and trials must be at least 1 each")


def coverage(parameters: Simulated) -> dict[str, float]:
    """Simulate experiments, fit each, and count the intervals that hold the truth.

    Parameters
    ----------
    parameters : the observers and their experiment.

    Returns
    -------
    threshold_coverage, width_coverage in [0, 1]; threshold_bias, the mean of fitted minus true threshold, and
    threshold_error, the standard deviation of the fitted ones, both in units of the levels.
    """
    levels, trials = np.array(parameters.levels), np.full(len(parameters.levels), parameters.trials)
    truth = PsychometricFit(0.0, 2.0, parameters.lapse, _sigmoid(parameters), 0.0)
    inside, thresholds = {"threshold": [], "width": []}, []
    for number, correct in enumerate(simulated_counts(truth, levels, trials, parameters.simulations, parameters.seed)):
        fit = fit_psychometric(levels, correct, trials, truth.sigmoid)
        seed = np.random.SeedSequence((parameters.seed, number + 1)).generate_state(1)[0]
        ends = psychometric_intervals(fit, levels, trials, parameters.resamples, int(seed), parameters.level)
        thresholds.append(fit.threshold)
        for name, found in inside.items():
            found.append(_holds(ends[name], getattr(truth, name)))
    return {
        **{f"{name}_coverage": float(np.mean(found)) for name, found in inside.items()},
        "threshold_bias": float(np.mean(thresholds) - truth.threshold),
        "threshold_error": float(np.std(thresholds)),
    }


def _sigmoid(parameters: Simulated) -> Sigmoid:
    return Sigmoid(parameters.guess, parameters.lapse, parameters.shape)


def _holds(ends: Sequence[float], value: float) -> bool:
    return bool(ends[0] <= value <= ends[1])
