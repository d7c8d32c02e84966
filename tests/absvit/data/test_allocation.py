"""Freed memory: kept by a process that asks for it."""

import subprocess
import sys

from absvit import allocation

PROGRAM = """
from pathlib import Path
import numpy as np
from absvit.allocation import keep_freed_memory

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20

def given_back():
    values = np.ones((64, 2**20), np.float32)
    before = resident()
    del values
    return before - resident() > 200

print(given_back(), keep_freed_memory(), given_back())
"""


def test_freed_memory_is_given_back_unless_it_is_to_be_kept():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert done.stdout == "True True False\n"


def test_another_c_library_is_left_alone(monkeypatch):
    monkeypatch.setattr(allocation.platform, "libc_ver", lambda: ("", ""))
    assert allocation.keep_freed_memory() is False
