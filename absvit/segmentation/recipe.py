"""Recipe of a segmentation training, as one frozen dataclass; the defaults are the published ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Literal

from absvit.distributed import Process
from absvit.segmentation.drawn_scenes import ObjectScenes
from absvit.segmentation.transforms import Varied
from absvit.training.recipe import Flat, Precision, Recipe
from absvit.training.run_options import RunOptions
from stimuli.foundation.options import FileOrAddress

if TYPE_CHECKING:
    from absvit.segmentation.problem import SegmentationProblem

__all__ = ["SegmentationRecipe", "Source", "Transfer", "recipe_of"]

Transfer = Literal["end2end", "top-down", "prompt", "linear"]
Source = Literal["VOC", "CITYSCAPES", "ADE20K", "FOLDERS", "SCENES"]


@dataclass(frozen=True)
class SegmentationRecipe(Recipe):
    """A training of UPerNet on a ViT or an AbSViT.

    Parameters
    ----------
    epochs
        Times that the model is tested on the held-out split, at equal distances; epochs times epoch_updates
        is the number of iterations.
    epoch_updates
        Updates of an "epoch": pictures are drawn in shuffled passes over the data without regard to it.
    schedule
        poly: the rate falls linearly to min_lr, beneath a linear warm-up.
    weight_decay
        Weight decay, on all but norms, positions and class token.
    trainable
        end2end: all weights. top-down: decoders, prompt and heads. prompt: deep visual prompts and heads.
        linear: the heads.
    data_set
        VOC, CITYSCAPES, ADE20K in their published layouts; FOLDERS: images/SPLIT, labels/SPLIT and
        classes.txt; SCENES: drawn as the training goes, without any data.
    varied
        How training pictures are changed; its scale is that of the test, too.
    scenes
        What drawn scenes show.
    held_out
        Drawn scenes that the model is tested on between epochs.
    finetune
        Weights that the backbone starts from: a file, an address, a tag of bundled weights (official_seed1);
        released: the model's released or bundled ones; none: random weights.
    lift
        The model is a plain ViT: give it a feedback path (absvit.topdown_from) after its weights have been
        loaded.
    prompts
        Prompt tokens of a block in mode prompt.
    channels
        Channels of UPerNet's head.
    auxiliary_channels
        Channels of the auxiliary head.
    auxiliary_weight
        Weight of the auxiliary head's cross-entropy.
    head_dropout
        Dropout before the read-out of both heads.
    pass1_weight
        Share in [0, 1) of the bottom-up pass in the loss, so that the head learns to read both; 0 as
        published.
    test_batch
        Held-out pictures of one size that are tested at once.
    """

    outputs: ClassVar[str] = "segmentation"
    measured_by: ClassVar[str] = "python -m absvit.segmentation test"

    model: str = "absvit_base_patch16_224"
    epochs: int = 10
    epoch_updates: int = 16000
    batch_size: int = 2
    total_batch: int = 16
    lr: float = 6e-5
    lr_batch: int = 0
    min_lr: float = 0.0
    warmup_lr: float = 1e-6
    warmup_epochs: float = 1500 / 16000
    schedule: Literal["update", "official", "poly"] = "poly"
    weight_decay: float = 0.01
    drop_path: float = 0.0
    smoothing: float = 0.0
    var_loss: float = 0.0
    trainable: Transfer = "end2end"
    model_ema: bool = False
    precision: Precision = "fp32"
    data_set: Source = "ADE20K"
    varied: Flat[Varied] = field(default_factory=Varied)
    scenes: Flat[ObjectScenes] = field(default_factory=ObjectScenes)
    held_out: int = 128
    finetune: FileOrAddress = "released"
    lift: bool = False
    prompts: int = 50
    channels: int = 512
    auxiliary_channels: int = 256
    auxiliary_weight: float = 0.4
    head_dropout: float = 0.1
    pass1_weight: float = 0.0
    test_batch: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("epoch_updates", "held_out", "prompts", "channels", "auxiliary_channels", "test_batch"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        for name in ("head_dropout", "pass1_weight"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name} must be in [0, 1), got {getattr(self, name)}")
        if self.auxiliary_weight < 0 or self.var_loss < 0:
            raise ValueError(
                f"auxiliary_weight and var_loss must not be negative, got {self.auxiliary_weight} and {self.var_loss}"
            )
        if self.layer_decay is not None:
            raise ValueError("a segmentation learns at one rate in all layers: leave --layer-decay out")
        feedback = self.lift or self.model.startswith("absvit")
        if not feedback and (self.trainable == "top-down" or self.pass1_weight or self.var_loss):
            raise ValueError(
                f"{self.model} has no feedback path, so it takes no --trainable top-down, --pass1-weight or "
                "--var-loss: give --lift, or leave them out"
            )

    @property
    def crop(self) -> tuple[int, int]:
        """Height and width in pixels of what the model sees in training."""
        return (self.scenes.size, self.scenes.size) if self.data_set == "SCENES" else self.varied.crop

    def problem(self, data: RunOptions, process: Process) -> SegmentationProblem:
        """Open pictures with labels, or draw them."""
        from absvit.segmentation.problem import SegmentationProblem

        return SegmentationProblem(self, data.data_path, data.num_workers, process)


def recipe_of(options: Mapping) -> SegmentationRecipe:
    """Make a recipe again from what a checkpoint says of it; options of something else are refused."""

    def tuples(values: Mapping) -> dict:
        return {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}

    expected = set(SegmentationRecipe("", "").options)
    if set(options) != expected:
        differ = ", ".join(sorted(expected ^ set(options)))
        raise ValueError(f"this is no checkpoint of a segmentation of this version: its options differ in {differ}")
    inner = {"varied": Varied(**tuples(options["varied"])), "scenes": ObjectScenes(**tuples(options["scenes"]))}
    return SegmentationRecipe("", "", **(tuples(options) | inner))
