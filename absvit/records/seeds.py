"""Several trainings of one model: means with Student's intervals, and what is no second seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import scipy

__all__ = ["LEVEL", "check_weights_differ", "over_seeds", "proportion_interval", "student_interval"]

LEVEL = 0.95


def student_interval(values: np.ndarray, level: float = LEVEL) -> tuple[float, float]:
    """Both ends of the interval of a mean by Student's t, as over a few trainings; NaN for a single one."""
    values = np.asarray(values, float)
    if len(values) == 1:
        return np.nan, np.nan
    reach = scipy.stats.t.ppf((1 + level) / 2, len(values) - 1) * scipy.stats.sem(values)
    return float(values.mean() - reach), float(values.mean() + reach)


def proportion_interval(successes: int, trials: int, level: float = LEVEL) -> tuple[float, float]:
    """Interval, in [0, 1], of a share of independent trials (Wilson 1927, J. Am. Stat. Assoc. 22).

    It tells something at 0 and at all successes, too.
    """
    found = scipy.stats.binomtest(successes, trials).proportion_ci(level, method="wilson")
    return float(found.low), float(found.high)


def over_seeds(rows: pd.DataFrame, keys: Sequence[str], within: Mapping[str, tuple[float, float]]) -> pd.DataFrame:
    """Means over the rows that are alike in their keys, with Student's 95 % intervals.

    Frame with the keys, seeds (their number), and the means of the other columns; X_low and X_high of each X
    in within, its smallest and largest possible value, which of a single row are what they were, or NaN.
    """
    grouped = rows.groupby(list(keys), sort=False)
    table, seeds = grouped.mean(numeric_only=True), grouped.size()
    for name, limits in within.items():
        half = scipy.stats.t.ppf((1 + LEVEL) / 2, seeds - 1) * grouped[name].sem()
        for end, reached in ((f"{name}_low", table[name] - half), (f"{name}_high", table[name] + half)):
            table[end] = reached.clip(*limits).where(seeds > 1, table.get(end, np.nan))
    table.insert(0, "seeds", seeds)
    return table.reset_index()


def check_weights_differ(model: str, weights: Sequence[str], where: str = "") -> None:
    """Refuse records of the same weights, by SHA-256, as seeds of a model; ``where`` says on what."""
    if len(set(weights)) < len(weights):
        raise ValueError(
            f"two records show {model} with the same weights{where}: these are no two seeds; give each once"
        )
