"""The models in closed form that have a name, for timm's registry.

Whoever imports timm first may be one of our own modules, half imported then: what a model is made of comes when
one is made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from timm.models import generate_default_cfgs, register_model

from absvit.images import STEM_MEAN, STEM_STD

if TYPE_CHECKING:
    from absvit.models.absvit import AbSViT

__all__ = ["MODEL_NAMES"]

OF_LITE0 = {
    "url": "", "num_classes": 1000, "input_size": (3, 384, 384), "pool_size": None, "fixed_input_size": True,
    "crop_pct": 1.0, "interpolation": "bicubic", "mean": STEM_MEAN, "std": STEM_STD, "first_conv": (),
    "classifier": "head", "license": "apache-2.0",
}  # fmt: skip
default_cfgs = generate_default_cfgs({"absvit_lite0": OF_LITE0})
MODEL_NAMES = tuple(default_cfgs)
OF_TIMM = ("pretrained_cfg", "pretrained_cfg_overlay", "cache_dir")  # where timm would look for weights


@register_model
def absvit_lite0(pretrained: bool = False, **kwargs) -> AbSViT:
    """AbSViT of 1,000 kinds over a frozen ``lite0_dense``, in closed form: nothing is trained.

    ``host=`` is "pretrained" (ImageNet's weights, whether ``pretrained`` is given or not, for without them there
    is no closed form) or "random", for tests of anything but what it sees. Other arguments are those of
    :func:`absvit.steerable_from`.
    """
    from absvit.closed_form.over_lite0 import over_lite0

    return over_lite0(**{name: value for name, value in kwargs.items() if name not in OF_TIMM})
