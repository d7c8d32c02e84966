"""What a network under a mechanism can be asked for, and what it refuses."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from tiny_networks import IMAGES, convnet

from absvit.mechanisms import MECHANISMS
from absvit.networks import network_of
from absvit.priors import ClassPrior, LearnedPrior, SpatialPrior

NETWORK = network_of(convnet(), size=(16, 16))
TOLD = MECHANISMS["evidence_gate"].on(NETWORK)


@pytest.mark.parametrize("iterations", [0, 1, 2])
@pytest.mark.parametrize("priors", [None, [LearnedPrior()] * 2, [LearnedPrior(), ClassPrior(1)]])
def test_a_trajectory_has_every_pass_of_every_prior(iterations, priors):
    seen = TOLD.perceive(IMAGES, priors, iterations, ["class_activation"])
    n = len(priors or [0])
    assert seen.logits.shape == (1 + iterations, n, 3, 4)
    assert seen.prior_weights.shape == (iterations, n, 3, 16)
    assert seen.class_activation.shape == (1 + iterations, n, 3, 16)
    assert torch.isnan(seen.prior_weights[:, 0]).all()
    assert seen.to_xarray().sizes["prior"] == n


def test_gradients_reach_the_images_where_they_ask_for_them():
    images = IMAGES.clone().requires_grad_()
    TOLD.perceive(images, [ClassPrior(1)]).logits[1].sum().backward()
    assert images.grad.abs().sum() > 0
    assert not TOLD.perceive(IMAGES, [ClassPrior(1)]).logits.requires_grad


def test_a_module_in_training_mode_looks_in_eval_mode_and_is_put_back():
    net = convnet()
    net.insert(4, torch.nn.Dropout(0.5))
    told = MECHANISMS["evidence_gate"].on(network_of(net.train(), size=(16, 16)))
    one, two = (told.perceive(IMAGES, [ClassPrior(1)]).logits for _ in range(2))
    assert torch.equal(one, two) and net.training and net[4].training


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"images": IMAGES[..., :8]}, r"of \(y, x\) = \(16, 16\) pixels"),
        ({"priors": ClassPrior(1)}, r"write \[prior\]"),
        ({"priors": []}, "at least one prior"),
        ({"priors": [1]}, "absvit.priors objects, got int"),
        ({"priors": [ClassPrior(7)]}, r"class_index must be in 0..3, got 7"),
        ({"priors": [ClassPrior("dog")]}, "the model has no class 'dog'"),
        ({"priors": [ClassPrior(torch.tensor([1, 2]))]}, "given for 2 images, but there are 3"),
        ({"priors": [SpatialPrior(torch.ones(5, 5))]}, r"cover the grid of \(4, 4\) tokens, got \(5, 5\)"),
        ({"iterations": -1}, "iterations must be an integer of at least 0"),
        ({"record": "logits"}, "record takes a sequence of names"),
        ({"record": ["attention"]}, "records class_activation, and not attention"),
        ({"memory_budget": 0}, "memory_budget must be a positive integer"),
    ],
)
def test_what_cannot_be_asked_for_is_refused(given, says):
    with pytest.raises(ValueError, match=says):
        TOLD.perceive(**{"images": IMAGES, "priors": [ClassPrior(1)], **given})


@pytest.mark.parametrize("strength", [float("nan"), float("inf"), np.float32("nan"), "2", True, None])
def test_strengths_are_finite_numbers(strength):
    with pytest.raises(ValueError, match="strength of evidence_gate must be a finite number"):
        replace(MECHANISMS["evidence_gate"], strength=strength)


def test_several_layers_are_not_one_word():
    with pytest.raises(ValueError, match=r"layers of feature_gain are several words.*\('layer3',\)"):
        replace(MECHANISMS["feature_gain"], layers="layer3")
