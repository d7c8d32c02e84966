"""Results: what a training leaves behind, weights and the card that says how they came to be."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

import torch
from torch import nn

from absvit.models import checkpoints
from absvit.training.log import writing_into
from absvit.training.recipe import HybridRecipe, Recipe, SceneRecipe
from absvit.training.state import Learner, Position
from absvit.training.task import Task

__all__ = ["centre_classifier", "write_model", "write_results"]


def write_results(name: str, recipe: Recipe, learner: Learner, position: Position, task: Task, out: Path) -> None:
    """Write the weights, raw and averaged, with their cards.

    Parameters
    ----------
    name : name of the recipe.
    recipe : what was trained.
    learner : the trained model and its average.
    position : the end of the training.
    task : what it was trained on.
    out : folder, with the training's log.
    """
    if isinstance(recipe, SceneRecipe):
        data = "embedded scenes of 12 object categories (stimuli.families.objects), drawn anew for every update"
    elif isinstance(recipe, HybridRecipe):
        data = f"{recipe.data_set} {task.folder}, composites of its training pictures of {len(task.classes)} classes"
    else:
        data = f"{recipe.data_set}, {len(task.pictures)} pictures of {len(task.classes)} classes"
    stem = {"stem_sha256": task.facts()["stem"], "squeezed": True} if isinstance(recipe, HybridRecipe) else {}
    images = recipe.epochs * task.steps_per_epoch * task.total
    facts = {"data": data, **stem, "images": images, "categories": task.classes}
    written = {"": learner.model} | ({} if learner.ema is None else {".ema": learner.ema.module})
    for suffix, model in written.items():
        if isinstance(recipe, HybridRecipe):
            centre_classifier(model)
        made = {
            "prior_gains": _gains(recipe, model),
            "made_with": {"num_classes": model.num_classes, "img_size": model.patch_embed.img_size[0]},
            "lifted": getattr(recipe, "lift", False),
        }
        write_model(out / f"{recipe.model}{suffix}.safetensors", name, recipe, model, position, facts | made)


def write_model(
    weights: Path,
    name: str,
    recipe: Recipe,
    model: nn.Module,
    position: Position,
    facts: dict,
    packages: Sequence[str] = ("torch", "timm"),
) -> None:
    """Write weights with the card that says how they came to be.

    Parameters
    ----------
    weights : file to be written.
    name : name of the recipe.
    recipe : what the model was trained with.
    model : the trained model.
    position : the end of the training, with its time and its last evaluation.
    facts : what is known of the data and needed to make the model again.
    packages : those whose versions matter.

    Raises
    ------
    OSError : the folder cannot be written into, or its disk is full.
    """
    with writing_into(weights.parent):
        checkpoints.write(weights, model.state_dict(), _card(name, recipe, model, position, facts, packages))
    print(f"weights and card: {weights}, {weights.with_suffix('.json')}")


def centre_classifier(model: nn.Module) -> None:
    """Take from the classifier what all its rows share.

    Softmax does not see that part, so nothing in a training holds it back: the rows of a hybrid had a mean cosine of
    .90. As cues they then favoured the same tokens whatever the class. Probabilities stay as they are.

    Parameters
    ----------
    model : its classifier is changed in place.
    """
    classifier = model.get_classifier()
    with torch.no_grad():
        for parameter in (classifier.weight, classifier.bias):
            parameter -= parameter.mean(dim=0)


def _card(
    name: str, recipe: Recipe, model: nn.Module, position: Position, facts: dict, packages: Sequence[str]
) -> dict[str, object]:
    """How a model came to be, without steering numbers; ``python -m experiments card`` adds those."""
    grid = checkpoints.token_grid(model)
    card = {
        "model": recipe.model,
        "recipe": name,
        "seed": recipe.seed,
        **facts,
        "seconds": round(position.seconds),
        "machine": _machine(next(model.parameters()).device),
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        **({} if grid is None else {"grid": list(grid)}),
        "options": asdict(recipe),
        "versions": {package: version(package) for package in packages},
    }
    return card | ({"validation": position.evaluated} if position.evaluated else {})


def _gains(recipe: Recipe, model: nn.Module) -> dict[str, float]:
    """Default gains of the trained model, by kind of prior; a plain ViT has none."""
    gains = dict(getattr(model, "prior_gains", {}))
    if gains and isinstance(recipe, HybridRecipe):
        gains |= {"class": recipe.class_gain, "vector": recipe.class_gain}
    return gains


def _machine(device: torch.device) -> str:
    """What a training computes on."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{platform.machine()}, {torch.get_num_threads()} CPU threads"
