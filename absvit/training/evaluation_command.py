"""``python -m absvit.training RECIPE --eval``: evaluate a checkpoint on held-out pictures, and on robust suites."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from absvit.training.recipe import Recipe
from absvit.training.run_options import RunOptions
from stimuli.foundation.files import write_whole

if TYPE_CHECKING:
    from torch import nn

    from absvit.distributed import Process
    from absvit.models.checkpoints import Checkpoint
    from absvit.training.pictures.problem import PictureRecipe

__all__ = ["EvaluationOptions", "run_evaluation"]


@dataclass(frozen=True)
class EvaluationOptions:
    """What is evaluated, in place of a training.

    Parameters
    ----------
    eval
        Evaluate the checkpoint of --resume on the validation split, which alone is needed, and train nothing.
    eval_ema
        Evaluate its averaged weights: those that best.pt was chosen by, where the training kept an average.
    inc_path
        With --eval: also evaluate on the ImageNet-C that lies here (python -m absvit.robustness).
    ina_path
        With --eval: also on ImageNet-A.
    inr_path
        With --eval: also on ImageNet-R.
    insk_path
        With --eval: also on ImageNet-Sketch.
    fgsm_test
        With --eval: also on the validation split under FGSM.
    pgd_test
        With --eval: also on the validation split under PGD.
    """

    eval: bool = False
    eval_ema: bool = False
    inc_path: Path | None = None
    ina_path: Path | None = None
    inr_path: Path | None = None
    insk_path: Path | None = None
    fgsm_test: bool = False
    pgd_test: bool = False

    def __post_init__(self) -> None:
        if self.suites and not self.eval:
            raise ValueError("suites of robustness are evaluated with --eval: add it, or leave them out")

    @property
    def weights(self) -> str:
        """Which of a checkpoint's weights are evaluated."""
        return "ema" if self.eval_ema else "model"

    @property
    def suites(self) -> tuple[str, ...]:
        """Suites of robustness that are asked for."""
        asked = {
            "imagenet_c": self.inc_path,
            "imagenet_a": self.ina_path,
            "imagenet_r": self.inr_path,
            "imagenet_sketch": self.insk_path,
            "fgsm": self.fgsm_test,
            "pgd": self.pgd_test,
        }
        return tuple(name for name, given in asked.items() if given)


def run_evaluation(recipe: Recipe, where: RunOptions, evaluation: EvaluationOptions, process: Process) -> None:
    """Evaluate a checkpoint on the validation split, and on the suites that the options name."""
    from absvit.models import checkpoints

    if recipe.measured_by:
        raise ValueError(f"--eval is for recipes of pictures: measure with {recipe.measured_by}")
    if not where.resume:
        raise ValueError("--eval needs the checkpoint to be evaluated: give --resume FILE or ADDRESS")
    loaded = checkpoints.read(where.resume, which=evaluation.weights)
    suites = evaluation.suites
    if not suites or where.data_path != RunOptions.data_path or where.data_path.exists():
        _on_pictures(recipe, where, loaded, evaluation.weights, process)
    if suites:
        _on_suites(recipe, where, evaluation, loaded, process)


def _on_pictures(recipe: PictureRecipe, where: RunOptions, loaded: Checkpoint, weights: str, process: Process) -> None:
    """Evaluate on the validation split; print the numbers and write them to ``eval.json``."""
    from absvit.training.pictures.evaluation import evaluate

    pictures = recipe.open(where.data_path, "val")
    _check_classes(loaded, pictures.classes, where)
    [measured] = evaluate([_model(recipe, loaded, process)], pictures, recipe, where.num_workers, process)
    if process.is_first:
        facts = {
            "model": recipe.model,
            "checkpoint": loaded.source,
            "checkpoint_sha256": loaded.sha256,
            "weights": weights,
            "data_path": str(where.data_path),
            "pictures": pictures.fingerprint(),
            **{name: getattr(recipe, name) for name in ("data_set", "input_size", "crop_pct", "precision")},
        }
        text = json.dumps(facts | measured, indent=2)
        where.output_dir.mkdir(parents=True, exist_ok=True)
        write_whole(where.output_dir / "eval.json", text + "\n")
        print(text)


def _check_classes(loaded: Checkpoint, classes: tuple[str, ...], where: RunOptions) -> None:
    """Refuse a checkpoint that knows other classes than the data set has."""
    known = len(loaded.state_dict.get("head.weight", ()))
    if known != len(classes):
        raise ValueError(
            f"{where.resume} knows {known} classes, but {where.data_path} has {len(classes)}: use its own data set"
        )
    for theirs, ours in zip(loaded.card.get("categories", classes), classes, strict=True):
        if theirs != ours:
            raise ValueError(
                f"{where.resume} knows the class {theirs} where {where.data_path} has {ours}: use its own data set"
            )


def _on_suites(
    recipe: PictureRecipe, where: RunOptions, evaluation: EvaluationOptions, loaded: Checkpoint, process: Process
) -> None:
    """Evaluate on suites of robustness, into ``robustness.zarr`` with its tables."""
    from absvit.robustness.classes import model_classes
    from absvit.robustness.options import ModelOptions, ProfileOptions, SuiteOptions, SuiteRecordOptions
    from absvit.robustness.profiles import profile_model

    model = _model(recipe, loaded, process)
    model.checkpoint, model.checkpoint_sha256 = loaded.source, loaded.sha256
    there = where.data_path.exists()
    names = recipe.open(where.data_path, "val").classes if there else model_classes(model)
    paths = {name: getattr(evaluation, name) for name in ("inc_path", "ina_path", "inr_path", "insk_path")}
    suites = SuiteOptions(data=where.data_path, seed=recipe.seed, **paths)
    out = where.output_dir / "robustness.zarr"
    record = SuiteRecordOptions(out, resume=True, batch_size=recipe.batch_size, num_workers=where.num_workers)
    who = ModelOptions(recipe.model, weights=evaluation.weights)
    profile_model(model, names, ProfileOptions(who, evaluation.suites, suites, record), process.is_first)


def _model(recipe: PictureRecipe, loaded: Checkpoint, process: Process) -> nn.Module:
    """The recipe's model with the weights and the classes of a checkpoint, for another input size too."""
    from absvit.models import checkpoints
    from absvit.training.problem import build_model

    rows = len(loaded.state_dict.get("head.weight", ()))
    model = build_model(replace(recipe, finetune=""), num_classes=rows, img_size=recipe.input_size)
    for note in checkpoints.load_into(model, loaded.state_dict, adapt=True, grid=loaded.grid):
        if process.is_first:
            print(note, file=sys.stderr)
    return model.to(process.device)
