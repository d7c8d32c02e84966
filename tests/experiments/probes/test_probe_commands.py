"""``python -m experiments PROBE`` for the probes of cues and displays: record, table, trials; bad input is one line."""

import json

import pandas as pd
import pytest
import xarray as xr

from experiments import measures
from experiments.__main__ import COMMANDS, main
from experiments.exchange import human_trials
from experiments.probes import PROBES
from stimuli.families import scenes
from stimuli.sets import format


@pytest.fixture(scope="module")
def record(weights, tmp_path_factory):
    out = tmp_path_factory.mktemp("record") / "r.zarr"
    words = ["object_prior", "--checkpoint", *weights, "--n", "3", "--seed", "3", "--gains", "1", "2", "--out"]
    assert main([*words, str(out)]) == 0
    return out


def test_every_probe_is_a_command():
    assert set(PROBES) <= set(COMMANDS)


@pytest.mark.seconds
def test_a_record_too_small_for_a_summary_is_whole(weights, tmp_path, fails):
    told = fails(["contours", "--n", 1, "--checkpoint", weights[0], "--out", tmp_path / "r.zarr"])
    assert "the record is whole" in told and "larger --n" in told
    assert xr.open_zarr(tmp_path / "r.zarr")["done"].all()


@pytest.mark.seconds
def test_the_record_describes_itself(record):
    stored = xr.open_zarr(record)
    sizes = {"seed": 2, "gain": 2, "iteration": 2, "prior": 6, "stimulus": 3, "class": 12}
    assert dict(stored["logits"].sizes) == sizes
    assert stored.attrs["title"] == "object prior" and json.loads(stored.attrs["stimuli"])["family"] == "scenes"
    assert json.loads(stored.attrs["parameters"])["gains"] == [1, 2]
    for name, variable in stored.variables.items():
        assert variable.attrs["long_name"] and variable.attrs["units"], name


@pytest.mark.seconds
def test_table_and_trials_come_from_the_record_alone(record, tmp_path, capsys):
    assert main(["summary", str(record), "--format", "csv"]) == 0
    (tmp_path / "t.csv").write_text(capsys.readouterr().out)
    table = pd.read_csv(tmp_path / "t.csv")
    assert table["set_size"].tolist() == ["all", "2", "3", "4"] * 2 and table["gain"].tolist() == [1] * 4 + [2] * 4
    seen = measures.reported(xr.open_zarr(record).isel(iteration=-1)).sel(gain=2.0)
    expected = float((seen.sel(prior="valid").astype(int) - seen.sel(prior="neutral").astype(int)).mean())
    assert table["benefit"].iloc[4] == pytest.approx(expected)
    assert main(["export", str(record), "--out", str(tmp_path / "trials.csv")]) == 0
    assert len(human_trials.read(tmp_path / "trials.csv")) == 2 * 2 * 6 * 3


@pytest.mark.seconds
def test_another_experiment_in_the_way_is_told(record, weights, fails):
    words = ["--checkpoint", *weights, "--n", "3", "--seed", "3", "--out", record]
    assert "--resume" in fails(["object_prior", *words, "--gains", "1", "2"])
    assert "seed was 3, is 4" in fails(["object_prior", *words, "--gains", "1", "2", "--seed", "4", "--resume"])
    said = fails(["object_prior", *words, "--gains", "1", "3", "--resume"])
    assert "gains" in said and "another experiment" in said
    assert "title was 'object prior', is 'crowding'" in fails(["crowding", *words, "--resume"])


def test_a_set_without_what_a_probe_needs_is_named(weights, tmp_path, fails):
    format.write(scenes.draw(scenes.Scenes(), 2, 3), tmp_path / "set")
    words = ["--stimuli", tmp_path / "set", "--checkpoint", weights[0], "--out", tmp_path / "r.zarr"]
    assert "crowding needs spacing, condition" in fails(["crowding", *words])
    unmasked = scenes.draw(scenes.Scenes(), 2, 3).drop_vars("object_mask")
    format.write(unmasked, tmp_path / "bare")
    words[1] = tmp_path / "bare"
    assert "object_prior needs object_mask" in fails(["object_prior", *words])


def test_the_recovery_of_thresholds_is_printed(capsys):
    assert main(["recovery", "--simulations", "3", "--guess", "0", "--designs", "5x4", "--widths", "1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("shares of intervals") and len(lines) == 5  # three ways of lapsing
    assert lines[2].split()[:4] == ["0.000", "5x4", "1.000", "fixed"]
    assert main(["recovery", "--designs", "5 by 4"]) == 2
    assert "a design is levels x trials such as 7x20" in capsys.readouterr().err
