"""One pass over the blocks for many priors at once; what no prior can change is computed once an image.

One bottom-up pass and one feedback product serve all priors of an image; so do queries, keys and attention of
the first block. A row is an image under a prior.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from timm.layers import Mlp
from timm.models.vision_transformer import Attention, VisionTransformer
from torch import Tensor, nn

from absvit.models.absvit import AbSViT
from absvit.models.class_activation import class_activation, classes_named, classifier_rows, pooled_tokens
from absvit.models.priors import Prior
from absvit.models.recording import Part

__all__ = ["ONEDNN", "BottomUp", "Feedback", "feed_back", "look"]

ONEDNN = torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, "_linear_pointwise")


@dataclass(frozen=True, eq=False)
class Projected:
    """What a block mixes its values by.

    Parameters
    ----------
    query, key : (row, head, token, channel).
    value : (row, token, channel).
    attention : (row, head, token, token) where it is known already, for rows or for images alone.
    """

    query: Tensor
    key: Tensor
    value: Tensor
    attention: Tensor | None = None


@dataclass(frozen=True, eq=False)
class BottomUp:
    """What the bottom-up pass over some images leaves for the passes of all priors.

    Parameters
    ----------
    embedded : (image, token, channel) tokens entering the first block.
    first : of the first block, attention included.
    tokens : (image, token, channel) after the final norm.
    products : W_v M x of every layer, (image, token, channel); none where there is no feedback.
    """

    embedded: Tensor
    first: Projected
    tokens: Tensor
    products: list[Tensor]


def look(model: VisionTransformer, images: Tensor, feedback: Feedback | None, part: Part) -> BottomUp:
    """Run the bottom-up pass over normalised images; the feedback path is None where no pass follows."""
    embedded, block = model.norm_pre(model._pos_embed(model.patch_embed(images))), model.blocks[0]
    first = _project(block.attn, block.norm1(embedded))
    first = replace(first, attention=_attention(block.attn, first))
    tokens = _run(model, embedded, first, None, (), part)
    return BottomUp(embedded, first, tokens, feedback.products(tokens) if feedback else [])


def feed_back(model: AbSViT, below: BottomUp, feedback: Feedback, priors: Sequence[Prior], part: Part) -> None:
    """Run passes 1..T of some images under some priors, from what the bottom-up pass over them left."""
    n_images, tokens, products = len(below.embedded), below.tokens, below.products
    priors = [prior.for_images(part.here) for prior in priors]
    for iteration in range(1, part.recording.iterations + 1):
        # (prior, image, token, channel): the bottom-up pass serves all priors, later ones have their own
        per_prior = tokens.unflatten(0, (-1, n_images)).expand(len(priors), *[-1] * 3)
        weights = torch.stack([prior.weigh(x, model) for prior, x in zip(priors, per_prior, strict=True)])
        part = replace(part, iteration=iteration)
        part.keep("prior_weights", weights.flatten(0, 1))
        drive = _Drive(feedback, tokens, products, weights, part)
        tokens = _run(model, below.embedded, below.first, drive, priors, part)
        products = [] if part.is_last else feedback.products(tokens)


def _run(
    model: VisionTransformer, x: Tensor, first: Projected, drive: _Drive | None, priors: Sequence[Prior], part: Part
) -> Tensor:
    """One pass over the blocks: keeps what is asked for and gives the tokens after the final norm.

    Where nothing but the class token is read out in the end, the last block works on that token alone, and so
    does the result.
    """
    depth = len(model.blocks)
    class_only = _reads_class_token_alone(model, part)
    for layer, block in enumerate(model.blocks):
        if part.wants("token_norms"):
            part.keep("token_norms", x.norm(dim=-1), layer, depth)
        read = slice(0, 1) if class_only and layer == depth - 1 else None
        at = first if layer == 0 else _project(block.attn, block.norm1(x), read)
        if drive is not None:
            at = replace(at, value=drive.add_to(at.value, layer))
        if part.wants("attention", "class_attention"):
            at = at if at.attention is not None else replace(at, attention=_attention(block.attn, at))
            part.keep("attention", at.attention, layer, depth)
            part.keep("class_attention", at.attention[:, :, 0].mean(1), layer, depth)
        if part.wants("value_norms"):
            part.keep("value_norms", at.value.norm(dim=-1), layer, depth)
        update = block.ls1(_linear(_mix(block.attn, at), block.attn.proj.weight, block.attn.proj.bias))
        x = _add(update, x if read is None else x[:, read])
        x = _add(block.ls2(_mlp(block.mlp, block.norm2(x))), x)
    tokens = model.norm(x)
    part.keep("tokens", tokens)
    logits = model.forward_head(tokens)
    part.keep("logits", logits)
    if part.wants("class_activation"):
        by_prior = logits.unflatten(0, (max(1, len(priors)), -1))
        index = classes_named(priors, model, by_prior).flatten() if priors else logits.argmax(-1)
        shares = 1 / (tokens.shape[1] - model.num_prefix_tokens)
        pooled = pooled_tokens(model, tokens)
        part.keep("class_activation", class_activation(pooled, classifier_rows(model), index, shares))
    return tokens


def _reads_class_token_alone(model: VisionTransformer, part: Part) -> bool:
    """Whether this is the last pass, and nothing but the class token counts of what the last block gives."""
    if not part.is_last or model.global_pool != "token" or model.attn_pool is not None or len(model.blocks) == 1:
        return False
    # a distilled ViT reads a second token out
    whole = ("tokens", "attention", "class_attention", "class_activation")
    return model.num_prefix_tokens == 1 and not part.wants(*whole)


# ---- pieces of a block -------------------------------------------------------------------------------------------


def _project(attn: Attention, x: Tensor, read: slice | None = None) -> Projected:
    """Queries, of some tokens only where these are read out, keys and values."""
    if read is None:
        query, key, value = _linear(x, attn.qkv.weight, attn.qkv.bias).chunk(3, dim=-1)
    else:
        width = attn.qkv.out_features // 3
        weight, bias = attn.qkv.weight, attn.qkv.bias
        query = _linear(x[:, read], weight[:width], None if bias is None else bias[:width])
        key, value = _linear(x, weight[width:], None if bias is None else bias[width:]).chunk(2, dim=-1)
    return Projected(attn.q_norm(_heads(attn, query)), attn.k_norm(_heads(attn, key)), value)


def _mlp(mlp: nn.Module, x: Tensor) -> Tensor:
    """A block's two linear layers with the activation between, as in evaluation."""
    if type(mlp) is not Mlp or type(mlp.fc1) is not nn.Linear:
        return mlp(x)
    hidden = mlp.norm(mlp.act(_linear(x, mlp.fc1.weight, mlp.fc1.bias)))
    return _linear(hidden, mlp.fc2.weight, mlp.fc2.bias)


def _linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Product x W^T + b; in float32 on a CPU by oneDNN, as F.linear's BLAS can be half as fast."""
    single = x.device.type == "cpu" and x.dtype == weight.dtype == torch.float32
    if not (single and ONEDNN) or torch.is_grad_enabled() or torch.is_autocast_enabled("cpu"):
        return F.linear(x, weight, bias)
    return torch.ops.mkldnn._linear_pointwise(x, weight, bias, "none", [], "")


def _heads(attn: Attention, x: Tensor) -> Tensor:
    """(row, token, channel) to (row, head, token, channel of the head)."""
    return x.unflatten(-1, (attn.num_heads, -1)).transpose(1, 2)


def _attention(attn: Attention, at: Projected) -> Tensor:
    """Attention from query to key, (row, head, token, token)."""
    return (attn.scale * at.query @ at.key.transpose(-2, -1)).softmax(dim=-1)


def _mix(attn: Attention, at: Projected) -> Tensor:
    """Values mixed by attention, (row, token, channel).

    Given attention may be that of the images alone: the priors' values then ride along as further channels.
    """
    if at.attention is None:
        mixed = F.scaled_dot_product_attention(at.query, at.key, _heads(attn, at.value))
        return mixed.transpose(1, 2).flatten(2)
    by_image = at.value.unflatten(0, (-1, len(at.attention))).unflatten(-1, (attn.num_heads, -1))
    channels = by_image.permute(1, 3, 2, 0, 4).flatten(3)  # (image, head, token, prior * channel)
    mixed = (at.attention.to(at.value.dtype) @ channels).unflatten(-1, (len(by_image), -1))
    return mixed.permute(3, 0, 2, 1, 4).flatten(3).flatten(0, 1)


def _add(update: Tensor, x: Tensor) -> Tensor:
    """Residual sum; ``x`` may hold one row an image where ``update`` holds one a prior and image."""
    by_image = update.unflatten(0, (-1, len(x)))
    # in place on the fresh update; under autocast the sum keeps the wider of the two types
    total = by_image.add_(x) if update.dtype == x.dtype else by_image + x
    return total.flatten(0, 1)


# ---- feedback ------------------------------------------------------------------------------------------------------


class Feedback:
    """The decoders folded to W_v M of each layer, and to M itself where td is to be kept.

    Parameters
    ----------
    model : the model.
    explicit : whether td is to be kept.
    """

    def __init__(self, model: AbSViT, explicit: bool) -> None:
        self.values = model.folded_values(model.prompt).unflatten(0, (-1, model.embed_dim))
        self.bias = model.feedback_bias()
        self.decoders = model.folded_decoders() if explicit else None

    def products(self, tokens: Tensor) -> list[Tensor]:
        """W_v M x of every layer, (row, token, channel), before any prior weights it."""
        return [_linear(tokens, matrix.to(tokens.dtype)) for matrix in self.values]


class _Drive:
    """What feedback adds to a pass's values: each prior scales one product W_v M x by its own weights."""

    def __init__(self, feedback: Feedback, tokens: Tensor, products: list[Tensor], weights: Tensor, part: Part) -> None:
        self.feedback, self.part, self.tokens, self.products = feedback, part, tokens, products
        self.weights = weights.unsqueeze(-1)  # (prior, image, token, 1)

    def add_to(self, value: Tensor, layer: int) -> Tensor:
        """Values (row, token, channel) of a layer with the drive; rows of images become rows of priors."""
        n_images = self.weights.shape[1]
        if self.feedback.decoders is not None:
            td = self.weights * F.linear(self.tokens, self.feedback.decoders[layer]).unflatten(0, (-1, n_images))
            self.part.keep("feedback", td.flatten(0, 1), layer, len(self.products))
            self.part.keep("feedback_norms", td.norm(dim=-1).flatten(0, 1), layer, len(self.products))
        if self.feedback.bias is not None:
            value = value + self.feedback.bias[layer].to(value.dtype)
        value, product = value.unflatten(0, (-1, n_images)), self.products[layer].unflatten(0, (-1, n_images))
        return torch.addcmul(value, self.weights.to(value.dtype), product.to(value.dtype)).flatten(0, 1)
