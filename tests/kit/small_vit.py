"""A vision transformer that is made in no time, for tests of what weights go through."""

import torch
from timm.models.vision_transformer import VisionTransformer

SIZES = {"img_size": 32, "patch_size": 8, "embed_dim": 16, "depth": 2, "num_heads": 2, "num_classes": 5}


def small_vit(**kwargs):
    return VisionTransformer(**{**SIZES, **kwargs})


def assert_same(found, expected):
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], expected[name]) for name in expected)
