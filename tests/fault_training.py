"""Kill a training at random moments, resume it, and compare its weights with an uninterrupted run's, bit for bit.

``scripts/fault_training.sh`` runs it. Every second kill waits until a checkpoint is just being written.
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

KILLS = 20
UPDATES = 30
WEIGHTS = "absvit_micro.safetensors"
COMMAND = [
    sys.executable, "-m", "absvit.training", "micro_cued", "--size", "48", "--model-ema", "--epochs", "1",
    "--epoch-images", str(UPDATES * 8), "--batch-size", "8", "--total-batch", "8", "--checkpoint-every", "1",
    "--log-every", "1", "--device", "cpu", "--drop", "0.1",
]  # fmt: skip


def start(out: Path) -> subprocess.Popen:
    """Begin a training, or go on with it."""
    return subprocess.Popen([*COMMAND, "--out", str(out)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def kill_during(training: subprocess.Popen, out: Path, update: int, writing: bool) -> bool:
    """Kill a training after an update, at once or when it next writes a checkpoint; whether it was in time."""
    log = out / "log.jsonl"
    while not log.exists() or log.read_bytes().count(b"\n") < update:
        if training.poll() is not None:
            return False
        time.sleep(0.001)
    while writing and not any(name.endswith(".part") for name in os.listdir(out)):
        if training.poll() is not None:
            return False
    training.send_signal(signal.SIGKILL)
    return training.wait() == -signal.SIGKILL


def main() -> int:
    """Run all kills; 0 if every resumed training ended with the bits of the uninterrupted one."""
    chance = random.Random(0)
    folder = Path(tempfile.mkdtemp())
    try:
        if start(folder / "whole").wait():
            raise SystemExit("the uninterrupted training failed")
        whole = (folder / "whole" / WEIGHTS).read_bytes()
        equal = during_writing = 0
        for trial in range(KILLS):
            out = folder / f"killed{trial}"
            writing = trial % 2 == 1
            update = chance.randint(1, UPDATES - 2)
            if not kill_during(start(out), out, update, writing):
                raise SystemExit(f"trial {trial}: the training was over before it was killed")
            cut_short = any(name.endswith(".part") for name in os.listdir(out))
            during_writing += cut_short
            finished = start(out).wait() == 0
            equal += finished and (out / WEIGHTS).read_bytes() == whole
            print(f"killed after update {update}{', a checkpoint half written' if cut_short else ''}", flush=True)
            shutil.rmtree(out)
    finally:
        shutil.rmtree(folder)
    print(
        f"{equal}/{KILLS} ended with the bits of the uninterrupted run; {during_writing} kills cut a checkpoint short"
    )
    return int(equal != KILLS)


if __name__ == "__main__":
    sys.exit(main())
