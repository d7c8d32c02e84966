"""Passes until a criterion: crossings by a loop, parameters that come back, trials that never get there."""

import numpy as np
import pytest
import synthetic_records
import xarray as xr

from experiments.linking import LINKS, evidence_of, fit, trials_of_passes, with_rt
from experiments.linking.first_crossing import crossings

COURSES = {  # log odds of the right answer in each pass, by condition
    "slow": [[-0.2, 0.1, 0.4, 3.0], [-0.5, 0.2, 0.3, 2.5]],
    "middle": [[0.1, 0.6, 3.0, 4.0], [0.2, 2.5, 3.0, 4.0]],
    "late": [[0.1, 1.2, 2.6, 3.0], [0.4, 0.8, 1.2, 2.4]],
    "fast": [[2.5, 3.0, 4.0, 5.0], [2.2, 2.4, 3.0, 3.0]],
    "wrong": [[-0.1, -2.5, -3.0, -4.0], [0.1, 0.2, 2.1, 3.0]],
}
PASSES = {"slow": 3.0, "middle": 1.5, "late": 2.5, "fast": 0.0, "wrong": 2.0}  # of right answers with a criterion of 2
FITTED = ["slow", "middle", "late", "fast"]
STEP, TIME = 0.06, 0.35


def people_of(person_trials, passes):
    """Three people who take 350 ms and 60 ms a pass, each a little faster or slower."""
    return person_trials(
        {
            f"p{person}": {
                name: [(TIME + STEP * number + off + jitter, 1) for jitter in (-0.01, 0.0, 0.01)]
                for name, number in passes.items()
            }
            for person, off in enumerate((-0.02, 0.0, 0.02))
        }
    )


def test_the_first_crossing_is_that_of_a_loop():
    met = np.random.default_rng(0).random((200, 5)) < 0.25
    expected = [next((number for number, there in enumerate(row) if there), np.nan) for row in met]
    np.testing.assert_array_equal(crossings(met), expected)
    assert np.isnan(crossings(met)).sum() > 20


@pytest.mark.parametrize("link", ["margin_passes", "entropy_passes"])
def test_each_pass_answers_as_a_loop_says(link, observer_trials):
    evidence = evidence_of(observer_trials(COURSES, passes=True))
    given = {"margin_passes": 2.0, "entropy_passes": 0.4}[link]
    found = LINKS[link].predict(evidence, criterion=given, step=STEP, nondecision=TIME)
    for number, course in enumerate(course for each in COURSES.values() for course in each):
        p = 1 / (1 + np.exp(-np.array(course)))
        entropy = -p * np.log(p) - (1 - p) * np.log(1 - p)
        met = np.abs(course) >= given if link == "margin_passes" else entropy <= given
        first = int(np.argmax(met)) if met.any() else None
        assert found.answered[number] == (3 if first is None else first)
        assert found.accuracy[number] == (course[found.answered[number]] > 0)
        assert np.isnan(found.rt[number]) if first is None else found.rt[number] == TIME + STEP * first


def test_step_and_time_come_back_and_the_condition_left_out_is_predicted(observer_trials, person_trials):
    people = people_of(person_trials, PASSES)
    observer = observer_trials(COURSES, passes=True)
    fitted = fit(people, observer, "margin_passes", by="condition", conditions=FITTED, n=20)
    assert fitted.values["step"] == pytest.approx(STEP, rel=1e-3)
    assert fitted.values["nondecision"] == pytest.approx(TIME, abs=1e-3)
    assert 1.2 < fitted.values["criterion"] <= 2.1  # any of these gives the same passes
    row = fitted.conditions.set_index("condition").loc["wrong"]
    assert row["part"] == "tested" and row["rt_predicted"] == pytest.approx(TIME + 2 * STEP, abs=1e-3)
    assert row["accuracy_predicted"] == 0.5 and row["accuracy"] == 1 and not row["accuracy_within"]


def test_a_table_with_times_holds_the_pass_of_the_answer(observer_trials, person_trials):
    observer = observer_trials(COURSES, passes=True)
    fitted = fit(people_of(person_trials, PASSES), observer, "margin_passes", by="condition",
                 conditions=FITTED, n=2)  # fmt: skip
    told = with_rt(observer, fitted)
    assert len(told) == 10 and told["pass"].tolist() == [3, 3, 2, 1, 2, 3, 0, 0, 1, 2]
    assert told["rt"].to_numpy() == pytest.approx(TIME + STEP * told["pass"].to_numpy(), abs=2e-3)
    assert told["response"].tolist() == ["left"] * 8 + ["right", "left"]
    assert set(told["link"]) == {"margin_passes, fitted with net"}


def test_trials_that_never_reach_the_criterion_are_counted(observer_trials, person_trials):
    courses = COURSES | {"fast": [*COURSES["fast"], [0.1, 0.2, 0.1, 0.1]]}
    fitted = fit(people_of(person_trials, PASSES), observer_trials(courses, passes=True), "margin_passes",
                 by="condition", conditions=FITTED, n=2)  # fmt: skip
    assert fitted.conditions.set_index("condition")["reached"].to_dict() == pytest.approx(
        dict.fromkeys(PASSES, 1) | {"fast": 2 / 3}
    )
    assert "In fast 33.3% of the observer's trials never reach the criterion" in " ".join(fitted.notes)
    times = with_rt(observer_trials(courses, passes=True), fitted)["rt"]
    assert times.isna().sum() == 1


def test_a_criterion_that_is_never_reached_is_refused(observer_trials, person_trials):
    never = {name: [[-1.0, -2.0]] if name == "slow" else [[1.0, 2.0]] for name in PASSES}
    with pytest.raises(ValueError, match="margin_passes has no time for half of the trials, or for none that is"):
        fit(people_of(person_trials, PASSES), observer_trials(never, passes=True), "margin_passes",
            by="condition", conditions=[*PASSES], n=2)  # fmt: skip
    with pytest.raises(ValueError, match="this observer has one pass: give a table with a row for each"):
        fit(people_of(person_trials, PASSES), observer_trials({name: [1.0] for name in PASSES}), "entropy_passes",
            by="condition", conditions=[*PASSES], n=2)  # fmt: skip


def test_criteria_that_fit_as_well_are_told(observer_trials, person_trials):
    """Three numbers, three parameters: other criteria fit as well, with another step."""
    fitted = fit(people_of(person_trials, PASSES), observer_trials(COURSES, passes=True), "margin_passes",
                 by="condition", conditions=["slow", "middle", "fast"], n=2)  # fmt: skip
    told = next(note for note in fitted.notes if note.startswith("A criterion from"))
    assert "fits about as well, with step from" in told


def test_every_trial_has_the_same_passes(observer_trials):
    table = observer_trials(COURSES, passes=True)
    with pytest.raises(ValueError, match="each trial needs a row for each of the 4 passes, once"):
        evidence_of(table.drop(index=5))
    shuffled = evidence_of(table.sample(frac=1, random_state=0))
    np.testing.assert_array_equal(np.sort(shuffled.margin, axis=0), np.sort(evidence_of(table).margin, axis=0))


def test_a_record_becomes_a_trial_table_of_passes():
    record = synthetic_records.bistable_record(n=4)
    table = trials_of_passes(record, factors=("class_2",))
    assert len(table) == record["logits"].isel({"class": 0}).size and table["pass"].nunique() == 2
    at = {"iteration": 1, "stimulus": 2, "prior": 2}  # class 2 is cued
    row = table[(table["instruction"] == "class 2") & (table["item"] == "2") & (table["pass"] == 1)].iloc[0]
    logits = record["logits"].isel(at).values.astype(float)
    p = np.exp(logits) / np.exp(logits).sum()
    classes = record["class"].values
    assert row["answer"] == classes[record["class_2"].values[2]] and row["class_2"] == record["class_2"].values[2]
    assert row["response"] == classes[p.argmax()] and row["correct"] == (row["answer"] == row["response"])
    assert row[[f"p({name})" for name in classes]].to_numpy(float) == pytest.approx(p, rel=1e-6)
    evidence = evidence_of(table)
    chosen = (evidence.trials["instruction"] == "class 2") & (evidence.trials["item"] == "2")
    right = record["class_2"].values[2]
    assert evidence.margin[chosen.to_numpy(), 1] == pytest.approx(logits[right] - np.delete(logits, right).max())
    nothing = trials_of_passes(record, xr.full_like(record["class_1"], -1))
    assert (nothing["answer"] == "").all() and nothing["correct"].isna().all()


def test_a_record_of_several_models_or_without_a_factor_is_refused():
    record = synthetic_records.bistable_record(n=4)
    with pytest.raises(ValueError, match=r"a record of one seed: choose with record.isel\(seed=0\)"):
        trials_of_passes(record.expand_dims(seed=[0, 1]))
    with pytest.raises(ValueError, match="the record has no depth"):
        trials_of_passes(record, factors=("depth",))
