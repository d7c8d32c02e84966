"""A segmentation as the training loop takes it: data, model, what is minimised, and how well it goes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
import xarray as xr
from torch import nn

from absvit.distributed import Process, sum_over_ranks, take_from_first, told_by_first
from absvit.models import zoo
from absvit.segmentation.counting import confusions, scores
from absvit.segmentation.datasets import SegmentedPictures, open_pictures
from absvit.segmentation.drawn_scenes import HELD_OUT_SEED, DrawnScenes
from absvit.segmentation.loading_segmenter import build_segmenter, parameter_groups
from absvit.segmentation.objective import SegmentationObjective
from absvit.segmentation.recipe import SegmentationRecipe
from absvit.segmentation.segmenter import Segmenter
from absvit.segmentation.transforms import TrainingTransform, Varied, WholeTransform
from absvit.segmentation.views import Stream, blocks, training_loader, whole_loader
from absvit.training.problem import Problem

__all__ = ["SegmentationProblem", "count_pixels", "held_out_pictures", "whole_transform_of"]


class SegmentationProblem(Problem):
    """Pictures with labels: to train on, and held out.

    Parameters
    ----------
    recipe : which data set, and how its pictures are varied.
    data_path : folder of the data set; not looked at for drawn scenes.
    num_workers : processes that prepare pictures for this one.
    process : this process among those that train together.

    Raises
    ------
    FileNotFoundError, ValueError : the data set is not as it should be, or the processes cannot share an
        update.
    """

    best_by = "miou_pass"
    packages = ("torch", "timm", "segmentation-models-pytorch")
    weights = "segmenter"

    def __init__(self, recipe: SegmentationRecipe, data_path: Path, num_workers: int, process: Process) -> None:
        super().__init__(recipe, process)
        self.num_workers = num_workers
        if self.size < 2:
            raise ValueError(
                "a process must take at least 2 pictures at once, got 1: UPerNet pools each to one place, and its "
                "norms need more than one value; choose a larger --batch-size or --total-batch"
            )
        self.steps_per_epoch = recipe.epoch_updates
        self.held_out = held_out_pictures(recipe, data_path)
        self.pictures = (
            DrawnScenes(recipe.scenes, recipe.seed)
            if recipe.data_set == "SCENES"
            else open_pictures(recipe.data_set, data_path, "train")
        )
        self.table, self.classes = self.held_out.table, self.held_out.table.names
        self.known = told_by_first(
            lambda: {"training pictures": self.pictures.identity(), "held-out pictures": self.held_out.identity()}
        )

    def facts(self) -> dict:
        """What tells these data from others, and what the classes are called."""
        return {
            "updates of an epoch": self.steps_per_epoch,
            **self.known,
            "classes": {"names": list(self.table.names), "colours": [list(colour) for colour in self.table.colours]},
        }

    def data(self) -> str:
        """Name and size of the data set."""
        return f"{self.recipe.data_set}, {len(self.classes)} classes"

    def made_with(self) -> dict:
        """Arguments of the backbone's ``create_model``."""
        return {"img_size": self.recipe.crop, "dynamic_img_size": True}

    def card(self, model: nn.Module) -> dict:
        """Number of images, and the classes."""
        images = self.recipe.epochs * self.recipe.epoch_updates * self.total
        return {"images": images, "segmentation": self.facts()["classes"]}

    def model(self) -> nn.Module:
        """The segmenter, with norms over all processes where these have GPUs."""
        model = build_segmenter(self.recipe, len(self.classes))
        if self.process.world_size > 1 and self.process.device.type == "cuda":
            model = nn.SyncBatchNorm.convert_sync_batchnorm(model)
        return model

    def learning(self, model: nn.Module) -> list[dict]:
        """Parameter groups for the optimiser."""
        return parameter_groups(model)

    def objective(self, model: nn.Module) -> nn.Module:
        """Cross-entropy of both heads."""
        recipe = self.recipe
        return SegmentationObjective(
            model, recipe.auxiliary_weight, recipe.pass1_weight, recipe.smoothing, recipe.var_loss
        )

    def updates(self, first_step: int) -> Iterator[list[tuple]]:
        """The micro-batches of this process, update by update."""
        recipe, process = self.recipe, self.process
        last = recipe.epochs * recipe.epoch_updates
        stream = Stream(
            len(self.pictures), self.total, recipe.seed, process.rank, process.world_size, self.size, first_step, last
        )
        unchanged = Varied(recipe.crop, None, (1.0, 1.0), 1.0, 0.0, distortion=False)  # each scene is a new one anyway
        varied = unchanged if recipe.data_set == "SCENES" else recipe.varied
        pixels, on_gpu = zoo.preprocessing(recipe.model), process.device.type == "cuda"
        transform = TrainingTransform(varied, pixels["mean"], pixels["std"])
        loader = iter(training_loader(self.pictures, transform, stream, recipe.seed, self.num_workers, on_gpu))
        for _ in range(first_step, last):
            update = [next(loader) for _ in range(self.n_micro)]
            yield [
                (
                    images.to(process.device, non_blocking=True),
                    labels.to(process.device, non_blocking=True).long(),
                )
                for images, labels in update
            ]

    def evaluate(self, models: Sequence[nn.Module]) -> list[dict[str, float]]:
        """Scores of each model on the held-out split: n, miou_passK, macc_passK, aacc_passK in [0, 1]."""
        return [self._measured(model) for model in models]

    def _measured(self, model: nn.Module) -> dict[str, float]:
        """Scores of one segmenter by name."""
        take_from_first(model.buffers())  # without GPUs each process has its own running norms
        counts = count_pixels(model, self.held_out, self.recipe, self.num_workers, self.process)
        measured = scores(xr.DataArray(counts, dims=("iteration", "class", "predicted_class")).assign_coords(
            {"class": np.arange(len(self.classes))}
        ))  # fmt: skip
        values = {"n": len(self.held_out)}
        for k in range(len(counts)):
            values |= {f"{name}_pass{k + 1}": float(measured[name][k]) for name in ("miou", "macc", "aacc")}
        return values


def held_out_pictures(recipe: SegmentationRecipe, data_path: Path) -> SegmentedPictures:
    """Open what a training is tested on between its epochs."""
    if recipe.data_set == "SCENES":
        return DrawnScenes(recipe.scenes, HELD_OUT_SEED, recipe.held_out)
    return open_pictures(recipe.data_set, data_path, "val")


def whole_transform_of(recipe: SegmentationRecipe) -> WholeTransform:
    """What makes an image for the model of a whole picture."""
    pixels = zoo.preprocessing(recipe.model)
    scale = None if recipe.data_set == "SCENES" else recipe.varied.scale
    return WholeTransform(scale, pixels["mean"], pixels["std"])


def count_pixels(
    model: Segmenter, pictures: SegmentedPictures, recipe: SegmentationRecipe, num_workers: int, process: Process
) -> np.ndarray:
    """Count the pixels of all pictures together, each once, whatever the number of processes.

    (iteration, class, predicted class) int64, the same on every rank.
    """
    mine = blocks(0, len(pictures), recipe.test_batch)[process.rank :: process.world_size]
    loader = whole_loader(pictures, whole_transform_of(recipe), mine, num_workers if mine else 0)
    shape = (model.n_passes, model.n_classes, model.n_classes)
    total = torch.zeros(shape, dtype=torch.int64)
    for _, counts in confusions(model, loader, process.device, precision=recipe.precision):
        total += counts
    return sum_over_ranks(total.to(process.device)).cpu().numpy()
