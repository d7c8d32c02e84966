"""Damaged records: each single file spoilt in every way is named to whoever reads, and mended by going on."""

import errno
import json
import re
import shutil
import time
from dataclasses import replace

import dask.array
import numpy as np
import pytest
import xarray as xr
from faults import SUPPORTED, run

from absvit import records
from absvit.records import seals
from experiments.__main__ import main
from experiments.commands import probe as commands
from experiments.probes import PROBES

N, CHUNK = 5, 3
VALUES = np.random.default_rng(0).normal(size=(2, N)).astype(np.float32)
VALUES[:, CHUNK:] = 0  # what equals zarr's fill value is written, and missed, too
MEAN = xr.Dataset({"mean": ("prior", VALUES.mean(1))})
ATTRIBUTES = {"title": "a probe", "parameters": '{"gain": 2.0}', "created": "now"}


def layout(**attributes):
    data = {
        "logits": (("prior", "stimulus"), dask.array.zeros((2, N), dtype=np.float32, chunks=(2, CHUNK))),
        "mean": ("prior", np.full(2, np.nan, np.float32)),
    }
    coordinates = {
        "prior": np.array(["none", "class 1"], object),
        "stimulus": np.arange(N),
        "label": ("stimulus", dask.array.zeros(N, dtype=np.int64, chunks=CHUNK)),
    }
    return xr.Dataset(data, coordinates, {**ATTRIBUTES, **attributes})


def fill(record):
    for part in record.pending():
        label = ("stimulus", 10 * np.arange(part.start, part.stop))
        record.write(part, xr.Dataset({"logits": (("prior", "stimulus"), VALUES[:, part])}, {"label": label}))
    record.complete(MEAN)


def go_on(path, **attributes):
    fill(records.begin(path, layout(**attributes), CHUNK, resume=True))


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    path = tmp_path_factory.mktemp("records") / "whole.zarr"
    fill(records.begin(path, layout(), CHUNK))
    return path


def other_than(file):
    """A file to swap with: the next one of the same folder, else of the record."""
    root = next(parent for parent in file.parents if parent.suffix == ".zarr")
    near = sorted(path for path in file.parent.iterdir() if path.is_file() and path != file)
    return [*near, *sorted(path for path in root.rglob("*") if path.is_file() and path != file)][0]


def swap(file):
    other = other_than(file)
    ours, theirs = file.read_bytes(), other.read_bytes()
    file.write_bytes(theirs), other.write_bytes(ours)


def flip(file):
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def replace_by_folder(file):
    file.unlink()
    (file / "within").mkdir(parents=True)


SPOILT = {
    "removed": lambda file: file.unlink(),
    "truncated": lambda file: file.write_bytes(file.read_bytes()[:-3]),
    "emptied": lambda file: file.write_bytes(b""),
    "zeroed": lambda file: file.write_bytes(bytes(file.stat().st_size)),
    "a bit flipped": flip,
    "swapped": swap,
    "a folder": replace_by_folder,
}


def files_of(record):
    return sorted(path.relative_to(record).as_posix() for path in record.rglob("*") if path.is_file())


def told_of(path):
    """What reading the whole record says of damage, "" if nothing."""
    try:
        records.load(path).load()
    except ValueError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("how", SPOILT)
def test_every_file_that_is_spoilt_is_named_and_mended(whole, tmp_path, how):
    names, right = files_of(whole), records.load(whole).load()
    assert len(names) == 20
    for name in names[list(SPOILT).index(how) % 2 :: 2]:  # every other file in this way, the rest in the next way
        path = tmp_path / "r.zarr"
        shutil.copytree(whole, path)
        swapped = other_than(path / name).relative_to(path).as_posix()
        SPOILT[how](path / name)
        if (path / name).is_file() and (path / name).read_bytes() == (whole / name).read_bytes():
            assert how == "swapped"  # with its equal
        else:
            told = told_of(path)
            assert name in told or (how == "swapped" and swapped in told), (name, told)
            assert "--resume mends it" in told and "\n" not in told
            with pytest.raises(ValueError, match="is damaged"):
                records.verify(path)
        record = records.begin(path, layout(created="later"), CHUNK, resume=True)
        spoilt = re.match(r"(logits/c/0|label/c|done/c)/(\d)$", name)
        if spoilt and how not in ("swapped", "a folder"):
            assert record.pending() == [slice(0, 3) if spoilt[2] == "0" else slice(3, 5)]
        elif how != "swapped" and name.startswith(("stimulus/c", "prior/c")):
            assert record.pending() == []
        fill(record)
        assert record.repair() == []
        xr.testing.assert_identical(records.load(path).load(), right)
        if name.endswith("zarr.json"):  # what xarray itself reads before all else
            xr.testing.assert_identical(xr.open_zarr(path).load(), right)
        assert records.verify(path) == f"{path}: 5 of 5 stimuli are done, 15 files are as written"
        assert files_of(path) == names
        shutil.rmtree(path)


def test_only_what_is_read_is_checked_and_verify_checks_all(whole, tmp_path):
    path = tmp_path / "r.zarr"
    shutil.copytree(whole, path)
    flip(path / "logits" / "c" / "0" / "1")
    stored = records.load(path)
    assert stored["label"].values.tolist() == [0, 10, 20, 30, 40]
    assert np.array_equal(stored["logits"][:, :CHUNK], VALUES[:, :CHUNK])
    with pytest.raises(ValueError, match="logits/c/0/1 is changed"):
        stored["logits"].load()
    with pytest.raises(ValueError, match="logits/c/0/1 is changed"):
        records.verify(path)
    with pytest.raises(ValueError, match="logits/c/0/1 is changed"):
        records.export(stored, tmp_path / "r.nc")
    assert not list(tmp_path.glob("*.nc*"))


def test_an_export_that_fails_leaves_nothing_whatever_else_was_being_read(tmp_path):
    def part(block_info=None):
        if block_info[None]["chunk-location"] == (0,):
            raise ValueError("the first is changed")
        time.sleep(0.1)  # read after the first has failed
        return np.zeros(1)

    values = dask.array.map_blocks(part, chunks=((1,) * 4,), dtype=float)
    with pytest.raises(ValueError, match="the first is changed"):
        records.export(xr.Dataset({"values": ("stimulus", values)}), tmp_path / "r.nc")
    time.sleep(0.5)
    assert not list(tmp_path.iterdir())


def test_damage_is_not_told_as_too_few_stimuli(whole, tmp_path):
    path = tmp_path / "r.zarr"
    shutil.copytree(whole, path)
    record = records.load(path)
    flip(path / "logits" / "c" / "0" / "1")
    with pytest.raises(ValueError, match=r"^\S+ is damaged .*--resume mends it$"):
        commands._summary(record, replace(PROBES["bistable"], summarise=lambda record: record.load()))


def test_the_command_verifies(whole, tmp_path, capsys):
    assert main(["verify", str(whole)]) == 0
    assert capsys.readouterr().out == f"{whole}: 5 of 5 stimuli are done, 15 files are as written\n"
    path = tmp_path / "r.zarr"
    shutil.copytree(whole, path)
    (path / "logits" / "c" / "0" / "0").unlink()
    assert main(["verify", str(path)]) == 2
    assert capsys.readouterr().err == (
        f"error: {path} is damaged (logits/c/0/0 is missing): the probe's own command with --resume mends it\n"
    )
    assert main(["verify", str(tmp_path / "none.zarr")]) == 2


def test_another_experiment_is_told_from_the_seal_when_the_metadata_are_lost(whole, tmp_path):
    path = tmp_path / "r.zarr"
    shutil.copytree(whole, path)
    (path / "zarr.json").unlink()
    with pytest.raises(ValueError, match="parameters.gain was 2.0, is 3.0"):
        records.begin(path, layout(parameters='{"gain": 3.0}'), CHUNK, resume=True)


def test_a_record_that_was_begun_with_other_chunks_is_mended(whole, tmp_path):
    path = tmp_path / "r.zarr"
    shutil.copytree(whole, path)
    (path / "logits" / "zarr.json").unlink()
    fill(records.begin(path, layout(), 1, resume=True))
    xr.testing.assert_identical(records.load(path).load(), records.load(whole).load())


def unsealed(whole, path):
    """The record as release 0.1.0 wrote it."""
    shutil.copytree(whole, path)
    shutil.rmtree(path / seals.FOLDER)
    return path


def test_a_record_without_seals_is_read_and_gone_on_with(whole, tmp_path):
    path = unsealed(whole, tmp_path / "r.zarr")
    xr.testing.assert_identical(records.load(path).load(), records.load(whole).load())
    assert "5 of 5 stimuli are done; a record of release 0.1.0" in records.verify(path)
    flip(path / "logits" / "c" / "0" / "1")
    with pytest.raises(ValueError, match="checksum"):
        records.verify(path)
    record = records.begin(path, layout(pictures_sha256="new"), CHUNK, resume=True)
    assert record.pending() == [slice(3, 5)]
    fill(record)
    xr.testing.assert_identical(records.load(path).load(), records.load(whole).load())
    assert files_of(path) == files_of(whole)
    assert json.loads((path / "zarr.json").read_text())["attributes"]["created"] == "now"


def test_a_coordinate_without_seal_is_told_and_mended(whole, tmp_path):
    path = unsealed(whole, tmp_path / "r.zarr")
    (path / "prior" / "c" / "0").write_bytes(b"no zstd")
    with pytest.raises(ValueError, match=r"damaged \(prior is changed\)"):
        records.load(path)
    go_on(path)
    xr.testing.assert_identical(records.load(path).load(), records.load(whole).load())


def test_other_pictures_are_another_experiment(tmp_path):
    fill(records.begin(tmp_path / "r.zarr", layout(pictures_sha256="aa"), CHUNK))
    with pytest.raises(ValueError, match="pictures_sha256 was 'aa', is 'bb'"):
        records.begin(tmp_path / "r.zarr", layout(pictures_sha256="bb"), CHUNK, resume=True)


def test_chunks_of_what_has_changed_since_are_told_unless_they_do_not_say_what_they_are_made_of(whole, tmp_path):
    path, now = tmp_path / "r.zarr", {0: "a", 3: "b"}

    def begun(at=path):
        return records.begin(at, layout(), CHUNK, resume=True, made_of=lambda part: now[part.start])

    record = begun()
    label = ("stimulus", 10 * np.arange(3))
    record.write(slice(0, 3), xr.Dataset({"logits": (("prior", "stimulus"), VALUES[:, :3])}, {"label": label}))
    now[3] = "another"  # not done yet
    fill(begun())
    now[3] = "b"
    with pytest.raises(ValueError, match=r"stimuli 3 to 4 have changed since .*r\.zarr was made of them") as told:
        begun()
    assert "\n" not in str(told.value)
    now[0] = "another, too"
    with pytest.raises(ValueError, match="stimuli 0 to 2 and of 1 more chunks have changed"):
        begun()
    shutil.copytree(whole, tmp_path / "earlier.zarr")
    for of in seals.published(tmp_path / "earlier.zarr"):  # as versions wrote it that did not tell
        facts = seals.read(tmp_path / "earlier.zarr", of)
        seals.draft(tmp_path / "earlier.zarr", of, {name: facts[name] for name in {*facts} - {"of", "made_of"}})
        seals.publish(tmp_path / "earlier.zarr", of)
    assert begun(tmp_path / "earlier.zarr").pending() == []


def test_a_run_removes_what_killed_runs_left_of_its_own(tmp_path):
    path = tmp_path / "r.zarr"
    record = records.begin(path, layout(), CHUNK)
    stage = tmp_path / ".r.zarr.begun-12345678"
    foreign = tmp_path / ".r.zarr.mine"
    for left in (stage, foreign):
        left.mkdir()
    partials = [path / name for name in ("logits/c/0/0.1a.partial", "logits/c/0/1.2b.partial", "zarr.3c.partial")]
    for left in partials:
        left.parent.mkdir(parents=True, exist_ok=True)
        left.write_bytes(b"half")
    records.begin(path, layout(), CHUNK, resume=True, share=(1, 2))  # others may be at work
    assert [left.exists() for left in (*partials, stage)] == [True, False, True, True]
    fill(records.begin(path, layout(), CHUNK, resume=True))
    assert [left.exists() for left in (*partials, stage, foreign)] == [False] * 4 + [True]
    assert record.pending() == []


def struck(path):
    """Fill a record, or go on with it, as a forked process can: dask's threads are not inherited."""
    with dask.config.set(scheduler="synchronous"):
        go_on(path)


def check(path, whole):
    """Whether two records are equal, and have files of the same names."""
    with dask.config.set(scheduler="synchronous"):
        xr.testing.assert_equal(records.load(path).load(), records.load(whole).load())
    assert files_of(path) == files_of(whole)


@pytest.mark.processes
@pytest.mark.skipif(not SUPPORTED, reason="faults need ptrace of Linux on x86-64")
@pytest.mark.parametrize(
    "fault", [{}, {"error": errno.EIO}, {"error": errno.ENOSPC, "lasting": True}], ids=["SIGKILL", "EIO", "full disk"]
)
def test_a_record_that_is_struck_while_it_is_written_ends_with_the_same_values(fault, whole, tmp_path):
    calls = run(lambda: struck(tmp_path / "first.zarr"), tmp_path).calls
    for at in range(5, len(calls), len(calls) // 6):  # scripts/fault_records.sh strikes them all
        path = tmp_path / f"{at}.zarr"
        ended = run(lambda path=path: struck(path), tmp_path, at=at, **fault)
        met = ended.calls[at] if at < len(ended.calls) else calls[at]  # zarr's threads do not always take turns alike
        if ended.code or not met.startswith("mkdir "):  # zarr 3.1.2 makes folders that are there, too
            assert ended.code == (1 if fault else -9), met
            told = "cannot write (into the record )?/.*: .*(--resume|choose a folder)"
            assert not fault or re.search(told, ended.said)
        assert run(lambda path=path: struck(path), tmp_path).code == 0, calls[at]
        checked = run(lambda path=path: check(path, whole), tmp_path)
        assert checked.code == 0, (calls[at], checked.said)
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]
