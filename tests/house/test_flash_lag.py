"""A stranger's package is installed, and all programs work with what it declares; a bad package is told in a line."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from ranks import alone

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
experiments flash_lag --model template --n 12 --gains 2 --out t.zarr
experiments summary t.zarr
experiments figure flash_lag t.zarr --out t.pdf
experiments flash_lag --model template template+decision_bias absvit_micro --n 6 --gains 2 --out b.zarr
experiments summary b.zarr
""".strip().splitlines()
REFUSED = "experiments flash_lag --model template+spatial_gain --n 6 --out no.zarr"
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
from absvit.words import check_encoder
from notebooks.explorers import RecordExplorer

stimuli.check_family("flash_lag")
experiments.check_probe("flash_lag")
experiments.check_observer("template")
check_encoder("letters")
for name in ("r.zarr", "t.zarr"):
    check_figure("flash_lag", records.load(name))
    explorer = RecordExplorer(name)
    assert explorer.message == "" and "offset" in explorer.record
    explorer.controls["across"].value = "class"
    assert explorer.message == ""
"""


def called(packages, folder, calls, checks=""):
    """Exit codes, and what was said, of calls of our programs, all in one process, and then of some checks."""
    (folder / "program.py").write_text(PROGRAM)
    done = alone(folder / "program.py", json.dumps(calls), checks, folder=folder, packages=packages)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder of packages that holds the stranger's, and an encoder's, installed as from a checkout."""
    folder = tmp_path_factory.mktemp("installed")
    sources = [str(shutil.copytree(KIT / name, folder / "sources" / name)) for name in ("flash_lag", "letters")]
    words = ["-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation", "--no-index", "--target"]
    command = [sys.executable, *words, str(folder / "packages"), *sources]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder / "packages"


@pytest.fixture(scope="module")
def desk(installed, tmp_path_factory):
    """A folder in which all calls were made and the checks held, and what the calls said."""
    folder = tmp_path_factory.mktemp("desk")
    (folder / "e.yaml").write_text("probe: flash_lag\nn: 12\nchunk: 5\ngains: [2.0]\nout: again.zarr\n")
    return folder, called(installed, folder, [*CALLS, REFUSED], CHECKS)


pytestmark = [pytest.mark.processes, pytest.mark.xdist_group("test_flash_lag")]  # which share two desks


@pytest.mark.parametrize("call", CALLS)
def test_every_program_works_with_it(call, desk):
    code, said, errors = desk[1][call]
    assert code == 0, errors


def test_it_is_listed_tabulated_and_drawn(desk):
    folder, told = desk
    assert "flash_lag" in told["stimuli list"][1] and "A flash beside a moving" in told["experiments list"][1]
    assert "template            correlates pictures" in told["experiments list"][1]
    assert "template" in told["experiments summary t.zarr"][1]
    beside = told["experiments summary b.zarr"][1]
    assert "template+decision_bias" in beside and "seen bottom-up, since the observer does not take the cue" in beside
    code, _, refused = told[REFUSED]
    assert code == 2 and refused.count("error:") == 1 and "template" in refused and not (folder / "no.zarr").exists()
    assert "flash_evidence" in told["experiments summary r.zarr"][1]
    assert "Log odds of the flashed" in next(said for call, (_, said, _) in told.items() if "figure" in call)
    assert (folder / "f.pdf").stat().st_size > 5000 and (folder / "r.nc").exists()


def test_its_whole_text_is_short():
    files = [file for file in (KIT / "flash_lag").rglob("*") if file.suffix in (".py", ".toml")]
    assert sum(len(file.read_text().splitlines()) for file in files) <= 250


OURS = {  # of each kind: what declares the stranger's, a name of ours, and the command that lists what there is
    "family": ("flash_lag.displays:FLASH_LAG", "objects", "stimuli list"),
    "probe": ("flash_lag.probe:PROBE", "bistable", "experiments list"),
    "figure": ("flash_lag.figure:FIGURE", "signature", "experiments figure list"),
    "observer": ("flash_lag.observer:TEMPLATE", "absvit_micro", "experiments list"),
}
GROUPS = {"family": "families"}
RENAMED = "from {0} import {1} as THING"
BAD = {  # the text of a bad package, and what is said of it
    "other": ('THING = "a string"', "gives str as the {kind} 'other_{kind}'"),
    "raising": ('raise RuntimeError("no")', "cannot be imported (RuntimeError: no)"),
    "renamed": (RENAMED, "declares the {kind} '{own}' under the name 'renamed_{kind}'"),
    "taking": (RENAMED, "takes the name '{ours}', which is ours"),
}
USES = {
    **{f"stimuli {fault}_family --n 2 --out {fault}": f"bad-{fault}-family" for fault in ("raising", "other")},
    **{
        f"experiments recognition --n 2 --out x.zarr --model {fault}_observer": f"bad-{fault}-observer"
        for fault in ("raising", "other")
    },
    "experiments recognition --n 2 --out x.zarr --model templat": "template",
}
GOOD = [
    "stimuli objects --n 2 --out o",
    "stimuli flash_lag --n 2 --out f",
    "experiments recognition --n 2 --out r.zarr",
]


@pytest.fixture(scope="module")
def beside_bad_ones(installed, tmp_path_factory):
    """What programs say where packages of every kind and fault are installed beside the stranger's."""
    folder = tmp_path_factory.mktemp("bad")
    packages = shutil.copytree(installed, folder / "packages")
    for kind, (place, ours, _) in OURS.items():
        for fault, (source, _) in BAD.items():
            module, name = f"bad_{fault}_{kind}", ours if fault == "taking" else f"{fault}_{kind}"
            (packages / f"{module}.py").write_text(source.format(*place.split(":")) + "\n")
            told = packages / f"{module}-1.0.dist-info"
            told.mkdir()
            (told / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module.replace('_', '-')}\nVersion: 1.0\n")
            group = GROUPS.get(kind, f"{kind}s")
            (told / "entry_points.txt").write_text(f"[absvit.{group}]\n{name} = {module}:THING\n")
    return called(packages, folder, [*dict.fromkeys(listed for _, _, listed in OURS.values()), *USES, *GOOD])


@pytest.mark.parametrize("kind", OURS)
@pytest.mark.parametrize("fault", BAD)
def test_a_bad_package_is_told_in_one_line(fault, kind, beside_bad_ones):
    place, ours, listed = OURS[kind]
    says = BAD[fault][1].format(kind=kind, ours=ours, own="template" if kind == "observer" else "flash_lag")
    code, said, errors = beside_bad_ones[listed]
    assert code == 0, errors
    assert [line for line in said.splitlines() if f"bad-{fault}-{kind}" in line and says in line], said


def test_the_others_go_on_beside_a_bad_package(beside_bad_ones):
    for use, says in USES.items():
        code, _, errors = beside_bad_ones[use]
        assert code == 2 and errors.count("\n") == 1 and says in errors, (use, errors)
    for use in GOOD:
        assert beside_bad_ones[use][0] == 0, beside_bad_ones[use]
