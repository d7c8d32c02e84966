"""Simulated people: trial tables of participants whose d', bias, thresholds and RT effects are known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from scipy.special import logit, ndtr

from experiments.statistics.likelihood import rise
from experiments.trials.trial_table import trial_table

__all__ = ["CUED", "NEUTRAL", "SimulatedPeople", "detection_trials", "level_trials"]

NEUTRAL, CUED = (
    "attend anywhere",
    "attend the place",
)  # instructions; the first in the alphabet is the reference
YES, NO = "present", "absent"
SPREADS = {"d_prime": 0.4, "benefit": 0.2, "bias": 0.2}  # standard deviations over people
BASE, BASE_SD, EFFECT_SHARE = (
    0.45,
    0.08,
    0.7,
)  # s of ex-Gaussian RTs; of the effect over people, relative to it
SIGMA, TAU, LOG_SD = 0.04, 0.12, 0.3  # of ex-Gaussian RTs in s, and of log-normal ones
LAPSE = 0.02


@dataclass(frozen=True)
class SimulatedPeople:
    """People and their experiments; everybody differs from the means that are given.

    Parameters
    ----------
    participants
        People of an experiment.
    trials
        Trials of each instruction, with the signal and without, of each person.
    d_prime
        Mean d' without the cue; standard deviation over people .4.
    benefit
        Mean gain of d' by the cue; .2.
    bias
        Mean criterion c; .2.
    rt_effect
        Mean gain of time by the cue in s, of ex-Gaussian reaction times; in log-normal ones twice the
        number is the gain on the logarithmic scale. Its standard deviation over people is .7 of it.
    level_trials
        Trials a level, of seven levels from -1.5 to 1.5, of each person.
    mean_threshold
        Mean threshold; standard deviation over people .3.
    median_width
        Median width; standard deviation of its logarithm over people .3.
    """

    participants: int = 20
    trials: int = 20
    d_prime: float = 1.5
    benefit: float = 0.4
    bias: float = 0.2
    rt_effect: float = 0.03
    level_trials: int = 12
    mean_threshold: float = 0.0
    median_width: float = 2.0

    def __post_init__(self) -> None:
        if self.participants < 3 or self.trials < 2 or self.level_trials < 1:
            raise ValueError(f"expected 3 participants, 2 trials and 1 trial a level at least, got {self}")

    def share(self, said: str, instruction: str, signal: str) -> float:
        """How often people say present or absent on average over the population."""
        d_prime = self.d_prime + self.benefit * (instruction == CUED)
        variance = SPREADS["d_prime"] ** 2 + SPREADS["benefit"] ** 2 * (instruction == CUED)
        mean = (d_prime / 2 if signal == YES else -d_prime / 2) - self.bias
        present = ndtr(mean / np.sqrt(1 + variance / 4 + SPREADS["bias"] ** 2))  # of a normal mixture of normals
        return float(present if said == YES else 1 - present)

    def accuracy(self, instruction: str) -> float:
        """Share of right answers on average over the population."""
        return (self.share(YES, instruction, YES) + self.share(NO, instruction, NO)) / 2

    @property
    def log_odds(self) -> float:
        """What the cue adds to the log odds of right answers of the population."""
        return float(logit(self.accuracy(CUED)) - logit(self.accuracy(NEUTRAL)))


def detection_trials(
    people: SimulatedPeople,
    generator: np.random.Generator,
    rts: Literal["exgaussian", "lognormal"] = "exgaussian",
) -> pd.DataFrame:
    """Simulate people who say whether a signal is present, with a cue and without, and how long they take.

    Evidence is normal of unit variance, d' apart, and compared with a criterion (Green and Swets 1966);
    reaction times are ex-Gaussian (Hohle 1965) or log-normal, independent of the answer.
    """
    n = people.participants
    personal = {name: generator.normal(getattr(people, name), sd, n)[:, None] for name, sd in SPREADS.items()}
    instruction = np.repeat([NEUTRAL, CUED], 2 * people.trials)
    signal = np.tile([YES, NO], 2 * people.trials)
    cued, shape = instruction == CUED, (n, len(instruction))
    d_prime = personal["d_prime"] + personal["benefit"] * cued
    evidence = generator.normal(np.where(signal == YES, d_prime / 2, -d_prime / 2), 1.0)
    scale = 1.0 if rts == "exgaussian" else 2.0
    gain = scale * people.rt_effect * generator.normal(1, EFFECT_SHARE, (n, 1)) * cued
    if rts == "exgaussian":
        rt = generator.normal(BASE, BASE_SD, (n, 1)) - gain + generator.normal(0, SIGMA, shape)
        rt = np.maximum(rt + generator.exponential(TAU, shape), 0.0)
    else:
        rt = np.exp(np.log(BASE) + generator.normal(0, 0.2, (n, 1)) - gain + generator.normal(0, LOG_SD, shape))
    response = np.where(evidence > personal["bias"], YES, NO)
    return _table({"instruction": instruction, "answer": signal}, response, rt)


def level_trials(people: SimulatedPeople, generator: np.random.Generator, guess: float = 0.5) -> pd.DataFrame:
    """Simulate people who are right the more often the higher the level; the factor is ``level``."""
    n = people.participants
    threshold = generator.normal(people.mean_threshold, 0.3, (n, 1))
    width = people.median_width * np.exp(generator.normal(0, 0.3, (n, 1)))
    level = np.repeat(np.linspace(-1.5, 1.5, 7), people.level_trials)
    right = guess + (1 - guess - LAPSE) * rise("normal", (level - threshold) / width)
    response = np.where(generator.random(right.shape) < right, "right", "wrong")
    return _table({"answer": np.full(len(level), "right"), "level": level}, response, np.full(right.shape, np.nan))


def _table(columns: dict[str, np.ndarray], response: np.ndarray, rt: np.ndarray) -> pd.DataFrame:
    """The trial table of answers and times (participant, trial) to the same trials."""
    n, trials = response.shape
    same = {name: np.tile(values, n) for name, values in columns.items()}
    who = np.repeat([f"person {k + 1}" for k in range(n)], trials)
    told = {"participant": who, "kind": "person", "trial": np.tile(np.arange(1, trials + 1), n), **same}
    return trial_table(pd.DataFrame(told | {"response": response.ravel(), "rt": rt.ravel()}))
