"""Checkpoints spoilt in every way that we could think of: what is missing, of another type, size or number."""

import copy
import math
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import torch
from timm.scheduler import CosineLRScheduler
from timm.utils import ModelEmaV3
from torch import nn

from absvit.training import contents
from absvit.training.state import Learner, Position, resume, save

FACTS = {
    "recipe": {"epochs": 2, "opt": "adamw", "trainable": "end2end", "model_ema": True, "lr": 1e-3},
    "data": {"updates of an epoch": 2}, "processes": 1, "categories": ["red", "blue"],
}  # fmt: skip


class Instead(NamedTuple):
    """What takes the place of all content."""

    value: object


ANOTHER = {"none": None, "text": "x", "a number": 3.5, "empty": {}, "a list": []}


def kinds(whole: dict) -> dict[str, Callable[[dict], object]]:
    """Ways to spoil the content of a checkpoint, by what is told of them; each changes it in place or gives another."""
    ways = {}
    for path in [*((name,) for name in whole), *(("position", name) for name in whole["position"]), ("facts", "recipe"),
                 ("facts", "data"), ("facts", "processes"), ("facts", "data", "updates of an epoch"),
                 ("facts", "recipe", "epochs"), ("facts", "recipe", "opt"), ("random_states", "torch"),
                 ("random_states", "numpy"), ("random_states", "python"), ("optimizer", "state"),
                 ("optimizer", "param_groups"), ("optimizer", "state", 0), ("optimizer", "state", 0, "exp_avg"),
                 ("model", "pos_embed"), ("model_ema", "pos_embed")]:  # fmt: skip
        name = ".".join(map(str, path))
        ways[f"{name} is missing"] = lambda content, path=path: _at(content, path[:-1]).pop(path[-1])
        for what, value in ANOTHER.items():
            before = _at(whole, path)
            if type(before) is not type(value) or before != value:
                ways[f"{name} is {what}"] = lambda content, path=path, value=value: _put(content, path, value)
    for field, value in [("step", -3), ("step", 10**6), ("step", True), ("seconds", -1.0), ("seconds", math.nan),
                         ("best", math.nan), ("pending", 1), ("unreadable", -1)]:  # fmt: skip
        ways[f"position.{field} is {value}"] = lambda c, field=field, value=value: _put(c, ("position", field), value)
    ways["epoch is another"] = lambda c: _put(c, ("epoch",), c["epoch"] + 1)
    ways["updates of an epoch are 0"] = lambda c: _put(c, ("facts", "data", "updates of an epoch"), 0)
    for part in ("model", "model_ema"):
        ways[f"{part} has one weight more"] = lambda c, part=part: _put(c, (part, "more"), torch.ones(1))
        ways[f"{part} in half precision"] = lambda c, part=part: _each(c[part], torch.Tensor.half)
        ways[f"{part} as integers"] = lambda c, part=part: _each(c[part], torch.Tensor.long)
        ways[f"{part} flattened"] = lambda c, part=part: _each(c[part], torch.Tensor.flatten)
        ways[f"{part} renamed"] = lambda c, part=part: _put(
            c, (part,), {f"module.{name}": weight for name, weight in c[part].items()}
        )
    torchs, numpys, group = ("random_states", "torch"), ("random_states", "numpy"), ("optimizer", "param_groups", 0)
    ways["a random state is too short"] = lambda c: _put(c, torchs, _at(c, torchs)[:100])
    ways["numpy's random state is too short"] = lambda c: _put(c, numpys, ("MT19937",))
    ways["numpy's generator is another"] = lambda c: _put(c, numpys, ("PCG64", *_at(c, numpys)[1:]))
    ways["Python's random state is too short"] = lambda c: _put(c, ("random_states", "python"), (3, (1,)))
    ways["moments of another shape"] = lambda c: _put(c, ("optimizer", "state", 0, "exp_avg"), torch.zeros(7))
    ways["moments of another type"] = lambda c: _each(c["optimizer"]["state"][0], torch.Tensor.long)
    ways["moments of no weight"] = lambda c: _put(c, ("optimizer", "state", 999), {"step": 1})
    ways["one group of weights is missing"] = lambda c: c["optimizer"]["param_groups"].pop()
    ways["a group lacks a weight"] = lambda c: _at(c, group)["params"].pop()
    ways["a setting of the optimiser is text"] = lambda c: _put(c, (*group, "lr"), "fast")
    ways["something besides"] = lambda c: _put(c, ("besides",), 1)
    ways |= {f"nothing but {what}": lambda _, value=value: Instead(value) for what, value in ANOTHER.items()}
    return ways


def spoilt(whole: dict, way: Callable[[dict], object], seal: bool) -> object:
    """The content of a checkpoint after a way to spoil it, with the digest of before or with one that fits."""
    content = copy.deepcopy(whole)
    other = way(content)
    if isinstance(other, Instead):
        return other.value
    if not seal:
        return content
    return contents.sealed({name: part for name, part in content.items() if name not in contents.SEAL})


class Tiny(nn.Module):
    """Two weights."""

    def __init__(self) -> None:
        super().__init__()
        self.pos_embed, self.head = nn.Parameter(torch.randn(1, 4, 3)), nn.Linear(3, 2)


def learner(steps: int = 0, fp16: bool = False) -> Learner:
    """Two weights and all that learns with them, after some updates."""
    model = Tiny()
    decayed, rest = [model.pos_embed, model.head.weight], [model.head.bias]
    optimizer = torch.optim.AdamW([{"params": decayed}, {"params": rest, "weight_decay": 0.0}], lr=1e-3)
    scaler = torch.amp.GradScaler("cpu", enabled=fp16)
    for _ in range(steps):
        scaler.scale(sum(parameter.square().sum() for parameter in model.parameters())).backward()
        scaler.step(optimizer)
        scaler.update()
    return Learner(model, ModelEmaV3(model), optimizer, CosineLRScheduler(optimizer, 4), scaler)


def outcomes(folder: Path, fp16: bool) -> tuple[int, dict[bool, set[str]]]:
    """Go on from checkpoints that are spoilt in every way, with the digest of before (False) or one that fits (True).

    Gives how many there were, and those that were gone on from. All others were refused with their name in
    one line, and, where the digest told, with the other checkpoint that is there.
    """
    path, best = folder / "last.pt", folder / "best.pt"
    for place in (path, best):
        save(place, learner(2, fp16), Position(2, 1.5, 0.5, evaluated={"step": 1, "n": 9}), FACTS, 2)
    whole = torch.load(path)
    assert resume(path, learner(0, fp16), FACTS, 2, its_own=True) == (Position(**whole["position"]), [])
    tried, went_on = 0, {False: set(), True: set()}
    for name, way in kinds(whole).items():
        for seal in (False, True)[: 1 if name.startswith(contents.SEAL) else 2]:
            torch.save(spoilt(whole, way, seal), path)
            tried += 1
            try:
                resume(path, learner(0, fp16), FACTS, 2, its_own=True)
            except ValueError as error:
                assert str(path) in str(error) and "\n" not in str(error), (name, seal)
                assert f"{best} is there" in str(error) or seal or "holds no training" in str(error), (name, error)
            else:
                went_on[seal].add(name)
    return tried, went_on


def _at(content, path: tuple):
    for name in path:
        content = content[name]
    return content


def _put(content, path: tuple, value) -> None:
    _at(content, path[:-1])[path[-1]] = value


def _each(weights: dict, change: Callable) -> None:
    for name, weight in weights.items():
        weights[name] = change(weight)
