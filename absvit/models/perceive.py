"""Perceive: images under every prior and iteration, as one trajectory.

Rows (an image under a prior) are worked off in parts that fit the memory budget.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from numbers import Integral

import torch
from timm.models.vision_transformer import VisionTransformer
from torch import Tensor, nn

from absvit.models.absvit import AbSViT
from absvit.models.block_passes import Feedback, feed_back, look
from absvit.models.class_names import own_names
from absvit.models.priors import Prior
from absvit.models.recording import Recording
from absvit.models.requests import RECORDABLE, check_images_of, check_request, token_grid
from absvit.models.trajectory import Shown, Trajectory

__all__ = ["RECORDABLE", "Trajectory", "evaluating", "perceive"]

CPU_BUDGET, ACCELERATOR_BUDGET = 64 * 2**20, 2**30  # bytes; small parts stay in a CPU's caches


def perceive(
    model: VisionTransformer,
    images: Tensor,
    priors: Sequence[Prior] | None = None,
    iterations: int = 1,
    record: Sequence[str] = (),
    memory_budget: int | None = None,
) -> Trajectory:
    """Look at images with each of several priors.

    Iteration t >= 1 weights the tokens of pass t - 1 with the prior, feeds them back, and runs the blocks
    again on the same image (Shi et al. 2023, section 3.3; the official model is ``iterations=1`` with a
    LearnedPrior). Dropout is never active. Gradients are kept where the images require them, and only there.

    Parameters
    ----------
    model : AbSViT; or a plain VisionTransformer, which has iteration 0 only and takes no priors.
    images : (image, channel, y, x), normalised with the model's mean and std.
    priors : what to look for; the learned prompt if left out.
    iterations : number of feedback passes T, at least 0.
    record : names of ``RECORDABLE`` to keep besides logits and prior weights.
    memory_budget : bytes that intermediate results may take at a time, results themselves not counted, nor
        what gradients need; 64 MiB on a CPU and 1 GiB elsewhere if left out. One image under one prior is
        always done.

    Returns
    -------
    Trajectory on the device of the model.

    Raises
    ------
    ValueError : an argument is not as described, or a plain ViT is asked for feedback.

    Examples
    --------
    >>> looked = absvit.perceive(model, images, [priors.ClassPrior("ring")], iterations=2)
    >>> looked.logits.shape  # (iteration, prior, image, class)
    torch.Size([3, 1, 4, 12])
    """
    record = record if isinstance(record, str) else tuple(record)
    if memory_budget is not None and not (isinstance(memory_budget, Integral) and memory_budget > 0):
        raise ValueError(f"memory_budget must be a positive integer number of bytes, got {memory_budget!r}")
    check_images_of(model, images)
    priors, iterations = check_request(model, images, priors, iterations, record)
    with torch.set_grad_enabled(images.requires_grad and torch.is_grad_enabled()), evaluating(model):
        recording = Recording(len(priors), iterations, len(images), record)
        feedback = Feedback(model, recording.wants("feedback", "feedback_norms")) if iterations else None
        step, group = _at_a_time(model, images, recording, memory_budget)
        for here in _slices(len(images), step):
            below = look(model, images[here], feedback, recording.at(0, slice(None), here))
            for chosen in _slices(len(priors) if iterations else 0, group):
                feed_back(model, below, feedback, priors[chosen], recording.at(0, chosen, here))
    grid, prefix = token_grid(model, images), model.num_prefix_tokens
    left = recording.finished(len(model.blocks), math.prod(grid) + prefix, model.embed_dim)
    called = tuple(prior.label for prior in priors) if isinstance(model, AbSViT) else ("none",)
    shown = Shown(tuple(images.shape[-2:]), called, own_names(model))
    return Trajectory(grid=grid, num_prefix_tokens=prefix, shown=shown, **left)


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Eval mode for a while: no dropout. What was in training mode is put back into it."""
    training = [module for module in model.modules() if module.training]
    model.eval()
    try:
        yield
    finally:
        for module in training:
            module.training = True


def _slices(n: int, step: int) -> list[slice]:
    """Slices of n things, so many at a time."""
    return [slice(start, min(start + step, n)) for start in range(0, n, step)]


def _at_a_time(model, images: Tensor, recording: Recording, budget: int | None) -> tuple[int, int]:
    """Images and priors to work on at a time so that intermediate results stay within the budget."""
    if budget is None:
        budget = CPU_BUDGET if images.device.type == "cpu" else ACCELERATOR_BUDGET
    grid_y, grid_x = token_grid(model, images)
    tokens, width = grid_y * grid_x + model.num_prefix_tokens, model.embed_dim
    block = model.blocks[0]
    square = block.attn.num_heads * tokens**2
    hidden = getattr(block.mlp, "fc1", block.attn.qkv).out_features
    products = tokens * width * len(model.blocks)  # one an image in the first feedback, then one a row
    row = tokens * (2 * hidden + 8 * width) + square * 2 * recording.wants("attention", "class_attention")
    row = images.element_size() * (row + products * (recording.iterations > 1))
    image = images.element_size() * (tokens * width * 6 + products + 2 * square)
    group = max(1, min(recording.n_priors, (budget - image) // row))
    return max(1, min(len(images), budget // (image + group * row))), group
