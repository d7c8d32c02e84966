"""The training loop: one function, read top to bottom."""

from __future__ import annotations

import json
import math
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from timm.optim import create_optimizer_v2
from torch.nn.parallel import DistributedDataParallel
from tqdm.auto import tqdm

from absvit.distributed import Process, sum_over_ranks
from absvit.models import create_model
from absvit.models.downloads import replace_file
from absvit.training.objective import SceneObjective
from absvit.training.recipes import Recipe
from stimuli.objects import CATEGORIES

__all__ = ["learning_rate", "train"]


def learning_rate(recipe: Recipe, step: int) -> float:
    """Learning rate of an update: linear warm-up, then half a cosine to 0.

    Parameters
    ----------
    recipe : gives the largest rate, the warm-up and the number of updates.
    step : number of the update, from 0.
    """
    warmup = max(1, round(recipe.warmup * recipe.steps))
    if step < warmup:
        return recipe.lr * (step + 1) / warmup
    return recipe.lr * 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, recipe.steps - warmup)))


def train(recipe: Recipe, out: Path, process: Process) -> torch.nn.Module:
    """Train a model, or go on where an earlier run of the same recipe stopped.

    Parameters
    ----------
    recipe : what to train and how.
    out : folder of the log and the checkpoint; made if missing.
    process : this process among those that train together.

    Returns
    -------
    The trained model, in eval mode, on every rank.

    Raises
    ------
    ValueError : the recipe cannot be run, or the folder holds the checkpoint of another one.
    FloatingPointError : loss or gradient are not finite; the checkpoint is from before.
    """
    _check(recipe, process.world_size)
    torch.manual_seed(recipe.seed)
    model = create_model(recipe.model).to(process.device)
    _check_fit(recipe, model)
    objective = SceneObjective(model, recipe.smoothing, recipe.variational_weight, recipe.token_weight)
    optimizer = create_optimizer_v2(model, recipe.optimizer, lr=recipe.lr, weight_decay=recipe.weight_decay)
    checkpoint, log = out / "last.pt", out / "log.jsonl"
    if process.is_first:
        out.mkdir(parents=True, exist_ok=True)
    first_step, seconds = _resume(checkpoint, recipe, model, optimizer)
    if process.is_first:
        _cut_log(log, first_step)
    step_of = DistributedDataParallel(objective) if process.world_size > 1 else objective
    images_per_rank = recipe.batch_size // process.world_size
    model.train()
    started = time.perf_counter() - seconds
    for step in tqdm(
        range(first_step, recipe.steps), initial=first_step, total=recipe.steps, disable=not process.is_first
    ):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(recipe, step)
        first = step * recipe.batch_size + process.rank * images_per_rank
        indices = np.arange(first, first + images_per_rank)
        batch = recipe.scenes.batch(indices, recipe.seed, step / recipe.steps)
        losses = step_of(type(batch)(*(tensor.to(process.device) for tensor in batch)))
        optimizer.zero_grad()
        losses["loss"].backward()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), recipe.clip)
        if not torch.isfinite(norm):  # the norm is that of all ranks together, so all of them stop
            kept = checkpoint if checkpoint.exists() else "none yet"
            raise FloatingPointError(
                f"the loss is {losses['loss'].item()} and the norm of its gradient {norm.item()} at step {step}; "
                f"last good checkpoint: {kept}"
            )
        optimizer.step()
        if step % 20 == 0 or step + 1 == recipe.steps:
            values = sum_over_ranks(torch.stack([value.detach() for value in losses.values()]))
            values = dict(zip(losses, (values / process.world_size).tolist(), strict=True))
            if process.is_first:
                line = {"step": step, "lr": learning_rate(recipe, step), "seconds": time.perf_counter() - started}
                with log.open("a") as file:
                    file.write(json.dumps(line | values) + "\n")
        if process.is_first and ((step + 1) % recipe.checkpoint_every == 0 or step + 1 == recipe.steps):
            _save(checkpoint, recipe, model, optimizer, step + 1, time.perf_counter() - started)
    return model.eval()


def _check(recipe: Recipe, world_size: int) -> None:
    """Refuse a recipe that cannot be run by so many processes."""
    for name in ("steps", "batch_size", "checkpoint_every"):
        if getattr(recipe, name) < 1:
            raise ValueError(f"{name} must be at least 1, got {getattr(recipe, name)}")
    if recipe.batch_size % world_size:
        raise ValueError(f"batch_size must be a multiple of the {world_size} processes, got {recipe.batch_size}")
    if not 0 <= recipe.seed < 2**32:
        raise ValueError(f"seed must be in [0, 2**32), got {recipe.seed}")


def _check_fit(recipe: Recipe, model) -> None:
    """Refuse a model that does not take what the recipe shows."""
    size, patch, classes = recipe.scenes.size, recipe.scenes.patch, len(CATEGORIES)
    shown = ((size, size), (size // patch, size // patch), classes)
    taken = (tuple(model.patch_embed.img_size), tuple(model.patch_embed.grid_size), model.num_classes)
    if taken != shown:
        raise ValueError(f"{recipe.model} takes {taken} (pixels, tokens, classes), but the scenes have {shown}")


def _resume(checkpoint: Path, recipe: Recipe, model, optimizer) -> tuple[int, float]:
    """Load the last state of a run; the next step and the seconds spent so far."""
    if not checkpoint.exists():
        return 0, 0.0
    asked = json.loads(json.dumps(asdict(recipe)))
    try:
        state = torch.load(checkpoint, weights_only=True, map_location="cpu")
        known = state["recipe"]
    except Exception as error:  # torch's reader meets foreign bytes with errors of any kind
        raise ValueError(
            f"{checkpoint} is no checkpoint of a training ({type(error).__name__}); choose another folder"
        ) from error
    if known != asked:
        names = sorted(name for name in known.keys() | asked.keys() if known.get(name) != asked.get(name))
        different = ", ".join(f"{name} ({known.get(name)} there, {asked.get(name)} here)" for name in names)
        raise ValueError(f"{checkpoint} belongs to another recipe: {different}; choose another folder")
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    return state["step"], state["seconds"]


def _cut_log(log: Path, first_step: int) -> None:
    """Keep the lines of the updates before this one: a run that was killed may have logged more than it saved."""
    kept = []
    for line in log.read_text().splitlines() if log.exists() else []:
        try:
            step = json.loads(line)["step"]
        except ValueError:  # half a line
            continue
        kept += [line + "\n"] if step < first_step else []
    replace_file(log, lambda temporary: temporary.write_text("".join(kept)))


def _save(checkpoint: Path, recipe: Recipe, model, optimizer, step: int, seconds: float) -> None:
    """Write the state of a run; a crash while writing leaves the one before."""
    state = {
        "recipe": json.loads(json.dumps(asdict(recipe))), "model": model.state_dict(),
        "optimizer": optimizer.state_dict(), "step": step, "seconds": seconds,
    }  # fmt: skip
    replace_file(checkpoint, lambda temporary: torch.save(state, temporary))
