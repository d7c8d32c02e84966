"""Observers made of networks: any that classifies, AbSViTs with feedback, and the control with permuted decoders."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import torch
from torch import Tensor, nn

from absvit import AbSViT, perceive
from absvit.mechanisms import Mechanism
from absvit.mechanisms.passes import looked, recordable, trajectory_of
from absvit.models.class_activation import class_activation, classifier_rows
from absvit.models.course import follow
from absvit.models.perceive import RECORDABLE, Trajectory
from absvit.models.requests import check_model
from absvit.networks import Network, network_of
from absvit.words import meaning
from experiments.observers.observer import Observer
from experiments.observers.told import evidence_of, network_of_observer, observer_told

__all__ = ["feeds_back", "observer_of", "permuted_decoders"]

OF_FEEDBACK = ("learned", "class", "vector", "place", "any")  # whatever weighs tokens is fed back


def observer_of(
    model: Network | nn.Module | Callable[[Tensor], Tensor] | Observer,
    label: str | None = None,
    seed: int | None = None,
    mechanism: Mechanism | None = None,
    **known: object,
) -> Observer:
    """Make an observer of any network, under a mechanism of attention or not; give an observer as it is.

    Parameters
    ----------
    model : AbSViT, which takes all priors; or any other classifier, a module or a function of images
        (image, channel, y, x), which takes none and looks bottom-up.
    label : what the record calls it; the name of its architecture, if left out.
    seed : of its training; what is known of it, or 0, if left out.
    mechanism : how it is told what to look for; an AbSViT's own feedback, if left out, else none.
    **known : what the model does not say of itself: ``categories``, ``size``, ``mean``, ``std``
        (:func:`absvit.networks.network_of`).

    Raises
    ------
    ValueError : the object is no classifier of images, nothing says what pictures it takes, or it cannot have
        this mechanism.

    Examples
    --------
    >>> experiments.observer_of(model, label="ours").name
    'ours'
    """
    if isinstance(model, Observer) and mechanism is None:
        return model if label is None else replace(model, name=label)
    network = network_of_observer(model) if isinstance(model, Observer) else network_of(model, **known)
    seed = network.seed if seed is None else seed
    if mechanism is not None:
        return observer_told(mechanism.on(network), label, seed)
    is_vit = _has_plain_blocks(network.module)
    observer = Observer(
        label or network.name,
        "a plain ViT" if is_vit else "a network that looks bottom-up",
        categories=network.categories,
        size=network.size,
        look=network.logits,
        mean=network.mean,
        std=network.std,
        weights=network.weights,
        device=str(network.device),
        seed=seed,
        facts=network.facts,
    )
    if is_vit:
        return _with_tokens(observer, network)
    return observer if network.readout is None else _with_map(observer, network)


def _has_plain_blocks(module: nn.Module | None) -> bool:
    """Tell a ViT whose tokens can be watched, as :func:`absvit.perceive` does."""
    try:
        check_model(module)
    except ValueError:
        return False
    return True


def _with_map(observer: Observer, network: Network) -> Observer:
    """An observer that records what each of its places adds to the class that it answers."""
    look = partial(_look_at_places, network)
    evidence = evidence_of(network)
    return replace(observer, look=look, grid=network.readout.grid, records=recordable(network), evidence=evidence)


def _with_tokens(observer: Observer, network: Network) -> Observer:
    """An observer that records what goes on in the blocks of a ViT, and of an AbSViT takes every prior."""
    model = network.module
    watched = replace(
        observer,
        look=partial(_look, network),
        grid=tuple(model.patch_embed.grid_size),
        records=tuple(name for name in RECORDABLE if name != "class_attention" or model.has_class_token),
        layers=len(model.blocks),
        width=model.embed_dim,
        evidence=partial(_evidence_of_tokens, model),
    )
    if not isinstance(model, AbSViT):
        return watched
    return replace(
        watched,
        line="an AbSViT: what it sees is weighted by a prior and fed back",
        kinds=OF_FEEDBACK,
        gains=model.prior_gains,
        means=partial(meaning, model=model),
        course=partial(_course, model),
    )


def feeds_back(network: Network) -> bool:
    """Tell an AbSViT, whose decoders can be permuted."""
    return isinstance(network.module, AbSViT)


def permuted_decoders(model: AbSViT, seed: int = 0) -> AbSViT:
    """Copy a model and permute the entries within each decoder matrix: the control that keeps their statistics."""
    control = copy.deepcopy(model)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in control.decoders.parameters():
            order = torch.randperm(weight.numel(), generator=generator).to(weight.device)
            weight.copy_(weight.flatten()[order].view_as(weight))
    return control


def _look(network: Network, images: Tensor, priors, iterations: int, record: Sequence[str]) -> Trajectory:
    """Perceive; the bottom-up pass alone is recalled, where it was made before."""
    images = images.to(network.device)
    seen = partial(perceive, network.module, images, priors, iterations, record)
    return network.recalled(("bottom-up", *record), images, seen) if priors is None and not iterations else seen()


def _evidence_of_tokens(model: nn.Module, images: Tensor, classes: Tensor) -> Tensor:
    """What each patch adds to the logits of classes, by the tokens of the bottom-up pass."""
    tokens = perceive(model, images.to(_device(model)), iterations=0, record=("tokens",)).tokens[0, 0]
    tokens, rows = tokens[:, model.num_prefix_tokens :], classifier_rows(model)
    maps = torch.stack([class_activation(tokens, rows, index, 1 / tokens.shape[1]) for index in classes])
    return maps.unflatten(-1, tuple(model.patch_embed.grid_size))


def _look_at_places(network: Network, images: Tensor, priors, iterations: int, record: Sequence[str]) -> Trajectory:
    """The bottom-up pass of a network that has places."""
    return trajectory_of(network, looked(network, images.to(network.device)), [], [], record)


def _course(model: AbSViT, pictures: Sequence[Tensor], *how):
    return follow(model, [images.to(_device(model)) for images in pictures], *how)


def _device(model: nn.Module) -> torch.device:
    return next(model.parameters()).device
