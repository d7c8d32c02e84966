"""The fault probe itself: two kills, two equal records; an unequal record is noticed."""

import subprocess
import sys
from pathlib import Path

import pytest
import xarray as xr
from fault_probe import compare


@pytest.mark.processes
def test_killed_probes_end_up_equal():
    words = [sys.executable, str(Path(__file__).parents[1] / "trials" / "fault_probe.py"), "--kills", "2", "--n", "4"]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (row,) = done.stdout.splitlines()
    assert " ".join(row.split()) == "probe SIGKILL at a random moment 2 of 2 equal"


def test_an_unequal_record_is_noticed(tmp_path):
    for name, value in (("one", 1.0), ("same", 1.0), ("other", 1.0 + 1e-7)):
        xr.Dataset({"logits": ("stimulus", [value])}).to_zarr(tmp_path / name, consolidated=False)
    for name in ("same", "other"):
        compare(tmp_path / "one", tmp_path / name, tmp_path / f"said_{name}")
    assert [(tmp_path / f"said_{name}").read_text() for name in ("same", "other")] == ["True", "False"]
