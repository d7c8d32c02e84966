"""A segmentation training from its recipe to the weights with their card."""

from __future__ import annotations

from absvit.distributed import Process
from absvit.segmentation.settings import SegmentationRecipe
from absvit.segmentation.tasks import SegmentationTask
from absvit.training.loop import train
from absvit.training.results import write_model
from absvit.training.run_options import TrainingPlace

__all__ = ["WEIGHTS", "run_training"]

WEIGHTS = "segmenter.safetensors"


def run_training(name: str, recipe: SegmentationRecipe, place: TrainingPlace, process: Process) -> None:
    """Train, and write the weights with their card.

    Parameters
    ----------
    name : name of the recipe.
    recipe : what to train.
    place : where.
    process : this process among those that train together.

    Raises
    ------
    FileNotFoundError, ValueError : model, weights or data are not as they should be.
    FloatingPointError : the loss is not finite.
    """
    task = SegmentationTask(recipe, place.data_path, place.num_workers, process)
    learner, position = train(recipe, task, place.start, process)
    if process.is_first:
        images = recipe.epochs * recipe.epoch_updates * task.total
        facts = {"images": images, "segmentation": task.facts()["classes"]}
        packages = ("torch", "timm", "segmentation-models-pytorch")
        write_model(place.output_dir / WEIGHTS, name, recipe, learner.model, position, facts, packages)
