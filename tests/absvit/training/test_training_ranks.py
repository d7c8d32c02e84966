"""Trainings of several processes: one fails, one is killed, and none is left behind."""

import os
import shutil
import signal
import subprocess
import sys
import time

import pytest
from coloured_pictures import SMALL, error_of
from ranks import both

from absvit.training import __main__ as command

pytestmark = pytest.mark.processes


def launch(*words, **environment):
    launched = [sys.executable, "-m", "absvit.launch", *map(str, words)]
    env = {**os.environ, "NPROC": "2", "OMP_NUM_THREADS": "1", **environment}
    return subprocess.Popen(launched, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env)


def test_all_ranks_end_with_the_message_of_the_one_that_failed(pictures, tmp_path):
    shutil.copytree(pictures, tmp_path / "data")
    bad = tmp_path / "data" / "train" / "red" / "3.png"  # one of the two ranks meets it first
    bad.write_bytes(b"not a picture")
    words = ("finetune", *SMALL, "--batch-size", "4", "--data-path", tmp_path / "data", "--output_dir", tmp_path / "o")
    started = time.monotonic()
    training = launch(*words)
    _, said = training.communicate(timeout=300)
    assert training.returncode == 2 and time.monotonic() - started < 100
    told = {line for line in said.splitlines() if line.startswith("error: ")}
    assert len(told) == 1 and str(bad) in told.pop() and "Traceback" not in said


def test_a_loss_that_is_not_finite_stops_all_ranks(pictures, tmp_path):
    words = ("finetune", *SMALL, "--batch-size", "4", "--lr", "1e30", "--warmup-epochs", "0", "--layer-decay", "None")
    ended = both(
        "absvit.training", *words, "--checkpoint-every", "1", "--data-path", pictures, "--output_dir", tmp_path / "out"
    )
    assert ended.returncode == 2
    told = {line for line in ended.stderr.splitlines() if line.startswith("error: ")}
    assert len(told) == 1 and "at step 1;" in (line := told.pop()) and "last.pt" in line


def ranks_of(launcher):
    """Process numbers of the ranks that a launcher started."""
    children = subprocess.run(["ps", "-o", "pid=", "--ppid", str(launcher)], capture_output=True, text=True).stdout
    return [int(pid) for pid in children.split()]


def runs(pid):
    """Whether a process is there and not only remembered by its parent."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True).stdout.strip()
    return bool(state) and not state.startswith("Z")


WEIGHTS = "absvit_micro.safetensors"
THREE = (
    "finetune", *SMALL, "--no-model-ema", "--batch-size", "2", "--total-batch", "6", "--epochs", "8",
    "--checkpoint-every", "1",
)  # fmt: skip


def wait_for(updates, training, out):
    """Wait until a training has logged more than some updates."""
    log = out / "log.jsonl"
    while not (log.exists() and len(log.read_text().splitlines()) > updates):
        assert training.poll() is None, training.stderr.read()
        time.sleep(0.02)


def assert_gone(processes, seconds):
    started = time.monotonic()
    while any(map(runs, processes)):
        assert time.monotonic() - started < seconds
        time.sleep(0.1)


def test_a_training_that_is_killed_again_and_again_ends_with_the_bits_of_one_that_was_not(pictures, tmp_path, capsys):
    """Three processes, so that the order in which gradients are summed shows: rank, then launcher, are killed."""
    whole, out = tmp_path / "whole", tmp_path / "out"
    words = (*THREE, "--data-path", pictures, "--output_dir")
    first = both("absvit.training", *words, whole, count=3)
    assert first.returncode == 0, first.stderr

    training = launch("--max-restarts", 1, *words, out, NPROC="3")
    wait_for(4, training, out)
    writer, *others = ranks_of(training.pid)
    for process in (training.pid, *others):
        os.kill(process, signal.SIGSTOP)
    os.kill(writer, signal.SIGKILL)
    # the process that writes is gone, and its launcher is halted: the others still hold the folder
    assert command.main([*map(str, words), str(out), "--allow-differences"]) == 2
    assert f"another training writes into {out}" in error_of(capsys)
    for process in (*others, training.pid):
        os.kill(process, signal.SIGCONT)
    assert_gone([writer, *others], 60)  # a killed rank ends the others

    while len(ranks := ranks_of(training.pid)) < 3:  # the launcher starts them anew
        time.sleep(0.05)
    wait_for(len((out / "log.jsonl").read_text().splitlines()) + 4, training, out)
    training.kill()
    assert_gone(ranks, 10)  # ranks end with their launcher
    _, said = training.communicate(timeout=300)
    assert "going on from update" in said and "find_unused" not in said

    again = both("absvit.training", *words, out, count=3)
    assert again.returncode == 0 and "going on from update" in again.stderr, again.stderr
    assert (out / WEIGHTS).read_bytes() == (whole / WEIGHTS).read_bytes()
