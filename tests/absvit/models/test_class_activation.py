"""Class activation is what the paper's equation says, for models that pool places."""

import pytest
import torch
from small_vit import SIZES, small_vit

import absvit
from absvit import AbSViT, perceive
from absvit.priors import ClassPrior, LearnedPrior

IMAGES = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module", params=["avg", "token"])
def model(request):
    torch.manual_seed(0)
    model = AbSViT(**SIZES, global_pool=request.param, fc_norm=False).eval()
    for weights in model.decoders.parameters():
        weights.data.mul_(20)
    return model


def test_it_is_the_row_of_the_class_times_the_token_over_the_number_of_places(model):
    told = torch.tensor([3, 1])
    seen = perceive(model, IMAGES, [ClassPrior(told, gain=2.0), LearnedPrior()], 2, ["class_activation", "tokens"])
    assert seen.class_activation.shape == (3, 2, 2, 17)
    for t in range(3):
        for k, named in enumerate((told if t else None, None)):  # pass 0 is told nothing
            classes = seen.logits[t, k].argmax(-1) if named is None else named
            expected = (seen.tokens[t, k] * model.head.weight[classes][:, None]).sum(-1) / 16
            torch.testing.assert_close(seen.class_activation[t, k], expected, rtol=1e-5, atol=1e-6)


def test_where_places_are_pooled_it_sums_to_the_logit_but_for_the_bias(model):
    seen = perceive(model, IMAGES, [ClassPrior(2)], 1, ["class_activation"])
    total = seen.class_activation[1, 0, :, model.num_prefix_tokens :].sum(-1) + model.head.bias[2]
    assert torch.allclose(total, seen.logits[1, 0, :, 2], atol=1e-5) == (model.global_pool == "avg")
    assert absvit.maps.class_activation_map(seen).shape == (2, 1, 2, 4, 4)


def test_recording_it_changes_nothing_and_parts_give_the_same(model):
    cues = [ClassPrior(torch.tensor([0, 4])), ClassPrior(1)]
    plain, seen = (perceive(model, IMAGES, cues, 1, record) for record in ((), ("class_activation",)))
    torch.testing.assert_close(seen.logits, plain.logits)
    parts = perceive(model, IMAGES, cues, 1, ("class_activation",), memory_budget=1)
    torch.testing.assert_close(parts.class_activation, seen.class_activation)


def test_a_plain_vit_has_the_map_of_the_class_that_it_answers():
    vit = small_vit().eval()
    seen = perceive(vit, IMAGES, record=["class_activation", "tokens"])
    row = vit.head.weight[seen.logits[0, 0].argmax(-1)]
    torch.testing.assert_close(seen.class_activation[0, 0], (seen.tokens[0, 0] @ row[..., None]).squeeze(-1) / 16)
    dataset = seen.to_xarray()
    assert dataset["class_activation"].dims == ("iteration", "prior", "stimulus", "token_y", "token_x")
    with pytest.raises(ValueError, match="class_activation needs a classifier"):
        perceive(small_vit(num_classes=0).eval(), IMAGES, record=["class_activation"])
