"""The log of a training: JSON lines, and tensorboard's files where they are wanted."""

from __future__ import annotations

import fcntl
import json
import math
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import torch
from tqdm.auto import tqdm

from absvit.distributed import Process, sum_over_ranks, wait_for_all
from absvit.training.problem import Problem
from absvit.training.run_options import RunOptions
from absvit.training.state import Learner, Position
from stimuli.foundation.files import write_whole

__all__ = ["Log", "unreadable_pictures", "writing_into"]


@contextmanager
def writing_into(out: Path) -> Iterator[None]:
    """Say of a folder that cannot be written into, or whose disk is full, what to do about it."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or error
        raise OSError(
            f"cannot write into the output folder {out} ({reason}): make room, or choose another --output-dir"
        ) from error


class Log:
    """The log of a training: a JSON line for some of the updates and for every epoch.

    Parameters
    ----------
    where : where it is, and how often it gets a line.
    position : where the training goes on; lines of what comes later are cut off, for a run that was killed
        may have logged more than it saved.
    process : this process; only the first writes.

    Raises
    ------
    ValueError : another training writes into that folder.
    OSError : the folder cannot be written into.
    """

    def __init__(self, where: RunOptions, position: Position, process: Process) -> None:
        self.file, self.process, self.board = where.output_dir / "log.jsonl", process, None
        self.claim = _claimed(where.output_dir, process)  # as long as this log is there
        if not process.is_first:
            return
        with writing_into(where.output_dir):
            for leftover in where.output_dir.glob(".*.part"):  # of a writing that was killed
                leftover.unlink()
            if position.step and not self.file.exists():
                print(f"{self.file} is gone: it begins anew at update {position.step}", file=sys.stderr)
            _cut_log(self.file, position)
        if where.tensorboard:
            self.board = _tensorboard(where.output_dir, position.step)
        self.since = (position.step, time.perf_counter())

    def update(self, losses, norm, learner: Learner, position: Position, problem: Problem, images: int) -> None:
        """Write a line about an update: this rank's losses by name, the gradient's norm and the speed."""
        world_size = self.process.world_size
        values = torch.stack([value.float() for value in losses.values()])
        values = (sum_over_ranks(values) / world_size).tolist()
        unreadable = unreadable_pictures(problem, self.process)
        if not self.process.is_first:
            return
        step, now = position.step - 1, time.perf_counter()
        passed, seconds = position.step - self.since[0], now - self.since[1]
        self.since = (position.step, now)
        line = {
            "step": step,
            "lr": max(group["lr"] / group.get("lr_scale", 1) for group in learner.optimizer.param_groups),
            "seconds": position.seconds,
            **dict(zip(losses, values, strict=True)),
            "gradient_norm": norm.item(),
            "images_per_second": passed * images * world_size / seconds,
            "memory_MiB": _memory(self.process.device),
        }
        self._write(_finite(line | ({"unreadable": unreadable} if unreadable else {})))

    def epoch(self, measured: dict[str, float], position: Position, epoch: int) -> dict[str, float]:
        """Write a line about a finished epoch, with its held-out measures by name, and give it."""
        line = _finite({"step": position.step - 1, "epoch": epoch, "seconds": position.seconds, **measured})
        if self.process.is_first:
            self.since = (position.step, time.perf_counter())  # images per second are those of the training
            self._write(line)
            tqdm.write(", ".join(f"{name} {value:.4g}" for name, value in {"epoch": epoch, **measured}.items()))
        return line

    def _write(self, line: dict) -> None:
        with writing_into(self.file.parent), self.file.open("a") as file:
            file.write(json.dumps(line) + "\n")
        if self.board is not None:
            kind = "validation" if "epoch" in line else "training"
            for name, value in line.items():
                self.board.add_scalar(f"{kind}/{name}", value, line["step"])
            self.board.flush()


def _finite(line: dict) -> dict:
    """The numbers of a line that JSON knows."""
    return {name: value for name, value in line.items() if math.isfinite(value)}


def _claimed(out: Path, process: Process) -> TextIO | None:
    """An open file whose locks keep other trainings out of a folder, while one process of this one lives.

    The first process locks all bytes of it, then leaves all but one to the others, one each. A process that
    is killed gives its lock back; flock's would live on in a killed process's workers.
    """
    if not process.is_first:
        wait_for_all()
        return _locked(out, 1, process.rank)
    with writing_into(out):
        out.mkdir(parents=True, exist_ok=True)
        file = _locked(out, 0, 0)
        if file is not None:
            fcntl.lockf(file, fcntl.LOCK_UN, 0, 1)
    wait_for_all()
    return file


def _locked(out: Path, n: int, start: int) -> TextIO | None:
    """The file of the locks, some of its bytes locked, all from the start on if n is 0; None without locks."""
    file = (out / ".lock").open("w")
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, n, start)
    except (BlockingIOError, PermissionError) as error:
        raise ValueError(
            f"another training writes into {out}: wait for its end, or choose another --output-dir"
        ) from error
    except OSError:  # a file system without locks
        return None
    return file


def unreadable_pictures(problem: Problem, process: Process) -> int:
    """Count the training pictures that could not be read, on all ranks and since the training's beginning."""
    return int(sum_over_ranks(torch.tensor(problem.unreadable, device=process.device)))


def _tensorboard(out: Path, first_step: int):
    """A writer of tensorboard's event files, for which that package has to be there."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise ValueError("--tensorboard needs tensorboard: pip install absvit[tracking]") from error
    return SummaryWriter(str(out / "tensorboard"), purge_step=first_step)


def _memory(device: torch.device) -> float:
    """Most memory used so far, MiB: the GPU's, or this process's."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**20
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def _cut_log(log: Path, position: Position) -> None:
    """Keep the lines of what was before this position."""
    kept = []
    for line in log.read_text(errors="replace").splitlines() if log.exists() else []:
        try:
            logged = json.loads(line)
        except ValueError:  # half a line
            continue
        if not isinstance(logged, dict) or not isinstance(logged.get("step"), int):
            continue
        evaluates_again = position.pending and "epoch" in logged and logged["step"] == position.step - 1
        kept += [line + "\n"] if logged["step"] < position.step and not evaluates_again else []
    write_whole(log, "".join(kept), sync=True)
