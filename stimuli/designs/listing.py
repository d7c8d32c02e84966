"""The list of one participant: which items under which levels, in which block, and in what order."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import gcd
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from stimuli.designs.dealing import dealt
from stimuli.designs.items import factors_of
from stimuli.designs.orders import constrained_order
from stimuli.designs.squares import williams_square

if TYPE_CHECKING:
    from stimuli.designs.lists import Design

__all__ = ["FIRST", "block_orders", "combinations", "groups", "ordered", "phases", "unordered"]

FIRST = ("list", "block", "phase", "trial", "item")
PHASES = ("practice", "test", "catch")


def combinations(design: Design) -> list[tuple[str, ...]]:
    """Give the combinations of the levels within, in their order; one, of nothing, where there are no factors."""
    return list(product(*design.within.values()))


def block_orders(design: Design) -> np.ndarray:
    """Give the orders of the combinations of blocked levels, (order, place) int."""
    blocked = len(list(product(*(design.within[name] for name in design.blocked))))
    return williams_square(blocked) if design.order == "latin" else np.arange(blocked)[None]


def phases(design: Design, items: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Sort items by what they are for.

    Raises
    ------
    ValueError : they are no items, or not as many as the design needs.
    """
    if "item" not in items or not len(items) or items["item"].duplicated().any():
        raise ValueError("items need a column item that names each of them once, and one row at least")
    taken = {*FIRST, "answer", "key_order", *design.within, *design.between} - {"item", "phase"}
    if clash := [name for name in items.columns if name in taken]:
        raise ValueError(f"items have a column {clash[0]!r}, which the trials have of the design: rename it")
    sizes = {"practice": design.practice, "catch": design.catch}
    if "phase" in items:
        if strange := sorted(set(items["phase"]) - set(PHASES)):
            raise ValueError(f"the phase of an item is {', '.join(PHASES)}, got {strange[0]!r}")
        parts = {phase: items[items["phase"] == phase] for phase in PHASES}
        for phase, size in sizes.items():
            if len(parts[phase]) != size:
                raise ValueError(f"the design has {phase} = {size}, but {len(parts[phase])} items are for {phase}")
    else:
        last, first = len(items) - design.catch, len(items) - design.catch - design.practice
        parts = {"test": items[: max(0, first)], "practice": items[max(0, first) : last], "catch": items[last:]}
    if not len(parts["test"]):
        raise ValueError(f"{len(items)} items leave none for the test: practice and catch trials take {sizes}")
    return {phase: part.drop(columns="phase", errors="ignore").reset_index(drop=True) for phase, part in parts.items()}


def turns(design: Design) -> int:
    """Number of lists over which an item goes through all combinations."""
    size = len(combinations(design))
    return size // gcd(size, design.repeats)


def groups(design: Design, test: pd.DataFrame, random: np.random.Generator) -> np.ndarray:
    """Deal the items of the test to the groups that stay together over all lists, (item,) int."""
    parts = len(test) // min(len(test), design.trials or len(test))
    return dealt(test, factors_of(test), turns(design) * parts, random)


def unordered(
    design: Design,
    parts: dict[str, pd.DataFrame],
    group: np.ndarray,
    kind: Sequence[int],
    random: np.random.Generator,
) -> pd.DataFrame:
    """Give the trials of a participant, without their order: which items, levels, phases and blocks.

    Parameters
    ----------
    design : whose list it is.
    parts : items by phase.
    group : (item,) of those of the test.
    kind : list of items, levels between, order of keys, and order of blocks, by number.
    random : the participant's.
    """
    sheet, *between, keys, order = kind
    parted = (group.max() + 1) // turns(design)
    turn, part = divmod(sheet, parted)
    here = np.flatnonzero(group % parted == part)
    test = parts["test"].iloc[here.repeat(design.repeats)]
    start = (group[here] // parted + turn) * design.repeats
    cells = (start[:, None] + np.arange(design.repeats)).ravel()
    orders = block_orders(design)
    blocks = orders[order] if design.order == "latin" else random.permutation(orders[0])
    sequence = np.tile(blocks, design.blocks)  # combination of blocked levels in each block
    test = _levels(design, test, cells).assign(phase="test")
    test["block"] = _blocks(design, test, sequence, random)
    made = [
        _practice(design, parts["practice"], blocks, random),
        test,
        _catch(design, parts["catch"], sequence, random),
    ]
    trials = pd.concat([part for part in made if len(part)], ignore_index=True)
    trials["block"] += design.practice > 0
    for (name, levels), level in zip(design.between.items(), between, strict=True):
        trials[name] = levels[level]
    return trials.assign(key_order=keys)


def _levels(design: Design, items: pd.DataFrame, cells: np.ndarray) -> pd.DataFrame:
    """Items with their levels within, by the number of the combination, counted on from 0 after the last."""
    every = np.empty(len(combinations(design)), object)
    every[:] = combinations(design)
    rows = list(every[cells % len(every)])
    levels = pd.DataFrame(rows, columns=[*design.within], index=items.index)
    return pd.concat([items[["item"]], levels, items.drop(columns="item")], axis=1).reset_index(drop=True)


def _blocked(design: Design, trials: pd.DataFrame) -> np.ndarray:
    """Number of the combination of blocked levels of each trial."""
    number = np.zeros(len(trials), int)
    for name in design.blocked:
        levels = design.within[name]
        number = number * len(levels) + trials[name].map({level: k for k, level in enumerate(levels)}).to_numpy()
    return number


def _blocks(design: Design, test: pd.DataFrame, sequence: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Deal trials to the blocks of their blocked levels, each with the levels of all factors alike."""
    block, own = np.zeros(len(test), int), _blocked(design, test)
    names = [
        *design.within,
        *(["item"] if design.repeats > 1 else []),
        *factors_of(test.drop(columns=[*design.within])),
    ]
    for number in np.unique(own):
        now, of = np.flatnonzero(own == number), np.flatnonzero(sequence == number)
        block[now] = 1 + of[dealt(test.iloc[now], [n for n in names if n in test], len(of), random)]
    return block


def _practice(design: Design, items: pd.DataFrame, blocks: np.ndarray, random: np.random.Generator) -> pd.DataFrame:
    """Trials of practice in random order, those of blocked levels together, as they will come."""
    trials = _levels(design, items.iloc[random.permutation(len(items))], np.arange(len(items)))
    trials = trials.iloc[random.permutation(len(items))]
    place = np.argsort(blocks)[_blocked(design, trials)]
    return trials.iloc[np.argsort(place, kind="stable")].assign(phase="practice", block=0)


def _catch(design: Design, items: pd.DataFrame, sequence: np.ndarray, random: np.random.Generator) -> pd.DataFrame:
    """Catch trials, dealt to blocks in turn, with levels that their blocks have."""
    block = (random.integers(len(sequence)) + np.arange(len(items))) % len(sequence)
    every = _levels(design, items.iloc[[0] * len(combinations(design))], np.arange(len(combinations(design))))
    of = _blocked(design, every)
    cells = [random.choice(np.flatnonzero(of == sequence[number])) for number in block]
    chosen = items.iloc[random.permutation(len(items))]
    return _levels(design, chosen, np.array(cells, int)).assign(phase="catch", block=1 + block)


def ordered(design: Design, trials: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
    """Put the trials of a participant in order, and number them.

    Raises
    ------
    ValueError : no order keeps to ``in_a_row``.
    """
    limits = dict(design.in_a_row) | ({"item": 1} if design.repeats > 1 else {})
    done = trials[trials["phase"] == "practice"]
    start = len(done)
    for _, block in trials[trials["phase"] != "practice"].groupby("block"):
        kinds = _kinds(block, random)
        order = constrained_order(block, limits, random, done.iloc[start:], kinds)
        done = pd.concat([done, block.iloc[order]])
    return done.assign(trial=1 + np.arange(len(done)))


def _kinds(block: pd.DataFrame, random: np.random.Generator) -> np.ndarray:
    """Phase of each trial of a block: catch trials at random, one in each of as many stretches, none at first."""
    kinds = np.full(len(block), "test", object)
    n_catch = int((block["phase"] == "catch").sum())
    for stretch in np.array_split(np.arange(1, len(block)), n_catch) if n_catch else ():
        kinds[random.choice(stretch)] = "catch"
    return kinds
