"""``python -m absvit.training RECIPE [options] --out FOLDER``: train a model, alone or under torchrun."""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

import torch
import tyro

from absvit.distributed import joined
from absvit.models import checkpoints
from absvit.training.loop import train
from absvit.training.recipes import RECIPES, Recipe
from stimuli import command_line


def card_of(recipe: Recipe, model: torch.nn.Module, name: str, folder: Path) -> dict:
    """Describe how a model came to be.

    Parameters
    ----------
    recipe : what it was trained with.
    model : the trained model.
    name : name of the recipe.
    folder : the training's folder, whose log tells the time it took.

    Returns
    -------
    Card without measured numbers; ``python -m experiments card`` adds those.
    """
    last = json.loads((folder / "log.jsonl").read_text().splitlines()[-1])
    return {
        "model": recipe.model,
        "recipe": name,
        "seed": recipe.seed,
        "data": "embedded scenes of 12 object categories (stimuli.objects), drawn anew for every update",
        "images": recipe.steps * recipe.batch_size,
        "seconds": round(last["seconds"]),
        "machine": _machine(next(model.parameters()).device),
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "prior_gains": getattr(model, "prior_gains", {}),
        "categories": list(model.pretrained_cfg.get("label_names") or ()),
        "options": asdict(recipe),
        "versions": {name: version(name) for name in ("torch", "timm")},
    }


def _machine(device: torch.device) -> str:
    """What a training computes on."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{platform.machine()}, {torch.get_num_threads()} CPU threads"


def run(name: str, recipe: Recipe, out: Path, device: str | None, threads: int) -> None:
    """Train, and write the weights with their card.

    Parameters
    ----------
    name : name of the recipe.
    recipe : what to train.
    out : folder of log, checkpoint and weights; an interrupted training in it goes on.
    device : "cpu" or "cuda"; a GPU where there is one, if left out.
    threads : CPU threads of this process, 0 for torch's choice.
    """
    if threads:
        torch.set_num_threads(threads)
    with joined(device) as process:
        model = train(recipe, out, process)
        if process.is_first:
            weights = out / f"{recipe.model}.safetensors"
            checkpoints.write(weights, model.state_dict(), card_of(recipe, model, name, out))
            print(f"weights and card: {weights}, {weights.with_suffix('.json')}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : words after the program's name; those of the process if left out.

    Returns
    -------
    Exit code: 0, or 2 after one line on standard error.
    """

    def command(name: str, recipe: Recipe):
        def start(
            options: tyro.conf.OmitArgPrefixes[Recipe] = recipe,
            out: Path = Path("outputs/training") / name,
            device: str | None = None,
            threads: int = 0,
        ) -> None:
            run(name, options, out, device, threads)

        return start

    commands = {name: command(name, recipe) for name, recipe in RECIPES.items()}
    refusals = (ValueError, OSError, FloatingPointError)
    return command_line.run(commands, "python -m absvit.training", arguments, refusals)


if __name__ == "__main__":
    sys.exit(main())
