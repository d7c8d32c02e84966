"""Spatial gain is a field over what one layer gives, the same for all channels."""

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from small_vit import small_vit
from tiny_networks import IMAGES, convnet

from absvit.mechanisms import MECHANISMS
from absvit.networks import network_of
from absvit.priors import ClassPrior, LearnedPrior, SpatialPrior

GAIN = MECHANISMS["spatial_gain"]
NET = convnet()
NETWORK = network_of(NET, size=(16, 16))
SPOT = SpatialPrior.gaussian((5.0, 11.0), 3.0, (16, 16), (4, 4))


def gained(net, images, layer, field):
    """Multiply what a layer gives by 1 + field (row, column), with a hook."""
    hook = net[layer].register_forward_hook(lambda module, given, gave: gave * (1 + field))
    try:
        return net(images)
    finally:
        hook.remove()


@pytest.mark.parametrize(("layer", "side"), [("1", 8), ("2", 4)])
def test_it_is_the_equation_with_the_weights_as_the_field(layer, side):
    told = replace(GAIN, layer=layer, strength=1.5).on(NETWORK)
    seen = told.perceive(IMAGES, [SPOT, SpatialPrior(SPOT.weights.expand(3, 4, 4), gain=2.0)], 2)
    field = F.interpolate(SPOT.weights[None, None], (side, side), mode="bilinear", align_corners=False)[0, 0]
    for k, dose in enumerate((1.5, 3.0)):
        expected = gained(NET, IMAGES, int(layer), dose * field)
        for t in (1, 2):
            torch.testing.assert_close(seen.logits[t, k], expected, rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(seen.prior_weights[0, 1], 3.0 * SPOT.weights.flatten().expand(3, -1))


def test_of_a_width_it_is_a_gaussian_around_the_centre_of_mass():
    told = replace(GAIN, layer="1", width=0.2).on(NETWORK)
    weights = torch.zeros(4, 4)
    weights[1, 2], weights[3, 2] = 0.9, 0.3  # rows at 6 and 14 pixels, a column at 10
    y, x = torch.meshgrid(torch.arange(1.0, 16, 2), torch.arange(1.0, 16, 2), indexing="ij")
    field = torch.exp(-((y - 8) ** 2 + (x - 10) ** 2) / (2 * 3.2**2))
    seen = told.perceive(IMAGES, [SpatialPrior(weights, gain=4.0)])
    torch.testing.assert_close(seen.logits[1, 0], gained(NET, IMAGES, 1, 4 * field), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("width", [0.0, 0.2])
def test_a_flat_field_scales_the_layer(width):
    seen = replace(GAIN, layer="2", width=width).on(NETWORK).perceive(IMAGES, [SpatialPrior(torch.full((4, 4), 0.5))])
    torch.testing.assert_close(seen.logits[1, 0], NET[3:](1.5 * NET[:3](IMAGES)), rtol=1e-6, atol=1e-6)


def test_places_multiply_and_what_cues_nothing_counts_as_one():
    told = replace(GAIN, layer="2").on(NETWORK)
    both, product = told.perceive(
        IMAGES, [SpatialPrior(SPOT.weights.square(), gain=6.0), SPOT * LearnedPrior() * replace(SPOT, gain=6.0)]
    ).logits[1]
    torch.testing.assert_close(product, both, rtol=1e-6, atol=1e-6)


def test_the_tokens_of_patches_alone_are_multiplied():
    torch.manual_seed(0)
    vit = small_vit().eval().requires_grad_(False)
    images, cue = torch.randn(2, 3, 32, 32), SpatialPrior(torch.rand(4, 4))
    found = replace(GAIN, layer="blocks.0").on(network_of(vit)).perceive(images, [cue]).logits[1, 0]
    gain = 1 + F.pad(cue.weights.flatten(), (1, 0))[:, None]
    hook = vit.blocks[0].register_forward_hook(lambda module, given, gave: gave * gain)
    torch.testing.assert_close(found, vit(images), rtol=1e-5, atol=1e-6)
    hook.remove()


def test_what_cannot_be_had_is_refused():
    with pytest.raises(ValueError, match="has no layer 'layer9'"):
        replace(GAIN, layer="layer9").on(NETWORK)
    with pytest.raises(ValueError, match="has no places"):
        replace(GAIN, layer="4").on(NETWORK)
    with pytest.raises(ValueError, match="width of spatial_gain must be at least 0"):
        replace(GAIN, width=-1.0)
    with pytest.raises(ValueError, match="takes priors of kind learned, place, and none of class"):
        GAIN.on(NETWORK).perceive(IMAGES, [ClassPrior(1)])
    with pytest.raises(ValueError, match="no layer with channels at places"):
        GAIN.on(network_of(NET.forward, name="own", size=(16, 16)))
