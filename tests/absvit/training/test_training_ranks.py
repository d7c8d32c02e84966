"""Trainings of several processes: one fails, one is killed, and none is left behind."""

import os
import shutil
import signal
import subprocess
import sys
import time

import pytest
from coloured_pictures import SMALL, make


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    return make(tmp_path_factory.mktemp("colours"))


# ---- several processes -----------------------------------------------------------------------------------------------


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
    _, said = launch(*words).communicate(timeout=300)
    assert time.monotonic() - started < 100
    told = {line for line in said.splitlines() if line.startswith("error: ")}
    assert len(told) == 1 and str(bad) in told.pop() and "Traceback" not in said


def test_a_loss_that_is_not_finite_stops_all_ranks(pictures, tmp_path):
    words = ("finetune", *SMALL, "--batch-size", "4", "--lr", "1e30", "--warmup-epochs", "0", "--layer-decay", "None")
    training = launch(*words, "--checkpoint-every", "1", "--data-path", pictures, "--output_dir", tmp_path / "out")
    _, said = training.communicate(timeout=300)
    assert training.returncode == 2
    told = {line for line in said.splitlines() if line.startswith("error: ")}
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
    "finetune", *SMALL, "--no-model-ema", "--batch-size", "2", "--total-batch", "6", "--epochs", "4",
    "--checkpoint-every", "1",
)  # fmt: skip


@pytest.fixture(scope="module")
def whole(pictures, tmp_path_factory):
    """The weights of three processes' uninterrupted training."""
    out = tmp_path_factory.mktemp("whole")
    training = launch(*THREE, "--data-path", pictures, "--output_dir", out, NPROC="3")
    assert training.wait(timeout=300) == 0, training.stderr.read()
    return (out / WEIGHTS).read_bytes()


def begun(out, *options, updates=4):
    """A training of three processes that has made some updates."""
    training = launch(*options, "--output_dir", out, NPROC="3")
    log = out / "log.jsonl"
    while not (log.exists() and len(log.read_text().splitlines()) > updates):
        assert training.poll() is None, training.stderr.read()
        time.sleep(0.02)
    return training


def assert_gone(processes, seconds):
    started = time.monotonic()
    while any(map(runs, processes)):
        assert time.monotonic() - started < seconds
        time.sleep(0.1)


def test_a_killed_rank_ends_the_others_and_the_restart_ends_with_the_same_bits(whole, pictures, tmp_path):
    training = begun(tmp_path, "--max-restarts", 1, *THREE, "--data-path", pictures)
    first = ranks_of(training.pid)
    os.kill(first[-1], signal.SIGKILL)
    assert_gone(first, 30)
    _, said = training.communicate(timeout=300)
    assert training.returncode == 0, said
    assert "going on from update" in said and "find_unused" not in said
    assert (tmp_path / WEIGHTS).read_bytes() == whole


def test_ranks_end_with_their_launcher_and_the_next_start_ends_with_the_same_bits(whole, pictures, tmp_path):
    training = begun(tmp_path, *THREE, "--data-path", pictures)
    ranks = ranks_of(training.pid)
    assert len(ranks) == 3
    training.kill()
    assert_gone(ranks, 5)
    training.communicate(timeout=300)
    again = launch(*THREE, "--data-path", pictures, "--output_dir", tmp_path, NPROC="3")
    _, said = again.communicate(timeout=300)
    assert again.returncode == 0 and "going on from update" in said, said
    assert (tmp_path / WEIGHTS).read_bytes() == whole


def test_a_folder_is_kept_as_long_as_one_process_of_a_training_lives(whole, pictures, tmp_path):
    """The first process, which writes, is gone, and its launcher is halted: the others still hold the folder."""
    training = begun(tmp_path, *THREE, "--data-path", pictures)
    first, *others = ranks_of(training.pid)
    for process in (training.pid, *others):
        os.kill(process, signal.SIGSTOP)
    os.kill(first, signal.SIGKILL)
    words = (*THREE, "--data-path", pictures, "--output_dir", tmp_path)
    second = launch(*words, NPROC="3")
    _, said = second.communicate(timeout=300)
    told = {line for line in said.splitlines() if line.startswith("error: ")}
    assert second.returncode == 2 and len(told) == 1 and f"another training writes into {tmp_path}" in told.pop()
    training.kill()
    for process in others:
        os.kill(process, signal.SIGKILL)
    third = launch(*words, NPROC="3")
    assert third.wait(timeout=300) == 0
    assert (tmp_path / WEIGHTS).read_bytes() == whole
