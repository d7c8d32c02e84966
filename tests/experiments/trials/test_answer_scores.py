"""Scores by condition: the same numbers as by hand in pandas, for people and observers."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from experiments.__main__ import main
from experiments.statistics.within import bootstrap_over_people, cousineau_morey
from experiments.trials import stored
from experiments.trials.answer_scores import SCORES, conditions_of, participant_scores, shown_option, shown_scores
from experiments.trials.by_condition import condition_means
from experiments.trials.overview import overview, overview_notes
from experiments.trials.simulated import CUED, NEUTRAL, SimulatedPeople, detection_trials
from experiments.trials.trial_table import read, trial_table, write_csv

BY = ["instruction"]


@pytest.fixture(scope="module")
def people():
    table = detection_trials(SimulatedPeople(9, 12), np.random.default_rng(5))
    warm_up = table[:30].assign(phase="practice", response="absent")
    return trial_table(pd.concat([table.assign(soa=table["trial"] % 3), warm_up]))


def by_hand(table, column="correct", how="mean"):
    """Ten lines of pandas: a value per person and condition."""
    shown = table[table["phase"] == "test"]
    if column == "rt":
        shown = shown[shown["correct"] == 1]
    return shown.groupby(["participant", "instruction"])[column].agg(how).unstack()


@pytest.mark.parametrize(
    ("score", "column", "how"),
    [("accuracy", "correct", "mean"), ("median_rt", "rt", "median"), ("mean_rt", "rt", "mean")],
)
def test_means_and_intervals_are_those_of_a_groupby(people, score, column, how):
    wide = by_hand(people, column, how)
    found = condition_means(people, score, BY, interval="between").set_index("instruction")
    np.testing.assert_allclose(found[score], wide.mean())
    for name in wide:
        ends = stats.t.interval(0.95, len(wide) - 1, wide[name].mean(), stats.sem(wide[name]))
        np.testing.assert_allclose(found.loc[name, [f"{score}_low", f"{score}_high"]].astype(float), ends)
    assert found["participants"].tolist() == [9, 9] and (found["participant"] == "people").all()


def test_detection_is_that_of_counts_by_hand(people):
    rows = []
    for (who, instruction), shown in people[people["phase"] == "test"].groupby(["participant", "instruction"]):
        said, there = shown["response"] == "present", shown["answer"] == "present"
        hit, alarm = ((said & of).sum() + 0.5 for of in (there, ~there))
        z = stats.norm.ppf([hit / (there.sum() + 1), alarm / ((~there).sum() + 1)])
        rows.append((who, instruction, z[0] - z[1], -z.mean()))
    found = participant_scores(people, "d_prime", BY, "present")
    np.testing.assert_allclose(found["d_prime"], [row[2] for row in rows])
    np.testing.assert_allclose(
        participant_scores(people, "criterion", BY, "present")["criterion"], [r[3] for r in rows]
    )
    share = participant_scores(people, "choice", [], "present")["choice"]
    shown = people[people["phase"] == "test"]
    np.testing.assert_allclose(share, (shown["response"] == "present").groupby(shown["participant"]).mean())


def test_intervals_within_participants_are_those_of_the_paired_difference(people):
    wide = by_hand(people)
    found = condition_means(people, "accuracy", BY, interval="within")
    half = (found["accuracy_high"] - found["accuracy"]).to_numpy()
    paired = stats.ttest_rel(wide[CUED], wide[NEUTRAL]).confidence_interval(0.95)
    np.testing.assert_allclose(half, (paired.high - paired.low) / 2 / np.sqrt(2))
    values = np.random.default_rng(0).normal(size=(6, 3)) + 10 * np.arange(6)[:, None]
    moved = values - values.mean(1, keepdims=True) + values.mean()  # Morey (2008), by hand
    error = moved.std(0, ddof=1) / np.sqrt(6) * np.sqrt(3 / 2) * stats.t.ppf(0.975, 5)
    np.testing.assert_allclose(cousineau_morey(values), values.mean(0) + np.array([[-1], [1]]) * error)
    with pytest.raises(ValueError, match="two participants and conditions"):
        cousineau_morey(values[:1])


def test_the_bootstrap_over_few_people_is_as_wide_as_students_interval():
    values = np.random.default_rng(1).normal(size=(12, 40))
    low, high = bootstrap_over_people(values, 4000)
    students = stats.t.ppf(0.975, 11) * stats.sem(values) * 2
    assert np.mean((high - low) / students) == pytest.approx(1, abs=0.03)
    assert np.isnan(bootstrap_over_people(values[:1])).all()


def test_a_condition_between_participants_and_one_that_somebody_lacks(people):
    hands = {name: ("left", "right")[k % 2] for k, name in enumerate(sorted(set(people["participant"])))}
    table = people.assign(hand=people["participant"].map(hands))
    found = condition_means(table, "accuracy", ["hand", "instruction"], interval="within")
    assert found["participants"].tolist() == [5, 5, 4, 4]
    left = by_hand(table[table["hand"] == "left"])
    low = cousineau_morey(left.to_numpy())[0]
    np.testing.assert_allclose(found["accuracy_low"][:2], low)
    lacking = people[(people["participant"] != "person 3") | (people["instruction"] == CUED)]
    rows = condition_means(lacking, "accuracy", BY, interval="within").set_index("instruction")
    assert rows["participants"].to_dict() == {NEUTRAL: 8, CUED: 9}
    notes = " ".join(overview_notes(lacking, overview(lacking), []))
    assert "do not enter intervals within participants: person 3." in notes and "30 of practice" in notes


def test_a_condition_in_which_nothing_is_right_has_no_accuracy(people):
    open_one = people.assign(instruction="look", answer="", correct=np.nan, trial=people["trial"] + 100)
    table = trial_table(pd.concat([people, open_one]))
    found = condition_means(table, "accuracy", BY, interval="within").set_index("instruction")
    assert found.loc["look", ["accuracy", "accuracy_low", "accuracy_high"]].isna().all()
    np.testing.assert_allclose(found["accuracy_low"][:2], cousineau_morey(by_hand(people).to_numpy())[0])


def test_an_observer_is_scored_as_a_person_is(people):
    model = people.assign(kind="model")
    both = [participant_scores(table, "median_rt", BY).drop(columns="kind") for table in (people, model)]
    pd.testing.assert_frame_equal(*both)
    one = model[model["participant"] == "person 2"]
    found = condition_means(one, "accuracy", BY)
    for _, row in found.iterrows():
        right = one[(one["instruction"] == row["instruction"]) & (one["phase"] == "test")]["correct"]
        ends = proportion_confint(right.sum(), len(right), method="wilson")
        assert (row["accuracy_low"], row["accuracy_high"]) == pytest.approx(ends)
    seeds = people.assign(kind="model", session=people["participant"], participant="net")
    found = condition_means(seeds, "accuracy", BY).set_index("instruction")
    each = by_hand(people)[CUED]
    ends = stats.t.interval(0.95, 8, each.mean(), stats.sem(each))
    assert found.loc[CUED, ["participants", "accuracy_low", "accuracy_high"]].tolist() == pytest.approx([9, *ends])
    timed = condition_means(one, "median_rt", BY, n=500)
    assert ((timed["median_rt_low"] < timed["median_rt"]) & (timed["median_rt"] < timed["median_rt_high"])).all()


def test_the_probability_of_the_right_option_is_that_of_its_column(people):
    model = people.assign(kind="model", **{"p(present)": 0.7, "p(absent)": 0.3})
    found = participant_scores(model, "probability", ["answer"])
    np.testing.assert_allclose(found["probability"], np.where(found["answer"] == "present", 0.7, 0.3))
    assert participant_scores(model, "probability", [], "absent")["probability"].tolist() == pytest.approx([0.3] * 9)
    assert participant_scores(people, "probability")["probability"].tolist() == pytest.approx(
        participant_scores(people, "accuracy")["accuracy"].tolist()
    )


def test_an_option_may_be_told_by_a_column(people):
    table = people.assign(cued=np.where(people["trial"] % 2, people["answer"], "present"))
    shown = table[table["phase"] == "test"]
    wanted = (shown["response"] == shown["cued"]).groupby(shown["participant"]).mean()
    np.testing.assert_allclose(participant_scores(table, "choice", option="cued")["choice"], wanted)
    np.testing.assert_allclose(participant_scores(table, "probability", option="cued")["probability"], wanted)
    open_one = table.assign(answer="", correct=np.nan)
    assert (shown_option(open_one), shown_option(table)) == ("cued", "")
    notes = overview_notes(open_one, overview(open_one), [])
    assert "The option is 'cued'." in notes and list(overview(open_one))[-6] == "choice"


def test_medians_leave_out_what_does_not_count():
    values = np.array([[3.0, np.nan, 1, 2], [np.nan] * 4, [5, np.nan, np.nan, 1]])[..., None]
    np.testing.assert_allclose(SCORES["median_rt"].pool(values), [2, np.nan, 3])


def test_conditions_and_scores_are_chosen_as_the_table_has_them(people):
    assert conditions_of(people) == ["instruction"] and shown_scores(people) == ["accuracy", "median_rt"]
    plain = people.assign(instruction="")
    assert conditions_of(plain) == ["soa"] and conditions_of(plain.drop(columns="soa")) == []
    assert shown_scores(people.assign(correct=np.nan, rt=np.nan)) == ["choice"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"score": "acuracy"}, "did you mean 'accuracy'"),
        ({"by": ["instrucion"]}, "no column 'instrucion' .did you mean 'instruction'"),
        ({"score": "d_prime"}, "d_prime needs an option .--option., one of 'absent', 'present', or .* got ''"),
        ({"score": "choice", "option": "yes"}, "got 'yes'"),
        ({"interval": "students"}, "an interval is one of within, between, bootstrap"),
    ],
)
def test_what_is_not_there_is_named(people, given, message):
    with pytest.raises(ValueError, match=message):
        condition_means(people, **given)
    with pytest.raises(ValueError, match="no trials of the test"):
        condition_means(people[people["phase"] == "practice"])


def test_the_summary_prints_people_and_observers_in_one_table(people, tmp_path, capsys):
    one = people[people["participant"] == "person 1"].assign(kind="model", participant="net, <b>")
    files = [stored.save(people, tmp_path / "people.zarr", {}), write_csv(one, tmp_path / "models.csv")]
    assert main(["summary", *map(str, files), "--by", "instruction,soa", "--format", "csv"]) == 0
    out = capsys.readouterr().out
    (tmp_path / "o.csv").write_text(out)
    table = pd.read_csv(tmp_path / "o.csv")
    shown = people[people["phase"] == "test"]
    wanted = shown.groupby(["participant", *BY, "soa"])["correct"].mean().groupby([*BY, "soa"]).mean()
    np.testing.assert_allclose(table[table["kind"] == "person"]["accuracy"], wanted)
    assert (table["participant"] == "net, <b>").sum() == 6
    assert main(["summary", *map(str, files)]) == 0
    out = capsys.readouterr().out
    assert "95 % intervals: of people within participants" in out and "Trials left out: 33 of practice." not in out
    assert main(["summary", *map(str, files), "--maps"]) == 2
    assert main(["summary", str(files[0]), "--by", "sao"]) == 2
    assert "did you mean 'soa'" in capsys.readouterr().err


def test_conditions_come_in_the_order_of_the_design_and_others_behind(people, tmp_path):
    table = trial_table(pd.concat([people, people.assign(instruction="zoom", trial=people["trial"] + 500)]))
    assert overview(table)["instruction"].tolist() == sorted([CUED, NEUTRAL, "zoom"])
    table.attrs["levels"] = {"instruction": [NEUTRAL, CUED]}
    models = table.assign(kind="model").query("participant in ('person 1', 'person 2')")
    both = read([write_csv(table, tmp_path / "people.csv"), stored.save(models, tmp_path / "models.zarr", {})])
    expected = [NEUTRAL, CUED, "zoom"]
    assert overview(both)["instruction"].tolist() == expected * 3
    assert participant_scores(both, "accuracy", BY)["instruction"].tolist() == expected * 11


def test_a_trial_that_nobody_answered_is_no_right_answer_and_an_unknown_response_does_not_count():
    rows = {"participant": "ada", "kind": "person", "trial": [1, 2, 3, 4], "answer": "left"}
    table = trial_table(pd.DataFrame(rows | {"response": ["left", "right", "", ""], "correct": [1, 0, 0, 1]}))
    found = participant_scores(table, "probability")
    assert found[["trials", "probability"]].values.tolist() == [[3, 1 / 3]]
    assert participant_scores(table, "accuracy")["accuracy"].tolist() == [0.5]
