"""Effects over items: what an instruction changes at each picture, how reliably, and how observers agree.

A correlation over items of an observer's effect with people's is read beside the ceiling that the reliability
of people's sets.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy

from experiments.statistics.intervals import student_interval
from experiments.statistics.resampling import cohens_dz
from experiments.trials.effects import Effect, chosen
from experiments.trials.reliability import ceiling_of, split_half

__all__ = ["Agreement", "ItemResult", "item_agreement", "item_effects"]

SUMMED = ("mean", "log")  # statistics that are sums over trials
FEWEST = 4  # participants of whom halves are made


@dataclass(frozen=True, eq=False)
class ItemResult:
    """An effect over items.

    Parameters
    ----------
    effect : which one.
    by_item : a row an item: high, low, effect (NaN where there is no trial of a level), n_high and n_low.
    mean, interval : of the effect, and Student's interval of the mean over items.
    dz : mean over standard deviation of the items' effects.
    reliability : split-half with Spearman-Brown, of halves of the participants; NaN of fewer than four.
    participants : that enter.
    left_out : items and participants that do not enter, and why.
    """

    effect: Effect
    by_item: pd.DataFrame
    mean: float
    interval: tuple[float, float]
    dz: float
    reliability: float
    participants: int
    left_out: Mapping[str, str]

    @property
    def n(self) -> int:
        """Items that enter."""
        return int(self.by_item["effect"].notna().sum())

    @property
    def ceiling(self) -> float:
        """Largest correlation over items that a measure without error can have with the effect."""
        return ceiling_of(self.reliability)


@dataclass(frozen=True)
class Agreement:
    """How alike two effects are over items.

    Parameters
    ----------
    n : items that both have.
    r, r_interval : Pearson's correlation and its interval (Fisher's z).
    rank : Spearman's correlation.
    ceiling : that the reliability of the first sets.
    """

    n: int
    r: float
    r_interval: tuple[float, float]
    rank: float
    ceiling: float

    @property
    def of_ceiling(self) -> float:
        """Correlation as a share of the ceiling; NaN without a ceiling."""
        return self.r / self.ceiling if self.ceiling > 0 else float("nan")


def item_effects(
    table: pd.DataFrame, effect: Effect, splits: int = 500, seed: int = 0, level: float = 0.95
) -> ItemResult:
    """Compute an effect at each item, over all participants of a table.

    Parameters
    ----------
    table : trial table whose column ``item`` names what was shown.
    effect : which effect; of means, or of logarithms.
    splits, seed : random halves of the participants for the reliability, and their seed. Where the effect is
        between participants each group is halved.
    level : coverage of the interval.

    Raises
    ------
    ValueError : no item has trials of both levels, or the effect is one of medians or d'.
    """
    if effect.statistic not in SUMMED or effect.measure == "d_prime":
        raise ValueError(f"effects over items are of means or logarithms; {effect.name!r} is of others")
    trials = chosen(table, effect)
    people, names = pd.factorize(trials.table["participant"], sort=True)
    items, shown = pd.factorize(trials.table["item"], sort=True)
    shape = len(names), 2, len(shown)
    place = np.ravel_multi_index((people, trials.high.astype(int), items), shape)
    size = int(np.prod(shape))
    sums = np.bincount(place, trials.values, size).reshape(len(names), -1)
    counts = np.bincount(place, minlength=size).reshape(len(names), -1).astype(float)
    whole = np.ones((1, len(names)))
    low, high = _means(whole, sums, counts)[0]
    n_low, n_high = counts.sum(0).reshape(2, -1).astype(int)
    columns = {"high": high, "low": low, "effect": high - low, "n_high": n_high, "n_low": n_low}
    frame = pd.DataFrame(columns, index=pd.Index(shown, name="item"))
    effects = frame["effect"].dropna().to_numpy()
    if not effects.size:
        raise ValueError(f"the effect {effect.name!r}: no item has trials of both {effect.high} and {effect.low}")
    groups = counts.reshape(shape).sum(-1) > 0
    reliability = np.nan
    if min(groups.sum(0)) >= FEWEST:
        first = _halves(groups[:, 1] & ~groups[:, 0] if effect.between else np.zeros(len(names)), splits, seed)
        sides = [_means(half, sums, counts) for half in (first, ~first)]
        reliability = split_half(*(of[:, 1] - of[:, 0] for of in sides))
    without = {item: "no trial of one of the levels" for item in frame.index[frame["effect"].isna()]}
    told = float(effects.mean()), student_interval(effects, level), cohens_dz(effects)
    return ItemResult(effect, frame, *told, reliability, len(names), trials.left_out | without)


def _means(picked: np.ndarray, sums: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Mean (split, level, item) over the participants that each split picks (split, participant)."""
    with np.errstate(invalid="ignore"):
        found = (picked.astype(float) @ sums) / (picked.astype(float) @ counts)
    return found.reshape(len(picked), 2, -1)


def _halves(group: np.ndarray, splits: int, seed: int) -> np.ndarray:
    """Pick (split, participant) at random half of each group."""
    keys = group.astype(float) + np.random.default_rng(seed).random((splits, len(group)))
    return keys.argsort(1).argsort(1) % 2 == 0


def item_agreement(people: ItemResult, observer: ItemResult, level: float = 0.95) -> Agreement:
    """Compare two effects over the items that both have.

    Parameters
    ----------
    people : whose reliability sets the ceiling.
    observer : the other.
    level : coverage of the interval.

    Raises
    ------
    ValueError : fewer than four items in common.
    """
    both = people.by_item[["effect"]].join(observer.by_item["effect"], how="inner", rsuffix="_of").dropna()
    if len(both) < FEWEST:
        raise ValueError(f"a correlation over items needs {FEWEST} items that both have, got {len(both)}")
    found = scipy.stats.pearsonr(*both.to_numpy().T)
    ends = found.confidence_interval(level)
    rank = scipy.stats.spearmanr(*both.to_numpy().T).statistic
    return Agreement(
        len(both), float(found.statistic), (float(ends.low), float(ends.high)), float(rank), people.ceiling
    )
