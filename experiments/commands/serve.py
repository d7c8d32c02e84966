"""Serve a study to its participants."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Annotated

import tyro

from experiments.studies.folder import open_study
from experiments.studies.hosting import PAGE
from experiments.studies.server import ServerSettings
from experiments.studies.server import serve as run
from experiments.studies.store import Store

__all__ = ["command"]

Folder = Annotated[Path, tyro.conf.Positional]


def serve(study: Folder, settings: tyro.conf.OmitArgPrefixes[ServerSettings]) -> None:
    """Serve a study in this computer or network: prints the addresses to open, keeps answers in STUDY/data.

    Parameters
    ----------
    study
        Folder of the study.
    settings
        How it is served.
    """
    opened = open_study(study)
    if not (study / PAGE).is_file():
        raise FileNotFoundError(f"{study} has no {PAGE} to show: write the study again")
    with closing(Store(opened)) as store:  # which leaves one file, without its log
        run(store, settings)


def command() -> Callable:
    """Give the command."""
    return serve
