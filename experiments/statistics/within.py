"""Intervals over people: within participants, and by a bootstrap that few participants do not narrow."""

from __future__ import annotations

import numpy as np
import scipy
import xarray as xr

from experiments.statistics.resampling import hierarchical_bootstrap

__all__ = ["bootstrap_over_people", "cousineau_morey"]


def cousineau_morey(values: np.ndarray, level: float = 0.95) -> np.ndarray:
    """Intervals of condition means from which differences between participants are taken out.

    Each participant's mean is set to that of all (Cousineau 2005, Tutor. Quant. Methods Psychol. 1), and the
    variance multiplied by J / (J - 1) for J conditions (Morey 2008, ibid. 4). Of two conditions the
    half-width is that of the paired t interval of their difference over sqrt(2) (Baguley 2012, Behav.
    Res. Methods 44): the intervals tell about differences between conditions, not about the means
    themselves.

    Parameters
    ----------
    values : (participant, condition), all of them known; at least two of either.
    level : coverage, in (0, 1).

    Returns
    -------
    (2, condition), both ends.

    Raises
    ------
    ValueError : fewer than two participants or conditions, or values that are not known.
    """
    values = np.asarray(values, float)
    if values.ndim != 2 or min(values.shape) < 2 or np.isnan(values).any():
        raise ValueError(f"expected every value of two participants and conditions at least, got {values.shape}")
    n, conditions = values.shape
    alike = values - values.mean(axis=1, keepdims=True) + values.mean()
    error = np.sqrt(alike.var(axis=0, ddof=1) * conditions / (conditions - 1) / n)
    reach = scipy.stats.t.ppf((1 + level) / 2, n - 1) * error
    return values.mean(axis=0) + np.stack([-reach, reach])


def bootstrap_over_people(values: np.ndarray, n: int = 2000, seed: int = 0, level: float = 0.95) -> np.ndarray:
    """Percentile bootstrap intervals of means over participants, widened for their number.

    Percentile intervals of few participants are too narrow, by the factor sqrt((m - 1) / m) of a variance and
    by the normal quantile in the place of Student's. Quantiles farther out mend both (expanded percentile
    intervals: Hesterberg 2015, Am. Stat. 69).

    Parameters
    ----------
    values : (participant, condition); NaN are left out. All conditions have the same samples of participants.
    n, seed : samples (at least 1) and their seed.
    level : coverage, in (0, 1).

    Returns
    -------
    (2, condition), both ends; NaN of fewer than two participants.
    """
    values = np.asarray(values, float)
    members = len(values)
    if members < 2:
        return np.full((2, values.shape[1]), np.nan)
    farther = np.sqrt(members / (members - 1)) * scipy.stats.t.ppf((1 + level) / 2, members - 1)
    samples = xr.DataArray(values, dims=("participant", "condition"))
    found = hierarchical_bootstrap(
        samples, inner="participant", n=n, seed=seed, level=float(scipy.special.erf(farther / 2**0.5))
    )
    return np.stack([found["low"].values, found["high"].values])
