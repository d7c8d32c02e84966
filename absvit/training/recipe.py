"""Recipes: everything that decides a training, as a frozen dataclass; where it runs is not part of it."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import tyro

from stimuli.foundation.registry import Registry

if TYPE_CHECKING:
    from torch import nn

    from absvit.distributed import Process
    from absvit.training.problem import Problem
    from absvit.training.run_options import RunOptions

__all__ = ["RECIPES", "Flat", "Precision", "Recipe", "Trainable"]

Flat = tyro.conf.OmitArgPrefixes
Said = Annotated[str, tyro.conf.Fixed, tyro.conf.Suppress]
Trainable = Literal["end2end", "top-down", "linear"]
Precision = Literal["fp32", "bf16", "fp16"]
SAID = ("name", "shows", "expect")  # of a recipe, and deciding nothing


@dataclass(frozen=True)
class Recipe:
    """A training: base of the recipes, which each say by :meth:`problem` what data they train on.

    Parameters
    ----------
    name
        What it is called.
    shows
        What it trains and by which command, in one line.
    expect
        What it costs, and the number to expect.
    model
        Name of the variant, or of any timm VisionTransformer.
    seed
        Seed of weights, images and everything else.
    epochs
        Passes over the data.
    batch_size
        Images of one process that go through the model at once.
    total_batch
        Images of one update over all processes; each then adds up the gradients of as many batches as it
        takes. 0: batch_size times the number of processes, as in the official code.
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
        update: half a cosine, a new rate for every update. official: a new rate for every epoch, one epoch
        late, as the original code had it. poly: a straight line beneath the warm-up, as in segmentation.
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

    outputs: ClassVar[str] = "training"  # folder in outputs/ that results go to unless told otherwise
    measured_by: ClassVar[str] = ""  # the program that evaluates in place of --eval

    name: Said
    shows: Said
    model: str
    expect: Said = ""
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

    @property
    def options(self) -> dict[str, object]:
        """What decides the training, by name, as checkpoints and cards hold it."""
        return {name: value for name, value in asdict(self).items() if name not in SAID}

    def begin(self, model: nn.Module) -> nn.Module:
        """Give a model the weights and the feedback path that it starts from; random ones, if not overridden."""
        return model

    def problem(self, data: RunOptions, process: Process) -> Problem:
        """Open the data that the recipe trains on."""
        raise NotImplementedError(f"{type(self).__name__} must say what it trains on: give it a method problem")


RECIPES: Registry[Recipe] = Registry(
    "absvit.training.recipe:Recipe", "absvit.recipes", ("absvit.training", "absvit.segmentation")
)
