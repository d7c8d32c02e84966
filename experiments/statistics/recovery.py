"""Recovery: how often the intervals of a fitted psychometric function hold the truth, by simulation."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Literal

import numpy as np

from experiments.statistics.psychometric import (
    PsychometricFit,
    Sigmoid,
    fit_psychometric,
    psychometric_intervals,
    simulated_counts,
)

__all__ = ["Simulated", "coverage"]

LAPSES = {"fixed": (0.02, 0.02), "free": (0.02, None), "wrong": (0.05, 0.0)}  # the true one, and the fit's


@dataclass(frozen=True)
class Simulated:
    """Simulated observers and their experiments: every combination of what is given.

    Parameters
    ----------
    simulations
        Experiments of each combination, each with an observer of the true function.
    guess
        Guess rates, fixed: .5 with two choices, 0 of yes and no.
    designs
        Levels, equally spaced from -1.5 to 1.5, and trials at each, such as 7x20.
    widths
        True widths; levels range over 3.
    threshold
        True threshold.
    lapses
        Fixed: .02, and the fit knows it; free: .02, and it is fitted; wrong: .05, and the fit takes it for 0.
    dispersion
        Variance of the counts over the binomial one, as of an observer who learns or tires; above 1, the
        intervals allow for it.
    shape
        Sigmoid.
    level
        Coverage that the intervals claim, in (0, 1).
    seed
        Seed of the simulation.
    """

    simulations: int = 100
    guess: tuple[float, ...] = (0.5, 0.0)
    designs: tuple[str, ...] = ("5x4", "5x10", "7x20", "7x40")
    widths: tuple[float, ...] = (0.5, 2.0)
    threshold: float = 0.0
    lapses: tuple[Literal["fixed", "free", "wrong"], ...] = ("fixed", "free", "wrong")
    dispersion: float = 1.0
    shape: Literal["normal", "logistic"] = "normal"
    level: float = 0.95
    seed: int = 0

    def __post_init__(self) -> None:
        if self.simulations < 1 or self.dispersion < 1:
            raise ValueError("simulations and dispersion must be at least 1 each")
        for design in self.designs:
            levels, _, trials = design.partition("x")
            if not (levels.isdecimal() and trials.isdecimal() and int(levels) > 1 and int(trials) > 0):
                raise ValueError(f"a design is levels x trials such as 7x20, got {design!r}")


def coverage(parameters: Simulated) -> Iterator[dict[str, float | str]]:
    """Simulate experiments, fit each, and count the intervals that hold the truth.

    Yields
    ------
    A row for each combination: guess, design, true_width, lapse; threshold and width, the shares of intervals
    that hold the truth; threshold_open and width_open, the shares of those that say "not determined"; bias,
    the median of fitted minus true thresholds.
    """
    combinations = product(parameters.guess, parameters.designs, parameters.widths, parameters.lapses)
    for number, (guess, design, width, lapse) in enumerate(combinations):
        count, trials = map(int, design.split("x"))
        true_lapse, given = LAPSES[lapse]
        truth = PsychometricFit(parameters.threshold, width, true_lapse, Sigmoid(guess, given, parameters.shape), 0.0)
        levels, trials = np.linspace(-1.5, 1.5, count), np.full(count, trials)
        seed = np.random.SeedSequence((parameters.seed, number)).generate_state(1)[0]
        counts = simulated_counts(truth, levels, trials, parameters.simulations, int(seed), parameters.dispersion)
        found = [_one(truth, levels, correct, trials, parameters) for correct in counts]
        names = ("threshold", "width", "threshold_open", "width_open")
        shares = dict(zip(names, np.mean([of[:4] for of in found], axis=0).tolist(), strict=True))
        told = {"guess": guess, "design": design, "true_width": width, "lapse": lapse}
        yield told | shares | {"bias": float(np.median([of[4] for of in found]))}


def _one(
    truth: PsychometricFit, levels, correct, trials, parameters: Simulated
) -> tuple[bool, bool, bool, bool, float]:
    """Whether the intervals of threshold and width hold the truth, whether they are open, and the error."""
    with warnings.catch_warnings(action="ignore"):  # what is not determined is counted
        fit = fit_psychometric(levels, correct, trials, truth.sigmoid)
    ends = psychometric_intervals(fit, parameters.level, parameters.dispersion > 1)
    threshold, width = ends["threshold"], ends["width"]
    return (
        threshold.low <= truth.threshold <= threshold.high, width.low <= truth.width <= width.high,
        not threshold.determined, not width.determined, fit.threshold - truth.threshold,
    )  # fmt: skip
