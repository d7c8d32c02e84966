"""Measures of behaviour against hand-made answers, scipy and people's data."""

from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import stats

from experiments import measures
from experiments.exchange import human_trials
from experiments.statistics import detection

PEOPLE = Path(__file__).parents[4] / "shared" / "human"
KNOWN = {"edge": (0.3184, 0.8713, None), "cue-conflict": (0.3311, 0.7755, 0.9576)}  # of the original analysis code


def test_d_prime_and_criterion_of_a_textbook_observer():
    # Macmillan and Creelman (2005), chapter 1: hits 20 of 25, false alarms 10 of 25
    assert measures.d_prime(20, 25, 10, 25, log_linear=False) == pytest.approx(1.095, abs=1e-3)
    assert measures.criterion(20, 25, 10, 25, log_linear=False) == pytest.approx(-0.294, abs=1e-3)
    corrected = stats.norm.ppf(20.5 / 26) - stats.norm.ppf(10.5 / 26)
    assert measures.d_prime(20, 25, 10, 25) == pytest.approx(corrected)
    assert np.isfinite(measures.d_prime([25, 0], 25, [0, 25], 25)).all()
    assert measures.d_prime(25, 25, 0, 25, log_linear=False) == np.inf
    with pytest.raises(ValueError, match="hits must be counts"):
        measures.d_prime(26, 25, 0, 25)


def test_area_is_mann_whitneys_and_gives_the_d_prime_of_normal_evidence():
    generator = np.random.default_rng(0)
    signal, noise = np.round(generator.normal(1, 1, 37), 1), np.round(generator.normal(0, 1, 53), 1)
    u = stats.mannwhitneyu(signal, noise).statistic
    assert measures.area_from_evidence(signal, noise) == pytest.approx(u / (37 * 53))
    assert np.isnan(measures.area_from_evidence(signal, []))
    assert detection.d_prime_from_area(stats.norm.cdf(1.3 / np.sqrt(2))) == pytest.approx(1.3)


def test_permutation_test_is_exact_where_it_can_be_and_scipys_elsewhere():
    small = np.array([0.3, 0.1, 0.4, -0.2, 0.5, 0.2])
    signs = np.array(np.meshgrid(*[[-1, 1]] * 6)).reshape(6, -1).T
    expected = (np.abs(signs @ small) >= small.sum() - 1e-9).mean()
    assert measures.paired_permutation_test(small) == pytest.approx(expected)
    large = np.random.default_rng(1).normal(0.25, 1, 60)
    reference = stats.permutation_test(
        (large, np.zeros(60)), lambda a, b: (a - b).mean(), permutation_type="samples", n_resamples=5000, rng=0
    )
    assert measures.paired_permutation_test(large, 5000) == pytest.approx(reference.pvalue, abs=0.02)
    assert measures.paired_permutation_test(np.zeros(5)) == 1
    with pytest.raises(ValueError, match="at least one"):
        measures.paired_permutation_test(np.array([np.nan]))


def test_sign_test_and_effect_size():
    assert measures.sign_test(np.array([1, 2, 3, 0, 4, -1.0])) == pytest.approx(stats.binomtest(4, 5).pvalue)
    assert measures.sign_test(np.zeros(3)) == 1
    values = np.array([1.0, 2, 4, 3])
    assert measures.cohens_dz(values) == pytest.approx(stats.ttest_1samp(values, 0).statistic / 2)  # t = dz sqrt(n)
    assert np.isnan(measures.cohens_dz(np.ones(3)))


def test_hierarchical_bootstrap_is_as_wide_as_the_crossed_variance_says():
    generator = np.random.default_rng(2)
    seeds, stimuli = generator.normal(0, 1.0, 30), generator.normal(0, 1.0, 40)
    values = xr.DataArray(seeds[:, None] + stimuli, dims=("seed", "stimulus"))
    found = measures.hierarchical_bootstrap(values, n=4000)
    width = float(found["high"] - found["low"])
    assert float(found["estimate"]) == pytest.approx(values.values.mean())
    error = np.sqrt(seeds.var() / 30 + stimuli.var() / 40)  # additive effects: the two variances add up
    assert width == pytest.approx(2 * 1.96 * error, rel=0.08)
    alone = measures.hierarchical_bootstrap(values.isel(seed=0), n=4000)
    assert float(alone["high"] - alone["low"]) == pytest.approx(2 * 1.96 * stimuli.std() / np.sqrt(40), rel=0.08)
    gap = values.where(values["stimulus"] > 0).expand_dims(model=2)
    assert measures.hierarchical_bootstrap(gap, n=50)["estimate"].shape == (2,)
    np.testing.assert_allclose(measures.hierarchical_bootstrap(gap, n=50)["estimate"], values[:, 1:].mean())
    assert measures.hierarchical_bootstrap(values * np.nan, n=5)["low"].isnull()
    with pytest.raises(ValueError, match="'stimulus'"):
        measures.hierarchical_bootstrap(values.isel(stimulus=0))


def test_slope_is_least_squares_and_its_interval_holds_the_truth():
    generator = np.random.default_rng(3)
    size = np.repeat([2.0, 4, 8], 40)
    noise = generator.normal(0, 1, (2, 120))
    values = xr.DataArray(np.array([[0.5], [-0.2]]) * size + noise, dims=("model", "stimulus"))
    values = values.assign_coords(set_size=("stimulus", size))
    found = measures.slope(values, "set_size")
    for k, truth in enumerate((0.5, -0.2)):
        line = stats.linregress(size, values[k])
        assert float(found["estimate"][k]) == pytest.approx(line.slope)
        assert float(found["intercept"][k]) == pytest.approx(line.intercept)
        assert found["low"][k] < truth < found["high"][k]
        assert float(found["high"][k] - found["low"][k]) == pytest.approx(2 * 1.96 * line.stderr, rel=0.2)
    with pytest.raises(ValueError, match="two levels"):
        measures.slope(values.isel(stimulus=slice(40)), "set_size")


def test_group_difference_is_that_of_two_independent_samples():
    generator = np.random.default_rng(4)
    names = np.array(["congruent"] * 60 + ["incongruent"] * 40, object)
    values = xr.DataArray(generator.normal(0, 1, 100) + (names == "congruent"), dims="stimulus")
    values = values.assign_coords(congruency=("stimulus", names))
    found = measures.congruency_effect(values, n=4000)
    one, other = (values.values[names == name] for name in ("congruent", "incongruent"))
    assert float(found["estimate"]) == pytest.approx(one.mean() - other.mean())
    error = np.sqrt(one.var() / 60 + other.var() / 40)
    assert float(found["high"] - found["low"]) == pytest.approx(2 * 1.96 * error, rel=0.08)
    with pytest.raises(ValueError, match="no stimulus is 'odd'"):
        measures.group_difference(values, "congruency", "odd", "congruent")


def test_response_time_proxies_and_conditional_accuracy():
    logits = np.log([[0.5, 0.25, 0.25], [0.98, 0.01, 0.01], [1 / 3, 1 / 3, 1 / 3], [0.7, 0.2, 0.1]])
    record = xr.Dataset({"logits": (("stimulus", "class"), logits + 3.0)})
    entropy = measures.response_entropy(record)
    np.testing.assert_allclose(entropy, stats.entropy(np.exp(logits), axis=1))
    np.testing.assert_allclose(measures.response_margin(record), np.log([2, 98, 1, 3.5]), atol=1e-12)
    correct = xr.DataArray([True, True, False, False], dims="stimulus")
    curve = measures.conditional_accuracy(entropy, correct, 2)
    assert curve["accuracy"].values.tolist() == [0.5, 0.5] and curve["n"].values.tolist() == [2, 2]
    assert curve["time"].values[0] == pytest.approx(entropy.values[[1, 3]].mean())
    with pytest.raises(ValueError, match="at least 5"):
        measures.conditional_accuracy(entropy, correct, 5)


def trials(answers, category="abab", names=None):
    """Answers of observers, a letter each, to stimuli in this order."""
    rows = [
        ("s" + str(who), 1, k + 1, 0.5, answer, category[k], "0", f"{k:04d}_x_s{who}_{(names or 'pqrs')[k]}.png")
        for who, given in enumerate(answers)
        for k, answer in enumerate(given)
    ]
    return pd.DataFrame(rows, columns=human_trials.COLUMNS)


def test_error_consistency_by_hand():
    # right: s0 1101, s1 1001, agreeing on 3 of 4; by chance .75 * .5 + .25 * .5 = .5; kappa = (.75 - .5) / .5
    pairs = measures.error_consistency(trials(["abbb", "axxb"]))
    assert pairs[["n", "kappa"]].values.tolist() == [[4, 0.5]]
    assert measures.accuracy_by_observer(trials(["abbb", "axxb"])).tolist() == [0.75, 0.5]
    three = trials(["abbb", "axxb", "abab"])
    assert np.isnan(measures.cohens_kappa(np.ones(4), np.ones(4)))
    kappas = measures.error_consistency(three).set_index(["first", "second"])["kappa"]
    assert kappas["s0", "s2"] == 0 and measures.mean_error_consistency(three, ["s2"], ["s0"]) == 0
    assert measures.mean_error_consistency(three) == pytest.approx(kappas.mean())
    with pytest.raises(ValueError, match="at least two"):
        measures.error_consistency(trials(["abab"]))
    with pytest.raises(ValueError, match="twice"):
        measures.error_consistency(trials(["abab", "abab"], names="pppq"))
    with pytest.raises(ValueError, match="category are missing"):
        measures.error_consistency(three.drop(columns="category"))


def test_shape_bias_by_hand():
    names = ["dog10-bird2", "cat1-cat2", "car3-dog1", "bird1-car7"]
    told = trials([["dog", "cat", "dog", "na"], ["dog", "x", "car", "bird"]], names=names)
    bias = measures.shape_bias(told)
    assert bias["s0"] == 0.5 and bias["s1"] == 1  # the second stimulus is no conflict, the fourth has no answer
    table = human_trials.agreement(told)
    assert table["shape_bias"].tolist() == [0.5, 1, 0.75] and table["observer"].iloc[-1] == "mean"
    with pytest.raises(ValueError, match="SHAPEn-TEXTUREm"):
        measures.shape_bias(trials(["abab"]))


def test_people_are_as_consistent_and_as_biased_as_published():
    for folder in [folder for folder in sorted(PEOPLE.glob("*")) if folder.name in KNOWN]:
        told, (kappa, accuracy, bias) = human_trials.read(folder), KNOWN[folder.name]
        assert len(list(combinations(told["subj"].unique(), 2))) == 45
        assert measures.mean_error_consistency(told) == pytest.approx(kappa, abs=5.1e-5)
        assert measures.accuracy_by_observer(told).mean() == pytest.approx(accuracy, abs=5.1e-5)
        if bias:
            assert measures.shape_bias(told).mean() == pytest.approx(bias, abs=5.1e-5)


def test_files_of_responses_that_cannot_be_read_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="no responses"):
        human_trials.read(tmp_path)
    (tmp_path / "a.csv").write_text("subj,trial\ns,1\n")
    with pytest.raises(ValueError, match="lacks the columns session"):
        human_trials.read(tmp_path / "a.csv")
