"""What all objectives are made of: both passes, cross-entropy, accuracy, and their precision."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from absvit.models.absvit import AbSViT, cosine_weights

__all__ = ["Passes", "accuracy", "autocast", "cross_entropy", "look_twice"]


class Passes(NamedTuple):
    """Both passes over a batch.

    Parameters
    ----------
    bottom_up : (image, class) logits of the bottom-up pass.
    top_down : (image, class) logits of the second pass.
    tokens : (image, token, channel) output of the bottom-up pass after the final norm.
    states : tokens entering each block in the second pass and, last, leaving the last one.
    """

    bottom_up: Tensor
    top_down: Tensor
    tokens: Tensor
    states: list[Tensor]


def look_twice(model: AbSViT, images: Tensor, weigh: Callable[[Tensor], Tensor] | None = None) -> Passes:
    """Run both passes so that gradients flow through them (Shi et al. 2023, section 3.3).

    ``weigh`` gives the prior's weights (image, token) for the bottom-up tokens; the learned prompt's if left
    out.
    """
    embedded = model.embed(images)
    tokens = model.norm(model.ascend(embedded)[-1])
    weights = cosine_weights(tokens, model.prompt) if weigh is None else weigh(tokens)
    states = model.ascend(embedded, model.descend(tokens * weights.unsqueeze(-1)))
    return Passes(model.forward_head(tokens), model.forward_head(model.norm(states[-1])), tokens, states)


def cross_entropy(logits: Tensor, target: Tensor, smoothing: float = 0.0) -> Tensor:
    """Mean cross-entropy of soft targets (..., class), with smoothing in [0, 1) (Szegedy et al. 2016)."""
    target = target * (1 - smoothing) + smoothing / logits.shape[-1]
    return -(target * F.log_softmax(logits, dim=-1)).sum(-1).mean()


def accuracy(logits: Tensor, target: Tensor) -> Tensor:
    """Share of images whose most probable class is one of the (most) asked-for; both (image, class)."""
    hit = target.gather(1, logits.argmax(1, keepdim=True)) >= target.amax(1, keepdim=True)
    return hit.float().mean().detach()


def autocast(precision: str, device: torch.device) -> AbstractContextManager:
    """Context of a recipe's precision: "fp32", "bf16" or "fp16"."""
    kinds = {"bf16": torch.bfloat16, "fp16": torch.float16}
    return torch.autocast(device.type, kinds[precision]) if precision in kinds else nullcontext()
