"""The scripts that start a training: where paths are looked for, and what Slurm is told."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"
SAYS = '#!/usr/bin/env bash\necho "$(basename "$0") from $PWD: $*"\n'


@pytest.fixture
def repository(tmp_path):
    """The scripts, and a set-up whose interpreter says what it is asked."""
    root = tmp_path / "repository"
    (root / "scripts").mkdir(parents=True)
    for name in ("train_dist.sh", "train_slurm.sbatch"):
        shutil.copy(SCRIPTS / name, root / "scripts")
    setup = f'cd "{root}"; PYTHON="{root}/python"; echo >>installed\n'
    (root / "scripts" / "setup.sh").write_text(setup)
    for name, text in (("python", SAYS), ("srun", SAYS), ("scontrol", SAYS)):
        (root / name).write_text(text)
        (root / name).chmod(0o755)
    return root


def say(root, folder, *words, **environment):
    env = {**os.environ, "PATH": f"{root}:{os.environ['PATH']}", **environment}
    done = subprocess.run(["bash", *words], cwd=folder, env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_paths_are_those_of_the_folder_that_it_is_called_from(repository, tmp_path):
    (tmp_path / "mine").mkdir()
    said = say(repository, tmp_path / "mine", "../repository/scripts/train_dist.sh", "micro_vit", "--out", "run")
    assert said == f"python from {tmp_path / 'mine'}: -m absvit.launch micro_vit --out run\n"


def test_slurm_starts_a_launcher_on_every_node_and_sets_up_once(repository):
    job = {
        "SLURM_SUBMIT_DIR": str(repository), "SLURM_JOB_NODELIST": "n[1-2]", "SLURM_JOB_ID": "123456",
        "SLURM_NNODES": "2", "SLURM_CPUS_PER_TASK": "64",
    }  # fmt: skip
    said = say(repository, repository, "scripts/train_slurm.sbatch", "absvit_small", "--data-path", "D", **job)
    assert said.startswith(f"srun from {repository}: --cpus-per-task=64 ")
    assert f"{repository}/python -m absvit.launch --nnodes 2" in said and ":23456 absvit_small --data-path D" in said
    assert (repository / "installed").read_text() == "\n"


@pytest.mark.processes
def test_openmp_waits_passively_unless_told():
    env = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    command = [sys.executable, "-c", "import absvit, torch"]
    for given, found in (({}, "PASSIVE"), ({"OMP_WAIT_POLICY": "ACTIVE"}, "ACTIVE")):
        words = {**env, **given, "OMP_DISPLAY_ENV": "true"}
        said = subprocess.run(command, env=words, capture_output=True, text=True, check=True).stderr
        assert re.search(rf"OMP_WAIT_POLICY ?= ?'{found}'", said)
