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
    _, said = launch(*words).communicate(timeout=120)
    assert time.monotonic() - started < 100
    told = {line for line in said.splitlines() if line.startswith("error: ")}
    assert len(told) == 1 and str(bad) in told.pop() and "Traceback" not in said


def test_a_loss_that_is_not_finite_stops_all_ranks(pictures, tmp_path):
    words = ("finetune", *SMALL, "--batch-size", "4", "--lr", "1e30", "--warmup-epochs", "0", "--layer-decay", "None")
    training = launch(*words, "--checkpoint-every", "1", "--data-path", pictures, "--output_dir", tmp_path / "out")
    _, said = training.communicate(timeout=120)
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


def test_a_killed_rank_ends_the_other_and_the_restart_goes_on(pictures, tmp_path):
    options = ("--no-model-ema", "--batch-size", "4", "--epochs", "12", "--checkpoint-every", "1")
    words = ("finetune", *SMALL, *options, "--data-path", pictures)
    whole = launch(*words, "--output_dir", tmp_path / "whole")
    assert whole.wait(timeout=120) == 0, whole.stderr.read()
    killed = launch("--max-restarts", 1, *words, "--output_dir", tmp_path / "killed")
    log = tmp_path / "killed" / "log.jsonl"
    while not (log.exists() and len(log.read_text().splitlines()) > 4):
        assert killed.poll() is None, killed.stderr.read()
        time.sleep(0.02)
    survivor, victim = ranks_of(killed.pid)
    os.kill(victim, signal.SIGKILL)
    started = time.monotonic()
    while runs(survivor):
        assert time.monotonic() - started < 30
        time.sleep(0.1)
    _, said = killed.communicate(timeout=120)
    assert killed.returncode == 0, said
    assert "going on from update" in said
    weights = [(tmp_path / name / "absvit_micro.safetensors").read_bytes() for name in ("whole", "killed")]
    assert weights[0] == weights[1]
