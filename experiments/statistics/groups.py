"""Groups: differences between stimuli of two kinds, such as congruent and incongruent, illusory and control."""

from __future__ import annotations

import numpy as np
import xarray as xr

__all__ = ["congruency_effect", "group_difference"]

BLOCK = 2**20  # numbers held at once while resampling


def group_difference(
    values: xr.DataArray,
    groups: xr.DataArray | str,
    first: str,
    second: str,
    n: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> xr.Dataset:
    """Difference of the means of two groups of stimuli, with a percentile bootstrap interval.

    Stimuli are drawn with replacement within each group (Efron and Tibshirani 1993, chapter 8) and, where the
    values have a dim ``seed``, seeds as well, the same ones for both groups.

    Parameters
    ----------
    values : DataArray (..., stimulus); NaN are left out.
    groups : (stimulus,) names, or the name of a coordinate that holds them.
    first : name of a group.
    second : name of the group whose mean is subtracted.
    n : resamples, at least 1.
    seed : seed of the resampling.
    level : coverage, in (0, 1).

    Returns
    -------
    Dataset with estimate, low and high (...), without ``seed`` and ``stimulus``.

    Raises
    ------
    ValueError : a group without stimuli, or n or level out of range.
    """
    if n < 1 or not 0 < level < 1:
        raise ValueError(f"expected n >= 1 and 0 < level < 1, got n={n}, level={level}")
    names = (values[groups] if isinstance(groups, str) else groups).values
    members = [np.flatnonzero(names == name) for name in (first, second)]
    for name, found in zip((first, second), members, strict=True):
        if not found.size:
            raise ValueError(f"no stimulus is {name!r}, the groups are {sorted({str(name) for name in names})}")
    moved = (values if "seed" in values.dims else values.expand_dims("seed")).transpose("seed", "stimulus", ...)
    table = np.asarray(moved.values, float).reshape(*moved.shape[:2], -1)
    valid = ~np.isnan(table)
    parts = [(np.where(valid, table, 0.0)[:, rows], valid[:, rows].astype(float)) for rows in members]
    estimate = _difference(np.ones((1, len(table))), [np.ones((1, len(rows))) for rows in members], parts)[0]
    generator = np.random.default_rng(seed)
    step, samples = max(1, BLOCK // max(table.shape[1], table.shape[0] * table.shape[2])), []
    for start in range(0, n, step):
        drawn = [_counts(generator, size, min(step, n - start)) for size in (len(table), *map(len, members))]
        samples.append(_difference(drawn[0], drawn[1:], parts))
    differences = np.concatenate(samples)
    ends = np.full((2, differences.shape[1]), np.nan)
    some = ~np.isnan(differences).all(axis=0)
    ends[:, some] = np.nanquantile(differences[:, some], [(1 - level) / 2, (1 + level) / 2], axis=0)
    template = moved.isel(seed=0, stimulus=0, drop=True)
    found = zip(("estimate", "low", "high"), (estimate, *ends), strict=True)
    attributes = {"level": level, "resamples": n, "seed": seed, "members": [len(rows) for rows in members]}
    return xr.Dataset({k: template.copy(data=v.reshape(template.shape)) for k, v in found}, attrs=attributes)


def congruency_effect(values: xr.DataArray, n: int = 2000, seed: int = 0) -> xr.Dataset:
    """Congruency effect, mean of congruent minus mean of incongruent stimuli (Navon 1977; Stroop 1935).

    Parameters
    ----------
    values : accuracy or another measure in which more is better (..., stimulus) with the coordinate
        ``congruency``.
    n : resamples.
    seed : seed of the resampling.

    Returns
    -------
    Dataset as :func:`group_difference` gives; positive = incongruent stimuli are harder.
    """
    return group_difference(values, "congruency", "congruent", "incongruent", n, seed)


def _difference(seeds: np.ndarray, stimuli: list[np.ndarray], parts: list[tuple]) -> np.ndarray:
    """Difference of two groups' weighted means (sample, column)."""
    means = []
    for weights, (values, present) in zip(stimuli, parts, strict=True):
        sums = [np.einsum("ro,ri,oic->rc", seeds, weights, x, optimize=True) for x in (values, present)]
        with np.errstate(invalid="ignore"):
            means.append(sums[0] / sums[1])
    return means[0] - means[1]


def _counts(generator: np.random.Generator, size: int, n: int) -> np.ndarray:
    """How often each member is drawn (sample, member)."""
    return generator.multinomial(size, np.full(size, 1 / size), n).astype(float)
