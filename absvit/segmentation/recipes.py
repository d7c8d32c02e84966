"""Recipes of segmentation: the named trainings, each with its command, its cost, and the number to expect."""

from __future__ import annotations

from absvit.segmentation.recipe import SegmentationRecipe
from absvit.segmentation.transforms import Varied

ON_8_GPUS = "iterations of 16 pictures, 2 on each of 8 GPUs; time not measured here."
VIT_BASE = "vit_base_patch16_224"
CITYSCAPES = {
    "data_set": "CITYSCAPES",
    "epoch_updates": 4000,
    "warmup_epochs": 1500 / 4000,
    "varied": Varied(crop=(512, 1024), scale=(2048, 1024)),
}
VOC = {"data_set": "VOC", "epoch_updates": 2000, "warmup_epochs": 1500 / 2000}
MICRO = {
    "data_set": "SCENES",
    "epochs": 2,
    "epoch_updates": 200,
    "batch_size": 16,
    "total_batch": 16,
    "opt": "muon",
    "opt_eps": None,
    "opt_betas": None,
    "lr": 4e-3,
    "warmup_lr": 4e-5,
    "warmup_epochs": 0.15,
    "channels": 64,
    "auxiliary_channels": 32,
    "test_batch": 32,
}

ABSVIT_BASE_VOC = SegmentationRecipe(
    "upernet_absvit_base_voc",
    "AbSViT-B on PASCAL VOC 2012: train_dist.sh upernet_absvit_base_voc --data-path VOC",
    expect=f"train.txt and val.txt, not the augmented set. 20,000 {ON_8_GPUS} Published: 81.3 mIoU.",
    **VOC,
)
VIT_BASE_VOC = SegmentationRecipe(
    "upernet_vit_base_voc",
    "ViT-B on PASCAL VOC 2012: train_dist.sh upernet_vit_base_voc --data-path VOC",
    VIT_BASE,
    expect=f"train.txt and val.txt, not the augmented set. 20,000 {ON_8_GPUS} Published: 80.1 mIoU.",
    **VOC,
)
ABSVIT_BASE_CITYSCAPES = SegmentationRecipe(
    "upernet_absvit_base_cityscapes",
    "AbSViT-B on Cityscapes: train_dist.sh upernet_absvit_base_cityscapes --data-path CITYSCAPES",
    expect=f"40,000 {ON_8_GPUS} Published: 76.8 mIoU.",
    **CITYSCAPES,
)
VIT_BASE_CITYSCAPES = SegmentationRecipe(
    "upernet_vit_base_cityscapes",
    "ViT-B on Cityscapes: train_dist.sh upernet_vit_base_cityscapes --data-path CITYSCAPES",
    VIT_BASE,
    expect=f"40,000 {ON_8_GPUS} Published: 75.3 mIoU.",
    **CITYSCAPES,
)
ABSVIT_BASE_ADE20K = SegmentationRecipe(
    "upernet_absvit_base_ade20k",
    "AbSViT-B on ADE20K: train_dist.sh upernet_absvit_base_ade20k --data-path ADE20K",
    expect=f"160,000 {ON_8_GPUS} Published: 47.2 mIoU.",
)
VIT_BASE_ADE20K = SegmentationRecipe(
    "upernet_vit_base_ade20k",
    "ViT-B on ADE20K: train_dist.sh upernet_vit_base_ade20k --data-path ADE20K",
    VIT_BASE,
    expect=f"160,000 {ON_8_GPUS} Published: 45.2 mIoU.",
)
ABSVIT_MICRO = SegmentationRecipe(
    "upernet_absvit_micro",
    "Micro AbSViT on drawn scenes of one to four objects: train_dist.sh upernet_absvit_micro",
    "absvit_micro",
    expect="The backbone starts from bundled weights that learned single objects under the official objective; the "
    "plain ViT's learned the same images. One CPU thread; the README's table has time and mIoU as measured.",
    finetune="official_seed0",
    **MICRO,
)
VIT_MICRO = SegmentationRecipe(
    "upernet_vit_micro",
    "Micro ViT on the same scenes: train_dist.sh upernet_vit_micro",
    "vit_micro",
    expect="One CPU thread.",
    **MICRO,
)
