"""The cue-conflict probe on a folder of pictures: what is cued, in whose categories, and what is refused in a line."""

import numpy as np
import pytest
import torch
import xarray as xr
from synthetic_pictures import in_conflict

from absvit.dimensions import Dimensions, write_dimensions
from absvit.models.kind_sets import KIND_SETS
from experiments.__main__ import main
from experiments.probes import PROBES

NAMES = ("disk", "ring", "star")
SETS = "category,kind\nround,disk\nround,ring\nsharp,star\nsharp,triangle\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return in_conflict(tmp_path_factory.mktemp("conflict") / "pictures", NAMES)


def ran(tmp_path, *words):
    out = tmp_path / "r.zarr"
    assert main(["cue_conflict", *map(str, words), "--seed", "1", "--out", str(out)]) == 0
    return xr.open_zarr(out).load()


def test_both_cues_at_once_weigh_places_by_the_better_of_the_two(folder, tmp_path):
    record = ran(tmp_path, "--folder", folder, "--model", "absvit_micro")
    assert record.sizes["stimulus"] == 12 and record["conflict"].values.all()  # the six of one category are left out
    of_file = [name.partition("/")[2].removesuffix(".png") for name in record["picture"].values]
    shown = [tuple(part.rstrip("1234") for part in name.split("-")) for name in of_file]
    told = zip(*(record["class"].values[record[f"class_{k}"].values] for k in (1, 2)), strict=True)
    assert shown == [*told]
    weights = record["prior_weights"].isel(iteration=1).astype(float)
    better = np.maximum(weights.sel(prior="shape", drop=True), weights.sel(prior="texture", drop=True))
    np.testing.assert_allclose(weights.sel(prior="both"), better, rtol=2e-3)
    assert record["cue"].sel(prior=["shape", "texture", "both", "absent class"]).values.tolist() == [1, 2, 0, -1]


def test_networks_are_asked_in_the_categories_of_a_set(tmp_path):
    (tmp_path / "sets.csv").write_text(SETS)
    folder = in_conflict(tmp_path / "pictures", ("round", "sharp"))
    words = ("--folder", folder, "--read-out", tmp_path / "sets.csv", "--priors", "none", "class", "both classes")
    record = ran(tmp_path, "--model", "cnn_micro+evidence_gate", "cnn_micro+decision_bias:strength=40", *words)
    assert record["class"].values.tolist() == ["round", "sharp"] and record.sizes["stimulus"] == 4
    table = PROBES["cue_conflict"].summarise(record, n=20).set_index(["model", "prior"])
    biased = table.loc["cnn_micro+decision_bias:strength=40"]
    assert (biased.loc["shape", "shape"], biased.loc["texture", "texture"]) == (1, 1)
    assert biased.loc["both", ["shape", "texture"]].tolist() == pytest.approx(biased.loc["none", ["shape", "texture"]])


def test_what_cannot_be_shown_is_refused_in_a_line(folder, tmp_path, fails):
    out = ("--out", tmp_path / "r.zarr")
    assert "no folder of cue-conflict pictures at '': give --folder, FOLDER/SHAPE/" in fails(["cue_conflict", *out])
    sixteen = in_conflict(tmp_path / "sixteen", [*KIND_SETS["sixteen"].kinds][:2])
    line = fails(["cue_conflict", "--folder", sixteen, "--model", "cnn_micro", *out])
    assert "does not know the class 'airplane'" in line and line.endswith("in categories: --read-out sixteen")
    line = fails(["cue_conflict", "--folder", folder, "--gains", "1", "1", *out])
    assert "gains must be one or more different finite numbers" in line
    line = fails(["cue_conflict", "--folder", folder, "--priors", "class", *out])
    assert "this probe compares with the prior 'none'" in line
    line = fails(["cue_conflict", "--stimuli", "halves", "--n", "2", *out])
    assert "cue_conflict needs conflict of every stimulus and this set of halves has none" in line


def test_dimensions_are_cued_where_they_have_been_learnt(folder, tmp_path):
    tuning = torch.linspace(-1, 1, 96)
    learnt = write_dimensions(Dimensions(tuning, {}, {}), tmp_path / "d.safetensors")
    words = ("--folder", folder, "--model", "cnn_micro+evidence_gate", "--priors", "none", "dimension")
    record = ran(tmp_path, *words, "--dimensions", learnt)
    assert record["prior"].values.tolist() == ["none", "attend shape", "attend texture"]
    shape, texture = (
        record["prior_weights"].sel(prior=f"attend {of}", iteration=1).values for of in ("shape", "texture")
    )
    assert ((shape == 0) | (texture == 0)).all() and shape.any() and texture.any()
