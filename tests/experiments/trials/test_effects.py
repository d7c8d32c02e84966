"""Effects by hand-made pandas, scipy and loops; who is left out; people and observers by the same code."""

import time

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from experiments.statistics.detection import d_prime
from experiments.trials.cells import cells_of, halves
from experiments.trials.effect_recovery import SimulatedEffects, effect_recovery, simulated_trials
from experiments.trials.effects import Effect, effect_of
from experiments.trials.reliability import ceiling_of, correlations, spearman_brown, split_half
from experiments.trials.trial_table import trial_table
from experiments.trials.trim import Trim

FLANKERS = Effect("flankers", "flanker", "incongruent", "congruent")


@pytest.fixture(scope="module")
def table():
    """Twelve people, three levels, errors, misses, practice, two sessions."""
    generator = np.random.default_rng(1)
    n = 12 * 3 * 20
    frame = pd.DataFrame(
        {
            "participant": np.repeat([f"p{k:02d}" for k in range(12)], 60),
            "kind": "person",
            "trial": np.tile(np.arange(1, 61), 12),
            "flanker": np.tile(np.repeat(["congruent", "incongruent", "neutral"], 20), 12),
            "place": generator.choice(["up", "down"], n),
            "answer": generator.choice(["yes", "no"], n),
            "rt": generator.gamma(9, 0.06, n),
        }
    )
    wrong = generator.random(n) < 0.15
    frame["response"] = np.where(wrong, frame["answer"].map({"yes": "no", "no": "yes"}), frame["answer"])
    frame.loc[frame["flanker"] == "incongruent", "rt"] += 0.1
    missed = generator.random(n) < 0.03
    frame.loc[missed, ["response", "rt"]] = ["", np.nan]
    frame["phase"] = np.where(frame["trial"] % 20 == 0, "practice", "test")
    return trial_table(frame)


def by_hand(table, statistic, keep=lambda frame: frame["correct"] == 1, column="rt"):
    rows = table[(table["phase"] == "test") & keep(table)]
    cells = rows.groupby(["participant", "flanker"])[column].agg(statistic).unstack()
    return cells["incongruent"] - cells["congruent"]


@pytest.mark.parametrize(
    ("statistic", "of"), [("mean", "mean"), ("median", "median"), ("log", lambda rt: np.log(rt).mean())]
)
def test_the_effect_of_each_person_is_that_of_pandas_and_the_interval_that_of_scipy(table, statistic, of):
    result = effect_of(table, FLANKERS.by(statistic=statistic), splits=3)
    expected = by_hand(table, of)
    pd.testing.assert_series_equal(result.by_participant["effect"], expected, check_names=False, check_index_type=False)
    found = scipy.stats.ttest_1samp(expected, 0).confidence_interval(0.95)
    assert result.interval == pytest.approx((found.low, found.high))
    assert (result.mean, result.dz) == pytest.approx((expected.mean(), expected.mean() / expected.std()))
    assert result.share == (expected > 0).mean() and result.n == 12 and not result.left_out
    assert result.effect.unit == ("ln s" if statistic == "log" else "s")


def test_pooled_trials_and_means_of_conditions(table):
    rows = table[(table["phase"] == "test") & (table["correct"] == 1)]
    pooled = rows.groupby("flanker")["rt"].median()
    result = effect_of(table, FLANKERS.by(statistic="median"), splits=2)
    assert result.pooled == pytest.approx(pooled["incongruent"] - pooled["congruent"])
    cells = rows.groupby(["flanker", "participant"])["rt"].median()
    assert result.means == pytest.approx((cells["incongruent"].mean(), cells["congruent"].mean()))
    assert result.trials == rows["flanker"].isin(["congruent", "incongruent"]).sum()
    assert np.isnan(result.pooled_interval).all()
    sides = [rows["rt"][rows["flanker"] == level] for level in ("incongruent", "congruent")]
    found = scipy.stats.ttest_ind(*sides, equal_var=False).confidence_interval()
    whole = effect_of(table.assign(participant="one"), FLANKERS, splits=2)
    assert whole.pooled_interval == pytest.approx((found.low, found.high)) and whole.mean == pytest.approx(whole.pooled)
    assert np.isnan([*whole.interval, whole.dz, whole.reliability]).all()


def test_levels_together_and_trials_of_one_place(table):
    effect = Effect("interference", "flanker", "incongruent", ("congruent", "neutral"), where={"place": "up"})
    rows = table[(table["phase"] == "test") & (table["correct"] == 1) & (table["place"] == "up")]
    level = rows["flanker"].where(rows["flanker"] == "incongruent", "other")
    cells = rows["rt"].groupby([rows["participant"], level]).mean().unstack()
    found = effect_of(table, effect, splits=2).by_participant["effect"]
    np.testing.assert_allclose(found, cells["incongruent"] - cells["other"])


def test_accuracy_counts_misses_as_errors_and_trimming_is_that_of_a_loop(table):
    found = effect_of(table, FLANKERS.by(measure="accuracy"), splits=2).by_participant["effect"]
    expected = by_hand(table, "mean", keep=lambda frame: frame["phase"] == "test", column="correct")
    np.testing.assert_allclose(found, expected)
    trim = Trim(fastest=0.3, slowest=1.0, deviations=2)
    result = effect_of(table, FLANKERS.by(trim), splits=2)
    rows = table[(table["phase"] == "test") & (table["correct"] == 1) & (table["flanker"] != "neutral")]
    kept = []
    for _, of in rows.groupby("participant"):
        limit = of["rt"].median() + 2 * scipy.stats.median_abs_deviation(of["rt"], scale="normal")
        kept += [of[(of["rt"] >= 0.3) & (of["rt"] <= 1.0) & (of["rt"] <= limit)]]
    kept = pd.concat(kept)
    assert result.trials == len(kept) < len(rows) and result.trimmed == len(rows) - len(kept)


def test_people_are_left_out_by_name_and_with_a_reason(table):
    table = table.copy()
    table.loc[(table["participant"] == "p03") & (table["flanker"] == "congruent"), "rt"] = np.nan
    table.loc[table["participant"] == "p05", "correct"] = 0.0
    result = effect_of(table, FLANKERS.by(Trim(least_accuracy=0.5)), splits=2)
    assert dict(result.left_out) == {"p05": "accuracy 0.00", "p03": "no trial of flanker = congruent"}
    assert result.n == 10 and "p05" not in result.by_participant.index
    untouched = effect_of(table, Effect("other", "flanker", "incongruent", "neutral"), splits=2)
    assert list(untouched.left_out) == [] or "p03" not in untouched.left_out  # of that effect alone
    missing = effect_of(table, FLANKERS.by(Trim(most_missing=0.0)), splits=2).left_out
    empty = (table["response"] == "") & (table["phase"] == "test") & table["rt"].isna()
    assert {who for who, why in missing.items() if "without answer" in why} == set(table["participant"][empty])


def test_d_prime_is_that_of_counts(table):
    effect = Effect("sensitivity", "flanker", "congruent", "incongruent", measure="d_prime", option="yes")
    found = effect_of(table, effect, splits=2).by_participant
    for level, side in (("congruent", "high"), ("incongruent", "low")):
        for who, of in table[(table["phase"] == "test") & (table["flanker"] == level)].groupby("participant"):
            signal, said = of["answer"] == "yes", of["response"] == "yes"
            counts = (signal & said).sum(), signal.sum(), (~signal & said).sum(), (~signal).sum()
            assert found.loc[who, side] == pytest.approx(float(d_prime(*counts)))


@pytest.fixture(scope="module")
def observer():
    """An observer's probabilities of two options, and a person's answers, in one table."""
    rows = {
        "participant": ["net"] * 4 + ["p1"] * 4, "kind": ["model"] * 4 + ["person"] * 4, "trial": [1, 2, 3, 4] * 2,
        "cue": ["valid", "valid", "invalid", "invalid"] * 2, "answer": ["cat", "dog", "cat", "dog"] * 2,
        "response": ["cat", "dog", "dog", "dog", "cat", "dog", "dog", "cat"],
        "p(cat)": [0.9, 0.3, 0.4, 0.2] + [np.nan] * 4, "p(dog)": [0.1, 0.7, 0.6, 0.8] + [np.nan] * 4,
    }  # fmt: skip
    return trial_table(pd.DataFrame(rows))


def test_observers_count_by_their_probabilities_and_people_by_their_answers(observer):
    accuracy = effect_of(observer, Effect("cueing", "cue", "valid", "invalid", measure="accuracy"), splits=2)
    assert accuracy.by_participant["effect"].to_dict() == pytest.approx({"net": 0.8 - 0.6, "p1": 1.0})
    cats = effect_of(observer, Effect("cats", "cue", "valid", "invalid", measure="choice", option="cat"), splits=2)
    assert cats.by_participant["effect"].to_dict() == pytest.approx({"net": 0.6 - 0.3, "p1": 0.0})
    same = effect_of(observer, Effect("right", "cue", "valid", "invalid", measure="choice", option="answer"), splits=2)
    assert same.by_participant["effect"].to_dict() == pytest.approx(accuracy.by_participant["effect"].to_dict())
    margin = effect_of(observer, Effect("margin", "cue", "valid", "invalid", measure="margin"), splits=2)
    expected = np.mean(np.log([9, 7 / 3])) - np.mean(np.log([4 / 6, 4]))
    assert margin.by_participant["effect"].to_dict() == pytest.approx({"net": expected})
    assert margin.effect.unit == "nat" and np.isnan(margin.interval).all()


def test_groups_are_compared_as_scipy_does(table):
    grouped = table.assign(told=np.where(table["participant"] < "p05", "shape", "texture"))
    effect = Effect("instruction", "told", "shape", "texture", between=True)
    result = effect_of(grouped, effect)
    means = grouped[(grouped["phase"] == "test") & (grouped["correct"] == 1)].groupby("participant")["rt"].mean()
    shape, texture = means[:"p04"], means["p05":]
    found = scipy.stats.ttest_ind(shape, texture, equal_var=False).confidence_interval()
    assert result.interval == pytest.approx((found.low, found.high)) and result.n == 12
    more = scipy.stats.mannwhitneyu(shape, texture).statistic / (len(shape) * len(texture))
    assert result.share == pytest.approx(more) and np.isnan(result.reliability)
    spread = np.sqrt((shape.var() * 4 + texture.var() * 6) / 10)
    assert result.dz == pytest.approx((shape.mean() - texture.mean()) / spread)
    with pytest.raises(ValueError, match="between participants, and p00 has trials of both"):
        effect_of(table, FLANKERS.by(between=True))
    with pytest.raises(ValueError, match="where each has one of them, the effect is between participants"):
        effect_of(grouped, effect.by(between=False))


REFUSED = {
    "a factor": (Effect("e", "flankers", "incongruent", "congruent"), "did you mean flanker"),
    "a condition": (Effect("e", "flanker", "incongruent", "congruent", where={"plaec": "up"}), "did you mean place"),
    "a level": (Effect("e", "flanker", "incompatible", "congruent"), "flanker = 'incompatible'; there are"),
    "no durations": (FLANKERS.by(measure="duration"), "needs the column 'duration'"),
    "no probabilities": (FLANKERS.by(measure="margin"), "needs columns p"),
    "nothing left": (FLANKERS.by(Trim(fastest=99)), "no trial is left"),
}  # fmt: skip


@pytest.mark.parametrize(("effect", "message"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_computed_is_said(table, effect, message):
    with pytest.raises(ValueError, match=message):
        effect_of(table, effect)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"measure": "speed"}, "measure of the effect 'flankers' is one of rt"), ({"statistic": "mode"}, "one of mean"),
        ({"measure": "choice"}, "of which option"), ({"low": ("congruent", "incongruent")}, "share incongruent"),
        ({"measure": "accuracy", "statistic": "median"}, "medians and logarithms are of times"),
    ],
    ids=["measure", "statistic", "option", "levels", "medians"],
)  # fmt: skip
def test_effects_that_mean_nothing_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        FLANKERS.by(**changes)


# ---- reliability --------------------------------------------------------------------------------------------------


def test_halves_hold_every_trial_once_and_each_stratum_evenly():
    generator = np.random.default_rng(0)
    cell, stratum = generator.integers(0, 5, 200), generator.integers(0, 3, 200)
    cells = cells_of(np.arange(200.0), cell, 6, stratum)
    for first, second in halves(cells, 4, 0):
        for number in range(5):
            sides = [of[number][~np.isnan(of[number])].astype(int) for of in (first, second)]
            assert sorted(np.concatenate(sides)) == list(np.flatnonzero(cell == number))
            for kind in range(3):
                counts = [np.sum(stratum[side] == kind) for side in sides]
                assert abs(counts[0] - counts[1]) <= 1
        assert np.isnan(first[5]).all()  # a cell without trials


def jackknifed(halves):
    """Spearman-Brown of the mean correlation of (split, half, member), with the bias of few members taken away."""

    def plain(of):
        mean = np.nanmean([np.corrcoef(*pair[:, ~np.isnan(pair).any(0)])[0, 1] for pair in of])
        return 2 * mean / (1 + mean)

    n = halves.shape[-1]
    without = [plain(np.delete(halves, member, -1)) for member in range(n)]
    return n * plain(halves) - (n - 1) * np.mean(without)


def test_the_jackknife_is_that_of_a_loop_that_leaves_each_member_out():
    common = np.random.default_rng(0).normal(size=9)
    both = common + np.random.default_rng(1).normal(size=(6, 2, 9))
    both[2, 0, 4] = both[3, 1, 4] = np.nan  # a member that some splits lack
    assert split_half(both[:, 0], both[:, 1]) != pytest.approx(split_half(both[:, 0], both[:, 1], corrected=False))
    full = np.delete(both, 4, -1)
    assert split_half(full[:, 0], full[:, 1]) == pytest.approx(jackknifed(full))
    gone = np.insert(full, 2, np.nan, -1)  # one that all lack
    assert split_half(gone[:, 0], gone[:, 1]) == pytest.approx(jackknifed(full))
    few = full[..., :3]
    mean = np.mean([np.corrcoef(pair)[0, 1] for pair in few])
    assert split_half(few[:, 0], few[:, 1]) == pytest.approx(spearman_brown(mean))
    assert np.isnan(split_half(few[:, 0, :2], few[:, 1, :2]))


def test_reliability_is_that_of_a_loop_over_random_halves(table):
    result = effect_of(table, FLANKERS, splits=400)
    rows = table[(table["phase"] == "test") & (table["correct"] == 1) & (table["flanker"] != "neutral")]
    generator, found = np.random.default_rng(5), []
    cells = {key: of.to_numpy() for key, of in rows.groupby(["participant", "flanker"])["rt"]}
    for _ in range(150):
        mixed = {key: generator.permutation(rt) for key, rt in cells.items()}
        sides = [[mixed[who, "incongruent"][k::2].mean() - mixed[who, "congruent"][k::2].mean()
                  for who in rows["participant"].unique()] for k in (0, 1)]  # fmt: skip
        found.append(sides)
    assert result.reliability == pytest.approx(jackknifed(np.array(found)), abs=0.06)
    again = effect_of(table, FLANKERS, splits=400)
    assert again.reliability == result.reliability and result.ceiling == ceiling_of(result.reliability)


def test_reliability_is_one_without_noise_and_ceilings_are_roots():
    rows = simulated_trials(8, 6, 0.03, 0.02, 0.0, np.random.default_rng(0))
    effect = Effect("simulated", "flanker", "incongruent", "congruent")
    assert effect_of(rows, effect, splits=3).reliability == pytest.approx(1)
    assert spearman_brown(0.5) == pytest.approx(2 / 3) and ceiling_of(0.49) == pytest.approx(0.7)
    assert ceiling_of(-0.2) == 0 and spearman_brown(-0.9) == -1
    x, y = np.random.default_rng(1).normal(size=(2, 3, 20))
    x[0, :3] = np.nan
    expected = [np.corrcoef(a[~np.isnan(a)], b[~np.isnan(a)])[0, 1] for a, b in zip(x, y, strict=True)]
    np.testing.assert_allclose(correlations(x, y), expected)


@pytest.mark.seconds
def test_intervals_and_reliabilities_of_simulated_experiments_hold_the_truth():
    told = SimulatedEffects(simulations=60, people=(40,), trials=(32,), between=(0.03,), splits=6, seed=1)
    (row,) = effect_recovery(told)
    assert row["true_reliability"] == pytest.approx(0.5)
    assert 0.88 <= row["coverage"] <= 0.99  # 93 to 97 % of 1,000: python -m experiments people recovery
    assert abs(row["bias"]) < 0.05
    with pytest.raises(ValueError, match="at least 1 experiment"):
        SimulatedEffects(people=(2,))


@pytest.mark.seconds
def test_75168_trials_take_less_than_ten_seconds():
    generator = np.random.default_rng(0)
    n = 522 * 144
    trials = {"participant": np.repeat(np.arange(522), 144).astype(str), "kind": "person", "correct": 1.0}
    trials |= {"trial": np.tile(np.arange(1, 145), 522), "flanker": np.tile(["congruent", "incongruent"], n // 2)}
    rows = trial_table(pd.DataFrame(trials | {"rt": generator.gamma(9, 0.06, n)}))
    start = time.perf_counter()
    effect_of(rows, Effect("flankers", "flanker", "incongruent", "congruent"), splits=50)
    assert time.perf_counter() - start < 10
