"""Orders of trials in which no level comes too often in a row, drawn at random."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

__all__ = ["constrained_order"]

TRIES = 200


def constrained_order(
    trials: pd.DataFrame,
    in_a_row: Mapping[str, int],
    random: np.random.Generator,
    before: pd.DataFrame | None = None,
    kinds: Callable[[], np.ndarray] | None = None,
) -> np.ndarray:
    """Draw an order of trials in which no level of a factor comes more than so often in a row.

    Trial follows trial, each drawn among those after which every factor by itself can still be finished: a
    level with ``c`` trials left needs ``c <= k * (r + 1)``, ``r`` trials of other levels being left and ``k``
    fitting between them, less those that it has come by then. With one factor this meets no dead end; with
    several it may, and is begun anew, 200 times at most.

    Parameters
    ----------
    trials : a row a trial.
    in_a_row : largest number of trials in a row with the same level, by column.
    random : where the order is drawn from.
    before : the trials that came before, which count as well.
    kinds : draws the phase of the trial at each place, anew in each try; if left out, any trial comes anywhere.

    Returns
    -------
    (place,) int number of the row at each place.

    Raises
    ------
    ValueError : there is no such order, or none was found; it says what to change.
    """
    factors = [_factor(name, limit, trials, before) for name, limit in in_a_row.items()]
    own = np.zeros(len(trials), int) if kinds is None else trials["phase"].to_numpy(object)
    for _ in range(TRIES):
        order = _tried(factors, own, own if kinds is None else kinds(), random)
        if order is not None:
            return order
    told = " and ".join(f"{limit} of a level of {name}" for name, limit in in_a_row.items())
    raise ValueError(
        f"no order of {len(trials)} trials with at most {told} in a row was found in {TRIES} tries: allow more in a row"
    )


@dataclass(frozen=True)
class _Factor:
    """Levels of the trials by number; level and length of the run that the trials before end with, -1 for none."""

    levels: np.ndarray
    count: int
    limit: int
    run: tuple[int, int]


def _factor(name: str, limit: int, trials: pd.DataFrame, before: pd.DataFrame | None) -> _Factor:
    """Count the levels of a factor; a ValueError says that one comes too often for any order."""
    earlier = [] if before is None else before[name].tolist()
    codes, levels = pd.factorize(pd.Series([*earlier, *trials[name]], dtype=object), use_na_sentinel=False)
    past, codes = codes[: len(earlier)], codes[len(earlier) :]
    counts = np.bincount(codes, minlength=len(levels))
    most = int(counts.argmax())
    others = len(codes) - counts[most]
    if counts[most] > limit * (others + 1):
        raise ValueError(
            f"{len(codes)} trials of which {counts[most]} have {name} {levels[most]!r} cannot come with at most "
            f"{limit} of them in a row: allow {-(-counts[most] // (others + 1))}, or give more trials of other levels"
        )
    differs = np.flatnonzero(past[::-1] != past[-1]) if len(past) else []
    length = int(differs[0]) if len(differs) else len(past)
    return _Factor(codes, len(levels), limit, (int(past[-1]) if len(past) else -1, length))


def _tried(
    factors: Sequence[_Factor], own: np.ndarray, wanted: np.ndarray, random: np.random.Generator
) -> np.ndarray | None:
    """Put one trial after the other; None where it ends in a dead end."""
    left, order = np.ones(len(own), bool), np.empty(len(own), int)
    counts = [np.bincount(factor.levels, minlength=factor.count) for factor in factors]
    runs = [factor.run for factor in factors]
    for place, kind in enumerate(wanted):
        free = left & (own == kind)
        for factor, count, run in zip(factors, counts, runs, strict=True):
            free &= _open(count, factor.limit, *run)[factor.levels]
        candidates = np.flatnonzero(free)
        if not len(candidates):
            return None
        order[place] = chosen = random.choice(candidates)
        left[chosen] = False
        for k, factor in enumerate(factors):
            level = factor.levels[chosen]
            counts[k][level] -= 1
            runs[k] = (level, runs[k][1] + 1 if level == runs[k][0] else 1)
    return order


def _open(counts: np.ndarray, limit: int, level: int, length: int) -> np.ndarray:
    """Which levels may come next, (level,) bool, after a run of ``level``, so that the rest can be finished."""
    run = np.ones(len(counts), int)
    if level >= 0:
        run[level] += length
    others = counts.sum() - counts  # of each level, after a trial of its own as much as before
    pressing = counts > limit * others  # fits no more after a trial of another level, which leaves one other less
    fits = counts - 1 <= limit * others + limit - run
    return (counts > 0) & (run <= limit) & fits & (pressing.sum() - pressing == 0)
