"""Columns: how a table of answers in somebody's own words becomes a trial table, said in ten lines.

Everything is read as text first, so that nothing is guessed: a cell that is empty, a word that is no number
and a level that is not declared are refused, with the file and the row.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from stimuli.foundation.texts import some

__all__ = ["Columns"]

PER_SECOND = {"s": 1.0, "ms": 1000.0}
SLOWEST_MEDIAN = 20.0  # s; a median above it, or in ms below it as a number, is of the other unit
RIGHT = {"1": 1.0, "0": 0.0, "1.0": 1.0, "0.0": 0.0, "true": 1.0, "false": 0.0}
TEXTS = ("session", "block", "phase", "response", "answer", "item", "instruction")


@dataclass(frozen=True)
class Columns:
    """Columns of CSV files, by what they are in a trial table; those left out ("") are not there.

    Parameters
    ----------
    participant : column, or several whose words are joined.
    rt : reaction time.
    unit : of ``rt``.
    correct : whether the answer is right, as 1 and 0 or true and false.
    response, answer : what was answered, and what is right.
    session, block, phase, item, instruction : as in a trial table.
    factors : columns of further factors by the factor's name.
    numbers : factors that are numbers.
    levels : by column, what is to stand for each of its words; other words are refused.
    none : words for no reaction time, or no answer.
    early : answers before the onset, whose reaction time is negative, count as answers without one; they are
        refused otherwise.
    header : names of the columns where the files have none.
    name : pattern (a regular expression) of the files' names; its named groups are columns.
    """

    participant: str | tuple[str, ...]
    rt: str = ""
    unit: Literal["s", "ms"] = "s"
    correct: str = ""
    response: str = ""
    answer: str = ""
    session: str = ""
    block: str = ""
    phase: str = ""
    item: str = ""
    instruction: str = ""
    factors: Mapping[str, str] = field(default_factory=dict)
    numbers: tuple[str, ...] = ()
    levels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    none: tuple[str, ...] = ()
    early: bool = False
    header: tuple[str, ...] = ()
    name: str = ""

    def __call__(self, paths: Sequence[Path]) -> pd.DataFrame:
        """Read files, one below the other.

        Returns
        -------
        DataFrame, a row a trial, with columns of a trial table; rt in s.

        Raises
        ------
        ValueError : a file is no such table, or two hold the same session of a participant.
        """
        tables = [self._one(Path(path)) for path in paths]
        _check_sessions(tables, paths)
        table = pd.concat(tables, ignore_index=True)
        table["trial"] = table.groupby(["participant", "session"]).cumcount() + 1
        return table

    @property
    def _named(self) -> dict[str, str]:
        """The single columns that are read, by what they are."""
        told = {name: getattr(self, name) for name in (*TEXTS, "rt", "correct")}
        return {name: column for name, column in told.items() if column} | dict(self.factors)

    @property
    def _who(self) -> tuple[str, ...]:
        """Columns that tell the participant."""
        return (self.participant,) if isinstance(self.participant, str) else self.participant

    def _one(self, path: Path) -> pd.DataFrame:
        raw = self._raw(path)
        first, *more = self._who
        table = pd.DataFrame({"participant": raw[first].str.cat([raw[part] for part in more], " ")})
        for name, column in self._named.items():
            table[name] = raw[column]
        if "session" not in table:
            table["session"] = "1"
        if "response" in table:
            table["response"] = table["response"].where(~table["response"].isin(self.none), "")
        if "correct" in table:
            told = table["correct"].str.lower().map(RIGHT)
            table["correct"] = _numbers(told, table["correct"], path, self.correct)
        for name in self.numbers:
            told = pd.to_numeric(table[name], "coerce")
            table[name] = _numbers(told, table[name], path, self.factors[name])
        if "rt" in table:
            table["rt"] = self._seconds(table["rt"], path)
        return table

    def _raw(self, path: Path) -> pd.DataFrame:
        """The columns that are read, as text, with the parts of the file's name."""
        found = re.search(self.name, path.name)
        if found is None:
            raise ValueError(f"{path} is not named as these files are ({self.name})")
        parts = {name: part or "" for name, part in found.groupdict().items()}
        wanted = [name for name in dict.fromkeys([*self._who, *self._named.values()]) if name not in parts]
        try:
            given = {"names": list(self.header), "header": None} if self.header else {}
            header = self.header or tuple(pd.read_csv(path, nrows=0).columns)
            _check_header(wanted, header, path)
            raw = pd.read_csv(path, dtype=str, keep_default_na=False, usecols=wanted, **given)
        except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
            raise ValueError(f"{path} is no table of answers ({error}): give a CSV file in UTF-8") from error
        for column in wanted:
            _check_empty(raw[column], path, "" in self.none and column in (self.rt, self.response))
        for name, part in parts.items():
            raw[name] = part
        for column, levels in self.levels.items():
            raw[column] = _renamed(raw[column], levels, path)
        return raw

    def _seconds(self, given: pd.Series, path: Path) -> pd.Series:
        """Reaction times in s; NaN where there is none."""
        told = given.where(~given.isin(self.none))
        times = _numbers(pd.to_numeric(told, "coerce"), told, path, self.rt)
        middle = times.median()
        slow, other = middle > SLOWEST_MEDIAN, "ms" if self.unit == "s" else "s"
        if slow if self.unit == "s" else 0 < middle < SLOWEST_MEDIAN:
            raise ValueError(
                f"the median of {self.rt} in {path} is {middle:g}, which are no {self.unit} as declared: "
                f"declare unit={other!r}, or mend the file"
            )
        times = times / PER_SECOND[self.unit]
        return times.where(times >= 0) if self.early else times


def _check_header(wanted: list[str], header: Sequence[str], path: Path) -> None:
    if lacking := [column for column in wanted if column not in header]:
        near = difflib.get_close_matches(lacking[0], header, 3, 0.5)
        meant = f"did you mean {' or '.join(near)}?" if near else f"it has {some(list(header), 12)}"
        raise ValueError(f"{path} lacks the column {lacking[0]!r}: {meant}")


def _check_empty(column: pd.Series, path: Path, allowed: bool) -> None:
    empty = np.flatnonzero(column == "")
    if len(empty) and not allowed:
        raise ValueError(
            f"{len(empty)} cells of the column {column.name!r} of {path} are empty, the first in row {empty[0] + 1}: "
            "fill them in, or declare the empty word as none"
        )


def _renamed(column: pd.Series, levels: Mapping[str, str], path: Path) -> pd.Series:
    unknown = column[~column.isin(list(levels))]
    if len(unknown):
        raise ValueError(
            f"{len(unknown)} trials of {path} have {column.name} = {unknown.iloc[0]!r}, which is not declared: "
            f"expected {some(list(levels), 12)}"
        )
    return column.map(levels)


def _numbers(numbers: pd.Series, given: pd.Series, path: Path, column: str) -> pd.Series:
    """Numbers, refused where a word is none."""
    wrong = np.flatnonzero(numbers.isna() & given.notna())
    if len(wrong):
        raise ValueError(
            f"{len(wrong)} cells of the column {column!r} of {path} are not numbers of its kind, the first "
            f"{given.iloc[wrong[0]]!r} in row {wrong[0] + 1}"
        )
    return numbers


def _check_sessions(tables: Sequence[pd.DataFrame], paths: Sequence[Path]) -> None:
    """Refuse two files of one participant and session."""
    seen: dict[tuple[str, str], Path] = {}
    for table, path in zip(tables, paths, strict=True):
        for who in table[["participant", "session"]].drop_duplicates().itertuples(index=False, name=None):
            if who in seen:
                raise ValueError(
                    f"{seen[who]} and {path} are both of the participant {who[0]}, session {who[1]}: give one of them"
                )
            seen[who] = path
