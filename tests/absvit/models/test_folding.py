"""The decoders folded to one matrix a layer: the right product, and never that of earlier weights."""

import copy

import formula
import plain
import pytest
import timm
import torch
from timm.utils import ModelEmaV3

import absvit
from absvit import priors
from absvit.models.feedback import Decoder, fold_decoders

IMAGES = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def model():
    made = timm.create_model("absvit_tiny_patch16_224", img_size=32, depth=3, num_classes=5)
    formula.fill(made, dtype=torch.float32)
    looked(made)
    return made


def looked(model):
    """What a model gives where folded decoders are kept: called, and with a class prior."""
    images = IMAGES.to(next(model.parameters()).dtype)
    with torch.no_grad():
        prior = priors.ClassPrior(1, gain=2.0)
        return torch.stack([model(images), absvit.perceive(model, images, [prior]).logits[1, 0]])


def assert_up_to_date(model, before):
    """Weights count as they are now: a new model with the same ones gives the same."""
    with torch.device(next(model.parameters()).device):
        twin = timm.create_model("absvit_tiny_patch16_224", img_size=32, depth=3, num_classes=5).eval()
    twin.to(next(model.parameters()).dtype).load_state_dict(model.state_dict())
    after = looked(model)
    assert torch.equal(after, looked(twin))
    assert not torch.equal(after, before)


def test_folding_is_the_chain_of_decoders():
    decoders = [Decoder(8).double() for _ in range(4)]
    tokens = torch.randn(2, 5, 8, dtype=torch.float64)
    folded = fold_decoders([d.linear.weight for d in decoders], [d.linear2.weight for d in decoders])
    x = tokens
    for layer in reversed(range(4)):
        x = decoders[layer].linear(x)
        torch.testing.assert_close(tokens @ folded[layer].T, decoders[layer].linear2(x))


@pytest.mark.parametrize("second_bias", [True, False])
def test_descend_gives_the_values_of_the_feedback(model, second_bias):
    model, state = model.double(), model.state_dict()
    model.second_value_bias = second_bias
    tokens = torch.randn(2, 5, 192, dtype=torch.float64)
    drives, x = model.descend(tokens), tokens
    for layer in (2, 1, 0):
        x = plain.linear(state, f"decoders.{layer}.linear", x)
        td = plain.linear(state, f"decoders.{layer}.linear2", x)
        value = td @ state[f"blocks.{layer}.attn.qkv.weight"][384:].T
        value = value + second_bias * state[f"blocks.{layer}.attn.qkv.bias"][384:]
        torch.testing.assert_close(drives[:, :, layer].detach(), value, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("optimiser", [torch.optim.SGD, torch.optim.AdamW])
@pytest.mark.parametrize("options", [{"foreach": False}, {"foreach": True}, {"fused": True}], ids=str)
def test_after_a_training_step(model, optimiser, options):
    stepping = optimiser(model.parameters(), lr=1e-5, **options)
    for _ in range(2):
        before = looked(model)
        model(IMAGES).square().mean().backward()
        stepping.step()
        assert_up_to_date(model, before)


@pytest.mark.parametrize("assign", [False, True])
def test_after_loading(model, assign):
    before, other = looked(model), copy.deepcopy(model)
    formula.fill(other, 1, torch.float32)
    model.load_state_dict(other.state_dict(), assign=assign)
    assert_up_to_date(model, before)


def transposed(weight):
    return weight.T.clone()


def antisymmetric(weight):
    return weight + 0.01 * (torch.ones_like(weight).triu() - torch.ones_like(weight).tril())


def permuted(weight):
    return weight.flatten()[torch.randperm(weight.numel(), generator=torch.Generator().manual_seed(1))].view_as(weight)


def neighbours_swapped(weight):
    return weight[[1, 0, *range(2, len(weight))]]


def one_entry(weight):
    return weight + 0.05 * (torch.arange(weight.numel()) == 7).view_as(weight)


@pytest.mark.parametrize("change", [transposed, antisymmetric, permuted, neighbours_swapped, one_entry])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize("part", ["decoders.0.linear", "decoders.2.linear2", "blocks.1.attn.qkv"])
def test_after_changes_behind_autograd(model, part, dtype, change):
    model = model.to(dtype)
    before = looked(model)
    weight = model.get_submodule(part).weight.data[-192:]
    weight.copy_(change(weight.float()))
    assert_up_to_date(model, before)


def test_after_replacing_a_parameter_or_calling_with_others(model):
    before = looked(model)
    weight = model.decoders[1].linear.weight
    others = {**dict(model.named_parameters()), "decoders.1.linear.weight": -weight.detach()}
    with torch.no_grad():
        swapped = torch.func.functional_call(model, others, (IMAGES,))
    assert torch.equal(looked(model), before)
    model.decoders[1].linear.weight = torch.nn.Parameter(-weight.detach())
    assert_up_to_date(model, before)
    assert torch.equal(looked(model)[0], swapped)


def test_moving_between_types_keeps_no_coarser_product(model):
    exact = copy.deepcopy(model).bfloat16().float()
    fine = looked(exact)
    model.bfloat16()
    coarse = looked(model)
    assert coarse.dtype == torch.bfloat16
    model.float()
    assert torch.equal(looked(model), fine)
    model.double()
    assert looked(model).dtype == torch.float64
    torch.testing.assert_close(looked(model).float(), fine, rtol=1e-4, atol=1e-4)


def test_a_moving_average_is_followed(model):
    average = ModelEmaV3(model, decay=0.5)
    for _ in range(2):
        before = looked(average.module)
        formula.fill(model, 3, torch.float32)
        average.update(model)
        assert_up_to_date(average.module, before)


def test_what_inference_keeps_does_not_stop_training(model):
    with torch.inference_mode():
        model(IMAGES)
    for key, parameter in model.named_parameters():
        parameter.requires_grad_(key.startswith("decoders"))
    torch.testing.assert_close(looked(model)[0], model(IMAGES).detach(), rtol=1e-4, atol=1e-4)
    with torch.inference_mode():
        model(IMAGES)
    model.zero_grad()
    model(IMAGES).sum().backward()
    assert all(decoder.linear2.weight.grad.any() for decoder in model.decoders)


@pytest.mark.seconds
def test_a_trace_folds_the_weights_that_it_holds(model):
    with torch.no_grad():
        traced = torch.jit.trace(copy.deepcopy(model), IMAGES)
        for parameter in (*traced.parameters(), *model.parameters()):
            parameter.mul_(0.9)
        torch.testing.assert_close(traced(IMAGES), model(IMAGES), rtol=1e-4, atol=1e-4)


def test_autocast_folds_in_full_precision(model):
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        assert model.folded_values(model.prompt).dtype == torch.float32
    fresh = copy.deepcopy(model)
    fresh._folded_cache = None
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(fresh.folded_values(fresh.prompt), model.folded_values(model.prompt))
