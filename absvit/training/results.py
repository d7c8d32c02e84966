"""Results: what a training leaves behind, weights and the card that says how they came to be."""

from __future__ import annotations

import json
import platform
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

import torch
from torch import nn

from absvit.models import checkpoints
from absvit.training.log import writing_into
from absvit.training.settings import HybridRecipe, Recipe, SceneRecipe
from absvit.training.state import Learner
from absvit.training.tasks import Task

__all__ = ["card_of", "centre_classifier", "write_results"]


def write_results(name: str, recipe: Recipe, learner: Learner, task: Task, out: Path) -> None:
    """Write the weights, raw and averaged, with their cards.

    Parameters
    ----------
    name : name of the recipe.
    recipe : what was trained.
    learner : the trained model and its average.
    task : what it was trained on.
    out : folder, with the training's log.
    """
    if isinstance(recipe, SceneRecipe):
        data = "embedded scenes of 12 object categories (stimuli.objects), drawn anew for every update"
    elif isinstance(recipe, HybridRecipe):
        data = f"{recipe.data_set} {task.folder}, composites of its training pictures of {len(task.classes)} classes"
    else:
        data = f"{recipe.data_set}, {len(task.pictures)} pictures of {len(task.classes)} classes"
    stem = {"stem_sha256": task.facts()["stem"]} if isinstance(recipe, HybridRecipe) else {}
    images = recipe.epochs * task.steps_per_epoch * task.total
    facts = {"data": data, **stem, "images": images, "categories": task.classes}
    written = {"": learner.model} | ({} if learner.ema is None else {".ema": learner.ema.module})
    for suffix, model in written.items():
        if isinstance(recipe, HybridRecipe):
            centre_classifier(model)
        weights = out / f"{recipe.model}{suffix}.safetensors"
        with writing_into(out):
            checkpoints.write(weights, model.state_dict(), card_of(recipe, model, name, out / "log.jsonl", facts))
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


def card_of(recipe: Recipe, model: nn.Module, name: str, log: Path, facts: dict) -> dict:
    """Describe how a model came to be, and how to make it again for its weights.

    Parameters
    ----------
    recipe : what it was trained with.
    model : the trained model.
    name : name of the recipe.
    log : the training's log, which tells the time it took and how well it went.
    facts : what is known of the data.

    Returns
    -------
    Card without steering numbers; ``python -m experiments card`` adds those.
    """
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    epochs = [line for line in lines if "epoch" in line]
    card = {
        "model": recipe.model,
        "recipe": name,
        "seed": recipe.seed,
        **facts,
        "seconds": round(lines[-1]["seconds"]),
        "machine": _machine(next(model.parameters()).device),
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "prior_gains": _gains(recipe, model),
        "made_with": {"num_classes": model.num_classes, "img_size": model.patch_embed.img_size[0]},
        "lifted": getattr(recipe, "lift", False),
        "options": asdict(recipe),
        "versions": {name: version(name) for name in ("torch", "timm")},
    }
    return card | ({"validation": epochs[-1]} if epochs else {})


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
