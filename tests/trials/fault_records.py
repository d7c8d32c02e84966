"""Strike a probe and the drawing of a set at every change that they make to files, and go on with the same command.

``scripts/fault_records.sh`` runs it and prints one table: what was done, how often, and what came of it.
``--step 5`` strikes every fifth change only.
"""

from __future__ import annotations

import argparse
import errno
import os
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import xarray as xr
from faults import run

from experiments import experiment as presenting
from experiments.__main__ import main as run_probe
from experiments.observers import load_observers
from stimuli.__main__ import main as draw_set
from stimuli.sets import job

FAULTS = {
    "SIGKILL": {}, "EIO once": {"error": errno.EIO}, "disk full from then on": {"error": errno.ENOSPC, "lasting": True},
}  # fmt: skip


def probe(observers: list) -> Callable[[Path], Callable[[], None]]:
    """A probe of four stimuli, two a chunk, by observers that are in memory; a function of its record."""
    presenting.load_observers = lambda *_: observers
    words = ["recognition", "--n", "4", "--chunk", "2", "--device", "cpu", "--resume", "--out"]
    return lambda out: lambda: sys.exit(run_probe([*words, str(out)]))


def drawing(out: Path) -> Callable[[], None]:
    """A set of six stimuli in two parts."""
    words = ["objects", "--n", "6", "--size", "32", "32", "--class-folder", "--zarr", "--resume", "--out", str(out)]

    def work() -> None:
        job.PIXELS_OF_A_PART = 3 * 32 * 32
        raise SystemExit(draw_set(words))

    return work


def same_record(out: Path, whole: Path) -> bool:
    """Whether a record holds the values of the whole one, and no file more."""
    names = [{path.relative_to(root) for path in root.rglob("*")} for root in (out, whole)]
    opened = [xr.open_zarr(root, consolidated=False).load() for root in (out, whole)]
    return opened[0].equals(opened[1]) and names[0] == names[1]


def same_set(out: Path, whole: Path) -> bool:
    """Whether a set has the bytes of the whole one, file by file; its zarr is as xarray writes it."""
    held = [
        {path.relative_to(root): path.read_bytes() for path in root.rglob("*") if path.is_file()}
        for root in (out, whole)
    ]
    return held[0] == held[1]


def one_line(said: str) -> bool:
    """Whether what was said ends in one line for the user rather than in a traceback."""
    lines = [line for line in said.splitlines() if line.strip()]
    return bool(lines) and "Traceback" not in said and lines[-1].startswith("error: ")


def strike(of: Callable, same: Callable, fault: dict, whole: Path, folder: Path, at: int) -> str:
    """Strike work at one change, give the same command again, and tell what came of it."""
    out = folder / f"{at}{whole.suffix}"
    ended = run(of(out), folder, at=at, **fault)
    if not fault and ended.code != -9 or fault and ended.code and not one_line(ended.said):
        return f"at {at}, {ended.calls[at]}: {ended.said[-300:]}"
    again = run(of(out), folder)
    if again.code:
        return f"at {at}, {ended.calls[at]}: not gone on with: {again.said[-300:]}"
    equal = run(lambda: sys.exit(not same(out, whole)), folder).code == 0  # apart: no fork inherits threads
    left = [path.name for path in folder.iterdir() if path.name.startswith(".")]
    shutil.rmtree(out)
    return "equal" if equal and not left else f"at {at}, {ended.calls[at]}: NOT equal {left}"


def main() -> int:
    """Strike all; 0 if every case ended with the values of the undisturbed run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--step", type=int, default=1)
    parser.add_argument("--only", choices=("record", "set"), default=None)
    options = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    bad = 0
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        works = {
            "set": (drawing, same_set, ""),
            "record": (probe(load_observers("absvit_micro")), same_record, ".zarr"),
        }
        for name in [options.only] if options.only else works:
            of, same, suffix = works[name]
            whole = folder / f"whole{suffix}"
            calls = run(of(whole), folder).calls
            for kind, fault in FAULTS.items():
                came = Counter(strike(of, same, fault, whole, folder, at) for at in range(0, len(calls), options.step))
                for what, count in came.items():
                    print(f"{name:8}{kind:24}{count:5} of {came.total():4}  {what}", flush=True)
                bad += came.total() - came["equal"]
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
