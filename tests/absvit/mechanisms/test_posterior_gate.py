"""Posterior gate: places are weighted by the answer that the classifier gives at each."""

from dataclasses import replace

import pytest
import torch
from tiny_networks import IMAGES, convnet

from absvit.mechanisms import MECHANISMS, check_mechanism
from absvit.networks import load_network, network_of
from absvit.priors import ClassPrior, KindsPrior

MODULE = convnet()
NETWORK = network_of(MODULE, size=(16, 16))
GATE = MECHANISMS["posterior_gate"]


def test_it_keeps_the_promises_of_a_mechanism():
    check_mechanism(GATE, NETWORK)


def in_loops(image, cued, dose):
    """Pool by the share of the cued classes among the exponentials of the logits of each place."""
    features = MODULE[:4](image[None])[0].flatten(1).T
    weights = []
    for feature in features:
        exponentials = MODULE[6](feature).double().exp()
        weights.append(float(sum(exponentials[c] for c in cued) / exponentials.sum()) ** dose)
    weights = torch.tensor(weights)
    return weights, MODULE[6]((weights[:, None] * features).sum(0) / weights.sum())


@pytest.mark.parametrize("dose", [0.5, 3.0])
def test_places_are_weighted_by_the_probability_of_any_of_the_classes(dose):
    seen = replace(GATE, strength=dose).on(NETWORK).perceive(IMAGES, [ClassPrior(2), KindsPrior([0, 3])])
    for n, image in enumerate(IMAGES):
        for k, cued in enumerate(([2], [0, 3])):
            weights, logits = in_loops(image, cued, dose)
            torch.testing.assert_close(seen.logits[1, k, n], logits, rtol=1e-4, atol=1e-5)
            expected = weights / weights.max()
            torch.testing.assert_close(seen.prior_weights[0, k, n], expected, rtol=1e-4, atol=1e-6)


def test_a_probability_that_no_number_holds_is_a_weight_still():
    module = convnet()
    module[6].weight.data *= 1e4
    seen = GATE.on(network_of(module, size=(16, 16))).perceive(IMAGES, [ClassPrior(1, gain=3.0)])
    assert torch.isfinite(seen.logits).all() and (seen.prior_weights[0].amax(-1) == 1).all()


def test_an_image_of_which_no_class_is_cued_is_pooled_as_by_itself():
    told = KindsPrior(torch.tensor([[1], [-1], [2]]))
    seen = GATE.on(NETWORK).perceive(IMAGES, [told])
    torch.testing.assert_close(seen.logits[1, 0, 1], NETWORK.logits(IMAGES)[1])


def test_a_network_that_reads_a_class_token_is_told_why_not():
    with pytest.raises(ValueError, match="reads its class token: choose evidence_gate"):
        GATE.on(load_network("vit_micro"))
