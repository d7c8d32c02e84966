"""Tasks: the data of a recipe, the model that fits them, what is minimised, and how well it goes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from torch import nn

from absvit.data.datasets import LabelledPictures, check_same_classes, open_dataset
from absvit.data.picture_identity import identity
from absvit.distributed import Process, told_by_first
from absvit.models import zoo
from absvit.training.classification import Classification
from absvit.training.cued.composites import CompositeTask
from absvit.training.losses import PictureObjective, SceneObjective
from absvit.training.pictures.augmentation import Mixing
from absvit.training.pictures.building import build_teacher
from absvit.training.pictures.epoch_order import Updates, updates_of_epoch
from absvit.training.pictures.evaluation import evaluate
from absvit.training.pictures.views import report, training_loader
from absvit.training.recipe import HybridRecipe, PictureRecipe, Recipe, SceneRecipe
from stimuli.families.objects import CATEGORIES

__all__ = ["PictureTask", "SceneTask", "Task", "micro_batches", "open_task"]

FEATURE_CACHE = Path("outputs/features")


class Task(Protocol):
    """What the loop needs to know of the data."""

    classes: tuple[str, ...]
    total: int
    steps_per_epoch: int
    unreadable: int
    best_by: str  # what the names of the measure begin with by which the best checkpoint is chosen

    def facts(self) -> dict:
        """What tells these data from others."""

    def model(self) -> nn.Module:
        """The model that fits these data, with the weights that it starts from."""

    def learning(self, model: nn.Module) -> nn.Module | list[dict]:
        """What the optimiser is given: the model, for timm's parameter groups, or groups.

        Parameters
        ----------
        model : the model that learns.
        """

    def objective(self, model: nn.Module) -> nn.Module:
        """What is minimised: called with a batch's tensors, it gives losses by name.

        Parameters
        ----------
        model : the model that learns.
        """

    def updates(self, first_step: int) -> Iterator[list[tuple]]:
        """The micro-batches of this process, update by update.

        Parameters
        ----------
        first_step : number of the first update.
        """

    def evaluate(self, models: Sequence[nn.Module]) -> list[dict[str, float]]:
        """Each model's measures on held-out data by name; empty where there are none.

        Parameters
        ----------
        models : the trained one and its average where there is one, left in the mode that they were in.
        """


def open_task(
    recipe: Recipe, data_path: Path, num_workers: int, process: Process, feature_cache: Path = FEATURE_CACHE
) -> Task:
    """Open the data of a recipe.

    Parameters
    ----------
    recipe : what is to be trained.
    data_path : folder of the data set.
    num_workers : processes that load pictures for this one.
    process : this process among those that train together.
    feature_cache : folder of the frozen stem's features, for the hybrid recipes.

    Raises
    ------
    FileNotFoundError, ValueError : the data set is not as it should be, or the processes cannot share an update.
    """
    if isinstance(recipe, HybridRecipe):
        return CompositeTask(recipe, data_path, feature_cache, process, micro_batches(recipe, process.world_size))
    if isinstance(recipe, SceneRecipe):
        return SceneTask(recipe, process)
    return PictureTask(recipe, data_path, num_workers, process)


def micro_batches(recipe: Recipe, world_size: int) -> tuple[int, int]:
    """Share an update among the processes.

    Parameters
    ----------
    recipe : gives batch_size and total_batch.
    world_size : number of processes.

    Returns
    -------
    Images that go through a model at once, and how many such batches of one process make its part of an update.

    Raises
    ------
    ValueError : the processes cannot share the update evenly.
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


class SceneTask(Classification):
    """Scenes that are drawn as the training goes.

    Parameters
    ----------
    recipe : what is shown and cued.
    process : this process among those that train together.
    """

    def __init__(self, recipe: SceneRecipe, process: Process) -> None:
        self.recipe, self.process = recipe, process
        self.size, self.n_micro = micro_batches(recipe, process.world_size)
        self.total = self.size * self.n_micro * process.world_size
        self.steps_per_epoch = updates_of_epoch(recipe.epoch_images, self.total, recipe.batch_size)
        self.classes = tuple(CATEGORIES)
        self.unreadable = 0

    def facts(self) -> dict:
        """What tells these data from others; the scenes stand in the recipe."""
        return {"updates of an epoch": self.steps_per_epoch}

    def objective(self, model: nn.Module) -> nn.Module:
        """Both passes' cross-entropy, variational loss and token labels.

        Parameters
        ----------
        model : has to take the scenes' size, patches and classes.
        """
        scenes = self.recipe.scenes
        grid, shown = tuple(model.patch_embed.grid_size), (scenes.size // scenes.patch,) * 2
        if grid != shown:
            raise ValueError(f"{self.recipe.model} has {grid} tokens at {scenes.size} px, the scenes' cues {shown}")
        return SceneObjective(model, self.recipe.smoothing, self.recipe.var_loss, self.recipe.token_weight)

    def updates(self, first_step: int) -> Iterator[list[tuple]]:
        """The micro-batches of this process, update by update.

        Parameters
        ----------
        first_step : number of the first update.
        """
        last = self.recipe.epochs * self.steps_per_epoch
        for step in range(first_step, last):
            first = step * self.total + self.process.rank * self.size * self.n_micro
            numbers = np.arange(first, first + self.size * self.n_micro).reshape(self.n_micro, self.size)
            drawn = (self.recipe.scenes.batch(indices, self.recipe.seed, step / last) for indices in numbers)
            yield [(type(batch)(*(tensor.to(self.process.device) for tensor in batch)),) for batch in drawn]

    def evaluate(self, models: Sequence[nn.Module]) -> list[dict[str, float]]:
        """Nothing: ``python -m experiments recognition`` measures on scenes that no training sees.

        Parameters
        ----------
        models : the models.
        """
        return [{} for _ in models]


@dataclass
class PictureTask(Classification):
    """Labelled pictures with augmentation, and a validation split.

    Parameters
    ----------
    recipe : which data set, and how its pictures are varied.
    data_path : folder of the data set.
    num_workers : processes that load pictures for this one.
    process : this process among those that train together.
    """

    recipe: PictureRecipe
    data_path: Path
    num_workers: int
    process: Process

    def __post_init__(self) -> None:
        self.held_out = self._open("val")
        self.pictures = self._open("train")
        check_same_classes(self.pictures, self.held_out)
        self.classes, self.unreadable = self.held_out.classes, 0
        self.size, self.n_micro = micro_batches(self.recipe, self.process.world_size)
        self.total = self.size * self.n_micro * self.process.world_size
        self.steps_per_epoch = self._updates(0).steps_per_epoch
        self.known = told_by_first(
            lambda: {
                "training pictures": identity(self.pictures),
                "validation pictures": identity(self.held_out),
            }
        )

    def _open(self, split: str) -> LabelledPictures:
        recipe = self.recipe
        return open_dataset(recipe.data_set, self.data_path, split, recipe.inat_category)

    def _updates(self, first_step: int) -> Updates:
        recipe, process = self.recipe, self.process
        augmentation = recipe.augmentation
        return Updates(
            len(self.pictures), self.total, recipe.epochs, recipe.seed, augmentation.repeats, process.rank,
            process.world_size, self.size, first_step, augmentation.mixes,
        )  # fmt: skip

    def facts(self) -> dict:
        """What tells these data from others."""
        return {"updates of an epoch": self.steps_per_epoch, **self.known}

    def objective(self, model: nn.Module) -> nn.Module:
        """Both passes' cross-entropy and the variational loss, with a teacher where the recipe has one.

        Parameters
        ----------
        model : the model.
        """
        recipe = self.recipe
        teacher = build_teacher(recipe, len(self.classes)) if recipe.distillation_type != "none" else None
        return PictureObjective(model, recipe.smoothing, recipe.var_loss, teacher).to(self.process.device)

    def updates(self, first_step: int) -> Iterator[list[tuple]]:
        """The micro-batches of this process, update by update.

        Parameters
        ----------
        first_step : number of the first update.

        Raises
        ------
        ValueError : a picture cannot be read, and the recipe says fail.
        """
        recipe, device = self.recipe, self.process.device
        pixels = zoo.preprocessing(recipe.model)
        order = self._updates(first_step)
        loader = training_loader(
            self.pictures, recipe.augmentation, recipe.input_size, pixels["mean"], pixels["std"], order, recipe.seed,
            self.num_workers, device.type == "cuda",
        )  # fmt: skip
        mixing = Mixing(recipe.augmentation)
        for step, micro in enumerate(zip(*[iter(loader)] * self.n_micro, strict=True), first_step):
            update = []
            for k, batch in enumerate(micro):
                report(batch.problems, recipe.unreadable)
                self.unreadable += len(batch.problems)
                target = batch.target.to(device, non_blocking=True)
                chance = (len(self.classes), recipe.seed, step, order.chunk(k))
                images, soft = mixing(batch.images.to(device, non_blocking=True), target, *chance)
                update.append((images, soft))
                if batch.patch_images is not None:
                    patches, _ = mixing(batch.patch_images.to(device, non_blocking=True), target, *chance)
                    update[-1] += (patches,)
            yield update

    def evaluate(self, models: Sequence[nn.Module]) -> list[dict[str, float]]:
        """Accuracy and loss of both passes on the validation split, which is read once for all models.

        Parameters
        ----------
        models : the models, left in the mode that they were in.
        """
        return evaluate(models, self.held_out, self.recipe, self.num_workers, self.process)
