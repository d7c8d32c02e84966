"""Freed memory: kept by a process that asks for it."""

import subprocess
import sys

from absvit import allocation

PROGRAM = """
import sys
from pathlib import Path
import torch
from absvit.allocation import keep_freed_memory

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20

changed = keep_freed_memory() if sys.argv[1] == "kept" else False
values = torch.ones(64, 2**20)
before = resident()
del values
print(changed, before - resident() > 200)
"""


def said(mode):
    return subprocess.run([sys.executable, "-c", PROGRAM, mode], capture_output=True, text=True, check=True).stdout


def test_freed_memory_is_given_back_unless_it_is_to_be_kept():
    assert said("given back") == "False True\n"
    assert said("kept") == "True False\n"


def test_another_c_library_is_left_alone(monkeypatch):
    monkeypatch.setattr(allocation.platform, "libc_ver", lambda: ("", ""))
    assert allocation.keep_freed_memory() is False
