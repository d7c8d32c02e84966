"""Problems: the data of a recipe, the model that fits them, what is minimised, and how well it goes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence

from torch import nn

from absvit.distributed import Process
from absvit.models import create_model
from absvit.models.requests import check_model
from absvit.training.recipe import Recipe

__all__ = ["Problem", "build_model", "micro_batches"]

LEARNING = {"top-down": ("head.", "decoders.", "prompt"), "linear": ("head.",)}


class Problem(ABC):
    """What the loop needs to know of the data: a recipe's, for one process among those that train together.

    Subclasses set ``classes``, the names of the classes, and ``steps_per_epoch``, the number of updates.

    Parameters
    ----------
    recipe : what is trained.
    process : this process.

    Raises
    ------
    ValueError : the processes cannot share an update.
    """

    classes: tuple[str, ...]
    steps_per_epoch: int
    best_by = "top1_pass"  # what the names of the measure begin with by which the best checkpoint is chosen
    packages = ("torch", "timm")  # whose versions the card tells

    def __init__(self, recipe: Recipe, process: Process) -> None:
        self.recipe, self.process, self.unreadable = recipe, process, 0
        self.size, self.n_micro = micro_batches(recipe, process.world_size)
        self.total = self.size * self.n_micro * process.world_size

    @abstractmethod
    def facts(self) -> dict:
        """What tells these data from others; "updates of an epoch" among it."""

    @abstractmethod
    def made_with(self) -> dict:
        """Arguments of ``create_model`` that fit the model to the data, for its card too."""

    def model(self) -> nn.Module:
        """The model that fits these data, with the weights that it starts from."""
        return build_model(self.recipe, **self.made_with())

    def learning(self, model: nn.Module) -> nn.Module | list[dict]:
        """What the optimiser is given: the model, for timm's parameter groups, or groups."""
        return model

    @abstractmethod
    def objective(self, model: nn.Module) -> nn.Module:
        """What is minimised: called with a batch's tensors, it gives losses by name."""

    @abstractmethod
    def updates(self, first_step: int) -> Iterator[list[tuple]]:
        """The micro-batches of this process, update by update; a file that cannot be read is named."""

    def evaluate(self, models: Sequence[nn.Module]) -> list[dict[str, float]]:
        """Each model's measures on held-out data by name, empty without such; models keep their modes."""
        return [{} for _ in models]

    def finish(self, model: nn.Module) -> None:  # noqa: B027 - most leave them as they are
        """Change trained weights before they are written."""

    @property
    def weights(self) -> str:
        """Stem of the name of the weights' file."""
        return self.recipe.model

    @abstractmethod
    def data(self) -> str:
        """What the data are, in words."""

    def card(self, model: nn.Module) -> dict:
        """What the card tells of the data, and what is needed to make the model again."""
        return {
            "data": self.data(),
            "images": self.recipe.epochs * self.steps_per_epoch * self.total,
            "categories": self.classes,
            "prior_gains": dict(getattr(model, "prior_gains", {})),
            "made_with": self.made_with(),
            "lifted": getattr(self.recipe, "lift", False),
        }


def build_model(recipe: Recipe, **made_with) -> nn.Module:
    """Make a recipe's model with arguments of ``create_model``; of it learns what the recipe says."""
    try:
        model = create_model(recipe.model, **made_with, **recipe.dropout)
    except TypeError as error:  # networks of another kind take other arguments
        raise ValueError(f"{recipe.model} is no vision transformer such as timm's vit_* ({error}): name one") from error
    check_model(model)
    model = recipe.begin(model)
    model.set_grad_checkpointing(recipe.grad_checkpointing)
    if recipe.trainable != "end2end":
        for name, parameter in model.named_parameters():
            parameter.requires_grad_(name.startswith(LEARNING[recipe.trainable]))
    return model


def micro_batches(recipe: Recipe, world_size: int) -> tuple[int, int]:
    """Share an update evenly among the processes.

    Gives the images that go through a model at once, and how many such batches of one process make its part
    of an update.
    """
    total = recipe.total_batch or recipe.batch_size * world_size
    if total % world_size:
        raise ValueError(f"total_batch must be a multiple of the {world_size} processes, got {total}")
    share = total // world_size
    size = min(recipe.batch_size, share)
    if share % size:
        raise ValueError(
            f"total_batch {total} over {world_size} processes makes {share} images each, which batches of {size} do "
            "not fill evenly; choose --batch-size as a divisor"
        )
    return size, share // size
