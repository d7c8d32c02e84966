"""The match probe: the record holds the curves and the choice, whatever the chunks and however often it is stopped."""

import numpy as np
import pytest
import xarray as xr

from absvit.records import load
from absvit.records.options import Store
from experiments import load_observers, measures, run
from experiments.__main__ import main
from experiments.figures import FIGURES
from experiments.probes import PROBES
from experiments.probes.match.probe import Match

GAINS = (0.0, 1.0, 4.0)


@pytest.fixture(scope="module")
def record(micro):
    return run("match", micro, parameters=Match(GAINS), n=6)


@pytest.mark.seconds
def test_the_record_holds_the_choice_that_its_own_trials_give(record, micro, tmp_path):
    found = measures.matched_strength(record)
    for name in found.data_vars:
        xr.testing.assert_allclose(record[name], found[name])
    stored = run("match", micro, parameters=Match(GAINS), n=6, store=Store(tmp_path / "r.zarr", chunk=4))
    for name in found.data_vars:
        np.testing.assert_allclose(stored[name], found[name], atol=1e-5)
    assert stored.attrs["seed"] == 1000  # stimuli of its own


@pytest.mark.seconds
def test_tasks_that_share_a_record_leave_the_choice_to_the_last(record, micro, tmp_path):
    for k in (0, 1):
        store = Store(tmp_path / "r.zarr", chunk=3, share=(k, 2))
        shared = run("match", micro, parameters=Match(GAINS), n=6, store=store)
        assert np.isnan(shared["class_benefit"]).all() == (k == 0)
    np.testing.assert_allclose(shared["class_benefit"], record["class_benefit"], atol=1e-5)


def test_the_table_tells_strength_benefit_and_false_alarms(record):
    table = PROBES["match"].summarise(record).set_index("cue")
    assert table.index.tolist() == ["class", "place"]
    for kind, row in table.iterrows():
        assert row["strength"] == float(record[f"{kind}_strength"])
        at = record.sel(gain=row["strength"])
        assert row["benefit"] == pytest.approx(float(at[f"{kind}_benefit"]), abs=1e-6)
        assert row["false_alarms"] == pytest.approx(float(at[f"{kind}_false_alarms"]), abs=1e-6)
        assert row["benefit_low"] <= row["benefit"] <= row["benefit_high"]


def test_a_plain_network_has_no_strength(record):
    plain = run("match", "vit_micro", parameters=Match(GAINS), n=2)
    assert np.isnan(plain["class_strength"]) and not len(PROBES["match"].summarise(plain))
    with pytest.raises(ValueError, match="no cue changes what these see"):
        FIGURES["match"](plain)


@pytest.mark.seconds
def test_observers_come_out_as_they_are_called_at_their_strengths(micro, tmp_path, capsys):
    words = ["vit_micro", "vit_micro+decision_bias:strength=3", "absvit_micro"]
    run("match", load_observers(words), parameters=Match(GAINS, false_alarms=0.5), n=2, out=tmp_path / "r.zarr")
    record = load(tmp_path / "r.zarr")
    chosen = dict(zip(words, record["class_strength"].values.tolist(), strict=True))
    assert np.isnan(chosen["vit_micro"]) and chosen["vit_micro+decision_bias:strength=3"] == 1
    table = PROBES["match"].summarise(record).set_index(["model", "cue"])["strength"]
    assert table["vit_micro+decision_bias:strength=3", "class"] == 3
    assert main(["matched", str(tmp_path / "r.zarr")]) == 0
    assert capsys.readouterr().out.split() == [
        "vit_micro+decision_bias:strength=3", f"absvit_micro+feedback:strength={chosen['absvit_micro']:g}"
    ]  # fmt: skip
    place = float(record["place_strength"].sel(model="absvit_micro"))
    assert main(["matched", str(tmp_path / "r.zarr"), "--cue", "place"]) == 0
    assert capsys.readouterr().out.split() == [f"absvit_micro+feedback:strength={place:g}"]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"gains": (1.0, 1.0)}, "different finite numbers"),
        ({"gains": (-1.0,)}, "different finite numbers"),
        ({"gains": (0.0,)}, "one above it"),
        ({"false_alarms": 0.0}, r"lie in \(0, 1\)"),
        ({"iterations": 0}, "at least 1"),
    ],
)
def test_parameters_out_of_range_are_refused(given, says):
    with pytest.raises(ValueError, match=says):
        Match(**given)


@pytest.mark.seconds
def test_an_observer_that_no_cue_reaches_leaves_nothing_to_tabulate(tmp_path, capsys):
    out = str(tmp_path / "r.zarr")
    assert main(["match", "--model", "vit_micro", "--n", "2", "--gains", "0", "1", "--out", out]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("nothing to tabulate\n") and "vit_micro (all cues)" in printed


def test_a_record_of_another_probe_has_no_matched_strengths(tmp_path, capsys):
    out = str(tmp_path / "r.zarr")
    assert main(["recognition", "--model", "vit_micro", "--n", "2", "--out", out]) == 0
    assert main(["matched", out]) == 2
    assert "in a record of match, got one of recognition" in capsys.readouterr().err


@pytest.mark.seconds
def test_matched_observers_are_those_that_model_takes_controls_left_out_and_labels_refused(tmp_path, capsys):
    labelled, out = str(tmp_path / "l.zarr"), str(tmp_path / "r.zarr")
    words = ["match", "--n", "2", "--gains", "0", "1", "--false-alarms", "0.9"]
    assert main([*words, "--model", "vit_micro+decision_bias", "--label", "bias", "--out", labelled]) == 0
    assert main([*words, "--model", "absvit_micro", "--controls", "--out", out]) == 0
    capsys.readouterr()
    assert main(["matched", labelled]) == 2
    assert "'bias' is a label" in capsys.readouterr().err
    assert main(["matched", out, "--cue", "place"]) == 0
    assert "permuted" not in capsys.readouterr().out
