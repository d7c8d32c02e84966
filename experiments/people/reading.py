"""Read published trials as a trial table, checked against what their source declares."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from experiments.people import PEOPLE
from experiments.people.published_files import fetch_source, read_digest, verified
from experiments.people.published_source import Source
from experiments.trials.trial_table import factors, trial_table
from stimuli.foundation.texts import some

__all__ = ["trials"]


def trials(
    source: str | Source,
    paths: Sequence[str | os.PathLike] | str | os.PathLike | None = None,
) -> pd.DataFrame:
    """Give the trials of a source as a trial table.

    Parameters
    ----------
    source : its name, or the source itself.
    paths : a folder that holds its files, or files; they come from the user's cache, and are fetched into it,
        if left out. Files that are named one by one are taken as they are, those of a folder are checked.

    Returns
    -------
    DataFrame, a row a trial, ``kind`` "person", ``study`` the source's name; its attribute ``read_digest`` tells
    which files it was read from.

    Raises
    ------
    FileNotFoundError : a file is missing and cannot be fetched.
    ValueError : a file is of another version, or holds what the source does not declare.
    """
    source = PEOPLE.of(source)
    files = _files(source, paths)
    table = trial_table(source.read(files).assign(kind="person", study=source.name))
    _check_conditions(table, source.name, source.conditions)
    table.attrs["read_digest"] = read_digest(files)
    return table


def _files(source: Source, paths) -> list[Path]:
    if paths is None:
        return fetch_source(source)
    if isinstance(paths, str | os.PathLike):
        return verified(source, Path(paths)) if Path(paths).is_dir() or source.files else [Path(paths)]
    return [Path(path) for path in paths]


def _check_conditions(table: pd.DataFrame, name: str, conditions: Mapping[str, Mapping]) -> None:
    """Refuse factors without a declaration, and levels that are not declared."""
    if missing := [factor for factor in conditions if factor not in table]:
        there = some(factors(table)) or "none"
        raise ValueError(f"{name} declares the factor {missing[0]!r}; its table has {there}")
    for factor, levels in conditions.items():
        unknown = table[factor][~table[factor].isin(list(levels))]
        if len(unknown):
            raise ValueError(
                f"{len(unknown)} trials of {name} have {factor} = {unknown.tolist()[0]!r}, which it does not "
                f"declare: expected {some([str(level) for level in levels], 12)}"
            )
