"""Every mechanism keeps its promises on a convolutional network or a ViT; a check says which one is broken."""

from dataclasses import dataclass, replace

import pytest
import torch
from small_vit import SIZES
from tiny_networks import convnet

from absvit import AbSViT
from absvit.mechanisms import MECHANISMS, Mechanism, check_mechanism
from absvit.networks import network_of
from absvit.priors import ClassPrior, LearnedPrior, SpatialPrior
from stimuli.drawing.shapes import CATEGORIES

SIZE = (32, 32)
NETWORK = network_of(convnet(classes=12), size=SIZE, categories=CATEGORIES)
SMALL = {"feature_gain": {"n": 24}}


def of_kind(name):
    return replace(MECHANISMS[name], **SMALL.get(name, {}))


@pytest.mark.parametrize("name", [*MECHANISMS])
def test_mechanisms_keep_their_promises(name):
    """On a convolutional network, or else on an AbSViT."""
    mechanism = of_kind(name)
    try:
        mechanism.on(NETWORK)
    except ValueError:
        model = AbSViT(**SIZES | {"num_classes": 12}).eval().requires_grad_(False)
        return check_mechanism(mechanism, network_of(model, categories=CATEGORIES))
    check_mechanism(mechanism, NETWORK)


@pytest.mark.parametrize("name", ["decision_bias", "evidence_gate", "feature_gain", "spatial_gain"])
def test_nothing_cued_is_the_network_itself_bit_for_bit(name):
    told, images = of_kind(name).on(NETWORK), torch.randn(3, 3, *SIZE)
    cue = SpatialPrior(torch.rand(8, 8)) if "place" in told.kinds else ClassPrior(3)
    seen = told.perceive(images, [LearnedPrior(), replace(cue, gain=0.0), cue], 2)
    expected = NETWORK.classify(images)
    assert all(torch.equal(logits, expected) for logits in (*seen.logits[0], *seen.logits[:, :2].flatten(0, 1)))
    assert not torch.equal(seen.logits[1, 2], expected)
    assert torch.equal(told.perceive(images).logits, expected.expand(2, 1, -1, -1))


@dataclass(frozen=True)
class BrokenMechanism(Mechanism):
    """One that changes what it sees as a test says."""

    source = "a test"
    break_it: object = None

    def on(self, network):
        told = MECHANISMS["decision_bias"].on(network)
        return replace(told, mechanism=self, look=self.break_it(told))


def of_its_own(told):
    return lambda images, priors, iterations, record: told.look(images + 0.1, priors, iterations, record)


def beside_others(told):
    def look(images, priors, iterations, record):
        seen = told.look(images, priors, iterations, record)
        return replace(seen, logits=torch.cat([seen.logits[:1], seen.logits[1:] - seen.logits[1:].mean(2, True)]))

    return look


def by_weights(told):
    def look(*given):
        with torch.no_grad():
            told.network.module[0].weight.mul_(1.0001)
        return told.look(*given)

    return look


def with_hooks(told):
    def look(*given):
        told.network.module[0].register_forward_hook(lambda *of: None)
        return told.look(*given)

    return look


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        (of_its_own, "otherwise than the network in iteration 0"),
        (beside_others, "beside others: each has to be seen by itself"),
        (
            by_weights,
            "otherwise than the network|otherwise under a prior|picture otherwise|changes the network's weights",
        ),
        (with_hooks, "leaves hooks behind"),
    ],
)
def test_a_broken_promise_is_told(broken, says):
    network = network_of(convnet(), size=(16, 16))
    with pytest.raises(ValueError, match=f"the mechanism 'own' .*({says})"):
        check_mechanism(BrokenMechanism("own", "a broken one", break_it=broken), network)


def test_a_mechanism_without_a_source_is_told():
    with pytest.raises(ValueError, match="the mechanism 'own' names no source"):
        check_mechanism(Mechanism("own", "a kind of nothing"), NETWORK)
