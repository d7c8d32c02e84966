"""The list of one participant: which items under which levels, in which block, and in what order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from math import gcd, prod
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from stimuli.designs.dealing import dealt
from stimuli.designs.items import factors_of
from stimuli.designs.orders import constrained_order
from stimuli.designs.squares import williams_square

if TYPE_CHECKING:
    from stimuli.designs.lists import Design

__all__ = [
    "FIRST",
    "PHASES",
    "Plan",
    "block_orders",
    "combinations",
    "ordered",
    "plan_of",
    "shares",
    "turns",
    "unordered",
]

FIRST = ("list", "block", "phase", "trial", "item")
PHASES = ("practice", "test", "catch")


def combinations(design: Design) -> pd.DataFrame:
    """Give the combinations of the levels within, a row each; one row of nothing where there are no factors."""
    rows = list(product(*design.within.values()))
    return pd.DataFrame(rows, columns=[*design.within], index=range(len(rows)))


def turns(design: Design) -> int:
    """Number of lists over which an item goes through all combinations."""
    size = prod(map(len, design.within.values()))
    return size // gcd(size, design.repeats)


def shares(design: Design, n_test: int) -> int:
    """Number of parts of the items of the test, of which a participant has one."""
    return max(1, n_test // (design.trials or n_test))


def block_orders(design: Design) -> np.ndarray:
    """Give the orders of the combinations of blocked levels, (order, place) int."""
    count = prod(len(design.within[name]) for name in design.blocked)
    return williams_square(count) if design.order == "latin" else np.arange(count)[None]


@dataclass(frozen=True)
class Plan:
    """What all lists of a design share.

    Parameters
    ----------
    design : the design.
    items : a row an item, of all phases.
    phase : (item,) what it is for.
    group : (item,) the items of the test that stay together over all lists; -1 of others.
    block : (item,) number of the block that it says it comes in, from 1; None where items do not say.
    cells : the combinations of levels within.
    blocked : (cell,) number of its combination of blocked levels.
    """

    design: Design
    items: pd.DataFrame
    phase: np.ndarray
    group: np.ndarray
    block: np.ndarray | None
    cells: pd.DataFrame
    blocked: np.ndarray

    def shown(self, trials: pd.DataFrame) -> pd.DataFrame:
        """Put the factors of trials in place of the numbers of their items and combinations."""
        parts = [self.cells.iloc[trials["cell"]], self.items.iloc[trials["number"]]]
        apart = trials.drop(columns=["cell", "number"])
        return pd.concat([part.reset_index(drop=True) for part in (apart, *parts)], axis=1)


def plan_of(design: Design, items: pd.DataFrame, random: np.random.Generator) -> Plan:
    """Say which item is for what, and deal those of the test to groups.

    Raises
    ------
    ValueError : they are no items, or not as many as the design needs.
    """
    phase = _phases(design, items)
    items = items.drop(columns="phase", errors="ignore").reset_index(drop=True)
    block = items["block"].rank(method="dense").to_numpy(int) if "block" in items else None
    test = np.flatnonzero(phase == "test")
    group = np.full(len(items), -1)
    group[test] = dealt(items.iloc[test], factors_of(items), turns(design) * shares(design, len(test)), random)
    cells = combinations(design)
    blocked = cells.groupby([*design.blocked], sort=False).ngroup() if design.blocked else 0 * cells.index
    return Plan(design, items.drop(columns="block", errors="ignore"), phase, group, block, cells, np.asarray(blocked))


def _phases(design: Design, items: pd.DataFrame) -> np.ndarray:
    """What each item is for."""
    if "item" not in items or not len(items) or items["item"].duplicated().any():
        raise ValueError("items need a column item that names each of them once, and one row at least")
    taken = {"list", "trial", "key_order", "cell", "number", *design.within, *design.between}
    if clash := [name for name in items.columns if name in taken]:
        raise ValueError(f"items have a column {clash[0]!r}, which the trials have of the design: rename it")
    if "block" in items and (design.blocks > 1 or design.blocked):
        raise ValueError("items say themselves in which block they come: leave blocks and blocked out of the design")
    sizes = {"practice": design.practice, "catch": design.catch}
    aside = np.repeat([*sizes], [*sizes.values()]).astype(object)
    if len(items) <= len(aside):
        raise ValueError(f"{len(items)} items leave none for the test: practice and catch trials take {len(aside)}")
    if "phase" not in items:
        return np.concatenate([np.full(len(items) - len(aside), "test", object), aside])
    phase = items["phase"].to_numpy(object)
    if strange := sorted(set(phase) - set(PHASES)):
        raise ValueError(f"the phase of an item is {', '.join(PHASES)}, got {strange[0]!r}")
    for name, size in sizes.items():
        if (found := int((phase == name).sum())) != size:
            raise ValueError(f"the design has {name} = {size}, but {found} items are for {name}")
    return phase


def unordered(plan: Plan, kind: Sequence[int], random: np.random.Generator) -> pd.DataFrame:
    """Give the trials of a participant, before their order: number of the item, cell, phase and block.

    Parameters
    ----------
    plan : of the lists.
    kind : list of items, levels between, order of keys, and order of blocks, by number.
    random : the participant's.
    """
    design = plan.design
    sheet, *between, keys, order = kind
    orders = block_orders(design)
    blocks = orders[order] if design.order == "latin" else random.permutation(orders[0])
    sequence = np.tile(blocks, design.blocks)  # the combination of blocked levels in each block
    made = [_practice(plan, blocks, random), _test(plan, sheet, sequence, random), _catch(plan, sequence, random)]
    trials = pd.concat(
        [pd.DataFrame(part).assign(phase=phase) for part, phase in zip(made, PHASES, strict=True)], ignore_index=True
    )
    trials["block"] += design.practice > 0
    levels = {name: of[level] for (name, of), level in zip(design.between.items(), between, strict=True)}
    return trials.assign(**levels, key_order=keys)


def _practice(plan: Plan, blocks: np.ndarray, random: np.random.Generator) -> dict[str, np.ndarray]:
    """Trials of practice in random order, those of blocked levels together, as they will come."""
    number = random.permutation(np.flatnonzero(plan.phase == "practice"))
    cell = random.permutation(np.arange(len(number)) % len(plan.cells))
    order = np.argsort(np.argsort(blocks)[plan.blocked[cell]], kind="stable")
    return {"number": number, "cell": cell[order], "block": 0 * number}


def _test(plan: Plan, sheet: int, sequence: np.ndarray, random: np.random.Generator) -> dict[str, np.ndarray]:
    """Trials of the test: the items of this list under their levels, dealt to the blocks of these levels."""
    design = plan.design
    parts = (plan.group.max() + 1) // turns(design)
    turn, part = divmod(sheet, parts)
    own = np.flatnonzero((plan.group >= 0) & (plan.group % parts == part))
    start = (plan.group[own] // parts + turn) * design.repeats
    cell = ((start[:, None] + np.arange(design.repeats)) % len(plan.cells)).ravel()
    number = own.repeat(design.repeats)
    factors = [*design.within, *(["item"] if design.repeats > 1 else []), *factors_of(plan.items)]
    if plan.block is not None:
        return {"number": number, "cell": cell, "block": plan.block[number]}
    trials = plan.shown(pd.DataFrame({"number": number, "cell": cell}))
    block = np.empty(len(number), int)
    for blocked in np.unique(sequence):
        here, of = np.flatnonzero(plan.blocked[cell] == blocked), np.flatnonzero(sequence == blocked)
        block[here] = 1 + of[dealt(trials.iloc[here], factors, len(of), random)]
    return {"number": number, "cell": cell, "block": block}


def _catch(plan: Plan, sequence: np.ndarray, random: np.random.Generator) -> dict[str, np.ndarray]:
    """Catch trials, dealt to the blocks in turn, with levels that come in their blocks."""
    number = random.permutation(np.flatnonzero(plan.phase == "catch"))
    block = (random.integers(len(sequence)) + np.arange(len(number))) % len(sequence)
    cell = np.empty(len(number), int)
    for blocked in np.unique(sequence[block]):
        here, own = sequence[block] == blocked, random.permutation(np.flatnonzero(plan.blocked == blocked))
        cell[here] = np.resize(own, here.sum())
    block = block if plan.block is None else plan.block[number] - 1
    return {"number": number, "cell": cell, "block": 1 + block}


def ordered(trials: pd.DataFrame, in_a_row: Mapping[str, int], random: np.random.Generator) -> np.ndarray:
    """Put the trials of a participant in order: (place,) int numbers of the rows.

    Raises
    ------
    ValueError : no order keeps to ``in_a_row``.
    """
    trials = trials[["block", "phase", *in_a_row]].reset_index(drop=True)
    practice, rest = (trials.index[trials["phase"].eq("practice") == yes].to_numpy() for yes in (True, False))
    order = np.empty(0, int)
    for number in np.unique(trials["block"].to_numpy()[rest]):
        here = rest[trials["block"].to_numpy()[rest] == number]
        block = trials.iloc[here]
        kinds = partial(_kinds, int(block["phase"].eq("catch").sum()), len(block), random)
        order = np.append(order, here[constrained_order(block, in_a_row, random, trials.iloc[order], kinds)])
    return np.append(practice, order)


def _kinds(n_catch: int, n: int, random: np.random.Generator) -> np.ndarray:
    """Phase of the trial at each place of a block: catch trials one in each of as many stretches, none the first."""
    kinds = np.full(n, "test", object)
    for stretch in np.array_split(np.arange(1, n), n_catch) if n_catch else ():
        kinds[random.choice(stretch)] = "catch"
    return kinds
