"""Matched strengths against logits that are written so that every number is known."""

import numpy as np
import pytest
import xarray as xr

from experiments import measures

GAINS = (0.0, 1.0, 2.0, 4.0)
PRIORS = {"none": ("none", 0), "class 1": ("class", 1), "class 2": ("class", 2), "absent class": ("absent class", -1),
          "place 1": ("place", 1), "place 2": ("place", 2)}  # fmt: skip
UNCUED = (0.3, 0.2, 0.01, 0.49)  # class 1, class 2, the absent class, a fourth


def record_of(cued, false, place=None, stimuli=100):
    """A record in which a class cue at GAINS[k] gives what it cues p = cued[k], and names false[k] absent classes."""
    p = np.empty((len(GAINS), 1, len(PRIORS), stimuli, 4))
    p[:] = UNCUED
    for k in range(len(GAINS)):
        told = {1: (0, cued[k]), 2: (1, cued[k])}
        if place is not None:
            told |= {4: (0, place[k]), 5: (1, place[k])}
        for prior, (index, value) in told.items():
            p[k, 0, prior] *= (1 - value) / (1 - UNCUED[index])
            p[k, 0, prior, :, index] = value
        named = np.arange(stimuli) < round(false[k] * stimuli)
        p[k, 0, 3, named, 2] = 0.9
    kinds, cues = zip(*PRIORS.values(), strict=True)
    index = {name: ("stimulus", np.full(stimuli, k)) for k, name in enumerate(("class_1", "class_2", "absent_class"))}
    return xr.Dataset(
        {"logits": (("gain", "iteration", "prior", "stimulus", "class"), np.log(p))},
        {"gain": list(GAINS), "prior": list(PRIORS), "kind": ("prior", list(kinds)), "cue": ("prior", list(cues)),
         "class": list("abcd"), **index},
    )  # fmt: skip


def test_benefit_and_false_alarms_are_the_probabilities_that_were_written():
    record = record_of((0.25, 0.4, 0.6, 0.9), (0.01, 0.02, 0.03, 0.2), (0.25, 0.5, 0.5, 0.5))
    benefit, false = (of(record).isel(iteration=0) for of in (measures.cue_benefit, measures.cue_false_alarms))
    np.testing.assert_allclose(benefit.sel(prior="class").mean("stimulus"), [0.0, 0.15, 0.35, 0.65], atol=1e-6)
    np.testing.assert_allclose(false.sel(prior="class").mean("stimulus"), [0.01, 0.02, 0.03, 0.2], atol=1e-6)
    assert not false.sel(prior="place").any() and set(false.sel(prior="class").values.ravel()) == {0.0, 1.0}


@pytest.mark.parametrize(
    ("cued", "false", "limit", "chosen"),
    [
        ((0.25, 0.4, 0.6, 0.9), (0.0, 0.01, 0.02, 0.2), 0.02, 2.0),  # the best is ruled out
        ((0.25, 0.4, 0.6, 0.9), (0.0, 0.01, 0.02, 0.2), 0.5, 4.0),
        ((0.25, 0.4, 0.4, 0.3), (0.01, 0.01, 0.01, 0.01), 0.02, 1.0),  # of equals the weakest
        ((0.25, 0.1, 0.2, 0.1), (0.01, 0.01, 0.01, 0.01), 0.02, 2.0),  # none helps: the one that harms least
        ((0.25, 0.4, 0.6, 0.9), (0.0, 0.05, 0.03, 0.2), 0.02, 2.0),  # none is within the limit: the fewest
    ],
)
def test_the_largest_benefit_within_the_limit_is_chosen(cued, false, limit, chosen):
    record = record_of(cued, false)
    assert float(measures.matched_strength(record, limit)["class_strength"]) == chosen
    turned = measures.matched_strength(record.isel(gain=slice(None, None, -1)), limit)
    assert float(turned["class_strength"]) == chosen


def test_a_cue_that_changes_nothing_has_no_strength_and_models_have_their_own():
    none, some = record_of((0.25,) * 4, (0.0,) * 4), record_of((0.25, 0.5, 0.6, 0.7), (0.01, 0.01, 0.01, 0.5))
    none["logits"][:] = none["logits"].isel(prior=0)
    found = measures.matched_strength(xr.concat([none, some], xr.Variable("model", ["a", "b"]), coords="minimal"))
    np.testing.assert_array_equal(found["class_strength"], [np.nan, 2.0])
    assert np.isnan(found["place_strength"]).all() and found["class_benefit"].dims == ("model", "gain")


def test_what_cannot_be_matched_is_told():
    record = record_of((0.25, 0.4, 0.6, 0.9), (0.01,) * 4)
    for no_gain in (record.isel(gain=0), record.isel(gain=[0])):
        with pytest.raises(ValueError, match="several gains: run match"):
            measures.matched_strength(no_gain)
    with pytest.raises(ValueError, match="absent_class is not known"):
        measures.matched_strength(record.assign_coords(absent_class=("stimulus", np.arange(100) - 1)))
    with pytest.raises(ValueError, match='expected priors "absent class"'):
        measures.cue_false_alarms(record.sel(prior=["none", "class 1", "class 2"]))
