"""Perceive: images under every prior and iteration, as one trajectory.

One bottom-up pass and one feedback product serve all priors of an image; queries, keys and attention of the
first block, which no prior can change, are computed once. Rows (an image under a prior) are worked off in parts
that fit the memory budget.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from numbers import Integral

import torch
import torch.nn.functional as F
from timm.layers import Mlp
from timm.models.vision_transformer import Attention, VisionTransformer
from torch import Tensor, nn

from absvit.models.absvit import AbSViT
from absvit.models.priors import Prior
from absvit.models.requests import RECORDABLE, check_images_of, check_request, token_grid

__all__ = ["RECORDABLE", "Trajectory", "evaluating", "perceive"]

FROM_FEEDBACK = {"prior_weights", "feedback", "feedback_norms"}  # they do not exist in the bottom-up pass
ONEDNN = torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, "_linear_pointwise")
CPU_BUDGET, ACCELERATOR_BUDGET = 64 * 2**20, 2**30  # bytes; small parts stay in a CPU's caches


@dataclass(frozen=True, eq=False, repr=False)
class Trajectory:
    """What the model did, for every prior and every iteration. Iteration 0 is the bottom-up pass.

    Parameters
    ----------
    logits : (iteration, prior, image, class), iterations 0..T.
    prior_weights : (iteration, prior, image, token), gain included, of the feedback that produced pass 1..T.
    grid : token_y and token_x.
    num_prefix_tokens : tokens before the patches (the class token comes first).
    tokens : (iteration, prior, image, token, channel) after the final norm, iterations 0..T.
    token_norms : (iteration, prior, image, layer, token) L2 norm of the tokens entering each block, 0..T.
    value_norms : (iteration, prior, image, layer, token) L2 norm of the attention values, drive included, 0..T.
    attention : (iteration, prior, image, layer, head, token, token) from query to key, rows sum to 1, 0..T.
    class_attention : (iteration, prior, image, layer, token) from the class token, mean over heads, 0..T.
    feedback : (iteration, prior, image, layer, token, channel) td of the feedback that produced pass 1..T.
    feedback_norms : (iteration, prior, image, layer, token) L2 norm of td, 1..T.

    The last seven are None unless they were asked for.
    """

    logits: Tensor
    prior_weights: Tensor
    grid: tuple[int, int]
    num_prefix_tokens: int
    tokens: Tensor | None = None
    token_norms: Tensor | None = None
    value_norms: Tensor | None = None
    attention: Tensor | None = None
    class_attention: Tensor | None = None
    feedback: Tensor | None = None
    feedback_norms: Tensor | None = None

    def __repr__(self) -> str:
        held = {name: value for name, value in vars(self).items() if isinstance(value, Tensor)}
        shapes = ", ".join(f"{name} {tuple(value.shape)}" for name, value in held.items())
        return f"Trajectory({shapes}, grid={self.grid})"

    @property
    def probabilities(self) -> Tensor:
        """Softmax of the logits over classes, (iteration, prior, image, class)."""
        return self.logits.softmax(dim=-1)


def perceive(
    model: VisionTransformer,
    images: Tensor,
    priors: Sequence[Prior] | None = None,
    iterations: int = 1,
    record: Sequence[str] = (),
    memory_budget: int | None = None,
) -> Trajectory:
    """Look at images with each of several priors.

    Iteration t >= 1 weights the tokens of pass t - 1 with the prior, feeds them back, and runs the blocks again on
    the same image (Shi et al. 2023, section 3.3; the official model is ``iterations=1`` with a LearnedPrior).
    Dropout is never active. Gradients are kept where the images require them, and only there.

    Parameters
    ----------
    model : AbSViT; or a plain VisionTransformer, which has iteration 0 only and takes no priors.
    images : (image, channel, y, x), normalised with the model's mean and std.
    priors : what to look for; the learned prompt if left out.
    iterations : number of feedback passes T, at least 0.
    record : names of ``RECORDABLE`` to keep besides logits and prior weights.
    memory_budget : bytes that intermediate results may take at a time, results themselves not counted, nor what
        gradients need; 64 MiB on a CPU and 1 GiB elsewhere if left out. One image under one prior is always done.

    Returns
    -------
    Trajectory on the device of the model.

    Raises
    ------
    ValueError : an argument is not as described, or a plain ViT is asked for feedback.
    """
    record = record if isinstance(record, str) else tuple(record)
    if memory_budget is not None and not (isinstance(memory_budget, Integral) and memory_budget > 0):
        raise ValueError(f"memory_budget must be a positive integer number of bytes, got {memory_budget!r}")
    check_images_of(model, images)
    priors, iterations = check_request(model, images, priors, iterations, record)
    with torch.set_grad_enabled(images.requires_grad and torch.is_grad_enabled()), evaluating(model):
        results = _Results(len(priors), iterations, len(images), record)
        feedback = _Feedback(model, results.wants("feedback", "feedback_norms")) if iterations else None
        step, group = _parts(model, images, len(priors), results, memory_budget)
        for start in range(0, len(images), step):
            here = slice(start, min(start + step, len(images)))
            embedded = _embed(model, images[here])
            first = _project(model.blocks[0].attn, model.blocks[0].norm1(embedded), None)
            first = (*first, _attention(model.blocks[0].attn, *first[:2]))
            bottom_up = _run(model, embedded, first, None, results.at(0, slice(None), here), iterations == 0)
            products = feedback.products(bottom_up) if iterations else []
            for at in range(0, len(priors) if iterations else 0, group):
                chosen = slice(at, min(at + group, len(priors)))
                below = (embedded, first, bottom_up, products)
                _iterate(model, below, feedback, priors[chosen], results.at(0, chosen, here))
    grid, prefix = token_grid(model, images), model.num_prefix_tokens
    left = results.finished(len(model.blocks), math.prod(grid) + prefix, model.embed_dim)
    return Trajectory(grid=grid, num_prefix_tokens=prefix, **left)


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Eval mode for a while: no dropout. What was in training mode is put back into it.

    Parameters
    ----------
    model : any module.
    """
    training = [module for module in model.modules() if module.training]
    model.eval()
    try:
        yield
    finally:
        for module in training:
            module.training = True


def _iterate(model, below: tuple, feedback: _Feedback, priors: Sequence[Prior], part: _Part) -> None:
    """Passes 1..T of some images under some priors, from what the bottom-up pass left for all priors."""
    embedded, first, tokens, products = below
    n_images, iterations = len(embedded), part.results.iterations
    priors = [prior.for_images(part.here) for prior in priors]
    for iteration in range(1, iterations + 1):
        # (prior, image, token, channel): the bottom-up pass serves all priors, later ones have their own
        per_prior = tokens.unflatten(0, (-1, n_images)).expand(len(priors), *[-1] * 3)
        weights = torch.stack([prior.weigh(x, model) for prior, x in zip(priors, per_prior, strict=True)])
        part = replace(part, iteration=iteration)
        part.keep("prior_weights", weights.flatten(0, 1))
        drive = _Drive(feedback, tokens, products, weights, part)
        tokens = _run(model, embedded, first, drive, part, iteration == iterations)
        products = feedback.products(tokens) if iteration < iterations else []


def _run(model, embedded: Tensor, first: tuple, drive: _Drive | None, part: _Part, is_last: bool) -> Tensor:
    """One pass over the blocks: keeps what is asked for and gives the tokens after the final norm.

    A row is an image under a prior. Where nothing but the class token is read out in the end, the last block
    works on that token alone, and so does the result.
    """
    x, depth = embedded, len(model.blocks)
    class_only = is_last and model.global_pool == "token" and model.attn_pool is None and depth > 1
    class_only = class_only and model.num_prefix_tokens == 1  # a distilled ViT reads a second token out
    class_only = class_only and not part.wants("tokens", "attention", "class_attention")
    for layer, block in enumerate(model.blocks):
        if part.wants("token_norms"):
            part.keep("token_norms", x.norm(dim=-1), layer, depth)
        read = slice(0, 1) if class_only and layer == depth - 1 else None
        query, key, value, attention = first if layer == 0 else (*_project(block.attn, block.norm1(x), read), None)
        if drive is not None:
            value = drive.add_to(value, layer)
        if part.wants("attention", "class_attention"):
            attention = _attention(block.attn, query, key) if attention is None else attention
            part.keep("attention", attention, layer, depth)
            part.keep("class_attention", attention[:, :, 0].mean(1), layer, depth)
        if part.wants("value_norms"):
            part.keep("value_norms", value.norm(dim=-1), layer, depth)
        mixed = _mix(block.attn, attention, query, key, value)
        x = _add(
            block.ls1(_linear(mixed, block.attn.proj.weight, block.attn.proj.bias)), x if read is None else x[:, read]
        )
        x = _add(block.ls2(_mlp(block.mlp, block.norm2(x))), x)
    tokens = model.norm(x)
    part.keep("tokens", tokens)
    part.keep("logits", model.forward_head(tokens))
    return tokens


# ---- pieces of a block -------------------------------------------------------------------------------------------


def _project(attn: Attention, x: Tensor, read: slice | None) -> tuple[Tensor, Tensor, Tensor]:
    """Queries and keys (row, head, token, channel), values (row, token, channel); queries of some tokens only."""
    if read is None:
        query, key, value = _linear(x, attn.qkv.weight, attn.qkv.bias).chunk(3, dim=-1)
    else:
        width = attn.qkv.out_features // 3
        weight, bias = attn.qkv.weight, attn.qkv.bias
        query = _linear(x[:, read], weight[:width], None if bias is None else bias[:width])
        key, value = _linear(x, weight[width:], None if bias is None else bias[width:]).chunk(2, dim=-1)
    return attn.q_norm(_heads(attn, query)), attn.k_norm(_heads(attn, key)), value


def _mlp(mlp: nn.Module, x: Tensor) -> Tensor:
    """A block's two linear layers with the activation between, as in evaluation."""
    if type(mlp) is not Mlp or type(mlp.fc1) is not nn.Linear:
        return mlp(x)
    hidden = mlp.norm(mlp.act(_linear(x, mlp.fc1.weight, mlp.fc1.bias)))
    return _linear(hidden, mlp.fc2.weight, mlp.fc2.bias)


def _linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Product x W^T + b; in float32 on a CPU by oneDNN, where F.linear calls a BLAS that can be half as fast."""
    single = x.device.type == "cpu" and x.dtype == weight.dtype == torch.float32
    if not (single and ONEDNN) or torch.is_grad_enabled() or torch.is_autocast_enabled("cpu"):
        return F.linear(x, weight, bias)
    return torch.ops.mkldnn._linear_pointwise(x, weight, bias, "none", [], "")


def _heads(attn: Attention, x: Tensor) -> Tensor:
    """(row, token, channel) to (row, head, token, channel of the head)."""
    return x.unflatten(-1, (attn.num_heads, -1)).transpose(1, 2)


def _attention(attn: Attention, query: Tensor, key: Tensor) -> Tensor:
    """Attention from query to key, (row, head, token, token)."""
    return (attn.scale * query @ key.transpose(-2, -1)).softmax(dim=-1)


def _mix(attn: Attention, attention: Tensor | None, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Values mixed by attention, (row, token, channel).

    Given attention may be that of the images alone: the priors' values then ride along as further channels.
    """
    if attention is None:
        mixed = F.scaled_dot_product_attention(query, key, _heads(attn, value))
        return mixed.transpose(1, 2).flatten(2)
    by_image = value.unflatten(0, (-1, len(attention))).unflatten(-1, (attn.num_heads, -1))
    channels = by_image.permute(1, 3, 2, 0, 4).flatten(3)  # (image, head, token, prior * channel)
    mixed = (attention.to(value.dtype) @ channels).unflatten(-1, (len(by_image), -1))
    return mixed.permute(3, 0, 2, 1, 4).flatten(3).flatten(0, 1)


def _add(update: Tensor, x: Tensor) -> Tensor:
    """Residual sum; ``x`` may hold one row an image where ``update`` holds one a prior and image."""
    by_image = update.unflatten(0, (-1, len(x)))
    # in place on the fresh update; under autocast the sum keeps the wider of the two types
    total = by_image.add_(x) if update.dtype == x.dtype else by_image + x
    return total.flatten(0, 1)


# ---- feedback ------------------------------------------------------------------------------------------------------


class _Feedback:
    """The decoders folded to W_v M of each layer, and to M itself where td is to be kept."""

    def __init__(self, model: AbSViT, explicit: bool) -> None:
        self.values = model.folded_values(model.prompt).unflatten(0, (-1, model.embed_dim))
        self.bias = model.feedback_bias()
        self.decoders = model.folded_decoders() if explicit else None

    def products(self, tokens: Tensor) -> list[Tensor]:
        """W_v M x of every layer, (row, token, channel), before any prior weights it."""
        return [_linear(tokens, matrix.to(tokens.dtype)) for matrix in self.values]


class _Drive:
    """What feedback adds to the values of a pass: each prior scales one product W_v M x by its own weights."""

    def __init__(
        self, feedback: _Feedback, tokens: Tensor, products: list[Tensor], weights: Tensor, part: _Part
    ) -> None:
        self.feedback, self.part, self.tokens, self.products = feedback, part, tokens, products
        self.weights = weights.unsqueeze(-1)  # (prior, image, token, 1)

    def add_to(self, value: Tensor, layer: int) -> Tensor:
        """Values (row, token, channel) of a layer with the drive added; rows of images become rows of priors."""
        n_images = self.weights.shape[1]
        if self.feedback.decoders is not None:
            td = self.weights * F.linear(self.tokens, self.feedback.decoders[layer]).unflatten(0, (-1, n_images))
            self.part.keep("feedback", td.flatten(0, 1), layer, len(self.products))
            self.part.keep("feedback_norms", td.norm(dim=-1).flatten(0, 1), layer, len(self.products))
        if self.feedback.bias is not None:
            value = value + self.feedback.bias[layer].to(value.dtype)
        value, product = value.unflatten(0, (-1, n_images)), self.products[layer].unflatten(0, (-1, n_images))
        return torch.addcmul(value, self.weights.to(value.dtype), product.to(value.dtype)).flatten(0, 1)


# ---- results and parts ---------------------------------------------------------------------------------------------


class _Results:
    """Tensors of the trajectory, allocated when their first value comes."""

    def __init__(self, n_priors: int, iterations: int, n_images: int, record: Sequence[str]) -> None:
        self.n_priors, self.iterations, self.n_images = n_priors, iterations, n_images
        self.names = {"logits", "prior_weights", *record}
        self.values: dict[str, Tensor] = {}

    def wants(self, *names: str) -> bool:
        return not self.names.isdisjoint(names)

    def at(self, iteration: int, chosen: slice, here: slice) -> _Part:
        return _Part(self, iteration, chosen, here)

    def finished(self, layers: int, tokens: int, channels: int) -> dict[str, Tensor]:
        """All that was asked for; what feedback leaves is empty where there was none, and has its dims still."""
        left = {"prior_weights": (tokens,), "feedback_norms": (layers, tokens), "feedback": (layers, tokens, channels)}
        for name in self.names - self.values.keys():
            shape = (0, self.n_priors, self.n_images, *left[name])
            self.values[name] = self.values["logits"].new_zeros(shape)
        return self.values


@dataclass(frozen=True, eq=False)
class _Part:
    """Where the values of one iteration, some priors and some images go."""

    results: _Results
    iteration: int
    chosen: slice
    here: slice

    def wants(self, *names: str) -> bool:
        return self.results.wants(*names)

    def keep(self, name: str, value: Tensor, layer: int | None = None, depth: int = 0) -> None:
        """Write (row, ...) values; rows of images alone count for every prior."""
        results = self.results
        if name not in results.names:
            return
        first = int(name in FROM_FEEDBACK)
        if name not in results.values:
            middle = () if layer is None else (depth,)
            passes = results.iterations + 1 - first
            shape = (passes, results.n_priors, results.n_images, *middle, *value.shape[1:])
            results.values[name] = value.new_zeros(shape)
        target = (self.iteration - first, self.chosen, self.here, *(() if layer is None else (layer,)))
        results.values[name][target] = value.unflatten(0, (-1, self.here.stop - self.here.start))


def _parts(model, images: Tensor, n_priors: int, results: _Results, budget: int | None) -> tuple[int, int]:
    """Images and priors to work on at a time so that intermediate results stay within the budget."""
    if budget is None:
        budget = CPU_BUDGET if images.device.type == "cpu" else ACCELERATOR_BUDGET
    grid_y, grid_x = token_grid(model, images)
    tokens, width = grid_y * grid_x + model.num_prefix_tokens, model.embed_dim
    block = model.blocks[0]
    square = block.attn.num_heads * tokens**2
    hidden = getattr(block.mlp, "fc1", block.attn.qkv).out_features
    products = tokens * width * len(model.blocks)  # one an image in the first feedback, then one a row
    row = tokens * (2 * hidden + 8 * width) + square * 2 * results.wants("attention", "class_attention")
    row = images.element_size() * (row + products * (results.iterations > 1))
    image = images.element_size() * (tokens * width * 6 + products + 2 * square)
    group = max(1, min(n_priors, (budget - image) // row))
    return max(1, min(len(images), budget // (image + group * row))), group


def _embed(model: VisionTransformer, images: Tensor) -> Tensor:
    """Tokens entering the first block, (image, token, channel)."""
    return model.norm_pre(model._pos_embed(model.patch_embed(images)))
