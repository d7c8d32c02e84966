"""What every source promises, tried: it is read, means what it says, and its effects can be computed."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pandas as pd

from experiments.people import PEOPLE
from experiments.people.published_source import Source
from experiments.people.reading import trials
from experiments.trials.effects import effect_of
from experiments.trials.trial_table import COLUMNS, factors, tested

__all__ = ["check_source"]


def check_source(source: str | Source, paths=None) -> None:
    """Try what a source promises.

    Parameters
    ----------
    source : its name, or the source itself.
    paths : a folder that holds its files, or files; as :func:`trials` takes them.

    Raises
    ------
    ValueError : a promise is not kept; one sentence says which.
    """
    source = PEOPLE.of(source)
    for broken in _faults(source, paths):
        raise ValueError(f"the source {source.name!r} {broken}")


def _faults(source: Source, paths) -> Iterator[str]:
    if not re.fullmatch(r"[a-z]\w*", source.name):
        yield "is called by a word of small letters, digits and _: choose such a name"
    if wrong := [file.path for file in source.files if not re.fullmatch("[0-9a-f]{64}", file.sha256)]:
        yield f"declares no SHA-256 of 64 hexadecimal digits for {wrong[0]}"
    names = [file.name for file in source.files]
    if len(set(names)) < len(names):
        yield "has two files of one name: they cannot lie in one folder"
    if (source.exclusions == "none") != (not source.excluded_by):
        yield "leaves trials out and does not say who decided that: declare excluded_by, or exclusions='none' alone"
    table = trials(source, paths)
    still = [name for name in factors(table) if table[name].nunique() < 2]
    if bare := [name for name in still if name not in source.conditions]:
        yield f"has the factor {bare[0]!r}, which never varies: leave it out, or declare what its level means"
    for factor in source.conditions:
        if factor in COLUMNS and factor not in ("instruction", "response", "answer"):
            yield f"declares conditions of {factor!r}, which is no factor"
    counted = tested(table)
    for what, told, found in (
        ("participants", source.people, counted["participant"].nunique()), ("trials", source.trials, len(counted)),
    ):  # fmt: skip
        if told and told != found:
            yield f"declares {told} {what}, and its files hold {found}"
    yield from _of_effects(source, table)


def _of_effects(source: Source, table: pd.DataFrame) -> Iterator[str]:
    names = [effect.name for effect in source.effects]
    if len(set(names)) < len(names):
        yield "has two effects of one name"
    for effect in source.effects:
        if effect.factor not in source.conditions:
            yield f"does not say what the levels of {effect.factor!r} mean, which {effect.name!r} compares"
        try:
            effect_of(table, effect, splits=2)
        except ValueError as error:
            yield f"has an effect that cannot be computed: {error}"
