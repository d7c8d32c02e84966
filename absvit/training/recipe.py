"""Settings: everything that decides a training, as frozen dataclasses; where it runs is not part of them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal

import tyro

from absvit.data.datasets import DataSet, InatCategory
from absvit.models.zoo.stem import STRIDE
from absvit.training.cued.composite_cues import Cues
from absvit.training.cued.composite_plan import Composites
from absvit.training.cued.scenes import Scenes
from absvit.training.pictures.augmentation import Augmentation
from stimuli.foundation.options import FileOrAddress

__all__ = ["Flat", "HybridRecipe", "PictureRecipe", "Precision", "Recipe", "SceneRecipe", "Trainable"]

Flat = tyro.conf.OmitArgPrefixes
Trainable = Literal["end2end", "top-down", "linear"]
Precision = Literal["fp32", "bf16", "fp16"]
HYBRIDS = ("absvit_hybrid_lite0_224", "vit_hybrid_lite0_224")


@dataclass(frozen=True)
class Recipe:
    """A training.

    Parameters
    ----------
    model
        Name of the variant, or of any timm VisionTransformer.
    seed
        Seed of weights, images and everything else.
    epochs
        Passes over the data.
    batch_size
        Images of one process that go through the model at once.
    total_batch
        Images of one update over all processes; each then adds up the gradients of as many batches as it takes.
        0: batch_size times the number of processes, as in the official code.
    opt
        Name of a timm optimiser.
    opt_eps
        Term that keeps AdamW's denominator off 0; the optimiser's own if left out.
    opt_betas
        Decay rates of AdamW's moments; the optimiser's own if left out.
    momentum
        Momentum of SGD and its like; the optimiser's own (0.9) if left out.
    lr
        Largest learning rate, for an update of lr_batch images.
    lr_batch
        Images of an update that lr is meant for; the rate grows in proportion. 0: lr as it is.
    min_lr
        Learning rate at the end.
    warmup_lr
        Learning rate at the start.
    warmup_epochs
        Epochs of linear warm-up, part of one allowed.
    warmup_prefix
        Begin the cosine after the warm-up, not beneath it.
    schedule
        update: half a cosine, a new rate for every update. official: a new rate for every epoch, one epoch late,
        as the original code had it. poly: a straight line beneath the warm-up, as in segmentation.
    weight_decay
        Weight decay, on matrices only.
    layer_decay
        Factor in (0, 1] of the learning rate from a block to the one below it, for fine-tuning.
    clip_grad
        Largest norm of the gradient; no clipping if left out.
    drop
        Dropout of embedded patches and of what attention and MLPs put out, as in the official code.
    drop_path
        Stochastic depth of the last block, growing linearly from 0 at the first (Huang et al. 2016).
    smoothing
        Label smoothing in [0, 1).
    var_loss
        Weight of the decoders' reconstruction error, the variational loss.
    trainable
        end2end: all weights. top-down: decoders, prompt and classifier. linear: the classifier.
    model_ema
        Average the weights over updates (exponentially), evaluate and keep them beside the raw ones.
    model_ema_decay
        Decay of that average.
    precision
        fp32, bf16, or fp16 with scaled gradients.
    compile
        Compile model and loss (torch.compile).
    grad_checkpointing
        Recompute activations backward instead of keeping them: less memory, more time.
    checkpoint_every
        Updates between two writings of ``last``, which is also written after every epoch.
    keep_every
        Epochs between checkpoints that are kept for good; 0: none but ``last`` and ``best``.
    """

    model: str
    seed: int = 0
    epochs: int = 300
    batch_size: int = 128
    total_batch: int = 0
    opt: str = "adamw"
    opt_eps: float | None = 1e-8
    opt_betas: tuple[float, float] | None = (0.9, 0.999)
    momentum: float | None = None
    lr: float = 5e-4
    lr_batch: int = 512
    min_lr: float = 1e-5
    warmup_lr: float = 1e-6
    warmup_epochs: float = 10
    warmup_prefix: bool = False
    schedule: Literal["update", "official", "poly"] = "update"
    weight_decay: float = 0.05
    layer_decay: float | None = None
    clip_grad: float | None = None
    drop: float = 0.0
    drop_path: float = 0.1
    smoothing: float = 0.1
    var_loss: float = 0.1
    trainable: Trainable = "end2end"
    model_ema: bool = True
    model_ema_decay: float = 0.99996
    precision: Precision = "bf16"
    compile: bool = False
    grad_checkpointing: bool = False
    checkpoint_every: int = 1000
    keep_every: int = 0

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if isinstance(value, float) and not math.isfinite(value):
                raise ValueError(f"{name} must be a finite number, got {value}")
        for name, least in (("epochs", 1), ("batch_size", 1), ("checkpoint_every", 1), ("total_batch", 0)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} must be at least {least}, got {getattr(self, name)}")
        if not 0 <= self.seed < 2**32:
            raise ValueError(f"seed must be in [0, 2**32), got {self.seed}")
        if not 0 <= self.warmup_epochs < self.epochs:
            raise ValueError(f"warmup_epochs must be in [0, epochs = {self.epochs}), got {self.warmup_epochs}")
        if self.schedule == "official" and self.warmup_epochs != round(self.warmup_epochs):
            raise ValueError(f"schedule official warms up for whole epochs, got warmup_epochs {self.warmup_epochs}")
        for name in ("smoothing", "drop", "drop_path", "model_ema_decay"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name} must be in [0, 1), got {getattr(self, name)}")
        if self.weight_decay < 0:
            raise ValueError(f"weight_decay must not be negative, got {self.weight_decay}")
        if self.layer_decay is not None and not 0 < self.layer_decay <= 1:
            raise ValueError(f"layer_decay must be in (0, 1], got {self.layer_decay}")
        if self.clip_grad is not None and self.clip_grad <= 0:
            raise ValueError(f"clip_grad must be positive, got {self.clip_grad}; leave it out for no clipping")

    @property
    def dropout(self) -> dict[str, float]:
        """Dropout and drop path by timm's names; timm's drop_rate is the classifier's alone."""
        return {"pos_drop_rate": self.drop, "proj_drop_rate": self.drop, "drop_path_rate": self.drop_path}


@dataclass(frozen=True)
class PictureRecipe(Recipe):
    """A training on labelled pictures; the defaults are the official ones.

    Parameters
    ----------
    data_set
        IMNET or FOLDER: class folders or one tar under train and val; CIFAR (100 classes), CIFAR10; INAT and INAT19
        (iNaturalist 2018 and 2019).
    inat_category
        What iNaturalist's pictures are sorted by.
    input_size
        Height and width in pixels that the model takes.
    crop_pct
        Share of the resized picture's shorter side that evaluation keeps.
    augmentation
        How training pictures are varied.
    unreadable
        A picture that cannot be read: fail; or skip it, in training for another one, counted in the log.
    finetune
        Weights to start from, file or address: positions are resampled and the classifier replaced where they differ.
    lift
        The model is a plain ViT: give it a feedback path (absvit.topdown_from), a fresh one unless finetune holds one.
    distillation_type
        Learn from a teacher too: from its probabilities (soft) or its answers (hard).
    distillation_alpha
        Share of the teacher in the loss.
    distillation_tau
        Temperature of soft distillation.
    teacher_model
        Name of the teacher, any timm model.
    teacher_path
        Its weights, file or address.
    """

    model: str = "absvit_small_patch16_224"
    data_set: DataSet = "IMNET"
    inat_category: InatCategory = "name"
    input_size: int = 224
    crop_pct: float = 0.875
    augmentation: Flat[Augmentation] = field(default_factory=Augmentation)
    unreadable: Literal["fail", "skip"] = "fail"
    finetune: FileOrAddress = ""
    lift: bool = False
    distillation_type: Literal["none", "soft", "hard"] = "none"
    distillation_alpha: float = 0.5
    distillation_tau: float = 1.0
    teacher_model: str = "regnety_160"
    teacher_path: FileOrAddress = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.input_size < 1 or not 0 < self.crop_pct <= 1:
            raise ValueError(
                f"input_size must be at least 1 and crop_pct in (0, 1], got {self.input_size} and {self.crop_pct}"
            )
        if self.distillation_type != "none" and not self.teacher_path:
            raise ValueError("distillation needs the teacher's weights: give --teacher-path FILE or ADDRESS")
        if not 0 <= self.distillation_alpha <= 1 or self.distillation_tau <= 0:
            raise ValueError(
                "distillation_alpha must be in [0, 1] and distillation_tau positive, got "
                f"{self.distillation_alpha} and {self.distillation_tau}"
            )
        if self.trainable == "top-down" and not (self.lift or self.model.startswith("absvit")):
            raise ValueError(f"{self.model} has no feedback path to train: give --lift, or --trainable linear")


@dataclass(frozen=True)
class SceneRecipe(Recipe):
    """A training on scenes that are drawn as it goes, with cues: ``train_dist.sh micro_cued``.

    One CPU thread, 22 minutes. Accuracy .99 to 1.00, selection index .98 (measured; the README has the table).

    Parameters
    ----------
    scenes
        What is shown and cued.
    epoch_images
        Scenes of an "epoch"; none is ever shown again.
    token_weight
        Weight of the token labels.
    """

    model: str = "absvit_micro"
    epochs: int = 10
    epoch_images: int = 8000
    batch_size: int = 32
    total_batch: int = 32
    opt: str = "muon"
    opt_eps: float | None = None
    opt_betas: tuple[float, float] | None = None
    lr: float = 4e-3
    lr_batch: int = 0
    min_lr: float = 0.0
    warmup_lr: float = 3.2e-5
    warmup_epochs: float = 0.5
    warmup_prefix: bool = True
    clip_grad: float | None = 1.0
    drop_path: float = 0.0
    model_ema: bool = False
    precision: Precision = "fp32"
    checkpoint_every: int = 250
    scenes: Flat[Scenes] = field(default_factory=Scenes)
    token_weight: float = 0.3


@dataclass(frozen=True)
class HybridRecipe(Recipe):
    """A training on composites of pictures behind a frozen stem: ``train_dist.sh hybrid_cued --data-path CIFAR10``.

    240,000 composites in 28 to 41 minutes of two loaded cores of an AMD EPYC with AVX512-BF16; one idle core does 91 a
    second, and 50 in float32. The feature cache that all hybrid recipes share comes first: 136,000 composites, 5.6 GB.
    Measured: accuracy .86 to .88 on CIFAR-10's test pictures, selection index .93 to .95 (the README has the table).

    Parameters
    ----------
    data_set
        As in the recipes for pictures; the training split alone is used, a part of it is held out.
    input_size
        Height and width in pixels that pictures are enlarged to.
    composites
        What is made of the pictures.
    cues
        What is cued.
    epoch_images
        Composites of an "epoch".
    token_weight
        Weight of the token labels.
    class_gain
        Gain of class and vector cues that the trained model looks with unless told otherwise. It learns at 2, before
        its classifier is centred (``absvit.training.results``).
    """

    model: str = "absvit_hybrid_lite0_224"
    epochs: int = 10
    epoch_images: int = 24_000
    batch_size: int = 32
    total_batch: int = 32
    opt: str = "muon"
    opt_eps: float | None = None
    opt_betas: tuple[float, float] | None = None
    lr: float = 5e-3
    lr_batch: int = 0
    min_lr: float = 0.0
    warmup_lr: float = 3e-5
    warmup_epochs: float = 0.25
    warmup_prefix: bool = True
    clip_grad: float | None = 1.0
    drop_path: float = 0.0
    smoothing: float = 0.05
    model_ema: bool = False
    checkpoint_every: int = 250
    data_set: DataSet = "FOLDER"
    input_size: int = 224
    composites: Flat[Composites] = field(default_factory=Composites)
    cues: Flat[Cues] = field(default_factory=Cues)
    token_weight: float = 0.8
    class_gain: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.model not in HYBRIDS:
            raise ValueError(f"hybrid recipes train {' or '.join(HYBRIDS)}, whose stem is cached; got {self.model}")
        if self.input_size < STRIDE or self.input_size % STRIDE:
            raise ValueError(f"input_size must be a multiple of the stem's stride of {STRIDE}, got {self.input_size}")
