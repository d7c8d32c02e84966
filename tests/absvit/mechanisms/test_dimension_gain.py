"""Dimension gain multiplies channels by exp(dose x tuning); doses add, and shape undoes texture."""

from dataclasses import replace

import pytest
import torch
from tiny_networks import IMAGES, convnet

from absvit.mechanisms import MECHANISMS
from absvit.networks import network_of
from absvit.priors import ClassPrior, DimensionPrior, LearnedPrior

NET = convnet()
NETWORK = network_of(NET, size=(16, 16), categories=tuple("abcd"))
TUNING = torch.linspace(-1.5, 1, 8)
SHAPE = DimensionPrior(torch.ones(8), dimension="shape", tunings={"3": TUNING})
TEXTURE = DimensionPrior(-torch.ones(8), dimension="texture", tunings={"3": -TUNING})
GAIN = replace(MECHANISMS["dimension_gain"], layers=("3",), strength=0.5)


@pytest.fixture(scope="module")
def told():
    return GAIN.on(NETWORK)


def test_it_is_the_equation(told):
    seen = told.perceive(IMAGES, [SHAPE, replace(SHAPE, gain=3.0), TEXTURE], 2).logits
    for logits, dose in zip(seen[1], (0.5, 1.5, -0.5), strict=True):
        expected = NET[6](NET[:4](IMAGES).mean((2, 3)) * (dose * TUNING).exp())
        torch.testing.assert_close(logits, expected)
    assert torch.equal(seen[1], seen[2])


def test_gains_of_one_are_the_network_bit_for_bit_and_products_add_doses(told):
    flat = replace(SHAPE, tunings={"3": torch.zeros(8)})
    priors = [flat, LearnedPrior(), SHAPE * TEXTURE, SHAPE * SHAPE, replace(SHAPE, gain=2.0)]
    seen = told.perceive(IMAGES, priors).logits[1]
    assert all(torch.equal(logits, NET(IMAGES)) for logits in seen[:3])
    assert torch.equal(seen[3], seen[4]) and not torch.equal(seen[3], seen[0])


def test_what_was_learnt_elsewhere_is_refused(told):
    with pytest.raises(ValueError, match="'shape' has no tunings of 8 channels at 3, only of 1"):
        told.perceive(IMAGES, [replace(SHAPE, tunings={"1": torch.zeros(6)})])
    with pytest.raises(ValueError, match="takes priors of kind learned, dimension, and none of class"):
        told.perceive(IMAGES, [ClassPrior(1)])
