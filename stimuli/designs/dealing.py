"""Dealing trials out to groups of the same size, so that each group has the levels of all factors alike."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd

__all__ = ["dealt"]

PAIRS = 0.1  # weight of a pair of factors, beside 1 of a factor
MOST = 6  # factors whose pairs count


def dealt(trials: pd.DataFrame, factors: Sequence[str], groups: int, random: np.random.Generator) -> np.ndarray:
    """Deal trials out at random to groups that have every level, and pair of levels, about equally often.

    As in minimisation (Taves 1974; Pocock and Simon 1975) the imbalance is the sum over levels of the
    squared differences between groups. Trials sorted by their factors are dealt out in turn, then those two of
    different groups are exchanged that lower it most, until no two do.

    Parameters
    ----------
    trials : a row a trial.
    factors : columns, those that matter most first.
    groups : number of groups.
    random : where all that is left open is drawn from.

    Returns
    -------
    (trial,) int group; sizes differ by one at most.
    """
    group = np.empty(len(trials), int)
    group[_sorted(trials, factors, random)] = np.arange(len(trials)) % groups
    group = random.permutation(groups)[group]
    if groups == 1 or not factors:
        return group
    levels = _indicators(trials, factors)
    alike = levels @ levels.T
    for _ in range(10 * len(trials)):
        met = alike @ (group[:, None] == np.arange(groups))  # (trial, group) how much like the trial a group is
        own = met[np.arange(len(trials)), group]
        moved = met[:, group] - own[:, None]  # (trial, other): the trial in the other's group instead of its own
        change = moved + moved.T + alike.diagonal()[:, None] + alike.diagonal() - 2 * alike
        change[group[:, None] == group] = 0
        one, other = np.unravel_index(change.argmin(), change.shape)
        if change[one, other] > -1e-9:
            break
        group[[one, other]] = group[[other, one]]
    return group


def _sorted(trials: pd.DataFrame, factors: Sequence[str], random: np.random.Generator) -> np.ndarray:
    """Sort trials by their factors, levels in random order; those that have the same levels in random order too."""
    keys = [random.random(len(trials))]
    for name in reversed(factors):
        codes, levels = pd.factorize(trials[name], use_na_sentinel=False)
        keys.append(random.permutation(len(levels))[codes])
    return np.lexsort(keys)


def _indicators(trials: pd.DataFrame, factors: Sequence[str]) -> np.ndarray:
    """(trial, level) whether a trial has a level of a factor, or of a pair of them, by the root of its weight."""
    codes = [pd.factorize(trials[name], use_na_sentinel=False)[0] for name in factors]
    columns = [(code, 1.0) for code in codes]
    columns += [(one * (other.max() + 1) + other, PAIRS) for one, other in combinations(codes[:MOST], 2)]
    return np.concatenate([np.sqrt(weight) * (code[:, None] == np.unique(code)) for code, weight in columns], axis=1)
