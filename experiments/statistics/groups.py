"""Groups: differences between stimuli of two kinds, such as congruent and incongruent, illusory and control."""

from __future__ import annotations

import numpy as np
import xarray as xr

from experiments.statistics.samples import block_sizes, check_sampling, counts, with_percentiles

__all__ = ["congruency_effect", "group_difference"]


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
    n, seed, level : resamples (at least 1), their seed, and the coverage in (0, 1).

    Returns
    -------
    Dataset with estimate, low and high (...), without ``seed`` and ``stimulus``.

    Raises
    ------
    ValueError : a group without stimuli, or n or level out of range.

    Examples
    --------
    >>> side = ("stimulus", list("llrr"))
    >>> values = xr.DataArray([1.0, 2, 4, 5], dims="stimulus", coords={"side": side})
    >>> float(measures.group_difference(values, "side", "r", "l", n=100)["estimate"])
    3.0
    """
    check_sampling(n, level)
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
    samples = []
    for size in block_sizes(n, max(table.shape[1], table.shape[0] * table.shape[2])):
        drawn = [counts(generator, k, size) for k in (len(table), *map(len, members))]
        samples.append(_difference(drawn[0], drawn[1:], parts))
    template, some = moved.isel(seed=0, stimulus=0, drop=True), np.ones(len(estimate), bool)
    told = {"seed": seed, "members": [len(rows) for rows in members]}
    return with_percentiles(template, estimate, np.concatenate(samples), level, some, **told)


def congruency_effect(values: xr.DataArray, n: int = 2000, seed: int = 0) -> xr.Dataset:
    """Congruency effect, mean of congruent minus mean of incongruent stimuli (Navon 1977; Stroop 1935).

    Parameters
    ----------
    values : accuracy or another measure in which more is better (..., stimulus) with the coordinate
        ``congruency``.
    n, seed : as there.

    Returns
    -------
    Dataset as :func:`group_difference` gives; positive = incongruent stimuli are harder.

    Examples
    --------
    >>> congruency = ("stimulus", ["congruent", "incongruent"] * 2)
    >>> times = xr.DataArray([1.0, 2, 1, 2], dims="stimulus", coords={"congruency": congruency})
    >>> float(measures.congruency_effect(times, n=100)["estimate"])
    -1.0
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
