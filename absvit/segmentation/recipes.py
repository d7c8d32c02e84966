"""Recipes of segmentation: the named trainings, each with its command, its cost, and the number to expect."""

from __future__ import annotations

from dataclasses import dataclass, field

from absvit.segmentation.settings import SegmentationRecipe, Source
from absvit.segmentation.transforms import Varied
from absvit.training.recipe import Flat
from stimuli.foundation.options import FileOrAddress

__all__ = ["RECIPES"]


@dataclass(frozen=True)
class AbSViTBaseADE20K(SegmentationRecipe):
    """AbSViT-B on ADE20K: ``train_dist.sh upernet_absvit_base_ade20k --data-path ADE20K``.

    160,000 iterations of 16 pictures, 2 on each of 8 GPUs; time not measured here. Published: 47.2 mIoU.
    """


@dataclass(frozen=True)
class ViTBaseADE20K(AbSViTBaseADE20K):
    """ViT-B on ADE20K: ``train_dist.sh upernet_vit_base_ade20k --data-path ADE20K``.

    160,000 iterations of 16 pictures, 2 on each of 8 GPUs; time not measured here. Published: 45.2 mIoU.
    """

    model: str = "vit_base_patch16_224"


@dataclass(frozen=True)
class AbSViTBaseCityscapes(SegmentationRecipe):
    """AbSViT-B on Cityscapes: ``train_dist.sh upernet_absvit_base_cityscapes --data-path CITYSCAPES``.

    40,000 iterations of 16 pictures, 2 on each of 8 GPUs; time not measured here. Published: 76.8 mIoU.
    """

    data_set: Source = "CITYSCAPES"
    epoch_updates: int = 4000
    warmup_epochs: float = 1500 / 4000
    varied: Flat[Varied] = field(default_factory=lambda: Varied(crop=(512, 1024), scale=(2048, 1024)))


@dataclass(frozen=True)
class ViTBaseCityscapes(AbSViTBaseCityscapes):
    """ViT-B on Cityscapes: ``train_dist.sh upernet_vit_base_cityscapes --data-path CITYSCAPES``.

    40,000 iterations of 16 pictures, 2 on each of 8 GPUs; time not measured here. Published: 75.3 mIoU.
    """

    model: str = "vit_base_patch16_224"


@dataclass(frozen=True)
class AbSViTBaseVOC(SegmentationRecipe):
    """AbSViT-B on PASCAL VOC 2012: ``train_dist.sh upernet_absvit_base_voc --data-path VOC``.

    train.txt and val.txt, not the augmented set. 20,000 iterations of 16 pictures, 2 on each of 8 GPUs; time not
    measured here. Published: 81.3 mIoU.
    """

    data_set: Source = "VOC"
    epoch_updates: int = 2000
    warmup_epochs: float = 1500 / 2000


@dataclass(frozen=True)
class ViTBaseVOC(AbSViTBaseVOC):
    """ViT-B on PASCAL VOC 2012: ``train_dist.sh upernet_vit_base_voc --data-path VOC``.

    train.txt and val.txt, not the augmented set. 20,000 iterations of 16 pictures, 2 on each of 8 GPUs; time not
    measured here. Published: 80.1 mIoU.
    """

    model: str = "vit_base_patch16_224"


@dataclass(frozen=True)
class MicroAbSViT(SegmentationRecipe):
    """Micro AbSViT on drawn scenes of one to four objects: ``train_dist.sh upernet_absvit_micro``.

    The backbone starts from bundled weights that learned single objects under the official objective; the plain
    ViT's learned the same images. One CPU thread; the README's table has time and mIoU as measured.
    """

    model: str = "absvit_micro"
    data_set: Source = "SCENES"
    finetune: FileOrAddress = "official_seed0"
    epochs: int = 2
    epoch_updates: int = 200
    batch_size: int = 16
    total_batch: int = 16
    opt: str = "muon"
    opt_eps: float | None = None
    opt_betas: tuple[float, float] | None = None
    lr: float = 4e-3
    warmup_lr: float = 4e-5
    warmup_epochs: float = 0.15
    channels: int = 64
    auxiliary_channels: int = 32
    test_batch: int = 32


@dataclass(frozen=True)
class MicroViT(MicroAbSViT):
    """Micro ViT on the same scenes: ``train_dist.sh upernet_vit_micro``. One CPU thread."""

    model: str = "vit_micro"
    finetune: FileOrAddress = "released"


RECIPES: dict[str, SegmentationRecipe] = {
    "upernet_absvit_base_voc": AbSViTBaseVOC(),
    "upernet_vit_base_voc": ViTBaseVOC(),
    "upernet_absvit_base_cityscapes": AbSViTBaseCityscapes(),
    "upernet_vit_base_cityscapes": ViTBaseCityscapes(),
    "upernet_absvit_base_ade20k": AbSViTBaseADE20K(),
    "upernet_vit_base_ade20k": ViTBaseADE20K(),
    "upernet_absvit_micro": MicroAbSViT(),
    "upernet_vit_micro": MicroViT(),
}
