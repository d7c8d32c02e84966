"""Records: written a chunk at a time, resumed where they stopped, refused where they are something else."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import dask.array
import numpy as np
import pytest
import xarray as xr

from absvit import records

N, CHUNK = 7, 3


def layout(n=N, **attributes):
    values = dask.array.zeros((2, n), dtype=np.float32, chunks=(2, CHUNK))
    label = dask.array.zeros(n, dtype=np.int64, chunks=CHUNK)
    coordinates = {
        "prior": np.array(["none", "class 1"], object),
        "stimulus": np.arange(n),
        "label": ("stimulus", label),
    }
    dataset = xr.Dataset({"logits": (("prior", "stimulus"), values)}, coordinates)
    return dataset.assign_attrs(records.provenance("a probe", 3, {"gain": 2.0}, "cpu") | attributes)


def part_of(values, part):
    numbers = np.arange(part.start, part.stop)
    return xr.Dataset({"logits": (("prior", "stimulus"), values[:, part])}, {"label": ("stimulus", numbers * 10)})


@pytest.fixture
def values():
    return np.random.default_rng(0).normal(size=(2, N)).astype(np.float32)


def fill(record, values, chunks=None):
    for part in record.pending()[:chunks]:
        record.write(part, part_of(values, part))


@pytest.mark.processes
def test_a_record_holds_what_was_written_and_opens_without_our_code(tmp_path, values):
    record = records.begin(tmp_path / "r.zarr", layout(), CHUNK)
    assert record.pending() == [slice(0, 3), slice(3, 6), slice(6, 7)]
    fill(record, values)
    code = f"import xarray; print(xarray.open_zarr({str(tmp_path / 'r.zarr')!r}).logits.values.tolist())"
    printed = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert np.array_equal(np.float32(json.loads(printed.stdout)), values)
    stored = records.load(tmp_path / "r.zarr")
    assert (stored["done"] == 1).all() and np.array_equal(stored["label"], np.arange(N) * 10)
    assert stored["logits"].chunksizes["stimulus"] == (3, 3, 1)
    assert record.pending() == []


def test_a_small_record_is_read_at_once_but_for_its_pictures(tmp_path, values):
    fill(records.begin(tmp_path / "r.zarr", layout(), CHUNK), values)
    pictures = dask.array.zeros((N, 2), chunks=(CHUNK, 2))
    stored = records.load(tmp_path / "r.zarr").assign(image=(("stimulus", "x"), pictures))
    read = records.in_memory(stored)
    assert read["logits"].chunks is None and read["image"].chunks == stored["image"].chunks
    assert records.in_memory(stored, most=1) is stored and stored["logits"].chunks is not None
    xr.testing.assert_identical(read.load(), stored.load())


def test_a_stopped_record_goes_on_and_equals_an_uninterrupted_one(tmp_path, values):
    whole = records.begin(tmp_path / "whole.zarr", layout(created="now"), CHUNK)
    fill(whole, values)
    fill(records.begin(tmp_path / "r.zarr", layout(created="now"), CHUNK), values, chunks=1)
    stopped = records.load(tmp_path / "r.zarr")
    assert stopped["done"].values.tolist() == [1, 1, 1, 0, 0, 0, 0]
    again = records.begin(tmp_path / "r.zarr", layout(created="later", command="another"), CHUNK, resume=True)
    assert again.pending() == [slice(3, 6), slice(6, 7)]
    fill(again, values)
    xr.testing.assert_identical(records.load(tmp_path / "r.zarr").load(), records.load(tmp_path / "whole.zarr").load())


def test_a_chunk_counts_only_when_it_is_whole(tmp_path, values, monkeypatch):
    record = records.begin(tmp_path / "r.zarr", layout(), CHUNK)
    write, calls = xr.Dataset.to_zarr, []

    def full_disk(self, *args, **kwargs):
        calls.append(1)
        if len(calls) == 4:  # the second chunk's "done"
            raise OSError(28, "No space left on device")
        return write(self, *args, **kwargs)

    monkeypatch.setattr(xr.Dataset, "to_zarr", full_disk)
    with pytest.raises(OSError, match="No space"):
        fill(record, values)
    assert records.load(tmp_path / "r.zarr")["done"].values.tolist() == [1, 1, 1, 0, 0, 0, 0]


def test_a_record_in_the_way_is_kept_unless_told(tmp_path, values):
    fill(records.begin(tmp_path / "r.zarr", layout(), CHUNK), values)
    with pytest.raises(ValueError, match="--resume.*--overwrite"):
        records.begin(tmp_path / "r.zarr", layout(), CHUNK)
    assert (records.load(tmp_path / "r.zarr")["done"] == 1).all()
    records.begin(tmp_path / "r.zarr", layout(), CHUNK, overwrite=True)
    assert (records.load(tmp_path / "r.zarr")["done"] == 0).all()


@pytest.mark.parametrize(
    ("other", "says"),
    [
        (layout(parameters='{"gain": 3.0}'), "parameters.gain was 2.0, is 3.0"),
        (layout(seed=4), "seed was 3, is 4"),
        (layout(n=N + 1), "stimuli in it was 7, is 8"),
    ],
)
def test_resuming_another_experiment_says_what_differs(tmp_path, values, other, says):
    fill(records.begin(tmp_path / "r.zarr", layout(), CHUNK), values)
    with pytest.raises(ValueError, match=says):
        records.begin(tmp_path / "r.zarr", other, CHUNK, resume=True)


@pytest.mark.parametrize("resume_or_overwrite", [{"resume": True}, {"overwrite": True}, {}])
def test_anything_but_a_record_is_never_touched(tmp_path, resume_or_overwrite):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("years of work")
    (tmp_path / "file.zarr").write_text("a file")
    xr.Dataset({"a": ("x", np.arange(3))}).to_zarr(tmp_path / "other.zarr", consolidated=False)
    for name in ("thesis", "file.zarr", "other.zarr"):
        with pytest.raises(ValueError, match="is not a record"):
            records.begin(tmp_path / name, layout(), CHUNK, **resume_or_overwrite)
    assert (tmp_path / "thesis" / "chapter.txt").read_text() == "years of work"
    assert xr.open_zarr(tmp_path / "other.zarr", consolidated=False)["a"].values.tolist() == [0, 1, 2]


def test_an_empty_folder_is_taken(tmp_path, values):
    (tmp_path / "r.zarr").mkdir()
    fill(records.begin(tmp_path / "r.zarr", layout(), CHUNK), values)
    assert np.array_equal(records.load(tmp_path / "r.zarr")["logits"], values)


def test_a_place_that_cannot_be_written_is_one_message(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="cannot write"):
        records.begin(tmp_path / "file" / "r.zarr", layout(), CHUNK)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda v: v.assign(logits=v["logits"].astype(np.float64)),
        lambda v: v.drop_vars("label"),
        lambda v: v.assign(more=v["logits"]),
        lambda v: v.transpose(),
        lambda v: v.isel(prior=[0]),
    ],
)
def test_values_that_do_not_fit_are_refused(tmp_path, values, spoil):
    record = records.begin(tmp_path / "r.zarr", layout(), CHUNK)
    with pytest.raises(ValueError, match="does not fit"):
        record.write(slice(0, 3), spoil(part_of(values, slice(0, 3))))
    with pytest.raises(ValueError, match="whole chunk"):
        record.write(slice(1, 3), part_of(values, slice(1, 3)))
    assert (records.load(tmp_path / "r.zarr")["done"] == 0).all()


def test_loading_says_what_is_missing(tmp_path):
    with pytest.raises(FileNotFoundError, match="python -m experiments"):
        records.load(tmp_path / "none.zarr")


@pytest.mark.processes
def test_provenance_tells_how_to_do_it_again(tmp_path):
    facts = records.provenance("a probe", 3, {"gain": 2.0}, "cpu")
    assert json.loads(facts["parameters"]) == {"gain": 2.0}
    assert set(json.loads(facts["versions"])) == {"torch", "timm", "xarray", "numpy", "zarr"}
    assert all(isinstance(value, str | int) for value in facts.values())
    code = "from absvit import records\nprint(records.provenance('a', 0, {}, 'cpu')['command'])"
    (tmp_path / "probe_of_provenance.py").write_text(code)
    words = [sys.executable, "-m", "probe_of_provenance", "--name", "two words"]
    printed = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "python -m probe_of_provenance --name 'two words'"


def test_export_gives_the_same_values_as_netcdf(tmp_path, values):
    record = records.begin(tmp_path / "r.zarr", layout(), CHUNK)
    fill(record, values)
    stored = records.load(tmp_path / "r.zarr").assign(map=("stimulus", np.arange(N).astype(np.float16)))
    file = records.export(stored, tmp_path / "r.nc")
    with xr.open_dataset(file, engine="h5netcdf") as read:
        assert np.array_equal(read["logits"], values) and read["map"].dtype == np.float32
        assert read.attrs["command"] == stored.attrs["command"]
    with pytest.raises(ValueError, match=r"\.nc"):
        records.export(stored, tmp_path / "r.hdf")


def chunk_file(path, name, part):
    """The file of a chunk, found by its name: the stimulus stands last in all arrays here."""
    files = sorted((path / name / "c").rglob(str(part)))
    assert len(files) == 1 and files[0].is_file()
    return files[0]


def test_damage_is_an_error_to_whoever_reads_it(tmp_path, values):
    fill(records.begin(tmp_path / "r.zarr", layout(), CHUNK), values)
    file = chunk_file(tmp_path / "r.zarr", "logits", 1)
    file.write_bytes(bytes([file.read_bytes()[0] ^ 1]) + file.read_bytes()[1:])
    with pytest.raises(ValueError, match="checksum"):
        xr.open_zarr(tmp_path / "r.zarr")["logits"].load()


def test_shares_are_disjoint_whole_chunks_and_make_the_whole_record(tmp_path, values):
    fill(records.begin(tmp_path / "whole.zarr", layout(created="now"), CHUNK), values)
    shares = [
        records.begin(tmp_path / "r.zarr", layout(created="now"), CHUNK, resume=True, share=(k, 2)) for k in (1, 0)
    ]
    assert [share.pending() for share in shares] == [[slice(3, 6)], [slice(0, 3), slice(6, 7)]]
    fill(shares[0], values)
    chunk_file(tmp_path / "r.zarr", "logits", 1).write_bytes(b"")
    assert shares[1].repair() == []  # each looks after its own
    assert records.join(tmp_path / "r.zarr", (1, 2)).repair() == [slice(3, 6)]
    for share in shares:
        fill(share, values)
    xr.testing.assert_identical(records.load(tmp_path / "r.zarr").load(), records.load(tmp_path / "whole.zarr").load())


def test_of_processes_that_begin_at_once_one_makes_the_store(tmp_path, values, monkeypatch):
    replace = os.replace

    def overtaken(source, target):  # another process makes the same record in the meantime
        monkeypatch.setattr(os, "replace", replace)
        fill(records.begin(tmp_path / "r.zarr", layout(), CHUNK, resume=True, share=(0, 2)), values)
        replace(source, target)

    monkeypatch.setattr(os, "replace", overtaken)
    late = records.begin(tmp_path / "r.zarr", layout(), CHUNK, resume=True, share=(1, 2))
    assert records.load(tmp_path / "r.zarr")["done"].values.tolist() == [1, 1, 1, 0, 0, 0, 1]
    fill(late, values)
    assert np.array_equal(records.load(tmp_path / "r.zarr")["logits"], values)
    assert [path.name for path in tmp_path.iterdir()] == ["r.zarr"]


FULL_DISK = """
import resource, sys
sys.path.insert(0, {tests!r})
import numpy as np
from test_records import CHUNK, N, layout, part_of
from absvit import records
values = np.random.default_rng(0).normal(size=(2, N)).astype(np.float32)
record = records.begin({path!r}, layout(), CHUNK)
for part in record.pending():
    if part.start == 3:
        resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))
    record.write(part, part_of(values, part))
"""


@pytest.mark.processes
def test_on_a_full_disk_what_is_done_stays(tmp_path, values):
    code = FULL_DISK.format(tests=str(Path(__file__).parent), path=str(tmp_path / "r.zarr"))
    stopped = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert stopped.returncode == 1 and "OSError: [Errno 27]" in stopped.stderr
    stored = records.load(tmp_path / "r.zarr")
    assert stored["done"].values.tolist() == [1, 1, 1, 0, 0, 0, 0]
    assert np.array_equal(stored["logits"][:, :3], values[:, :3])
    fill(records.begin(tmp_path / "r.zarr", layout(), CHUNK, resume=True), values)
    assert np.array_equal(records.load(tmp_path / "r.zarr")["logits"], values)


def test_a_record_that_lost_its_marks_is_written_anew(tmp_path, values):
    fill(records.begin(tmp_path / "r.zarr", layout(), CHUNK), values)
    shutil.rmtree(tmp_path / "r.zarr" / "done" / "c")
    record = records.begin(tmp_path / "r.zarr", layout(), CHUNK, resume=True)
    assert len(record.pending()) == 3
    fill(record, values)
    assert np.array_equal(records.load(tmp_path / "r.zarr")["logits"], values)


def test_what_is_known_only_in_the_end_is_written_in_the_end(tmp_path, values):
    missing = layout().assign(mean=("prior", np.full(2, np.nan), {"units": "1"}))
    record = records.begin(tmp_path / "r.zarr", missing, CHUNK)
    fill(record, values, 2)
    mean = xr.Dataset({"mean": ("prior", np.float64([1, 2]))}, {"prior": np.array(["none", "class 1"], object)})
    with pytest.raises(ValueError, match="1 stimuli of .* are not done yet: go on with --resume first"):
        record.complete(mean)
    fill(record, values)
    record.complete(mean)
    with xr.open_zarr(tmp_path / "r.zarr") as stored:  # the consolidated listing holds it, too
        assert stored["mean"].values.tolist() == [1, 2] and stored["mean"].attrs == {"units": "1"}
        assert stored.attrs["title"] == "a probe" and np.array_equal(stored["logits"], values)
    with pytest.raises(ValueError):
        record.complete(mean.rename(mean="median"))


def test_words_are_written_in_the_type_that_the_store_is_read_in(tmp_path):
    empty = dask.array.from_array(np.array(["", ""], np.dtypes.StringDType()), chunks=2)
    attributes = {"title": "words", "parameters": "{}"}
    layout = xr.Dataset({"label": ("stimulus", empty)}, {"stimulus": np.arange(2)}, attributes)
    record = records.begin(tmp_path / "r.zarr", layout, 2)
    for part in record.pending():  # older xarrays read them as objects, newer ones as StringDType
        record.write(part, xr.Dataset({"label": ("stimulus", np.array(["a", "ö"], object))}))
    assert records.load(tmp_path / "r.zarr")["label"].values.tolist() == ["a", "ö"]
