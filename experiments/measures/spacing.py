"""Spacing: how far flankers must lie for a target to be recognised as well as alone."""

from __future__ import annotations

import numpy as np

from experiments.measures.psychometric import Sigmoid, fit_psychometric, simulated_counts

__all__ = ["critical_spacing"]


def critical_spacing(
    spacings: np.ndarray,
    correct: np.ndarray,
    trials: np.ndarray,
    alone: float,
    guess: float,
    share: float = 0.8,
    n: int = 400,
    seed: int = 0,
) -> tuple[float, float, float]:
    """Spacing at which the target is recognised nearly as often as alone (Bouma 1970; Pelli and Tillman 2008).

    A psychometric function of the spacing is fitted that climbs from the guess rate to the accuracy alone; the
    critical spacing is where it has made a share of this way. Its interval comes from a parametric bootstrap.

    Parameters
    ----------
    spacings : (spacing,) distances of the flankers, in units of the eccentricity.
    correct : (spacing,) targets that were recognised.
    trials : (spacing,) targets shown.
    alone : accuracy without flankers, above guess.
    guess : accuracy of guessing, 1 / choices.
    share : share of the way from guess to alone, in (0, 1).
    n : simulated data sets.
    seed : seed of the simulation.

    Returns
    -------
    Critical spacing and the ends of its 95 % interval. A value above the spacings that were shown is inf and one below
    them -inf: nothing is extrapolated. All are NaN where the target alone is not recognised above guessing.

    Raises
    ------
    ValueError : share out of range, or as ``fit_psychometric``.
    """
    if not 0 < share < 1:
        raise ValueError(f"share must be in (0, 1), got {share}")
    if not alone > guess:
        return (np.nan,) * 3
    sigmoid = Sigmoid(guess, max(0.0, 1 - alone))
    level = guess + share * (alone - guess)
    fit = fit_psychometric(spacings, correct, trials, sigmoid)
    drawn = simulated_counts(fit, spacings, trials, n, seed)
    again = [_shown(fit_psychometric(spacings, counts, trials, sigmoid).level_at(level), spacings) for counts in drawn]
    ends = np.quantile(again, [0.025, 0.975], method="inverted_cdf")  # no mean of a number and infinity
    return (_shown(fit.level_at(level), spacings), *(float(end) for end in ends))


def _shown(spacing: float, spacings: np.ndarray) -> float:
    """A spacing within those that were shown; else infinite, with the sign of the side."""
    if np.min(spacings) <= spacing <= np.max(spacings):
        return spacing
    return float(np.copysign(np.inf, spacing - np.mean(spacings)))
