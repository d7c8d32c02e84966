"""``python -m absvit.training [RECIPE] [options]``: train or evaluate a model, alone or under torchrun."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
import tyro

from absvit.data.datasets import open_dataset
from absvit.distributed import Process, joined
from absvit.models import checkpoints
from absvit.models.checkpoints.fetching import replace_file
from absvit.robustness.classes import model_classes
from absvit.robustness.options import EvaluationOptions, ModelOptions, ProfileOptions, SuiteOptions
from absvit.robustness.profiles import profile_model
from absvit.training.loop import train
from absvit.training.official_flags import Superseded
from absvit.training.pictures.building import build_model
from absvit.training.pictures.evaluation import evaluate
from absvit.training.recipe import HybridRecipe, PictureRecipe, Recipe, SceneRecipe
from absvit.training.recipes import RECIPES
from absvit.training.results import write_results
from absvit.training.run_options import TrainingPlace
from absvit.training.task import FEATURE_CACHE, open_task
from stimuli.foundation import command_line

LAUNCHERS_WORDS = ("--local-rank=", "--local_rank=")


@dataclass(frozen=True)
class Place(TrainingPlace):
    """Where a training or an evaluation runs, and what is evaluated.

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
    feature_cache
        Folder of the frozen stem's features, for the hybrid recipes; made where it is not there.
    """

    eval: bool = False
    eval_ema: bool = False
    inc_path: Path | None = None
    ina_path: Path | None = None
    inr_path: Path | None = None
    insk_path: Path | None = None
    fgsm_test: bool = False
    pgd_test: bool = False
    feature_cache: Path = FEATURE_CACHE

    @property
    def weights(self) -> str:
        """Which of a checkpoint's weights are evaluated."""
        return "ema" if self.eval_ema else "model"

    @property
    def suites(self) -> tuple[str, ...]:
        """Suites of robustness that are asked for."""
        asked = {
            "imagenet_c": self.inc_path, "imagenet_a": self.ina_path, "imagenet_r": self.inr_path,
            "imagenet_sketch": self.insk_path, "fgsm": self.fgsm_test, "pgd": self.pgd_test,
        }  # fmt: skip
        return tuple(name for name, given in asked.items() if given)


def run_training(name: str, recipe: Recipe, place: Place, process: Process) -> None:
    """Train, and write the weights with their card.

    Parameters
    ----------
    name : name of the recipe.
    recipe : what to train.
    place : where.
    process : this process among those that train together.

    Raises
    ------
    FileNotFoundError, ValueError : data, weights or output folder are not as they should be.
    """
    check_use(name, recipe, place)
    begun = isinstance(recipe, PictureRecipe) and place.start.checkpoint.exists()
    needed = replace(recipe, finetune="") if begun else recipe  # all weights come from the checkpoint then
    task = open_task(needed, place.data_path, place.num_workers, process, place.feature_cache)
    learner, position = train(recipe, task, place.start, process)
    if process.is_first:
        write_results(name, recipe, learner, position, task, place.output_dir)


def check_use(name: str, recipe: Recipe, place: Place) -> None:
    """Refuse data that would not be read, and frozen weights that nobody has trained.

    Parameters
    ----------
    name : name of the recipe.
    recipe : what to train.
    place : where.

    Raises
    ------
    ValueError : it is so.
    """
    if isinstance(recipe, SceneRecipe) and place.data_path != Place.data_path:
        raise ValueError(f"{name} draws its scenes and reads no data: leave --data-path out, or name another recipe")
    frozen = isinstance(recipe, PictureRecipe) and recipe.trainable != "end2end"
    if frozen and not (recipe.finetune or place.resume):
        raise ValueError(f"--trainable {recipe.trainable} leaves the rest as it is: give its weights with --finetune")


def run_evaluation(recipe: Recipe, place: Place, process: Process) -> None:
    """Evaluate a checkpoint on the validation split; print the numbers and write them to ``eval.json``.

    Parameters
    ----------
    recipe : gives model, data set and input size.
    place : where data and checkpoint are.
    process : this process among those that evaluate together.

    Raises
    ------
    FileNotFoundError, ValueError : no checkpoint, one that does not fit, or no validation split.
    """
    loaded = _checkpoint(recipe, place)
    pictures = open_dataset(recipe.data_set, place.data_path, "val", recipe.inat_category)
    known, rows = len(loaded.state_dict.get("head.weight", ())), len(pictures.classes)
    if known != rows:
        raise ValueError(
            f"{place.resume} knows {known} classes, but {place.data_path} has {rows}: use its own data set"
        )
    for theirs, ours in zip(loaded.card.get("categories", pictures.classes), pictures.classes, strict=True):
        if theirs != ours:
            raise ValueError(
                f"{place.resume} knows the class {theirs} where {place.data_path} has {ours}: use its own data set"
            )
    [measured] = evaluate([_with_weights(recipe, loaded, process)], pictures, recipe, place.num_workers, process)
    if process.is_first:
        facts = {
            "model": recipe.model, "checkpoint": loaded.source, "checkpoint_sha256": loaded.sha256,
            "weights": place.weights, "data_path": str(place.data_path), "pictures": pictures.fingerprint(),
            **{name: getattr(recipe, name) for name in ("data_set", "input_size", "crop_pct", "precision")},
        }  # fmt: skip
        text = json.dumps(facts | measured, indent=2)
        place.output_dir.mkdir(parents=True, exist_ok=True)
        replace_file(place.output_dir / "eval.json", lambda temporary: temporary.write_text(text + "\n"))
        print(text)


def run_robustness(recipe: PictureRecipe, place: Place, process: Process) -> None:
    """Evaluate a checkpoint on the suites that the options name, into ``robustness.zarr`` with its tables.

    Parameters
    ----------
    recipe : gives model and input size.
    place : where suites and checkpoint are.
    process : this process among those that evaluate together.

    Raises
    ------
    FileNotFoundError, ValueError : no checkpoint, or suites that do not fit it.
    """
    loaded = _checkpoint(recipe, place)
    model = _with_weights(recipe, loaded, process)
    model.checkpoint, model.checkpoint_sha256 = loaded.source, loaded.sha256
    if place.data_path.exists():
        names = open_dataset(recipe.data_set, place.data_path, "val", recipe.inat_category).classes
    else:
        names = model_classes(model)
    suites = SuiteOptions(
        data=place.data_path, inc_path=place.inc_path, ina_path=place.ina_path, inr_path=place.inr_path,
        insk_path=place.insk_path, seed=recipe.seed,
    )  # fmt: skip
    record = EvaluationOptions(
        place.output_dir / "robustness.zarr", resume=True, batch_size=recipe.batch_size, num_workers=place.num_workers
    )
    who = ModelOptions(recipe.model, weights=place.weights)
    profile_model(model, names, ProfileOptions(who, place.suites, suites, record), process.is_first)


def _checkpoint(recipe: Recipe, place: Place) -> checkpoints.Checkpoint:
    """What is to be evaluated."""
    if not isinstance(recipe, PictureRecipe):
        shown = ", --folder PICTURES" if isinstance(recipe, HybridRecipe) else ""
        raise ValueError(f"--eval is for recipes of pictures: measure with python -m experiments recognition{shown}")
    if not place.resume:
        raise ValueError("--eval needs the checkpoint to be evaluated: give --resume FILE or ADDRESS")
    return checkpoints.read(place.resume, which=place.weights)


def _with_weights(recipe: PictureRecipe, loaded: checkpoints.Checkpoint, process: Process) -> torch.nn.Module:
    """The recipe's model with the weights and the classes of a checkpoint, for another input size too."""
    rows = len(loaded.state_dict.get("head.weight", ()))
    model = build_model(replace(recipe, finetune=""), rows)
    for note in checkpoints.load_into(model, loaded.state_dict, adapt=True, grid=loaded.grid):
        if process.is_first:
            print(note, file=sys.stderr)
    return model.to(process.device)


def recipe_named(words: list[str]) -> list[str]:
    """Put the recipe's name before options that name a model only, as the official commands do.

    What ``python -m torch.distributed.launch`` puts before all words is left out: the environment says it too.

    Parameters
    ----------
    words : the command line.

    Returns
    -------
    The words, with the recipe of a published model before them, or of the bundled one where no model is named.
    """
    words = [word for word in words if not word.startswith(LAUNCHERS_WORDS)]
    if words and (not words[0].startswith("-") or words[0] in ("-h", "--help")):
        return words
    after = {a: b for a, b in zip(words, words[1:], strict=False)}
    model = after.get("--model") or next((w.partition("=")[2] for w in words if w.startswith("--model=")), None)
    published = {recipe.model: name for name, recipe in RECIPES.items() if recipe.model.startswith(name)}
    return [published.get(model, "micro_cued" if model is None else "absvit_small"), *words]


def with_values(words: list[str]) -> list[str]:
    """Give ``--var_loss``, which the official command may leave bare, the published weight.

    Parameters
    ----------
    words : the command line.

    Returns
    -------
    The words, with 0.1 after a bare flag.
    """
    bare = {
        at for at, (word, following) in enumerate(zip(words, [*words[1:], "--"], strict=True))
        if word in ("--var_loss", "--var-loss") and following.startswith("--")
    }  # fmt: skip
    return [part for at, word in enumerate(words) for part in ((word, "0.1") if at in bare else (word,))]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : words after the program's name; those of the process if left out.

    Returns
    -------
    Exit code: 0, or 2 after one line on standard error.
    """
    superseded = Superseded()

    def command(name: str, recipe: Recipe):
        def start(
            recipe: tyro.conf.OmitArgPrefixes[type(recipe)] = recipe,
            place: tyro.conf.OmitArgPrefixes[Place] = Place(output_dir=Path("outputs/training") / name),
            official: tyro.conf.OmitArgPrefixes[Superseded] = superseded,
        ) -> None:
            if place.threads:
                torch.set_num_threads(place.threads)
            with joined(place.device) as process:
                if place.suites and not place.eval:
                    raise ValueError("suites of robustness are evaluated with --eval: add it, or leave them out")
                if place.eval:
                    if not place.suites or place.data_path != Place.data_path or place.data_path.exists():
                        run_evaluation(recipe, place, process)
                    if place.suites:
                        run_robustness(recipe, place, process)
                else:
                    run_training(name, recipe, place, process)

        start.__annotations__ = {
            "recipe": tyro.conf.OmitArgPrefixes[type(recipe)],
            "place": tyro.conf.OmitArgPrefixes[Place],
            "official": tyro.conf.OmitArgPrefixes[Superseded],
        }
        start.__doc__ = type(recipe).__doc__.splitlines()[0]
        return start

    words = with_values(recipe_named(list(sys.argv[1:] if arguments is None else arguments)))
    commands = {name: command(name, recipe) for name, recipe in RECIPES.items()}
    refusals = (ValueError, OSError, FloatingPointError)
    return command_line.run(commands, "python -m absvit.training", words, refusals)


if __name__ == "__main__":
    sys.exit(main())
