"""Kept tokens: the gate of a ViT with a class token is a pass over the places with the most evidence."""

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from small_vit import GRID, IMAGES, KINDS, passed_by_hand, tiny_absvit, tiny_vit
from timm.models.vision_transformer import VisionTransformer

from absvit.mechanisms import MECHANISMS, check_mechanism
from absvit.mechanisms.kept_tokens import share_kept, strongest
from absvit.networks import network_of
from absvit.priors import ClassPrior, LearnedPrior, SpatialPrior

GATE = MECHANISMS["evidence_gate"]
RAMP = SpatialPrior(torch.linspace(0.05, 1, 16).view(GRID), gain=1.0)
VITS = {name: tiny_vit(**KINDS[name]) for name in ("class token", "class token and registers")}
VITS["AbSViT, bottom-up"] = tiny_absvit()


def told(model=VITS["class token"], **parameters):
    return replace(GATE, **({"strength": 1.0} | parameters)).on(network_of(model))


def logits_of(model, image, places):
    """Logits of the places, whose numbers are given, of one image alone, by the model's own blocks."""
    tokens = model._pos_embed(model.patch_embed(IMAGES[image : image + 1]))
    before = model.num_prefix_tokens
    x = tokens[:, [*range(before), *(before + place for place in places)]]
    for block in model.blocks:
        x = block(x)
    return model.forward_head(model.norm(x))[0]


@pytest.mark.parametrize("kind", VITS)
@pytest.mark.parametrize(("dose", "n"), [(1.0, 8), (2.0, 4), (4.0, 1), (9.0, 1)])
def test_it_is_the_blocks_on_the_places_with_the_largest_cosine_with_the_centred_row(kind, dose, n):
    model = VITS[kind]
    seen = told(model, strength=dose).perceive(IMAGES, [ClassPrior(3)], 2)
    rows = model.head.weight - model.head.weight.mean(0)
    tokens = passed_by_hand(model, model._pos_embed(model.patch_embed(IMAGES)))
    projected = tokens[:, model.num_prefix_tokens :] @ torch.linalg.pinv(rows) @ rows
    evidence = F.cosine_similarity(projected, rows[3], dim=-1).clamp(min=0)
    for image in range(3):
        order = sorted(range(16), key=lambda place: -evidence[image, place].item())
        expected = logits_of(model, image, sorted(order[:n]) if evidence[image].any() else range(16))
        torch.testing.assert_close(seen.logits[1:, 0, image], expected.expand(2, -1), rtol=1e-4, atol=1e-5)


def test_ties_are_broken_by_order_and_one_place_at_least_is_kept():
    weights = torch.tensor([[0.0, 1, 1, 0, 1, 0], [0, 0, 0, 0, 0, 2]])
    assert strongest(weights, 0.5).tolist() == [[1, 2, 4], [0, 1, 5]]
    assert strongest(weights, 1e-9).tolist() == [[1], [5]]
    assert strongest(weights, 1.0).tolist() == [[*range(6)]] * 2
    assert [share_kept(dose) for dose in (0, 1, 2)] == [1, 0.5, 0.25]


def test_a_place_keeps_its_position():
    seen = told().perceive(IMAGES, [SpatialPrior(RAMP.weights, gain=2.0)])
    expected = logits_of(VITS["class token"], 1, [12, 13, 14, 15])
    torch.testing.assert_close(seen.logits[1, 0, 1], expected, rtol=1e-4, atol=1e-5)


def test_doses_of_factors_add_up_and_their_weights_multiply():
    flipped = SpatialPrior(RAMP.weights.flip(0, 1), gain=1.0)  # together largest in the middle
    seen = told().perceive(IMAGES, [RAMP * flipped])
    expected = logits_of(VITS["class token"], 2, [6, 7, 8, 9])
    torch.testing.assert_close(seen.logits[1, 0, 2], expected, rtol=1e-4, atol=1e-5)


def test_without_a_dose_or_a_cue_it_is_the_network_bit_for_bit():
    logits = VITS["class token"](IMAGES)
    seen = told().perceive(IMAGES, [LearnedPrior(), ClassPrior(1, gain=0.0)], 2)
    assert torch.equal(seen.logits, logits.expand(3, 2, -1, -1))
    all_kept = told(strength=0.01).perceive(IMAGES, [ClassPrior(1)])
    torch.testing.assert_close(all_kept.logits[1, 0], logits, rtol=1e-4, atol=1e-5)


def test_where_no_place_matches_all_are_kept():
    nowhere_in_the_second = torch.stack([RAMP.weights, torch.zeros(GRID), RAMP.weights])
    seen = told().perceive(IMAGES, [SpatialPrior(nowhere_in_the_second), RAMP], 1, ["class_activation"])
    assert torch.equal(seen.logits[1, 0, 1], seen.logits[0, 0, 1])
    assert torch.equal(seen.logits[1, 0, ::2], seen.logits[1, 1, ::2])
    torch.testing.assert_close(seen.class_activation[1, 0, 1], seen.class_activation[0, 0, 1])


def test_what_is_left_out_adds_nothing_to_the_class():
    seen = told().perceive(IMAGES, [RAMP], 1, ["class_activation"])
    left_out, kept = seen.class_activation[1, 0].split(8, dim=-1)
    assert not left_out.any() and kept.all()
    assert seen.class_activation[0].all()


@pytest.mark.parametrize("kind", VITS)
def test_it_keeps_what_mechanisms_promise(kind):
    check_mechanism(GATE, VITS[kind])


class Other(VisionTransformer):
    """A class that may compute anything."""


def test_another_network_that_reads_a_class_token_is_refused_by_name():
    with pytest.raises(
        ValueError, match="evidence_gate, where a class token is read, needs a timm Vis.* other is .*s Other"
    ):
        GATE.on(network_of(tiny_vit(Other), name="other"))
