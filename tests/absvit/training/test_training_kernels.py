"""The kernels of CPU training compute what torch's usual ones do, forward and backward."""

import contextlib

import pytest
import torch
import torch.nn.functional as F
from torch.profiler import profile

import absvit
from absvit.training.cpu_kernels import faster_kernels
from absvit.training.pictures.objective import PictureObjective

CPU = torch.device("cpu")


def numbers(*shape, seed=0, dtype=torch.float32):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


def outcome(function, inputs, dtype, seed=9):
    """Result and gradients of a function of tensors that need them, None where a tensor is frozen."""
    leaves = [
        None if given is None else given.detach().to(dtype).requires_grad_(given.requires_grad) for given in inputs
    ]
    result = function(*leaves)
    result.backward(numbers(*result.shape, seed=seed, dtype=result.dtype))
    return [result.detach(), *(leaf.grad for leaf in leaves if leaf is not None)]


@pytest.mark.parametrize("shape", [(7, 12), (2, 5, 12), (2, 3, 4, 12)])
@pytest.mark.parametrize("learns", ["xwb", "xw", "wb", "x", "b"])
def test_linear_layers_and_their_gradients(shape, learns):
    inputs = [numbers(*shape), numbers(9, 12, seed=1), numbers(9, seed=2) if learns != "xw" else None]
    for name, given in zip("xwb", inputs, strict=True):
        if given is not None:
            given.requires_grad_(name in learns)
    with faster_kernels(CPU):
        ours = outcome(F.linear, inputs, torch.float32)
    for mine, exact in zip(ours, outcome(F.linear, inputs, torch.float64), strict=True):
        assert (mine is None) == (exact is None)
        if mine is not None:
            torch.testing.assert_close(mine.double(), exact, rtol=1e-5, atol=1e-5)


def test_strided_inputs():
    x, weight = numbers(6, 5, 4).transpose(0, 2)[1:], numbers(8, 6).t()[:, :5].t().contiguous().t()
    inputs = [x.requires_grad_(), weight.t()[:, :6].requires_grad_(), None]
    with faster_kernels(CPU):
        ours = outcome(F.linear, inputs, torch.float32)
    for mine, exact in zip(ours, outcome(F.linear, inputs, torch.float64), strict=True):
        torch.testing.assert_close(mine.double(), exact, rtol=1e-5, atol=1e-5)


def test_attention_in_bfloat16():
    inputs = [numbers(2, 3, 17, 8, seed=k).requires_grad_() for k in range(3)]
    with faster_kernels(CPU):
        ours = outcome(F.scaled_dot_product_attention, inputs, torch.bfloat16)
    for mine, exact in zip(ours, outcome(F.scaled_dot_product_attention, inputs, torch.float64), strict=True):
        assert mine.dtype == torch.bfloat16
        torch.testing.assert_close(mine.double(), exact, rtol=0.05, atol=0.05)


@pytest.mark.seconds
@pytest.mark.parametrize("name", ["vit_micro", "absvit_micro"])
def test_no_model_trains_with_the_slow_kernel(name):
    model, images = absvit.create_model(name), numbers(1, 3, 112, 112)
    with profile() as seen, torch.autocast("cpu", torch.bfloat16), faster_kernels(CPU):
        model.train()(images).sum().backward()
    ran = {event.key for event in seen.key_averages()}
    assert "aten::bmm" in ran and not any("attention" in key for key in ran)


def test_what_it_does_not_speed_up_stays_as_it_is():
    q, mask = numbers(2, 3, 17, 8, dtype=torch.bfloat16), torch.ones(17, 17, dtype=torch.bool).tril()
    calls = [
        lambda: F.linear(numbers(3, 4, dtype=torch.float64), numbers(2, 4, dtype=torch.float64)),
        lambda: F.scaled_dot_product_attention(q, q, q, attn_mask=mask),
        lambda: F.scaled_dot_product_attention(q, q, q, is_causal=True),
        lambda: F.scaled_dot_product_attention(q.float(), q.float(), q.float()),
        lambda: F.gelu(q),
    ]
    plain = [call() for call in calls]
    with faster_kernels(CPU):
        assert all(torch.equal(call(), expected) for call, expected in zip(calls, plain, strict=True))
        with torch.autocast("cpu", torch.bfloat16):
            assert F.linear(numbers(3, 4), numbers(2, 4)).dtype == torch.bfloat16
    for given in ((torch.device("cuda"),), (CPU, True)):
        assert isinstance(faster_kernels(*given), contextlib.nullcontext)


@pytest.mark.parametrize("checkpointing", [False, True])
def test_a_training_step_of_both_passes(checkpointing):
    torch.manual_seed(0)
    model = absvit.create_model("absvit_tiny_patch16_224", img_size=48, depth=3).train()
    model.set_grad_checkpointing(checkpointing)
    objective = PictureObjective(model, 0.1, 0.1)
    images, target = numbers(3, 3, 48, 48), F.one_hot(torch.tensor([1, 50, 999]), 1000).float()
    found = []
    for context in (contextlib.nullcontext(), faster_kernels(CPU, recomputes=checkpointing)):
        with context:
            loss = objective(images, target)["loss"]
        model.zero_grad()
        loss.backward()
        found.append((loss.detach(), [parameter.grad.clone() for parameter in model.parameters()]))
    torch.testing.assert_close(found[1][0], found[0][0], rtol=1e-6, atol=0)
    for ours, usual in zip(found[1][1], found[0][1], strict=True):
        assert float((ours - usual).abs().max()) <= 1e-4 * float(usual.abs().max())
