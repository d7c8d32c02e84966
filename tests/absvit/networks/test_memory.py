"""A network that remembers: the same numbers, bit for bit, and no pass that has been done before."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from absvit.mechanisms import MECHANISMS
from absvit.mechanisms.multiplied import Multiplied
from absvit.networks import network_of
from absvit.networks.memory import Memory
from absvit.priors import ClassPrior, SpatialPrior

NOISE = torch.randn(2, 3, 112, 112, generator=torch.Generator().manual_seed(1)).split(1)


def small():
    """Two convolutions, 14 x 14 places, a mean over places and a linear classifier."""
    torch.manual_seed(0)
    first, second = nn.Conv2d(3, 6, 4, 4), nn.Conv2d(6, 8, 2, 2)
    layers = first, nn.ReLU(), second, nn.ReLU(inplace=True), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 4)
    return nn.Sequential(*layers).requires_grad_(False)


@pytest.fixture(scope="module")
def hosts(micro):
    return {"convnet": network_of(small(), size=(112, 112)), "absvit": network_of(micro)}


def priors(grid):
    return [ClassPrior(1), ClassPrior(3, gain=2.0)], [SpatialPrior.gaussian((30.0, 60.0), 20.0, (112, 112), grid)]


@pytest.mark.parametrize(
    ("host", "mechanism"),
    [
        ("convnet", "evidence_gate"), ("convnet", "decision_bias"), ("convnet", "spatial_gain"),
        ("absvit", "feedback"), ("absvit", "evidence_gate"), ("absvit", "attention_bias"), ("absvit", "decision_bias"),
    ],
)  # fmt: skip
def test_what_is_seen_is_the_same_bit_for_bit_whatever_was_seen_before(hosts, mechanism, host):
    alone, remembering = (MECHANISMS[mechanism].on(of) for of in (hosts[host], hosts[host].remembering()))
    classes, places = priors(alone.grid)
    asked = [prior for prior in (*classes, *places) if alone.takes(prior)]
    record = [name for name in ("class_activation", "tokens") if name in alone.records]
    for images in (NOISE[0], NOISE[0].clone(), NOISE[1], NOISE[0]):
        for prior in asked:
            one, other = (told.perceive(images, [prior], 2, record) for told in (alone, remembering))
            for name in ("logits", "prior_weights", *record):
                assert torch.equal(getattr(one, name).nan_to_num(9), getattr(other, name).nan_to_num(9))


@pytest.mark.parametrize(
    ("mechanism", "layer"), [("evidence_gate", "2"), ("decision_bias", "2"), ("spatial_gain", "0")]
)
def test_another_cue_on_the_same_picture_takes_no_new_pass(mechanism, layer):
    network = network_of(small(), size=(112, 112)).remembering()
    chosen = MECHANISMS[mechanism]
    told = (chosen if mechanism != "spatial_gain" else type(chosen)(chosen.name, chosen.line, layer="2")).on(network)
    calls = []
    network.module.get_submodule(layer).register_forward_hook(lambda *_: calls.append(1))
    classes, places = priors(told.grid)
    for prior in [*classes, *places]:
        if told.takes(prior):
            told.perceive(NOISE[0], [prior], 1)
    assert len(calls) == 1


def test_the_stem_of_an_absvit_runs_once_a_picture_and_its_weights_are_shared(micro):
    network = network_of(micro).remembering(2)
    ran = []
    hook = micro.patch_embed.proj.register_forward_hook(lambda *_: ran.append(1))
    for images in (NOISE[0], NOISE[1], NOISE[0]):
        MECHANISMS["feedback"].on(network).perceive(images, [ClassPrior(2)], 1)
    hook.remove()
    assert len(ran) == 2
    assert network.module is not micro and network.module.patch_embed.proj is micro.patch_embed.proj
    assert micro.patch_embed.forward.__func__ is type(micro.patch_embed).forward


def test_only_the_latest_are_kept_and_nothing_that_needs_gradients():
    memory, made = Memory(2), []

    def of(number):
        return memory("it", NOISE[0] + number, lambda: made.append(number))

    for number in (0, 1, 0, 2, 0, 1):
        of(number)
    assert made == [0, 1, 2, 1]
    wanted = NOISE[0].clone().requires_grad_()
    assert memory("it", wanted, lambda: "new") == "new" and memory("it", NOISE[0], lambda: "kept") is None
    assert memory("other", NOISE[0], lambda: "other") == "other"
    with pytest.raises(ValueError, match="at least 1 batch of images, got 0"):
        Memory(0)


def test_a_gain_on_the_layer_that_is_pooled_takes_no_new_pass_for_its_map():
    network = network_of(small(), size=(112, 112)).remembering()
    layer = network.readout.layer
    changed = Multiplied.of(network, (layer,))
    gains = [{layer: 1 + torch.rand(1, 1, 14, 14, generator=torch.Generator().manual_seed(k))} for k in range(2)]
    with torch.no_grad():
        first, under = changed.seen(NOISE[0], gains, True)
        others = replace(changed, network=network_of(small(), size=(112, 112)), cut=None).seen(NOISE[0], gains, True)
    for one, other in zip((first, *under), (others[0], *others[1]), strict=True):
        assert torch.equal(one.logits, other.logits) and torch.equal(one.features, other.features)
    ran = []
    network.module.get_submodule("0").register_forward_hook(lambda *_: ran.append(1))
    changed.seen(NOISE[0], gains, True)
    assert ran == [] and changed.cut is not None
