"""Trial tables compared: matched by item and condition, and what is not matched is named."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import cohen_kappa_score

from experiments.__main__ import main
from experiments.exchange import human_trials
from experiments.exchange.same_trials import matching, of_trial_table
from experiments.measures import error_consistency, stimulus_of
from experiments.trials import stored
from experiments.trials.simulated import SimulatedPeople, detection_trials
from experiments.trials.trial_table import trial_table, write_csv


@pytest.fixture(scope="module")
def people():
    table = detection_trials(SimulatedPeople(3, 10), np.random.default_rng(0))
    return trial_table(
        table.assign(item="dots_" + (table["trial"] % 20).map("{:05d}".format), half=table["trial"] // 20)
    )


def test_the_columns_are_those_of_model_vs_human(people):
    told = of_trial_table(people)
    assert list(told) == list(human_trials.COLUMNS)
    assert told["subj"].unique().tolist() == ["subject-person 1", "subject-person 2", "subject-person 3"]
    assert [stimulus_of(name) for name in told["imagename"]] == people["item"].tolist()
    assert told["condition"].nunique() == 4 and told["condition"][0] == f"{people['instruction'][0]} half 0"
    seeds = of_trial_table(people.assign(kind="model", session=people["participant"].str[-1], participant="net"))
    assert sorted(set(seeds["subj"])) == ["net seed 1", "net seed 2", "net seed 3"]


def test_agreement_is_cohens_kappa_of_the_same_trials(people):
    pairs = error_consistency(of_trial_table(people.drop(columns="half").assign(instruction=people["instruction"])
        .drop_duplicates(["participant", "item", "instruction"])))  # fmt: skip
    one = people.drop_duplicates(["participant", "item", "instruction"])
    right = one.pivot(index=["instruction", "item"], columns="participant", values="correct")
    kappas = [cohen_kappa_score(of["person 1"], of["person 2"]) for _, of in right.groupby("instruction")]
    assert pairs["kappa"][0] == pytest.approx(np.mean(kappas))


def test_how_many_are_matched_and_which_not_is_said(people, tmp_path, capsys):
    fewer = people[(people["participant"] == "person 1") & (people["trial"] != 3)].assign(
        kind="model", participant="net"
    )
    files = [write_csv(people, tmp_path / "people.csv"), stored.save(fewer, tmp_path / "net.zarr", {})]
    assert main(["compare", *map(str, files)]) == 0
    out = capsys.readouterr().out
    assert "Matched by item and condition: 237 pairs of trials of 6 pairs of observers; 3 trials have no partner" in out
    assert "dots_00003 (attend anywhere half 0)." in out and "mean of people" in out
    told = of_trial_table(people)
    assert matching(told).endswith("120 pairs of trials of 3 pairs of observers; none is left over.")
    assert "nothing to match" in matching(told[told["subj"] == "subject-person 1"])


def test_an_observer_that_took_several_lists_counts_once_and_matches_people(people):
    shown = people.drop(columns="half").drop_duplicates(["participant", "item", "instruction"])
    person = shown[shown["participant"] == "person 1"]
    net = person.assign(kind="model", participant="net", told="prior")
    again = pd.concat([person, net, net.assign(list=2)])
    with pytest.warns(UserWarning, match=f"{len(net)} trials of observers, the same answer in another list"):
        told = of_trial_table(trial_table(again))
    assert matching(told).startswith(f"Matched by item and condition: {len(net)} pairs of trials of 1 pairs")
    other = np.where(net["response"] == "present", "absent", "present")
    drawn = trial_table(pd.concat([person, net, net.assign(list=2, response=other, correct=1 - net["correct"])]))
    with pytest.raises(ValueError, match="choose one session, or one list"):
        error_consistency(of_trial_table(drawn))


def test_files_of_model_vs_human_stand_beside_ours(people, tmp_path):
    theirs = of_trial_table(people).replace({"subj": {"subject-person 1": "vit"}})
    theirs[theirs["subj"] == "vit"].to_csv(tmp_path / "theirs.csv", index=False)
    both = human_trials.read([tmp_path / "theirs.csv", write_csv(people, tmp_path / "ours.csv")])
    assert sorted(set(both["subj"])) == ["subject-person 1", "subject-person 2", "subject-person 3", "vit"]
    assert error_consistency(both)["kappa"].max() == 1


def test_what_cannot_be_matched_is_said(people):
    with pytest.raises(ValueError, match="120 trials name no item"):
        of_trial_table(people.assign(item=""))
    with pytest.raises(ValueError, match="nothing is right"):
        of_trial_table(people.assign(answer=""))
    some = people.assign(answer=people["answer"].where(people["trial"] > 5, ""))
    with pytest.warns(UserWarning, match="15 of 120 trials have no right answer"):
        assert len(of_trial_table(some)) == 105
