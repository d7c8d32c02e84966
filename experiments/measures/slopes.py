"""Slopes: how a measure grows with a property of the stimuli, such as the number of items to be searched."""

from __future__ import annotations

import numpy as np
import xarray as xr

__all__ = ["slope"]


def slope(
    values: xr.DataArray, against: xr.DataArray | str, n: int = 2000, seed: int = 0, level: float = 0.95
) -> xr.Dataset:
    """Least-squares slope over stimuli, with a percentile bootstrap interval over them (search slopes: Wolfe 1998).

    Stimuli are drawn with replacement within each level of the property, so that every sample holds each.

    Parameters
    ----------
    values : DataArray (..., stimulus); NaN are left out.
    against : (stimulus,) numbers, or the name of a coordinate that holds them.
    n : resamples, at least 1.
    seed : seed of the resampling.
    level : coverage, in (0, 1).

    Returns
    -------
    Dataset with estimate, low and high (...), in units of values per unit of the property, and intercept (...).

    Raises
    ------
    ValueError : fewer than two different levels, or n or level out of range.
    """
    if n < 1 or not 0 < level < 1:
        raise ValueError(f"expected n >= 1 and 0 < level < 1, got n={n}, level={level}")
    x = np.asarray(values[against].values if isinstance(against, str) else against.values, float)
    levels = np.unique(x)
    if len(levels) < 2:
        raise ValueError(f"a slope needs stimuli of at least two levels, got {levels.tolist()}")
    moved = values.transpose("stimulus", ...)
    table = np.asarray(moved.values, float).reshape(len(x), -1)
    generator = np.random.default_rng(seed)
    weights = np.zeros((n + 1, len(x)))
    weights[0] = 1  # the sample itself comes first
    for one in levels:
        members = np.flatnonzero(x == one)
        weights[1:, members] = generator.multinomial(len(members), np.full(len(members), 1 / len(members)), n)
    valid = ~np.isnan(table)
    y, z = np.where(valid, table, 0.0), valid.astype(float)
    total, sum_x, sum_y = weights @ z, (weights * x) @ z, weights @ y
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = (weights * x**2) @ z - sum_x**2 / total
        slopes = ((weights * x) @ y - sum_x * sum_y / total) / np.where(spread > 1e-12, spread, np.nan)
        intercept = (sum_y[0] - slopes[0] * sum_x[0]) / total[0]
    ends = np.full((2, slopes.shape[1]), np.nan)
    some = ~np.isnan(slopes[1:]).all(axis=0)
    ends[:, some] = np.nanquantile(slopes[1:, some], [(1 - level) / 2, (1 + level) / 2], axis=0)
    template = moved.isel(stimulus=0, drop=True)
    found = {"estimate": slopes[0], "low": ends[0], "high": ends[1], "intercept": intercept}
    attributes = {"level": level, "resamples": n, "seed": seed}
    return xr.Dataset({k: template.copy(data=v.reshape(template.shape)) for k, v in found.items()}, attrs=attributes)
