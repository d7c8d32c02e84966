"""The training loop: one function, read top to bottom."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import torch
from timm.optim import create_optimizer_v2
from timm.scheduler import CosineLRScheduler
from timm.utils import ModelEmaV3
from torch.nn.parallel import DistributedDataParallel
from tqdm.auto import tqdm

from absvit.distributed import Process, sum_over_ranks
from absvit.training.cpu_kernels import faster_kernels
from absvit.training.log import Log, unreadable_pictures
from absvit.training.losses import autocast
from absvit.training.problem import Problem
from absvit.training.random_states import seed_all
from absvit.training.recipe import RECIPES, Recipe
from absvit.training.results import write_results
from absvit.training.run_options import RunOptions
from absvit.training.schedules import PolynomialRate
from absvit.training.state import Learner, Position, check_same_position, resume, save, source_of
from stimuli.foundation.addresses import without_credentials

__all__ = ["learn", "train"]

SMALLEST_SCALE = 1e-4  # of the loss in half precision: it starts at 65536 and is halved where a gradient overflows


def train(recipe: str | Recipe, where: RunOptions, process: Process) -> None:
    """Train what a recipe, or its name, says, and write weights with a card; fails as :func:`learn` does."""
    recipe = RECIPES.of(recipe)
    problem = recipe.problem(where, process)
    learner, position = learn(recipe, problem, where, process)
    if process.is_first:
        write_results(recipe, learner, position, problem, where.output_dir)


def learn(recipe: Recipe, problem: Problem, where: RunOptions, process: Process) -> tuple[Learner, Position]:
    """Make all updates of a training, or those that an earlier run of the same recipe left.

    Returns
    -------
    learner : the trained model, in eval mode, and its average, on every rank.
    position : its end, with the seconds that it took and the last evaluation.

    Raises
    ------
    FileNotFoundError, ValueError : model, weights or data are not as they should be, or belong to another
        training.
    FloatingPointError : loss or gradient are not finite; the checkpoint is from before.
    OSError : a checkpoint cannot be written.
    """
    torch.manual_seed(recipe.seed)
    model = problem.model().to(process.device)
    objective = problem.objective(model)
    learner = _learner(recipe, model, problem, process)
    facts = {"recipe": recipe.options, "data": problem.facts(), "processes": process.world_size}
    facts["categories"] = problem.classes  # for those who use a checkpoint; the data tell whether they are the same
    last_step = recipe.epochs * problem.steps_per_epoch
    position = _starting_position(learner, facts, where, problem.steps_per_epoch, last_step, process)
    log = Log(where, position, process)
    step_of = torch.compile(objective) if recipe.compile else objective
    if process.world_size > 1:
        # without that DDP sorts gradients anew after a process's first update: a resumed training would sum in another
        # order than an uninterrupted one, and end with other bits
        step_of = DistributedDataParallel(step_of, find_unused_parameters=True)
    learning = [parameter for parameter in model.parameters() if parameter.requires_grad]

    def keep(name: str) -> None:
        position.unreadable = unreadable_pictures(problem, process)
        if process.is_first:
            save(where.output_dir / name, learner, position, facts, problem.steps_per_epoch)

    problem.unreadable += position.unreadable if process.is_first else 0
    if position.pending:
        _end_epoch(problem, learner, position, log, keep, recipe.keep_every)
    model.train()
    started = time.perf_counter() - position.seconds
    updates = problem.updates(position.step)
    kernels = faster_kernels(process.device, recomputes=recipe.grad_checkpointing or recipe.compile)
    hidden = None if process.is_first else True  # None: where nobody watches, the log is enough
    steps = range(position.step, last_step)
    for step in tqdm(steps, initial=position.step, total=last_step, unit="update", disable=hidden):
        _set_learning_rate(recipe, learner, step, problem.steps_per_epoch)
        update, parts = next(updates), []
        for k, batch in enumerate(update):
            seed_all(recipe.seed, step, k, process.rank)  # dropout, whenever it was resumed
            more = process.world_size > 1 and k + 1 < len(update)
            with step_of.no_sync() if more else nullcontext():
                with autocast(recipe.precision, process.device), kernels:
                    losses = step_of(*batch)
                learner.scaler.scale(losses["loss"] / len(update)).backward()
            parts.append(losses)
        losses = _means(parts)
        learner.scaler.unscale_(learner.optimizer)
        norm = torch.nn.utils.clip_grad_norm_(learning, recipe.clip_grad or math.inf)
        _check_finite(norm, losses["loss"], learner, step, where.checkpoint, process)
        learner.scaler.step(learner.optimizer)
        learner.scaler.update()
        learner.optimizer.zero_grad()
        if learner.ema is not None:
            learner.ema.update(model)
        position.step, position.seconds = step + 1, time.perf_counter() - started
        position.pending = position.step % problem.steps_per_epoch == 0
        if step % where.log_every == 0 or position.step == last_step:
            log.update(losses, norm, learner, position, problem, problem.total // process.world_size)
        if position.pending or position.step % recipe.checkpoint_every == 0:
            keep("last.pt")  # before the evaluation, which may fail
        if position.pending:
            _end_epoch(problem, learner, position, log, keep, recipe.keep_every)
    model.eval()
    return learner, position


def _starting_position(
    learner: Learner, facts: dict, where: RunOptions, steps_per_epoch: int, last_step: int, process: Process
) -> Position:
    """Where the training goes on, with what the checkpoint there holds; the beginning without one."""
    position = Position()
    source, notes = source_of(where.checkpoint, where.resume)
    if source:
        its_own = source == where.checkpoint
        position, told = resume(source, learner, facts, steps_per_epoch, where.allow_differences, its_own)
        if position.step > last_step or (position.step == last_step and not its_own):
            raise ValueError(
                f"{source} is at update {position.step}, the recipe ends at {last_step}: nothing is left; give more "
                "--epochs, or train on from its weights in another --output-dir (recipes of pictures: --finetune)"
            )
        done = position.step == last_step and not position.pending
        update = f"update {position.step} of {last_step} ({source})"
        notes += [*told, f"the training is over at {update}" if done else f"going on from {update}"]
    check_same_position(position, process)
    for line in notes if process.is_first else ():
        print(without_credentials(line), file=sys.stderr)
    return position


def _learner(recipe: Recipe, model: torch.nn.Module, problem: Problem, process: Process) -> Learner:
    """Optimiser, schedule, scaler and average of a recipe."""
    steps_per_epoch = problem.steps_per_epoch
    lr = recipe.lr
    if recipe.lr_batch:
        lr *= (recipe.total_batch or recipe.batch_size * process.world_size) / recipe.lr_batch
    min_lr = min(recipe.min_lr, lr)  # small batches' rate may begin below it, and must not rise to it
    if min_lr < recipe.min_lr and process.is_first:
        print(f"the learning rate {lr:g} lies below min_lr {recipe.min_lr:g}: it does not fall", file=sys.stderr)
    given = {
        "eps": recipe.opt_eps, "betas": recipe.opt_betas, "momentum": recipe.momentum,
        "layer_decay": recipe.layer_decay,
    }  # fmt: skip
    optimizer = create_optimizer_v2(
        problem.learning(model), recipe.opt, lr=lr, weight_decay=recipe.weight_decay,
        **{name: value for name, value in given.items() if value is not None},
    )  # fmt: skip
    unit = 1 if recipe.schedule == "official" else steps_per_epoch
    warmup = round(recipe.warmup_epochs * unit)
    if recipe.schedule == "poly":
        scheduler = PolynomialRate(optimizer, recipe.epochs * unit, min_lr, warmup, recipe.warmup_lr)
    else:
        scheduler = CosineLRScheduler(
            optimizer, recipe.epochs * unit - (warmup if recipe.warmup_prefix else 0), min_lr, warmup_t=warmup,
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


def _means(parts: list[dict[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
    """Losses of an update, from those of its micro-batches."""
    return {name: torch.stack([part[name].detach() for part in parts]).mean(0) for name in parts[0]}


def _check_finite(
    norm: torch.Tensor, loss: torch.Tensor, learner: Learner, step: int, checkpoint: Path, process: Process
) -> None:
    """Stop all ranks where the loss is not finite: the gradient's norm is that of all together.

    In half precision a norm alone may overflow, which the scaler mends; then the loss decides, and how far
    the scaler has gone.
    """
    if torch.isfinite(norm):
        return
    loss, scale = sum_over_ranks(loss) / process.world_size, learner.scaler.get_scale()
    if learner.scaler.is_enabled() and torch.isfinite(loss) and scale >= SMALLEST_SCALE:
        return
    kept = checkpoint if checkpoint.exists() else "none yet"
    raise FloatingPointError(
        f"the loss is {loss.item()} and the norm of its gradient {norm.item()} at step {step}; "
        f"last good checkpoint: {kept}"
    )


def _end_epoch(
    problem: Problem, learner: Learner, position: Position, log: Log, keep: Callable[[str], None], keep_every: int
) -> None:
    """Evaluate what an epoch has led to, and keep what is to be kept of it."""
    measured, epoch = _evaluate(problem, learner), position.step // problem.steps_per_epoch
    position.pending = False
    if measured:
        position.evaluated = log.epoch(measured, position, epoch)
        score = _score(measured, problem.best_by)
        if score > position.best:
            position.best = score
            keep("best.pt")
    if keep_every and epoch % keep_every == 0:
        keep(f"epoch{epoch:04d}.pt")
    keep("last.pt")


def _evaluate(problem: Problem, learner: Learner) -> dict[str, float]:
    """Held-out measures of the raw weights, and of the average with ``ema_`` before their names."""
    averages = [] if learner.ema is None else [learner.ema.module]
    measured, *of_averages = problem.evaluate([learner.model, *averages])
    for average in of_averages:
        measured |= {f"ema_{name}": value for name, value in average.items() if name not in ("n", "unreadable")}
    return measured


def _score(measured: dict[str, float], best_by: str) -> float:
    """What the best checkpoint is chosen by: a measure of the last pass, of the average if there is one."""
    prefix = "ema_" if any(name.startswith("ema_") for name in measured) else ""
    last = max(name for name in measured if name.startswith(f"{prefix}{best_by}"))
    return measured[last]
