"""Samples drawn with replacement, in blocks that fit into memory, and the percentiles of what they give."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import xarray as xr

__all__ = ["block_sizes", "check_sampling", "counts", "with_percentiles"]

BLOCK = 2**20  # numbers held at once


def check_sampling(n: int, level: float) -> None:
    """Refuse a number of samples, or a coverage, that gives no interval.

    Parameters
    ----------
    n : samples, at least 1.
    level : coverage, in (0, 1).
    """
    if n < 1 or not 0 < level < 1:
        raise ValueError(f"expected n >= 1 and 0 < level < 1, got n={n}, level={level}")


def block_sizes(n: int, width: int) -> Iterator[int]:
    """Give the sizes of the blocks in which n samples are drawn.

    Parameters
    ----------
    n : samples.
    width : numbers that a sample takes.
    """
    step = max(1, BLOCK // width)
    for start in range(0, n, step):
        yield min(step, n - start)


def counts(generator: np.random.Generator, size: int, n: int) -> np.ndarray:
    """Draw how often each member is picked (sample, member).

    Parameters
    ----------
    generator : source of chance.
    size : members.
    n : samples.
    """
    return generator.multinomial(size, np.full(size, 1 / size), n).astype(float)


def with_percentiles(
    template: xr.DataArray, estimate: np.ndarray, drawn: np.ndarray, level: float, some: np.ndarray, **attributes
) -> xr.Dataset:
    """Put estimates together with the percentiles of their samples.

    Parameters
    ----------
    template : its dims, coordinates and attributes are those of the results.
    estimate : (column,) values of the whole.
    drawn : (sample, column) values of the samples.
    level : coverage.
    some : (column,) where there is an interval; nor is there one where no sample gives a number.
    **attributes : of the result.

    Returns
    -------
    Dataset with estimate, low and high.
    """
    ends, some = np.full((2, len(estimate)), np.nan), some & ~np.isnan(drawn).all(axis=0)
    ends[:, some] = np.nanquantile(drawn[:, some], [(1 - level) / 2, (1 + level) / 2], axis=0)
    found = zip(("estimate", "low", "high"), (estimate, *ends), strict=True)
    values = {name: template.copy(data=value.reshape(template.shape)) for name, value in found}
    return xr.Dataset(values, attrs={"level": level, "resamples": len(drawn), **attributes})
