"""Dominance picture by picture: which of two readings people see, and how near an observer comes.

People's side is counts: how many saw either reading of each picture, a CSV of one's own or a trial table. An
observer's side is a share in [0, 1] for each picture, such as what its first pass gives.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import scipy

from experiments.statistics.intervals import proportion_interval
from experiments.trials.reliability import ceiling_of, correlations, spearman_brown
from experiments.trials.trial_table import tested
from experiments.trials.worth import MEASURES, known_column
from stimuli.foundation.texts import some

__all__ = ["Dominance", "counts_of", "dominance", "read_counts", "shares_of"]

COUNTED = ("first", "second")
FEWEST = 3  # items of which a correlation is computed


@dataclass(frozen=True, eq=False)
class Dominance:
    """How an observer's dominance agrees with people's, over items.

    Parameters
    ----------
    n : items that both have.
    rank : Spearman's correlation of the observer's share of the first reading with people's.
    reliability : of people's ranks, from halves of the answers to each item, with Spearman-Brown.
    winner, winner_interval : share of the items in which both have the same winner, and Wilson's interval;
        items without a winner do not count.
    winner_people : the same of two halves of people.
    error : mean distance of people's share from the observer's over the bins of ``calibration``.
    calibration : a row a bin of the observer's share, as many items in each: n, observer and people (means).
    left_out : items that do not enter, and why.
    """

    n: int
    rank: float
    reliability: float
    winner: float
    winner_interval: tuple[float, float]
    winner_people: float
    error: float
    calibration: pd.DataFrame
    left_out: Mapping[str, str]

    @property
    def ceiling(self) -> float:
        """Largest rank correlation that an observer without error can have with people's shares."""
        return ceiling_of(self.reliability)

    def row(self) -> dict[str, float]:
        """Give the numbers as a row of a table."""
        low, high = self.winner_interval
        told = {"n": self.n, "rank": self.rank, "ceiling": self.ceiling}
        told["of_ceiling"] = self.rank / self.ceiling if self.ceiling else float("nan")
        told |= {"winner": self.winner, "winner_low": low, "winner_high": high}
        return told | {"winner_people": self.winner_people, "error": self.error}


def read_counts(path: str | os.PathLike) -> pd.DataFrame:
    """Read how many people saw either reading of each picture.

    Parameters
    ----------
    path : CSV file with the columns item, first and second.

    Returns
    -------
    DataFrame over item: first and second, whole numbers.

    Raises
    ------
    FileNotFoundError : there is no such file.
    ValueError : a column is missing, an item stands twice, or a cell is no count.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"no counts at {path}: give a CSV file with columns item, first and second")
    table = pd.read_csv(path, dtype={"item": str})
    for name in ("item", *COUNTED):
        known_column(table, name, f"a table of counts such as {path}")
    return _checked(table.set_index("item")[list(COUNTED)])


def _checked(counts: pd.DataFrame) -> pd.DataFrame:
    if counts.index.has_duplicates:
        raise ValueError(f"the item {counts.index[counts.index.duplicated()][0]!r} has two rows of counts")
    numbers = counts.apply(pd.to_numeric, errors="coerce")
    wrong = numbers.isna() | (numbers < 0) | (numbers % 1 != 0)
    if wrong.any(axis=None):
        item = wrong.index[wrong.any(axis=1)][0]
        raise ValueError(f"counts are whole numbers from 0; the item {item!r} has {counts.loc[item].tolist()}")
    return numbers.astype(int)


def counts_of(table: pd.DataFrame, first: str, second: str) -> pd.DataFrame:
    """Count people's answers of a trial table: an option, or a column that names the option of each row.

    Returns
    -------
    DataFrame over item: first and second; items with neither are there, with zeros.
    """
    table = tested(table)
    chosen = {name: MEASURES["choice"](table, option) for name, option in zip(COUNTED, (first, second), strict=True)}
    return pd.DataFrame(chosen).groupby(table["item"].to_numpy()).sum().rename_axis("item").astype(int)


def shares_of(table: pd.DataFrame, first: str, second: str) -> pd.Series:
    """Give an observer's share of the first reading at each item, p(first) / (p(first) + p(second)).

    Parameters
    ----------
    table : trial table of one observer, with p(OPTION); without these answers count as 0 and 1.
    first, second : options, or columns that name the option of each row.

    Returns
    -------
    Series over item, in [0, 1]; NaN where it gives neither.
    """
    table = tested(table)
    if table["participant"].nunique() != 1:
        names = some(sorted(table["participant"].unique()))
        raise ValueError(f"shares are of one observer, got {names}: choose one")
    one, other = (MEASURES["choice"](table, option) for option in (first, second))
    sums = pd.DataFrame({"one": one, "both": one + other}).groupby(table["item"].to_numpy()).sum().rename_axis("item")
    return (sums["one"] / sums["both"].where(sums["both"] > 0)).rename("share")


def dominance(
    counts: pd.DataFrame, shares: pd.Series, bins: int = 5, splits: int = 500, seed: int = 0, level: float = 0.95
) -> Dominance:
    """Compare an observer's dominance with people's.

    Parameters
    ----------
    counts : over item, first and second: how many people saw either.
    shares : over item, the observer's share of the first reading, in [0, 1].
    bins : of the calibration.
    splits, seed : random halves of people's answers, and their seed.
    level : coverage of the interval.

    Raises
    ------
    ValueError : a share or a count is none, or fewer than three items are left.
    """
    counts = _checked(counts)
    if (strange := shares[(shares < 0) | (shares > 1)]).size:
        raise ValueError(f"shares lie in [0, 1]; the item {strange.index[0]!r} has {strange.iloc[0]:g}")
    left_out = _left_out(counts, shares)
    kept = counts.index.difference(list(left_out))
    if len(kept) < FEWEST:
        raise ValueError(f"dominance is compared over {FEWEST} items or more that both have, got {len(kept)}")
    first, second = counts.loc[kept].to_numpy().T
    people, observer = first / (first + second), shares.loc[kept].to_numpy(float)
    told = (people != 0.5) & (observer != 0.5)
    same = int(((people > 0.5) == (observer > 0.5))[told].sum())
    reliability, winner_people = _of_halves(first, second, splits, seed)
    calibration = _calibration(observer, people, bins)
    error = np.average((calibration["observer"] - calibration["people"]).abs(), weights=calibration["n"])
    ends = proportion_interval(same, int(told.sum()), level) if told.any() else (np.nan, np.nan)
    return Dominance(
        len(kept), float(scipy.stats.spearmanr(observer, people).statistic), reliability,
        same / int(told.sum()) if told.any() else np.nan, ends, winner_people, float(error), calibration, left_out,
    )  # fmt: skip


def _left_out(counts: pd.DataFrame, shares: pd.Series) -> dict[str, str]:
    """Which items do not enter, and why."""
    without = dict.fromkeys(counts.index[counts.sum(axis=1) == 0], "nobody saw either reading")
    without |= dict.fromkeys(shares.index.difference(counts.index), "people did not see it")
    without |= dict.fromkeys(counts.index.difference(shares.index), "the observer did not see it")
    return without | dict.fromkeys(shares.index[shares.isna()], "the observer gives neither reading")


def _of_halves(first: np.ndarray, second: np.ndarray, splits: int, seed: int) -> tuple[float, float]:
    """Reliability of people's ranks, and how often halves have the same winner."""
    half = (first + second) // 2
    drawn = np.random.default_rng(seed).hypergeometric(first, second, half, (splits, len(first)))
    with np.errstate(invalid="ignore", divide="ignore"):
        one, other = drawn / half, (first - drawn) / (first + second - half)
    there = (half > 0) & np.ones_like(drawn, bool)
    ranks = [scipy.stats.rankdata(np.where(there, of, -1.0), axis=1) for of in (one, other)]
    ranks = [np.where(there, of, np.nan) for of in ranks]
    reliability = float(spearman_brown(np.nanmean(correlations(*ranks)))) if there[0].sum() >= FEWEST else np.nan
    told = there & (one != 0.5) & (other != 0.5)
    return reliability, float(((one > 0.5) == (other > 0.5))[told].mean()) if told.any() else np.nan


def _calibration(observer: np.ndarray, people: np.ndarray, bins: int) -> pd.DataFrame:
    order = np.argsort(observer, kind="stable")
    parts = [part for part in np.array_split(order, bins) if len(part)]
    rows = [(len(part), observer[part].mean(), people[part].mean()) for part in parts]
    return pd.DataFrame(rows, columns=["n", "observer", "people"])
