"""Passes of a network, bottom-up and under priors: what each leaves, and the trajectory that they make."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from absvit.mechanisms.host import Host
from absvit.models.class_activation import class_activation, classes_named
from absvit.models.priors import Prior
from absvit.models.trajectory import Trajectory

if TYPE_CHECKING:
    from absvit.mechanisms.mechanism import Told
    from absvit.networks.network import Network

__all__ = ["Passes", "Seen", "image_bytes", "looked", "recordable", "trajectory_of", "unchanged", "unpooled"]

ALIVE = 3  # times the largest input and output of a layer, that a pass may hold at once


@dataclass(frozen=True, eq=False)
class Seen:
    """What one pass over some images leaves.

    Parameters
    ----------
    logits : (image, class).
    weights : (image, place) that the prior gave; None where places are not weighed.
    features : (image, place, channel) that are pooled and classified; None where there are none.
    shares : (image, place) of the places in what is pooled; None where all are alike.
    """

    logits: Tensor
    weights: Tensor | None = None
    features: Tensor | None = None
    shares: Tensor | None = None


Passes = tuple[Seen, list[list[Seen]]]  # the bottom-up pass, and those under priors (iteration, prior)


def recordable(network: Network) -> tuple[str, ...]:
    """Name what can be recorded of any network: maps need places and a classifier that is linear."""
    return ("class_activation",) if network.readout else ()


def looked(network: Network, images: Tensor) -> Seen:
    """Let a network look by itself, and keep its places where it has them."""
    places, logits = network.seen(images)
    return Seen(logits, features=places)


def unchanged(network: Network, images: Tensor, priors: Sequence[Prior], iterations: int) -> Passes:
    """Let a network look by itself in every pass, of which a mechanism can change the features."""
    first = looked(network, images)
    return first, [[first] * len(priors)] * iterations


def unpooled(told: Told, name: str) -> Callable[[Tensor, Sequence[Prior], int], Passes]:
    """Give the passes that a mechanism leaves to another one, which acts on the features of their places.

    Parameters
    ----------
    told : a network under the first one.
    name : what the other one is called.

    Raises
    ------
    ValueError : it leaves no features that are yet to be pooled.
    """
    if told.seen is None or not told.network.readout.pooled:
        raise ValueError(
            f"{name} acts on places before they are pooled, and {told.mechanism.name} leaves none: put first "
            "what changes layers or features, then a single mechanism that pools"
        )
    return told.seen


def trajectory_of(
    network: Network,
    first: Seen,
    passes: Sequence[Sequence[Seen]],
    priors: Sequence[Prior],
    record: Sequence[str] = (),
    grid: tuple[int, int] | None = None,
) -> Trajectory:
    """Put passes together.

    Parameters
    ----------
    network : who looks.
    first : the bottom-up pass.
    passes : (iteration, prior) those under priors.
    priors : what these are; their classes are those of the maps, but for the first pass.
    record : what is kept besides logits and weights.
    grid : rows and columns of the places that are weighed; those of its readout, if left out.
    """
    grid = grid or (network.readout.grid if network.readout else (0, 0))
    none = first.logits.new_full((len(first.logits), math.prod(grid)), torch.nan)
    rows = [[first] * max(1, len(priors)), *passes]
    told = [(), *[priors] * len(passes)]
    maps = None
    if "class_activation" in record:
        maps = _stacked([_maps(network, *of) for of in zip(rows, told, strict=True)])
    weights = [[none if seen.weights is None else seen.weights for seen in row] for row in passes]
    return Trajectory(
        logits=_stacked([[seen.logits for seen in row] for row in rows]),
        prior_weights=_stacked(weights) if weights else none.new_empty((0, len(rows[0]), *none.shape)),
        grid=grid,
        num_prefix_tokens=0,
        class_activation=maps,
    )


def _maps(network: Network, row: Sequence[Seen], priors: Sequence[Prior]) -> list[Tensor]:
    """Maps of one pass under each prior."""
    logits = torch.stack([seen.logits for seen in row])
    index = classes_named(priors, Host.of(network), logits) if priors else logits.argmax(-1)
    share, rows = 1 / row[0].features.shape[1], network.readout.weight
    return [
        class_activation(seen.features, rows, of, share if seen.shares is None else seen.shares)
        for seen, of in zip(row, index, strict=True)
    ]


def _stacked(rows: Sequence[Sequence[Tensor]]) -> Tensor:
    return torch.stack([torch.stack(list(row)) for row in rows])


def image_bytes(network: Network) -> int:
    """Memory that a pass over one image takes: a few times the largest input and output of a layer."""
    images = network.picture(1)
    numbers = [images.numel()]

    def measure(module: nn.Module, given: tuple, result: object) -> None:
        numbers.append(sum(x.numel() for x in (*given, result) if isinstance(x, Tensor)))

    modules = [] if network.module is None else [m for m in network.module.modules() if not [*m.children()]]
    hooks = [module.register_forward_hook(measure) for module in modules]
    try:
        with torch.no_grad():
            network.logits(images)
    finally:
        for hook in hooks:
            hook.remove()
    return ALIVE * max(numbers) * images.element_size()
