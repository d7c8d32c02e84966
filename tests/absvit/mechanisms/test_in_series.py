"""Mechanisms together: what each does to what those before it leave, and which cannot follow which."""

from dataclasses import replace

import pytest
import torch
from tiny_networks import IMAGES, convnet

from absvit.mechanisms import MECHANISMS, check_mechanism, together
from absvit.networks import network_of
from absvit.priors import ClassPrior, LearnedPrior, SpatialPrior

MODULE = convnet()
NETWORK = network_of(MODULE, size=(16, 16))
BIAS, GATE, SPOT, AWAY = (
    MECHANISMS[name] for name in ("decision_bias", "evidence_gate", "spatial_gain", "explaining_away")
)
LEFT = SpatialPrior(torch.tensor([1.0, 0.5, 0, 0]).expand(4, 4))


@pytest.mark.parametrize("mechanisms", [(AWAY, GATE, BIAS), (SPOT, GATE), (BIAS, BIAS)])
def test_each_keeps_the_promises_of_a_mechanism(mechanisms):
    check_mechanism(together(mechanisms), NETWORK)


def test_a_bias_is_added_to_what_a_gate_sees():
    gate, bias = replace(GATE, strength=4.0), replace(BIAS, strength=2.0)
    both, priors = together([gate, bias]), [ClassPrior(2, gain=0.5), ClassPrior(torch.tensor([0, 1, 3]))]
    seen, gated = (of.on(NETWORK).perceive(IMAGES, priors, 2, ["class_activation"]) for of in (both, gate))
    expected = gated.logits.clone()
    expected[1:, 0, :, 2] += 1
    expected[1:, 1, [0, 1, 2], [0, 1, 3]] += 2
    assert torch.equal(seen.logits, expected)
    assert torch.equal(seen.prior_weights, gated.prior_weights)
    assert torch.equal(seen.class_activation, gated.class_activation)


def test_a_gate_pools_what_a_gain_has_changed():
    spot, gate = replace(SPOT, layer="1", strength=2.0), replace(GATE, strength=3.0)
    logits = together([spot, gate]).on(NETWORK).perceive(IMAGES, [LEFT, LearnedPrior()], 2).logits
    field = torch.nn.functional.interpolate(LEFT.weights[None, None], (8, 8), mode="bilinear")
    features = MODULE[2:4](MODULE[:2](IMAGES) * (1 + 2 * field)).flatten(2)
    weights = LEFT.weights.flatten() ** 3
    expected = MODULE[6]((features * weights).sum(2) / weights.sum())
    torch.testing.assert_close(logits[1:, 0], expected.expand(2, -1, -1))
    torch.testing.assert_close(logits[1:, 1], MODULE(IMAGES).expand(2, -1, -1))


def test_the_strength_is_a_factor_on_each():
    half = replace(together([replace(GATE, strength=4.0), replace(BIAS, strength=2.0)]), strength=0.5)
    same = together([GATE, BIAS])
    seen, expected = (of.on(NETWORK).perceive(IMAGES, [ClassPrior(1)]).logits for of in (half, same))
    assert torch.equal(seen, expected)
    assert same.parameters["mechanisms"][0] == {"name": "evidence_gate", "parameters": {"strength": 2.0}}


@pytest.mark.parametrize(
    ("mechanisms", "told"),
    [
        ((GATE, GATE), "evidence_gate acts on places before they are pooled, and evidence_gate leaves none"),
        ((BIAS, GATE), "and decision_bias leaves none: put first what changes layers or features"),
        ((GATE, SPOT), "spatial_gain cannot act on what evidence_gate leaves.*: put it first"),
        ((SPOT, SPOT), "no other that does beside it"),
        ((GATE, AWAY), "explaining_away acts on places before"),
    ],
)
def test_what_cannot_follow_another_says_why(mechanisms, told):
    with pytest.raises(ValueError, match=told):
        together(mechanisms).on(NETWORK)


def test_one_alone_and_mechanisms_that_no_prior_tells_are_refused():
    with pytest.raises(ValueError, match="two mechanisms or more to put together, got 1"):
        together([GATE])
    with pytest.raises(ValueError, match="spatial_gain takes place; decision_bias takes class"):
        together([SPOT, BIAS])
    with pytest.raises(ValueError, match=r"evidence_gate\+decision_bias on .* takes priors of kind .*class"):
        together([GATE, BIAS]).on(NETWORK).perceive(IMAGES, [LEFT])
