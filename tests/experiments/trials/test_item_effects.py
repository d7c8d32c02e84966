"""Effects over items by hand-made pandas and loops; how two observers agree in them, and the ceiling."""

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from experiments.trials.effects import Effect
from experiments.trials.item_effects import item_agreement, item_effects
from experiments.trials.reliability import spearman_brown
from experiments.trials.trial_table import trial_table

WITHIN = Effect("told", "instruction", "shape", "texture", measure="choice", option="shape_of")


def answers(noise, people=8, items=60, between=False, seed=0):
    """People who are told one thing or both, of items that follow what they are told more or less."""
    generator = np.random.default_rng(seed)
    chance = np.random.default_rng(99).random(items)
    rows = []
    for person in range(people):
        for told in ("shape", "texture"):
            if between and told != ("shape", "texture")[person % 2]:
                continue
            follows = chance if noise else (chance > 0.5).astype(float)
            says = generator.random(items) < (follows if told == "shape" else 1 - follows)
            rows.append(pd.DataFrame({"participant": f"p{person}", "instruction": told, "item": [f"i{k:02d}" for k in range(items)], "response": np.where(says, "dog", "cat")}))  # fmt: skip # noqa: E501
    table = pd.concat(rows, ignore_index=True).assign(kind="person", shape_of="dog")
    return trial_table(table.assign(trial=np.arange(len(table)) + 1))


@pytest.mark.parametrize("between", [False, True])
def test_effects_of_items_are_those_of_pandas_and_their_reliability_that_of_a_loop(between):
    table = answers(noise=True, people=12, between=between)
    effect = WITHIN.by(between=between)
    result = item_effects(table, effect, splits=300)
    says = (table["response"] == "dog").groupby([table["item"], table["instruction"]]).mean().unstack()
    np.testing.assert_allclose(result.by_item["effect"], says["shape"] - says["texture"])
    ends = scipy.stats.ttest_1samp(says["shape"] - says["texture"], 0).confidence_interval()
    spread = (says["shape"] - says["texture"]).std()
    assert result.dz == pytest.approx(result.mean / spread)
    assert result.interval == pytest.approx((ends.low, ends.high)) and (result.n, result.participants) == (60, 12)
    cube = table.assign(says=table["response"] == "dog").pivot_table("says", ["instruction", "participant"], "item")
    shape, texture = (cube.loc[told].to_numpy(float) for told in ("shape", "texture"))
    generator, found = np.random.default_rng(3), []
    for _ in range(100):
        mixed = generator.permutation(len(shape))
        other = generator.permutation(len(texture)) if between else mixed
        sides = [shape[mixed[k::2]].mean(0) - texture[other[k::2]].mean(0) for k in (0, 1)]
        found.append(np.corrcoef(sides)[0, 1])
    assert result.reliability == pytest.approx(spearman_brown(np.mean(found)), abs=0.03)


def test_items_that_all_agree_on_are_reliable_and_a_few_people_have_no_halves():
    assert item_effects(answers(noise=False), WITHIN, splits=4).reliability == pytest.approx(1)
    few = item_effects(answers(noise=True, people=3), WITHIN)
    assert np.isnan(few.reliability) and few.n == 60


def test_an_item_without_trials_of_a_level_is_named():
    table = answers(noise=True)
    gone = (table["item"] == "i07") & (table["instruction"] == "shape")
    result = item_effects(table[~gone], WITHIN, splits=2)
    assert dict(result.left_out) == {"i07": "no trial of one of the levels"} and result.n == 59
    with pytest.raises(ValueError, match="no item has trials of both"):
        item_effects(table[(table["instruction"] == "shape") ^ (table["item"] < "i30")], WITHIN)
    with pytest.raises(ValueError, match="of means or logarithms"):
        item_effects(table, Effect("e", "instruction", "shape", "texture", statistic="median"))


def test_agreement_of_two_observers_is_that_of_scipy_beside_the_ceiling():
    people, other = (item_effects(answers(noise=True, seed=seed), WITHIN) for seed in (0, 1))
    found = item_agreement(people, other)
    a, b = people.by_item["effect"], other.by_item["effect"]
    assert found.r == pytest.approx(np.corrcoef(a, b)[0, 1])
    assert found.rank == pytest.approx(scipy.stats.spearmanr(a, b).statistic)
    assert found.of_ceiling == pytest.approx(found.r / np.sqrt(people.reliability)) and found.n == 60
    half = np.tanh(np.arctanh(found.r) + np.array([-1, 1]) * scipy.stats.norm.ppf(0.975) / np.sqrt(57))
    assert found.r_interval == pytest.approx(tuple(half))
    with pytest.raises(ValueError, match="needs 4 items that both have, got 2"):
        item_agreement(people, item_effects(answers(noise=True, items=2), WITHIN))
