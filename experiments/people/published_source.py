"""The contract of a source of published trials: files, how they are read, what its conditions mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from experiments.people.match import Match
from experiments.people.published_files import PublishedFile
from experiments.trials.effects import Effect

__all__ = ["Source"]


@dataclass(frozen=True)
class Source:
    """Published trials of people, or a table of one's own.

    Parameters
    ----------
    name : word that calls it; the trial table has it as ``study``.
    line : what it is, in a line.
    read : function of the paths of its files that gives a trial table, or its columns: a ``Columns``, or a
        function of one's own.
    conditions : what each level of each factor means, by factor; other levels are refused.
    effects : its contrasts, by the exclusions that were published with it.
    reference : who published it.
    licence : what its licence allows; what has none is fetched by each user, and not passed on.
    exclusions : which trials and people are left out, in words.
    excluded_by : who says so: the section of a paper and whether its text was at hand, or "ours".
    units : unit of each measure in the files.
    people, trials : participants, and trials of the test, in the files; 0 = unknown.
    files : its files with their digests; none of a table of one's own.
    pattern : which files of a folder are meant where no digest is known; they are read as they are, and
        ``read_digest`` of the table says what was read.
    note : what else has to be known.
    match : which task shows observers the same, and what stands for what; None where there is none.
    """

    name: str
    line: str
    read: Callable[[Sequence[Path]], pd.DataFrame]
    conditions: Mapping[str, Mapping[str | float, str]]
    effects: tuple[Effect, ...] = ()
    reference: str = ""
    licence: str = ""
    exclusions: str = "none"
    excluded_by: str = ""
    units: Mapping[str, str] = field(default_factory=lambda: {"rt": "s"})
    people: int = 0
    trials: int = 0
    files: tuple[PublishedFile, ...] = ()
    pattern: str = "*.csv"
    note: str = ""
    match: Match | None = None

    def effect(self, name: str) -> Effect:
        """Give one of its effects by name; a ValueError tells those that there are."""
        for effect in self.effects:
            if effect.name == name:
                return effect
        there = ", ".join(effect.name for effect in self.effects) or "none"
        raise ValueError(f"{self.name} has no effect {name!r}: there are {there}")
