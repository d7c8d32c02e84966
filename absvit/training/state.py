"""What a training is at an update: written atomically, read without trust, refused if another's."""

from __future__ import annotations

import copy
import functools
import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

import torch
from timm.scheduler.scheduler import Scheduler
from timm.utils import ModelEmaV3
from torch import nn

from absvit.distributed import Process, sum_over_ranks
from absvit.models.checkpoints import formats, load_into, local_file, read
from absvit.records.differences import differences
from absvit.training import contents
from absvit.training.random_states import random_states, restore_random_states
from stimuli.foundation.addresses import without_credentials
from stimuli.foundation.files import whole

__all__ = ["Learner", "Position", "check_same_position", "resume", "save", "source_of"]

# change no update; where a picture cannot be read, there was none
FREE = ("checkpoint_every", "keep_every", "grad_checkpointing", "compile", "class_gain", "unreadable")
OPTIMIZER_SETTINGS = ("weight_decay", "betas", "eps", "momentum", "lr_scale")


@dataclass(frozen=True)
class Learner:
    """All that learns.

    Parameters
    ----------
    model : the model.
    ema : moving average of its weights, or None.
    optimizer : updates the weights.
    scheduler : sets the learning rate.
    scaler : scales the loss in half precision; does nothing otherwise.
    """

    model: nn.Module
    ema: ModelEmaV3 | None
    optimizer: torch.optim.Optimizer
    scheduler: Scheduler
    scaler: torch.amp.GradScaler


@dataclass
class Position:
    """How far a training is.

    Parameters
    ----------
    step : updates made; it is the sampler's position too.
    seconds : time spent.
    best : best validation accuracy so far.
    pending : an epoch ends here and has not been evaluated yet.
    unreadable : training pictures left out so far, on all ranks.
    evaluated : what the log says of the last epoch that was evaluated; empty where none was.
    """

    step: int = 0
    seconds: float = 0.0
    best: float = -1.0
    pending: bool = False
    unreadable: int = 0
    evaluated: dict[str, float] = field(default_factory=dict)


def save(path: Path, learner: Learner, position: Position, facts: Mapping, steps_per_epoch: int) -> None:
    """Write a checkpoint; a crash or a full disk leaves the one before.

    ``facts`` are what a training that goes on from here must have in common: recipe, data, number of
    processes.
    """
    content = contents.sealed(_content(learner, position, facts, steps_per_epoch))
    try:
        with whole(path, sync=True) as part:
            torch.save(content, part)
    except (OSError, RuntimeError) as error:  # torch's writer does not say OSError
        reason = str(error).splitlines()[0]
        kept = "the last one is kept" if path.exists() else "there is none yet"
        raise OSError(f"cannot write the checkpoint {path} ({reason}): make room and start again; {kept}") from error


def _content(learner: Learner, position: Position, facts: Mapping, steps_per_epoch: int) -> dict:
    """The parts of a checkpoint, by name."""
    return {
        "model": learner.model.state_dict(),
        "model_ema": None if learner.ema is None else learner.ema.module.state_dict(),
        "optimizer": learner.optimizer.state_dict(),
        "lr_scheduler": learner.scheduler.state_dict(),
        "scaler": learner.scaler.state_dict(),
        "epoch": position.step // steps_per_epoch - 1,  # the last one that is over, as in the official files
        "position": dict(vars(position)),
        "facts": _plain(facts),
        "random_states": random_states(),  # of the first rank; each micro-batch is seeded anew all the same
        "environment": _environment(learner.model),
    }


def source_of(checkpoint: Path, resume: str) -> tuple[str | Path, list[str]]:
    """Say what a training goes on from: its own last checkpoint, or else the one that was named, "" for none.

    Gives the file or address, and notes of what is worth knowing of it.
    """
    named = local_file(resume) if resume else None
    if not checkpoint.exists():
        return resume, []
    if named is None or named.resolve() == checkpoint.resolve():
        return checkpoint, []
    aside = f"--resume {resume} is left aside: {checkpoint} is gone on from; choose another --output-dir to go back"
    return checkpoint, [aside]


def check_same_position(position: Position, process: Process) -> None:
    """Refuse to train where the processes would go on from different updates."""
    step = position.step
    total, squares = sum_over_ranks(torch.tensor([step, step**2], device=process.device)).tolist()
    if squares * process.world_size != total**2:  # all ranks come to the same answer
        raise ValueError(
            f"the processes would go on from different updates (this one from {step}): give an --output-dir that all "
            "machines share"
        )


def resume(
    source: str | Path,
    learner: Learner,
    facts: Mapping,
    steps_per_epoch: int,
    force: bool = False,
    its_own: bool = False,
) -> tuple[Position, list[str]]:
    """Go on from a checkpoint of ours, or begin with the weights of an official one.

    Gives the position, and notes of what is worth knowing. ``force``: go on although something differs, the
    position then being kept in epochs; ``its_own``: the file is the training's own, and so has to be one of
    ours. A file that is damaged, holds code, is of an earlier format or belongs to another training is
    refused; what differs is listed.
    """
    path = local_file(source)
    try:
        content = formats.read_content(path) if formats.file_format(path) == "pytorch" else {}
    except ValueError as error:
        raise ValueError(f"{error}{_remedy(path)}") from error
    if not contents.is_ours(content):
        if its_own:
            raise ValueError(f"{path} holds no training to go on with: take it away, or choose another --output-dir")
        return _foreign(source, learner, steps_per_epoch)
    _check(path, content)
    found, wanted = _plain(content["facts"]), _plain(facts)
    different = differences(_compared(found), _compared(wanted))
    if different and not force:
        raise ValueError(
            f"{source} belongs to another training: {different}; choose another --output-dir, or go on "
            "nevertheless with --allow-differences"
        )
    own = _content(learner, Position(), facts, steps_per_epoch)
    wrong = _misfit(content, own, learner.optimizer, bool(different))
    if wrong:
        raise ValueError(_damaged(path, wrong))
    notes = _take(path, learner, content, wanted["recipe"])
    notes += [f"going on although these differ: {different}"] if different else []
    position = Position(**content["position"])
    per_epoch = found["data"]["updates of an epoch"]
    if per_epoch != steps_per_epoch:
        position.step = position.step * steps_per_epoch // per_epoch
    return position, notes


def _check(path: Path, content: Mapping) -> None:
    """Refuse a checkpoint of ours that is of another format, or is not what was written."""
    if not {"format", "sha256"} & set(content):
        raise ValueError(
            f"{path} was written by an earlier version and holds no digest: finish that training with the version that "
            "began it, or begin another --output-dir from its weights (recipes of pictures: --finetune FILE)"
        )
    if content.get("format") != contents.FORMAT or "sha256" not in content:
        later = isinstance(content.get("format"), int) and content["format"] > contents.FORMAT
        wrong = "a newer version wrote it" if later else "its format or its digest is missing"
        raise ValueError(_damaged(path, wrong))
    wrong = contents.what_is_wrong(content)
    if wrong:
        raise ValueError(_damaged(path, wrong))


def _damaged(path: Path, what: str) -> str:
    """The message on a checkpoint that cannot be gone on from."""
    return f"{path} is not as a training left it: {what}{_remedy(path)}"


def _remedy(path: Path) -> str:
    """What else there is to go on from."""
    others = [path.with_name("best.pt"), *sorted(path.parent.glob("epoch*.pt"), reverse=True)]
    there = next((other for other in others if other != path and other.is_file()), None)
    if there is None:
        return "; take a copy of it, or take it away to begin anew"
    return f"; {there} is there: take {path.name} away and go on with --resume {there}"


def _misfit(content: Mapping, own: Mapping, optimizer: torch.optim.Optimizer, differs: bool) -> str:
    """What of a checkpoint is not built like a learner's own; where the trainings differ, its weights may."""
    states = {name: content["random_states"].get(name) for name in ("torch", "numpy", "python")}
    pairs = {"random_states": (states, {name: own["random_states"][name] for name in states})}
    if not differs:
        pairs |= {name: (content[name], own[name]) for name in ("model", "model_ema", "scaler")}
        groups = (content["optimizer"].get("param_groups"), own["optimizer"]["param_groups"])
        pairs["optimizer.param_groups"] = groups
    told = (contents.misfit(found, wanted, name) for name, (found, wanted) in pairs.items())
    return next(filter(None, told), "") or ("" if differs else _misfit_of_moments(content["optimizer"], optimizer))


def _misfit_of_moments(state: Mapping, optimizer: torch.optim.Optimizer) -> str:
    """Which moment of an optimiser's state is not like one that the optimiser makes."""
    moments, wanted = state.get("state"), _moments_like(optimizer)
    if not isinstance(moments, Mapping):
        return "optimizer.state is missing"
    for number, found in moments.items():  # a weight without a gradient so far has none
        if number not in wanted:
            return f"optimizer.state.{number} belongs to no weight"
        wrong = contents.misfit(found, wanted[number], f"optimizer.state.{number}")
        if wrong:
            return wrong
    return ""


def _moments_like(optimizer: torch.optim.Optimizer) -> Mapping:
    """What the state of an optimiser is like after an update: that of a copy, after one without gradient."""
    trial = copy.deepcopy(optimizer)
    for group in trial.param_groups:
        for weight in group["params"]:
            weight.grad = torch.zeros_like(weight)
    trial.step()
    return trial.state_dict()["state"]


def _take(path: Path, learner: Learner, content: Mapping, recipe: Mapping) -> list[str]:
    """Give a learner what a checkpoint holds, and tell what begins anew since another recipe lacks it."""
    notes, found = [], content["facts"]["recipe"]
    load_into(learner.model, content["model"])
    if learner.ema is not None:
        load_into(learner.ema.module, content["model_ema"] or content["model"])
        notes += [] if content["model_ema"] else ["the average starts anew from the weights"]
    try:
        same_optimizer = all(found.get(name) == recipe[name] for name in ("opt", "trainable"))
        if not (same_optimizer and _take_moments(learner.optimizer, content["optimizer"])):
            notes.append("the optimiser starts anew")
        if learner.scaler.is_enabled() and content["scaler"]:
            learner.scaler.load_state_dict(content["scaler"])
        elif learner.scaler.is_enabled():
            notes.append("the scale of the loss starts anew")
        restore_random_states(content["random_states"])
    except Exception as error:  # what torch, timm and numpy make of a state that they did not write has no end
        raise ValueError(_damaged(path, f"a state is not taken ({type(error).__name__})")) from error
    return notes


def _take_moments(optimizer: torch.optim.Optimizer, state: Mapping) -> bool:
    """Give an optimiser a checkpoint's moments, not its settings; whether its groups are the same."""
    own = [{name: group[name] for name in OPTIMIZER_SETTINGS if name in group} for group in optimizer.param_groups]
    sizes = [[len(group["params"]) for group in groups] for groups in (optimizer.param_groups, state["param_groups"])]
    if sizes[0] != sizes[1]:
        return False
    optimizer.load_state_dict(state)
    for group, settings in zip(optimizer.param_groups, own, strict=True):
        group.update(settings)
    return True


def _foreign(source: str | Path, learner: Learner, steps_per_epoch: int) -> tuple[Position, list[str]]:
    """Begin with the weights of another code's checkpoint, at its epoch."""
    weights = read(source)
    load_into(learner.model, weights.state_dict)
    if learner.ema is not None:
        try:
            weights_of_ema = read(source, which="ema")
        except ValueError:  # the file has none
            weights_of_ema = weights
        load_into(learner.ema.module, weights_of_ema.state_dict)
    epoch = weights.card.get("epoch", -1) + 1
    anew = f"its weights are taken, and the optimiser starts anew at epoch {epoch}"
    return Position(epoch * steps_per_epoch), [f"{source} holds no training to go on with: {anew}"]


def _environment(model: nn.Module) -> dict[str, str]:
    """What the training runs with, and on."""
    device = next(model.parameters()).device
    on_gpu = {"gpu": torch.cuda.get_device_name(device), "cuda": torch.version.cuda} if device.type == "cuda" else {}
    return {"python": platform.python_version(), **_versions(), "device": device.type, **on_gpu}


@functools.cache  # asked at every checkpoint
def _versions() -> Mapping[str, str]:
    """Versions of what computes."""
    return {name: version(name) for name in ("absvit", "torch", "timm", "numpy")}


def _plain(facts: Mapping) -> dict:
    """The facts as JSON would hold them, without the passwords of addresses in them."""
    return json.loads(without_credentials(json.dumps(facts)))


def _compared(facts: Mapping) -> dict:
    """The facts that must be the same."""
    recipe = {name: value for name, value in facts["recipe"].items() if name not in FREE}
    return {"recipe": recipe, "data": facts["data"], "processes": facts["processes"]}
