"""A fit of a link: people's moments by loops, intervals, notes, and input that is refused in one line."""

import numpy as np
import pandas as pd
import pytest

from experiments.linking import evidence_of, fit, load_fitted, margin_effect, rt_quantiles, with_rt
from experiments.linking.link_fit import _ends
from experiments.linking.link_recovery import DiffusionRecovery, observer_of_margins, simulated_people
from experiments.linking.people_moments import moments_of
from experiments.linking.pyddm_solver import sampled

MARGINS = (0.5, 1.0, 4.0)


@pytest.fixture(scope="module")
def people():
    return simulated_people(DiffusionRecovery(margins=MARGINS), people=6, trials=30, spread=0.1, seed=2)


@pytest.fixture(scope="module")
def fitted(people):
    return fit(people, observer_of_margins(MARGINS), by="condition", conditions=["0.5", "4"], n=40)


def test_moments_are_those_of_loops(people):
    people = people.copy()
    people.loc[3, ["rt", "correct"]] = np.nan, 0  # no answer
    moments = moments_of(people, ["condition"])
    for i, who in enumerate(moments.people):
        for j, name in enumerate(moments.conditions):
            of = people[(people["participant"] == who) & (people["condition"] == name)]
            rt = of.loc[of["correct"] == 1, "rt"].to_numpy()
            assert (moments.trials[i, j], moments.answered[i, j]) == (30, len(rt))
            assert moments.accuracy[i, j] == of["correct"].sum() / 30
            assert moments.mean[i, j] == pytest.approx(rt.mean())
            assert moments.variance[i, j] == pytest.approx(rt.var(ddof=1))
            assert moments.fourth[i, j] == pytest.approx(((rt - rt.mean()) ** 4).mean())
    assert moments.over_people("mean") == pytest.approx(moments.mean.mean(0))
    assert moments.over_people("mean", np.array([2, 0, 0, 1, 0, 0])) == pytest.approx(
        (2 * moments.mean[0] + moments.mean[3]) / 3
    )


def test_standard_errors_are_the_spread_of_simulated_means():
    rt, correct = sampled(1.0, 0.8, 0.3, 100 * 4 * 40, seed=0)
    experiment, person = np.divmod(np.arange(len(rt)) // 40, 4)
    told = {"participant": person.astype(str), "condition": experiment.astype(str), "kind": "person", "trial": 1}
    moments = moments_of(pd.DataFrame({"rt": rt, "correct": correct, **told}), ["condition"])
    for name in ("mean", "variance"):
        spread = moments.over_people(name).std(ddof=1)
        assert moments.error(name).mean() == pytest.approx(spread, rel=0.25)


def test_people_s_intervals_are_those_of_samples_of_people(people, fitted):
    means = people[people["correct"] == 1].groupby(["participant", "condition"])["rt"].mean().unstack()["1"]
    row = fitted.conditions.set_index("condition").loc["1"]
    assert row["rt"] == pytest.approx(means.mean())
    # With so few samples only roughly Student's interval
    half = 2.57 * means.std(ddof=1) / np.sqrt(6)
    assert row["rt_high"] - row["rt_low"] == pytest.approx(2 * half, rel=0.5)
    assert row["rt_within"] == (row["rt_low"] <= row["rt_predicted"] <= row["rt_high"])


def test_intervals_of_normal_means_hold_the_truth_as_often_as_they_claim():
    generator = np.random.default_rng(0)
    held = []
    for values in generator.normal(size=(400, 8)):
        drawn = generator.choice(values, (400, 8)).mean(axis=1, keepdims=True)
        low, high = _ends(drawn, 0.9, 8)
        held.append(low[0] < 0 < high[0])
    assert np.mean(held) == pytest.approx(0.9, abs=0.045)  # plain percentiles hold .83


def test_the_text_shows_parameters_residuals_and_the_worst(fitted):
    text = str(fitted)
    for part in (
        "sensitivity",
        "root of s",
        "residual_ms",
        "mean rt of 1 tested conditions: missed by",
        "accuracy: missed most in 1 (",
    ):
        assert part in text
    row = fitted.conditions.set_index("condition").loc["1"]
    failure, worst = fitted.failure, row["residual_ms"]
    assert failure["worst_ms"] == worst and failure["rmse_ms"] == pytest.approx(abs(worst))
    assert failure["accuracy_worst"] == "1"
    assert failure["accuracy_off"] == row["accuracy"] - row["accuracy_predicted"] != 0


def test_a_fitted_link_comes_back_from_its_file(fitted, tmp_path):
    path = fitted.save(tmp_path / "new" / "link.json")
    again = load_fitted(path)
    assert again.values == fitted.values and str(again) == str(fitted) and again.notes == fitted.notes
    pd.testing.assert_frame_equal(again.conditions, fitted.conditions, check_dtype=False)
    path.write_text("{}")
    with pytest.raises(ValueError, match=r"link.json is no fitted link \(KeyError\)"):
        load_fitted(path)
    with pytest.raises(FileNotFoundError, match="no fitted link at"):
        load_fitted(tmp_path / "none.json")


def test_predicted_times_stand_in_the_observer_s_table(fitted, observer_trials):
    table = pd.concat([observer_trials({"a": [1.0, -2.0]}), observer_trials({"a": [3.0]}).assign(participant="other")])
    told = with_rt(table, fitted)
    k, boundary, time = fitted.values.values()
    expected = [time + boundary / (k * m) * np.tanh(k * boundary * m) for m in (1, 2, 3)]
    assert told["rt"].to_numpy() == pytest.approx(expected)
    assert told["participant"].tolist() == ["net", "net", "other"]
    assert set(told["link"]) == {"diffusion, fitted with given margins"}


def test_quantiles_are_those_of_many_simulated_trials(fitted, people):
    truth = DiffusionRecovery(1, margins=MARGINS, **fitted.values)
    many = simulated_people(truth, people=2, trials=4000, spread=0.0, seed=5)
    frame = rt_quantiles(many, observer_of_margins(MARGINS), fitted)
    assert frame["part"].tolist() == ["fitted"] * 5 + ["tested"] * 5 + ["fitted"] * 5
    each = many[(many["correct"] == 1) & (many["condition"] == "1")].groupby("participant")["rt"]
    rows = frame[frame["condition"] == "1"]
    assert rows["rt"].to_numpy() == pytest.approx([each.quantile(q).mean() for q in (0.1, 0.3, 0.5, 0.7, 0.9)])
    assert (rows["residual_ms"].abs() < 25).all()
    with pytest.raises(ValueError, match="quantiles lie between 0 and 1"):
        rt_quantiles(people, observer_of_margins(MARGINS), fitted, (0.5, 1.0))


def test_without_a_link_an_effect_has_the_unit_of_the_margin(observer_trials):
    generator = np.random.default_rng(0)
    low, gain = generator.normal(1, 1, 20), generator.normal(0.5, 0.3, 20)
    table = observer_trials({"told": low + gain, "untold": low})
    table = table.assign(item=table.groupby("condition").cumcount().map("item {}".format))
    found = margin_effect(table, "condition", "told", "untold")
    assert (found.n, found.pairs, found.unit) == (20, "items", "nat")
    assert found.estimate == pytest.approx(gain.mean()) and found.low < found.estimate < found.high
    assert found.dz == pytest.approx(gain.mean() / gain.std(ddof=1))
    assert "ms" not in str(found).replace("items", "") and " s" not in str(found).replace("items", "")
    several = pd.concat([table.assign(participant=name, item="") for name in "ab"])
    assert (margin_effect(several, "condition", "told", "untold").pairs) == "participants"


# ---- what goes without saying, and what is refused -------------------------------------------------------------------


def test_notes_tell_what_was_done(people, observer_trials):
    perfect = people[people["condition"] != "0.5"].assign(correct=1.0)
    perfect = perfect[(perfect["participant"] != "003") | (perfect["condition"] == "1")]
    observer = observer_trials({"1": [1.0], "4": [4.0], "8": [8.0]})
    notes = " ".join(fit(perfect, observer, by="condition", conditions=["1", "4"], n=3).notes)
    assert "Left out, as not both people and the observer have them: 8." in notes
    assert "All conditions were fitted: nothing was tested." in notes
    assert "Without a right answer in 4, and left out of its mean: 003." in notes
    assert "Nobody erred, or nobody was right, in 1, 4: half an error was put in." in notes
    alone = fit(people[people["participant"] == "001"], observer_of_margins(MARGINS), by="condition",
                conditions=["0.5", "4"], n=2)  # fmt: skip
    assert "There is one person: no intervals." in alone.notes
    assert alone.parameters[["low", "high"]].isna().all(axis=None)


def test_conditions_with_like_evidence_do_not_tell_parameters_apart(people, observer_trials):
    alike = observer_trials({"0.5": [1.0], "1": [1.0], "4": [1.0]})
    notes = fit(people, alike, by="condition", conditions=["0.5", "1"], n=2).notes
    assert any("do not tell sensitivity, boundary, nondecision apart" in note for note in notes) or any(
        "is not determined" in note for note in notes
    )


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"people": lambda t: t.assign(rt=t["rt"] * 1000)}, r"the median rt is \d+\.?\d*, as of ms; .* divide by 1000"),
        ({"people": lambda t: t.assign(rt=np.nan)}, "people have no rt"),
        ({"people": lambda t: t.assign(kind="model")}, "a link is fitted to trials of people"),
        ({"people": lambda t: t.assign(correct=np.nan)}, r"nothing is right in a condition that is fitted: fit"),
        ({"people": lambda t: t.groupby(["participant", "condition"]).head(1)}, "too few right answers with a time"),
        ({"observer": lambda t: t.drop(columns=["p(left)", "p(right)"])}, "probabilities of at least two options"),
        ({"observer": lambda t: t.assign(**{"p(left)": 1.2})}, r"3 trials have a p\(OPTION\) that is no probability"),
        ({"observer": lambda t: t.assign(answer="lefd")}, r"no column p\(lefd\) \(did you mean 'left'\?\)"),
        ({"observer": lambda t: t.assign(kind="person")}, "a link reads trials of a model, got people's"),
        ({"observer": lambda t: t.assign(participant=list("abc"))}, r"a link is of one observer, got 3 \(a, b, c\)"),
        ({"observer": lambda t: t[t["condition"] != "4"]}, "the observer has no trial in the condition '4'"),
        ({"conditions": ["0.5", "40"]}, "people have no trial in the condition '40': did you mean '4'"),
        ({"conditions": []}, "name the conditions that are fitted, each once; got none"),
        ({"by": "conditon"}, "trial table of people has no factor 'conditon': did you mean 'condition'"),
        ({"moments": ("median",)}, "there is no moment 'median'"),
        ({"fixed": {"drift": 1.0}}, "there is no parameter 'drift'"),
        ({"link": "difusion"}, "there is no link 'difusion': did you mean diffusion"),
        ({"n": 0}, "expected n >= 1"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)  # fmt: skip
def test_what_cannot_be_fitted_is_refused_in_one_line(people, change, says):
    given = {"people": people, "observer": observer_of_margins(MARGINS), "conditions": ["0.5", "4"], "by": "condition"}
    given |= {name: of(given[name]) if callable(of) else of for name, of in change.items()}
    with pytest.raises(ValueError, match=says) as refused:
        fit(given.pop("people"), given.pop("observer"), **{"n": 2, **given})
    assert "\n" not in str(refused.value)


def test_people_s_times_are_not_replaced(people, fitted):
    with pytest.raises(ValueError, match="response times of people are measured"):
        with_rt(people, fitted)


def test_times_are_fitted_where_nothing_is_right(people, observer_trials):
    observer = observer_trials({"0.5": [0.5], "1": [1.0], "4": [4.0]}).assign(answer="")
    evidence = evidence_of(observer.assign(**{"p(left)": observer["p(right)"], "p(right)": observer["p(left)"]}))
    assert evidence.margin[:, 0] == pytest.approx([0.5, 1, 4]) and np.isnan(evidence.right).all()
    found = fit(people.assign(correct=np.nan), observer, by="condition", conditions=["0.5", "1", "4"],
                moments=("mean",), n=2)  # fmt: skip
    assert found.conditions["residual_ms"].abs().max() < 5 and found.conditions["accuracy_predicted"].isna().all()
