"""Effects in their own unit: what is done to an observer's margin, where no link makes time of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from experiments.linking.evidence import evidence_of
from experiments.linking.people_moments import condition_names
from experiments.statistics.intervals import bootstrap
from experiments.statistics.resampling import cohens_dz
from experiments.trials.trial_table import tested, trial_table

__all__ = ["MarginEffect", "margin_effect"]

PAIRED = ("item", "participant")  # what the two conditions have in common, the first that there is


@dataclass(frozen=True)
class MarginEffect:
    """The mean of one condition's margins minus the other's, in log odds: never a time.

    Parameters
    ----------
    first, second : conditions.
    estimate, low, high : difference with its interval, in log odds.
    dz : difference in standard deviations of the pairs' differences (Cohen 1988).
    pairs : what was paired, item or participant.
    n : pairs.
    unit : of the estimate.
    """

    first: str
    second: str
    estimate: float
    low: float
    high: float
    dz: float
    pairs: str
    n: int
    unit: str = "log odds"

    def __str__(self) -> str:
        """The effect as a line."""
        found = f"{self.estimate:.2f} [{self.low:.2f}, {self.high:.2f}] {self.unit}, dz = {self.dz:.2f}"
        return f"{self.first} minus {self.second}: {found}, {self.n} {self.pairs}s"


def margin_effect(
    observers: pd.DataFrame, by: str, first: str, second: str, n: int = 2000, seed: int = 0, level: float = 0.95
) -> MarginEffect:
    """Compare the margins of two conditions.

    Margins are averaged over the trials of an item, or of a participant where no item is shown in both
    conditions; these are paired.

    Parameters
    ----------
    observers : trial table of observers with p(OPTION).
    by : factor whose levels are the conditions.
    first : a condition.
    second : the condition whose margins are subtracted.
    n, seed, level : samples of pairs (at least 1), their seed, and the coverage in (0, 1).

    Raises
    ------
    ValueError : a condition without a trial, or nothing that both conditions have.
    """
    table = tested(trial_table(observers))
    told = pd.concat([_margins(part) for _, part in table.groupby("participant")])
    told = told.assign(condition=condition_names(told, [by]))
    if lacking := [name for name in (first, second) if name not in set(told["condition"])]:
        known = ", ".join(told["condition"].unique())
        raise ValueError(f"no trial in the condition {lacking[0]!r}; there are {known}")
    for pairs in PAIRED:
        means = told.groupby([pairs, "condition"])["margin"].mean().unstack("condition")
        off = (means[first] - means[second]).dropna().to_numpy()
        if len(off) > 1 or (pairs == PAIRED[-1] and len(off)):
            found = bootstrap(xr.DataArray(off, dims="pair"), "pair", n, seed, level)
            numbers = (float(found[name]) for name in ("estimate", "low", "high"))
            return MarginEffect(first, second, *numbers, cohens_dz(off), pairs, len(off))
    raise ValueError(f"no item and no participant has both {first!r} and {second!r}: nothing is paired")


def _margins(table: pd.DataFrame) -> pd.DataFrame:
    """Trials of an observer with the margin of their last pass."""
    evidence = evidence_of(table)
    return evidence.trials.assign(margin=evidence.margin[:, -1].astype(np.float64))
