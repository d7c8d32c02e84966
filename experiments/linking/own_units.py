"""Effects in their own unit: what is done to an observer's margin, where no link makes time of it."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from experiments.statistics.resampling import cohens_dz
from experiments.trials.effects import Effect, effect_of
from experiments.trials.item_effects import item_effects
from experiments.trials.trial_table import trial_table

__all__ = ["MarginEffect", "margin_effect"]


@dataclass(frozen=True)
class MarginEffect:
    """The mean of one condition's margins minus the other's, in log odds: never a time.

    Parameters
    ----------
    first, second : conditions.
    estimate, low, high : difference with Student's interval, in ``unit``.
    dz : difference in standard deviations of the pairs' differences (Cohen 1988).
    pairs : what is paired, items or participants.
    n : pairs.
    unit : of the difference.
    """

    first: str
    second: str
    estimate: float
    low: float
    high: float
    dz: float
    pairs: str
    n: int
    unit: str

    def __str__(self) -> str:
        """The effect as a line."""
        found = f"{self.estimate:.2f} [{self.low:.2f}, {self.high:.2f}] {self.unit} of log odds, dz = {self.dz:.2f}"
        return f"{self.first} minus {self.second}: {found}, {self.n} {self.pairs}"


def margin_effect(observers: pd.DataFrame, by: str, first: str, second: str, level: float = 0.95) -> MarginEffect:
    """Compare the margins of two conditions, the log odds of the right answer against the best other one.

    Pairs are items, each averaged over its trials; where no two items are shown in both conditions,
    participants.

    Parameters
    ----------
    observers : trial table of observers with p(OPTION).
    by : factor whose levels are the conditions.
    first : a condition.
    second : the condition whose margins are subtracted.
    level : coverage of the interval.

    Raises
    ------
    ValueError : a condition without a trial, no p(OPTION), or nothing that has both conditions.
    """
    table = trial_table(observers)
    effect = Effect(f"{first} minus {second}", by, high=first, low=second, measure="margin")
    found = effect_of(table, effect, splits=1, level=level)
    pairs, differences = "participants", found.by_participant["effect"].dropna()
    if table.groupby("item")[by].nunique().gt(1).sum() > 1:
        found = item_effects(table, effect, splits=1, level=level)
        pairs, differences = "items", found.by_item["effect"].dropna()
    estimate, (low, high) = float(differences.mean()), found.interval
    dz = cohens_dz(differences.to_numpy())
    return MarginEffect(first, second, estimate, low, high, dz, pairs, len(differences), effect.unit)
