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
    records = [xr.open_zarr(path).load() for path in (whole, other)]
    said.write_text(str(records[0].equals(records[1])))


def kill_once(work: Callable[[], None], longest: float, moments: random.Random) -> float:
    """Kill work at a random moment; gives the moment in seconds, 0 where the work was faster."""
    moment = moments.uniform(0, longest)
    process = child(work)
    process.join(moment)
    if not process.is_alive():
        return 0.0
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    return moment


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
        moment = 0.0
        while not moment:  # a probe that ended before its moment came was not killed: try another
            shutil.rmtree(out, ignore_errors=True)
            moment = kill_once(lambda out=out: look(observers, n, out), longest, moments)
        done, files = marks(out)
        finished(lambda out=out: look(observers, n, out))
        finished(lambda out=out: compare(whole, out, folder / "said"))
        equal = (folder / "said").read_text() == "True"
        right += equal
        print(f"killed after {moment:.2f} s ({done} chunks done, {files} files): {'equal' if equal else 'NOT equal'}")
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
