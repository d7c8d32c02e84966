"""Feedback as a mechanism: AbSViT's own passes, at a strength; and a plain ViT that is lifted."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from small_vit import GRID, IMAGES, KINDS, tiny_absvit, tiny_vit
from tiny_networks import convnet

from absvit import perceive
from absvit.mechanisms import MECHANISMS, check_mechanism
from absvit.models.course import CourseSettings, follow
from absvit.models.perceive import RECORDABLE
from absvit.models.priors import ShuffledPrior
from absvit.networks import network_of
from absvit.priors import ClassPrior, LearnedPrior, SpatialPrior

FEEDBACK = MECHANISMS["feedback"]
PLACE = SpatialPrior(torch.linspace(0, 1, 16).view(GRID))
MODEL = tiny_absvit()


def told(model=MODEL, **parameters):
    return replace(FEEDBACK, **parameters).on(network_of(model))


def same(found, expected):
    held = {name: value for name, value in vars(expected).items() if isinstance(value, torch.Tensor)}
    assert len(held) == 2 + len(RECORDABLE)
    return all(torch.equal(getattr(found, name), value) for name, value in held.items())


EACH = torch.tensor([0, 1, 2])
PRIORS = [LearnedPrior(), ClassPrior(3), ClassPrior(EACH, gain=3.0) * PLACE, ShuffledPrior(PLACE)]


def test_without_a_strength_it_is_perceive_bit_for_bit():
    asked = IMAGES, PRIORS, 2, RECORDABLE
    assert same(told().perceive(*asked), perceive(MODEL, *asked))


def test_a_strength_is_the_gain_of_what_has_none_and_multiplies_that_of_others():
    dosed = [
        LearnedPrior(gain=1.5),
        ClassPrior(3, gain=1.5),
        ClassPrior(EACH, gain=4.5) * SpatialPrior(PLACE.weights, gain=1.5),
        ShuffledPrior(SpatialPrior(PLACE.weights, gain=1.5)),
    ]
    found = told(strength=1.5).perceive(IMAGES, PRIORS, 2, RECORDABLE)
    assert same(found, perceive(MODEL, IMAGES, dosed, 2, RECORDABLE))
    assert MODEL.prior_gains["class"] == 40


def test_without_a_dose_it_is_the_bottom_up_pass_bit_for_bit():
    still = told(strength=0.0).perceive(IMAGES, PRIORS, 2).logits
    none = told().perceive(IMAGES, [ClassPrior(1, gain=0.0), PLACE * LearnedPrior(gain=0.0)], 2).logits
    bottom_up = perceive(MODEL, IMAGES).logits[:1]
    assert torch.equal(still, bottom_up.expand(3, 4, -1, -1))
    assert torch.equal(none, bottom_up.expand(3, 2, -1, -1))
    assert torch.equal(told().network.logits(IMAGES), bottom_up[0, 0])


@pytest.mark.parametrize("kind", KINDS)
def test_a_lifted_vit_sees_as_it_did_until_its_decoders_are_trained_and_says_so(kind):
    vit = tiny_vit(**KINDS[kind])
    lifted = told(vit)
    before = lifted.perceive(IMAGES, [LearnedPrior(), PLACE]).logits
    torch.testing.assert_close(before, vit(IMAGES).expand(2, 2, -1, -1), rtol=1e-4, atol=1e-5)
    assert "until they are trained" in lifted.facts["decoders"]
    with torch.no_grad():
        for decoder in lifted.network.module.decoders:
            torch.nn.init.normal_(decoder.linear2.weight)
    after = lifted.perceive(IMAGES, [LearnedPrior(), PLACE]).logits
    assert torch.equal(after[0], before[0]) and (after[1, 1] - before[1, 1]).abs().max() > 0.01


def test_a_course_is_followed_at_the_same_doses():
    settings = CourseSettings(3, noise=0.1, adaptation=1.0)

    def noise():
        return [np.random.default_rng(k) for k in range(3)]

    found = told(strength=2.0).course([IMAGES], lambda t, fatigue: ClassPrior(3), settings, noise())
    expected = follow(MODEL, [IMAGES], lambda t, fatigue: ClassPrior(3, gain=2.0), settings, noise())
    assert torch.equal(found.logits, expected.logits)
    assert torch.equal(found.prior_weights[1:], expected.prior_weights[1:])
    own = told().course([IMAGES], lambda t, fatigue: ClassPrior(3), settings, noise())
    expected = follow(MODEL, [IMAGES], lambda t, fatigue: ClassPrior(3), settings, noise())
    assert torch.equal(own.logits, expected.logits)


@pytest.mark.parametrize("strength", [None, 2.0])
@pytest.mark.parametrize("model", [MODEL, tiny_vit()], ids=["AbSViT", "lifted"])
def test_it_keeps_what_mechanisms_promise(model, strength):
    check_mechanism(replace(FEEDBACK, strength=strength), model)


def test_other_networks_are_refused_by_name():
    with pytest.raises(ValueError, match="feedback needs an AbSViT, or a timm Vis.* plain is torch's Sequential"):
        FEEDBACK.on(network_of(convnet(), name="plain", size=(16, 16)))
