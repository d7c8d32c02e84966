"""Serve a study to its participants."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import tyro

from experiments.studies.folder import open_study
from experiments.studies.hosting import PAGE
from experiments.studies.server import ServerSettings
from experiments.studies.server import serve as run
from experiments.studies.store import Store

__all__ = ["command"]


def serve(study: Annotated[Path, tyro.conf.Positional], settings: tyro.conf.OmitArgPrefixes[ServerSettings]) -> None:
    """Serve a study in this computer or network: prints the addresses to open, keeps every answer in STUDY/data.

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
    run(Store(opened), settings)


def command() -> Callable:
    """Give the command."""
    return serve
