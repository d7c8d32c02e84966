"""Attention bias: attention times a power of the match, renormalised, in the blocks that are named."""

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from small_vit import GRID, IMAGES, KINDS, passed_by_hand, tiny_absvit, tiny_vit
from timm.models.vision_transformer import ParallelScalingBlock, VisionTransformer
from tiny_networks import convnet

from absvit.mechanisms import MECHANISMS, check_mechanism
from absvit.networks import network_of
from absvit.priors import ClassPrior, LearnedPrior, SpatialPrior, VectorPrior

BIAS = MECHANISMS["attention_bias"]
RAMP = SpatialPrior(torch.linspace(0.05, 1, 16).view(GRID))
NOWHERE = SpatialPrior(torch.zeros(GRID), gain=0.0)
VITS = {name: tiny_vit(**kwargs) for name, kwargs in KINDS.items()} | {"AbSViT, bottom-up": tiny_absvit()}


def told(model=VITS["class token"], **parameters):
    return replace(BIAS, **parameters).on(network_of(model))


def entering(model):
    return model.norm_pre(model._pos_embed(model.patch_embed(IMAGES)))


def matched(model, tokens, direction, dose, floor=0.01):
    """Weights by the definition: cosine, cut off at the floor, to a power; 1 before the patches."""
    weights = F.cosine_similarity(tokens, direction, dim=-1).clamp(min=floor) ** dose
    weights[:, : model.num_prefix_tokens] = 1
    return weights


def close(found, expected):
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", VITS)
def test_it_is_attention_times_a_power_of_the_match_with_the_pass_before_renormalised(kind):
    model, vector = VITS[kind], torch.randn(16, generator=torch.Generator().manual_seed(2))
    priors = [ClassPrior(3), VectorPrior(vector, gain=2.0)]
    seen = told(model, strength=1.5).perceive(IMAGES, priors, 2, ["tokens"])
    row = model.head.weight[3] * getattr(model.fc_norm, "weight", 1)
    for prior, (direction, dose) in enumerate([(row, 1.5), (vector, 3.0)]):
        tokens = passed_by_hand(model, entering(model))
        for iteration in (1, 2):
            weights = matched(model, tokens, direction, dose)
            tokens = passed_by_hand(model, entering(model), weights)
            close(seen.prior_weights[iteration - 1, prior], weights)
            close(seen.tokens[iteration, prior], tokens)
            close(seen.logits[iteration, prior], model.forward_head(tokens))


@pytest.mark.parametrize("kind", KINDS)
def test_without_a_dose_or_a_cue_it_is_the_network_bit_for_bit(kind):
    neutral = [LearnedPrior(), ClassPrior(1, gain=0.0), ClassPrior(1, gain=0.0) * NOWHERE]
    logits = VITS[kind](IMAGES)
    assert torch.equal(told(VITS[kind]).perceive(IMAGES, neutral, 2).logits, logits.expand(3, 3, -1, -1))
    still = told(VITS[kind], strength=0.0).perceive(IMAGES, [ClassPrior(1), RAMP], 2)
    assert torch.equal(still.logits, logits.expand(3, 2, -1, -1))
    assert (told(VITS[kind]).perceive(IMAGES, [ClassPrior(1)]).logits[1, 0] - logits).abs().max() > 0.01


def test_full_weights_change_nothing():
    seen = told().perceive(IMAGES, [SpatialPrior(torch.ones(GRID), gain=5.0)])
    torch.testing.assert_close(seen.logits[1], seen.logits[0], rtol=1e-5, atol=1e-5)


def test_flat_weights_change_nothing_where_there_are_places_alone():
    seen = told(VITS["mean of places"]).perceive(IMAGES, [SpatialPrior(torch.full(GRID, 0.3), gain=4.0)])
    torch.testing.assert_close(seen.logits[1], seen.logits[0], rtol=1e-5, atol=1e-5)


def test_flat_weights_leave_the_places_as_they_are_to_each_other_and_the_class_token_more():
    seen = told().perceive(IMAGES, [SpatialPrior(torch.full(GRID, 0.3), gain=2.0)], 1, ["attention"])
    before, after = seen.attention[:, 0, :, 0]  # of the first block, whose tokens are those of both passes
    for attention in (before, after):
        assert torch.allclose(attention.sum(-1), torch.ones(()))
    odds = [attention[..., 0] / attention[..., 1:].sum(-1) for attention in (before, after)]
    torch.testing.assert_close(odds[1], odds[0] / 0.3**2, rtol=1e-4, atol=1e-6)
    among = [attention[..., 1:] / attention[..., 1:].sum(-1, keepdim=True) for attention in (before, after)]
    torch.testing.assert_close(among[1], among[0], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("gain", [30.0, 100.0])
def test_of_the_places_a_large_dose_attends_that_of_the_prior_alone(gain):
    place = torch.zeros(GRID)
    place[1, 2] = 1
    seen = told().perceive(IMAGES, [SpatialPrior(place, gain=gain)], 1, ["attention"])
    attention = seen.attention[1, 0, ..., 1:]
    close(attention / attention.sum(-1, keepdim=True), place.flatten().expand_as(attention))


@pytest.mark.parametrize("strength", [-1e4, 1e4])
@pytest.mark.parametrize("kind", KINDS)
def test_any_finite_strength_gives_logits(kind, strength):
    seen = told(VITS[kind], strength=strength).perceive(IMAGES, [ClassPrior(1), RAMP, ClassPrior(1) * RAMP])
    assert torch.isfinite(seen.logits).all()


def test_places_are_those_of_the_size_that_a_network_is_given():
    network = network_of(tiny_vit(dynamic_img_size=True), size=(32, 48))
    images, weights = torch.randn(2, 3, 32, 48), torch.linspace(0.1, 1, 24).view(4, 6)
    seen = BIAS.on(network).perceive(images, [SpatialPrior(weights)])
    assert seen.grid == (4, 6)
    torch.testing.assert_close(seen.prior_weights[0, 0, :, 1:], weights.flatten().expand(2, -1))


def test_weights_of_a_product_multiply():
    other = SpatialPrior(RAMP.weights.flip(0))
    both = SpatialPrior(RAMP.weights * other.weights)
    priors = [RAMP * other, both, ClassPrior(2) * RAMP, ClassPrior(2), RAMP]
    seen = told(strength=1.3).perceive(IMAGES, priors)
    torch.testing.assert_close(seen.logits[1, 0], seen.logits[1, 1], rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(seen.prior_weights[0, 2], seen.prior_weights[0, 3] * seen.prior_weights[0, 4])


def test_only_the_blocks_that_are_named_are_biased_and_those_below_are_run_once():
    model, calls = tiny_vit(), []
    for number, block in enumerate(model.blocks):
        block.register_forward_hook(lambda block, given, gave, number=number: calls.append(number))
    above = told(model, layers=("blocks.1",))
    calls.clear()
    seen = above.perceive(IMAGES, [ClassPrior(0), ClassPrior(1), RAMP], 2)
    assert sorted(calls) == [0] + [1] * 7
    weights = RAMP.weights.flatten().expand(3, -1)
    tokens = passed_by_hand(model, entering(model), F.pad(weights, (1, 0), value=1.0), biased=[1])
    torch.testing.assert_close(seen.logits[1, 2], model.forward_head(tokens), rtol=1e-4, atol=1e-5)


def test_records_are_those_of_the_biased_pass():
    bias, model = told(), VITS["class token"]
    seen = bias.perceive(IMAGES, [RAMP], 1, bias.records)
    weights = F.pad(RAMP.weights.flatten(), (1, 0), value=1.0)
    expected = seen.attention[0, 0, :, 0] * weights
    torch.testing.assert_close(seen.attention[1, 0, :, 0], expected / expected.sum(-1, keepdim=True))
    torch.testing.assert_close(seen.class_attention, seen.attention[..., 0, :].mean(-2))
    state = entering(model)
    for layer, block in enumerate(model.blocks):
        torch.testing.assert_close(seen.token_norms[0, 0, :, layer], state.norm(dim=-1))
        values = block.attn.qkv(block.norm1(state))[..., 32:]
        torch.testing.assert_close(seen.value_norms[0, 0, :, layer], values.norm(dim=-1))
        state = block(state)
    answered = model.head.weight[seen.logits[1, 0].argmax(-1)]
    adds = torch.einsum("itc,ic->it", seen.tokens[1, 0], answered) / 16
    torch.testing.assert_close(seen.class_activation[1, 0], adds)


def test_parts_that_fit_little_memory_give_the_same():
    asked = IMAGES, [ClassPrior(torch.tensor([0, 1, 2]))], 2
    few, many = (told().perceive(*asked, memory_budget=n) for n in (1, None))
    torch.testing.assert_close(few.logits, many.logits, rtol=1e-5, atol=1e-5)


def test_gradients_reach_the_images():
    images = IMAGES.clone().requires_grad_()
    told().perceive(images, [ClassPrior(1)]).logits[1, 0, 0, 1].backward()
    assert images.grad[0].abs().sum() > 0 and not images.grad[1:].any()


@pytest.mark.parametrize("kind", VITS)
def test_it_keeps_what_mechanisms_promise(kind):
    check_mechanism(BIAS, VITS[kind])


class Other(VisionTransformer):
    """A class that may compute anything."""


@pytest.mark.parametrize(
    ("network", "kind"),
    [
        (network_of(convnet(), size=(16, 16)), "torch's Sequential"),
        (network_of(tiny_vit(Other), name="other"), "test_attention_bias's Other"),
        (network_of(lambda images: images.mean((2, 3)), size=(32, 32)), "a function"),
    ],
    ids=["convolutions", "a class derived from it", "a function"],
)
def test_other_networks_are_refused_by_name(network, kind):
    with pytest.raises(ValueError, match=f"attention_bias needs a timm Vis.* {network.name} is {kind}"):
        BIAS.on(network)


def test_blocks_of_another_kind_are_refused():
    with pytest.raises(ValueError, match="expected pre-norm blocks with plain attention"):
        BIAS.on(network_of(tiny_vit(block_fn=ParallelScalingBlock)))


def test_blocks_that_there_are_not_are_refused_and_the_nearest_named():
    with pytest.raises(ValueError, match=r"has no block 'block.1'; the nearest are blocks.1"):
        told(layers=("block.1",))


@pytest.mark.parametrize("floor", [0.0, -1.0, 1.5])
def test_a_floor_that_is_no_match_is_refused(floor):
    with pytest.raises(ValueError, match="floor of attention_bias must lie above 0"):
        replace(BIAS, floor=floor)
