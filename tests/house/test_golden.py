"""What the programs give is what they gave when ``data/golden.json`` was written, and files of release 0.1.0 are read.

Not a test of truth, others are: a net below changes that are to change nothing. Where values are to change,
``python tests/kit/golden.py tests/data/golden.json`` writes them anew, and the difference
is read before it is committed.
"""

import io
import json
import zipfile
from pathlib import Path

import golden
import numpy as np
import pandas as pd
import pytest
import xarray as xr

from experiments.__main__ import main as experiments
from stimuli.__main__ import main as stimuli
from stimuli.sets.reading import read

DATA = Path(__file__).parents[1] / "data"
KEPT = json.loads((DATA / "golden.json").read_text())
CLOSE = {"rtol": 2e-3, "atol": 2e-3}  # the last digits of half precision, and of other processors


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    return golden.prepared(tmp_path_factory.mktemp("desk"))


def same_table(text, kept):
    """Whether two tables have the same columns, words and, nearly, numbers."""
    found, wanted = (pd.read_csv(io.StringIO(t)) for t in (text, kept))
    pd.testing.assert_frame_equal(found, wanted, check_exact=False, check_dtype=False, **CLOSE)


@pytest.mark.parametrize("name", golden.FAMILIES)
def test_sets_have_the_same_bytes(name, desk):
    assert golden.family(name, desk) == KEPT["families"][name]


@pytest.mark.slow
@pytest.mark.parametrize("name", golden.PROBES)
def test_records_tables_and_figures_have_the_same_numbers(name, desk):
    found, kept = golden.record(name, desk), KEPT["records"][name]
    assert found["variables"].keys() == kept["variables"].keys()
    for variable, sample in found["variables"].items():
        wanted = kept["variables"][variable]
        assert {**sample, "values": None} == {**wanted, "values": None}, variable
        if isinstance(wanted["values"][0], str):
            assert sample["values"] == wanted["values"], variable
        else:
            np.testing.assert_allclose(*(np.array(v["values"], float) for v in (sample, wanted)), **CLOSE)
    same_table(found["table"], kept["table"])
    for figure in (figure for figure, of in golden.FIGURES.items() if of == name):
        same_table(golden.figure(figure, desk), KEPT["figures"][figure])


@pytest.mark.slow
@pytest.mark.parametrize("name", golden.TRAININGS)
def test_trainings_take_the_same_steps(name, desk):
    found, kept = golden.training(name, desk), KEPT["trainings"][name]
    assert [line.keys() for line in found] == [line.keys() for line in kept]
    for line, wanted in zip(found, kept, strict=True):
        np.testing.assert_allclose(list(line.values()), list(wanted.values()), rtol=1e-2, atol=1e-3)


@pytest.fixture(scope="module")
def old(tmp_path_factory):
    """Sets and records that release 0.1.0 wrote."""
    folder = tmp_path_factory.mktemp("old")
    with zipfile.ZipFile(DATA / "release_0_1_0.zip") as archive:
        archive.extractall(folder)
    return folder


@pytest.mark.seconds
@pytest.mark.parametrize("name", ["halves", "cueing"])
def test_old_sets_are_read_verified_and_shown(name, old, tmp_path):
    assert read(old / name).sizes["stimulus"] >= 4
    assert stimuli(["verify", str(old / name)]) == 0
    words = ["bistable"] if name == "halves" else ["spatial_prior", "--resize", "--widths", "0.1"]
    assert experiments([*words, "--n", "4", "--stimuli", str(old / name), "--out", str(tmp_path / "r.zarr")]) == 0


@pytest.mark.seconds
@pytest.mark.parametrize(
    ("name", "figure"), [("bistable", "signature"), ("settling", "settling"), ("spatial_prior", "cueing")]
)
def test_old_records_are_summarised_drawn_and_exported(name, figure, old, tmp_path):
    record = old / f"{name}.zarr"
    assert experiments(["summary", str(record)]) == 0
    assert experiments(["figure", figure, str(record), "--out", str(tmp_path / "f.png"), "--dpi", "50"]) == 0
    assert experiments(["export", str(record), str(tmp_path / "r.nc")]) == 0
    assert xr.open_dataset(tmp_path / "r.nc", engine="h5netcdf").attrs["package_version"] == "0.1.0"
