"""Lift any timm VisionTransformer to an AbSViT that starts at the ViT's own function."""

from __future__ import annotations

import copy

from timm.models.vision_transformer import Attention, Block, VisionTransformer
from torch import nn

from absvit.models.absvit import AbSViT
from absvit.models.attention import TopDownAttention, TopDownBlock

__all__ = ["topdown_from"]


def topdown_from(vit: VisionTransformer) -> AbSViT:
    """Give a ViT a feedback path: fresh decoders and prompt around a copy of its weights.

    The decoders that feed the layers (W2) start at zero and the value bias enters once only, so that the second pass
    equals the first, and both the ViT, until training changes the feedback path.

    Parameters
    ----------
    vit : any timm VisionTransformer with pre-norm blocks and plain attention; it is left as it is.

    Returns
    -------
    AbSViT in the ViT's mode (train or eval), on its device.

    Raises
    ------
    ValueError : not a timm VisionTransformer, an AbSViT already, or blocks of another kind.
    """
    if not isinstance(vit, VisionTransformer) or isinstance(vit, AbSViT):
        raise ValueError(f"expected a timm VisionTransformer without feedback, got {type(vit).__name__}")
    for block in vit.blocks:
        plain = type(block) is Block and type(block.attn) is Attention and getattr(block.attn, "gate", None) is None
        if not plain or not isinstance(getattr(block.attn, "norm", nn.Identity()), nn.Identity):
            raise ValueError("expected pre-norm blocks with plain attention, as in timm's vit_* and deit_* models")
    model = copy.deepcopy(vit)
    model.__class__ = AbSViT  # the same parameters, looked at twice
    for block in model.blocks:
        block.__class__, block.attn.__class__ = TopDownBlock, TopDownAttention
    model.add_feedback(second_value_bias=False)
    for decoder in model.decoders:
        nn.init.zeros_(decoder.linear2.weight)
    return model
