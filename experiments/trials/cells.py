"""Cells: trials of each participant in each condition side by side in an array, and what is told of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from experiments.statistics.detection import d_prime

__all__ = ["SCALES", "STATISTICS", "Cells", "cells_of", "halves", "signal_code", "summed_d_prime"]


class Cells(NamedTuple):
    """Trials by cell.

    Parameters
    ----------
    values : (..., cell, trial) what each trial is worth; NaN beyond the trials that there are.
    strata : (..., cell, trial) whole numbers within which trials are alike; infinite beyond them.
    """

    values: np.ndarray
    strata: np.ndarray


def cells_of(values: np.ndarray, cells: np.ndarray, n: int, strata: np.ndarray | None = None) -> Cells:
    """Sort trials into cells.

    Parameters
    ----------
    values : (trial,) numbers.
    cells : (trial,) number of the cell of each, 0 to n - 1.
    n : number of cells.
    strata : (trial,) whole numbers; one stratum, if left out.
    """
    order = np.argsort(cells, kind="stable")
    sizes = np.bincount(cells, minlength=n)
    place = np.arange(len(cells)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    shape = n, max(1, sizes.max(initial=0))
    found = Cells(np.full(shape, np.nan), np.full(shape, np.inf))
    found.values[cells[order], place] = values[order]
    found.strata[cells[order], place] = 0 if strata is None else strata[order]
    return found


def halves(cells: Cells, splits: int, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Split the trials of each cell at random, each stratum as evenly as its number allows.

    Yields
    ------
    (..., cell, trial) values of either half, ``splits`` times.
    """
    generator = np.random.default_rng(seed)
    for _ in range(splits):
        order = np.argsort(cells.strata + generator.random(cells.strata.shape), axis=-1)
        mixed = np.take_along_axis(cells.values, order, -1)
        yield mixed[..., 0::2], mixed[..., 1::2]


def _mean(values: np.ndarray) -> np.ndarray:
    there = ~np.isnan(values)
    with np.errstate(invalid="ignore"):
        return np.where(there, values, 0.0).sum(-1) / there.sum(-1)


def _median(values: np.ndarray) -> np.ndarray:
    ordered, n = np.sort(values, -1), (~np.isnan(values)).sum(-1, keepdims=True)
    ends = np.concatenate([np.maximum(n - 1, 0) // 2, np.minimum(n // 2, np.maximum(n - 1, 0))], -1)
    return np.take_along_axis(ordered, ends, -1).mean(-1)


STATISTICS: dict[str, Callable[[np.ndarray], np.ndarray]] = {"mean": _mean, "median": _median, "log": _mean}
SCALES: dict[str, Callable[[np.ndarray], np.ndarray]] = {"log": np.log}  # on which single trials are averaged


def signal_code(signal: np.ndarray, said: np.ndarray) -> np.ndarray:
    """Write (trial,) whether there was a signal, and whether it was said, as a number: 2 signal + said."""
    return 2.0 * signal + said


def summed_d_prime(codes: np.ndarray) -> np.ndarray:
    """Sensitivity d' (log-linear, Hautus 1995) of (..., trial) such numbers; NaN of signals alone, or none."""
    correct_rejections, false_alarms, misses, hits = ((codes == code).sum(-1) for code in range(4))
    signals, noises = hits + misses, false_alarms + correct_rejections
    found = d_prime(hits, np.maximum(signals, 1), false_alarms, np.maximum(noises, 1))
    return np.where((signals > 0) & (noises > 0), found, np.nan)
