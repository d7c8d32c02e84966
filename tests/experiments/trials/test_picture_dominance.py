"""Dominance picture by picture: known shares, loops, other libraries; which pictures are left out."""

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from experiments.trials.picture_dominance import counts_of, dominance, read_counts, shares_of
from experiments.trials.trial_table import trial_table


def drawn(people, items=400, seed=0):
    """People's counts of pictures whose true shares are spread evenly."""
    generator = np.random.default_rng(seed)
    truth = pd.Series(generator.random(items), [f"i{k:03d}" for k in range(items)])
    first = generator.binomial(people, truth)
    return truth, pd.DataFrame({"first": first, "second": people - first}, truth.index)


def test_an_observer_with_the_true_shares_is_calibrated_and_reaches_the_ceiling():
    truth, counts = drawn(people=10)
    found = dominance(counts, truth)
    assert found.rank == pytest.approx(scipy.stats.spearmanr(truth, counts["first"]).statistic)
    # variance of the true shares over that of shares of ten answers: 1/12 / (1/12 + 1/60)
    assert found.reliability == pytest.approx(5 / 6, abs=0.03) and found.rank == pytest.approx(found.ceiling, abs=0.03)
    assert found.error < 0.03 and found.calibration["n"].tolist() == [80] * 5 and not found.left_out
    told = counts["first"] != 5
    same = ((truth > 0.5) == (counts["first"] > 5))[told]
    assert found.winner == pytest.approx(same.mean())
    ends = scipy.stats.binomtest(int(same.sum()), len(same)).proportion_ci(method="wilson")
    assert found.winner_interval == pytest.approx((ends.low, ends.high)) and found.winner_people < found.winner


def test_halves_of_people_are_those_of_a_loop():
    _, counts = drawn(people=6, items=60)
    found = dominance(counts, counts["first"] / 6, splits=400)
    generator, r, winners = np.random.default_rng(4), [], []
    answers = np.array([[1] * a + [0] * b for a, b in counts.to_numpy()])
    for _ in range(200):
        mixed = generator.permuted(answers, axis=1)
        one, other = mixed[:, :3].mean(1), mixed[:, 3:].mean(1)
        r.append(scipy.stats.spearmanr(one, other).statistic)
        winners.append(np.mean((one > 0.5) == (other > 0.5)))
    assert found.reliability == pytest.approx(2 * np.mean(r) / (1 + np.mean(r)), abs=0.02)
    assert found.winner_people == pytest.approx(np.mean(winners), abs=0.02)


def test_a_shifted_observer_has_the_order_and_not_the_calibration():
    truth, counts = drawn(people=20)
    found, shifted = dominance(counts, truth), dominance(counts, truth**3)
    assert shifted.rank == pytest.approx(found.rank) and shifted.error > 0.2 > found.error
    assert shifted.winner < found.winner
    assert dominance(counts, 1 - truth).rank == pytest.approx(-found.rank)


def test_counts_and_shares_of_trial_tables():
    rows = {
        "participant": ["p1", "p2", "p3"] * 2, "kind": "person", "trial": [1, 1, 1, 2, 2, 2],
        "item": ["a.png"] * 3 + ["b.png"] * 3, "response": ["cat", "cat", "dog", "owl", "", "car"],
        "shape": ["cat"] * 3 + ["owl"] * 3, "texture": ["dog"] * 3 + ["car"] * 3,
    }  # fmt: skip
    counts = counts_of(trial_table(pd.DataFrame(rows)), "shape", "texture")
    assert counts.to_dict("index") == {"a.png": {"first": 2, "second": 1}, "b.png": {"first": 1, "second": 1}}
    told = {
        "participant": "net",
        "kind": "model",
        "trial": [1, 2, 3],
        "item": ["a.png", "b.png", "c.png"],
        "response": "",
    }
    told |= {"shape": ["cat", "owl", "cat"], "texture": ["dog", "car", "dog"]}
    told |= {"p(cat)": [0.6, 0.1, 0.0], "p(dog)": [0.2, 0.1, 0.0], "p(owl)": [0.1, 0.2, 0.5], "p(car)": [0.1, 0.6, 0.5]}
    shares = shares_of(trial_table(pd.DataFrame(told)), "shape", "texture")
    assert shares.iloc[:2].to_dict() == pytest.approx({"a.png": 0.75, "b.png": 0.25}) and np.isnan(shares["c.png"])
    with pytest.raises(ValueError, match="shares are of one observer, got p1, p2, p3"):
        shares_of(trial_table(pd.DataFrame(rows)), "shape", "texture")


def test_pictures_that_do_not_enter_are_named():
    truth, counts = drawn(people=8, items=9)
    counts.loc["i000"] = 0
    shares = truth.drop("i001")
    shares["i002"] = np.nan
    shares["other"] = 0.4
    assert dict(dominance(counts, shares).left_out) == {
        "i000": "nobody saw either reading", "i001": "the observer did not see it",
        "i002": "the observer gives neither reading", "other": "people did not see it",
    }  # fmt: skip


def test_a_csv_of_counts_and_what_is_wrong_with_it(tmp_path):
    path = tmp_path / "counts.csv"
    path.write_text("item,first,second\na,3,7\nb,10,0\n")
    assert read_counts(path).loc["b"].tolist() == [10, 0]
    wrong = {
        "item,frist,second\na,1,2\n": "needs the column 'first': did you mean frist",
        "item,first,second\na,1,2\na,2,1\n": "'a' has two rows",
        "item,first,second\na,1.5,2\n": "whole numbers from 0; the item 'a' has",
        "item,first,second\na,,2\n": "whole numbers from 0",
        "item,first,second\na,-1,2\n": "whole numbers from 0",
    }
    for text, message in wrong.items():
        path.write_text(text)
        with pytest.raises(ValueError, match=message):
            read_counts(path)
    with pytest.raises(FileNotFoundError, match="no counts at"):
        read_counts(tmp_path / "nothing.csv")
    truth, counts = drawn(people=8, items=5)
    with pytest.raises(ValueError, match="shares lie in"):
        dominance(counts, truth + 1)
    with pytest.raises(ValueError, match="3 items or more that both have, got 2"):
        dominance(counts, truth.iloc[:2])
