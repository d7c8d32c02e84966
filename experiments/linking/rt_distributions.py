"""Whole distributions of response times, and their quantiles beside people's."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr

from experiments.linking.evidence import Evidence, evidence_of
from experiments.linking.fitted_link import Fitted
from experiments.linking.people_moments import condition_names
from experiments.linking.pyddm_solver import STEP, last_time, solved
from experiments.trials.trial_table import tested, trial_table

__all__ = ["QUANTILES", "diffusion_density", "rt_density", "rt_quantiles"]

QUANTILES = (0.1, 0.3, 0.5, 0.7, 0.9)  # Ratcliff and Tuerlinckx 2002, Psychonomic Bulletin & Review 9
MARGINS = 50  # solved at most; more are gathered into as many groups of neighbours
ANSWERS = ("right", "wrong")


def diffusion_density(evidence: Evidence, sensitivity: float, boundary: float, nondecision: float) -> xr.DataArray:
    """Density of the diffusion link's response times over trials.

    Parameters
    ----------
    evidence : of an observer; of more than 50 different margins the means of 50 groups are solved.
    sensitivity, boundary, nondecision : of the link.

    Returns
    -------
    (answer, time) in 1/s, right and wrong; both together have the area 1.
    """
    groups = np.array_split(np.sort(evidence.margin[:, -1]), min(len(evidence.margin), MARGINS))
    margins, which = np.unique([group.mean() for group in groups], return_inverse=True)
    weights = np.bincount(which, [len(group) for group in groups]) / len(evidence.margin)
    drifts = sensitivity * margins
    duration = last_time(float(np.abs(drifts).min()), boundary, nondecision)
    each = [solved(drift, boundary, nondecision, duration) for drift in drifts]
    values = [sum(w * of.pdf(answer) for w, of in zip(weights, each, strict=True)) for answer in ANSWERS]
    times = ("time", np.asarray(each[0].t_domain), {"long_name": "response time", "units": "s"})
    about = {"long_name": "density of the response time", "units": "1/s"}
    coordinates = {"answer": list(ANSWERS), "time": times}
    return xr.DataArray(np.array(values), coordinates, ("answer", "time"), attrs=about)


def rt_density(observer: pd.DataFrame, fitted: Fitted) -> dict[str, xr.DataArray]:
    """Give the density (answer, time) in 1/s of the response times that are predicted, by condition.

    Parameters
    ----------
    observer : trial table of the observer.
    fitted : a link that predicts whole distributions.

    Raises
    ------
    ValueError : the link predicts means alone, or pyddm is not installed.
    """
    if fitted.link.density is None:
        raise ValueError(f"the link {fitted.link.name} predicts no distribution of times: use diffusion")
    evidence = evidence_of(tested(trial_table(observer)))
    shown = condition_names(evidence.trials, fitted.by).to_numpy()
    of = {name: evidence.among(shown == name) for name in pd.unique(shown)}
    return {name: fitted.link.density(each, **fitted.values) for name, each in of.items()}


def rt_quantiles(
    people: pd.DataFrame, observer: pd.DataFrame, fitted: Fitted, quantiles: Sequence[float] = QUANTILES
) -> pd.DataFrame:
    """Compare quantiles of right answers' response times with what is predicted.

    Parameters
    ----------
    people : trial table of people.
    observer : trial table of the observer.
    fitted : a link that predicts whole distributions.
    quantiles : in (0, 1).

    Returns
    -------
    DataFrame of condition, part (fitted or tested), quantile, rt (mean of people's quantiles), rt_predicted in
    s, and residual_ms, people's minus predicted.
    """
    if not all(0 < quantile < 1 for quantile in quantiles):
        raise ValueError(f"quantiles lie between 0 and 1, got {tuple(quantiles)}")
    table = tested(trial_table(people))
    table = table.assign(condition=condition_names(table, fitted.by))
    right = table[(table["correct"] != 0) & table["rt"].notna()]
    each = right.groupby(["condition", "participant"])["rt"].quantile(list(quantiles))
    theirs = each.groupby(level=[0, 2]).mean()
    parts = dict(zip(fitted.conditions["condition"], fitted.conditions["part"], strict=True))
    rows = []
    for name, density in rt_density(observer, fitted).items():
        if name in parts:
            ours = _quantiles(density.sel(answer="right"), quantiles)
            told = zip(quantiles, theirs[name].to_numpy(), ours, strict=True)
            rows += [(name, parts[name], *row, 1000 * (row[1] - row[2])) for row in told]
    return pd.DataFrame(rows, columns=["condition", "part", "quantile", "rt", "rt_predicted", "residual_ms"])


def _quantiles(density: xr.DataArray, quantiles: Sequence[float]) -> np.ndarray:
    """Times in s at which shares of a density (time,) have passed."""
    passed = np.cumsum(density.values) * STEP
    return np.interp(np.array(quantiles) * passed[-1], passed, density["time"].values)
