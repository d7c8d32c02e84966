"""Counterbalanced designs in random order, functions of seed and stimulus number: drawn in any parts."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

__all__ = [
    "VERSION",
    "accompanied",
    "check_version",
    "crossed",
    "generator",
    "in_turn",
    "labels",
    "stacked",
    "unbalanced",
]

VERSION = 2  # of the order of stimuli, kept with each set; 1, which sets do not tell, counted every factor up
TURNS = 15  # number of the factor that the order of turns is drawn as
DESIGNS = 48  # stream of the orders; those of the families are below 16, and 16 and 32 are added to them


def crossed(indices: Sequence[int] | np.ndarray, levels: Iterable[int], seed: int, stream: int) -> np.ndarray:
    """Cross factors in random order: nothing follows the stimulus number, any first n are nearly balanced.

    Blocks lie within blocks: each run of ``levels[0]`` stimuli from a multiple of it holds every level of
    the first factor once, each run of ``levels[0] * levels[1]`` every combination of the first two, and so
    on. Within a block the order is random; a later factor's levels are spread over the combinations of
    those before it as evenly as their numbers allow.

    Parameters
    ----------
    indices : (stimulus,) numbers of the stimuli, at least 0.
    levels : number of levels of each factor, at least 1; those that matter most come first.
    seed : seed of the set.
    stream : number of the family, below 64.

    Returns
    -------
    (stimulus, factor) int level of each factor, each row a function of (levels, seed, stream, number)
    alone. The first factor is balanced to within one in every first n, each factor in every whole number of
    blocks of those before it.
    """
    numbers = np.asarray(indices, np.int64)
    columns, cell, size = [], np.zeros_like(numbers), 1
    for factor, count in enumerate(levels):
        columns.append(_level(numbers // size, cell, size, count, seed, stream, factor))
        cell, size = cell * count + columns[-1], size * count
    return np.stack(columns, axis=1)


def accompanied(
    indices: Sequence[int] | np.ndarray,
    conditions: Sequence[int],
    count: int,
    company: int,
    seed: int,
    stream: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Cross conditions with the categories of one object or several, all of them different.

    Parameters
    ----------
    indices, seed, stream : as for :func:`crossed`.
    conditions : number of levels of each condition; () for none.
    count : number of categories.
    company : objects beside the first, below ``count``.

    Returns
    -------
    levels : (stimulus, condition) int.
    classes : (stimulus, object) int. Conditions and the first category are crossed; in each run of
        ``count`` stimuli of a condition the second object has every category once too, and over ``count -
        1`` such runs every ordered pair comes once in each condition. Further objects have a random one of
        the categories that are left.
    """
    numbers, size = np.asarray(indices, np.int64), math.prod(conditions)
    rows = crossed(numbers, (*conditions, count), seed, stream)
    classes = rows[:, -1:]
    if company:
        cell = np.ravel_multi_index(rows[:, :-1].T, conditions) if conditions else np.zeros_like(numbers)
        turn, factor = numbers // (size * count), len(conditions) + 1
        step = _level(turn, cell, size, count - 1, seed, stream, factor)
        second = np.empty_like(step)
        for block, now in _each(turn // (count - 1)):  # who is whose neighbour on the circle is drawn anew
            circle = _order(seed, stream, factor + 1, block).permutation(count)
            second[now] = circle[(np.argsort(circle)[rows[now, -1]] + 1 + step[now]) % count]
        classes = np.column_stack([rows[:, -1], second])
    if company > 1:
        rest = [_order(seed, stream, factor + 2, i).permutation(count) for i in numbers]
        left = [order[~np.isin(order, pair)][: company - 1] for order, pair in zip(rest, classes, strict=True)]
        classes = np.column_stack([classes, left])
    return rows[:, :-1], classes


def in_turn(
    indices: Sequence[int] | np.ndarray, count: int, company: int, seed: int, stream: int
) -> tuple[np.ndarray, np.ndarray]:
    """Let categories take turns in company of each other: each comes once before any comes again.

    Parameters
    ----------
    indices, seed, stream : as for :func:`crossed`.
    count : number of categories, a multiple of the objects of a stimulus or at least three times its company.
    company : objects beside the first.

    Returns
    -------
    classes : (stimulus, object) int, all different within a stimulus, in a new random order in each round.
    rounds : (stimulus, object) int, how often the category came before.

    Raises
    ------
    ValueError : fewer categories than that.
    """
    size = company + 1
    if count < (size if count % size == 0 else 3 * company):
        raise ValueError(f"{size} of {count} categories cannot take turns: give at least {3 * company} of them")
    rounds, places = np.divmod(np.asarray(indices, np.int64)[:, None] * size + np.arange(size), count)
    there, of = np.unique(rounds, return_inverse=True)
    orders = np.stack([_turns(number, count, company, seed, stream) for number in there.tolist()])
    return orders[of.reshape(rounds.shape), places], rounds


def _turns(number: int, count: int, company: int, seed: int, stream: int) -> np.ndarray:
    """Order of the categories in a round, which begins with none that the stimulus of the last one's end may show."""
    order = _order(seed, stream, TURNS, number).permutation(count)
    if number and count % (company + 1):
        before = _order(seed, stream, TURNS, number - 1).permutation(count)[-company:]
        free = [p for p in range(company, count - company) if order[p] not in before]
        for place in np.flatnonzero(np.isin(order[:company], before)):
            other = free.pop(0)
            order[[place, other]] = order[[other, place]]
    return order


def check_version(recipe: Mapping, where: object) -> None:
    """Refuse to go on with a set whose stimuli come in another order than they are drawn in."""
    version = recipe.get("design", 1)
    if version != VERSION:
        raise ValueError(
            f"{where} has its stimuli in another order (design {version}; here {VERSION}): a finished set is read and "
            "probed as it is, but not made again or gone on with; draw a new one with --overwrite or another --out"
        )


def unbalanced(n: int, factors: Mapping[str, int]) -> str:
    """Say what a number of stimuli leaves unbalanced, and the nearest that does not; "" for nothing.

    ``factors`` gives numbers of levels by name, in the order that :func:`crossed` crosses them in.
    """
    factors = {name: count for name, count in factors.items() if count > 1}
    sizes = dict(zip(factors, np.cumprod(list(factors.values()), dtype=object), strict=True))
    uneven = [name for name, size in sizes.items() if n % size]
    if not uneven:
        return ""
    nearest = {name: max(1, (2 * n + size) // (2 * size)) * size for name, size in sizes.items()}
    within = [name for name in uneven[:-1] if sizes[name] <= n]
    less = f"; {nearest[within[-1]]} balances all up to {within[-1]}" if within else ""
    return (
        f"n = {n} leaves {', '.join(uneven)} unbalanced; the nearest n that does not is "
        f"{nearest[uneven[-1]]} ({' x '.join(f'{count} {name}' for name, count in factors.items())}){less}"
    )


def _level(turn: np.ndarray, cell: np.ndarray, size: int, count: int, seed: int, stream: int, factor: int):
    """Level of a factor, whose ``count`` levels each of the ``size`` cells before it meets in as many turns.

    The cells are visited in random order, the same in each turn of a block, and the levels counted up over
    the visits: a turn has each of them as often to within one, and a cell another one in each turn.
    """
    column = np.empty_like(cell)
    block, place = np.divmod(turn, count)
    for number, now in _each(block):
        random = _order(seed, stream, factor, number)
        names, order = random.permutation(count), random.permutation(size)
        visit = place[now] * size + order[cell[now]]
        column[now] = names[(visit + visit // math.lcm(size, count)) % count]
    return column


def _each(blocks: np.ndarray) -> Iterable[tuple[int, np.ndarray]]:
    """The blocks and where each one's stimuli stand."""
    numbers, starts = np.unique(np.sort(blocks), return_index=True)
    return zip(numbers.tolist(), np.split(np.argsort(blocks, kind="stable"), starts[1:]), strict=True)


def _order(seed: int, stream: int, factor: int, block: int) -> np.random.Generator:
    """Random numbers of a factor's order in a block."""
    return generator(seed, DESIGNS, (stream << 50) + (factor << 46) + int(block))


def labels(names: Sequence[str], numbers: np.ndarray) -> np.ndarray:
    """Name levels: an object array of str, shaped as their numbers."""
    return np.array(names, object)[numbers]


def generator(seed: int, stream: int, index: int) -> np.random.Generator:
    """Give the random numbers of one stimulus: a Philox generator keyed by seed and (stream, index).

    The stream is the family's number, 1 to 63 (:mod:`stimuli.families.objects` draws from 0); the index
    is below 2**56.
    """
    return np.random.Generator(np.random.Philox(key=[seed, (stream << 56) + int(index)]))


def stacked(stimuli: Iterable[Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Put the variables of single stimuli together; objects' numbers as float32, classes as int16."""
    rows = list(stimuli)
    arrays = {name: np.stack([row[name] for row in rows]) for name in rows[0]}
    kinds = {name: np.int16 if name == "object_class" else np.float32 for name in arrays if name.startswith("object_")}
    return {
        name: values.astype(kinds[name]) if name in kinds and values.dtype not in (bool, object) else values
        for name, values in arrays.items()
    }
