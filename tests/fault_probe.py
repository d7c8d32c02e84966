"""Fault probe: a probe is killed at random moments and resumed, and its record compared with an uninterrupted one.

``python tests/fault_probe.py`` prints ``20/20`` where each of 20 killed records ends up equal, value for value. The
processes are forked from one that has the model in memory, so that the moments fall into work and writing and not
into the import of libraries.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import shutil
import signal
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import xarray as xr

from experiments import bistable
from experiments.chunks import Store
from experiments.observers import Observer, load_observers
from stimuli.bistable import Halves, draw

FORK = multiprocessing.get_context("fork")


def child(work: Callable[[], None]) -> multiprocessing.Process:
    """Start work in a forked process."""
    process = FORK.Process(target=work)
    process.start()
    return process


def finished(work: Callable[[], None]) -> float:
    """Do work in a forked process, to its end; gives the seconds that it took."""
    start = time.monotonic()
    process = child(work)
    process.join()
    if process.exitcode != 0:
        raise RuntimeError(f"a probe that nobody killed ended with exit code {process.exitcode}")
    return time.monotonic() - start


def look(observers: list[Observer], n: int, out: Path) -> None:
    """Run the probe, or go on with it."""
    probe_seed = 3
    stimuli = draw(Halves(), n, probe_seed)
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 2)  # the progress bar
        bistable.probe(observers, stimuli, bistable.Bistable(), probe_seed, Store(out, resume=True, chunk=2))


def compare(whole: Path, other: Path, said: Path) -> None:
    """Write whether two records are equal, and how much of the second is done."""
    records = [xr.open_zarr(path, consolidated=False).load() for path in (whole, other)]
    said.write_text(str(records[0].equals(records[1])))


def kill_once(work: Callable[[], None], longest: float, moments: random.Random) -> tuple[bool, float]:
    """Kill work at a random moment up to the longest; tells whether it was killed, and after how many seconds."""
    start, process = time.monotonic(), child(work)
    process.join(moments.uniform(0, longest))
    killed = process.is_alive()
    if killed:
        os.kill(process.pid, signal.SIGKILL)
    seconds = time.monotonic() - start
    process.join()
    return killed, seconds


def marks(out: Path) -> tuple[int, int]:
    """Chunks that are marked as done, and files of the record, as they lie on disk."""
    return len(list((out / "done" / "c").glob("*"))) if out.exists() else 0, len(list(out.rglob("*")))


def run(kills: int, n: int, seed: int, folder: Path) -> int:
    """Kill so many probes, resume each, and count those whose record is right."""
    observers, moments, right = load_observers("absvit_micro"), random.Random(seed), 0
    whole = folder / "whole.zarr"
    longest = finished(lambda: look(observers, n, whole))
    for number in range(kills):
        out = folder / f"{number}.zarr"
        killed = False
        while not killed:  # a probe that ended before its moment came was not killed: try another moment
            shutil.rmtree(out, ignore_errors=True)
            killed, moment = kill_once(lambda out=out: look(observers, n, out), longest, moments)
            longest = longest if killed else moment  # so fast it is now
        done, files = marks(out)
        finished(lambda out=out: look(observers, n, out))
        finished(lambda out=out: compare(whole, out, folder / "said"))
        equal = (folder / "said").read_text() == "True"
        right += equal
        what = f"killed after {moment:.2f} s ({done} chunks done, {files} files): {'equal' if equal else 'NOT equal'}"
        print(what, flush=True)  # a forked process would print again what still waits here
    print(f"{right}/{kills}")
    return right


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--n", type=int, default=16, help="stimuli, two a chunk")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        raise SystemExit(run(options.kills, options.n, options.seed, Path(place)) < options.kills)
