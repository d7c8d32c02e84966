"""A segmentation training from its recipe to the weights with their card."""

from __future__ import annotations

import json
from dataclasses import asdict
from importlib.metadata import version

from absvit.distributed import Process
from absvit.models import checkpoints
from absvit.segmentation.settings import SegmentationRecipe
from absvit.segmentation.tasks import SegmentationTask
from absvit.training.log import writing_into
from absvit.training.loop import train
from absvit.training.place import TrainingPlace

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
    learner = train(recipe, task, place.start, process)
    if not process.is_first:
        return
    lines = [json.loads(line) for line in (place.output_dir / "log.jsonl").read_text().splitlines()]
    card = {
        "model": recipe.model,
        "recipe": name,
        "seed": recipe.seed,
        "images": recipe.epochs * recipe.epoch_updates * task.total,
        "seconds": round(lines[-1]["seconds"]),
        "parameters": sum(parameter.numel() for parameter in learner.model.parameters()),
        "validation": [line for line in lines if "epoch" in line][-1],
        "segmentation": task.facts()["classes"],
        "options": asdict(recipe),
        "versions": {package: version(package) for package in ("torch", "timm", "segmentation-models-pytorch")},
    }
    with writing_into(place.output_dir):
        checkpoints.write(place.output_dir / WEIGHTS, learner.model.state_dict(), card)
    print(f"weights and card: {place.output_dir / WEIGHTS}, {(place.output_dir / WEIGHTS).with_suffix('.json')}")
