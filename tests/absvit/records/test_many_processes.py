"""Several processes fill one record: ranks as torchrun starts them, or tasks that each take a share."""

import pytest
import xarray as xr
from ranks import both

from experiments.__main__ import main

WORDS = ("bistable", "--n", "7", "--chunk", "2", "--seed", "3")


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    out = tmp_path_factory.mktemp("alone") / "r.zarr"
    assert main([*WORDS, "--out", str(out)]) == 0
    return xr.open_zarr(out).load()


@pytest.mark.processes
def test_two_ranks_give_the_record_of_one(alone, tmp_path):
    done = both("experiments", *WORDS, "--device", "cpu", "--out", tmp_path / "r.zarr")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("selection_index") == 1  # the first rank alone prints
    assert "4/4 " in done.stderr and "3/3 " not in done.stderr  # and shows its progress: chunks 0 and 2 of 4
    xr.testing.assert_equal(xr.open_zarr(tmp_path / "r.zarr").load(), alone)


def test_tasks_that_share_a_record_give_the_record_of_one(alone, tmp_path, capsys):
    words = [*WORDS, "--out", str(tmp_path / "r.zarr")]
    assert main([*words, "--share", "1", "2"]) == 0
    assert xr.open_zarr(tmp_path / "r.zarr")["done"].values.tolist() == [0, 0, 1, 1, 0, 0, 1]
    assert main([*words, "--share", "0", "2"]) == 0
    xr.testing.assert_equal(xr.open_zarr(tmp_path / "r.zarr").load(), alone)


@pytest.mark.parametrize(
    ("options", "says"), [(("2", "2"), "K of 0..N-1"), (("0", "2", "--overwrite"), "leave out --overwrite")]
)
def test_shares_that_cannot_be(options, says, tmp_path, capsys):
    assert main([*WORDS, "--out", str(tmp_path / "r.zarr"), "--share", *options]) == 2
    assert says in capsys.readouterr().err
