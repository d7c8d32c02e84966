"""Stimulus sets of which a picture or the table is not as it was made: one line that names the file."""

import errno
import shutil
import zlib

import numpy as np
import pytest
from faults import SUPPORTED, run
from folders import contents
from PIL import Image

from absvit.data.datasets import open_folder
from stimuli.__main__ import main
from stimuli.families.objects import Objects, draw
from stimuli.sets.format import write
from stimuli.sets.reading import read, read_parts


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sets") / "whole"
    write(draw(Objects(size=(32, 32)), 3, 0), folder)
    return folder


@pytest.fixture
def folder(whole, tmp_path):
    shutil.copytree(whole, tmp_path / "set")
    return tmp_path / "set"


def converted(mode):
    def spoil(file):
        Image.open(file).convert(mode).save(file)

    return spoil


def enlarged(file):
    Image.open(file).resize((40, 32)).save(file)


def gigapixels(file):
    """A picture of 3.6 gigapixels: the header says so, the data would be unpacked."""
    content = bytearray(file.read_bytes())
    content[16:24] = (60_000).to_bytes(4, "big") * 2
    content[29:33] = zlib.crc32(content[12:29]).to_bytes(4, "big")
    file.write_bytes(content)


def sixteen_bits(file):
    Image.fromarray(np.zeros((32, 32), np.uint16)).save(file)


def folder_instead(file):
    file.unlink()
    file.mkdir()


SPOILT = [
    ("images/00001.png", converted("L"), "its mode is L, RGB with 8 bits a channel was written"),
    ("images/00001.png", converted("RGBA"), "its mode is RGBA"),
    ("images/00001.png", enlarged, r"\(y, x\) = \(32, 40\) pixels, 00000.png has \(32, 32\)"),
    ("images/00001.png", gigapixels, "exceeds limit"),
    ("images/00001.png", lambda file: file.write_bytes(file.read_bytes()[:-300]), "truncated"),
    ("images/00001.png", lambda file: file.write_bytes(b""), "cannot identify"),
    ("images/00001.png", lambda file: file.unlink(), "no picture at"),
    ("images/00001.png", folder_instead, "no picture at"),
    ("images/00000.png", lambda file: file.unlink(), "no picture at"),
    ("masks/00001_0.png", converted("L"), "its mode is L, 1, black and white, was written"),
    ("masks/00001_0.png", sixteen_bits, "its mode is I;16"),
    ("masks/00001_0.png", enlarged, r"\(32, 40\)"),
]


@pytest.mark.parametrize(("name", "spoil", "told"), SPOILT)
def test_a_picture_that_is_not_as_it_was_made_is_named(name, spoil, told, folder):
    spoil(folder / name)
    for reading in (lambda: read(folder), lambda: read_parts(folder)[0](1, 1)):
        with pytest.raises((ValueError, FileNotFoundError), match=told) as error:
            reading()
        assert str(folder / name) in str(error.value) and "make the set again" in str(error.value)


def test_pictures_that_have_changed_together_do_not_pass_in_parts(folder):
    for number in (1, 2):
        enlarged(folder / "images" / f"0000{number}.png")
    with pytest.raises(ValueError, match=r"00001.png .*\(32, 40\) pixels, 00000.png has"):
        read_parts(folder)[0](1, 2)


SEPARATED = [
    (lambda text: text.replace(",", ";").encode(), "separated by ';', not by commas"),
    (lambda text: text.replace(",", "\t").encode(), "separated by '.t', not by commas"),
    (lambda text: text.encode("latin-1").replace(b"images", b"im\xe4ges"), "no text in UTF-8"),
    (lambda text: b"", "cannot be read as a table"),
]


@pytest.mark.parametrize(("saved", "told"), SEPARATED)
def test_a_table_that_was_saved_otherwise_is_named(saved, told, folder):
    table = folder / "stimuli.csv"
    table.write_bytes(saved(table.read_text()))
    for reading in (read, open_folder):
        with pytest.raises(ValueError, match=told) as error:
            reading(folder)
        assert str(table) in str(error.value)


def test_a_table_in_utf_16_is_the_same_table(folder, whole):
    table = folder / "stimuli.csv"
    table.write_bytes(table.read_text().encode("utf-16"))
    assert read(folder).identical(read(whole))
    assert open_folder(folder).classes == open_folder(whole).classes


WORDS = ["objects", "--n", "6", "--size", "32", "32", "--seed", "3", "--class-folder"]
faulty = pytest.mark.skipif(not SUPPORTED, reason="faults need ptrace of Linux on x86-64")


def making(out, *more):
    def work():
        raise SystemExit(main([*WORDS, "--out", str(out), *more]))

    return work


@faulty
def test_a_full_disk_is_one_line_and_loses_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr("stimuli.sets.job.PIXELS_OF_A_PART", 2 * 32 * 32)
    assert run(making(tmp_path / "whole"), tmp_path).code == 0
    ended = run(making(tmp_path / "set"), tmp_path, at=20, error=errno.ENOSPC, lasting=True)
    assert ended.code == 2 and ended.said.rstrip().endswith(
        f"error: cannot write the stimulus set {tmp_path / 'set'} (No space left on device): what is drawn is safe; "
        "make room, and go on with --resume"
    )
    assert run(making(tmp_path / "set", "--resume"), tmp_path).code == 0
    assert contents(tmp_path / "set") == contents(tmp_path / "whole")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["set", "whole"]


@faulty
@pytest.mark.processes
@pytest.mark.parametrize("error", [0, errno.EIO])
def test_a_set_that_is_struck_while_it_is_written_ends_with_the_same_bytes(error, tmp_path, monkeypatch):
    monkeypatch.setattr("stimuli.sets.job.PIXELS_OF_A_PART", 3 * 32 * 32)
    calls = run(making(tmp_path / "whole"), tmp_path).calls
    assert len(calls) > 50
    for at in range(5, len(calls), 11):  # scripts/fault_records.sh strikes them all
        out = tmp_path / str(at)
        struck = run(making(out), tmp_path, at=at, error=error)
        assert struck.code == (2 if error else -9) or "link" in calls[at]  # a copy is as good as a hard link
        resumed = run(making(out, "--resume"), tmp_path)
        assert resumed.code == 0, (calls[at], resumed.said)
        assert contents(out) == contents(tmp_path / "whole"), calls[at]
