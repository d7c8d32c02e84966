"""Mechanisms that are told several kinds at once, against what they make of each kind."""

from dataclasses import replace

import pytest
import torch
from tiny_networks import IMAGES, convnet

from absvit.mechanisms import MECHANISMS
from absvit.mechanisms.host import Host
from absvit.networks import network_of
from absvit.priors import ClassPrior, KindsPrior

NETWORK = network_of(convnet(), size=(16, 16))
RANDOM = torch.randn(3, 3 * 112 * 112, generator=torch.Generator().manual_seed(0))
KINDS = KindsPrior([1, 3])
EACH = KindsPrior(torch.tensor([[1, 3], [2, -1], [0, 1]]))


def test_a_bias_multiplies_the_odds_of_all_of_them():
    seen = replace(MECHANISMS["decision_bias"], strength=2.0).on(NETWORK).perceive(IMAGES, [KINDS, EACH])
    added = seen.logits[1] - seen.logits[0]
    torch.testing.assert_close(added[0], torch.tensor([0.0, 2, 0, 2]).expand(3, -1), rtol=1e-5, atol=1e-5)
    expected = torch.tensor([[0.0, 2, 0, 2], [0, 0, 2, 0], [2, 2, 0, 0]])
    torch.testing.assert_close(added[1], expected, rtol=1e-5, atol=1e-5)
    p = seen.probabilities[:, 0][..., [1, 3]].sum(-1).double()
    odds = p / (1 - p)
    torch.testing.assert_close(odds[1] / odds[0], torch.full((3,), 2.0).double().exp(), rtol=1e-4, atol=0)


def test_a_gate_weighs_places_by_their_best_evidence():
    rows = NETWORK.readout.weight - NETWORK.readout.weight.mean(0)
    host, tokens = Host(NETWORK.categories, rows, (4, 4)), RANDOM[:, :128].reshape(3, 16, 8)
    gate = replace(MECHANISMS["evidence_gate"], strength=3.0)
    matches = [ClassPrior(index).match(tokens, host) for index in (1, 3)]
    best = torch.stack(matches).amax(0).double()
    expected = (best / best.amax(1, keepdim=True)) ** 3
    torch.testing.assert_close(gate.weights(KINDS, tokens, host), expected, rtol=1e-5, atol=1e-6)
    seen = gate.on(NETWORK).perceive(IMAGES, [KINDS, EACH])
    assert not torch.allclose(seen.logits[1], seen.logits[0])
    torch.testing.assert_close(seen.logits[1, 1, 0], seen.logits[1, 0, 0])


def test_a_feature_gain_is_that_of_their_mean_tuning():
    gain, host = MECHANISMS["feature_gain"], Host(NETWORK.categories)
    tunings = RANDOM[0, :24].reshape(4, 6).clone()
    mean = (tunings[1] + tunings[3]) / 2
    torch.testing.assert_close(gain.gain(KINDS, host, tunings)[0], 1 + mean)
    torch.testing.assert_close(gain.gain(EACH, host, tunings)[1], 1 + tunings[2])
    tunings[1] = torch.nan  # of this class there was no picture
    torch.testing.assert_close(gain.gain(KINDS, host, tunings)[0], 1 + tunings[3])
    tunings[3] = torch.nan
    with pytest.raises(ValueError, match=r"no picture of the class '1' was among those"):
        gain.gain(KINDS, host, tunings)


@pytest.mark.parametrize("name", ["attention_bias", "feedback"])
def test_a_vit_attends_to_the_best_of_them(micro, name):
    told, images = MECHANISMS[name].on(network_of(micro)), RANDOM.reshape(3, 3, 112, 112)
    seen = told.perceive(images, [KINDS, ClassPrior(1), ClassPrior(3)])
    weights = seen.prior_weights[0]
    torch.testing.assert_close(weights[0], weights[1:].amax(0))
    assert (weights[1:] != weights[0]).any((1, 2)).all()
