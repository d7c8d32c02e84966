"""Observers that look by a mechanism of attention."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import Tensor

from absvit.mechanisms import Told
from absvit.mechanisms.host import Host
from absvit.mechanisms.passes import looked
from absvit.models.class_activation import class_activation
from absvit.models.trajectory import Trajectory
from absvit.networks import Network, network_of
from absvit.words import meaning
from experiments.observers.observer import Observer

__all__ = ["evidence_of", "network_of_observer", "observer_told"]


def observer_told(told: Told, label: str | None = None, seed: int = 0) -> Observer:
    """Make an observer of a network under a mechanism.

    Its ``facts`` hold the mechanism: its name, parameters and source, and what else is known of it, such as
    how tunings were measured.

    Parameters
    ----------
    told : who looks.
    label : what the record calls it; its host, a plus sign and its mechanism, if left out.
    seed : of its training, where it is known.
    """
    network, mechanism = told.network, told.mechanism
    about = {name: getattr(mechanism, name) for name in ("name", "parameters", "source")}
    return Observer(
        label or f"{network.name}+{mechanism.name}",
        mechanism.line,
        categories=network.categories,
        size=network.size,
        look=partial(_look, told),
        mean=network.mean,
        std=network.std,
        grid=told.grid,
        kinds=told.kinds,
        records=told.records,
        layers=told.layers,
        width=told.width,
        gains=told.gains,
        course=told.course,
        evidence=evidence_of(network),
        means=partial(meaning, model=Host.of(network)) if {"any", "text"} & {*told.kinds} else None,
        weights=network.weights,
        device=str(network.device),
        seed=seed,
        facts={**network.facts, "mechanism": {**about, **told.facts}},
    )


def evidence_of(network: Network) -> Callable[[Tensor, Tensor], Tensor] | None:
    """Give the function that tells what a network's places add to the logit of a class; None where it has none.

    It is that of ``Observer.evidence``: class activation mapping of the bottom-up pass.
    """
    return None if network.readout is None else partial(_evidence, network)


def _evidence(network: Network, images: Tensor, classes: Tensor) -> Tensor:
    features, rows = looked(network, images.to(network.device)).features, network.readout.weight
    maps = torch.stack([class_activation(features, rows, index, 1 / features.shape[1]) for index in classes])
    return maps.unflatten(-1, network.readout.grid)


def network_of_observer(observer: Observer) -> Network:
    """Give what an observer sees as a network, so that a mechanism can be put on it.

    Raises
    ------
    ValueError : it is told what to look for in a way of its own.
    """
    if observer.kinds or observer.records:
        raise ValueError(
            f"{observer.name} is told what to look for in a way of its own: leave out the mechanism, or name a network"
        )
    known = {name: getattr(observer, name) for name in ("name", "categories", "size", "mean", "std")}
    return network_of(observer.look, **known)


def _look(told: Told, images: Tensor, priors, iterations: int, record: Sequence[str]) -> Trajectory:
    return told.perceive(images.to(told.network.device), priors, iterations, record)
