"""Attention whose values take a top-down drive: the one equation that makes a ViT an AbSViT."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Optional

import torch.nn.functional as F
from timm.models.vision_transformer import Attention, Block
from torch import Tensor, nn

__all__ = ["TopDownAttention", "TopDownBlock", "check_blocks"]


class TopDownAttention(Attention):
    """timm's multi-head self-attention with a top-down drive added to the values.

    Only the values see the drive: v = W_v x + b_v + drive (Shi et al. 2023, section 3.3). Without a drive
    this is timm's attention, parameters and numbers alike.
    """

    def forward(
        self,
        x: Tensor,
        drive: Optional[Tensor] = None,
        attn_mask: Optional[Tensor] = None,
        is_causal: bool = False,
    ) -> Tensor:
        """Attend, (image, token, channel), with a drive of that shape added to the values, None bottom-up.

        The other arguments are those of timm's attention.
        """
        images, tokens, channels = x.shape
        q, k, v = self.qkv(x).reshape(images, tokens, 3, self.num_heads, self.head_dim).permute(2, 0, 3, 1, 4).unbind(0)
        q, k = self.q_norm(q), self.k_norm(k)
        if drive is not None:
            v = v + drive.reshape(images, tokens, self.num_heads, self.head_dim).transpose(1, 2)
        dropout = self.attn_drop.p if self.training else 0.0
        x = F.scaled_dot_product_attention(q, k, v, attn_mask=attn_mask, dropout_p=dropout, is_causal=is_causal)
        return self.proj_drop(self.proj(x.transpose(1, 2).reshape(images, tokens, channels)))


class TopDownBlock(Block):
    """timm's pre-norm transformer block around :class:`TopDownAttention`."""

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        check_blocks([self])
        # same parameters, another forward: what timm builds (in any of its versions) is kept as it is
        self.attn.__class__ = TopDownAttention

    def forward(
        self,
        x: Tensor,
        drive: Optional[Tensor] = None,
        attn_mask: Optional[Tensor] = None,
        is_causal: bool = False,
    ) -> Tensor:
        """Run the block on tokens (image, token, channel), with a drive of its values or None; as timm's."""
        x = x + self.drop_path1(self.ls1(self.attn(self.norm1(x), drive, attn_mask, is_causal)))
        return x + self.drop_path2(self.ls2(self.mlp(self.norm2(x))))


def check_blocks(blocks: Iterable[nn.Module]) -> None:
    """Refuse blocks other than timm's pre-norm blocks with plain attention and :class:`TopDownBlock`."""
    for block in blocks:
        attn = getattr(block, "attn", None)
        extra = getattr(attn, "gate", None) is not None or not isinstance(
            getattr(attn, "norm", None), nn.Identity | None
        )
        if type(block) not in (Block, TopDownBlock) or type(attn) not in (Attention, TopDownAttention) or extra:
            raise ValueError(
                "expected pre-norm blocks with plain attention, as in timm's vit_* and deit_* models; "
                f"got {type(block).__name__} with {type(attn).__name__}" + " and a norm or gate" * extra
            )
