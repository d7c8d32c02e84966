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
    """
    torch.manual_seed(recipe.seed)
    model = create_model(recipe.model).to(process.device)
    objective = SceneObjective(model, recipe.smoothing, recipe.variational_weight, recipe.token_weight)
    optimizer = create_optimizer_v2(model, "adamw", lr=recipe.lr, weight_decay=recipe.weight_decay)
    checkpoint = out / "last.pt"
    if process.is_first:
        out.mkdir(parents=True, exist_ok=True)
    first_step, seconds = _resume(checkpoint, recipe, model, optimizer)
    step_of = DistributedDataParallel(objective) if process.world_size > 1 else objective
    images_per_rank = recipe.batch_size // process.world_size
    model.train()
    log = (out / "log.jsonl").open("a") if process.is_first else None
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
        torch.nn.utils.clip_grad_norm_(model.parameters(), recipe.clip)
        optimizer.step()
        if step % 20 == 0 or step + 1 == recipe.steps:
            values = sum_over_ranks(torch.stack([value.detach() for value in losses.values()]))
            values = dict(zip(losses, (values / process.world_size).tolist(), strict=True))
            if not math.isfinite(values["loss"]):
                raise FloatingPointError(
                    f"the loss is {values['loss']} at step {step}; last good checkpoint: {checkpoint}"
                )
            if process.is_first:
                line = {
                    "step": step,
                    "lr": learning_rate(recipe, step),
                    "seconds": time.perf_counter() - started,
                }
                log.write(json.dumps(line | values) + "\n")
                log.flush()
        if process.is_first and ((step + 1) % recipe.checkpoint_every == 0 or step + 1 == recipe.steps):
            _save(checkpoint, recipe, model, optimizer, step + 1, time.perf_counter() - started)
    return model.eval()


def _resume(checkpoint: Path, recipe: Recipe, model, optimizer) -> tuple[int, float]:
    """Load the last state of a run; the next step and the seconds spent so far."""
    if not checkpoint.exists():
        return 0, 0.0
    state = torch.load(checkpoint, weights_only=True, map_location="cpu")
    if state["recipe"] != json.loads(json.dumps(asdict(recipe))):
        raise ValueError(f"{checkpoint} belongs to another recipe: {state['recipe']}; choose another folder")
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    return state["step"], state["seconds"]


def _save(checkpoint: Path, recipe: Recipe, model, optimizer, step: int, seconds: float) -> None:
    """Write the state of a run; a crash while writing leaves the one before."""
    state = {
        "recipe": json.loads(json.dumps(asdict(recipe))), "model": model.state_dict(),
        "optimizer": optimizer.state_dict(), "step": step, "seconds": seconds,
    }  # fmt: skip
    replace_file(checkpoint, lambda temporary: torch.save(state, temporary))
