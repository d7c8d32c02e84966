"""A network cut behind a layer gives its own logits; what comes before the cut is computed once for all priors."""

from dataclasses import replace

import pytest
import timm
import torch
from small_vit import small_vit
from tiny_networks import IMAGES, convnet
from torch import nn

from absvit.mechanisms import MECHANISMS
from absvit.mechanisms.cutting import cut_behind
from absvit.mechanisms.multiplied import Multiplied, block_at
from absvit.networks import network_of
from absvit.priors import ClassPrior, SpatialPrior
from stimuli.drawing.shapes import CATEGORIES

SPOTS = [SpatialPrior.gaussian((x, 6.0), 3.0, (16, 16), (4, 4)) for x in (2.0, 6.0, 10.0, 14.0)]


class Branching(nn.Module):
    """Goes one of two ways by what it sees, which cannot be traced."""

    def __init__(self):
        super().__init__()
        self.net = convnet()

    def forward(self, images):
        return self.net(images) if images.sum() > 0 else self.net(images.flip(-1))


def calls_of(module, run):
    calls = []
    hook = module.register_forward_hook(lambda *of: calls.append(1))
    run()
    hook.remove()
    return len(calls)


@pytest.mark.parametrize(
    ("name", "layer"),
    [("resnet10t", "layer2"), ("resnet10t", "layer2.0.conv1"), ("vit", "blocks.0"), ("vit", "blocks.1.mlp.fc1")],
)
def test_halves_make_the_whole_bit_for_bit(name, layer):
    torch.manual_seed(0)
    net = small_vit() if name == "vit" else timm.create_model(name, num_classes=5)
    network = network_of(net.eval().requires_grad_(False), size=(32, 32))
    images = torch.randn(3, 3, 32, 32)
    cut = cut_behind(network, layer)
    values = cut.below(images)
    assert torch.equal(cut.resumed(values), network.logits(images))
    assert torch.equal(cut.resumed(values), network.logits(images))  # nothing was changed in place


def test_what_comes_before_is_computed_once():
    net = convnet()
    told = replace(MECHANISMS["spatial_gain"], layer="2").on(network_of(net, size=(16, 16)))
    assert told.facts["shared"]
    assert calls_of(net[0], lambda: told.perceive(IMAGES, SPOTS)) == 1
    assert calls_of(net[6], lambda: told.perceive(IMAGES, SPOTS)) == 1 + len(SPOTS)


def test_a_network_that_cannot_be_traced_takes_whole_passes_to_the_same_numbers():
    branching = Branching().eval()
    whole = replace(MECHANISMS["spatial_gain"], layer="net.2").on(network_of(branching, size=(16, 16)))
    cut = replace(MECHANISMS["spatial_gain"], layer="2").on(network_of(branching.net, size=(16, 16)))
    assert not whole.facts["shared"] and cut.facts["shared"]
    images = IMAGES + 1
    found, expected = (told.perceive(images, SPOTS, 1, ["class_activation"]) for told in (whole, cut))
    assert torch.equal(found.logits, expected.logits)
    assert torch.equal(found.class_activation, expected.class_activation)


def test_maps_are_of_the_pass_under_the_prior():
    """The features after the change, pooled and classified, are the logits."""
    network = network_of(convnet(), size=(16, 16))
    for layer in ("1", "2", "3"):
        told = replace(MECHANISMS["spatial_gain"], layer=layer).on(network)
        seen = told.perceive(IMAGES, SPOTS, 1, ["class_activation"])
        answered, bias = seen.logits.max(-1)
        torch.testing.assert_close(seen.class_activation.sum(-1), answered - network.module[6].bias[bias])


def test_parts_give_the_same():
    told = replace(MECHANISMS["spatial_gain"], layer="1").on(network_of(convnet(), size=(16, 16)))
    cues = [*SPOTS, SpatialPrior(torch.rand(3, 4, 4))]
    whole, parts = (told.perceive(IMAGES, cues, 1, ["class_activation"], budget) for budget in (None, 1))
    torch.testing.assert_close(parts.logits, whole.logits)
    torch.testing.assert_close(parts.class_activation, whole.class_activation)
    assert calls_of(told.network.module[0], lambda: told.perceive(IMAGES, cues, memory_budget=1)) == 3


def test_layers_are_in_the_order_of_computation_and_blocks_are_found():
    network = network_of(convnet(), size=(16, 16))
    assert Multiplied.of(network, ("3", "1")).layers == ("1", "3")
    vit = network_of(small_vit(depth=4).eval())
    assert [block_at(vit, share) for share in (0, 0.25, 0.75, 1)] == [f"blocks.{k}" for k in (0, 1, 2, 3)]


def test_hooks_are_gone_after_an_error():
    told = replace(MECHANISMS["feature_gain"], layers=("1", "3"), n=24)
    net = convnet(classes=12)
    told = told.on(network_of(net, size=(32, 32), categories=CATEGORIES))
    net[4].register_forward_hook(lambda *of: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        told.perceive(torch.randn(1, 3, 32, 32), [ClassPrior(1)])
    assert [len(layer._forward_hooks) for layer in net] == [0, 0, 0, 0, 1, 0, 0]
