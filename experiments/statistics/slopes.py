"""Slopes: how a measure grows with a property of the stimuli, such as the number of items to be searched."""

from __future__ import annotations

import numpy as np
import xarray as xr

__all__ = ["slope"]

BLOCK = 2**20  # numbers held at once while resampling


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
    Dataset with estimate, low and high (...), in units of values per unit of the property, and intercept
    (...). The ends are NaN where a level has a single stimulus.

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
    members = [np.flatnonzero(x == one) for one in levels]
    valid = ~np.isnan(table)
    y, z = np.where(valid, table, 0.0), valid.astype(float)
    slopes, intercept = _lines(np.ones((1, len(x))), x, y, z)
    step, samples = max(1, BLOCK // max(table.shape)), []
    for start in range(0, n, step):
        weights = np.zeros((min(step, n - start), len(x)))
        for rows in members:
            weights[:, rows] = generator.multinomial(len(rows), np.full(len(rows), 1 / len(rows)), len(weights))
        samples.append(_lines(weights, x, y, z)[0])
    drawn = np.concatenate(samples)
    ends = np.full((2, slopes.shape[1]), np.nan)
    counts = np.stack([valid[rows].sum(axis=0) for rows in members])
    some = (counts != 1).all(axis=0) & ~np.isnan(drawn).all(axis=0)  # a level's only stimulus cannot vary
    ends[:, some] = np.nanquantile(drawn[:, some], [(1 - level) / 2, (1 + level) / 2], axis=0)
    template = moved.isel(stimulus=0, drop=True)
    found = {"estimate": slopes[0], "low": ends[0], "high": ends[1], "intercept": intercept[0]}
    attributes = {"level": level, "resamples": n, "seed": seed, "members": [len(rows) for rows in members]}
    return xr.Dataset({k: template.copy(data=v.reshape(template.shape)) for k, v in found.items()}, attrs=attributes)


def _lines(weights: np.ndarray, x: np.ndarray, y: np.ndarray, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weighted least squares of y (stimulus, column), where z is 1, on x: slopes and intercepts (sample, column)."""
    total, sum_x, sum_y = weights @ z, (weights * x) @ z, weights @ y
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = (weights * x**2) @ z - sum_x**2 / total
        slopes = ((weights * x) @ y - sum_x * sum_y / total) / np.where(spread > 1e-12, spread, np.nan)
        return slopes, (sum_y - slopes * sum_x) / total
