"""Fault probe: a probe is killed at random moments and resumed, and its record compared with an uninterrupted one.

``scripts/fault_probe.sh`` prints one table: what was done, how often, what came of it; each of 20 killed records is to
end up equal, value for value. The processes are forked from one that has the model in memory, so that the moments fall
into work and writing and not into the import of libraries.
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
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import xarray as xr

from absvit.records.options import Store
from experiments import experiment
from experiments.observers import Observer, load_observers
from experiments.probes.bistable import probe as bistable
from stimuli.families.halves import Halves, draw

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
        experiment.run(
            "bistable", observers, stimuli, bistable.Bistable(), probe_seed, Store(out, resume=True, chunk=2)
        )


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


def run(kills: int, n: int, seed: int, folder: Path) -> Counter[str]:
    """Kill so many probes, resume each, and count what came of it: "equal" where the record is right."""
    observers, moments, came = load_observers("absvit_micro"), random.Random(seed), Counter()
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
        came["equal" if equal else f"NOT equal: after {moment:.2f} s, {done} chunks done, {files} files"] += 1
    return came


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--n", type=int, default=16, help="stimuli, two a chunk")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        table = run(options.kills, options.n, options.seed, Path(place))
    for outcome, times in table.items():
        print(f"probe   SIGKILL at a random moment  {times:4} of {options.kills:4}  {outcome}")
    raise SystemExit(table["equal"] < options.kills)
