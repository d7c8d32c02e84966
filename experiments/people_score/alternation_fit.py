"""Fitting how a percept tires and is disturbed to the durations of one display of people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
import scipy
import xarray as xr

from experiments.measures.alternation import phases_of
from experiments.probes.alternation.dynamics import Dynamics, followed, unit_noise
from experiments.statistics.phase_statistics import MIXED, alternation, resampled

__all__ = ["BOUNDS", "Fit", "fit_dynamics"]

BOUNDS = {"adaptation": (0.5, 20.0), "adaptation_time": (0.5, 60.0), "noise": (0.2, 8.0)}  # nat, s, nat
FITTED = ("mean", "shape", "variation", "lag")
LOGARITHMIC = ("mean", "shape")
RESAMPLES = 200
UNLIKE = 1e4  # misfit of what does not alternate
LEAST = 20  # phases of which statistics are compared


@dataclass(frozen=True)
class Fit:
    """Parameters that were fitted.

    Parameters
    ----------
    dynamics : with the parameters of the least misfit.
    intervals : 95 % intervals of the parameters over people, by name.
    misfit : sum of squared differences of the fitted statistics, each in units of its standard error over people.
    evaluations : simulations that were made.
    """

    dynamics: Dynamics
    intervals: Mapping[str, tuple[float, float]]
    misfit: float
    evaluations: int


@dataclass
class _Simulations:
    """Statistics of simulated alternations by the logarithms of the parameters; each that was made is kept."""

    margins: np.ndarray
    told: np.ndarray
    dynamics: Dynamics
    noise: np.ndarray
    points: list = field(default_factory=list)
    statistics: list = field(default_factory=list)

    def __call__(self, point: np.ndarray) -> np.ndarray | None:
        """Statistics in the order of FITTED, means and shapes as logarithms; None where nothing alternates."""
        chosen = replace(self.dynamics, **dict(zip(BOUNDS, np.exp(point).tolist(), strict=True)))
        shares = followed(self.margins, self.told, chosen, self.noise)[round(chosen.onset / chosen.pass_time) :]
        courses = xr.DataArray(shares, dims=("time", "stimulus"), coords={"stimulus": np.arange(shares.shape[1])})
        phases = phases_of(courses, "time", chosen.pass_time, chosen.criterion, ("stimulus",), chosen.least)
        if (phases["response"] != MIXED).sum() < LEAST:
            return None
        found = alternation(phases)
        values = np.array([np.log(getattr(found, of)) if of in LOGARITHMIC else getattr(found, of) for of in FITTED])
        if not np.isfinite(values).all():
            return None
        self.points.append(np.array(point))
        self.statistics.append(values)
        return values


def fit_dynamics(
    margins: xr.DataArray, people: pd.DataFrame, dynamics: Dynamics, seed: int = 0, generations: int = 15
) -> Fit:
    """Fit adaptation, its time constant and the noise to the mean, shape, variation and lag of people's phases.

    Differential evolution (scipy) of the logarithms of the parameters, every simulation with the same random
    numbers. For the interval, people are resampled, and the parameters that fit each sample are found on a surface
    through the statistics of all simulations (thin-plate splines), so that none is made anew.

    Parameters
    ----------
    margins : (..., stimulus, told) of the observer, at the contrast of the display.
    people : phases of people in one display.
    dynamics : what is not fitted.
    seed : of the noise, the search and the resamples.
    generations : of the search.

    Raises
    ------
    ValueError : nothing alternates within the bounds.
    """
    target = _scaled(resampled(people, RESAMPLES, seed))
    aim = _aim(people)
    errors = target.std(axis=0)
    keys = [[seed, 1, k] for k in range(margins.size // margins.sizes["told"])]
    flat = margins.values.reshape(-1, margins.sizes["told"])
    simulated = _Simulations(flat, margins["told"].values, dynamics, unit_noise(keys, dynamics))

    def misfit(point: np.ndarray) -> float:
        found = simulated(point)
        return UNLIKE if found is None else float((((found - aim) / errors) ** 2).sum())

    bounds = np.log(list(BOUNDS.values()))
    best = scipy.optimize.differential_evolution(
        misfit, bounds, maxiter=generations, popsize=8, seed=seed, init="sobol", polish=False
    )
    if best.fun >= UNLIKE:
        raise ValueError("no percept alternates, whatever the parameters: the feedback does not hold a percept")
    found = dict(zip(BOUNDS, np.exp(best.x).tolist(), strict=True))
    ends = _intervals(np.array(simulated.points), np.array(simulated.statistics), target, errors, bounds)
    return Fit(replace(dynamics, **found), dict(zip(BOUNDS, ends, strict=True)), float(best.fun), best.nfev)


def _aim(people: pd.DataFrame) -> np.ndarray:
    found = alternation(people)
    return _scaled({name: np.array([getattr(found, name)]) for name in FITTED})[0]


def _scaled(statistics: Mapping[str, np.ndarray]) -> np.ndarray:
    """The statistics that are fitted, means and shapes as logarithms: (resample, statistic)."""
    return np.stack([np.log(statistics[name]) if name in LOGARITHMIC else statistics[name] for name in FITTED], axis=-1)


def _intervals(points, statistics, targets, errors, bounds) -> list[tuple[float, float]]:
    """Ends of the interval of each parameter, of the best point of a surface for every resampled target."""
    near = (((statistics - targets.mean(axis=0)) / errors) ** 2).sum(axis=1).argsort()[:300]
    points, at = np.unique(points[near], axis=0, return_index=True)
    surface = scipy.interpolate.RBFInterpolator(points, statistics[near][at], smoothing=0.1)
    low, high = bounds.T
    tried = low + (high - low) * scipy.stats.qmc.Sobol(len(bounds), seed=0).random(2**14)
    inside = (tried >= points.min(axis=0)).all(axis=1) & (tried <= points.max(axis=0)).all(axis=1)
    tried = np.concatenate([tried[inside], points])
    values = surface(tried)
    best = [tried[(((values - target) / errors) ** 2).sum(axis=1).argmin()] for target in targets]
    ends = np.exp(np.percentile(best, (2.5, 97.5), axis=0)).T
    return [tuple(pair) for pair in ends.tolist()]
