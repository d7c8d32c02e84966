"""Counterbalanced designs as functions of the stimulus number, so that a set can be drawn in any parts."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

__all__ = ["another", "crossed", "generator", "labels", "stacked"]


def crossed(indices: Sequence[int] | np.ndarray, levels: Sequence[int]) -> np.ndarray:
    """Cross factors so that each is balanced in every first n stimuli and all combinations come equally often.

    Every factor counts up with the stimulus number. That runs through lcm(levels) combinations; the cycle after it
    starts at a combination that none before held (a coset of the cyclic subgroup), until all are used.

    Parameters
    ----------
    indices : (stimulus,) numbers of the stimuli, at least 0.
    levels : number of levels of each factor, at least 1.

    Returns
    -------
    (stimulus, factor) int level of each factor. Stimuli 0 to n - 1 hold the levels of a factor equally often to
    within one, for any n; every run of prod(levels) stimuli from a multiple of it holds each combination once.
    """
    numbers = np.asarray(indices, np.int64)
    cycle, step = np.divmod(numbers, math.lcm(*levels))
    columns, period = [], 1
    for count in levels:
        starts = math.gcd(period, count)  # starts that lead to different combinations with the factors before
        cycle, start = np.divmod(cycle, starts)
        columns.append((step + start) % count)
        period = math.lcm(period, count)
    return np.stack(columns, axis=1)


def another(indices: np.ndarray, levels: np.ndarray, count: int) -> np.ndarray:
    """Give each stimulus a second level that differs from its first, such as a distractor's category.

    Parameters
    ----------
    indices : (stimulus,) numbers of the stimuli.
    levels : (stimulus,) first level, 0 to ``count - 1``.
    count : number of levels, at least 2.

    Returns
    -------
    (stimulus,) int. The difference of the two runs through its ``count - 1`` values with the stimulus number, each
    as often to within one; where the first level is ``index % count``, each ordered pair comes once in
    ``count * (count - 1)`` stimuli.
    """
    stride = next(k for k in range(count // 2, 2 * count) if math.gcd(k, count - 1) == 1)
    return (levels + 1 + indices * stride % (count - 1)) % count


def labels(names: Sequence[str], numbers: np.ndarray) -> np.ndarray:
    """Name levels.

    Parameters
    ----------
    names : name of each level.
    numbers : level of each stimulus, any shape.

    Returns
    -------
    Object array of str, shaped as ``numbers``.
    """
    return np.array(names, object)[numbers]


def generator(seed: int, stream: int, index: int) -> np.random.Generator:
    """Give the random numbers of one stimulus.

    Parameters
    ----------
    seed : seed of the set.
    stream : number of the family, 1 to 63; :mod:`stimuli.objects` draws from stream 0.
    index : number of the stimulus, below 2**56.

    Returns
    -------
    A Philox generator keyed by seed and (stream, index), as the embedded objects use it.
    """
    return np.random.Generator(np.random.Philox(key=[seed, (stream << 56) + int(index)]))


def stacked(stimuli: Iterable[Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Put the variables of single stimuli together.

    Parameters
    ----------
    stimuli : values by variable name, the same names and shapes for each stimulus.

    Returns
    -------
    (stimulus, ...) arrays by name; numbers of objects as float32, their classes as int16.
    """
    rows = list(stimuli)
    arrays = {name: np.stack([row[name] for row in rows]) for name in rows[0]}
    kinds = {name: np.int16 if name == "object_class" else np.float32 for name in arrays if name.startswith("object_")}
    return {
        name: values.astype(kinds[name]) if name in kinds and values.dtype not in (bool, object) else values
        for name, values in arrays.items()
    }
