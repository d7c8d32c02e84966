"""Where a training runs, where its data are and where its results go."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from stimuli.foundation.options import FileOrAddress

__all__ = ["RunOptions"]


@dataclass(frozen=True)
class RunOptions:
    """Where a training runs, where its data are and where its results go: nothing of this is part of the recipe.

    Parameters
    ----------
    data_path
        Folder of the data set.
    output_dir
        Folder of log, checkpoints and weights, outputs/training/RECIPE (or outputs/segmentation/RECIPE) if
        left out; an interrupted training in it goes on.
    resume
        Checkpoint, file or address, to go on from or to evaluate: ours, or an official one. A training whose
        output folder holds a last.pt goes on from that.
    allow_differences
        Go on from a checkpoint although recipe, data or number of processes differ.
    device
        cpu, cuda or mps; a GPU where there is one, if left out.
    num_workers
        Processes that load pictures for each training process; 0: none, as where few cores are there.
    threads
        CPU threads of a process; 0: torch's choice.
    log_every
        Updates between two lines of the log.
    tensorboard
        Also log for tensorboard.
    feature_cache
        Folder of what a frozen stem or host shows of composites, for recipes that train on those; made where it is
        not there.
    """

    data_path: Path = Path("data")
    output_dir: Annotated[Path | None, tyro.conf.arg(aliases=("--out",))] = None
    resume: FileOrAddress = ""
    allow_differences: bool = False
    device: str | None = None
    num_workers: int = 8
    threads: int = 0
    log_every: int = 20
    tensorboard: bool = False
    feature_cache: Path = Path("outputs/features")

    def __post_init__(self) -> None:
        for name, least in (("num_workers", 0), ("threads", 0), ("log_every", 1)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} must be at least {least}, got {getattr(self, name)}")

    @property
    def checkpoint(self) -> Path:
        """What an interrupted training in the output folder goes on from."""
        return self.output_dir / "last.pt"
