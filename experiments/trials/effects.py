"""Effects: a contrast of two conditions, of people and observers, with its interval and reliability.

An effect is declared once and computed from any trial table::

    flankers = Effect("flankers", "flanker", high="incongruent", low="congruent", trim=Trim(fastest=0.2))
    result = effect_of(table, flankers)
    result.mean, result.interval, result.dz, result.reliability, result.ceiling
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import pandas as pd
import scipy

from experiments.statistics.intervals import student_interval
from experiments.statistics.resampling import cohens_dz
from experiments.trials.cells import SCALES, STATISTICS, Cells, cells_of, halves, summed_d_prime
from experiments.trials.reliability import ceiling_of, split_half
from experiments.trials.trial_table import tested
from experiments.trials.trim import Trim
from experiments.trials.worth import MEASURES, UNITS, known_column

__all__ = ["Chosen", "Effect", "Result", "chosen", "effect_of"]

Level = str | float | tuple[str | float, ...]


@dataclass(frozen=True)
class Effect:
    """A contrast of conditions: what ``high`` has more of than ``low``.

    Parameters
    ----------
    name : what it is called, in a few words.
    factor : column of the trial table whose levels are compared.
    high, low : the levels; a tuple stands for all its levels together.
    measure : reaction time in s (of right answers, where there are such), accuracy, d', how often an option
        is chosen, duration in s (column ``duration``), or margin: the logarithm of the probability of the
        right option over that of the next one, of observers alone.
    option : option whose choice counts, and which is the signal of d'; a column's name means the option
        that stands in this column.
    where : levels of other columns to which the trials are confined.
    statistic : of a participant's trials: mean, median, or mean of logarithms.
    trim : which trials and participants count.
    between : each participant has one of the levels alone.
    """

    name: str
    factor: str
    high: Level
    low: Level
    measure: Literal["rt", "accuracy", "d_prime", "choice", "duration", "margin"] = "rt"
    option: str = ""
    where: Mapping[str, Level] = field(default_factory=dict)
    statistic: Literal["mean", "median", "log"] = "mean"
    trim: Trim = Trim()
    between: bool = False

    def __post_init__(self) -> None:
        for what, given, known in (("measure", self.measure, MEASURES), ("statistic", self.statistic, STATISTICS)):
            if given not in known:
                raise ValueError(f"{what} of the effect {self.name!r} is one of {', '.join(known)}, got {given!r}")
        if self.measure in ("choice", "d_prime") and not self.option:
            raise ValueError(f"the effect {self.name!r} is one on {self.measure}: say of which option")
        if shared := {*_levels(self.high)} & {*_levels(self.low)}:
            raise ValueError(f"high and low of the effect {self.name!r} share {', '.join(map(str, shared))}")
        if self.statistic != "mean" and self.measure not in ("rt", "duration"):
            raise ValueError(f"medians and logarithms are of times; the effect {self.name!r} is on {self.measure}")

    @property
    def unit(self) -> str:
        """Unit of the effect."""
        return f"ln {UNITS[self.measure]}" if self.statistic == "log" else UNITS[self.measure]

    def by(self, trim: Trim | None = None, **changes) -> Effect:
        """Give the same effect computed in another way, such as ``statistic="median"``."""
        return replace(self, **changes) if trim is None else replace(self, trim=trim, **changes)


@dataclass(frozen=True, eq=False)
class Result:
    """An effect in some trials.

    Parameters
    ----------
    effect : which one.
    by_participant : a row a participant: high, low, effect (NaN where there is no trial of a level), and
        how many trials of each level count, n_high and n_low.
    mean, interval : of the effect, and Student's interval of the mean; of groups, Welch's.
    dz : mean over standard deviation of the participants' effects (Cohen 1988); of groups, d.
    share : of the participants, those that show the effect; of groups, of the pairs.
    reliability : split-half with Spearman-Brown, over participants; NaN of groups, and of one or two.
    means : of high and low, over all who have trials of it.
    pooled, pooled_interval : the effect in all trials as if they were one participant's, and Welch's
        interval over trials (of means): that of a single observer.
    trials : that count.
    trimmed : trials that ``trim`` leaves out.
    left_out : participants that do not enter, and why.
    """

    effect: Effect
    by_participant: pd.DataFrame
    mean: float
    interval: tuple[float, float]
    dz: float
    share: float
    reliability: float
    means: tuple[float, float]
    pooled: float
    pooled_interval: tuple[float, float]
    trials: int
    trimmed: int
    left_out: Mapping[str, str]

    @property
    def n(self) -> int:
        """Participants that enter."""
        if self.effect.between:
            return len(self.by_participant)
        return int(self.by_participant["effect"].notna().sum())

    @property
    def ceiling(self) -> float:
        """Largest correlation over participants that a measure without error can have with the effect."""
        return ceiling_of(self.reliability)

    def row(self) -> dict[str, object]:
        """Give the numbers as a row of a table."""
        low, high = self.interval
        told = {"effect": self.effect.name, "measure": self.effect.measure, "unit": self.effect.unit}
        told |= {"n": self.n, "mean": self.mean, "mean_low": low, "mean_high": high, "dz": self.dz}
        told |= {"share": self.share, "reliability": self.reliability, "ceiling": self.ceiling}
        return told | {"trials": self.trials, "trimmed": self.trimmed, "left_out": len(self.left_out)}


@dataclass(frozen=True, eq=False)
class Chosen:
    """Trials of an effect that count.

    Parameters
    ----------
    table : these trials.
    values : (trial,) what each is worth, on the scale on which trials are averaged.
    high : (trial,) whether it is of the high level.
    strata : (trial,) whole numbers of what halves of the trials share evenly.
    trimmed : trials that are left out.
    left_out : participants that are left out, and why.
    """

    table: pd.DataFrame
    values: np.ndarray
    high: np.ndarray
    strata: np.ndarray
    trimmed: int
    left_out: dict[str, str]


def _levels(level: Level) -> tuple:
    return level if isinstance(level, tuple) else (level,)


def _of_level(column: pd.Series, level: Level, effect: Effect) -> np.ndarray:
    """Whether each row is of a level; refuses levels that no row has."""
    there = column.isin(_levels(level)).to_numpy()
    if absent := [of for of in _levels(level) if not (column == of).any()]:
        found = ", ".join(map(str, sorted(column.unique(), key=str)[:12]))
        what = f"{column.name} = {absent[0]!r}"
        raise ValueError(f"the effect {effect.name!r}: no trial has {what}; there are {found}")
    return there


def chosen(table: pd.DataFrame, effect: Effect) -> Chosen:
    """Choose the trials of a table that count for an effect.

    Raises
    ------
    ValueError : the table lacks a column or a level, or nothing is left.
    """
    table = tested(table)
    what = f"the effect {effect.name!r}"
    for name in (effect.factor, *effect.where):
        known_column(table, name, what)
    left_out = effect.trim.participants(table)
    kept = ~table["participant"].isin(list(left_out)).to_numpy()
    for name, level in effect.where.items():
        kept &= _of_level(table[name], level, effect)
    high, low = (_of_level(table[effect.factor], level, effect) for level in (effect.high, effect.low))
    table = table[kept & (high | low)]
    compared = table["participant"].unique()
    if effect.measure == "rt":
        table = table[(table["correct"] != 0) & table["rt"].notna()]  # NaN where no answer is right
    counts = effect.trim.counts(table)
    trimmed, table = int((~counts).sum()), table[counts]
    values = MEASURES[effect.measure](table, effect.option)
    there = ~np.isnan(values)
    table, values = table[there], SCALES.get(effect.statistic, np.asarray)(values[there])
    if not len(table):
        raise ValueError(f"{what}: no trial is left that has a {effect.measure} in the levels compared")
    left_out |= dict.fromkeys(np.setdiff1d(compared, table["participant"].unique()), "no trial that counts")
    strata = pd.factorize(table[effect.factor])[0]
    strata = 2 * strata + (values > 1) if effect.measure == "d_prime" else strata
    of_high = table[effect.factor].isin(_levels(effect.high)).to_numpy()
    return Chosen(table, values, of_high, strata, trimmed, left_out)


def effect_of(table: pd.DataFrame, effect: Effect, splits: int = 500, seed: int = 0, level: float = 0.95) -> Result:
    """Compute an effect from a trial table, of people or of observers.

    Parameters
    ----------
    table : trial table; practice and catch trials do not count.
    effect : which effect.
    splits, seed : random halves of the trials for the reliability, and their seed.
    level : coverage of the interval.

    Returns
    -------
    Result.

    Raises
    ------
    ValueError : the table lacks a column or a level, or nobody has trials of both levels.
    """
    trials = chosen(table, effect)
    numbers, names = pd.factorize(trials.table["participant"], sort=True)
    cells = cells_of(trials.values, 2 * numbers + trials.high, 2 * len(names), trials.strata)
    cells = Cells(*(of.reshape(len(names), 2, -1) for of in cells))
    summed = summed_d_prime if effect.measure == "d_prime" else STATISTICS[effect.statistic]
    low, high = summed(cells.values).T
    counted = (~np.isnan(cells.values)).sum(-1).T
    frame = {"high": high, "low": low, "effect": high - low, "n_high": counted[1], "n_low": counted[0]}
    frame = pd.DataFrame(frame, index=pd.Index(names, name="participant"))
    left_out = trials.left_out | ({} if effect.between else _without(frame, effect))
    told = _of_groups(frame, effect, level) if effect.between else _of_participants(frame["effect"], effect, level)
    if not effect.between:
        told["reliability"] = _reliability(cells, summed, splits, seed)
    told["pooled"], told["pooled_interval"] = _pooled(trials, summed, effect, level)
    means = tuple(float(of[~np.isnan(of)].mean()) for of in (high, low))
    return Result(
        effect, frame, **told, means=means, trials=len(trials.table), trimmed=trials.trimmed, left_out=left_out
    )


def _pooled(trials: Chosen, summed: Callable, effect: Effect, level: float) -> tuple[float, tuple[float, float]]:
    """The effect whoever's the trials are, and its interval, where it is a difference of means."""
    found = float(np.diff(summed(cells_of(trials.values, trials.high.astype(int), 2).values))[0])
    if effect.statistic == "median" or effect.measure == "d_prime":
        return found, (float("nan"), float("nan"))
    return found, _welch(trials.values[trials.high], trials.values[~trials.high], level)


def _without(frame: pd.DataFrame, effect: Effect) -> dict[str, str]:
    """Who has no trial of a level."""
    return {
        who: f"no trial of {effect.factor} = {getattr(effect, side)}"
        for side in ("high", "low")
        for who in frame.index[frame[side].isna()]
    }


def _reliability(cells: Cells, summed: Callable[[np.ndarray], np.ndarray], splits: int, seed: int) -> float:
    """Of the participants' effects, from halves of their trials."""
    pairs = [[np.subtract(*summed(half).T[::-1]) for half in pair] for pair in halves(cells, splits, seed)]
    return split_half(*np.array(pairs).swapaxes(0, 1))


def _of_participants(given: pd.Series, effect: Effect, level: float) -> dict:
    effects = given.dropna().to_numpy()
    if not effects.size:
        raise ValueError(
            f"the effect {effect.name!r}: no participant has trials of both {effect.high} and {effect.low}; "
            "where each has one of them, the effect is between participants"
        )
    told = {"mean": float(effects.mean()), "interval": student_interval(effects, level)}
    return told | {"dz": cohens_dz(effects), "share": float((effects > 0).mean())}


def _of_groups(frame: pd.DataFrame, effect: Effect, level: float) -> dict:
    """Difference of two groups, Welch's interval (1947), d of the pooled spread, and the share of pairs."""
    if len(both := frame.index[frame["effect"].notna()]):
        raise ValueError(
            f"the effect {effect.name!r} is between participants, and {both[0]} has trials of both levels: "
            "compute it within participants (between=False)"
        )
    high, low = (frame[side].dropna().to_numpy() for side in ("high", "low"))
    if min(len(high), len(low)) < 2:
        raise ValueError(f"the effect {effect.name!r} is between groups of two participants or more")
    squares = high.var() * len(high) + low.var() * len(low)
    mean, spread = float(high.mean() - low.mean()), np.sqrt(squares / (len(high) + len(low) - 2))
    pairs = (high[:, None] > low).mean() + (high[:, None] == low).mean() / 2
    told = {"mean": mean, "interval": _welch(high, low, level), "dz": float(mean / spread)}
    return told | {"share": float(pairs), "reliability": float("nan")}


def _welch(high: np.ndarray, low: np.ndarray, level: float) -> tuple[float, float]:
    """Interval of a difference of means of two samples; NaN where one has fewer than two members."""
    if min(len(high), len(low)) < 2:
        return float("nan"), float("nan")
    found = scipy.stats.ttest_ind(high, low, equal_var=False).confidence_interval(level)
    return float(found.low), float(found.high)
