"""Files written whole, and their digests."""

import hashlib
import os
import shutil

import pytest

from stimuli.foundation.files import END, file_sha256, fingerprint, whole, write_whole


@pytest.fixture
def folder(tmp_path):
    for name, size in {"a/1.png": 10, "a/2.png": 2 * END, "b/1.png": 5 * END}.items():
        (tmp_path / "set" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "set" / name).write_bytes(os.urandom(size))
    return tmp_path / "set"


def of(folder):
    return fingerprint(folder.rglob("*.png"), folder)


def test_file_digest_is_sha256(folder):
    for file in folder.rglob("*.png"):
        assert file_sha256(file) == hashlib.sha256(file.read_bytes()).hexdigest()


def test_fingerprint_holds_wherever_the_folder_lies_and_in_whatever_order(folder, tmp_path):
    before = of(folder)
    assert fingerprint(reversed(sorted(folder.rglob("*.png"))), folder) == before
    shutil.copytree(folder, tmp_path / "elsewhere")
    assert of(tmp_path / "elsewhere") == before


@pytest.mark.parametrize("at", ["a/1.png", "a/2.png", "b/1.png"])
@pytest.mark.parametrize("where", [0, -1])
def test_fingerprint_tells_a_changed_end(folder, at, where):
    before, content = of(folder), bytearray((folder / at).read_bytes())
    content[where] ^= 1
    (folder / at).write_bytes(content)
    assert of(folder) != before


def test_fingerprint_tells_renamed_longer_and_added_files(folder):
    seen = {of(folder)}
    (folder / "a/1.png").rename(folder / "a/3.png")
    seen.add(of(folder))
    (folder / "b/1.png").write_bytes((folder / "b/1.png").read_bytes()[:END] + bytes(9) + bytes(5 * END))
    seen.add(of(folder))
    (folder / "b/2.png").write_bytes(b"")
    assert len({*seen, of(folder)}) == 4


@pytest.mark.parametrize("to", ["nowhere.png", "dead.png"])  # a link to itself is one to nothing
def test_a_link_to_nothing_is_named(folder, to):
    (folder / "a" / "dead.png").symlink_to(to)
    with pytest.raises(FileNotFoundError, match=r"^\S+/a/dead.png is not there, or links to nothing"):
        of(folder)


@pytest.mark.parametrize("how", [{}, {"sync": True}, {"shared": True}])
def test_a_file_is_there_whole_or_as_it_was(tmp_path, how):
    place = tmp_path / "a.json"
    write_whole(place, "first\r\n\u00e9", **how)
    assert place.read_bytes() == "first\r\n\u00e9".encode()
    with pytest.raises(KeyboardInterrupt), whole(place, **how) as part:
        assert part.parent == tmp_path and part.name.startswith(".a.json.") and part.suffix == ".part"
        part.write_text("second, half of")
        raise KeyboardInterrupt
    assert [file.name for file in tmp_path.iterdir()] == ["a.json"]
    assert place.read_bytes().startswith(b"first")
    write_whole(place, b"second", **how)
    assert place.read_bytes() == b"second"


def test_a_new_file_may_be_read_by_whoever_may_read_new_files(tmp_path):
    (tmp_path / "plain").write_text("")
    write_whole(tmp_path / "whole", "")
    assert len({file.stat().st_mode for file in tmp_path.iterdir()}) == 1


def test_what_a_kill_left_is_written_over_and_processes_do_not_meet(tmp_path):
    (tmp_path / ".a.part").write_text("long, of a writing that was killed")
    write_whole(tmp_path / "a", "new")
    assert (tmp_path / "a").read_text() == "new" and not (tmp_path / ".a.part").exists()
    with whole(tmp_path / "a", shared=True) as part:
        assert str(os.getpid()) in part.name
        part.write_text("mine")
