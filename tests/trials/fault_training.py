"""Break trainings in every way that we could think of, start them again, and compare with what nobody has broken.

``scripts/fault_training.sh`` runs it and prints one table: what was done, how often, what came of it. A
training is killed at each call with which it changes its folder; at each such call the disk is full, or
fails; of three processes one is killed at a random moment, or their launcher. Whatever it was, the same
command again ends with the bits of an uninterrupted training; and a fault that does not kill is told in one
line. Spoilt checkpoints are refused.
"""

from __future__ import annotations

import argparse
import collections
import errno
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from faults import run
from spoilt_checkpoints import outcomes

from absvit.training.__main__ import main as training

WEIGHTS = "absvit_micro.safetensors"
ALIKE = 25  # of the many calls that write one file, one in so many is struck
SCENES = (
    "micro_cued", "--size", "48", "--epochs", "1", "--checkpoint-every", "1", "--log-every", "1", "--device", "cpu",
    "--drop", "0.1",
)  # fmt: skip
ALONE = (*SCENES, "--model-ema", "--epoch-images", "16", "--batch-size", "8", "--total-batch", "8")
THREE = (*SCENES, "--no-model-ema", "--epoch-images", "96", "--batch-size", "4", "--total-batch", "12")
EQUAL, TOLD = "the bits of an uninterrupted one", "one clear line, then the bits of an uninterrupted one"


def alone(out: Path) -> Callable[[], None]:
    """Work of a training of one process."""

    def work() -> None:
        torch.set_num_threads(1)
        sys.exit(training([*ALONE, "--out", str(out)]))

    return work


def again(out: Path, whole: bytes) -> str:
    """What comes of the same command again."""
    ended = run(alone(out), out)
    if ended.code:
        return f"refused: {ended.said[-200:]}"
    return EQUAL if (out / WEIGHTS).read_bytes() == whole else "OTHER BITS"


def at_each_call(folder: Path, share: float) -> Iterator[tuple[str, str]]:
    """A training that is killed, or told of an error, at each call with which it changes its folder."""
    started, whole = run(alone(folder / "whole"), folder), (folder / "whole" / WEIGHTS).read_bytes()
    calls = [re.sub(r"\d+\.part", "part", call) for call in started.calls]
    seen: collections.Counter = collections.Counter()
    chance = random.Random(0)
    for k, call in enumerate(calls):
        seen[call] += 1
        if ("write" in call and seen[call] % ALIKE != 1) or chance.random() > share:
            continue
        for what, error in (("SIGKILL", 0), ("disk full", errno.ENOSPC), ("EIO", errno.EIO)):
            out = folder / f"{what}{k}"
            ended = run(alone(out), folder, at=k, error=error, lasting=error == errno.ENOSPC)
            lines = [line for line in ended.said.splitlines() if line.startswith("error: ")]
            named = len(lines) == 1 and str(out) in lines[0] and "Traceback" not in ended.said
            if error and ended.code and not (ended.code == 2 and named):
                came = f"NO CLEAR LINE at {call}: {ended.said[-200:]}"
            else:
                came = again(out, whole)
                came = TOLD if error and ended.code and came == EQUAL else came
            yield f"{what} at a call that changes the folder", came
            shutil.rmtree(out, ignore_errors=True)


def launched(out: Path) -> subprocess.Popen:
    """Begin a training of three processes, or go on with it."""
    words = [sys.executable, "-m", "absvit.launch", *THREE, "--out", str(out)]
    env = {**os.environ, "NPROC": "3", "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=env)


def of_three(folder: Path, kills: int) -> Iterator[tuple[str, str]]:
    """A training of three processes, one of which or whose launcher is killed at a random moment."""
    chance = random.Random(1)
    if launched(folder / "whole").wait():
        raise SystemExit("the uninterrupted training of three processes failed")
    whole = (folder / "whole" / WEIGHTS).read_bytes()
    victims = [("rank 0", 0), ("rank 1", 1), ("rank 2", 2), *((f"the launcher, {how.name}", how) for how in (
        signal.SIGKILL, signal.SIGINT, signal.SIGTERM))]  # fmt: skip
    for number in range(kills):
        for name, victim in victims:
            out = folder / f"three{number}{victim}"
            launcher, log, update = launched(out), out / "log.jsonl", chance.randint(1, 5)
            while not log.exists() or log.read_bytes().count(b"\n") < update:
                if launcher.poll() is not None:
                    raise SystemExit("a training of three processes was over before it was killed")
                time.sleep(0.01)
            if name.startswith("rank"):
                told = subprocess.run(["ps", "-o", "pid=", "--ppid", str(launcher.pid)], capture_output=True, text=True)
                os.kill(sorted(map(int, told.stdout.split()))[victim], signal.SIGKILL)
            else:
                launcher.send_signal(victim)
            launcher.wait()
            time.sleep(1)  # for processes whose launcher is gone
            code = launched(out).wait()
            equal = not code and (out / WEIGHTS).read_bytes() == whole
            yield f"{name} of three processes killed", EQUAL if equal else f"OTHER BITS or exit code {code}"
            shutil.rmtree(out)


def spoilt(folder: Path) -> Iterator[tuple[str, str]]:
    """Checkpoints that are spoilt in every way."""
    for fp16 in (False, True):
        tried, went_on = outcomes(folder, fp16)
        yield from [("a checkpoint spoilt", "refused in one line that names it")] * (
            tried - sum(map(len, went_on.values()))
        )
        yield from [("a checkpoint spoilt", "GONE ON FROM")] * len(went_on[False])
        yield from [("a checkpoint that another training could have left", "gone on from")] * len(went_on[True])


def main() -> int:
    """Do it all and print the table; 0 if everything came out as it should."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills-of-three", type=int, default=2, help="of each process and of the launcher")
    parser.add_argument("--share", type=float, default=1.0, help="of the calls to strike")
    options = parser.parse_args()
    table: collections.Counter = collections.Counter()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "three").mkdir()
        three = of_three(folder / "three", options.kills_of_three)
        for done in (at_each_call(folder, options.share), three, spoilt(folder)):
            for what in done:
                table[what] += 1
                if "refused:" in what[1] or what[1][:5].isupper():
                    print(*what, sep=": ", flush=True)
    width = max(len(what) for what, _ in table)
    for (what, came), n in table.items():
        print(f"{what:{width}}  {n:4d}  {came}")
    return int(any("refused:" in came or came[:5].isupper() for _, came in table))


if __name__ == "__main__":
    sys.exit(main())
