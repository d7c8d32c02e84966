"""Psychometric functions: likelihood and gradient by hand, recovery of simulated thresholds, intervals, spacing."""

import re
import time

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, special, stats

from experiments.measures import critical_spacing, fit_psychometric, psychometric_intervals
from experiments.statistics.likelihood import cost
from experiments.statistics.psychometric import PsychometricFit, Sigmoid, fitting_functions, simulated_counts
from experiments.statistics.recovery import Simulated, coverage

pytestmark = pytest.mark.filterwarnings("ignore:.* leave open")
LEVELS = np.linspace(-1.5, 1.5, 7)


def psi(x, threshold, width, guess, lapse, shape):
    """Wichmann and Hill's function with psignifit's parameters, written out."""
    if shape == "normal":
        rise = stats.norm.cdf(x, threshold, width / (2 * stats.norm.ppf(0.95)))
    else:
        rise = 1 / (1 + np.exp(-2 * np.log(1 / 0.05 - 1) * (x - threshold) / width))
    return guess + (1 - guess - lapse) * rise


@pytest.mark.parametrize("shape", ["normal", "logistic"])
def test_the_function_is_half_at_the_threshold_and_climbs_over_the_width(shape):
    fit = PsychometricFit(0.3, 2.0, 0.04, Sigmoid(0.25, 0.04, shape), 0.0)
    np.testing.assert_allclose(fit.predicted(LEVELS), psi(LEVELS, 0.3, 2.0, 0.25, 0.04, shape))
    np.testing.assert_allclose(fit.predicted([0.3]), 0.25 + 0.71 / 2)
    step = 1e-6
    numeric = (fit.predicted([0.3 + step]) - fit.predicted([0.3 - step])) / (2 * step)
    assert fit.slope == pytest.approx(numeric[0], rel=1e-6)
    assert fit.predicted([fit.level_at(0.6)])[0] == pytest.approx(0.6)
    assert np.isnan(fit.level_at(0.97)) and np.isnan(fit.level_at(0.2))


@pytest.mark.parametrize("shape", ["normal", "logistic"])
def test_cost_is_the_binomial_likelihood_and_its_gradient(shape):
    correct, trials = np.array([20, 22, 25, 30, 35, 38, 39]), np.full(7, 40)
    data = (LEVELS + 1.5) / 3, correct, trials - correct, 0.5, shape
    at = np.array([0.45, np.log(0.6), 0.03])
    p = psi(LEVELS, -1.5 + 3 * 0.45, 3 * 0.6, 0.5, 0.03, shape)
    expected = (stats.binom.logpmf(correct, trials, p) - np.log(special.binom(trials, correct))).sum()
    value, gradient = cost(at, *data)
    assert -value == pytest.approx(expected)
    numeric = optimize.approx_fprime(at, lambda x: cost(x, *data)[0], 1e-7)
    np.testing.assert_allclose(gradient, numeric, rtol=1e-4, atol=1e-4)


def test_fit_equals_a_search_of_the_likelihood_on_a_grid():
    correct, trials = np.array([11, 14, 17, 27, 33, 37, 40]), np.full(7, 40)
    fit = fit_psychometric(LEVELS, correct, trials, Sigmoid(0.25, 0.01))
    thresholds, widths = np.meshgrid(np.linspace(-0.5, 0.5, 201), np.linspace(1, 3, 201), indexing="ij")
    p = psi(LEVELS, thresholds[..., None], widths[..., None], 0.25, 0.01, "normal")
    likelihood = (correct * np.log(p) + (trials - correct) * np.log(1 - p)).sum(-1)
    best = np.unravel_index(likelihood.argmax(), likelihood.shape)
    assert fit.threshold == pytest.approx(thresholds[best], abs=0.006)
    assert fit.width == pytest.approx(widths[best], abs=0.011)
    assert fit.log_likelihood >= likelihood.max()


def test_perfect_data_give_the_true_parameters_back():
    truth = PsychometricFit(0.2, 1.5, 0.03, Sigmoid(0.5, None), 0.0)
    trials = np.full(7, 10**7)
    fit = fit_psychometric(LEVELS, np.round(truth.predicted(LEVELS) * trials), trials, truth.sigmoid)
    assert (fit.threshold, fit.width, fit.lapse) == pytest.approx((0.2, 1.5, 0.03), abs=2e-3)


@pytest.mark.seconds
@pytest.mark.parametrize(
    ("level", "designs", "widths", "lapses"),
    [(0.95, ("5x10", "7x40"), (0.5, 2.0), ("wrong",)), (0.5, ("7x40",), (2.0,), ("free",))],  # .5: nor too wide
)
def test_intervals_hold_the_truth_as_often_as_they_say(level, designs, widths, lapses):
    n = 20  # of each part of the grid; the whole grid, with more: python -m experiments recovery
    told = Simulated(n, designs=designs, widths=widths, lapses=lapses, level=level)
    rows = pd.DataFrame(coverage(told))
    for name in ("threshold", "width"):
        low, high = stats.binom.interval(0.999, n, level)
        assert rows[name].between(low / n, high / n).all(), rows
        assert stats.binom.cdf(round(rows[name].sum() * n), n * len(rows), level - 0.02) > 0.001
    assert rows["bias"].abs().max() < 0.25


def test_intervals_allow_for_answers_that_vary_more_than_coins():
    told = Simulated(25, guess=(0.0,), designs=("7x40",), widths=(2.0,), lapses=("free",), dispersion=4.0)
    (spread,) = coverage(told)
    assert spread["threshold"] >= 20 / 25 and spread["width"] >= 20 / 25
    fit = fit_psychometric(LEVELS, [1, 9, 3, 22, 17, 40, 33], np.full(7, 40), Sigmoid(0.0, None))
    narrow, wide = (psychometric_intervals(fit, overdispersed=given)["threshold"] for given in (False, True))
    assert wide.high - wide.low > 1.5 * (narrow.high - narrow.low)
    with pytest.raises(ValueError, match="cannot tell the dispersion"):
        psychometric_intervals(fit_psychometric([0, 1, 2], [1, 5, 9], [10] * 3), overdispersed=True)


def test_an_interval_is_the_profile_likelihoods():
    correct, trials = np.array([22, 24, 27, 33, 36, 39, 40]), np.full(7, 40)
    fit = fit_psychometric(LEVELS, correct, trials, Sigmoid(0.5, 0.0, lapses=(0.0, 0.0)))
    cut = stats.chi2.ppf(0.95, 1) * (1 + 22 / (280 + 25))

    def profile(values):
        p = np.clip(psi(LEVELS, *(value[..., None] for value in values), 0.5, 0.0, "normal"), 1e-12, 1 - 1e-12)
        return stats.binom.logpmf(correct, trials, p).sum(-1).max(1)

    thresholds, widths = np.linspace(-1, 1, 301), np.geomspace(0.8, 6, 301)
    for name, along, found in (
        ("threshold", thresholds, profile(np.meshgrid(thresholds, widths, indexing="ij"))),
        ("width", widths, profile(np.meshgrid(widths, thresholds, indexing="ij")[::-1])),
    ):
        inside = along[2 * (found.max() - found) <= cut]
        assert psychometric_intervals(fit)[name] == pytest.approx((inside[0], inside[-1]), abs=0.03)


def test_data_without_spread_have_intervals():
    with pytest.warns(UserWarning, match=r"100 trials at 5 levels leave open: width not determined \(up to"):
        fit = fit_psychometric(range(5), [0, 0, 0, 20, 20], [20] * 5, Sigmoid(0.0))
    assert fit.threshold == pytest.approx(2.5, abs=1e-3)  # any between 2 and 3; the bootstrap gave 2.45 [2.45, 2.45]
    ends = psychometric_intervals(fit)
    assert 2 <= ends["threshold"].low < 2.1 and 2.9 < ends["threshold"].high <= 3
    assert ends["width"].low == -np.inf and 0.7 < ends["width"].high < 1.5 and not ends["width"].determined
    assert ends["slope"].high == np.inf and str(ends["threshold"]).startswith("[2.0")


@pytest.mark.parametrize(
    ("correct", "side", "says"),
    [
        ([20, 20, 20, 20, 20], 0, "threshold not determined (up to"),
        ([10, 11, 9, 10, 11], 1, "threshold not determined (from"),
        ([15, 15, 15, 15, 15], None, "threshold not determined (all fit as well)"),
    ],
)
def test_data_that_tell_no_threshold_say_so(correct, side, says):
    with pytest.warns(UserWarning, match=re.escape(says)):
        fit = fit_psychometric(range(5), correct, [20] * 5, Sigmoid(0.5))
    ends = psychometric_intervals(fit)
    assert not ends["threshold"].determined and not ends["width"].determined
    assert [np.isinf(end) for end in ends["threshold"]] == [side in (0, None), side in (1, None)]


def test_a_lapse_that_is_fixed_wrongly_does_not_narrow_the_intervals():
    correct, trials = np.array([20, 21, 20, 30, 38, 38, 39]), np.full(7, 40)
    free, fixed, known = (fit_psychometric(LEVELS, correct, trials, sigmoid) for sigmoid in
                          (Sigmoid(0.5, None), Sigmoid(0.5, 0.0), Sigmoid(0.5, 0.0, lapses=(0.0, 0.0))))  # fmt: skip
    for name in ("threshold", "width", "slope", "lapse"):
        assert psychometric_intervals(fixed)[name] == pytest.approx(psychometric_intervals(free)[name], rel=0.01)
    assert psychometric_intervals(known)["width"].low > 1.3 * psychometric_intervals(free)["width"].low
    assert psychometric_intervals(known)["lapse"] == (0, 0)


def test_sixteen_fits_with_intervals_take_seconds():
    counts = simulated_counts(PsychometricFit(0.0, 2.0, 0.02, Sigmoid(0.5, None), 0.0), LEVELS, np.full(7, 40), 16, 0)
    begin = time.process_time()
    for correct in counts:
        psychometric_intervals(fit_psychometric(LEVELS, correct, np.full(7, 40), Sigmoid(0.5, None)))
    assert time.process_time() - begin < 10


def test_intervals_are_wider_with_fewer_trials():
    shares = PsychometricFit(0.0, 2.0, 0.0, Sigmoid(0.5), 0.0).predicted(LEVELS)
    few, many = (psychometric_intervals(fit_psychometric(LEVELS, np.round(n * shares), np.full(7, n)))["threshold"]
                 for n in (20, 320))  # fmt: skip
    assert 3 < (few[1] - few[0]) / (many[1] - many[0]) < 5.5  # sqrt(16) = 4


def test_intervals_need_data():
    with pytest.raises(ValueError, match="was not fitted to data"):
        psychometric_intervals(PsychometricFit(0.0, 2.0, 0.0, Sigmoid(), 0.0))
    with pytest.raises(ValueError, match="level"):
        fitting_functions(fit_psychometric([0, 1, 2], [1, 5, 9], [10] * 3), level=95)


SPACINGS = np.array([0.3, 0.4, 0.5, 0.6, 0.7])


def test_critical_spacings_are_those_of_simulated_crowding():
    truth, held = PsychometricFit(0.45, 0.2, 0.1, Sigmoid(1 / 12, 0.1), 0.0), []
    expected = 0.45 + 0.2 * stats.norm.ppf(0.8) / (2 * stats.norm.ppf(0.95))
    for trials in (400, 12):
        counts = simulated_counts(truth, [*SPACINGS, np.inf], np.full(6, trials), 20, 0)
        found = np.array(
            [critical_spacing(SPACINGS, row[:5], np.full(5, trials), row[5], trials, 1 / 12) for row in counts]
        )
        held.append(np.mean((found[:, 1] <= expected) & (expected <= found[:, 2])))
        assert np.median(found[:, 0]) == pytest.approx(expected, abs=0.03)
    assert min(held) >= 16 / 20
    assert np.isnan(critical_spacing(SPACINGS, [33] * 5, [400] * 5, 33, 400, 1 / 12)).all()


def test_a_critical_spacing_that_was_not_shown_is_not_made_up():
    spacings, trials = np.array([0.3, 0.4, 0.5]), np.full(3, 200)
    flat = critical_spacing(spacings, [30, 28, 31], trials, 190, 200, 1 / 12)
    assert flat[0] == flat[2] == np.inf
    high = critical_spacing(spacings, [188, 190, 191], trials, 190, 200, 1 / 12)
    assert high[0] == high[1] == -np.inf


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (([1, 1], [2, 2], [4, 4]), "two different levels"),
        (([1, 2], [5, 2], [4, 4]), "counts from 0 to trials"),
        (([1, 2], [2, 2, 2], [4, 4]), "one length"),
    ],
)
def test_data_that_are_none_are_refused(words, says):
    with pytest.raises(ValueError, match=says):
        fit_psychometric(*words)
    with pytest.raises(ValueError, match="below 1"):
        Sigmoid(0.5, 0.5)
