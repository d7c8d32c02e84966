"""Recipes for labelled pictures: the named trainings, each with its command, its cost, and the number to expect.

The compute of the published models was counted (torch's FlopCounterMode: all passes and backward, times 300
epochs of 1,281,167 images) and not measured; one GPU that sustains 100 TFLOP/s does 0.36 EFLOP an hour. What
was measured was so on two CPU cores (AMD EPYC).
"""

from __future__ import annotations

from absvit.training.pictures.augmentation import Augmentation
from absvit.training.pictures.problem import PictureRecipe

ABSVIT_TINY = PictureRecipe(
    "absvit_tiny",
    "AbSViT-Ti on ImageNet-1k: train_dist.sh absvit_tiny --data-path IMAGENET",
    model="absvit_tiny_patch16_224",
    expect="8 GPUs of 128 images each; 6 EFLOP, 2 hours at 100 TFLOP/s each; not run here. "
    "Published: 74.1 % top-1 (Shi et al. 2023).",
)
ABSVIT_SMALL = PictureRecipe(
    "absvit_small",
    "AbSViT-S on ImageNet-1k: train_dist.sh absvit_small --data-path IMAGENET",
    model="absvit_small_patch16_224",
    expect="8 GPUs of 128 images each; 22 EFLOP, 8 hours at 100 TFLOP/s each; not run here. "
    "Published: 80.7 % top-1 (Shi et al. 2023).",
)
ABSVIT_BASE = PictureRecipe(
    "absvit_base",
    "AbSViT-B on ImageNet-1k: train_dist.sh absvit_base --data-path IMAGENET",
    model="absvit_base_patch16_224",
    expect="8 GPUs of 128 images each; 88 EFLOP, 31 hours at 100 TFLOP/s each; not run here. "
    "Published: 81.0 % top-1 (Shi et al. 2023).",
)
ABSVIT_TINY_GAP = PictureRecipe(
    "absvit_tiny_patch8_224_gap",
    "AbSViT-Ti on 8 px patches: train_dist.sh absvit_tiny_patch8_224_gap --data-path IMAGENET",
    model="absvit_tiny_patch8_224_gap",
    expect="8 GPUs of 128 images each; 33 EFLOP, 11 hours at 100 TFLOP/s each; not run here. "
    "Released without a published number.",
)
VIT_TINY = PictureRecipe(
    "vit_tiny",
    "ViT-Ti on ImageNet-1k: train_dist.sh vit_tiny --data-path IMAGENET",
    model="vit_tiny_patch16_224",
    expect="8 GPUs of 128 images each; 2.9 EFLOP, one hour at 100 TFLOP/s each; not run here. "
    "Published: 72.5 % top-1 (Shi et al. 2023).",
)
VIT_SMALL = PictureRecipe(
    "vit_small",
    "ViT-S on ImageNet-1k: train_dist.sh vit_small --data-path IMAGENET",
    model="vit_small_patch16_224",
    expect="8 GPUs of 128 images each; 11 EFLOP, 4 hours at 100 TFLOP/s each; not run here. "
    "Published: 80.1 % top-1 (Shi et al. 2023).",
)
VIT_BASE = PictureRecipe(
    "vit_base",
    "ViT-B on ImageNet-1k: train_dist.sh vit_base --data-path IMAGENET",
    model="vit_base_patch16_224",
    expect="8 GPUs of 128 images each; 40 EFLOP, 14 hours at 100 TFLOP/s each; not run here. "
    "Published: 80.8 % top-1 (Shi et al. 2023).",
)
VIT_TINY_GAP = PictureRecipe(
    "vit_tiny_patch8_224_gap",
    "ViT-Ti on 8 px patches: train_dist.sh vit_tiny_patch8_224_gap --data-path IMAGENET",
    model="vit_tiny_patch8_224_gap",
    expect="8 GPUs of 128 images each; 16 EFLOP, 6 hours at 100 TFLOP/s each; not run here. "
    "Released without a published number.",
)

TRANSFER = {
    "data_set": "FOLDER",
    "epochs": 30,
    "lr": 1e-3,
    "warmup_epochs": 3,
    "augmentation": Augmentation(repeated_aug=False, mixup=0, cutmix=0),
    "model_ema": False,
}

FINETUNE = PictureRecipe(
    "finetune",
    "Any weights to any class folders: train_dist.sh finetune --data-path PICTURES --finetune WEIGHTS",
    expect="One GPU, or a patient CPU. A picture costs what it costs in the training of the model, once an epoch: 58 "
    "GFLOP with absvit_small. Layer-wise rates, no mixing of pictures: our choice, not published, and not measured.",
    **TRANSFER | {"lr": 2.5e-4, "layer_decay": 0.75},
)
TOP_DOWN = PictureRecipe(
    "top_down",
    "Top-down tuning of any ViT: train_dist.sh top_down --model vit_small_patch16_224 --finetune WEIGHTS ...",
    model="vit_small_patch16_224",
    expect='The ViT keeps its weights; decoders, prompt and classifier learn (the official transfer mode "top-down"). '
    "One GPU, or a patient CPU; less than finetune costs, for the weights of the ViT take no gradient. No number is "
    "published for classification, and none was measured.",
    lift=True,
    trainable="top-down",
    **TRANSFER,
)
LINEAR = PictureRecipe(
    "linear",
    "A new classifier on frozen weights: train_dist.sh linear --data-path PICTURES --finetune WEIGHTS",
    expect="One GPU, or a CPU: both passes forward, and the gradient of one matrix. No number is published, and none "
    "was measured.",
    trainable="linear",
    **TRANSFER,
)

MICRO = {
    "data_set": "FOLDER",
    "input_size": 64,
    "crop_pct": 1.0,
    "epochs": 24,
    "batch_size": 64,
    "total_batch": 128,
    "opt": "muon",
    "opt_eps": None,
    "opt_betas": None,
    "lr": 4e-3,
    "lr_batch": 0,
    "min_lr": 0.0,
    "warmup_lr": 4e-5,
    "warmup_epochs": 0.5,
    "clip_grad": 1.0,
    "drop_path": 0.0,
    "augmentation": Augmentation(repeated_aug=False),
    "model_ema_decay": 0.999,
    "checkpoint_every": 200,
}

CIFAR10_ABSVIT = PictureRecipe(
    "cifar10_absvit",
    "Micro AbSViT on CIFAR-10, 64 px: NPROC=2 train_dist.sh cifar10_absvit --data-path CIFAR10 --num-workers 0",
    model="absvit_micro",
    expect="1,198,080 images: 37 minutes of two loaded CPU cores (idle, 860 images a second). Measured, 3 seeds: "
    "68.8 to 69.2 % after the second pass.",
    **MICRO,
)
CIFAR10_VIT = PictureRecipe(
    "cifar10_vit",
    "Micro ViT on CIFAR-10 at equal images: NPROC=2 train_dist.sh cifar10_vit --data-path CIFAR10 --num-workers 0",
    model="vit_micro",
    expect="21 minutes of two loaded CPU cores (idle, 1,200 images a second). Measured, 3 seeds: 68.6 to 69.2 %.",
    **MICRO,
)
