"""The diffusion link: its closed forms against pyddm, a published example and walks; parameters come back."""

import numpy as np
import pyddm
import pytest

from experiments.linking import evidence_of, fit
from experiments.linking.diffusion import DIFFUSION, decision_mean, decision_variance, share_right
from experiments.linking.link_recovery import DiffusionRecovery, observer_of_margins, recovered, simulated_people
from experiments.linking.link_search import by_condition
from experiments.linking.pyddm_solver import last_time, sampled

TRUTH = {"sensitivity": 1.0, "boundary": 0.8, "nondecision": 0.3}


@pytest.mark.parametrize(("drift", "boundary"), [(0.0, 0.7), (1e-4, 0.7), (0.4, 0.5), (-1.0, 0.8), (2.5, 1.1)])
def test_closed_forms_are_what_pyddm_solves(drift, boundary):
    model = pyddm.gddm(drift=drift, noise=1, bound=boundary, dt=0.002, dx=0.002, T_dur=9, mixture_coef=0)
    solved = model.solve()
    time, both = solved.t_domain, (solved.pdf("correct") + solved.pdf("error")) * 0.002
    mean = (time * both).sum() / both.sum()
    assert share_right(drift, boundary) == pytest.approx(solved.prob("correct"), abs=1e-4)
    assert decision_mean(drift, boundary) == pytest.approx(mean, abs=1e-4)
    assert decision_variance(drift, boundary) == pytest.approx(((time - mean) ** 2 * both).sum(), abs=5e-4)


def test_closed_forms_give_the_example_of_wagenmakers_and_others():
    """Of Pc = .802, VRT = .112 and MRT = .723 they find v = .0999, a = .1400 and Ter = .300, with s = .1."""
    drift, boundary = 0.0999 / 0.1, 0.14 / 2 / 0.1
    assert share_right(drift, boundary) == pytest.approx(0.802, abs=1e-3)
    assert decision_variance(drift, boundary) == pytest.approx(0.112, abs=1e-3)
    assert 0.3 + decision_mean(drift, boundary) == pytest.approx(0.723, abs=1e-3)


def test_closed_forms_are_those_of_random_walks():
    drift, boundary, step, walks = 0.9, 0.7, 1e-3, 3000
    generator = np.random.default_rng(0)
    # A walk in steps overshoots by .5826 of their standard deviation (Siegmund 1985)
    bound = boundary - 0.5826 * np.sqrt(step)
    place, times, right = np.zeros(walks), np.full(walks, np.nan), np.zeros(walks, bool)
    going = np.arange(walks)
    for number in range(1, 8000):
        place[going] += drift * step + np.sqrt(step) * generator.standard_normal(len(going))
        there = going[np.abs(place[going]) >= bound]
        times[there], right[there] = number * step, place[there] > 0
        going = np.setdiff1d(going, there, assume_unique=True)
        if not len(going):
            break
    assert not len(going)
    assert right.mean() == pytest.approx(share_right(drift, boundary), abs=4 * right.std() / np.sqrt(walks))
    assert times.mean() == pytest.approx(decision_mean(drift, boundary), abs=4 * times.std() / np.sqrt(walks))
    off = (times - times.mean()) ** 2
    assert times.var() == pytest.approx(decision_variance(drift, boundary), abs=4 * off.std() / np.sqrt(walks))
    assert times[right].mean() == pytest.approx(times[~right].mean(), abs=0.05)  # both answers take equally long


def test_few_walks_are_under_way_at_the_last_time():
    model = pyddm.gddm(drift=0.5, noise=1, bound=0.9, nondecision=0.2, T_dur=30, dt=0.005, mixture_coef=0)
    solved = model.solve()
    late = solved.t_domain > last_time(0.5, 0.9, 0.2)
    assert 0 < (solved.pdf("correct") + solved.pdf("error"))[late].sum() * 0.005 < 2e-6


def test_a_condition_weighs_each_trial_with_its_share_of_right_answers(observer_trials):
    table = observer_trials({"easy": [3.0, 1.0], "hard": [-0.5]})
    predicted = DIFFUSION.predict(evidence_of(table), **TRUTH)
    found = by_condition(predicted, np.array([0, 0, 1]), 2)
    p, t, v = [], [], []
    for margin in (3.0, 1.0):
        p.append(1 / (1 + np.exp(-2 * 0.8 * margin)))
        t.append(0.3 + 0.8 / margin * np.tanh(0.8 * margin))
        v.append(decision_variance(margin, 0.8))
    mean = (p[0] * t[0] + p[1] * t[1]) / sum(p)
    square = sum(of * (var + rt**2) for of, rt, var in zip(p, t, v, strict=True)) / sum(p)
    assert found["mean"][0] == pytest.approx(mean)
    assert found["variance"][0] == pytest.approx(square - mean**2)
    assert found["accuracy"] == pytest.approx([sum(p) / 2, 1 / (1 + np.exp(0.8))])
    assert found["reached"].tolist() == [1, 1]


@pytest.fixture(scope="module")
def people():
    """People whom pyddm simulates, with the same true parameters."""
    return simulated_people(DiffusionRecovery(), people=12, trials=120, spread=0.0, seed=1)


def test_parameters_of_simulated_people_come_back_and_other_conditions_are_predicted(people):
    known = observer_of_margins((0.5, 1.0, 2.0, 4.0))
    fitted = fit(people, known, by="condition", conditions=["0.5", "4"], n=60)
    frame = fitted.parameters.set_index("parameter")
    for name, true in TRUTH.items():
        assert frame.loc[name, "estimate"] == pytest.approx(true, rel=0.12), name
        assert frame.loc[name, "low"] < true < frame.loc[name, "high"], name
    assert fitted.conditions["part"].tolist() == ["fitted", "tested", "tested", "fitted"]
    tested = fitted.conditions[fitted.conditions["part"] == "tested"].set_index("condition")
    assert (tested["residual_ms"].abs() < 30).all() and fitted.failure["told_apart"] == 0
    assert (tested["rt_predicted"] - tested["rt"]).to_numpy() * -1000 == pytest.approx(tested["residual_ms"])
    assert fitted.failure["constant_rmse_ms"] > 4 * fitted.failure["rmse_ms"]


def test_with_the_variance_one_condition_is_enough(people):
    moments, known = ("mean", "accuracy", "variance"), observer_of_margins((0.5, 1.0, 2.0, 4.0))
    fitted = fit(people, known, by="condition", conditions=["1"], moments=moments, n=5)
    assert fitted.values == pytest.approx(TRUTH, rel=0.12)
    with pytest.raises(ValueError, match="3 parameters of diffusion cannot be found from 2 numbers"):
        fit(people, known, by="condition", conditions=["1"], n=5)
    held = fit(people, known, by="condition", conditions=["1"], n=5, fixed={"nondecision": 0.3})
    assert held.values["nondecision"] == 0.3 and held.parameters["fixed"].tolist() == [False, False, True]
    assert held.values == pytest.approx(TRUTH, rel=0.12)


def test_recovery_tells_what_it_found():
    told = DiffusionRecovery(2, people=(4,), trials=(20,), spread=(0.1,), margins=(0.5, 2.0), n=10, boundary=0.5)
    rows = list(recovered(told))
    assert [row["parameter"] for row in rows] == list(TRUTH)
    assert all(row["bias"] == row["mean"] - row["true"] and row["held"] in (0, 0.5, 1) for row in rows)
    with pytest.raises(ValueError, match="at least 1 simulation, 2 people"):
        DiffusionRecovery(people=(1,))


def test_simulated_answers_have_the_moments_of_the_closed_forms():
    rt, right = sampled(1.2, 0.7, 0.25, 4000, seed=3)
    assert right.mean() == pytest.approx(share_right(1.2, 0.7), abs=4 * right.std() / np.sqrt(4000))
    assert rt.mean() == pytest.approx(0.25 + decision_mean(1.2, 0.7), abs=4 * rt.std() / np.sqrt(4000))
