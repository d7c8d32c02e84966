"""A stranger's package is installed, and all programs work with what it declares; a bad package is told in a line."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

KIT = Path(__file__).parents[1] / "kit"
CALLS = """
stimuli list
stimuli flash_lag --n 6 --out set
stimuli verify set
stimuli show set
experiments list
experiments flash_lag --n 12 --chunk 5 --gains 2 --out r.zarr
experiments run e.yaml
experiments summary r.zarr
experiments figure flash_lag r.zarr --out f.pdf
experiments export r.zarr r.nc
""".strip().splitlines()
PROGRAM = """
import contextlib, importlib, io, json, sys

told = {}
for call in json.loads(sys.argv[1]):
    name, *words = call.split()
    said = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(said[0]), contextlib.redirect_stderr(said[1]):
        code = importlib.import_module(f"{name}.__main__").main(words)
    told[call] = code, said[0].getvalue(), said[1].getvalue()
exec(sys.argv[2])
print(json.dumps(told))
"""
CHECKS = """
import experiments, stimuli
from experiments.figures import check_figure
from absvit import records
from notebooks.explorers import RecordExplorer

stimuli.check_family("flash_lag")
experiments.check_probe("flash_lag")
check_figure("flash_lag", records.load("r.zarr"))
explorer = RecordExplorer("r.zarr")
assert explorer.message == "" and "offset" in explorer.record
explorer.controls["across"].value = "class"
assert explorer.message == ""
"""


def python(packages, folder, *words):
    """What Python says in a folder, with some packages installed."""
    path = os.pathsep.join([str(packages), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = os.environ | {"PYTHONPATH": path}
    return subprocess.run([sys.executable, *words], cwd=folder, env=environment, capture_output=True, text=True)


def called(packages, folder, calls, checks=""):
    """Exit codes, and what was said, of calls of our programs, all in one process, and then of some checks."""
    done = python(packages, folder, "-c", PROGRAM, json.dumps(calls), checks)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder of packages that holds the stranger's, installed as from a checkout."""
    folder = tmp_path_factory.mktemp("installed")
    source = shutil.copytree(KIT / "flash_lag", folder / "source")
    words = ["-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation", "--no-index", "--target"]
    done = python(folder, folder, *words, str(folder / "packages"), str(source))
    assert done.returncode == 0, done.stderr
    return folder / "packages"


@pytest.fixture(scope="module")
def desk(installed, tmp_path_factory):
    """A folder in which all calls were made and the checks held, and what the calls said."""
    folder = tmp_path_factory.mktemp("desk")
    (folder / "e.yaml").write_text("probe: flash_lag\nn: 12\nchunk: 5\ngains: [2.0]\nout: again.zarr\n")
    return folder, called(installed, folder, CALLS, CHECKS)


pytestmark = pytest.mark.processes


@pytest.mark.parametrize("call", CALLS)
def test_every_program_works_with_it(call, desk):
    code, said, errors = desk[1][call]
    assert code == 0, errors


def test_it_is_listed_tabulated_and_drawn(desk):
    folder, told = desk
    assert "flash_lag" in told["stimuli list"][1] and "A flash beside a moving" in told["experiments list"][1]
    assert "flash_evidence" in told["experiments summary r.zarr"][1]
    assert "Log odds of the flashed" in next(said for call, (_, said, _) in told.items() if "figure" in call)
    assert (folder / "f.pdf").stat().st_size > 5000 and (folder / "r.nc").exists()


def test_its_whole_text_is_short():
    files = [file for file in (KIT / "flash_lag").rglob("*") if file.suffix in (".py", ".toml")]
    assert sum(len(file.read_text().splitlines()) for file in files) <= 250


BAD = {
    "other_kind": ('THING = "a string"', "gives str as the family 'other_kind'"),
    "raising": ('raise RuntimeError("no")', "cannot be imported (RuntimeError: no)"),
    "objects": ("from flash_lag.displays import FLASH_LAG as THING", "takes the name 'objects', which is ours"),
    "renamed": ("from flash_lag.displays import FLASH_LAG as THING", "declares the family 'flash_lag' under the name"),
}


def test_a_bad_package_is_named_and_the_others_go_on(installed, tmp_path):
    packages = shutil.copytree(installed, tmp_path / "packages")
    for name, (source, _) in BAD.items():
        (packages / f"bad_{name}.py").write_text(source + "\n")
        told = packages / f"bad_{name}-1.0.dist-info"
        told.mkdir()
        (told / "METADATA").write_text(f"Metadata-Version: 2.1\nName: bad-{name}\nVersion: 1.0\n")
        (told / "entry_points.txt").write_text(f"[absvit.families]\n{name} = bad_{name}:THING\n")
    calls = ["stimuli list", "stimuli raising --out r", "stimuli other_kind --out r", "stimuli objects --n 2 --out o"]
    told = called(packages, tmp_path, [*calls, "stimuli flash_lag --n 2 --out f"])
    lines = told["stimuli list"][1].splitlines()
    for name, (_, says) in BAD.items():
        assert [line for line in lines if f"bad-{name}" in line and says in line], (name, lines)
    for call in calls[1:3]:
        code, _, errors = told[call]
        assert code == 2 and errors.count("\n") == 1 and f"bad-{call.split()[1]}" in errors
    assert told[calls[3]][0] == 0 and told["stimuli flash_lag --n 2 --out f"][0] == 0
