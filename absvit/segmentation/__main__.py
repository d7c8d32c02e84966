"""``python -m absvit.segmentation RECIPE | predict | test ...``: train, test and use a segmentation."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import torch
import tyro

from absvit.distributed import joined
from absvit.segmentation.recipes import RECIPES
from absvit.segmentation.settings import SegmentationRecipe
from absvit.segmentation.training import run_training
from absvit.training.place import TrainingPlace
from stimuli import command_line

Flat = tyro.conf.OmitArgPrefixes


def training_command(name: str, recipe: SegmentationRecipe):
    """Give the command of a recipe.

    Parameters
    ----------
    name : name of the recipe.
    recipe : its settings, which the command line may change.
    """

    def start(options, place) -> None:
        if place.threads:
            torch.set_num_threads(place.threads)
        with joined(place.device) as process:
            run_training(name, options, place, process)

    place = TrainingPlace(output_dir=Path("outputs/segmentation") / name)
    start.__defaults__ = (recipe, place)
    start.__annotations__ = {"options": Flat[type(recipe)], "place": Flat[TrainingPlace]}
    start.__doc__ = type(recipe).__doc__.splitlines()[0]
    return start


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : words after the program's name; those of the process if left out.

    Returns
    -------
    Exit code: 0, or 2 after one line on standard error.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    commands = {name: training_command(name, recipe) for name, recipe in RECIPES.items()}
    refusals = (ValueError, OSError, FloatingPointError)
    return command_line.run(commands, "python -m absvit.segmentation", words, refusals)


if __name__ == "__main__":
    sys.exit(main())
