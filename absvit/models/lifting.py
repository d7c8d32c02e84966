"""Lift any timm VisionTransformer to an AbSViT that starts at the ViT's own function."""

from __future__ import annotations

import copy

from timm.models.vision_transformer import VisionTransformer
from torch import nn

from absvit.models.absvit import AbSViT
from absvit.models.attention import TopDownAttention, TopDownBlock, check_blocks

__all__ = ["topdown_from"]


def topdown_from(vit: VisionTransformer) -> AbSViT:
    """Give a ViT a feedback path: fresh decoders and prompt around a copy of its weights.

    The decoders that feed the layers (W2) start at zero and the value bias enters once only, so that the
    second pass equals the first, and both the ViT, until training changes the feedback path.

    Parameters
    ----------
    vit : any timm VisionTransformer with pre-norm blocks and plain attention; it is left as it is.

    Returns
    -------
    AbSViT in the ViT's mode (train or eval), on its device. It knows the file, card and classes of the ViT
    that it was lifted from; ``checkpoint_sha256`` is left to whoever records it, for its weights are no
    file's.

    Raises
    ------
    ValueError : not timm's VisionTransformer itself (an AbSViT already, say), or blocks of another kind.

    Examples
    --------
    >>> import timm
    >>> lifted = absvit.topdown_from(timm.create_model("vit_micro"))
    >>> first, second = absvit.perceive(lifted, images).logits
    >>> (first - second).abs().max().item() < 1e-5  # feedback starts at nothing
    True
    """
    if type(vit) is not VisionTransformer:  # a class derived from it may compute anything
        raise ValueError(f"expected a timm VisionTransformer without feedback, got {type(vit).__name__}")
    check_blocks(vit.blocks)
    model = copy.deepcopy(vit)
    model.__class__ = AbSViT  # the same parameters, looked at twice
    model.checkpoint, model.checkpoint_sha256 = getattr(vit, "checkpoint", ""), ""
    model.card = dict(getattr(vit, "card", {}))
    for block in model.blocks:
        block.__class__, block.attn.__class__ = TopDownBlock, TopDownAttention
    model.add_feedback(second_value_bias=False)
    for decoder in model.decoders:
        nn.init.zeros_(decoder.linear2.weight)
    return model
