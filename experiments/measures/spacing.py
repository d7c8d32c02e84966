"""Spacing: how far flankers must lie for a target to be recognised as well as alone."""

from __future__ import annotations

import warnings

import numpy as np

from experiments.statistics.likelihood import reached
from experiments.statistics.psychometric import Sigmoid, fit_psychometric, fitting_functions

__all__ = ["critical_spacing"]


def critical_spacing(
    spacings: np.ndarray,
    correct: np.ndarray,
    trials: np.ndarray,
    alone: int,
    trials_alone: int,
    guess: float,
    share: float = 0.8,
    level: float = 0.95,
) -> tuple[float, float, float]:
    """Spacing at which the target is recognised nearly as often as alone (Bouma 1970; Pelli and Tillman 2008).

    A psychometric function of the spacing is fitted that climbs from the guess rate to the accuracy alone,
    which is fitted as well: the target alone is one whose flankers are infinitely far. The critical spacing
    is where it has made a share of this way. Its interval is that of all functions that fit as well.

    Parameters
    ----------
    spacings : (spacing,) distances of the flankers, in units of the eccentricity.
    correct : (spacing,) targets that were recognised.
    trials : (spacing,) targets shown.
    alone : targets without flankers that were recognised.
    trials_alone : targets without flankers.
    guess : accuracy of guessing, 1 / choices.
    share : share of the way from guess to alone, in (0, 1).
    level : coverage of the interval, in (0, 1).

    Returns
    -------
    Critical spacing and the ends of its interval. A value above the spacings that were shown is inf and one
    below them -inf: nothing is extrapolated. All are NaN where the target alone is not recognised above
    guessing.

    Raises
    ------
    ValueError : share out of range, or as ``fit_psychometric``.

    Examples
    --------
    >>> right, trials = [10, 20, 45, 48], [50] * 4
    >>> spacing, low, high = measures.critical_spacing([1, 2, 3, 4], right, trials, 48, 50, guess=0.1)
    >>> round(spacing, 1)
    2.7
    """
    if not 0 < share < 1:
        raise ValueError(f"share must be in (0, 1), got {share}")
    if not alone / trials_alone > guess:
        return (np.nan,) * 3
    sigmoid = Sigmoid(guess, lapse=None, lapses=(0.0, 1 - guess))
    with warnings.catch_warnings(action="ignore"):  # infinite ends say what is not determined
        fit = fit_psychometric([*spacings, np.inf], [*correct, alone], [*trials, trials_alone], sigmoid)
    found = fitting_functions(fit, level)
    widths = reached(sigmoid.shape, share)  # from the threshold on
    reaching = found.threshold + widths * found.width
    ends = fit.threshold + widths * fit.width, reaching.min(), reaching.max()
    return tuple(_shown(float(spacing), spacings) for spacing in ends)


def _shown(spacing: float, spacings: np.ndarray) -> float:
    """A spacing within those that were shown; else infinite, with the sign of the side."""
    if np.min(spacings) <= spacing <= np.max(spacings):
        return spacing
    return float(np.copysign(np.inf, spacing - np.mean(spacings)))
