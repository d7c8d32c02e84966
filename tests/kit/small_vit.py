"""Vision transformers of two blocks and 4 x 4 places, made in no time, and what their blocks do by hand."""

import torch
from timm.models.vision_transformer import VisionTransformer

from absvit.models.absvit import AbSViT

SIZES = {"img_size": 32, "patch_size": 8, "embed_dim": 16, "depth": 2, "num_heads": 2, "num_classes": 5}
GRID = (4, 4)
IMAGES = torch.randn(3, 3, 32, 32, generator=torch.Generator().manual_seed(1))
KINDS = {
    "class token": {},
    "class token and registers": {"reg_tokens": 2},
    "mean of places": {"class_token": False, "global_pool": "avg"},
}


def small_vit(**kwargs):
    return VisionTransformer(**{**SIZES, **kwargs})


def assert_same(found, expected):
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], expected[name]) for name in expected)


def tiny_vit(kind=VisionTransformer, **kwargs):
    """A small one with weights large enough for places to differ."""
    generator = torch.Generator().manual_seed(0)
    model = kind(**{**SIZES, **kwargs}).eval().requires_grad_(False)
    for weight in model.parameters():
        weight.copy_(0.4 * torch.randn(weight.shape, generator=generator))
    return model


def tiny_absvit():
    return tiny_vit(AbSViT)


def passed_by_hand(model, x, weights=None, biased=(0, 1)):
    """Tokens after the final norm of those entering the first block, attention to each times its weight."""
    for number, block in enumerate(model.blocks):
        parts = block.attn.qkv(block.norm1(x)).chunk(3, -1)
        query, key, value = (part.unflatten(-1, (2, 8)) for part in parts)
        attention = (torch.einsum("iqhc,ikhc->ihqk", query, key) / 8**0.5).softmax(-1)
        if weights is not None and number in biased:
            attention = attention * weights[:, None, None]
            attention = attention / attention.sum(-1, keepdim=True)
        x = x + block.attn.proj(torch.einsum("ihqk,ikhc->iqhc", attention, value).flatten(2))
        x = x + block.mlp(block.norm2(x))
    return model.norm(x)
