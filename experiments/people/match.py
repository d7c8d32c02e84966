"""Matches: which task shows observers what people of a source did, and what of it stands for what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pandas as pd

from experiments.trials.effects import Effect, Level
from experiments.trials.trim import Trim

__all__ = ["Fitting", "Match", "levels_of"]

SMALLER_IS_BETTER = ("rt", "duration")


@dataclass(frozen=True)
class Fitting:
    """Conditions of people to which a link from margins to reaction times is fitted; all others test it.

    They are part of the declaration, so that they are named before anything is fitted.

    Parameters
    ----------
    by : people's factors whose levels, with commas between, make the conditions.
    conditions : those that are fitted.
    moments : what is fitted; the link's own, if left out.
    """

    by: tuple[str, ...]
    conditions: tuple[str, ...]
    moments: tuple[str, ...] = ()


@dataclass(frozen=True)
class Match:
    """How observers are asked what people were asked.

    Parameters
    ----------
    probe : whose task observers do, under instructions of the task.
    levels : by people's factor, the column of the observers' trial table that stands for it, and the
        observers' level by people's level. Effects whose levels are all named are compared.
    stands : by people's measure, the observers' that stands for it; others are the same. A margin stands for
        a reaction time with its sign turned: what is slow has a small margin.
    display : fields of the parameters of the stimulus family, over those of the task.
    told : by instruction, the condition of the probe by which observers are told what the task tells people
        alone.
    pictures : field of the family's parameters that names a folder of pictures, which a user gives; "" where
        stimuli are drawn.
    item : variable of the stimuli that names the picture by its file, as people's ``item`` does, so that effects
        can be compared picture by picture; "" where people saw others.
    no_items : why people and observers have no items in common.
    fitting : conditions to which a link to reaction times is fitted; None where it is to no measure of these.
    differs : what of the observers' task is not as people's, in whole sentences.
    by_dimension : the same, where a file of dimensions tells observers what instructions name.
    """

    probe: str
    levels: Mapping[str, tuple[str, Mapping[Level, object]]]
    stands: Mapping[str, str] = field(default_factory=lambda: {"rt": "margin"})
    display: Mapping[str, object] = field(default_factory=dict)
    told: Mapping[str, str] = field(default_factory=dict)
    pictures: str = ""
    item: str = ""
    no_items: str = ""
    fitting: Fitting | None = None
    differs: str = ""
    by_dimension: str = ""

    def lacks(self, effect: Effect) -> str:
        """Say what of an effect observers are not shown; "" where they are shown all."""
        for factor, levels in levels_of(effect).items():
            known = self.levels.get(factor, ("", {}))[1]
            if missing := [level for level in levels if level not in known]:
                return f"{factor} = {missing[0]}"
        return ""

    def of_observers(self, effect: Effect) -> Effect:
        """Give the effect as it is computed of observers, positive where it is as people's.

        All answers count, and each observer has all levels.
        """
        measure = self.stands.get(effect.measure, effect.measure)
        turned = effect.measure in SMALLER_IS_BETTER and measure not in SMALLER_IS_BETTER
        high, low = (effect.low, effect.high) if turned else (effect.high, effect.low)
        own = {"high": high, "low": low, "measure": measure, "between": False, "trim": Trim()}
        return replace(effect, **own, statistic=effect.statistic if measure == effect.measure else "mean")

    def timed(self, effect: Effect) -> Effect:
        """Give an effect on reaction times as it is computed of observers whose times a link predicts."""
        return replace(effect, between=False, trim=Trim(), statistic="mean")

    def recoded(self, table: pd.DataFrame) -> pd.DataFrame:
        """Give the observers' trial table with people's factors and levels; "" where people have no such level."""
        columns = {}
        for factor, (column, levels) in self.levels.items():
            named = {theirs: level for level, theirs in levels.items()}
            columns[factor] = [named.get(value, "") for value in table[column].tolist()]
        return table.assign(**columns)


def levels_of(effect: Effect) -> dict[str, tuple]:
    """Give the levels of each factor that count for an effect."""
    compared = (*_several(effect.high), *_several(effect.low))
    return {effect.factor: compared} | {name: _several(level) for name, level in effect.where.items()}


def _several(level: Level) -> tuple:
    return level if isinstance(level, tuple) else (level,)
