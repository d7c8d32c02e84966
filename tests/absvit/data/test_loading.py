"""Worker processes that load pictures: their failures, and their death at any moment, are one line."""

import subprocess
import sys

import pytest

from absvit.data.loading import loading

PROGRAM = """
import os, signal, sys, time
from absvit.data.loading import loading
from stimuli.foundation import command_line

class Pictures:
    def __len__(self):
        return 8

    def __getitem__(self, k):
        if k == 3:
            time.sleep({before})
            os.kill(os.getpid(), signal.SIGKILL)
        return k

def read() -> None:
    for _ in loading(Pictures(), list, 1, sampler=range(8), batch_size=1):
        busy = time.monotonic() + {busy}
        while time.monotonic() < busy:
            sum(range(1000))

sys.exit(command_line.run(read, "program", []))
"""


@pytest.mark.processes
@pytest.mark.parametrize(("before", "busy"), [(0.5, 0), (0, 2)], ids=["while it is waited for", "at any moment"])
def test_a_worker_that_is_killed_is_one_line(before, busy):
    program = PROGRAM.format(before=before, busy=busy)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith("error: DataLoader worker (pid") and done.stderr.count("\n") == 1
    assert "fewer workers" in done.stderr


class Unreadable:
    """One picture that cannot be read."""

    def __init__(self, error: Exception):
        self.error = error

    def __len__(self):
        return 1

    def __getitem__(self, k):
        raise self.error


@pytest.mark.parametrize("workers", [0, 1])
@pytest.mark.parametrize("kind", [ValueError, OSError, FileNotFoundError])
def test_a_picture_that_cannot_be_read_is_one_line(workers, kind):
    with pytest.raises((ValueError, OSError)) as raised:
        list(loading(Unreadable(kind("a.png: is cut off")), list, workers, sampler=range(1), batch_size=1))
    assert str(raised.value) == "a.png: is cut off" and isinstance(raised.value, OSError) == issubclass(kind, OSError)
