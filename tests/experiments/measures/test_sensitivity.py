"""Sensitivity and criterion by cue: closed forms of normal observers, plain loops, and a bias that is only a bias."""

import numpy as np
import pytest
import synthetic_probe_records as made
import xarray as xr
from scipy import integrate, special, stats
from synthetic_records import bistable_record

from experiments import measures

CUED = {"class 1": "class_1", "class 2": "class_2", "absent class": "absent_class"}


def normal_evidence(d=1.5, noise_criterion=0.2, bias=0.8, n=1001):
    """Evidence of an observer with this d' whose cue adds a bias: quantiles, so that shares are what they should be."""
    quantiles = stats.norm.ppf((np.arange(n) + 0.5) / n)
    x = np.stack([quantiles + d / 2, quantiles - d / 2])[:, None] - noise_criterion
    values = np.concatenate([x, x + bias], axis=1)
    coordinates = {"under": ["uncued", "cued"], "shown": ("question", [True, False])}
    return xr.DataArray(
        values, coordinates, ("question", "under", "stimulus"), attrs={"alternatives": 4, "named": True}
    )


def biased(record, b):
    """The record of an observer whose cues do nothing but add b to the logit of the class that they name."""
    record = record.copy(deep=True)
    rows = np.arange(record.sizes["stimulus"])
    record["logits"][1] = record["logits"].sel(iteration=0, prior="none")
    for prior, name in CUED.items():
        k = list(record["prior"].values).index(prior)
        record["logits"].values[1, k, rows, record[name].values] += b
    return record


@pytest.fixture(scope="module")
def noisy():
    record = bistable_record(n=9, size=16, tokens=4)
    logits = np.random.default_rng(3).normal(0, 2, record["logits"].shape).astype(np.float32)
    logits[0] = logits[0, 0]
    return record.assign(logits=(record["logits"].dims, logits))


@pytest.fixture
def last(noisy):
    return noisy.isel(iteration=-1, drop=True)


def test_a_bias_moves_the_criterion_of_a_normal_observer_by_as_much_and_nothing_else():
    found = measures.detection_by_cue(normal_evidence(), n=3)["estimate"]
    uncued, cued, change = (found.sel(under=name) for name in ("uncued", "cued", "change"))
    assert float(uncued.sel(quantity="d_prime")) == pytest.approx(1.5, abs=0.01)
    assert float(uncued.sel(quantity="criterion")) == pytest.approx(0.2, abs=0.01)
    assert float(change.sel(quantity="criterion")) == pytest.approx(-0.8, abs=0.01)
    assert float(change.sel(quantity="d_prime")) == pytest.approx(0, abs=0.01)
    assert float(uncued.sel(quantity="area")) == pytest.approx(special.ndtr(1.5 / np.sqrt(2)), abs=1e-3)
    assert float(cued.sel(quantity="area_d_prime")) == pytest.approx(1.5, abs=0.01)
    for name in ("area", "area_d_prime", "choice_d_prime"):
        assert float(change.sel(quantity=name)) == pytest.approx(0, abs=1e-12)
    assert float(change.sel(quantity="absent_evidence")) == pytest.approx(0.8)


def test_more_evidence_for_what_is_shown_is_sensitivity():
    evidence = normal_evidence(bias=0.0)
    evidence[{"question": 0, "under": 1}] += 0.7
    change = measures.detection_by_cue(evidence, n=3)["estimate"].sel(under="change")
    for name, expected in {"d_prime": 0.7, "area_d_prime": 0.7, "criterion": -0.35, "absent_evidence": 0}.items():
        assert float(change.sel(quantity=name)) == pytest.approx(expected, abs=0.02)
    assert change.sel(quantity="choice_d_prime") > 0.2


def test_a_decision_bias_of_a_record_is_bias_alone(noisy):
    record = biased(noisy, 4.0).isel(iteration=-1, drop=True)
    change = measures.detection_by_cue(measures.asked_evidence(record), n=3)["estimate"].sel(under="change")
    found = {name: float(change.sel(quantity=name)) for name in measures.DETECTED}
    assert found["absent_evidence"] == pytest.approx(4, abs=1e-5)
    assert max(abs(found[name]) for name in ("area", "area_d_prime", "choice_d_prime")) < 1e-5
    assert found["criterion"] < -0.1 and found["false_alarms"] > 0
    profile = measures.mechanism_profile(biased(noisy, 4.0), n=3).set_index("cue").loc["class"]
    assert profile["benefit"] > 0.1 and profile["area"] == pytest.approx(0, abs=1e-6)  # what a benefit alone would miss


def test_quantities_against_loops(last):
    p = special.softmax(last["logits"].values.astype(float), axis=-1)
    at, rows = list(last["prior"].values).index, range(9)
    evidence = {}
    for prior, name in CUED.items():
        classes = last[name].values
        evidence[prior] = [[special.logit(p[at(k), i, classes[i]]) for i in rows] for k in ("none", prior)]
    found = measures.detection_by_cue(measures.asked_evidence(last), n=3)["estimate"]
    shift = np.mean(evidence["absent class"][1]) - np.mean(evidence["absent class"][0])
    for u, under in enumerate(("uncued", "cued")):
        signal, noise = [*evidence["class 1"][u], *evidence["class 2"][u]], evidence["absent class"][u]
        hits, false = sum(x >= 0 for x in signal), sum(x >= 0 for x in noise)
        right = (sum(special.expit(np.array(signal) - u * shift)) + 0.5) / (18 + 1)
        expected = {
            "hits": hits / 18, "false_alarms": false / 9, "d_prime": measures.d_prime(hits, 18, false, 9),
            "criterion": measures.criterion(hits, 18, false, 9), "area": measures.area_from_evidence(signal, noise),
            "absent_evidence": np.mean(noise), "choice_d_prime": measures.d_prime_from_choice(right, 6),
        }  # fmt: skip
        area = (expected["area"] * 18 * 9 + 0.5) / (18 * 9 + 1)
        expected["area_d_prime"] = measures.d_prime_from_area(area)
        assert set(expected) == set(measures.DETECTED)
        for name, value in expected.items():
            assert float(found.sel(under=under, quantity=name)) == pytest.approx(float(value), abs=1e-5), name


def test_a_cue_that_names_no_class_has_no_bias_to_take_off(last):
    found = measures.detection_by_cue(measures.asked_evidence(last, "place"), n=1)["estimate"].sel(under="cued")
    p = special.softmax(last["logits"].values.astype(float), axis=-1)
    at = list(last["prior"].values).index
    right = sum(p[at(f"place {k}"), i, int(last[f"class_{k}"][i])] for k in (1, 2) for i in range(9))
    expected = measures.d_prime_from_choice((right + 0.5) / 19, 6)
    assert float(found.sel(quantity="choice_d_prime")) == pytest.approx(float(expected), abs=1e-5)


def test_certainty_is_a_finite_sensitivity():
    evidence = normal_evidence()
    found = measures.detection_by_cue(evidence.where(~evidence["shown"], 90.0), n=2)["estimate"]
    assert np.isfinite(found).all() and found.sel(quantity="choice_d_prime", under="cued") > 3


def test_a_sample_is_the_statistic_of_the_stimuli_that_it_picked(last):
    evidence = measures.asked_evidence(last)
    found = measures.detection_by_cue(evidence, n=1, seed=5)
    picked = np.repeat(np.arange(9), np.random.default_rng([5, 1]).multinomial(9, np.full(9, 1 / 9)))
    again = measures.detection_by_cue(evidence.isel(stimulus=picked), n=1)["estimate"]
    near = [name for name in measures.DETECTED if name != "choice_d_prime"]
    np.testing.assert_allclose(found["low"].sel(quantity=near), again.sel(quantity=near), atol=1e-9)
    np.testing.assert_allclose(found["high"], found["low"])


def test_intervals_cover_and_seeds_are_averaged():
    two = xr.concat([normal_evidence(d, n=301) for d in (1.0, 2.0)], xr.Variable("seed", [0, 1]))
    two = two.assign_attrs(alternatives=4, named=True)
    found = measures.detection_by_cue(two, n=60).sel(under="uncued", quantity="area_d_prime")
    assert float(found["estimate"]) == pytest.approx(1.5, abs=0.03)
    assert found["low"] < 1.15 and found["high"] > 1.85  # either model may be drawn twice
    alone = measures.detection_by_cue(two.isel(seed=0), n=60).sel(under="uncued", quantity="area_d_prime")
    assert 0.15 < float(alone["high"] - alone["low"]) < 0.5  # sqrt(4 / 301) * 3.9 / sqrt(2), about .3


def test_choices_among_many():
    np.testing.assert_allclose(measures.proportion_correct([0, 1.3], 2), special.ndtr(np.array([0, 1.3]) / np.sqrt(2)))
    for m in (3, 12, 1000):
        assert float(measures.proportion_correct(0, m)) == pytest.approx(1 / m)
        whole, _ = integrate.quad(lambda x: stats.norm.pdf(x - 1.7) * stats.norm.cdf(x) ** (m - 1), -8, 10)  # noqa: B023
        assert float(measures.proportion_correct(1.7, m)) == pytest.approx(whole)
        d = np.linspace(-1, 6, 29)
        np.testing.assert_allclose(measures.d_prime_from_choice(measures.proportion_correct(d, m), m), d, atol=1e-6)
    # Hacker and Ratcliff 1979, table
    np.testing.assert_allclose(measures.d_prime_from_choice([0.5, 0.71, 0.9], 4), [0.84, 1.53, 2.45], atol=0.011)
    assert measures.d_prime_from_choice([0, 1], 4).tolist() == [-np.inf, np.inf]
    for call in (lambda: measures.proportion_correct(1, 1), lambda: measures.d_prime_from_choice(1.1, 4)):
        with pytest.raises(ValueError, match="at least 2|in \\[0, 1\\]"):
            call()


def test_what_a_record_cannot_tell_is_named(last):
    with pytest.raises(ValueError, match="with class cues and a neutral one"):
        measures.asked_evidence(last.sel(prior=["none", "place 1", "place 2"]), "class")
    with pytest.raises(ValueError, match="class that is not shown"):
        measures.asked_evidence(last.sel(prior=["none", "class 1", "class 2"]))
    with pytest.raises(ValueError, match="absent_class"):
        measures.asked_evidence(last.assign_coords(absent_class=("stimulus", np.full(9, -1))))
    evidence = measures.asked_evidence(last)
    with pytest.raises(ValueError, match="shown and on classes that are not"):
        measures.detection_by_cue(evidence.isel(question=[0]))
    with pytest.raises(ValueError, match="lacks the attributes alternatives, named"):
        measures.detection_by_cue(evidence.drop_attrs())
    with pytest.raises(ValueError, match="bistable, object_prior or spatial_prior"):
        measures.mechanism_profile(made.search_record())


def test_cues_of_scenes_and_displays():
    scenes = measures.cueing_of(made.object_prior_record())
    assert (scenes.valid, scenes.absent, scenes.neutral) == ({"class_1": "valid"}, ("absent",), "neutral")
    displays = measures.cueing_of(made.spatial_prior_record())
    assert displays.valid == {"class_1": "place 0 width 0.1"} and displays.invalid == {"class_1": "place 180 width 0.1"}
    assert displays.neutral == "diffuse" and not displays.pair
    few = made.object_prior_record().sel(prior=["neutral", "valid"])
    assert not measures.cueing_of(few).absent and not measures.cueing_of(few).pair


def test_the_profile_holds_what_the_other_measures_give():
    record = made.object_prior_record().sel(gain=2.0, drop=True)
    last = record.isel(iteration=-1, drop=True)
    rows = measures.mechanism_profile(record, n=20)
    whole = rows[rows["seed"] == "all"].set_index("model")
    seen = measures.reported(last)
    areas = measures.region_auc(last.sel(prior="valid"))
    for model in whole.index:
        of_model = {"model": model}
        expected = {
            "benefit": measures.cueing_benefit(seen), "cost": measures.cueing_cost(seen), "auc_prior_weights": areas,
            "false_alarms": measures.reported(last, "absent_class").sel(prior="absent"),
            "p_cued": measures.target_probability(last).sel(prior="valid"),
        }  # fmt: skip
        for name, values in expected.items():
            interval = measures.hierarchical_bootstrap(values.sel(of_model), n=20)
            for end, suffix in (("estimate", ""), ("low", "_low"), ("high", "_high")):
                assert whole.loc[model, name + suffix] == pytest.approx(float(interval[end])), name
    each = rows[(rows["seed"] == 1) & (rows["model"] == "intact")].iloc[0]
    assert each["benefit"] == pytest.approx(float(measures.cueing_benefit(seen).sel(seed=1, model="intact").mean()))
    assert np.isnan(each["benefit_low"])


def test_two_objects_are_selected_as_the_measures_of_selection_say(noisy):
    rows = measures.mechanism_profile(noisy, n=20).set_index("cue")
    last = noisy.isel(iteration=[-1])
    for cue in ("class", "place"):
        for name in ("selection_index", "cue_decides"):
            expected = float(getattr(measures, name)(last).sel(prior=cue).mean())
            assert rows.loc[cue, name] == pytest.approx(expected, abs=1e-6)
        assert rows.loc[cue, "auc_prior_weights"] == float(measures.attention_auc(last).sel(prior=cue).mean())
        assert rows.loc[cue, "p_cued"] == pytest.approx(float(measures.cued_probability(last).sel(prior=cue).mean()))
    assert np.isnan(rows.loc["place", "false_alarms"]) and rows.loc["class", "false_alarms"] >= 0


def test_what_an_observer_does_not_take_is_not_zero():
    record = made.object_prior_record().sel(gain=1.0, drop=True)
    kinds = '{"intact": ["class", "vector"], "intact, decoders permuted": []}'
    rows = measures.mechanism_profile(record.assign_attrs(prior_kinds=kinds), n=3).set_index("model")
    untold = rows.loc["intact, decoders permuted"]
    assert untold.drop(columns=["cue", "seed", "n"]).dropna(axis="columns").columns.tolist()[:1] == ["p_cued"]
    assert rows.loc["intact", "benefit"].notna().all()
    assert measures.told_of(record) == {"intact": None, "intact, decoders permuted": None}
