"""A plain reading of the paper, as the official code has it: what the benchmarks compare with.

Both passes are run for every prior, attention is not fused, and the feedback goes through every decoder and
through the full query-key-value projection, token by token.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from absvit.models import AbSViT

__all__ = ["plain_loss", "plain_perceive"]


def plain_perceive(model: AbSViT, images: Tensor, class_indices: Sequence[int], gain: float) -> Tensor:
    """Logits (prior, image, class) of the second pass for each class prior, as the paper reads."""
    logits = []
    for index in class_indices:
        _, top_down, _ = _look_twice(model, images, model.head.weight[index], gain)
        logits.append(top_down)
    return torch.stack(logits)


def plain_loss(model: AbSViT, images: Tensor, target: Tensor, smoothing: float, var_loss: float) -> Tensor:
    """Training loss, as the paper reads: mean cross-entropy of both passes, plus the variational loss.

    Targets (image, class) sum to 1 over classes.
    """
    bottom_up, top_down, errors = _look_twice(model, images, model.prompt, 1.0)
    target = target * (1 - smoothing) + smoothing / target.shape[-1]
    losses = [-(target * logits.log_softmax(-1)).sum(-1).mean() for logits in (bottom_up, top_down)]
    return sum(losses) / 2 + var_loss * sum(errors)


def _look_twice(model: AbSViT, images: Tensor, prior: Tensor, gain: float) -> tuple[Tensor, Tensor, list[Tensor]]:
    """Logits of both passes, and each layer's error of reconstruction, which the official code always computes."""
    x = model._pos_embed(model.patch_embed(images))
    tokens = model.norm(_blocks(model, x, None)[-1])
    weights = F.cosine_similarity(tokens, prior, dim=-1).clamp(0, 1)
    feedback, td = gain * weights.unsqueeze(-1) * tokens, []
    for decoder in reversed(model.decoders):
        feedback = decoder.linear(feedback)
        td.append(decoder.linear2(feedback))
    states = _blocks(model, x, td[::-1])
    errors = [
        (decoder.linear(above.detach()) - below.detach()).square().mean()
        for decoder, below, above in zip(model.decoders, states[:-1], states[1:], strict=True)
    ]
    return model.forward_head(tokens), model.forward_head(model.norm(states[-1])), errors


def _blocks(model: AbSViT, x: Tensor, td: list[Tensor] | None) -> list[Tensor]:
    """Tokens entering each block and leaving the last."""
    states = [x]
    for layer, block in enumerate(model.blocks):
        q, k, v = _heads(block, block.norm1(x))
        if td is not None:
            v = v + _heads(block, td[layer])[2]
        attention = (q @ k.transpose(-2, -1) * block.attn.scale).softmax(dim=-1)
        x = x + block.attn.proj((attention @ v).transpose(1, 2).flatten(2))
        x = x + block.mlp(block.norm2(x))
        states.append(x)
    return states


def _heads(block, x: Tensor) -> Tensor:
    """Queries, keys and values, (3, image, head, token, channel)."""
    return block.attn.qkv(x).unflatten(-1, (3, block.attn.num_heads, -1)).permute(2, 0, 3, 1, 4)
