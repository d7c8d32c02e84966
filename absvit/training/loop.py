"""The training loop: one function, read top to bottom."""

from __future__ import annotations

import hashlib
import math
import sys
import time
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path

import torch
from timm.optim import create_optimizer_v2
from timm.scheduler import CosineLRScheduler
from timm.utils import ModelEmaV3
from torch.nn.parallel import DistributedDataParallel
from tqdm.auto import tqdm

from absvit.distributed import Process, sum_over_ranks
from absvit.training.building import autocast
from absvit.training.kernels import faster_kernels
from absvit.training.log import Log, Start
from absvit.training.rates import PolynomialRate
from absvit.training.settings import Recipe
from absvit.training.state import Learner, Position, resume, save
from absvit.training.tasks import Task

__all__ = ["train"]


def train(recipe: Recipe, task: Task, start: Start, process: Process) -> Learner:
    """Train a model, or go on where an earlier run of the same recipe stopped.

    Parameters
    ----------
    recipe : what to train and how.
    task : the data, from :func:`absvit.training.tasks.open_task`.
    start : where it goes and what it goes on from.
    process : this process among those that train together.

    Returns
    -------
    The trained model, in eval mode, and its average, on every rank.

    Raises
    ------
    FileNotFoundError, ValueError : model, weights or data are not as they should be, or belong to another training.
    FloatingPointError : loss or gradient are not finite; the checkpoint is from before.
    OSError : a checkpoint cannot be written.
    """
    torch.manual_seed(recipe.seed)
    model = task.model().to(process.device)
    objective = task.objective(model)
    learner = _learner(recipe, model, task, process)
    facts = {"recipe": asdict(recipe), "data": task.facts(), "processes": process.world_size}
    checkpoint, last_step = start.out / "last.pt", recipe.epochs * task.steps_per_epoch
    position = Position()
    source = checkpoint if checkpoint.exists() else start.resume
    if source:
        position, notes = resume(source, learner, facts, task.steps_per_epoch, start.allow_differences)
        _say(process, *notes, f"going on from update {position.step} of {last_step}")
    log = Log(start, position.step, process)
    for leftover in start.out.glob(".*.part") if process.is_first else ():  # of a writing that was killed
        leftover.unlink()
    step_of = torch.compile(objective) if recipe.compile else objective
    if process.world_size > 1:
        step_of = DistributedDataParallel(step_of)
    learning = [parameter for parameter in model.parameters() if parameter.requires_grad]
    model.train()
    started = time.perf_counter() - position.seconds
    updates = task.updates(position.step)
    kernels = faster_kernels(process.device, recomputes=recipe.grad_checkpointing or recipe.compile)
    hidden = None if process.is_first else True  # None: where nobody watches, the log is enough
    steps = range(position.step, last_step)
    for step in tqdm(steps, initial=position.step, total=last_step, unit="update", disable=hidden):
        _set_learning_rate(recipe, learner, step, task.steps_per_epoch)
        update = next(updates)
        for k, batch in enumerate(update):
            torch.manual_seed(_update_seed(recipe.seed, step, k, process.rank))  # dropout, whenever it was resumed
            more = process.world_size > 1 and k + 1 < len(update)
            with step_of.no_sync() if more else nullcontext():
                with autocast(recipe.precision, process.device), kernels:
                    losses = step_of(*batch)
                learner.scaler.scale(losses["loss"] / len(update)).backward()
        learner.scaler.unscale_(learner.optimizer)
        norm = torch.nn.utils.clip_grad_norm_(learning, recipe.clip_grad or math.inf)
        _check_finite(norm, losses["loss"], recipe.precision, step, checkpoint)
        learner.scaler.step(learner.optimizer)
        learner.scaler.update()
        learner.optimizer.zero_grad()
        if learner.ema is not None:
            learner.ema.update(model)
        position.step, position.seconds = step + 1, time.perf_counter() - started
        if step % start.log_every == 0 or position.step == last_step:
            log.update(losses, norm, learner, position, task, task.total // process.world_size)
        epoch_is_over = position.step % task.steps_per_epoch == 0
        if epoch_is_over:
            measured = _evaluate(task, learner)
            if measured:
                log.epoch(measured, position, position.step // task.steps_per_epoch)
        if not process.is_first:
            continue
        if epoch_is_over or position.step % recipe.checkpoint_every == 0:
            score = _score(measured, task.best_by) if epoch_is_over and measured else -1.0
            if score > position.best:
                position.best = score
                save(start.out / "best.pt", learner, position, facts, task.steps_per_epoch)
            epoch = position.step // task.steps_per_epoch
            if epoch_is_over and recipe.keep_every and epoch % recipe.keep_every == 0:
                save(start.out / f"epoch{epoch:04d}.pt", learner, position, facts, task.steps_per_epoch)
            save(checkpoint, learner, position, facts, task.steps_per_epoch)
    model.eval()
    return learner


def _learner(recipe: Recipe, model: torch.nn.Module, task: Task, process: Process) -> Learner:
    """Optimiser, schedule, scaler and average of a recipe."""
    steps_per_epoch = task.steps_per_epoch
    lr = recipe.lr
    if recipe.lr_batch:
        lr *= (recipe.total_batch or recipe.batch_size * process.world_size) / recipe.lr_batch
    given = {"eps": recipe.opt_eps, "betas": recipe.opt_betas, "layer_decay": recipe.layer_decay}
    optimizer = create_optimizer_v2(
        task.learning(model), recipe.opt, lr=lr, weight_decay=recipe.weight_decay,
        **{name: value for name, value in given.items() if value is not None},
    )  # fmt: skip
    unit = 1 if recipe.schedule == "official" else steps_per_epoch
    warmup = round(recipe.warmup_epochs * unit)
    if recipe.schedule == "poly":
        scheduler = PolynomialRate(optimizer, recipe.epochs * unit, recipe.min_lr, warmup, recipe.warmup_lr)
    else:
        scheduler = CosineLRScheduler(
            optimizer, recipe.epochs * unit - (warmup if recipe.warmup_prefix else 0), recipe.min_lr, warmup_t=warmup,
            warmup_lr_init=recipe.warmup_lr, warmup_prefix=recipe.warmup_prefix,
            t_in_epochs=recipe.schedule == "official",
        )  # fmt: skip
    ema = ModelEmaV3(model, recipe.model_ema_decay) if recipe.model_ema else None
    scaler = torch.amp.GradScaler(process.device.type, enabled=recipe.precision == "fp16")
    return Learner(model, ema, optimizer, scheduler, scaler)


def _set_learning_rate(recipe: Recipe, learner: Learner, step: int, steps_per_epoch: int) -> None:
    """Rate of an update; the official code sets it after an epoch, so that it lags one behind."""
    if recipe.schedule == "official":
        learner.scheduler.step(max(step // steps_per_epoch - 1, 0))
    else:
        learner.scheduler.step_update(step)


def _update_seed(*numbers: int) -> int:
    """One seed from several numbers."""
    return int.from_bytes(hashlib.sha256(repr(numbers).encode()).digest()[:8], "little")


def _check_finite(norm: torch.Tensor, loss: torch.Tensor, precision: str, step: int, checkpoint: Path) -> None:
    """Stop all ranks where the loss is not finite: the gradient's norm is that of all together.

    In half precision a norm alone may overflow, which the scaler mends; then the loss decides.
    """
    if torch.isfinite(norm) or (precision == "fp16" and torch.isfinite(sum_over_ranks(loss.detach()))):
        return
    kept = checkpoint if checkpoint.exists() else "none yet"
    raise FloatingPointError(
        f"the loss is {loss.item()} and the norm of its gradient {norm.item()} at step {step}; "
        f"last good checkpoint: {kept}"
    )


def _evaluate(task: Task, learner: Learner) -> dict[str, float]:
    """Held-out measures of the raw weights, and of the average with ``ema_`` before their names."""
    measured = task.evaluate(learner.model)
    if measured and learner.ema is not None:
        average = task.evaluate(learner.ema.module)
        measured |= {f"ema_{name}": value for name, value in average.items() if name != "n"}
    return measured


def _score(measured: dict[str, float], best_by: str) -> float:
    """What the best checkpoint is chosen by: a measure of the last pass, of the average where there is one."""
    prefix = "ema_" if any(name.startswith("ema_") for name in measured) else ""
    last = max(name for name in measured if name.startswith(f"{prefix}{best_by}"))
    return measured[last]


def _say(process: Process, *lines: str) -> None:
    """Tell the user, once."""
    for line in lines if process.is_first else ():
        print(line, file=sys.stderr)
