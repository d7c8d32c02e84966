"""A model's exported trials pass through the functions that people's pass through."""

from functools import partial

import numpy as np
import pandas as pd
import pytest
import synthetic_probe_records as made
from synthetic_records import several, single_object_record

from experiments import measures
from experiments.__main__ import main
from experiments.exchange import human_trials


def test_trials_of_a_record_by_hand():
    record = single_object_record()
    told = human_trials.trials_of(record)
    assert tuple(told.columns) == human_trials.COLUMNS
    assert told["subj"].tolist() == ["synthetic"] * 6 and told["trial"].tolist() == [1, 2, 3, 4, 5, 6]
    answers = record["class"].values[record["logits"].values[-1, 0].argmax(-1)]
    assert told["object_response"].tolist() == answers.tolist()
    assert told["category"].tolist() == record["class"].values[record["class_1"].values].tolist()
    right = measures.accuracy(record).isel(iteration=-1, prior=0).values
    assert measures.accuracy_by_observer(told)["synthetic"] == right.mean()
    np.testing.assert_allclose(told["rt"], measures.response_entropy(record).isel(iteration=-1, prior=0))
    assert measures.stimulus_of(told["imagename"][2]) == f"{told['category'][2]}00002.png"
    unknown = record.assign_coords(class_1=("stimulus", [-1] * 6))
    assert set(human_trials.trials_of(unknown)["category"]) == {"na"}


def test_observers_priors_and_gains_are_told_apart():
    record = several(n=4)
    told = human_trials.trials_of(record)
    assert sorted(told["subj"].unique()) == ["intact seed 0", "intact seed 1", "permuted seed 0", "permuted seed 1"]
    assert told.groupby("subj").size().tolist() == [4 * record.sizes["prior"]] * 4
    one = told[(told["subj"] == "permuted seed 1") & (told["condition"] == "class 2")].iloc[3]
    logits = record["logits"].sel(model="permuted", seed=1, prior="class 2").isel(iteration=-1, stimulus=3)
    assert one["object_response"] == record["class"].values[int(logits.argmax())]
    pairs = measures.error_consistency(told)
    assert len(pairs) == 6 and (pairs["n"] == 4 * record.sizes["prior"]).all()
    gains = record.expand_dims(gain=[1.0, 2.0])
    gains = gains.drop_vars(["mask_1", "mask_2"]).assign({name: record[name] for name in ("mask_1", "mask_2")})
    both = human_trials.trials_of(gains)
    assert set(both["session"]) == {1, 2} and "class 1 gain 2" in set(both["condition"])
    measures.error_consistency(both)  # a stimulus is shown once in a condition


RECORDS = {
    "bistable": made.gains_record, "graded": made.graded_record, "object_prior": made.object_prior_record,
    "spatial_prior": made.spatial_prior_record, "search": made.search_record, "navon": made.navon_record,
    "contours": made.contours_record, "crowding": made.crowding_record, "corruption_dynamics": made.corruption_record,
    "recognition": single_object_record,
    **{name: partial(made.dynamics_record, name) for name in ("settling", "hysteresis", "switching")},
}  # fmt: skip


@pytest.mark.parametrize("probe", RECORDS)
def test_an_observer_sees_a_stimulus_once_in_a_condition(probe):
    record = RECORDS[probe]()
    told = human_trials.trials_of(record)
    assert not told.duplicated(["subj", "session", "condition", "imagename"]).any()
    shown = {"search": "target", "contours": "condition"}.get(probe)
    share = np.mean(record[shown].values != {"target": "absent", "condition": "control"}[shown]) if shown else 1
    assert len(told) == record["logits"].isel(iteration=0).sizes["stimulus"] * share * np.prod(
        [size for dim, size in record["logits"].sizes.items() if dim not in ("iteration", "stimulus", "class")]
    )


def test_the_corruption_and_the_noise_of_a_trial_are_told():
    told = human_trials.trials_of(made.corruption_record())
    assert "class 1 gain 2 corruption fog severity 3" in set(told["condition"])
    assert "percept gain 2 severity 0.3" in set(human_trials.trials_of(made.dynamics_record("switching"))["condition"])


def test_the_category_is_the_class_of_the_cued_object():
    record = several(n=4)
    told = human_trials.trials_of(record).groupby("condition")
    for prior, number in (("none", 1), ("class 1", 1), ("class 2", 2), ("random vector 2", 2), ("absent class", 1)):
        expected = record["class"].values[record[f"class_{number}"].values].tolist()
        assert told.get_group(prior)["category"].tolist() == expected * 4, prior
    scenes = made.object_prior_record()  # an invalid cue makes the target's class no less right
    assert (scenes["cue"].sel(prior="invalid") == 2).all()
    told = human_trials.trials_of(scenes)
    found = told[told["condition"] == "invalid gain 1"]["category"].tolist()
    assert found[: scenes.sizes["stimulus"]] == scenes["class"].values[scenes["class_1"].values].tolist()


def test_the_commands_export_and_compare(tmp_path, capsys):
    record = several(n=4).drop_vars("layer", errors="ignore")
    record.to_zarr(tmp_path / "r.zarr", consolidated=False)
    out = tmp_path / "model.csv"
    assert main(["export", str(tmp_path / "r.zarr"), "--out", str(out)]) == 0
    told = human_trials.read(out)
    pd.testing.assert_frame_equal(told, human_trials.trials_of(record), check_dtype=False)
    capsys.readouterr()
    assert main(["compare", str(out)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["observer", "n", "accuracy", "kappa"]
    assert lines[-2].split()[0] == "mean" and "kappa is not defined" in lines[-1]
    assert main(["compare", str(tmp_path / "nowhere.csv")]) == 2
    assert "no responses" in capsys.readouterr().err
    with pytest.raises(ValueError, match="cannot write"):
        human_trials.write(record, out / "below.csv")
