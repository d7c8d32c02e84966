"""Recipes for labelled pictures, and their problem: the model with its first weights, its teacher, its data."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import torch
from torch import nn

from absvit.data.datasets import DataSet, InatCategory, LabelledPictures, check_same_classes, open_dataset
from absvit.data.picture_identity import identity
from absvit.distributed import Process, told_by_first
from absvit.models import AbSViT, checkpoints, create_model, topdown_from, zoo
from absvit.training.pictures.augmentation import Augmentation, Mixing
from absvit.training.pictures.epoch_order import Updates
from absvit.training.pictures.evaluation import evaluate
from absvit.training.pictures.objective import PictureObjective, Teacher
from absvit.training.pictures.views import report, training_loader
from absvit.training.problem import Problem
from absvit.training.recipe import Flat, Recipe
from absvit.training.run_options import RunOptions
from stimuli.foundation.options import FileOrAddress

__all__ = ["PictureRecipe", "PictureProblem", "teacher_of"]


@dataclass(frozen=True)
class PictureRecipe(Recipe):
    """A training on labelled pictures; the defaults are the official ones.

    Parameters
    ----------
    data_set
        IMNET or FOLDER: class folders or one tar under train and val; CIFAR (100 classes), CIFAR10; INAT and
        INAT19 (iNaturalist 2018 and 2019).
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
        Weights to start from, file or address: positions are resampled and the classifier replaced where they
        differ.
    lift
        The model is a plain ViT: give it a feedback path (absvit.topdown_from), a fresh one unless finetune
        holds one.
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

    def open(self, data_path: Path, split: str) -> LabelledPictures:
        """Open the split "train" or "val" of the data set."""
        return open_dataset(self.data_set, data_path, split, self.inat_category)

    def begin(self, model: nn.Module) -> nn.Module:
        """Give a model the weights and the feedback path that it starts from."""
        grid, usual = model.patch_embed.grid_size[0], model.pretrained_cfg["input_size"]
        if model.patch_embed.feat_ratio() * grid != self.input_size:
            raise ValueError(
                f"the patches of {self.model} must cover the picture: {grid} x {grid} of them do not cover input_size "
                f"{self.input_size}, as they cover {usual[-1]}; choose a multiple of the patch"
            )
        if self.finetune:
            weights = checkpoints.read(self.finetune)
            lifted = self.lift and "prompt" in weights.state_dict  # by a training before this one
            model = topdown_from(model) if lifted else model
            for note in checkpoints.load_into(model, weights.state_dict, adapt=True, grid=weights.grid):
                print(note, file=sys.stderr)
        return topdown_from(model) if self.lift and not isinstance(model, AbSViT) else model

    def problem(self, data: RunOptions, process: Process) -> PictureProblem:
        """Open the training and the validation split."""
        if self.trainable != "end2end" and not (self.finetune or data.resume):
            raise ValueError(f"--trainable {self.trainable} leaves the rest as it is: give its weights with --finetune")
        goes_on = data.checkpoint.exists()  # then all weights come from there
        return PictureProblem(
            replace(self, finetune="") if goes_on else self, data.data_path, data.num_workers, process
        )


class PictureProblem(Problem):
    """Labelled pictures with augmentation, and a validation split.

    Parameters
    ----------
    recipe : which data set, and how its pictures are varied.
    data_path : folder of the data set.
    num_workers : processes that load pictures for this one.
    process : this process among those that train together.
    """

    def __init__(self, recipe: PictureRecipe, data_path: Path, num_workers: int, process: Process) -> None:
        super().__init__(recipe, process)
        self.num_workers = num_workers
        self.held_out, self.pictures = recipe.open(data_path, "val"), recipe.open(data_path, "train")
        check_same_classes(self.pictures, self.held_out)
        self.classes = self.held_out.classes
        self.steps_per_epoch = self._updates(0).steps_per_epoch
        self.known = told_by_first(
            lambda: {"training pictures": identity(self.pictures), "validation pictures": identity(self.held_out)}
        )

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

    def data(self) -> str:
        """Name and size of the data set."""
        return f"{self.recipe.data_set}, {len(self.pictures)} pictures of {len(self.classes)} classes"

    def made_with(self) -> dict:
        """Number of classes and input size."""
        return {"num_classes": len(self.classes), "img_size": self.recipe.input_size}

    def objective(self, model: nn.Module) -> nn.Module:
        """Both passes' cross-entropy and the variational loss, with a teacher where the recipe has one."""
        recipe = self.recipe
        teacher = teacher_of(recipe, len(self.classes)) if recipe.distillation_type != "none" else None
        return PictureObjective(model, recipe.smoothing, recipe.var_loss, teacher).to(self.process.device)

    def updates(self, first_step: int) -> Iterator[list[tuple]]:
        """The micro-batches of this process, update by update."""
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
        """Accuracy and loss of both passes on the validation split, which is read once for all models."""
        return evaluate(models, self.held_out, self.recipe, self.num_workers, self.process)


def teacher_of(recipe: PictureRecipe, n_classes: int) -> Teacher:
    """Make the teacher of a recipe, which takes the pixels of its model."""
    network = create_model(recipe.teacher_model, num_classes=n_classes)
    cfg = network.pretrained_cfg
    if cfg.get("fixed_input_size") and cfg["input_size"][-1] != recipe.input_size:
        raise ValueError(
            f"the teacher {recipe.teacher_model} takes pictures of {cfg['input_size'][-1]} px only, got input_size "
            f"{recipe.input_size}: choose another teacher"
        )
    try:
        checkpoints.load_into(network, checkpoints.read(recipe.teacher_path).state_dict)
    except ValueError as error:
        raise ValueError(f"no teacher of the {n_classes} classes in {recipe.teacher_path}: {error}") from error
    pixels = (zoo.preprocessing(recipe.model), zoo.preprocessing(recipe.teacher_model))
    own, other = ([torch.tensor(each[name]) for name in ("mean", "std")] for each in pixels)
    scale, shift = own[1] / other[1], (own[0] - other[0]) / other[1]
    return Teacher(network, recipe.distillation_type, recipe.distillation_alpha, recipe.distillation_tau, scale, shift)
