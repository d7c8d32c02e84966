"""The trial table: a row for each answer of a person or an observer, the same columns for all.

Columns that stand in ``COLUMNS`` mean the same in every table. ``p(OPTION)`` is the probability that an
observer gives an option. Every other column is a factor of the experiment (validity, soa, set_size ...).
The attribute ``levels`` of a table ({column: [level, ...]}) tells the order of a design's conditions.
"""

from __future__ import annotations

import difflib
import io
import json
import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from absvit.records.vocabulary import described

__all__ = [
    "COLUMNS", "KINDS", "PHASES", "Column", "as_dataset", "as_frame", "factors", "in_order", "options", "read",
    "tested", "trial_table", "write_csv",
]  # fmt: skip


@dataclass(frozen=True)
class Column:
    """A column of every trial table.

    Parameters
    ----------
    text : what it is.
    unit : "1" where it has none.
    default : what it holds where nothing is known; its type is the column's. None: the column must be there.
    """

    text: str
    unit: str
    default: str | int | float | None


COLUMNS = {
    "participant": Column("who answered: a person's code, or an observer's name with its mechanisms", "1", None),
    "kind": Column("person or model", "1", None),
    "study": Column("version of the study, or the source of the trials", "1", ""),
    "session": Column("sitting of the participant; of an observer its seed", "1", "1"),
    "list": Column("number of the participant's list of trials; 0 = none", "1", 0),
    "block": Column("block of the session, from 1; 0 = unknown", "1", 0),
    "phase": Column("practice, test or catch", "1", "test"),
    "trial": Column("place in the session, from 1", "1", None),
    "item": Column("what was shown: the stimulus", "1", ""),
    "instruction": Column("what the participant was told to attend to", "1", ""),
    "response": Column("option that was answered; empty = none", "1", ""),
    "answer": Column("option that is right; empty = there is none", "1", ""),
    "correct": Column("1 = right, 0 = wrong or no answer; NaN = nothing is right", "1", np.nan),
    "rt": Column("from the onset of what is answered to the response; NaN = none", "s", np.nan),
    "onset_error": Column("mean absolute error of the frames' onsets; NaN = not measured", "s", np.nan),
    "missed_frames": Column("frames of the display that came late; -1 = not counted", "1", -1),
    "early": Column("times that an answer was tried before the target came; -1 = not counted", "1", -1),
    "told": Column("how an observer was told it: nothing, prior, words, cannot; empty = people", "1", ""),
    "excluded": Column("why analyses leave the trial out, by a rule that was stated; empty = they do not", "1", ""),
}
KINDS, PHASES = ("person", "model"), ("practice", "test", "catch")
OPTION = "p({})"
BESIDE = {
    "row": ("row of the trial table", "1"),
    "option": ("option of the answer", "1"),
    "probability": ("probability that the observer gives the option", "1"),
}
TAKEN = {"done", *BESIDE}  # what a record holds besides the columns
IDENTITY = ["kind", "participant", "study", "session", "block", "phase", "trial", "item", "instruction"]


def trial_table(trials: pd.DataFrame) -> pd.DataFrame:
    """Make a trial table of columns that are there: checks them, fills in the others, puts them in order.

    Parameters
    ----------
    trials : participant, kind, trial, and at least one of response, correct and rt; further columns of
        ``COLUMNS``, p(OPTION), and factors. Where ``correct`` is missing it is whether response equals
        answer.

    Returns
    -------
    DataFrame, a row a trial: ``COLUMNS`` in their order, factors, then p(OPTION).

    Raises
    ------
    ValueError : a column is missing or holds what it cannot.
    """
    table = trials.reset_index(drop=True).copy()
    table.columns = table.columns.map(str)
    _check_columns(table)
    for name, column in COLUMNS.items():
        if name == "correct" and name not in table:
            table[name] = _correct(table)
        elif name not in table:
            table[name] = column.default
        table[name] = _typed(table[name], name, column)
    for name, known in (("kind", KINDS), ("phase", PHASES)):
        if strange := sorted(set(table[name]) - set(known)):
            raise ValueError(f"{name} is {', '.join(known)} in a trial table, got {strange[0]!r}")
    if negative := (table["rt"] < 0).sum():
        raise ValueError(f"{negative} trials have a negative rt, the first {table['rt'][table['rt'] < 0].iloc[0]} s")
    for name in options(table):
        table[name] = pd.to_numeric(table[name])
    for name in factors(table):
        if table[name].dtype.kind not in "biuf":
            table[name] = _words(table[name])
    return table[[*COLUMNS, *factors(table), *options(table)]]


def _check_columns(table: pd.DataFrame) -> None:
    needed = [name for name, column in COLUMNS.items() if column.default is None]
    if lacking := [name for name in needed if name not in table]:
        near = difflib.get_close_matches(lacking[0], table.columns, 1, 0.5)
        meant = f" (did you mean {near[0]!r}?)" if near else ""
        raise ValueError(f"a trial table needs the column {lacking[0]!r}{meant}; there are {', '.join(table.columns)}")
    if not {"response", "correct", "rt"} & {*table.columns}:
        raise ValueError("a trial table needs what was answered: response, correct or rt")
    if len(set(table.columns)) < len(table.columns):
        raise ValueError(f"columns have the same name: {table.columns[table.columns.duplicated()][0]!r}")


def _typed(values: pd.Series, name: str, column: Column) -> pd.Series:
    """A column of ``COLUMNS`` as its default's type; missing words are empty."""
    if isinstance(column.default, str) or name in ("participant", "kind"):
        return _words(values)
    whole = isinstance(column.default, int) or name == "trial"
    try:
        numbers = pd.to_numeric(values if values.dtype != bool else values.astype(float))
        return numbers.astype(np.int64 if whole else np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"the column {name} of a trial table holds numbers ({column.text}): {error}") from error


def _words(values: pd.Series) -> pd.Series:
    """Values as words; missing ones are empty."""
    words = values.astype(object)
    return words.where(words.notna(), "").astype(str).astype(object)


def _correct(table: pd.DataFrame) -> pd.Series:
    """Whether the answer is the right one; NaN where no answer is right, or answers are not told."""
    if not {"response", "answer"} <= {*table.columns}:
        return pd.Series(np.nan, table.index)
    right = (table["response"] == table["answer"]).astype(float)
    return right.where(table["answer"].fillna("").astype(str) != "")


def options(table: pd.DataFrame) -> list[str]:
    """Name the columns of probabilities, p(OPTION), in their order."""
    return [name for name in table.columns if name.startswith("p(") and name.endswith(")")]


def factors(table: pd.DataFrame) -> list[str]:
    """Name the factors of the experiment: columns that are neither of ``COLUMNS`` nor probabilities."""
    apart = {*COLUMNS, *options(table)}
    return [name for name in table.columns if name not in apart]


def tested(table: pd.DataFrame) -> pd.DataFrame:
    """Give the trials of the test, without practice and catch trials and those that are excluded."""
    return table[(table["phase"] == "test") & (table["excluded"] == "")]


def in_order(frame: pd.DataFrame, by: Sequence[str], levels: Mapping[str, Sequence]) -> pd.DataFrame:
    """Sort rows by columns: levels in the order that is told, others behind them by size or the alphabet."""

    def rank(column: pd.Series) -> pd.Series:
        if not (told := levels.get(column.name)):
            return column
        rest = sorted(set(column) - set(told))
        return column.map({level: place for place, level in enumerate([*told, *rest])})

    return frame.sort_values([*by], key=rank, kind="stable", ignore_index=True) if by else frame


def as_dataset(table: pd.DataFrame, attributes: dict | None = None) -> xr.Dataset:
    """Give a trial table as a Dataset.

    Returns
    -------
    Dataset over ``row``, a variable a column, and ``probability`` (row, option) where there are p(OPTION);
    with long names and units. The attribute ``factors`` names the factors.

    Raises
    ------
    ValueError : a factor is called as a variable of such a Dataset.
    """
    table = trial_table(table)
    if taken := sorted(TAKEN & {*factors(table)}):
        raise ValueError(f"a factor of a trial table is not called {taken[0]!r}, which its record needs: rename it")
    named, variables = options(table), {}
    for name in table.columns.drop(named):
        values = table[name].to_numpy()
        variables[name] = ("row", values if values.dtype.kind in "biuf" else values.astype(object))
    coordinates = {"row": np.arange(len(table))}
    if named:
        variables["probability"] = (("row", "option"), table[named].to_numpy(float))
        coordinates["option"] = np.array([name[2:-1] for name in named], object)
    kept = {"title": "trials", **(attributes or {}), "factors": factors(table)}
    kept |= {"levels": json.dumps(table.attrs["levels"], ensure_ascii=False)} if "levels" in table.attrs else {}
    words = {name: (name.replace("_", " "), "1") for name in factors(table)}
    words |= {name: (column.text, column.unit) for name, column in COLUMNS.items()}
    return described(xr.Dataset(variables, coordinates, kept), {**words, **BESIDE})


def as_frame(trials: xr.Dataset) -> pd.DataFrame:
    """Give such a Dataset, or one that was stored, as a trial table again."""
    names = [name for name in trials.data_vars if trials[name].dims == ("row",)]
    ordered = [*COLUMNS, *trials.attrs.get("factors", [])]  # a store has an order of its own
    names.sort(key=lambda name: ordered.index(name) if name in ordered else len(ordered))
    told = {name: trials[name].values for name in names}
    if not np.all(told.pop("done", 1)):  # the marks of a record
        raise ValueError("it was not written to its end: write it anew")
    if "probability" in trials:
        named = map(OPTION.format, trials["option"].values)
        told |= dict(zip(named, trials["probability"].transpose("option", "row").values, strict=True))
    table = trial_table(pd.DataFrame(told))
    table.attrs["levels"] = json.loads(trials.attrs.get("levels", "{}"))
    return table


def read(paths: str | os.PathLike | Sequence[str | os.PathLike]) -> pd.DataFrame:
    """Read trial tables, CSV or Zarr, one below the other.

    Raises
    ------
    FileNotFoundError : a file is missing.
    ValueError : a file is no trial table, or two hold the same trial.

    Warns
    -----
    UserWarning : the trials are of several studies, or of several versions of one.
    """
    given = [Path(path) for path in ([paths] if isinstance(paths, str | os.PathLike) else paths)]
    if not given:
        raise ValueError("name at least one table of trials, CSV or .zarr")
    tables = [_opened(path) for path in given]
    seen: dict[tuple, Path] = {}
    for path, table in zip(given, tables, strict=True):
        trials = [*table[IDENTITY].drop_duplicates().itertuples(index=False, name=None)]
        if twice := next((trial for trial in trials if trial in seen), None):
            told = ", ".join(f"{name} {value}" for name, value in zip(IDENTITY, twice, strict=True) if value != "")
            raise ValueError(f"{seen[twice]} and {path} hold the same trial ({told}): give each trial once")
        seen |= dict.fromkeys(trials, path)
    whole = trial_table(pd.concat(tables, ignore_index=True))
    whole.attrs["levels"] = {name: of for table in reversed(tables) for name, of in table.attrs["levels"].items()}
    if len(studies := sorted({*whole["study"]} - {""})) > 1:
        told = ", ".join(studies)
        warnings.warn(f"trials of {len(studies)} studies, or versions of one, in one table: {told}", stacklevel=2)
    return whole


def _opened(path: Path) -> pd.DataFrame:
    from absvit import records

    if not path.exists():
        raise FileNotFoundError(f"no trial table at {path}: give a CSV file or a record of trials")
    try:
        if path.suffix == ".csv":
            table = trial_table(_of_csv(path))
            table.attrs["levels"] = _told_beside(path).get("levels", {})
            return table
        record = records.load(path)
        if "participant" not in record:
            raise ValueError("it has no variable participant")
        return as_frame(record)
    except records.Damaged:
        raise
    except ValueError as error:
        raise ValueError(f"{path} is no trial table: {error}") from error


def _of_csv(path: Path) -> pd.DataFrame:
    """Columns of a CSV file; names and levels that look like missing values, such as NA, are words."""
    from stimuli.foundation.texts import other_separator, read_text

    words = {name: str for name, column in COLUMNS.items() if isinstance(column.default, str)}
    words |= {"participant": str, "kind": str}
    missing = dict.fromkeys(("correct", "rt", "onset_error"), "")
    text = read_text(path)
    try:
        table = pd.read_csv(io.StringIO(text), dtype=words, keep_default_na=False, na_values=missing)
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise ValueError(f"{error}{other_separator(text)}") from error
    if other_separator(text) and len(table.columns) == 1:
        raise ValueError(f"it has one column{other_separator(text)}")
    for name in table.columns.difference([*COLUMNS]):
        known = table[name].astype(object).replace("", np.nan)
        numbers = pd.to_numeric(known, errors="coerce")
        if known.notna().any() and (numbers.notna() == known.notna()).all():  # a number, where there is something
            table[name] = numbers
    return table


def _told_beside(path: Path) -> dict:
    """What a JSON file beside a CSV file tells of its table; nothing where there is none, or another's."""
    try:
        told = json.loads(path.with_suffix(".json").read_text("utf8"))
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}


def write_csv(table: pd.DataFrame, path: str | os.PathLike, attributes: Mapping[str, object] | None = None) -> Path:
    """Write a trial table as CSV, whole or not at all; attributes and the order of levels in .json beside it."""
    from stimuli.foundation.files import write_whole

    path, levels = Path(path), table.attrs.get("levels", {})
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, trial_table(table).to_csv(index=False))
    if told := {**(attributes or {}), **({"levels": levels} if levels else {})}:
        write_whole(path.with_suffix(".json"), json.dumps(told, ensure_ascii=False, indent=1))
    return path
