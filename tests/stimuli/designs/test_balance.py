"""The report of balance: counts by hand, chance in closed form, and a factor that gives the answer away."""

from math import comb

import numpy as np
import pandas as pd
import pytest

from stimuli.designs import Design, balance, balancing


@pytest.fixture(scope="module")
def lists():
    """Two participants, eight trials each, in one of which the side gives the answer away."""
    rows = pd.DataFrame({"list": np.repeat([1, 2], 8), "phase": "test", "item": [f"i{k}" for k in range(8)] * 2})
    rows["side"], rows["shape"] = ["l", "l", "r", "r"] * 4, ["x", "y"] * 8
    rows["answer"] = np.where(rows["side"] == "l", "yes", "no")
    practice = rows[:1].assign(phase="practice", side="l")
    return pd.concat([practice, rows], ignore_index=True)


def test_levels_and_pairs_are_counted_over_all_lists_and_in_each(lists):
    report = balance(lists)
    assert report.loc["side", ["levels", "least", "most", "least_in_a_list", "most_in_a_list"]].tolist() == [
        2,
        8,
        8,
        4,
        4,
    ]
    assert report.loc["side", "counts"] == "l 8, r 8"
    assert report.loc["side x shape", ["levels", "least", "most_in_a_list"]].tolist() == [4, 4, 2]
    uneven = balance(lists.assign(shape=["y", *"xxxxxxxx", *"xyxyxyxy"]), ["shape"])
    assert uneven.loc["shape", ["least", "most", "least_in_a_list", "most_in_a_list"]].tolist() == [4, 12, 0, 8]


def test_guesses_are_those_of_a_loop_over_levels():
    random = np.random.default_rng(1)
    levels, answers = random.integers(0, 3, 60), random.integers(0, 4, (5, 60))
    right = [sum(np.bincount(row[levels == level]).max() for level in range(3)) / 60 for row in answers]
    np.testing.assert_allclose(balancing._guessed(levels, answers), right)


def test_few_trials_show_what_is_guessed_and_how_often_chance_does_as_well(lists):
    """Eight items, four of each answer: two of their 70 arrangements are guessed without a fault."""
    report = balance(lists, ["side", "shape"])
    side, shape = report.loc["side"], report.loc["shape"]
    assert side["guessed"] == side["guessed_in_a_list"] == 1 and side["predicts"] and not shape["predicts"]
    assert side["p"] == pytest.approx(2 / 70, abs=0.015) == side["p_in_a_list"]
    chance = sum(comb(4, k) ** 2 * max(k, 4 - k) for k in range(5)) / comb(8, 4) / 4
    assert shape["guessed"] == 0.5 and shape["by_chance"] == pytest.approx(chance, abs=0.01) and shape["p"] == 1
    turned = lists.assign(
        answer=lists["answer"].where(lists["list"] == 1, lists["answer"].map({"yes": "no", "no": "yes"}))
    )
    learned = balance(turned, ["side"]).loc["side"]  # each participant can learn a rule that the other's lists deny
    assert learned["guessed"] == 0.5 and learned["guessed_in_a_list"] == 1 and learned["predicts"]


def test_a_factor_that_gives_the_answer_away_is_found_and_chance_is_not():
    random = np.random.default_rng(0)
    rows = pd.DataFrame({"item": range(96), "answer": ["yes", "no"] * 48, "hue": random.random(96)})
    rows["cue"], rows["place"] = rows["answer"].map({"yes": 0, "no": 1}), random.permutation(np.arange(96) % 4)
    rows["x"] = rows["cue"] + random.normal(0, 0.3, 96)  # a number of many values counts as quarters
    report = balance(rows)
    assert balancing.told(report) == ["cue", "x"] and balancing.told(report, but=["cue"]) == ["x"]
    assert report.loc["cue", "guessed"] == 1 and report.loc["cue", "p"] == 0.001


def test_items_that_many_lists_share_count_once(lists):
    """Of four items, shown to a hundred participants each, nothing can be told."""
    many = pd.concat(
        [lists.query("phase == 'test' and list == 1").iloc[[0, 2, 4, 6]].assign(list=k) for k in range(100)]
    )
    assert balancing.told(balance(many)) == [] and balance(many).loc["side", "p"] > 0.1


def test_chance_is_reported_as_often_as_it_is_claimed():
    """p of factors that tell nothing is even: about one in ten is below 0.1."""
    random, p = np.random.default_rng(4), []
    for _ in range(40):
        rows = pd.DataFrame({"hue": random.random(40), "answer": random.integers(0, 2, 40)})
        p.append(balance(rows, ["hue"]).loc["hue", "p"])
    assert sum(value < 0.1 for value in p) <= 11 and 0.35 < np.mean(p) < 0.65  # beyond in 0.1 % of such tests


def test_a_factor_that_there_is_not_is_refused(lists):
    with pytest.raises(ValueError, match="no factor 'colour'; there are list, phase"):
        balance(lists, ["colour"])


def test_the_report_of_a_design_says_that_it_is_balanced():
    items = pd.DataFrame({"item": range(24), "side": list("lr") * 12})
    design = Design(within={"told": ("left", "right")}, between={"load": ("low", "high")})
    report = balance(design.lists(items, 8, keys=("f", "j")))
    assert (report["least"] == report["most"]).all()
    assert {"told", "side", "load", "key_order", "told x side", "told x load"} <= {*report.index}
    assert "guessed" not in report
