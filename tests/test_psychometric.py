"""Psychometric functions: likelihood and gradient by hand, recovery of simulated thresholds, intervals, spacing."""

import numpy as np
import pytest
from scipy import optimize, special, stats

from experiments.measures import critical_spacing, fit_psychometric, psychometric_intervals
from experiments.measures.psychometric import PsychometricFit, Sigmoid, _cost, simulated_counts
from experiments.measures.recovery import Simulated, coverage

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
    unit, sigmoid = (LEVELS + 1.5) / 3, Sigmoid(0.5, None, shape)
    at = np.array([0.45, np.log(0.6), 0.03])
    p = psi(LEVELS, -1.5 + 3 * 0.45, 3 * 0.6, 0.5, 0.03, shape)
    expected = (stats.binom.logpmf(correct, trials, p) - np.log(special.binom(trials, correct))).sum()
    value, gradient = _cost(at, unit, correct, trials - correct, sigmoid)
    assert -value == pytest.approx(expected)
    numeric = optimize.approx_fprime(at, lambda x: _cost(x, unit, correct, trials - correct, sigmoid)[0], 1e-7)
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


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    found = coverage(Simulated(simulations=60, resamples=60, level=0.5))  # half of them: too wide shows as too narrow
    for name in ("threshold", "width"):
        low, high = stats.binom.interval(0.998, 60, 0.5)
        assert low / 60 <= found[f"{name}_coverage"] <= high / 60
    assert abs(found["threshold_bias"]) < 4 * found["threshold_error"] / np.sqrt(60)


def test_intervals_are_wider_with_fewer_trials():
    fit = PsychometricFit(0.0, 2.0, 0.0, Sigmoid(0.5), 0.0)
    few, many = (psychometric_intervals(fit, LEVELS, np.full(7, n), 60)["threshold"] for n in (20, 320))
    assert 3 < (few[1] - few[0]) / (many[1] - many[0]) < 5.5  # sqrt(16) = 4


def test_critical_spacing_of_simulated_crowding():
    spacings, trials = np.array([0.3, 0.4, 0.5, 0.6, 0.7]), np.full(5, 400)
    truth = PsychometricFit(0.45, 0.2, 0.1, Sigmoid(1 / 12, 0.1), 0.0)
    correct = simulated_counts(truth, spacings, trials, 1, 0)[0]
    found, low, high = critical_spacing(spacings, correct, trials, 0.9, 1 / 12, n=100)
    expected = 0.45 + 0.2 * stats.norm.ppf(0.8) / (2 * stats.norm.ppf(0.95))
    assert low < expected < high and abs(found - expected) < 0.02
    assert np.isnan(critical_spacing(spacings, correct, trials, 1 / 12, 1 / 12)).all()


def test_a_critical_spacing_that_was_not_shown_is_not_made_up():
    spacings, trials = np.array([0.3, 0.4, 0.5]), np.full(3, 200)
    flat = critical_spacing(spacings, [30, 28, 31], trials, 0.95, 1 / 12, n=30)
    assert flat[0] == flat[2] == np.inf
    high = critical_spacing(spacings, [188, 190, 191], trials, 0.95, 1 / 12, n=30)
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
