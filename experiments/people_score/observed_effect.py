"""An effect of one observer: its trained networks and the stimuli are samples of others of their kind."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from experiments.statistics.resampling import cohens_dz, statistic_samples
from experiments.trials.effects import Effect, chosen, effect_of

__all__ = ["Observed", "observed_effect"]


@dataclass(frozen=True, eq=False)
class Observed:
    """An effect of an observer.

    Parameters
    ----------
    mean, interval : over its trained networks, each as the effect of a participant; and 95 % interval over
        networks and items.
    d : mean over standard deviation of the items' effects (dz); where no item has both levels, over the
        standard deviation of the items of a level.
    share : of the items, those that show it; NaN where no item has both levels.
    by_seed : effect of each trained network.
    items : that enter.
    accuracy : share of right answers in the trials that count; NaN where nothing is right.
    """

    mean: float
    interval: tuple[float, float]
    d: float
    share: float
    by_seed: pd.Series
    items: int
    accuracy: float


def observed_effect(table: pd.DataFrame, effect: Effect, n: int = 2000, seed: int = 0) -> Observed:
    """Compute an effect from the trial table of one observer.

    Parameters
    ----------
    table : trial table, whose column ``session`` tells its trained networks.
    effect : one of means.
    n, seed : bootstrap samples of networks and items, drawn independently (Owen 2007, Ann. Appl. Stat. 1), and
        their seed.

    Raises
    ------
    ValueError : the table lacks a column or a level.
    """
    table = table.assign(participant=table["session"].astype(str))
    found, trials = effect_of(table, effect, splits=1), chosen(table, effect)
    cells = _cells(trials.table, trials.values, trials.high)
    _, samples = statistic_samples([_contrast(of) for of in cells], cells.shape[1], n, seed)
    each = cells.mean(0)  # (item, level)
    differences = each[:, 1] - each[:, 0]
    paired = ~np.isnan(differences).all()
    low, high = np.nanquantile(samples[:, 0], (0.025, 0.975))
    return Observed(
        found.mean,
        (float(low), float(high)),
        cohens_dz(differences) if paired else found.mean / _spread(each),
        float((differences[~np.isnan(differences)] > 0).mean()) if paired else float("nan"),
        found.by_participant["effect"],
        len(each),
        float(trials.table["correct"].mean()),
    )


def _cells(table: pd.DataFrame, values: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Mean (network, item, level), low first; NaN where there is no trial."""
    frame = pd.DataFrame({"seed": table["session"], "item": table["item"], "level": high, "value": values})
    wide = frame.groupby(["seed", "item", "level"])["value"].mean().unstack("level")
    seeds = wide.index.get_level_values("seed").unique()
    items = wide.index.get_level_values("item").unique()
    whole = wide.reindex(pd.MultiIndex.from_product([seeds, items]), columns=[False, True])
    return whole.to_numpy().reshape(len(seeds), len(items), 2)


def _contrast(cells: np.ndarray):
    """Mean of the high level minus that of the low one, by how often each item (sample, item) is picked."""
    there = ~np.isnan(cells)

    def statistic(picked: np.ndarray) -> np.ndarray:
        with np.errstate(invalid="ignore"):
            low, high = ((picked @ np.where(there, cells, 0.0)) / (picked @ there.astype(float))).T
        return (high - low)[:, None]

    return statistic


def _spread(each: np.ndarray) -> float:
    """Standard deviation within the two levels together, of items (item, level)."""
    low, high = (column[~np.isnan(column)] for column in each.T)
    squares = low.var() * len(low) + high.var() * len(high)
    return float(np.sqrt(squares / max(1, len(low) + len(high) - 2)))
