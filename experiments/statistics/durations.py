"""Distributions of the durations of phases in which one of two percepts dominates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy
import xarray as xr

__all__ = ["DurationFit", "fit_durations"]

FAMILIES = {"gamma": "gamma", "lognormal": "lognorm"}  # names in scipy, which loads its statistics when they are used


@dataclass(frozen=True)
class DurationFit:
    """A distribution of dominance durations, fitted by maximum likelihood.

    Parameters
    ----------
    distribution : "gamma" or "lognormal".
    shape : k of the gamma distribution, sigma of the log-normal.
    scale : theta of the gamma distribution, exp(mu) of the log-normal.
    mean : mean of the durations themselves.
    variation : their standard deviation over their mean.
    log_likelihood : of the fit.
    n : number of durations.
    """

    distribution: str
    shape: float
    scale: float
    mean: float
    variation: float
    log_likelihood: float
    n: int

    def density(self, durations: np.ndarray) -> np.ndarray:
        """Probability density of the fit at some durations, which are positive."""
        return _family(self.distribution).pdf(durations, self.shape, scale=self.scale)


def fit_durations(durations: np.ndarray | xr.DataArray, distribution: str = "gamma") -> DurationFit:
    """Fit a gamma (Levelt 1967) or log-normal (Brascamp et al. 2005) distribution to dominance durations.

    Human durations follow either (shape k about 3 to 4, standard deviation over mean about .5 to .6:
    Brascamp, van Ee, Pestman and van den Berg 2005, J. Vision 5(4):1).

    Parameters
    ----------
    durations : positive numbers of any shape; NaN values are left out.
    distribution : "gamma" or "lognormal".

    Returns
    -------
    DurationFit; two fits of the same durations compare by their log-likelihoods, both have two parameters.

    Raises
    ------
    ValueError : another distribution, or fewer than three durations, or all the same.

    Examples
    --------
    >>> durations = np.random.default_rng(0).gamma(3.0, 2.0, size=100)  # shape 3, scale 2
    >>> round(measures.fit_durations(durations).shape)
    3
    """
    if distribution not in FAMILIES:
        raise ValueError(f"distribution must be one of {', '.join(FAMILIES)}, got {distribution!r}")
    values = np.asarray(durations, float).ravel()
    values = values[~np.isnan(values)]
    if len(values) < 3 or np.ptp(values) == 0 or values.min() <= 0:
        raise ValueError(f"expected at least three positive durations that are not all the same, got {len(values)}")
    family = _family(distribution)
    shape, _, scale = family.fit(values, floc=0)
    return DurationFit(
        distribution, float(shape), float(scale), float(values.mean()), float(values.std() / values.mean()),
        float(family.logpdf(values, shape, scale=scale).sum()), len(values),
    )  # fmt: skip


def _family(distribution: str):
    return getattr(scipy.stats, FAMILIES[distribution])
