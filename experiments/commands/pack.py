"""A study for a host elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import tyro

from experiments.studies import hosting
from experiments.studies.folder import open_study

__all__ = ["command"]

Folder = Annotated[Path, tyro.conf.Positional]


def pack(study: Folder, out: Path, datapipe: str = "", overwrite: bool = False) -> None:
    """Pack what participants need of a study: for JATOS, for DataPipe and OSF, or for any web host.

    Parameters
    ----------
    study
        Folder of the study.
    out
        Archive to write: .jzip, which JATOS imports; or .zip, to be unpacked on a web host.
    datapipe
        Identifier of your experiment with DataPipe, which then gets the data of a .zip; if left out, the page
        saves a file at the end.
    overwrite
        Replace an archive that is there.
    """
    if out.exists() and not overwrite:
        raise ValueError(f"{out} is there already: choose another name, or replace it with --overwrite")
    print(hosting.pack(open_study(study), out, datapipe))


def command() -> Callable:
    """Give the command."""
    return pack
