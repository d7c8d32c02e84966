"""What a training is at an update: written atomically, read without trust, refused where it belongs to another."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import torch
from timm.scheduler.scheduler import Scheduler
from timm.utils import ModelEmaV3
from torch import nn

from absvit.models import downloads, formats
from absvit.models.checkpoints import load_into, local_file, read

__all__ = ["Learner", "Position", "resume", "save"]

OUR_KEYS = ("facts", "position")


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
    """How far a training is. Random states follow from seed, update and rank, so that none needs to be kept.

    Parameters
    ----------
    step : updates made; it is the sampler's position too.
    seconds : time spent.
    best : best validation accuracy so far.
    """

    step: int = 0
    seconds: float = 0.0
    best: float = -1.0


def save(path: Path, learner: Learner, position: Position, facts: Mapping, steps_per_epoch: int) -> None:
    """Write a checkpoint; a crash or a full disk leaves the one before.

    Parameters
    ----------
    path : file.
    learner : what has learned.
    position : how far it is.
    facts : what a training that goes on from here must have in common: recipe, data, number of processes.
    steps_per_epoch : updates of an epoch.

    Raises
    ------
    OSError : it cannot be written.
    """
    content = {
        "model": learner.model.state_dict(),
        "model_ema": None if learner.ema is None else learner.ema.module.state_dict(),
        "optimizer": learner.optimizer.state_dict(),
        "lr_scheduler": learner.scheduler.state_dict(),
        "scaler": learner.scaler.state_dict(),
        "epoch": position.step // steps_per_epoch - 1,  # the last one that is over, as in the official files
        "position": dict(vars(position)),
        "facts": _plain(facts),
        "environment": {name: version(name) for name in ("torch", "timm", "numpy")},
    }
    try:
        downloads.replace_file(path, lambda temporary: torch.save(content, temporary))
    except (OSError, RuntimeError) as error:  # torch's writer does not say OSError
        reason = str(error).splitlines()[0]
        kept = "the last one is kept" if path.exists() else "there is none yet"
        raise OSError(f"cannot write the checkpoint {path} ({reason}): make room and start again; {kept}") from error


def resume(
    source: str | Path, learner: Learner, facts: Mapping, steps_per_epoch: int, force: bool = False
) -> tuple[Position, list[str]]:
    """Go on from a checkpoint of ours, or begin with the weights of an official one.

    Parameters
    ----------
    source : file or address.
    learner : takes what the checkpoint holds.
    facts : as in :func:`save`.
    steps_per_epoch : updates of an epoch.
    force : go on although something differs; the position is then kept in epochs.

    Returns
    -------
    position : where to go on.
    notes : what is worth knowing of it.

    Raises
    ------
    FileNotFoundError : there is no such file.
    ValueError : the file is corrupt, holds code, or belongs to another training (what differs is listed).
    """
    path = local_file(source)
    content = formats.read_content(path) if formats.file_format(path) == "pytorch" else {}
    if not (isinstance(content, Mapping) and set(OUR_KEYS) <= set(content)):
        return _foreign(source, learner, steps_per_epoch)
    found, wanted = content["facts"], _plain(facts)
    different = _differences(found, wanted)
    if different and not force:
        raise ValueError(
            f"{source} belongs to another training: {different}; choose another --output-dir, or go on "
            "nevertheless with --allow-differences"
        )
    load_into(learner.model, content["model"])
    if learner.ema is not None and content["model_ema"] is not None:
        load_into(learner.ema.module, content["model_ema"])
    learner.optimizer.load_state_dict(content["optimizer"])
    learner.scaler.load_state_dict(content["scaler"])
    position = Position(**content["position"])
    per_epoch = found["data"]["updates of an epoch"]
    if per_epoch != steps_per_epoch:
        position.step = position.step * steps_per_epoch // per_epoch
    return position, [f"going on although these differ: {different}"] if different else []


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
    note = f"{source} is no checkpoint of ours: its weights are taken, and the optimiser starts anew at epoch {epoch}"
    return Position(epoch * steps_per_epoch), [note]


def _plain(facts: Mapping) -> dict:
    """The facts as JSON would hold them."""
    return json.loads(json.dumps(facts))


def _differences(found: Mapping, wanted: Mapping, prefix: str = "") -> str:
    """What differs, by name."""
    texts = []
    for name in sorted(found.keys() | wanted.keys()):
        there, here = found.get(name), wanted.get(name)
        if isinstance(there, Mapping) and isinstance(here, Mapping):
            inner = _differences(there, here, f"{prefix}{name}.")
            texts += [inner] if inner else []
        elif there != here:
            texts.append(f"{(prefix + name).removeprefix('recipe.')} ({there} there, {here} here)")
    return ", ".join(texts)
