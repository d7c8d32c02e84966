"""Degrading: pictures are those of the corruptions, answers those of the models, profiles those of the records."""

import json

import numpy as np
import pytest
import torch
from synthetic_robustness import KINDS, accuracy, robustness_record

import absvit
from absvit.images import normalise
from experiments import measures
from experiments.live.corrupt import corrupt
from experiments.live.pictures import picture
from stimuli import corruptions


@pytest.fixture(scope="module")
def models():
    return {name: absvit.load_model(name) for name in ("absvit_micro", "vit_micro")}


@pytest.fixture(scope="module")
def pictures(models):
    return {name: picture("objects", 3, model) for name, model in models.items()}


def test_what_is_shown_and_said_is_what_models_say_of_corrupted_pictures(models, pictures):
    record = corrupt(models, pictures, "shot_noise", iterations=2, seed=7)
    for name, model in models.items():
        shown = [pictures[name]]
        shown += [
            corruptions.corrupt(
                pictures[name], "shot_noise", s, corruptions.generator_for(7, "shot_noise", s, "picture")
            )
            for s in range(1, 6)
        ]
        if name == "absvit_micro":
            np.testing.assert_array_equal(record["image"], np.stack(shown))
        images = normalise(np.stack(shown), model.pretrained_cfg["mean"], model.pretrained_cfg["std"])
        with torch.no_grad():
            if name == "vit_micro":
                p = model(images).softmax(-1)[None].expand(3, -1, -1)
            else:
                p = absvit.perceive(model, images, iterations=2).probabilities[:, 0]
        said = p[-1].argmax(-1)
        assert record["answer"].sel(model=name).values.tolist() == [model.categories[k] for k in said]
        np.testing.assert_allclose(record["confidence"].sel(model=name), p[-1].max(-1).values, rtol=1e-4)
        np.testing.assert_allclose(record["probability"].sel(model=name), p[:, :, said[0]], rtol=1e-4, atol=1e-6)
    assert json.loads(record.attrs["parameters"])["corruption"] == "shot_noise"


@pytest.mark.parametrize(("corruption", "message"), [("rain", "no corruption 'rain'"), ("fog", "at least 32 x 32")])
def test_what_cannot_be_corrupted_is_refused(models, pictures, corruption, message):
    small = {name: picture[: 16 if corruption == "fog" else None] for name, picture in pictures.items()}
    with pytest.raises(ValueError, match=message):
        corrupt(models, small, corruption)


def test_nobody_says_nothing():
    with pytest.raises(ValueError, match="no model is chosen"):
        corrupt({}, {}, "fog")


def test_a_profile_is_what_the_record_holds():
    profile = measures.corruption_profile(robustness_record())
    assert profile["corruption"].values.tolist() == list(KINDS)
    for place, kind in enumerate(KINDS):
        expected = [1.0, *(accuracy(place, severity) for severity in range(1, 6))]
        np.testing.assert_allclose(profile["top1"].sel(corruption=kind), expected)
        np.testing.assert_allclose(profile["top1_low"].sel(corruption=kind), np.array(expected) - 0.04)
    assert profile.attrs["n"] == 40
    first = measures.corruption_profile(robustness_record(clean=False), iteration=0)
    np.testing.assert_allclose(
        first["top1"].sel(corruption="fog"), [np.nan, *(accuracy(1, s) - 0.02 for s in range(1, 6))]
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda record: record.assign_attrs(title="bistable perception"), "got one of bistable perception"),
        (lambda record: record.sel(suite=["clean"]), "no corruptions, only clean"),
        (lambda record: record.assign(top1=record["top1"] * np.nan), "not complete"),
    ],
)
def test_records_without_a_profile_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        measures.corruption_profile(change(robustness_record()))
