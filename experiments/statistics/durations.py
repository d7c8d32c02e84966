"""Durations of the phases of an alternation between two percepts, and how they follow each other.

One function serves people and observers: it reads a table of phases.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy
import xarray as xr

__all__ = ["Alternation", "DurationFit", "alternation", "fit_durations"]

FAMILIES = {"gamma": "gamma", "lognormal": "lognorm"}  # names in scipy, which loads its statistics when they are used
FEWEST = 4  # phases of a block, of which a correlation is computed


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


@dataclass(frozen=True)
class Alternation:
    """Statistics of an alternation.

    Parameters
    ----------
    n : phases of dominance.
    participants : whose they are.
    mean : their mean duration, in the unit of the table.
    shape : of a gamma distribution of durations, each divided by the mean of its participant.
    variation : standard deviation of these.
    lag : mean over blocks of the correlation of successive phases of dominance; NaN where no block has four.
    mixed : share of the time in which neither percept dominates.
    """

    n: int
    participants: int
    mean: float
    shape: float
    variation: float
    lag: float
    mixed: float


def alternation(phases: pd.DataFrame, mixed: str = "mixed") -> Alternation:
    """Compute the statistics of an alternation, of people or of observers.

    Durations of people follow a gamma distribution with a coefficient of variation of about .5 to .6 (Levelt
    1967; Brascamp et al. 2005), and a phase is somewhat like the one before it (van Ee 2009, JOSA A 26).

    Parameters
    ----------
    phases : a row a phase in its order: participant, session, block, response (the percept), duration; a
        trial table with these. Phases without length do not count.
    mixed : the response of phases in which neither percept dominates; they are passed over.

    Raises
    ------
    ValueError : the table lacks a column, or fewer than three phases are left.
    """
    needed = ("participant", "session", "block", "response", "duration")
    if lacking := [name for name in needed if name not in phases]:
        raise ValueError(f"a table of phases needs the column {lacking[0]!r}; there are {', '.join(phases.columns)}")
    dominant = phases[(phases["response"] != mixed) & (phases["duration"] > 0)]
    durations = dominant["duration"]
    relative = durations / durations.groupby(dominant["participant"]).transform("mean")
    fit = fit_durations(relative.to_numpy())
    blocks = durations.groupby([dominant[name] for name in ("participant", "session", "block")])
    lags = [_lag(of.to_numpy()) for _, of in blocks if len(of) >= FEWEST and of.nunique() > 1]
    time = phases["duration"].groupby(phases["response"] == mixed).sum()
    return Alternation(
        len(durations), dominant["participant"].nunique(), float(durations.mean()), fit.shape, fit.variation,
        float(np.nanmean(lags)) if lags else float("nan"), float(time.get(True, 0) / time.sum()),
    )  # fmt: skip


def _lag(durations: np.ndarray) -> float:
    """Correlation of each duration with the next one; NaN where either side does not vary."""
    before, after = durations[:-1], durations[1:]
    return float(np.corrcoef(before, after)[0, 1]) if np.ptp(before) and np.ptp(after) else float("nan")


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
