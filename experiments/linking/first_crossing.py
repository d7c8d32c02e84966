"""First crossing: the feedback pass at which a criterion is first met, and what follows of it."""

from __future__ import annotations

import numpy as np

from experiments.linking.evidence import Evidence
from experiments.linking.link import Parameter, Predicted

__all__ = ["STEP", "TIME", "criteria", "crossings", "timed"]

STEP = Parameter("step", "time of a feedback pass", "s", 1e-4, 5.0)
TIME = Parameter("nondecision", "time of the bottom-up pass, of seeing and of moving", "s", 0.0, 5.0)


def crossings(met: np.ndarray) -> np.ndarray:
    """Find the first pass (trial,) in which a criterion is met; NaN where it is in none.

    Parameters
    ----------
    met : (trial, pass) bool; pass 0 is bottom-up.
    """
    return np.where(met.any(axis=1), met.argmax(axis=1), np.nan)


def timed(evidence: Evidence, met: np.ndarray, step: float, nondecision: float) -> Predicted:
    """Give each trial nondecision + step x pass of the first crossing, and the answer of that pass.

    One that never meets the criterion has no time; its answer is that of the last pass.

    Parameters
    ----------
    evidence : of an observer.
    met : (trial, pass) bool.
    step, nondecision : in s.
    """
    passes = crossings(met)
    answered = np.where(np.isnan(passes), met.shape[1] - 1, passes).astype(int)
    right = np.take_along_axis(evidence.right, answered[:, None], axis=1)[:, 0]
    return Predicted(nondecision + step * passes, right, np.zeros(len(passes)), answered)


def criteria(values: np.ndarray, number: int = 15) -> list[dict[str, float]]:
    """Criteria that are tried: quantiles of what was seen in all passes, each with the same step.

    Parameters
    ----------
    values : (trial, pass) entropies or leads.
    number : of criteria, at most.

    Raises
    ------
    ValueError : there is one pass alone.
    """
    if values.shape[1] < 2:
        raise ValueError(
            "passes are counted until a criterion is met, and this observer has one pass: give a table with "
            "a row for each, as trials_of_passes(record) makes it, or link by diffusion"
        )
    levels = np.unique(np.quantile(values, np.linspace(0.02, 0.98, number)))
    return [{"criterion": float(level), "step": 0.05, "nondecision": 0.3} for level in levels]
