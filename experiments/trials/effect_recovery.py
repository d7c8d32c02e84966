"""Recovery of effects: simulated experiments whose effect, reliability and ceiling are known.

A participant's effect is normal around the mean effect, a trial's reaction time normal around its condition.
The true reliability is then the share of the effects' variance that lies between people,
``between**2 / (between**2 + 2 within**2 / trials)`` (Rouder and Haaf 2019, Psychon. Bull. Rev. 26).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd

from experiments.trials.effects import Effect, effect_of
from experiments.trials.trial_table import trial_table

__all__ = ["SimulatedEffects", "effect_recovery", "simulated_trials"]

LEVELS = ("congruent", "incongruent")
BASE, PEOPLE_APART = 0.6, 0.08  # s: reaction time when congruent, and how it differs between people


@dataclass(frozen=True)
class SimulatedEffects:
    """What is simulated.

    Parameters
    ----------
    simulations
        Experiments of each combination.
    people
        Participants.
    trials
        Trials of each of two conditions.
    mean
        Mean effect, in s.
    between
        Standard deviations of the effect between people, in s.
    within
        Standard deviation of a person's reaction times, in s.
    statistic
        Of a person's trials.
    splits
        Random halves for the reliability.
    level
        Coverage that the intervals claim, in (0, 1).
    seed
        Seed of the simulation.
    """

    simulations: int = 1000
    people: tuple[int, ...] = (20, 60)
    trials: tuple[int, ...] = (24, 96)
    mean: float = 0.03
    between: tuple[float, ...] = (0.015, 0.03, 0.06)
    within: float = 0.12
    statistic: str = "mean"
    splits: int = 30
    level: float = 0.95
    seed: int = 0

    def __post_init__(self) -> None:
        if self.simulations < 1 or min(self.people) < 3 or min(self.trials) < 2:
            raise ValueError("a simulation is at least 1 experiment of 3 people with 2 trials of each condition")


def simulated_trials(
    people: int, trials: int, mean: float, between: float, within: float, generator: np.random.Generator
) -> pd.DataFrame:
    """Draw an experiment.

    Parameters
    ----------
    people, trials : participants, and trials of each condition.
    mean, between, within : as in ``SimulatedEffects``.
    generator : what is drawn from.

    Returns
    -------
    Trial table with the factor ``flanker``.
    """
    who, level, number = (of.ravel() for of in np.indices((people, 2, trials)))
    told = {"participant": who.astype(str), "kind": "person", "trial": number + level * trials + 1, "correct": 1.0}
    rt = _reaction_times(people, trials, mean, between, within, generator)
    return trial_table(pd.DataFrame(told | {"rt": rt, "flanker": np.take(LEVELS, level)}))


def _reaction_times(people: int, trials: int, mean: float, between: float, within: float, generator) -> np.ndarray:
    """Reaction times in the order of (person, condition, trial)."""
    effects = generator.normal(mean, between, people)
    bases = generator.normal(BASE, PEOPLE_APART, people)
    middles = bases[:, None] + effects[:, None] * [0, 1]
    return np.maximum(middles[..., None] + generator.normal(0, within, (people, 2, trials)), 0).ravel()


def effect_recovery(parameters: SimulatedEffects) -> Iterator[dict[str, float]]:
    """Simulate experiments, and compare what is found with the truth.

    Yields
    ------
    A row for each combination: people, trials, between; coverage, the share of intervals that hold the mean
    effect; true_reliability, reliability (mean of those found), bias; true_ceiling, ceiling.
    """
    effect = Effect("simulated", "flanker", LEVELS[1], LEVELS[0], statistic=parameters.statistic)
    designs = product(parameters.people, parameters.trials, parameters.between)
    for number, (people, trials, between) in enumerate(designs):
        generator = np.random.default_rng((parameters.seed, number))
        found, drawn = [], (people, trials, parameters.mean, between, parameters.within)
        table = simulated_trials(*drawn, np.random.default_rng(0))
        for simulation in range(parameters.simulations):
            table = table.assign(rt=_reaction_times(*drawn, generator))
            result = effect_of(table, effect, parameters.splits, simulation, parameters.level)
            low, high = result.interval
            found.append((low <= parameters.mean <= high, result.reliability, result.ceiling))
        coverage, reliability, ceiling = np.mean(found, axis=0)
        true = between**2 / (between**2 + 2 * parameters.within**2 / trials)
        told = {"people": people, "trials": trials, "between": between, "coverage": coverage}
        told |= {"true_reliability": true, "reliability": reliability, "bias": reliability - true}
        yield told | {"true_ceiling": np.sqrt(true), "ceiling": ceiling}
