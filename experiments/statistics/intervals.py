"""Intervals: bootstrap, of shares and over trainings, and how a paper writes them."""

from __future__ import annotations

import re

import numpy as np
import xarray as xr

from absvit.records.seeds import proportion_interval, student_interval
from experiments.statistics.samples import check_sampling

__all__ = ["bootstrap", "interval_text", "number_text", "proportion_interval", "student_interval"]

BLOCK = 2**22  # numbers held at once while resampling


def bootstrap(
    values: xr.DataArray, dim: str = "stimulus", n: int = 2000, seed: int = 0, level: float = 0.95
) -> xr.Dataset:
    """Mean and percentile bootstrap interval (Efron and Tibshirani 1993, chapter 13).

    Members of dim are drawn with replacement, the same ones for every model, seed, prior and iteration, so
    that differences between these are paired. NaN values are left out of each mean.

    Parameters
    ----------
    values : DataArray (..., dim), numbers or bool.
    dim : dimension whose members are independent, and are averaged.
    n, seed, level : resamples (at least 1), their seed, and the coverage in (0, 1).

    Returns
    -------
    Dataset with estimate, low and high (...), in the unit of values; NaN where no value is a number, the ends
    where only one is.

    Raises
    ------
    ValueError : n or level is out of range, or dim is not a dimension of values or is empty.

    Examples
    --------
    >>> values = xr.DataArray([0.0, 0, 1, 1], dims="stimulus")
    >>> interval = measures.bootstrap(values, n=200)
    >>> float(interval["estimate"]), float(interval["low"]), float(interval["high"])
    (0.5, 0.0, 1.0)
    """
    check_sampling(n, level)
    if not values.sizes.get(dim):
        raise ValueError(f"expected values with a dimension {dim!r} to average, got {dict(values.sizes)}")
    moved = values.transpose(dim, ...)
    table = np.asarray(moved.values, float).reshape(values.sizes[dim], -1)
    result = np.empty((3, table.shape[1]))
    columns = max(1, BLOCK // n)
    for start in range(0, table.shape[1], columns):
        part = slice(start, start + columns)
        result[:, part] = _intervals(table[:, part], n, seed, level)
    template = moved.isel({dim: 0}, drop=True)
    attributes = {"long_name": values.attrs.get("long_name", "mean"), "units": values.attrs.get("units", "1")}
    return xr.Dataset(
        {
            name: template.copy(data=column.reshape(template.shape)).assign_attrs(attributes)
            for name, column in zip(("estimate", "low", "high"), result, strict=True)
        },
        attrs={"level": level, "resamples": n, "seed": seed, "averaged": dim, "members": len(table)},
    )


def number_text(number: float, digits: int = 2) -> str:
    """Write a number without a leading zero, as ``.97``; nothing where it is NaN."""
    if np.isnan(number):
        return ""
    rounded = round(float(number), digits) + 0.0  # + 0. turns -0. into 0.
    return re.sub(r"^(-?)0\.", r"\1.", f"{rounded:.{digits}f}")


def interval_text(estimate: float, low: float, high: float, digits: int = 2) -> str:
    """Write an estimate with its interval, as ``.97 [.96, .98]``.

    The text is empty where the estimate is NaN, the estimate alone where the ends are.
    """
    texts = [number_text(number, digits) for number in (estimate, low, high)]
    return "{} [{}, {}]".format(*texts) if all(texts) else texts[0]


def _intervals(table: np.ndarray, n: int, seed: int, level: float) -> np.ndarray:
    """Mean, low and high (3, column) of values (member, column)."""
    members = len(table)
    generator = np.random.default_rng(seed)
    valid = ~np.isnan(table)
    filled = np.where(valid, table, 0)
    means = np.empty((n, table.shape[1]))
    rows = max(1, BLOCK // members)
    with np.errstate(invalid="ignore"):
        for start in range(0, n, rows):
            counts = generator.multinomial(members, np.full(members, 1 / members), size=min(rows, n - start))
            means[start : start + rows] = (counts @ filled) / (counts @ valid)
        estimate = filled.sum(0) / valid.sum(0)
    ends = np.quantile(means, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return np.stack([estimate, *np.where(valid.sum(0) > 1, ends, np.nan)])
