"""Decision bias: log prior odds of the cued class, and nothing else changes."""

from dataclasses import replace

import pytest
import torch
from tiny_networks import IMAGES, convnet

from absvit.mechanisms import MECHANISMS
from absvit.networks import network_of
from absvit.priors import ClassPrior, LearnedPrior, SpatialPrior

NETWORK = network_of(convnet(), size=(16, 16))
TOLD = MECHANISMS["decision_bias"].on(NETWORK)


def test_the_prior_odds_of_the_cued_class_are_multiplied_by_e_to_the_dose():
    told = replace(MECHANISMS["decision_bias"], strength=1.5).on(NETWORK)
    seen = told.perceive(IMAGES, [ClassPrior(2, gain=2.0), ClassPrior(torch.tensor([0, 1, 2]))])
    before, after = seen.probabilities[0, 0].double(), seen.probabilities[1].double()
    odds = after / (1 - after) / (before / (1 - before))
    torch.testing.assert_close(odds[0, :, 2], torch.full((3,), 3.0).double().exp(), rtol=1e-4, atol=0)
    torch.testing.assert_close(odds[1, range(3), range(3)], torch.full((3,), 1.5).double().exp(), rtol=1e-4, atol=0)


def test_one_logit_changes_and_no_map():
    seen = TOLD.perceive(IMAGES, [ClassPrior(2), ClassPrior(2, gain=9.0)], 2, ["class_activation"])
    others = [0, 1, 3]
    assert torch.equal(seen.logits[1:, ..., others], seen.logits[:1, ..., others].expand(2, -1, -1, -1))
    raised = seen.logits[1:, ..., 2] - seen.logits[:1, ..., 2]
    torch.testing.assert_close(raised, torch.tensor([[1.0], [9.0]]).expand(2, -1, 3), rtol=1e-6, atol=1e-6)
    assert torch.equal(seen.class_activation[1, 0], seen.class_activation[2, 1])
    assert torch.isnan(seen.prior_weights).all() and seen.prior_weights.shape == (2, 2, 3, 16)


def test_the_map_of_a_class_sums_to_its_logit_but_for_the_bias():
    seen = TOLD.perceive(IMAGES, [ClassPrior(2), LearnedPrior()], 1, ["class_activation"])
    bias, answered = NETWORK.module[-1].bias, NETWORK.logits(IMAGES).argmax(-1)
    total = seen.class_activation.sum(-1)
    torch.testing.assert_close(total[1, 0], seen.logits[0, 0, :, 2] - bias[2])
    largest = NETWORK.logits(IMAGES)[range(3), answered] - bias[answered]
    torch.testing.assert_close(total[:, 1], largest.expand(2, -1))


def test_each_factor_of_a_product_adds_its_own():
    seen = TOLD.perceive(IMAGES, [ClassPrior(1) * ClassPrior(2, gain=3.0), ClassPrior(1) * LearnedPrior()])
    expected = torch.tensor([[0.0, 1, 3, 0], [0, 1, 0, 0]])[:, None].expand(-1, 3, -1)
    torch.testing.assert_close(seen.logits[1] - seen.logits[0], expected, rtol=1e-6, atol=1e-6)


def test_places_are_refused_by_name():
    with pytest.raises(ValueError, match="decision_bias on .* takes priors of kind .*class, text, and none of place"):
        TOLD.perceive(IMAGES, [SpatialPrior(torch.ones(4, 4)) * ClassPrior(1)])
