"""The same scenes for networks without tokens, which take no cue: any network of timm, such as a small ResNet."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import nn

from absvit.distributed import Process
from absvit.models import create_model
from absvit.training.cued.batch import CuedProblem
from absvit.training.cued.scenes import SceneProblem, SceneRecipe, Scenes
from absvit.training.recipe import Flat
from absvit.training.run_options import RunOptions

__all__ = ["UncuedRecipe", "UncuedProblem"]


@dataclass(frozen=True)
class UncuedRecipe(SceneRecipe):
    """A training of a network that takes images of any size and no cue, on single objects unless told otherwise.

    Its weights are written in half precision.
    """

    model: str = "cnn_micro"
    epoch_images: int = 4000
    lr: float = 2.5e-2
    var_loss: float = 0.0
    token_weight: float = 0.0
    scenes: Flat[Scenes] = field(default_factory=lambda: Scenes(shares=(1.0, 0.0, 0.0, 0.0, 0.0), catch_singles=0.0))

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.drop or self.trainable != "end2end" or self.token_weight or self.var_loss:
            raise ValueError(
                f"{self.name} trains all of a network that has neither tokens nor feedback: leave --drop, --trainable, "
                "--token-weight and --var-loss out"
            )
        if self.grad_checkpointing:
            raise ValueError(
                f"{self.name} trains batch normalisation, whose averages would count what --grad-checkpointing "
                "recomputes twice: leave it out"
            )

    def problem(self, data: RunOptions, process: Process) -> UncuedProblem:
        """Draw scenes as the training goes."""
        return self.drawn_by(UncuedProblem, data, process)


class UncuedProblem(SceneProblem):
    """Scenes that are drawn as the training goes, of which a network sees the images alone."""

    def made_with(self) -> dict:
        """Number of classes; the network takes images of any size."""
        return {"num_classes": len(self.classes)}

    def model(self) -> nn.Module:
        """The network, in the order of memory in which convolutions on a CPU take three quarters of the time."""
        model = create_model(self.recipe.model, **self.made_with(), drop_path_rate=self.recipe.drop_path or None)
        if hasattr(model, "patch_embed"):
            raise ValueError(f"{self.recipe.model} has tokens: name a network without, or take another recipe")
        return model.to(memory_format=torch.channels_last)

    def objective(self, model: nn.Module) -> nn.Module:
        """The cross-entropy of what is shown; there are no patches that could differ from the scenes'."""
        return CuedProblem.objective(self, model)

    def finish(self, model: nn.Module) -> None:
        """Round the weights to half precision."""
        model.half()


MICRO_CNN = UncuedRecipe(
    "micro_cnn",
    "The small ResNet on half as many such images: train_dist.sh micro_cnn",
    expect="One CPU thread, 11 to 19 minutes of a shared core. Measured, 3 seeds: accuracy 1.00, hues rotated too.",
)
