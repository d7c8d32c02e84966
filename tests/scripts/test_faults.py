"""Faults themselves: every writer's calls are seen, in threads and children too, and each k-th one is struck."""

import errno
import os
import sys
from pathlib import Path

import pytest
from faults import SUPPORTED, run

pytestmark = pytest.mark.skipif(not SUPPORTED, reason="faults need ptrace of Linux on x86-64")

WRITER = """
import os, sys, threading, subprocess
os.chdir(sys.argv[1])
os.mkdir("a")
def write():
    with open("a/part", "wb") as file:
        file.write(b"x" * 10)
        file.flush()
        os.fsync(file.fileno())
thread = threading.Thread(target=write); thread.start(); thread.join()
os.replace("a/part", "a/whole")
subprocess.run(["cp", "a/whole", "copy"], check=True)
open(sys.argv[2], "w").write("elsewhere")
open("a/whole").read()
os.remove("copy")
"""
CALLS = [
    "mkdir a", "open a/part", "write a/part", "fsync a/part", "rename a/part a/whole", "open copy", "write copy",
    "unlink copy",
]  # fmt: skip


@pytest.fixture
def words(tmp_path):
    (tmp_path / "below").mkdir()
    return [sys.executable, "-S", "-c", WRITER, str(tmp_path / "below"), str(tmp_path / "elsewhere")]


def test_changes_below_a_folder_are_listed(words, tmp_path):
    ended = run(words, tmp_path / "below")
    assert (ended.code, ended.said) == (0, "")
    assert [call for call in ended.calls if not call.startswith("copy_file")] in (
        CALLS, [call for call in CALLS if call != "write copy"],
    )  # fmt: skip


@pytest.mark.parametrize("k", range(5))
def test_a_kill_comes_before_the_call(words, tmp_path, k):
    ended = run(words, tmp_path / "below", at=k)
    assert (ended.code, ended.calls) == (-9, CALLS[: k + 1])
    there = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*"))
    assert there == ["below", *[[], ["below/a"], ["below/a", "below/a/part"]][min(k, 2)]]
    size = [None, None, 0, 10, 10][k]
    assert size is None or (tmp_path / "below" / "a" / "part").stat().st_size == size


def test_an_error_is_what_the_call_gives(words, tmp_path):
    ended = run(words, tmp_path / "below", at=4, error=errno.EIO)
    assert ended.code == 1 and "[Errno 5]" in ended.said and ended.calls[-1] == CALLS[4]
    assert not (tmp_path / "below" / "a" / "whole").exists()


def test_a_full_disk_stays_full_and_lets_files_be_removed(tmp_path):
    def work() -> None:
        (tmp_path / "a").write_text("a")
        for _ in range(2):
            try:
                (tmp_path / "b").write_text("b")
            except OSError as error:
                print(os.strerror(error.errno))
        (tmp_path / "a").unlink()

    ended = run(work, tmp_path, at=2, error=errno.ENOSPC, lasting=True)
    assert (ended.code, ended.said) == (0, "No space left on device\n" * 2)
    assert ended.calls == ["open a", "write a", "open b", "open b", "unlink a"] and not list(tmp_path.iterdir())


def test_what_does_not_end_is_ended(tmp_path):
    with pytest.raises(TimeoutError):
        run([sys.executable, "-c", "import time; time.sleep(60)"], Path(tmp_path), timeout=0.5)
