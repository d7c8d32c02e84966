"""What people answered in a study, as one trial table."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import tyro

from experiments.studies.collecting import collect as collected
from experiments.studies.exclusion import Exclusion
from experiments.studies.folder import open_study
from experiments.studies.store import DATA
from experiments.trials import stored
from experiments.trials.trial_table import write_csv
from stimuli.foundation.files import write_whole

__all__ = ["command"]

KEEP_ALL = Exclusion()


def collect(
    study: Annotated[Path, tyro.conf.Positional],
    files: Annotated[tuple[Path, ...], tyro.conf.Positional] = (),
    *,
    out: Path,
    overwrite: bool = False,
    rules: tyro.conf.OmitArgPrefixes[Exclusion] = KEEP_ALL,
) -> None:
    """Collect what people answered in a study as one trial table; what is not in it is told and kept apart.

    Parameters
    ----------
    study
        Folder of the study.
    files
        What came back: the server's store, jsPsych's JSON or CSV, results of JATOS, files of DataPipe, CSV of
        the PsychoPy script, folders or archives of them; STUDY/data, if left out.
    out
        Trial table to write, a record (.zarr) or a table (.csv, its attributes beside it in .json); what is
        not in it goes to NAME.apart.csv.
    overwrite
        Replace what an earlier call wrote.
    rules
        Which trials analyses leave out.
    """
    if out.suffix not in (".zarr", ".csv"):
        raise ValueError(f"a trial table is written as .zarr or .csv, got {out}")
    beside = out.with_suffix(".apart.csv")
    there = [path for path in (out, beside) if path.exists()]
    if there and not overwrite:
        raise ValueError(f"{there[0]} is there already: choose another name, or replace it with --overwrite")
    opened = open_study(study)
    if not files and not (study / DATA).exists():
        raise FileNotFoundError(f"nobody has answered here (no {study / DATA}): name what came back of the study")
    found = collected(opened, files or [study / DATA], rules)
    out.parent.mkdir(parents=True, exist_ok=True)
    if out.suffix == ".zarr":
        stored.save(found.trials, out, found.attributes, overwrite)
    else:
        write_csv(found.trials, out, found.attributes)
    write_whole(beside, found.apart.to_csv(index=False))
    print(*found.report, out, beside, sep="\n")


def command() -> Callable:
    """Give the command."""
    return collect
