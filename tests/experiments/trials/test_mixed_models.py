"""Mixed models: balanced data give what paired tests and odds by hand give; what cannot be trusted is said."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import stats

from experiments.trials import bayesian_models, mixed_models
from experiments.trials.bayesian_models import bayesian_model
from experiments.trials.mixed_models import accuracy_model, rt_model
from experiments.trials.simulated import CUED, NEUTRAL, SimulatedPeople, detection_trials
from experiments.trials.trial_table import trial_table

CUE = f"instruction[T.{CUED}]"


@pytest.fixture(scope="module")
def people():
    return detection_trials(SimulatedPeople(10, 6, rt_effect=0.1), np.random.default_rng(2), "lognormal")


@pytest.fixture(scope="module")
def balanced(people):
    """The same without errors: as many times of everybody in each condition."""
    return people.assign(correct=1.0)


def test_of_balanced_trials_the_effect_is_that_of_the_paired_t_test(balanced):
    fit = rt_model(balanced, "instruction", ["instruction"])
    wide = np.log(balanced["rt"]).groupby([balanced["participant"], balanced["instruction"]]).mean().unstack()
    paired = stats.ttest_rel(wide[CUED], wide[NEUTRAL])
    row = fit.effect(CUE)
    assert row["estimate"] == pytest.approx((wide[CUED] - wide[NEUTRAL]).mean(), abs=1e-6)
    assert (row["t"], row["p"], row["df"]) == pytest.approx((paired.statistic, paired.pvalue, 9), rel=0.01)
    assert (row["low"], row["high"]) == pytest.approx(tuple(paired.confidence_interval(0.95)), rel=0.01)
    assert fit.converged and fit.participants == 10 and fit.trials == 240 and "restricted" in fit.assumes
    assert set(fit.spread) == {"intercept", CUE, "residual"} and "240 trials of 10 participants" in str(fit)


def test_terms_have_the_degrees_of_freedom_that_their_participants_leave(balanced):
    hands = balanced["participant"].map(lambda name: ("left", "right")[int(name[-1]) % 2])
    table = balanced.assign(hand=hands, soa=0.1 * (balanced["trial"] % 3))
    free = rt_model(table, "instruction + hand + soa", ["instruction"], "s").effects.set_index("term")["df"].to_dict()
    assert free == {"Intercept": 8, CUE: 9, "hand[T.right]": 8, "soa": 240 - 10 - 4}


def test_population_averaged_odds_are_those_of_the_pooled_counts(people):
    fit = accuracy_model(people, "instruction")
    p = people.groupby("instruction")["correct"].mean()
    odds = np.log(p / (1 - p))
    assert fit.effect(CUE)["estimate"] == pytest.approx(odds[CUED] - odds[NEUTRAL], abs=1e-4)
    assert fit.effect("Intercept")["df"] == 8 and fit.converged
    each = people.groupby(["participant", "instruction"])["correct"].mean().unstack()  # the same by the delta method
    slope = (each[CUED] - p[CUED]) / (p * (1 - p))[CUED] - (each[NEUTRAL] - p[NEUTRAL]) / (p * (1 - p))[NEUTRAL]
    assert fit.effect(CUE)["se"] == pytest.approx(stats.sem(slope), rel=0.08)


def test_a_condition_without_errors_is_no_finite_effect(people):
    perfect = people.assign(correct=people["correct"].where(people["instruction"] == NEUTRAL, 1.0))
    with pytest.warns(UserWarning, match="no errors at all"):
        fit = accuracy_model(perfect, "instruction")
    assert not fit.converged and "NOT CONVERGED" in str(fit)


def test_a_fit_that_does_not_converge_says_so(balanced, monkeypatch):
    from statsmodels.regression.mixed_linear_model import MixedLM

    fitted = MixedLM.fit

    def unfinished(self, *words, **given):
        fit = fitted(self, *words, **given)
        fit._results.converged = fit.converged = False
        return fit

    monkeypatch.setattr(MixedLM, "fit", unfinished)
    monkeypatch.setattr(mixed_models, "OPTIMISERS", ("bfgs",))
    with pytest.warns(UserWarning, match="did not converge"):
        assert not rt_model(balanced, "instruction").converged


def test_random_effects_whose_correlation_cannot_be_fitted_are_independent():
    people = detection_trials(SimulatedPeople(), np.random.default_rng([6, 1, 1]), "lognormal")
    fit = rt_model(people, "instruction", ["instruction"])
    assert fit.converged and "do not correlate" in fit.assumes
    assert fit.effect(CUE)["se"] == pytest.approx(0.017, abs=0.001)  # 1e5 where an optimiser takes 1e300 for its end


@pytest.mark.parametrize(
    ("change", "effects", "message"),
    [
        ({}, "instructions", "no column 'instructions' .did you mean 'instruction'"),
        ({}, "block", "block is the same in all trials"),
        ({"kind": "model"}, "instruction", "instruction is the same in all trials of the kind person"),
        ({"rt": np.nan}, "instruction", "got 0 with"),
        ({"participant": "one"}, "instruction", "three participants of the kind person at least; got 1 with answers"),
    ],
)
def test_what_cannot_be_fitted_is_refused(balanced, change, effects, message):
    with pytest.raises(ValueError, match=message):
        rt_model(balanced.assign(**change), effects)
    with pytest.raises(ValueError, match="the model has the terms Intercept"):
        rt_model(balanced, "instruction").effect("soa")


def test_the_bayesian_model_says_what_to_install(balanced):
    with pytest.raises(ValueError, match=r"pip install absvit\[bayes\]"):
        bayesian_model(balanced, "instruction")


def test_draws_of_a_posterior_are_told_a_row_a_level():
    draws = np.random.default_rng(0).normal(size=(2, 500))
    told = xr.DataArray(draws, {"cue_dim": ["left", "right"]}, ("cue_dim", "draw_of_all"), name="cue")
    left, right = bayesian_models._rows(told, 0.9)
    assert (left["term"], right["term"]) == ("cue[T.left]", "cue[T.right]") and np.isnan(left["p"])
    assert (right["estimate"], right["se"]) == pytest.approx((draws[1].mean(), draws[1].std(ddof=1)))
    assert [right["low"], right["high"]] == pytest.approx(np.quantile(draws[1], [0.05, 0.95]))
    (slope,) = bayesian_models._rows(told[0].drop_vars("cue_dim").rename("soa"), 0.95)
    assert slope["term"] == "soa" and slope["estimate"] == left["estimate"]


def test_words_of_a_formula_are_told_from_its_functions():
    table = trial_table(pd.DataFrame({"participant": "a", "kind": "person", "trial": [1, 2], "rt": 1.0, "soa": [1, 2]}))
    assert mixed_models._names("np.log(soa) * C(trial) + scale(soa)", table) == ["soa", "trial"]
