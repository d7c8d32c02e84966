"""Samples drawn with replacement, in blocks that fit into memory, and the percentiles of what they give."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import xarray as xr

__all__ = ["block_sizes", "check_sampling", "counts", "with_percentiles"]

BLOCK = 2**20  # numbers held at once


def check_sampling(n: int, level: float) -> None:
    """Refuse fewer samples than one, or a coverage out of (0, 1): they give no interval."""
    if n < 1 or not 0 < level < 1:
        raise ValueError(f"expected n >= 1 and 0 < level < 1, got n={n}, level={level}")


def block_sizes(n: int, width: int) -> Iterator[int]:
    """Give the sizes of the blocks in which n samples are drawn, each of which takes so many numbers."""
    step = max(1, BLOCK // width)
    for start in range(0, n, step):
        yield min(step, n - start)


def counts(generator: np.random.Generator, size: int, n: int) -> np.ndarray:
    """Draw n times how often each of the members is picked (sample, member)."""
    return generator.multinomial(size, np.full(size, 1 / size), n).astype(float)


def with_percentiles(
    template: xr.DataArray, estimate: np.ndarray, drawn: np.ndarray, level: float, some: np.ndarray, **attributes
) -> xr.Dataset:
    """Put estimates (column,) together with the percentiles of what was drawn (sample, column).

    Dims, coordinates and attributes are those of the template. There is an interval in the columns that are
    ``some``, unless no sample gives a number.
    """
    ends, some = np.full((2, len(estimate)), np.nan), some & ~np.isnan(drawn).all(axis=0)
    ends[:, some] = np.nanquantile(drawn[:, some], [(1 - level) / 2, (1 + level) / 2], axis=0)
    found = zip(("estimate", "low", "high"), (estimate, *ends), strict=True)
    values = {name: template.copy(data=value.reshape(template.shape)) for name, value in found}
    return xr.Dataset(values, attrs={"level": level, "resamples": len(drawn), **attributes})
