"""Slopes: how a measure grows with a property of the stimuli, such as the number of items to be searched."""

from __future__ import annotations

import numpy as np
import xarray as xr

from experiments.statistics.samples import block_sizes, check_sampling, counts, with_percentiles

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
    n, seed, level : resamples (at least 1), their seed, and the coverage in (0, 1).

    Returns
    -------
    Dataset with estimate, low and high (...), in units of values per unit of the property, and intercept
    (...). The ends are NaN where a level has a single stimulus.

    Raises
    ------
    ValueError : fewer than two different levels, or n or level out of range.

    Examples
    --------
    >>> values = xr.DataArray([1.0, 3.0, 5.0], dims="stimulus", coords={"size": ("stimulus", [1, 2, 3])})
    >>> float(measures.slope(values, "size", n=50)["estimate"].round(6))
    2.0
    """
    check_sampling(n, level)
    x = np.asarray(values[against].values if isinstance(against, str) else against.values, float)
    levels = np.unique(x)
    if len(levels) < 2:
        raise ValueError(f"a slope needs stimuli of at least two levels, got {levels.tolist()}")
    moved = values.transpose("stimulus", ...)
    table = np.asarray(moved.values, float).reshape(len(x), -1)
    generator = np.random.default_rng(seed)
    members = [np.flatnonzero(x == one) for one in levels]
    valid = ~np.isnan(table)
    y, z = np.where(valid, table, 0.0), valid.astype(float)
    slopes, intercept = _lines(np.ones((1, len(x))), x, y, z)
    samples = []
    for size in block_sizes(n, max(table.shape)):
        weights = np.zeros((size, len(x)))
        for rows in members:
            weights[:, rows] = counts(generator, len(rows), size)
        samples.append(_lines(weights, x, y, z)[0])
    template = moved.isel(stimulus=0, drop=True)
    some = (np.stack([valid[rows].sum(axis=0) for rows in members]) != 1).all(axis=0)  # a single stimulus cannot vary
    told = {"seed": seed, "members": [len(rows) for rows in members]}
    found = with_percentiles(template, slopes[0], np.concatenate(samples), level, some, **told)
    return found.assign(intercept=template.copy(data=intercept[0].reshape(template.shape)))


def _lines(weights: np.ndarray, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weighted least squares of y (stimulus, column), where z is 1, on x: slopes and intercepts (sample, column)."""
    total, sum_x, sum_y = weights @ z, (weights * x) @ z, weights @ y
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = (weights * x**2) @ z - sum_x**2 / total
        slopes = ((weights * x) @ y - sum_x * sum_y / total) / np.where(spread > 1e-12, spread, np.nan)
        return slopes, (sum_y - slopes * sum_x) / total
