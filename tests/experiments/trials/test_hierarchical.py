"""Hierarchical psychometric functions: the likelihood by quadrature, known cases, tables of people and observers."""

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, stats

from experiments.statistics import hierarchical
from experiments.statistics.hierarchical import fit_population
from experiments.statistics.psychometric import Sigmoid, fit_psychometric
from experiments.trials.psychometric import psychometric_tables
from experiments.trials.simulated import SimulatedPeople, level_trials

LEVELS = np.linspace(-1.5, 1.5, 7)
HALF = stats.norm.ppf(0.95)


def counts(n, trials, seed=0, guess=0.5, sd=0.3, shape="normal"):
    generator = np.random.default_rng(seed)
    threshold, width = generator.normal(0.1, sd, (n, 1)), 1.5 * np.exp(generator.normal(0, 0.2, (n, 1)))
    z = 2 * HALF * (LEVELS - threshold) / width
    return (
        generator.binomial(trials, guess + (1 - guess - 0.02) * stats.norm.cdf(z)),
        np.full((n, 7), trials),
        threshold,
    )


def test_the_marginal_likelihood_is_that_of_a_double_integral():
    correct, trials, _ = counts(3, 12)
    sigmoid = Sigmoid(0.5, 0.02)
    marginal = hierarchical._Marginal((LEVELS + 1.5) / 3, correct * 1.0, (trials - correct) * 1.0, sigmoid)
    population = np.array([0.5, -0.6, np.log(0.2), np.log(0.3), 0.02])

    def integrand(b, a, k):
        threshold, width = -1.5 + 3 * (0.5 + 0.2 * a), 3 * np.exp(-0.6 + 0.3 * b)
        p = 0.5 + 0.48 * stats.norm.cdf(2 * HALF * (LEVELS - threshold) / width)
        return np.exp(correct[k] @ np.log(p) + (12 - correct[k]) @ np.log(1 - p) + 40 - (a**2 + b**2) / 2) / (2 * np.pi)

    grid = np.linspace(-6, 6, 61)
    each = [
        integrate.simpson([integrate.simpson([integrand(b, a, k) for b in grid], x=grid) for a in grid], x=grid)
        for k in range(1)
    ]
    one = hierarchical._Marginal(marginal.unit, marginal.correct[:1], marginal.wrong[:1], sigmoid)
    assert one.log_likelihood(population) == pytest.approx(np.log(each[0]) - 40, abs=1e-3)


def test_the_gradient_is_that_of_small_steps():
    correct, trials, _ = counts(4, 12)
    unit = (LEVELS + 1.5) / 3
    marginal = hierarchical._Marginal(unit, correct * 1.0, (trials - correct) * 1.0, Sigmoid(0.5, None))
    population = np.array([0.45, -0.3, -1.5, -1.2, 0.03])
    steps = [(marginal.cost(population + h)[0] - marginal.cost(population - h)[0]) / 2e-5 for h in np.eye(5) * 1e-5]
    np.testing.assert_allclose(marginal.cost(population)[1], steps, rtol=0.01, atol=0.02)


def test_of_thresholds_that_are_known_the_interval_is_students():
    correct, trials, _ = counts(6, 150, guess=0.0, sd=0.6)
    fit = fit_population(LEVELS, correct, trials, Sigmoid(0.0, 0.02))
    each = [fit_psychometric(LEVELS, row, trials[0], Sigmoid(0.0, 0.02)) for row in correct]
    thresholds, logs = np.array([one.threshold for one in each]), np.log([one.width for one in each])
    students = stats.t.interval(0.95, 5, thresholds.mean(), stats.sem(thresholds))
    assert fit.threshold == pytest.approx(thresholds.mean(), abs=0.02)
    assert fit.threshold_sd == pytest.approx(thresholds.std(ddof=1), rel=0.02)
    assert tuple(fit.threshold_interval) == pytest.approx(students, abs=0.03 * np.ptp(students))
    np.testing.assert_allclose(fit.participants.threshold, thresholds, atol=0.03)
    assert np.log(fit.width) == pytest.approx(logs.mean(), abs=0.05)


@pytest.mark.filterwarnings("ignore:.*leave open")
def test_few_trials_are_drawn_towards_the_population():
    correct, trials, truth = counts(14, 12, seed=3)
    fit = fit_population(LEVELS, correct, trials, Sigmoid(0.5, 0.02))
    alone = np.array([fit_psychometric(LEVELS, row, trials[0], Sigmoid(0.5, 0.02)).threshold for row in correct])
    found = fit.participants.threshold
    assert np.square(found - truth[:, 0]).mean() < np.square(alone - truth[:, 0]).mean()
    assert found.std() < alone.std() and fit.converged and fit.threshold_interval.determined
    low, high = fit.participants.threshold_ends
    assert ((low < found) & (found < high)).all() and fit.slope > 0


def test_a_lapse_is_estimated_where_none_is_given():
    correct, trials, _ = counts(4, 60)
    fit = fit_population(LEVELS, correct, trials, Sigmoid(0.5, None, lapses=(0.0, 0.2)))
    assert fit.lapse == pytest.approx(0.02, abs=0.02)


@pytest.mark.filterwarnings("ignore")
def test_what_the_data_do_not_set_is_open():
    fit = fit_population(np.arange(3.0), np.full((4, 3), 2), np.full((4, 3), 4), Sigmoid(0.5, 0.0))
    assert not fit.threshold_interval.determined


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"levels": np.zeros(7)}, "two different levels"),
        ({"levels": [np.inf, *range(6)]}, "all of them finite"),
        ({"correct": np.full((3, 7), 9)}, "counts from 0 to trials"),
        ({"trials": np.array([[5] * 7, [5] * 7, [0] * 7])}, "every participant have a trial"),
        ({"trials": np.full((3, 7), 400)}, "more than 2500 trials"),
        ({"correct": np.zeros((2, 7)), "trials": np.full((2, 7), 5)}, "three participants at least"),
    ],
)
def test_what_is_no_population_is_refused(change, message):
    given = {"levels": LEVELS, "correct": np.zeros((3, 7)), "trials": np.full((3, 7), 5), **change}
    with pytest.raises(ValueError, match=message):
        fit_population(**given)


def test_a_table_gives_people_as_a_population_and_observers_by_themselves():
    people = level_trials(SimulatedPeople(4, level_trials=8), np.random.default_rng(1))
    people = people.assign(side=np.where(people["trial"] % 2, "left", "right"))
    model = people[people["participant"] == "person 1"].assign(kind="model", participant="net")
    found = psychometric_tables(pd.concat([people, model]), "level", ["side"], Sigmoid(0.5, 0.02))
    assert found.population[["side", "participant", "trials"]].values.tolist() == [
        [side, name, n] for side in ("left", "right") for name, n in (("people", 112), ("net", 28))
    ]
    left = people[people["side"] == "left"]
    right = left.pivot_table("correct", "participant", "level", "sum").to_numpy()
    shown = left.pivot_table("correct", "participant", "level", "count").to_numpy()
    direct = fit_population(LEVELS, right, shown, Sigmoid(0.5, 0.02))
    assert found.population["threshold"][0] == direct.threshold
    assert tuple(found.population.loc[0, ["width_low", "width_high"]]) == direct.width_interval
    assert len(found.people) == 8 and found.people["threshold"][0] == direct.participants.threshold[0]
    with pytest.raises(ValueError, match="3 people at least, got 2"):
        psychometric_tables(people[people["participant"].isin(["person 1", "person 2"])], "level")
    with pytest.raises(ValueError, match="levels are numbers in every trial, and side is not"):
        psychometric_tables(people, "side")
