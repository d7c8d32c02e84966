"""Unfolding: live passes are those of the probe on disk, and what is followed is what the record holds."""

import numpy as np
import pytest
from displays import morphs

import absvit
from absvit import maps, priors
from absvit.images import normalise
from absvit.records.options import Store
from experiments import measures
from experiments.command_options import StimulusOptions
from experiments.experiment import run
from experiments.live.follow import course_of, follow
from experiments.live.pictures import picture as embedded
from experiments.observers import observer_of
from experiments.probes.feedback_dynamics.probe import FeedbackDynamics

SETTLING = FeedbackDynamics(passes=3, gains=(2.0,), priors=("none", "class 1", "class 2"), maps=True)
HYSTERESIS = FeedbackDynamics("hysteresis", passes=2, gains=(1.0, 3.0), priors=("none", "percept"), maps=True)


@pytest.fixture(scope="module")
def stored(model, tmp_path_factory):
    """Record on disk of two pairs of morphs, five steps each."""
    store = Store(tmp_path_factory.mktemp("unfolding") / "r.zarr", chunk=2)
    shown = morphs(StimulusOptions(n=4), model, 5)
    return run("feedback_dynamics", observer_of(model, "absvit_micro", 0), shown, HYSTERESIS, 0, store)


def test_live_passes_are_those_of_perceive(model):
    record = follow(model, "overlay", 3, SETTLING)
    picture = embedded("overlay", 3, model)
    np.testing.assert_array_equal(record["image"][0], picture)
    images = normalise(picture[None], model.pretrained_cfg["mean"], model.pretrained_cfg["std"])
    classes = [int(record[name][0]) for name in ("class_1", "class_2")]
    given = [priors.LearnedPrior(2.0), *(priors.ClassPrior(index, 2.0) for index in classes)]
    seen = absvit.perceive(model, images, given, 3)
    np.testing.assert_allclose(record["logits"][0, 0], seen.logits, rtol=1e-3, atol=1e-4)
    weights = record["prior_weights"][0, 0].astype(np.float32)
    assert np.isnan(weights[0]).all()
    np.testing.assert_allclose(weights[1:], maps.prior_weight_map(seen), rtol=2e-3, atol=2e-3)


@pytest.mark.seconds
def test_a_live_pair_of_morphs_is_the_one_that_the_probe_shows(model, stored):
    live = follow(model, "morph", 1, HYSTERESIS, steps=5)
    pair = stored.isel(stimulus=slice(2, 4)).load()
    for name in ("logits", "state_change", "reconstruction_error"):
        np.testing.assert_allclose(live[name], pair[name], rtol=1e-3, atol=1e-4, err_msg=name)
    for name in ("image", "morph", "direction", "pair"):
        np.testing.assert_array_equal(live[name], pair[name], err_msg=name)
    assert live["image"].dims == ("stimulus", "iteration", "y", "x", "channel")


def test_the_course_of_a_trial_is_what_the_record_holds(model):
    record = follow(model, "halves", 4, SETTLING)
    course = course_of(record, 0, prior="class 2")
    run = record.isel(gain=0, severity=0, stimulus=0)
    p = np.exp(run["logits"] - run["logits"].max("class"))
    p = (p / p.sum("class")).transpose("prior", "iteration", "class").values
    p_1, p_2 = (p[:, :, int(run[name])] for name in ("class_1", "class_2"))
    for end in ("estimate", "low", "high"):
        np.testing.assert_allclose(course["share"].sel(end=end), p_1 / (p_1 + p_2), rtol=1e-4)
    np.testing.assert_allclose(course["probability"].sel(prior="class 1").isel(reading=1), p_2[1], rtol=1e-4)
    error = run["reconstruction_error"].sel(prior="class 2").values
    np.testing.assert_allclose(course["energy"], (error / error[0]).T, rtol=1e-5)
    assert course.attrs["names"] == [str(run["class"].values[int(run[name])]) for name in ("class_1", "class_2")]


def test_the_mean_course_is_the_mean_over_trials(stored):
    course = course_of(stored, gain=2.9)
    run = stored.sel(gain=3.0).isel(severity=0).load()
    share = measures.object_1_share(run)
    np.testing.assert_allclose(
        course["share"].sel(end="estimate"), share.mean("stimulus").transpose("prior", ...), rtol=1e-4
    )
    assert (course["share"].sel(end="low") <= course["share"].sel(end="high")).all()
    ends = share.isel(iteration=[2, 4, 6, 8, 10])  # after the last of two passes over each of five pictures
    ascends = (run["direction"] == 1).values
    up, down = ends[:, :, ascends].mean("stimulus"), ends[::-1, :, ~ascends].mean("stimulus")
    np.testing.assert_allclose(
        course["branch"].isel(direction=0).sel(end="estimate"), up.transpose("prior", ...), rtol=1e-4
    )
    np.testing.assert_allclose(
        course["branch"].isel(direction=1).sel(end="estimate"), down.transpose("prior", ...), rtol=1e-4
    )
    assert "image" not in course and course.attrs["n"] == 4


def test_a_descending_trial_has_the_loop_of_its_pair(stored):
    up, down = (course_of(stored, 2 + int((stored["direction"].values[2:] == k).argmax())) for k in (1, -1))
    np.testing.assert_array_equal(up["branch"], down["branch"])
    assert up.attrs["direction"] == 1 and down.attrs["direction"] == -1
    assert float(up["shown_morph"][0]) == 0 and float(down["shown_morph"][0]) == 1


@pytest.mark.parametrize(
    ("record", "trial", "message"),
    [
        (lambda record: record.assign_attrs(title="bistable perception"), 0, "got one of bistable perception"),
        (lambda record: record, 9, "trials 0 to 3, got 9"),
        (lambda record: record.assign(done=record["done"] * 0), 0, "none of the record.s 4 stimuli is done"),
    ],
)
def test_what_cannot_be_followed_is_refused(stored, record, trial, message):
    with pytest.raises(ValueError, match=message):
        course_of(record(stored), trial)


def test_a_model_without_the_classes_or_a_picture_that_is_none_is_refused(model):
    strange = absvit.create_model("absvit_micro", num_classes=3).eval()
    for protocol in (SETTLING, HYSTERESIS):
        with pytest.raises(ValueError, match="does not know"):
            follow(strange, "halves", 0, protocol)
    with pytest.raises(ValueError, match="at least 0"):
        follow(model, "morph", -1, HYSTERESIS)
