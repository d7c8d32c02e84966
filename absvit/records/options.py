"""Where a record goes and in which portions, as a command line asks for it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

__all__ = ["RecordOptions", "Store"]


@dataclass(frozen=True)
class RecordOptions:
    """Where a record goes, and in which portions.

    Parameters
    ----------
    out
        Record to write, a Zarr folder.
    resume
        Go on with a record that an earlier run of the same experiment began.
    overwrite
        Replace a record that is there.
    chunk
        Stimuli that are shown, and written, at a time: so many are lost at most when a run is stopped.
    """

    out: Path
    resume: bool = False
    overwrite: bool = False
    chunk: int = 20
    share: ClassVar[tuple[int, int] | None] = None  # (k, n) of tasks that fill one record

    def __post_init__(self) -> None:
        if self.resume and self.overwrite:
            raise ValueError("give --resume to go on or --overwrite to start anew, not both")
        if self.chunk < 1:
            raise ValueError(f"chunk must be at least 1 stimulus, got {self.chunk}")


@dataclass(frozen=True)
class Store(RecordOptions):
    """Where a record goes that several tasks may fill.

    Parameters
    ----------
    share
        K N: do only every N-th chunk from chunk K on, as task K of N that fill one record, say of a Slurm
        array (--share $SLURM_ARRAY_TASK_ID $SLURM_ARRAY_TASK_COUNT); whichever comes first begins the record.
    """

    share: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.share is not None and not 0 <= self.share[0] < self.share[1]:
            raise ValueError(f"share is K N with K of 0..N-1, got {self.share[0]} {self.share[1]}")
        if self.share is not None and self.overwrite:
            raise ValueError("tasks that share a record cannot replace it: remove it first, or leave out --overwrite")
