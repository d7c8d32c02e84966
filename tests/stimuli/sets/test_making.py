"""Making a set: the same bytes in any number of processes and after a kill; an old set stays until the new one is."""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from functools import partial

import pytest
from folders import contents

from stimuli.__main__ import main
from stimuli.families import objects
from stimuli.sets import format, in_place, job
from stimuli.sets.job import Request, make

LARGE = ["objects", "--n", "300", "--seed", "3", "--size", "32", "32", "--out", "OUT"]
SMALL = objects.Objects(size=(32, 32))
DRAW = partial(objects.draw, SMALL)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The large set, made in one go by one process."""
    out = tmp_path_factory.mktemp("made") / "set"
    assert main([word.replace("OUT", str(out)) for word in LARGE]) == 0
    assert len(contents(out)) == 2 * 300 + 3
    return contents(out)


@pytest.fixture
def parts_of_ten(monkeypatch):
    monkeypatch.setattr(job, "MOST_OF_A_PART", 10)


def failing(after, error):
    """A draw that fails at some stimulus."""

    def draw(n, seed, first=0):
        if first >= after:
            raise error
        return DRAW(n, seed, first)

    return draw


@pytest.mark.processes
def test_a_set_killed_in_two_processes_and_resumed_in_two_has_the_bytes_of_one_go(whole, tmp_path, monkeypatch):
    out = tmp_path / "set"
    notes = tmp_path / ".set.unfinished" / "parts"
    begin = "from stimuli import __main__; from stimuli.sets import job; job.MOST_OF_A_PART = 4"
    program = f"{begin}; __main__.main({[*LARGE, '--jobs', '2']})"
    process = subprocess.Popen([sys.executable, "-c", program.replace("OUT", str(out))])
    try:
        while not any(notes.glob("*.json")):
            assert process.poll() is None, "finished before it could be killed"
            time.sleep(0.002)
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    assert not out.exists()
    monkeypatch.setattr(job, "MOST_OF_A_PART", 4)
    missing, each = [], job.each
    monkeypatch.setattr(job, "each", lambda work, parts, jobs: missing.extend(parts) or each(work, parts, jobs))
    words = [word.replace("OUT", str(out)) for word in LARGE]
    assert main(words) == 2  # neither to be resumed nor to be overwritten
    assert not missing
    assert main([*words, "--jobs", "2", "--resume"]) == 0
    assert 1 < len(missing) < 75  # of 75 parts
    assert contents(out) == whole
    assert [path.name for path in tmp_path.iterdir()] == ["set"]


def ended_in_a_worker(n, seed, first=0):
    if multiprocessing.parent_process() is not None:
        os._exit(1)
    return DRAW(n, seed, first)


@pytest.mark.seconds
def test_a_process_that_is_ended_is_told_of(tmp_path, parts_of_ten):
    with pytest.raises(OSError, match="fewer --jobs"):
        make(ended_in_a_worker, Request(tmp_path / "set", 20, jobs=2))
    make(DRAW, Request(tmp_path / "set", 20, resume=True))


def test_a_set_that_is_overwritten_stays_until_the_new_one_is_complete(tmp_path, parts_of_ten):
    out = tmp_path / "set"
    make(DRAW, Request(out, 20))
    old = contents(out)
    for error in (KeyboardInterrupt(), ValueError("a picture cannot be read")):
        with pytest.raises(type(error)):
            make(failing(20, error), Request(out, 30, seed=1, overwrite=True))
        assert contents(out) == old
    make(DRAW, Request(out, 30, seed=1, resume=False, overwrite=True))
    assert format.read(out).attrs["seed"] == 1
    assert [path.name for path in tmp_path.iterdir()] == ["set"]


def test_an_unfinished_set_of_another_recipe_is_not_gone_on_with(tmp_path, parts_of_ten):
    out = tmp_path / "set"
    with pytest.raises(KeyboardInterrupt):
        make(failing(20, KeyboardInterrupt()), Request(out, 30))
    for other, told in ((Request(out, 40, resume=True), "n was 30, is 40"), (Request(out, 30, 1, resume=True), "seed")):
        with pytest.raises(ValueError, match=told):
            make(DRAW, other)
    with pytest.raises(ValueError, match="parameters was"):
        make(partial(objects.draw, objects.Objects(size=(32, 40))), Request(out, 30, resume=True))
    make(DRAW, Request(out, 30, resume=True))
    format.write(DRAW(30, 0), tmp_path / "written")
    assert contents(out) == contents(tmp_path / "written")
    with pytest.raises(ValueError, match="another set"):
        make(DRAW, Request(out, 31, resume=True))


def test_what_fails_at_once_leaves_nothing(tmp_path, parts_of_ten):
    class Odd(ValueError):
        pass

    calls = []

    def draw(n, seed, first=0):
        calls.append(n)
        if len(calls) > 1:
            raise Odd("in the first part")
        return DRAW(n, seed, first)

    for _ in range(2):
        with pytest.raises(Odd):
            make(draw, Request(tmp_path / "set", 20))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("what", ["a picture of mine", "no set at all", "a file"])
def test_what_is_not_of_a_set_is_never_overwritten(what, tmp_path):
    out = tmp_path / "set"
    if what == "a file":
        out.write_text("precious")
    elif what == "no set at all":
        out.mkdir()
        (out / "mine.txt").write_text("precious")
    else:
        format.write(DRAW(2, 0), out)
        (out / "images" / "mine.png").write_bytes(b"precious")
    old = contents(tmp_path)
    for resume in (False, True):
        with pytest.raises(ValueError, match="exists already|not the set's"):
            make(DRAW, Request(out, 3, overwrite=not resume, resume=resume and what != "a picture of mine"))
        assert contents(tmp_path) == old


def test_a_kill_between_the_two_renames_loses_nothing(tmp_path, monkeypatch):
    out = tmp_path / "set"
    format.write(DRAW(2, 0), out)
    old = contents(out)
    replace = os.replace

    def killed(source, target):
        if target == out:
            raise KeyboardInterrupt
        replace(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(in_place.os, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            format.write(DRAW(2, 1), out, overwrite=True)
    assert not out.exists()
    with pytest.raises(ValueError, match="exists already"):
        format.write(DRAW(2, 1), out)
    assert contents(out) == old
    format.write(DRAW(2, 1), out, overwrite=True)
    assert format.read(out).attrs["seed"] == 1


def test_a_set_is_made_again_from_its_recipe(tmp_path, capsys, refused):
    out = tmp_path / "set"
    words = ["bistable", "--n", "4", "--size", "32", "64", "--pixels-per-degree", "20", "--class-folder"]
    assert main([*words, "--out", str(out)]) == 0
    recipe = tmp_path / "elsewhere" / "stimuli.json"
    recipe.parent.mkdir()
    recipe.write_bytes((out / "stimuli.json").read_bytes())
    assert main(["remake", str(recipe), "--out", str(tmp_path / "again")]) == 0
    assert "all 18 files have the bytes" in capsys.readouterr().out
    assert contents(tmp_path / "again") == contents(out)
    told = json.loads(recipe.read_text())
    told["sha256"]["images/00001.png"] = "0" * 64
    told["versions"]["pillow"] = "1.0"
    recipe.write_text(json.dumps(told))
    told = refused("remake", recipe, "--out", tmp_path / "third")
    assert "images/00001.png" in told and "pillow was 1.0" in told
