"""Recipes: the named trainings, each with its command, its cost, and the number to expect.

The compute of the published models was counted (torch's FlopCounterMode: all passes and backward, times 300 epochs of
1,281,167 images) and not measured; one GPU that sustains 100 TFLOP/s does 0.36 EFLOP an hour. What was measured was so
on two CPU cores (AMD EPYC).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from absvit.data.datasets import DataSet
from absvit.training.cued.composite_cues import Cues
from absvit.training.cued.scenes import Scenes
from absvit.training.pictures.augmentation import Augmentation
from absvit.training.recipe import Flat, HybridRecipe, PictureRecipe, Precision, Recipe, SceneRecipe, Trainable

__all__ = ["RECIPES"]


@dataclass(frozen=True)
class AbSViTTiny(PictureRecipe):
    """AbSViT-Ti on ImageNet-1k: ``train_dist.sh absvit_tiny --data-path IMAGENET``.

    8 GPUs of 128 images each; 6 EFLOP, 2 hours at 100 TFLOP/s each; not run here.
    Published: 74.1 % top-1 (Shi et al. 2023).
    """

    model: str = "absvit_tiny_patch16_224"


@dataclass(frozen=True)
class AbSViTSmall(PictureRecipe):
    """AbSViT-S on ImageNet-1k: ``train_dist.sh absvit_small --data-path IMAGENET``.

    8 GPUs of 128 images each; 22 EFLOP, 8 hours at 100 TFLOP/s each; not run here.
    Published: 80.7 % top-1 (Shi et al. 2023).
    """

    model: str = "absvit_small_patch16_224"


@dataclass(frozen=True)
class AbSViTBase(PictureRecipe):
    """AbSViT-B on ImageNet-1k: ``train_dist.sh absvit_base --data-path IMAGENET``.

    8 GPUs of 128 images each; 88 EFLOP, 31 hours at 100 TFLOP/s each; not run here.
    Published: 81.0 % top-1 (Shi et al. 2023).
    """

    model: str = "absvit_base_patch16_224"


@dataclass(frozen=True)
class AbSViTTinyGap(PictureRecipe):
    """AbSViT-Ti on 8 px patches: ``train_dist.sh absvit_tiny_patch8_224_gap --data-path IMAGENET``.

    8 GPUs of 128 images each; 33 EFLOP, 11 hours at 100 TFLOP/s each; not run here.
    Released without a published number.
    """

    model: str = "absvit_tiny_patch8_224_gap"


@dataclass(frozen=True)
class ViTTiny(PictureRecipe):
    """ViT-Ti on ImageNet-1k: ``train_dist.sh vit_tiny --data-path IMAGENET``.

    8 GPUs of 128 images each; 2.9 EFLOP, one hour at 100 TFLOP/s each; not run here.
    Published: 72.5 % top-1 (Shi et al. 2023).
    """

    model: str = "vit_tiny_patch16_224"


@dataclass(frozen=True)
class ViTSmall(PictureRecipe):
    """ViT-S on ImageNet-1k: ``train_dist.sh vit_small --data-path IMAGENET``.

    8 GPUs of 128 images each; 11 EFLOP, 4 hours at 100 TFLOP/s each; not run here.
    Published: 80.1 % top-1 (Shi et al. 2023).
    """

    model: str = "vit_small_patch16_224"


@dataclass(frozen=True)
class ViTBase(PictureRecipe):
    """ViT-B on ImageNet-1k: ``train_dist.sh vit_base --data-path IMAGENET``.

    8 GPUs of 128 images each; 40 EFLOP, 14 hours at 100 TFLOP/s each; not run here.
    Published: 80.8 % top-1 (Shi et al. 2023).
    """

    model: str = "vit_base_patch16_224"


@dataclass(frozen=True)
class ViTTinyGap(PictureRecipe):
    """ViT-Ti on 8 px patches: ``train_dist.sh vit_tiny_patch8_224_gap --data-path IMAGENET``.

    8 GPUs of 128 images each; 16 EFLOP, 6 hours at 100 TFLOP/s each; not run here.
    Released without a published number.
    """

    model: str = "vit_tiny_patch8_224_gap"


@dataclass(frozen=True)
class Finetune(PictureRecipe):
    """Any weights to any class folders: ``train_dist.sh finetune --data-path PICTURES --finetune WEIGHTS``.

    One GPU, or a patient CPU. A picture costs what it costs in the training of the model, once an epoch: 58 GFLOP with
    ``absvit_small``. Layer-wise rates, no mixing of pictures: our choice, not published, and not measured.
    """

    data_set: DataSet = "FOLDER"
    epochs: int = 30
    lr: float = 2.5e-4
    warmup_epochs: float = 3
    layer_decay: float | None = 0.75
    augmentation: Flat[Augmentation] = field(
        default_factory=lambda: Augmentation(repeated_aug=False, mixup=0, cutmix=0)
    )
    model_ema: bool = False


@dataclass(frozen=True)
class TopDown(Finetune):
    """Top-down tuning of any ViT: ``train_dist.sh top_down --model vit_small_patch16_224 --finetune WEIGHTS ...``.

    The ViT keeps its weights; decoders, prompt and classifier learn (the official transfer mode "top-down"). One GPU,
    or a patient CPU; less than ``finetune`` costs, for the weights of the ViT take no gradient. No number is published
    for classification, and none was measured.
    """

    model: str = "vit_small_patch16_224"
    lift: bool = True
    trainable: Trainable = "top-down"
    lr: float = 1e-3
    layer_decay: float | None = None


@dataclass(frozen=True)
class LinearProbe(Finetune):
    """A new classifier on frozen weights: ``train_dist.sh linear --data-path PICTURES --finetune WEIGHTS``.

    One GPU, or a CPU: both passes forward, and the gradient of one matrix. No number is published, none was measured.
    """

    trainable: Trainable = "linear"
    lr: float = 1e-3
    layer_decay: float | None = None


@dataclass(frozen=True)
class Cifar10(PictureRecipe):
    """Micro AbSViT on CIFAR-10, 64 px: ``NPROC=2 train_dist.sh cifar10_absvit --data-path CIFAR10 --num-workers 0``.

    1,198,080 images: 37 minutes of two loaded CPU cores (idle, 860 images a second). Measured, 3 seeds: 68.8 to
    69.2 % after the second pass.
    """

    model: str = "absvit_micro"
    data_set: DataSet = "FOLDER"
    input_size: int = 64
    crop_pct: float = 1.0
    epochs: int = 24
    batch_size: int = 64
    total_batch: int = 128
    opt: str = "muon"
    opt_eps: float | None = None
    opt_betas: tuple[float, float] | None = None
    lr: float = 4e-3
    lr_batch: int = 0
    min_lr: float = 0.0
    warmup_lr: float = 4e-5
    warmup_epochs: float = 0.5
    clip_grad: float | None = 1.0
    drop_path: float = 0.0
    augmentation: Flat[Augmentation] = field(default_factory=lambda: Augmentation(repeated_aug=False))
    model_ema_decay: float = 0.999
    precision: Precision = "bf16"
    checkpoint_every: int = 200


@dataclass(frozen=True)
class Cifar10ViT(Cifar10):
    """Micro ViT on CIFAR-10 at equal images: ``NPROC=2 train_dist.sh cifar10_vit --data-path CIFAR10 --num-workers 0``.

    21 minutes of two loaded CPU cores (idle, 1,200 images a second). Measured, 3 seeds: 68.6 to 69.2 %.
    """

    model: str = "vit_micro"


SINGLE_OBJECTS = Scenes(shares=(1.0, 0.0, 0.0, 0.0, 0.0), catch_singles=0.0)


@dataclass(frozen=True)
class MicroOfficial(SceneRecipe):
    """The official objective on single objects: ``train_dist.sh micro_official``.

    One CPU thread, 19 to 23 minutes. Measured, 3 seeds: accuracy 1.00; no steering (selection index .49 to .51).
    """

    scenes: Flat[Scenes] = field(default=SINGLE_OBJECTS)
    token_weight: float = 0.0


@dataclass(frozen=True)
class MicroViT(MicroOfficial):
    """The plain ViT on the same images: ``train_dist.sh micro_vit``.

    One CPU thread, 12 to 16 minutes. Measured, 3 seeds: accuracy 1.00; it takes no cue (.50).
    """

    model: str = "vit_micro"
    var_loss: float = 0.0


WHOLE_PICTURES = Cues(shares=(1.0, 0.0, 0.0, 0.0, 0.0), catch_singles=0.0)


@dataclass(frozen=True)
class HybridOfficial(HybridRecipe):
    """The official objective on whole pictures: ``train_dist.sh hybrid_official --data-path CIFAR10_FOLDERS``.

    240,000 whole pictures: 28 minutes of two loaded CPU cores. Measured, 3 seeds: accuracy .88 on CIFAR-10's test
    pictures; no steering (selection index .50 to .51).
    """

    cues: Flat[Cues] = field(default=WHOLE_PICTURES)
    token_weight: float = 0.0


@dataclass(frozen=True)
class HybridViT(HybridOfficial):
    """The plain ViT on the same pictures: ``train_dist.sh hybrid_vit --data-path CIFAR10_FOLDERS``.

    240,000 whole pictures: 21 minutes of two loaded CPU cores. Measured, 3 seeds: accuracy .87 to .88 on CIFAR-10's
    test pictures; it takes no cue (.50).
    """

    model: str = "vit_hybrid_lite0_224"
    var_loss: float = 0.0


RECIPES: dict[str, Recipe] = {
    "absvit_tiny": AbSViTTiny(),
    "absvit_small": AbSViTSmall(),
    "absvit_base": AbSViTBase(),
    "absvit_tiny_patch8_224_gap": AbSViTTinyGap(),
    "vit_tiny": ViTTiny(),
    "vit_small": ViTSmall(),
    "vit_base": ViTBase(),
    "vit_tiny_patch8_224_gap": ViTTinyGap(),
    "finetune": Finetune(),
    "top_down": TopDown(),
    "linear": LinearProbe(),
    "cifar10_absvit": Cifar10(),
    "cifar10_vit": Cifar10ViT(),
    "micro_cued": SceneRecipe(),
    "micro_official": MicroOfficial(),
    "micro_vit": MicroViT(),
    "hybrid_cued": HybridRecipe(),
    "hybrid_official": HybridOfficial(),
    "hybrid_vit": HybridViT(),
}
