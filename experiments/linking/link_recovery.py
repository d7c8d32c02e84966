"""Recovery of a diffusion: people are simulated by pyddm's own simulator, and the link is fitted to them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd
from scipy.special import expit

from experiments.linking.link_fit import fit
from experiments.linking.pyddm_solver import sampled

__all__ = ["DiffusionRecovery", "observer_of_margins", "recovered", "simulated_people"]

NAMES = ("sensitivity", "boundary", "nondecision")


@dataclass(frozen=True)
class DiffusionRecovery:
    """Simulated people and their experiments: every combination of what is given.

    Parameters
    ----------
    simulations
        Experiments of each combination.
    people
        People in an experiment.
    trials
        Trials of a person in a condition.
    spread
        Standard deviation between people of each parameter, over its mean.
    margins
        Margin of each condition, in log odds; all are fitted.
    sensitivity
        True drift of a margin of 1, a second.
    boundary
        True boundary, in roots of s.
    nondecision
        True non-decision time in s.
    n
        Samples of people for each interval.
    level
        Coverage that the intervals claim, in (0, 1).
    seed
        Seed of the simulation.
    """

    simulations: int = 100
    people: tuple[int, ...] = (20,)
    trials: tuple[int, ...] = (40, 160)
    spread: tuple[float, ...] = (0.0, 0.15)
    margins: tuple[float, ...] = (0.5, 1.0, 2.0, 4.0)
    sensitivity: float = 1.0
    boundary: float = 0.8
    nondecision: float = 0.3
    n: int = 200
    level: float = 0.95
    seed: int = 0

    def __post_init__(self) -> None:
        if self.simulations < 1 or min(self.people) < 2 or min(self.trials) < 2 or min(self.spread) < 0:
            raise ValueError("give at least 1 simulation, 2 people, 2 trials, and a spread of at least 0")


def observer_of_margins(margins: tuple[float, ...]) -> pd.DataFrame:
    """Make the trial table of an observer with one trial in each condition, called by its margin."""
    return pd.DataFrame(
        {
            "participant": "given margins",
            "kind": "model",
            "trial": np.arange(1, len(margins) + 1),
            "condition": [f"{margin:g}" for margin in margins],
            "response": "left",
            "answer": "left",
            "p(left)": expit(margins),
            "p(right)": expit(-np.array(margins)),
        }
    )


def simulated_people(of: DiffusionRecovery, people: int, trials: int, spread: float, seed: int) -> pd.DataFrame:
    """Simulate an experiment.

    Parameters
    ----------
    of : truth.
    people, trials, spread : of the experiment.
    seed : of people and answers.

    Returns
    -------
    Columns of a trial table; condition as in :func:`observer_of_margins`.
    """
    generator, truth = np.random.default_rng(seed), [getattr(of, name) for name in NAMES]
    parts = []
    for person in range(people):
        # Log-normal factors with the mean 1: the mean person is the truth
        factors = np.exp(spread * generator.standard_normal(3) - spread**2 / 2)
        sensitivity, boundary, nondecision = truth * factors
        for margin in of.margins:
            drawn = int(generator.integers(2**31))
            rt, right = sampled(sensitivity * margin, boundary, nondecision, trials, drawn)
            told = {"participant": f"{person + 1:03d}", "condition": f"{margin:g}"}
            parts.append(pd.DataFrame({"rt": rt, "correct": right}).assign(**told))
    table = pd.concat(parts, ignore_index=True).assign(kind="person")
    return table.assign(trial=table.groupby("participant").cumcount() + 1)


def recovered(of: DiffusionRecovery) -> Iterator[dict[str, float | str]]:
    """Simulate experiments, fit the diffusion to each, and compare what is found with the truth.

    Yields
    ------
    A row for each combination and parameter: people, trials, spread, parameter; true; mean and sd of the
    estimates over experiments; bias, mean minus true; held, the share of intervals that hold the truth.
    """
    observer = observer_of_margins(of.margins)
    conditions = list(observer["condition"])
    for number, told in enumerate(product(of.people, of.trials, of.spread)):
        seeds = np.random.SeedSequence((of.seed, number)).generate_state(of.simulations)
        found = []
        for seed in seeds:
            people = simulated_people(of, *told, int(seed))
            fitted = fit(people, observer, by="condition", conditions=conditions, n=of.n, level=of.level)
            found.append(fitted.parameters.set_index("parameter")[["estimate", "low", "high"]])
        for name in NAMES:
            true, estimates, low, high = getattr(of, name), *np.array([each.loc[name] for each in found]).T
            row = dict(zip(("people", "trials", "spread"), told, strict=True))
            row |= {"parameter": name, "true": true, "mean": float(estimates.mean())}
            row["sd"] = float(estimates.std(ddof=1)) if len(estimates) > 1 else float("nan")
            yield row | {"bias": row["mean"] - true, "held": float(((low <= true) & (true <= high)).mean())}
