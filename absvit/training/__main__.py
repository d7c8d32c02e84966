"""``python -m absvit.training [RECIPE] [options]``: train or evaluate a model, alone or under torchrun."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path

from absvit.training.evaluation_command import EvaluationOptions, run_evaluation
from absvit.training.official_flags import Superseded, official_words
from absvit.training.recipe import RECIPES, Recipe
from absvit.training.run_options import RunOptions
from stimuli.foundation import command_line

REFUSALS = (ValueError, OSError, FloatingPointError)


def start(recipe: Recipe, where: RunOptions, evaluation: EvaluationOptions, official: Superseded) -> None:
    """Train what a recipe says, or evaluate a checkpoint of such a training."""
    import torch

    from absvit.distributed import joined
    from absvit.training.loop import train

    if where.threads:
        torch.set_num_threads(where.threads)
    with joined(where.device) as process:
        if evaluation.eval:
            run_evaluation(recipe, where, evaluation, process)
        else:
            train(recipe, where, process)


def _command(name: str) -> Callable:
    """The command of a recipe, whose options are what it decides."""
    recipe = RECIPES[name]
    where = RunOptions(output_dir=Path("outputs") / recipe.outputs / name)
    doc = f"{recipe.shows}\n\n{recipe.expect}"
    more = {"evaluation": EvaluationOptions(), "official": Superseded()}
    return command_line.command(doc, start, recipe=recipe, where=where, **more)


def training_commands(names: Iterable[str]) -> dict[str, Callable]:
    """Give the commands of recipes, of which only the one that is called is loaded."""
    lines = RECIPES.lines()
    return {name: command_line.deferred(lines[name], partial(_command, name)) for name in names}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line on words, those of the process if left out, and give its exit code."""
    words = official_words(list(sys.argv[1:] if arguments is None else arguments))
    return command_line.run(training_commands(RECIPES), "python -m absvit.training", words, REFUSALS)


if __name__ == "__main__":
    sys.exit(main())
