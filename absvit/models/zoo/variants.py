"""The variants: sizes, weights and preprocessing of every model name that this package adds to timm.

Whoever imports timm first may be one of our own modules, half imported then. So nothing that imports timm is
imported at the top of this file: the model and its parts come when a model is made.
"""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

from timm.layers import GroupNorm1, HybridEmbed, to_2tuple
from timm.models import build_model_with_cfg, create_model, generate_default_cfgs, register_model
from timm.models.resnet import BasicBlock, ResNet
from timm.models.vision_transformer import VisionTransformer, checkpoint_filter_fn
from timm.models.vision_transformer_hybrid import ConvStem
from torch import Tensor, nn

from absvit.images import IMAGENET_MEAN, IMAGENET_STD, MICRO_MEAN, MICRO_STD, STEM_MEAN, STEM_STD
from absvit.models.zoo.published import RELEASES

if TYPE_CHECKING:
    from absvit.models.absvit import AbSViT

__all__ = ["HYBRID_CATEGORIES", "MICRO_CATEGORIES", "MODEL_NAMES"]

# the categories of the embedded stimuli, in the order of stimuli.drawing.shapes (a test keeps the two equal)
MICRO_CATEGORIES = (
    "disk", "square", "triangle", "star", "cross", "ring",
    "crescent", "heart", "bar", "arrow", "flower", "horseshoe",
)  # fmt: skip
MICRO_GAINS = {"learned": 1.0, "class": 2.0, "vector": 2.0, "place": 1.0}
# CIFAR-10's classes in its own order (Krizhevsky 2009)
HYBRID_CATEGORIES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")

TINY = {"patch_size": 16, "embed_dim": 192, "depth": 12, "num_heads": 3}
SMALL = {"patch_size": 16, "embed_dim": 384, "depth": 12, "num_heads": 6}
BASE = {"patch_size": 16, "embed_dim": 768, "depth": 12, "num_heads": 12}
TINY_GAP = {**TINY, "patch_size": 8, "global_pool": "avg"}


def _cfg(name: str = "", **kwargs) -> dict:
    """Preprocessing and weights of a variant; ImageNet's, unless said otherwise."""
    cfg = {
        "url": RELEASES.get(name, ""),
        "num_classes": 1000,
        "input_size": (3, 224, 224),
        "pool_size": None,
        "crop_pct": 0.875,
        "interpolation": "bicubic",
        "fixed_input_size": True,
        "mean": IMAGENET_MEAN,
        "std": IMAGENET_STD,
        "first_conv": "patch_embed.proj",
        "classifier": "head",
        "license": "mit",
    }
    return {**cfg, **kwargs}


MICRO_CFG = _cfg(
    num_classes=len(MICRO_CATEGORIES), input_size=(3, 112, 112), crop_pct=1.0, mean=MICRO_MEAN, std=MICRO_STD,
    first_conv="patch_embed.backbone.0.conv", label_names=MICRO_CATEGORIES,
)  # fmt: skip
CNN_CFG = {
    **MICRO_CFG, "pool_size": (14, 14), "fixed_input_size": False, "first_conv": "conv1.0", "classifier": "fc",
}  # fmt: skip
HYBRID_CFG = _cfg(
    num_classes=len(HYBRID_CATEGORIES), crop_pct=1.0, mean=STEM_MEAN, std=STEM_STD, first_conv=(),
    label_names=HYBRID_CATEGORIES,
)  # fmt: skip
DENSE_SIZE = 384  # pixels: at stride 16 a half of 192 still holds an object
DENSE_CFG = _cfg(
    input_size=(3, DENSE_SIZE, DENSE_SIZE), pool_size=(24, 24), crop_pct=1.0, mean=STEM_MEAN, std=STEM_STD,
    fixed_input_size=False, first_conv="conv_stem", classifier="classifier", license="apache-2.0",
)  # fmt: skip

default_cfgs = generate_default_cfgs(
    {
        "absvit_tiny_patch16_224": _cfg("absvit_tiny_patch16_224"),
        "absvit_small_patch16_224": _cfg("absvit_small_patch16_224"),
        "absvit_base_patch16_224": _cfg("absvit_base_patch16_224"),
        "absvit_tiny_patch8_224_gap": _cfg("absvit_tiny_patch8_224_gap"),
        "vit_tiny_patch8_224_gap": _cfg("vit_tiny_patch8_224_gap"),
        "absvit_micro": MICRO_CFG,
        "vit_micro": MICRO_CFG,
        "cnn_micro": CNN_CFG,
        "absvit_hybrid_lite0_224": HYBRID_CFG,
        "vit_hybrid_lite0_224": HYBRID_CFG,
        "lite0_dense": DENSE_CFG,
        "lite2_dense": DENSE_CFG,
    }
)
MODEL_NAMES = tuple(default_cfgs)


def _filtered(state_dict: dict[str, Tensor], model: VisionTransformer) -> dict[str, Tensor]:
    """The bundled and released weights for another input size; their grids of tokens are square."""
    from absvit.models import checkpoints

    state_dict = dict(state_dict)
    count = state_dict["pos_embed"].shape[1] - model.num_prefix_tokens if "pos_embed" in state_dict else 0
    side = math.isqrt(max(count, 0))
    checkpoints.adapt_positions(model, state_dict, True, (side, side) if side**2 == count else None)
    positions = {"pos_embed": state_dict.pop("pos_embed")} if count else {}  # which timm would resample once more
    return checkpoint_filter_fn(state_dict, model, antialias=False) | positions


def _create(name: str, pretrained: bool, **kwargs) -> VisionTransformer:
    """Build a vision transformer."""
    from absvit.models.absvit import AbSViT

    network = AbSViT if name.startswith("absvit") else VisionTransformer
    features = {"out_indices": kwargs.pop("out_indices", 3), "feature_cls": "getter"}
    return _build(network, name, pretrained, pretrained_filter_fn=_filtered, feature_cfg=features, **kwargs)


def _build(network: type[nn.Module], name: str, pretrained: bool, **kwargs) -> nn.Module:
    """Build a variant through timm's builder; pretrained weights come through our own reader."""
    from absvit.models.zoo import locations

    if pretrained and not kwargs.get("pretrained_cfg_overlay"):
        kwargs["pretrained_cfg_overlay"] = locations.pretrained_overlay(name, RELEASES.get(name))
    model = build_model_with_cfg(network, name, pretrained, **kwargs)
    if isinstance(getattr(model, "pretrained_cfg", None), dict):
        model.pretrained_cfg.pop("state_dict", None)  # loaded by now; it need not stay in memory
    return model


def _micro(kwargs: dict) -> dict:
    """Arguments of the micro variants: 14 x 14 tokens of 112 px behind convolutions (Xiao et al. 2021)."""
    place = {key: kwargs[key] for key in ("device", "dtype") if key in kwargs}
    layers = {"norm_layer": GroupNorm1, "act_layer": nn.GELU}
    stem = ConvStem(kwargs.get("in_chans", 3), depth=3, channels=(24, 48, 96), padding=1, **layers, **place)
    size = {"img_size": 112, "patch_size": 1, "embed_dim": 64, "depth": 4, "num_heads": 2, "mlp_ratio": 2.0}
    return {**size, "embed_layer": partial(HybridEmbed, stem), "num_classes": len(MICRO_CATEGORIES), **kwargs}


def _hybrid(kwargs: dict) -> dict:
    """Arguments of the hybrids: 14 x 14 tokens of 224 px behind a frozen ImageNet stem (Dosovitskiy 2021)."""
    from absvit.models.zoo.stem import StemEmbed, stem_from

    if kwargs.get("in_chans", 3) != 3:
        raise ValueError(f"the stem of the hybrid models takes RGB images, got in_chans = {kwargs['in_chans']}")
    kwargs = dict(kwargs)
    stem = stem_from(kwargs.pop("stem", "pretrained"), kwargs.get("device"), kwargs.get("dtype"))
    size = {"img_size": 224, "patch_size": 1, "embed_dim": 128, "depth": 4, "num_heads": 4, "mlp_ratio": 2.0}
    # the mean of the normed tokens is classified, so that a row of the classifier is a direction among tokens
    pooled = {"global_pool": "avg", "fc_norm": False, "num_classes": len(HYBRID_CATEGORIES)}
    return {**size, **pooled, "embed_layer": partial(StemEmbed, stem), **kwargs}


@register_model
def absvit_tiny_patch16_224(pretrained: bool = False, **kwargs) -> AbSViT:
    """AbSViT-Ti: 192 channels, 3 heads, 12 layers, 6,602,344 parameters."""
    return _create("absvit_tiny_patch16_224", pretrained, **{**TINY, **kwargs})


@register_model
def absvit_small_patch16_224(pretrained: bool = False, **kwargs) -> AbSViT:
    """AbSViT-S: 384 channels, 6 heads, 12 layers, 25,589,992 parameters."""
    return _create("absvit_small_patch16_224", pretrained, **{**SMALL, **kwargs})


@register_model
def absvit_base_patch16_224(pretrained: bool = False, **kwargs) -> AbSViT:
    """AbSViT-B: 768 channels, 12 heads, 12 layers, 100,724,200 parameters."""
    return _create("absvit_base_patch16_224", pretrained, **{**BASE, **kwargs})


@register_model
def absvit_tiny_patch8_224_gap(pretrained: bool = False, **kwargs) -> AbSViT:
    """AbSViT-Ti on 8 px patches, classified from the mean of the patch tokens: the official demo's model."""
    return _create("absvit_tiny_patch8_224_gap", pretrained, **{**TINY_GAP, **kwargs})


@register_model
def vit_tiny_patch8_224_gap(pretrained: bool = False, **kwargs) -> VisionTransformer:
    """The plain ViT beside ``absvit_tiny_patch8_224_gap``."""
    return _create("vit_tiny_patch8_224_gap", pretrained, **{**TINY_GAP, **kwargs})


@register_model
def absvit_micro(pretrained: bool = False, **kwargs) -> AbSViT:
    """The bundled AbSViT: 112 px, 14 x 14 tokens, 12 categories of embedded objects."""
    return _create("absvit_micro", pretrained, **{"prior_gains": MICRO_GAINS, **_micro(kwargs)})


@register_model
def vit_micro(pretrained: bool = False, **kwargs) -> VisionTransformer:
    """The plain ViT beside ``absvit_micro``."""
    return _create("vit_micro", pretrained, **_micro(kwargs))


@register_model
def cnn_micro(pretrained: bool = False, **kwargs) -> ResNet:
    """The small ResNet beside them: its last map of 112 px has 14 x 14 places, whose mean is classified.

    Four basic blocks (He et al. 2016) behind three convolutions; the stride stops at 8, and the last two blocks
    dilate instead (Yu et al. 2017).
    """
    stem = {"stem_type": "deep", "stem_width": 8, "output_stride": 8}
    blocks = {"block": BasicBlock, "layers": (1, 1, 1, 1), "channels": (16, 32, 64, 96)}
    return _build(ResNet, "cnn_micro", pretrained, **{"num_classes": len(MICRO_CATEGORIES), **stem, **blocks, **kwargs})


@register_model
def absvit_hybrid_lite0_224(pretrained: bool = False, **kwargs) -> AbSViT:
    """The AbSViT for photographs: frozen EfficientNet-Lite0 to stride 16, 14 x 14 tokens, CIFAR-10's classes.

    ``stem=`` says where the stem comes from (:func:`absvit.models.zoo.stem.stem_from`); it is not in the
    state dict.
    """
    return _create("absvit_hybrid_lite0_224", pretrained, **{"prior_gains": MICRO_GAINS, **_hybrid(kwargs)})


@register_model
def vit_hybrid_lite0_224(pretrained: bool = False, **kwargs) -> VisionTransformer:
    """The plain ViT beside ``absvit_hybrid_lite0_224``."""
    return _create("vit_hybrid_lite0_224", pretrained, **_hybrid(kwargs))


def _dense(name: str, network: str, pretrained: bool, kwargs: dict) -> nn.Module:
    """One of timm's EfficientNets of ImageNet's 1,000 kinds, whose stride stops at 16: a place is 16 px wide.

    The last stages dilate instead (Yu et al. 2017), with the same weights. ``img_size`` is that of the images
    that it is shown; it computes those of any size.
    """
    from absvit.models import checkpoints
    from absvit.models.zoo import locations

    kwargs = dict(kwargs)
    size = (3, *to_2tuple(kwargs.pop("img_size", DENSE_SIZE)))
    model = create_model(network, **{"output_stride": 16, **kwargs})
    if pretrained:
        weights = checkpoints.read(locations.locate(name)).state_dict
        checkpoints.load_into(model, checkpoints.by_position(model, weights))
    told = {"architecture": name, "input_size": size, "pool_size": (-(-size[1] // 16), -(-size[2] // 16))}
    model.pretrained_cfg = model.default_cfg = default_cfgs[name].default.to_dict() | told
    return model


@register_model
def lite0_dense(pretrained: bool = False, **kwargs) -> nn.Module:
    """EfficientNet-Lite0 (Tan and Le 2019) with 24 x 24 places of 384 px: a host of 1,000 kinds."""
    return _dense("lite0_dense", "tf_efficientnet_lite0", pretrained, kwargs)


@register_model
def lite2_dense(pretrained: bool = False, **kwargs) -> nn.Module:
    """EfficientNet-Lite2, likewise."""
    return _dense("lite2_dense", "tf_efficientnet_lite2", pretrained, kwargs)
