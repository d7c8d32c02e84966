"""Results: what a training leaves behind, weights and the card that says how they came to be."""

from __future__ import annotations

import platform
from importlib.metadata import version
from pathlib import Path

import torch
from torch import nn

from absvit.models import checkpoints
from absvit.training.log import writing_into
from absvit.training.problem import Problem
from absvit.training.recipe import Recipe
from absvit.training.state import Learner, Position

__all__ = ["write_results"]


def write_results(recipe: Recipe, learner: Learner, position: Position, problem: Problem, out: Path) -> None:
    """Write the weights, raw and averaged, with the cards that say how they came to be."""
    models = {"": learner.model} | ({} if learner.ema is None else {".ema": learner.ema.module})
    for suffix, model in models.items():
        problem.finish(model)
        weights = out / f"{problem.weights}{suffix}.safetensors"
        with writing_into(out):
            checkpoints.write(weights, model.state_dict(), _card(recipe, model, position, problem))
        print(f"weights and card: {weights}, {weights.with_suffix('.json')}")


def _card(recipe: Recipe, model: nn.Module, position: Position, problem: Problem) -> dict[str, object]:
    """How a model came to be, without steering numbers; ``python -m experiments card`` adds those."""
    grid = checkpoints.token_grid(model)
    card = {
        "model": recipe.model,
        "recipe": recipe.name,
        "seed": recipe.seed,
        **problem.card(model),
        "seconds": round(position.seconds),
        "machine": _machine(next(model.parameters()).device),
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        **({} if grid is None else {"grid": list(grid)}),
        "options": recipe.options,
        "versions": {package: version(package) for package in problem.packages},
    }
    return card | ({"validation": position.evaluated} if position.evaluated else {})


def _machine(device: torch.device) -> str:
    """What a training computes on."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{platform.machine()}, {torch.get_num_threads()} CPU threads"
