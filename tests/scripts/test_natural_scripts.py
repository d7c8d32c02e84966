"""The scripts of what learns from CIFAR-10: which programs they run with which words, and that they stop and go on."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"
PYTHON = """#!/usr/bin/env bash
echo "$*" >>said
case "$*" in "$FAILS"*) exit 2 ;; *" photographs "*) mkdir -p "${@: -1}" ;; esac
"""
MODEL = "--model absvit_hybrid_lite0_224"


@pytest.fixture
def root(tmp_path):
    """The scripts, and a set-up whose interpreter notes what it is asked."""
    (tmp_path / "scripts").mkdir()
    for name in ("demo.sh", "train_cifar10.sh", "train_natural.sh", "measure_natural.sh"):
        shutil.copy(SCRIPTS / name, tmp_path / "scripts")
    (tmp_path / "scripts" / "setup.sh").write_text(f'cd "{tmp_path}"; PYTHON="{tmp_path}/python"\n')
    (tmp_path / "python").write_text(PYTHON)
    (tmp_path / "python").chmod(0o755)
    return tmp_path


def asked(root, script, *words, fails="nothing", **environment):
    """What the interpreter is asked, and the script's exit code."""
    env = {name: value for name, value in os.environ.items() if name not in ("CIFAR10", "IMAGENET", "N", "CUED")}
    (root / "said").write_text("")
    command = ["bash", f"scripts/{script}", *words]
    done = subprocess.run(command, cwd=root, env={**env, "FAILS": fails, **environment}, capture_output=True, text=True)
    return (root / "said").read_text().splitlines(), done.returncode


@pytest.mark.parametrize(
    ("words", "first", "shown"),
    [
        ("--natural --photographs a.jpg b.jpg --n 2", [], f"{MODEL} --squeeze --photographs a.jpg b.jpg --n 2"),
        ("--natural --folder mine", [], f"{MODEL} --squeeze --folder mine"),
        ("--natural", ["-m absvit.cifar10 outputs/cifar10"], f"{MODEL} --squeeze --folder outputs/cifar10/test"),
        ("--n 3", [], "--n 3"),
    ],
)
def test_the_demo_shows_photographs_or_fetches_some(root, words, first, shown):
    said, code = asked(root, "demo.sh", *words.split())
    probe = f"-m experiments bistable --out outputs/demo/bistable.zarr --overwrite {shown}"
    figure = "-m experiments figure signature outputs/demo/bistable.zarr --out outputs/demo/signature --format pdf png"
    assert (said, code) == ([*first, probe, figure], 0)
    assert asked(root, "demo.sh", *words.split(), fails="-m experiments bistable") == ([*first, probe], 2)


def test_the_demo_called_elsewhere_means_the_pictures_there(root, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    command = ["bash", str(root / "scripts" / "demo.sh"), "--natural", "--photographs", "a.jpg", "b.jpg"]
    env = {**os.environ, "FAILS": "nothing"}
    told = subprocess.run(command, cwd=elsewhere, env=env, capture_output=True, text=True, check=True).stdout
    said = (elsewhere / "said").read_text()  # noted where the interpreter is called
    assert f"--out {root}/outputs/demo/bistable.zarr" in said and "--photographs a.jpg b.jpg" in said
    assert f"record  {root}/outputs/demo/bistable.zarr" in told


@pytest.mark.parametrize(
    ("script", "recipes", "workers"),
    [
        ("train_natural.sh", ("hybrid_cued", "hybrid_official", "hybrid_vit"), ""),
        ("train_cifar10.sh", ("cifar10_absvit", "cifar10_vit"), " --num-workers 0"),
    ],
)
def test_all_trainings_are_one_script_which_stops_where_one_fails(root, script, recipes, workers):
    said, code = asked(root, script, "--device", "cpu")
    assert code == 0 and said[0] == "-m absvit.cifar10 outputs/cifar10"
    assert said[1:] == [
        f"-m absvit.launch {recipe} --seed {seed} --data-path outputs/cifar10 "
        f"--out outputs/training/{recipe}_seed{seed}{workers} --device cpu"
        for seed in range(3)
        for recipe in recipes
    ]
    stopped, code = asked(root, script, fails=f"-m absvit.launch {recipes[-1]} --seed 0", CIFAR10="mine")
    assert code == 2 and len(stopped) == len(recipes) and all("--data-path mine" in line for line in stopped)


def test_every_model_is_measured_on_both_sets_and_photographs_are_collected_once(root):
    for recipe in ("hybrid_official", "hybrid_vit"):
        (root / "outputs" / "training" / f"{recipe}_seed0").mkdir(parents=True)
        (root / "outputs" / "training" / f"{recipe}_seed0" / "model.safetensors").touch()
    said, code = asked(root, "measure_natural.sh", CIFAR10="mine", IMAGENET="pictures.tar")
    assert code == 0 and said[0] == "-m stimuli photographs pictures.tar outputs/natural/imagenet"
    probes = [line for line in said if line.startswith("-m absvit.launch experiments")]
    assert len(probes) == 3 * 2 * 2 and all("--n 1000 --resume" in line for line in probes)
    for label in ("cued", "official", "vit"):
        for folder in ("mine/test", "outputs/natural/imagenet"):
            assert sum(f"--label {label} --folder {folder} " in line for line in probes) == 2
    halves = [line for line in probes if "experiments bistable" in line]
    assert [line.endswith("--controls") for line in halves] == [True] * 4 + [False] * 2  # a plain ViT has no decoders
    assert not any("photographs" in line for line in asked(root, "measure_natural.sh", IMAGENET="pictures.tar")[0])
    for fails, lines in (("-m absvit.launch", 1), ("-m experiments summary", 3)):
        stopped, code = asked(root, "measure_natural.sh", CIFAR10="mine", fails=fails)
        assert code == 2 and len(stopped) == lines
