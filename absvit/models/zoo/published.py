"""Every variant with its published numbers and its weights' address; importing this loads no model."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase

__all__ = ["RELEASES", "VARIANTS", "Variant", "list_models"]

RELEASE_HOST = "https://berkeley.box.com/shared/static/"
RELEASES = {
    "vit_tiny_patch16_224": RELEASE_HOST + "mw99ywof7ri7kczq79iwjia2att2dpmh.pth",
    "absvit_tiny_patch16_224": RELEASE_HOST + "0n2tvn9hmx7bwv097nwb60vw1jf4841n.pth",
    "vit_small_patch16_224": RELEASE_HOST + "tftkkov22978lmvgv1g1cxuuk62iacn7.pth",
    "absvit_small_patch16_224": RELEASE_HOST + "3wpkf5qo31ghb4dzehczup4pfh24xmve.pth",
    "vit_base_patch16_224": RELEASE_HOST + "6fszey9291pvnkwdpt5ngrhh0rcu1iqu.pth",
    "absvit_base_patch16_224": RELEASE_HOST + "aain2svhs9lfvz8o21xao91dsnylgsot.pth",
    "absvit_tiny_patch8_224_gap": RELEASE_HOST + "7415yz4d1l5z0ur6x32k35f8y99zgynq.pth",
    "vit_tiny_patch8_224_gap": RELEASE_HOST + "zzy0bl6b59q05a3hobbehqeuhg5u1mhk.pth",
}


@dataclass(frozen=True)
class Variant:
    """A model name and what was published of it (Shi, Darrell and Wang, CVPR 2023); None where nothing was.

    Parameters
    ----------
    name : model name.
    parameters : number of parameters.
    top1 : ImageNet-1k top-1 accuracy, percent.
    mce : ImageNet-C mean corruption error, percent of AlexNet's, lower is better.
    voc, cityscapes, ade20k : mean intersection over union of the segmentation models, percent.
    """

    name: str
    parameters: int | None = None
    top1: float | None = None
    mce: float | None = None
    voc: float | None = None
    cityscapes: float | None = None
    ade20k: float | None = None

    @property
    def url(self) -> str | None:
        """Address of the released weights; None if there is none."""
        return RELEASES.get(self.name)


VARIANTS = (
    Variant("vit_tiny_patch16_224", 5_717_416, 72.5, 71.1),
    Variant("absvit_tiny_patch16_224", 6_602_344, 74.1, 66.7),
    Variant("vit_small_patch16_224", 22_050_664, 80.1, 54.6),
    Variant("absvit_small_patch16_224", 25_589_992, 80.7, 51.6),
    Variant("vit_base_patch16_224", 86_567_656, 80.8, 49.3, 80.1, 75.3, 45.2),
    Variant("absvit_base_patch16_224", 100_724_200, 81.0, 48.3, 81.3, 76.8, 47.2),
    Variant("vit_tiny_patch8_224_gap"),
    Variant("absvit_tiny_patch8_224_gap"),
    Variant("vit_micro"),
    Variant("absvit_micro"),
    Variant("cnn_micro"),
    Variant("vit_hybrid_lite0_224"),
    Variant("absvit_hybrid_lite0_224"),
    Variant("lite0_dense"),
    Variant("lite2_dense"),
    Variant("absvit_lite0"),
)


def list_models(pattern: str = "*") -> list[str]:
    """List the names that :func:`absvit.load_model` has weights for.

    Parameters
    ----------
    pattern : which of them, as shells match file names.

    Examples
    --------
    >>> absvit.list_models("*micro")
    ['vit_micro', 'absvit_micro', 'cnn_micro']
    """
    return [variant.name for variant in VARIANTS if fnmatchcase(variant.name, pattern)]
