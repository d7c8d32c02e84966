"""Attention maps against closed forms and loops."""

from pathlib import Path

import formula
import numpy as np
import pytest
import timm
import torch

import absvit
from absvit import maps, priors
from absvit.models.perceive import RECORDABLE

VECTORS = Path(__file__).parents[2] / "data" / "conformance"  # every 61st number of the larger arrays


@pytest.fixture(scope="module")
def seen():
    made = timm.create_model("absvit_tiny_patch16_224", img_size=(32, 48), depth=4, num_classes=5)
    formula.fill(made)
    images = torch.randn(2, 3, 32, 48, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    return absvit.perceive(made, images, [priors.LearnedPrior(), priors.ClassPrior(2)], 2, RECORDABLE)


@pytest.mark.parametrize(
    ("make", "recorded", "layer", "passes"),
    [
        (maps.feedback_norm_map, "feedback_norms", -3, 2),
        (maps.value_norm_map, "value_norms", -3, 3),
        (maps.token_norm_map, "token_norms", -3, 3),
        (maps.class_attention_map, "class_attention", -1, 3),
    ],
)
def test_maps_of_a_layer(seen, make, recorded, layer, passes):
    values = getattr(seen, recorded)
    for chosen in (layer, 0, 3, -4):
        result = make(seen) if chosen == layer else make(seen, chosen)
        assert result.shape == (passes, 2, 2, 2, 3)
        for row in range(2):
            for column in range(3):
                torch.testing.assert_close(
                    result[..., row, column], values[:, :, :, chosen, 1 + 3 * row + column], rtol=0, atol=0
                )
    for wrong in (4, -5):
        with pytest.raises(ValueError, match=rf"layer must be in -4\.\.3, got {wrong}"):
            make(seen, wrong)


def test_maps_are_norms_of_what_they_name(seen):
    torch.testing.assert_close(
        maps.feedback_norm_map(seen), seen.feedback[:, :, :, 1, 1:].norm(dim=-1).unflatten(-1, (2, 3))
    )
    attention = seen.attention[:, :, :, -1, :, 0, 1:].mean(3).unflatten(-1, (2, 3))
    torch.testing.assert_close(maps.class_attention_map(seen), attention)
    assert torch.equal(maps.prior_weight_map(seen), seen.prior_weights[..., 1:].unflatten(-1, (2, 3)))


def test_clipped_token_norms(seen):
    norms, clipped = maps.token_norm_map(seen), maps.token_norm_map(seen, clip=True)
    for index in np.ndindex(3, 2, 2):
        lowest, highest = norms[index].min(), norms[index].max()
        for place in np.ndindex(2, 3):
            expected = max(norms[index][place] - (0.7 * highest + 0.3 * lowest), 0)
            assert clipped[index][place] == pytest.approx(float(expected), abs=1e-12)


def test_token_norms_of_the_original():
    vector = np.load(VECTORS / "absvit_tiny_patch16_224.npz")["token_norm_map"]
    model = formula.fill(timm.create_model("absvit_tiny_patch16_224"))
    seen = absvit.perceive(model, formula.images(2), record=("token_norms",))
    np.testing.assert_allclose(maps.token_norm_map(seen)[1, 0].flatten()[::61], vector, rtol=1e-9)


def test_rollout(seen):
    result = maps.attention_rollout(seen)
    for index in np.ndindex(3, 2, 2):
        product = torch.eye(7, dtype=torch.float64)
        for layer in range(4):
            attention = sum(seen.attention[index][layer, head] for head in range(3)) / 3
            product = (attention + torch.eye(7)) / 2 @ product
        torch.testing.assert_close(result[index].flatten(), product[0, 1:])


def test_registers_are_left_out():
    vit = timm.create_model("vit_tiny_patch16_224", img_size=32, depth=3, reg_tokens=2)
    seen = absvit.perceive(vit, torch.randn(1, 3, 32, 32), record=("token_norms", "attention", "class_attention"))
    norms = maps.token_norm_map(seen)
    assert torch.equal(norms.flatten(3), seen.token_norms[:, :, :, 0, 3:])
    assert maps.attention_rollout(seen).shape == maps.class_attention_map(seen).shape == (1, 1, 1, 2, 2)


@pytest.mark.parametrize("name", ["feedback_norm", "value_norm", "token_norm", "class_attention", "attention_rollout"])
def test_what_was_not_recorded_is_said(name):
    make = getattr(maps, name if name == "attention_rollout" else f"{name}_map")
    recorded = {"attention_rollout": "attention", "class_attention": "class_attention"}.get(name, f"{name}s")
    seen = absvit.perceive(timm.create_model("absvit_micro"), torch.zeros(1, 3, 112, 112))
    with pytest.raises(ValueError, match=rf"holds no {recorded}; call perceive\(\.\.\., record=\('{recorded}',\)\)"):
        make(seen)


@pytest.mark.parametrize("make", [maps.prior_weight_map, maps.feedback_norm_map])
@pytest.mark.parametrize("name", ["absvit_micro", "vit_micro"])
def test_maps_of_feedback_need_feedback(make, name):
    model = timm.create_model(name)
    seen = absvit.perceive(model, torch.zeros(1, 3, 112, 112), iterations=0, record=RECORDABLE)
    with pytest.raises(ValueError, match=r"no feedback iteration.*iterations >= 1"):
        make(seen)
