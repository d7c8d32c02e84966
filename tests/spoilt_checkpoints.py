"""Checkpoints spoilt in every way that we could think of: what is missing, of another type, size or number."""

import copy
import math
from collections.abc import Callable
from typing import NamedTuple

import torch

from absvit.training import contents


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
        ways[f"position.{field} is {value}"] = lambda content, field=field, value=value: _put(
            content, ("position", field), value
        )
    ways["epoch is another"] = lambda content: _put(content, ("epoch",), content["epoch"] + 1)
    ways["updates of an epoch are 0"] = lambda content: _put(content, ("facts", "data", "updates of an epoch"), 0)
    for part in ("model", "model_ema"):
        ways[f"{part} has one weight more"] = lambda content, part=part: _put(content, (part, "more"), torch.ones(1))
        ways[f"{part} in half precision"] = lambda content, part=part: _each(content[part], torch.Tensor.half)
        ways[f"{part} as integers"] = lambda content, part=part: _each(content[part], torch.Tensor.long)
        ways[f"{part} flattened"] = lambda content, part=part: _each(content[part], torch.Tensor.flatten)
        ways[f"{part} renamed"] = lambda content, part=part: _put(
            content, (part,), {f"module.{name}": weight for name, weight in content[part].items()}
        )
    ways["a random state is too short"] = lambda content: _put(
        content, ("random_states", "torch"), content["random_states"]["torch"][:100]
    )
    ways["numpy's random state is too short"] = lambda content: _put(content, ("random_states", "numpy"), ("MT19937",))
    ways["numpy's generator is another"] = lambda content: _put(
        content, ("random_states", "numpy"), ("PCG64", *content["random_states"]["numpy"][1:])
    )
    ways["Python's random state is too short"] = lambda content: _put(content, ("random_states", "python"), (3, (1,)))
    ways["moments of another shape"] = lambda content: _put(
        content, ("optimizer", "state", 0, "exp_avg"), torch.zeros(7)
    )
    ways["moments of another type"] = lambda content: _each(content["optimizer"]["state"][0], torch.Tensor.long)
    ways["moments of no weight"] = lambda content: _put(content, ("optimizer", "state", 999), {"step": 1})
    ways["one group of weights is missing"] = lambda content: content["optimizer"]["param_groups"].pop()
    ways["a group lacks a weight"] = lambda content: content["optimizer"]["param_groups"][0]["params"].pop()
    ways["a setting of the optimiser is text"] = lambda content: _put(
        content["optimizer"]["param_groups"][0], ("lr",), "fast"
    )
    ways["something besides"] = lambda content: _put(content, ("besides",), 1)
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


def _at(content, path: tuple):
    for name in path:
        content = content[name]
    return content


def _put(content, path: tuple, value) -> None:
    _at(content, path[:-1])[path[-1]] = value


def _each(weights: dict, change: Callable) -> None:
    for name, weight in weights.items():
        weights[name] = change(weight)
