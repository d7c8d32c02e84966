"""Resampling: intervals over stimuli and seeds together, paired tests, and effect sizes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import scipy
import xarray as xr

from experiments.statistics.samples import block_sizes, check_sampling, counts, with_percentiles

__all__ = ["cohens_dz", "hierarchical_bootstrap", "paired_permutation_test", "sign_test", "statistic_samples"]


def hierarchical_bootstrap(
    values: xr.DataArray,
    outer: str = "seed",
    inner: str = "stimulus",
    n: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> xr.Dataset:
    """Mean and percentile interval over two crossed samples, such as trained models and stimuli.

    Members of both dims are drawn with replacement, independently, and every cell that both pick is averaged
    (the bootstrap for crossed random factors: Owen 2007, Ann. Appl. Stat. 1). It is wider than the bootstrap
    over stimuli where models differ, and says what to expect of new models and new stimuli. With few models
    it is rough: three seeds give at most ten different samples of seeds.

    Parameters
    ----------
    values : DataArray (..., outer, inner); NaN values are left out of each mean.
    outer : dim of one sample; where values lack it, inner alone is resampled.
    inner : dim of the other sample.
    n, seed, level : resamples (at least 1), their seed, and the coverage in (0, 1).

    Returns
    -------
    Dataset with estimate, low and high (...); NaN where no value is a number, the ends where a single
    member of inner has one.

    Raises
    ------
    ValueError : n or level is out of range, or inner is not a dimension of values or is empty.

    Examples
    --------
    >>> values = xr.DataArray(np.eye(3), dims=("seed", "stimulus"))
    >>> round(float(measures.hierarchical_bootstrap(values, n=100)["estimate"]), 2)
    0.33
    """
    check_sampling(n, level)
    if not values.sizes.get(inner):
        raise ValueError(f"expected values with a dimension {inner!r} to average, got {dict(values.sizes)}")
    moved = (values if outer in values.dims else values.expand_dims(outer)).transpose(outer, inner, ...)
    table = np.asarray(moved.values, float).reshape(*moved.shape[:2], -1)
    valid = ~np.isnan(table)
    filled, present = np.where(valid, table, 0.0), valid.astype(float)
    generators = [np.random.default_rng([seed, dim]) for dim in (0, 1)]
    samples = []
    with np.errstate(invalid="ignore"):
        for size in block_sizes(n, max(table.shape[1], table.shape[0] * table.shape[2])):
            drawn = [counts(each, k, size) for each, k in zip(generators, table.shape[:2], strict=True)]
            sums = [np.einsum("ro,ri,oic->rc", *drawn, x, optimize=True) for x in (filled, present)]
            samples.append(sums[0] / sums[1])
        estimate = filled.sum((0, 1)) / valid.sum((0, 1))
    template, some = moved.isel({outer: 0, inner: 0}, drop=True), valid.any(axis=0).sum(axis=0) > 1
    told = {"seed": seed, "averaged": f"{outer}, {inner}", "members": list(table.shape[:2])}
    return with_percentiles(template, estimate, np.concatenate(samples), level, some, **told)


def statistic_samples(
    statistics: Sequence[Callable[[np.ndarray], np.ndarray]],
    members: int,
    n: int = 2000,
    seed: int = 0,
    width: int = 1,
) -> tuple[np.ndarray, np.ndarray]:
    """Draw bootstrap samples of a statistic that is no mean, such as d', as ``hierarchical_bootstrap`` does.

    Parameters
    ----------
    statistics : of each trained model, a function of how often each stimulus is picked (sample, stimulus)
        that gives (sample, column); the mean over the models that are picked is taken.
    members : stimuli.
    n, seed : samples (at least 1) and their seed.
    width : numbers that a statistic holds at once for each stimulus of a sample.

    Returns
    -------
    The statistic of all stimuli and models (column,), and of each sample (sample, column).
    """
    generators = [np.random.default_rng([seed, dim]) for dim in (0, 1)]
    estimate = np.mean([statistic(np.ones((1, members)))[0] for statistic in statistics], axis=0)
    samples = []
    for size in block_sizes(n, width * members):
        models, stimuli = (
            counts(each, k, size) for each, k in zip(generators, (len(statistics), members), strict=True)
        )
        found = np.stack([statistic(stimuli) for statistic in statistics], axis=1)
        samples.append((models[..., None] * found).sum(1) / len(statistics))
    return estimate, np.concatenate(samples)


def paired_permutation_test(differences: np.ndarray, n: int = 10_000, seed: int = 0) -> float:
    """Two-sided test that paired differences are symmetric around 0, by flipping their signs (Fisher 1935).

    Parameters
    ----------
    differences : (pair,) numbers; NaN are left out.
    n : random flips, at least 1; all 2^pairs of them instead where those are no more.
    seed : seed of the flips.

    Returns
    -------
    p in (0, 1]: share of flips, the data's own counted, whose mean lies as far from 0 (Phipson and Smyth
    2010).

    Raises
    ------
    ValueError : no pair is left.

    Examples
    --------
    >>> measures.paired_permutation_test(np.array([1.0, 2.0, 3.0, 4.0]))  # 2 of 2 ** 4 ways
    0.125
    """
    differences = _pairs(differences)
    if n < 1:
        raise ValueError(f"n must be at least 1 flip, got {n}")
    size = len(differences)
    observed = abs(differences.sum()) * (1 - 1e-12)  # sums that differ in their last bit count as equal
    if size < 63 and 2**size <= n:
        signs = 1 - 2 * (np.arange(2**size)[:, None] >> np.arange(size) & 1)
        return float((np.abs(signs @ differences) >= observed).mean())
    generator, found = np.random.default_rng(seed), 0
    for block in block_sizes(n, size):
        signs = generator.integers(0, 2, (block, size), np.int8) * 2 - 1
        found += int((np.abs(signs @ differences) >= observed).sum())
    return (found + 1) / (n + 1)


def sign_test(differences: np.ndarray) -> float:
    """Two-sided exact test that paired differences are as often positive as negative (Arbuthnott 1710).

    Parameters
    ----------
    differences : (pair,) numbers; NaN and 0 are left out.

    Returns
    -------
    p in (0, 1]; 1 where no pair differs.

    Raises
    ------
    ValueError : no pair is left, zeros counted.

    Examples
    --------
    >>> float(measures.sign_test(np.array([1.0, 2.0, 3.0, 4.0])))  # 2 / 2 ** 4
    0.125
    """
    differences = _pairs(differences)
    positive, negative = int((differences > 0).sum()), int((differences < 0).sum())
    return float(scipy.stats.binomtest(positive, positive + negative).pvalue) if positive + negative else 1.0


def cohens_dz(differences: np.ndarray) -> float:
    """Standardised mean of paired differences, mean / standard deviation (Cohen 1988; Lakens 2013, eq. 6).

    Parameters
    ----------
    differences : (pair,) numbers; NaN are left out.

    Returns
    -------
    d_z; NaN with fewer than two pairs or without any spread.

    Examples
    --------
    >>> measures.cohens_dz(np.array([1.0, 2.0, 3.0]))
    2.0
    """
    differences = _pairs(differences)
    spread = differences.std(ddof=1) if len(differences) > 1 else 0.0
    return float(differences.mean() / spread) if spread > 0 else float("nan")


def _pairs(differences: np.ndarray) -> np.ndarray:
    """Differences that are numbers."""
    differences = np.asarray(differences, float).ravel()
    differences = differences[~np.isnan(differences)]
    if not differences.size:
        raise ValueError("expected at least one paired difference that is a number")
    return differences
