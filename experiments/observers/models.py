"""Observers made of networks: any that classifies, AbSViTs with feedback, and the control with permuted decoders."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import torch
from torch import Tensor, nn

from absvit import AbSViT, perceive
from absvit.models.course import follow
from absvit.models.perceive import RECORDABLE, Trajectory
from absvit.models.requests import check_model
from absvit.networks import Network, load_network, network_of
from experiments.observers import OBSERVERS
from experiments.observers.observer import Observer

__all__ = ["load_observers", "observer_of", "permuted_decoders"]

PERMUTED = "decoders permuted"
OF_FEEDBACK = ("learned", "class", "vector", "place", "any")  # whatever weighs tokens is fed back


def load_observers(
    name: str,
    checkpoints: Sequence[str] = (),
    permuted: bool = False,
    device: str | torch.device = "cpu",
    label: str | None = None,
) -> list[Observer]:
    """Load an observer by name, or the checkpoints of a network and, if asked for, their controls.

    Parameters
    ----------
    name : of an observer that a package declares, or of a network (:func:`absvit.networks.load_network`).
    checkpoints : bundled tags, files or addresses, "default" for the bundled or released weights or those
        that the network's library fetches, "untrained" for random ones, of seed 0, 1 ... in turn; only the
        default, if left out.
    permuted : add each AbSViT once more with permuted decoders.
    device : where networks compute.
    label : what the record calls it; its name, if left out.

    Returns
    -------
    Observers, those of a label next to each other, seeds in the same order for every label.

    Raises
    ------
    FileNotFoundError, ValueError : as :func:`absvit.networks.load_network`; two checkpoints of one seed; a
        package's observer that cannot be had, or is given checkpoints.
    """
    label = label or name
    if name in OBSERVERS:
        if checkpoints or permuted:
            raise ValueError(f"the observer {name} comes as it is: leave out --checkpoint and --controls")
        return [replace(OBSERVERS[name], name=label)]
    try:
        given = enumerate(checkpoints or ["default"])
        networks = [load_network(name, checkpoint, device, number) for number, checkpoint in given]
    except ValueError as error:
        if OBSERVERS and str(error).startswith("unknown model"):
            raise ValueError(f"{error}; observers of other packages are {', '.join(OBSERVERS)}") from None
        raise
    seeds = [network.seed for network in networks]
    if len(set(seeds)) < len(seeds):
        raise ValueError(f"expected checkpoints of different seeds, got {seeds}: give each only once")
    observers = [observer_of(network, label, network.seed) for network in networks]
    models = [network.module for network in networks]
    if permuted and all(isinstance(model, AbSViT) for model in models):
        controls = [permuted_decoders(model, seed) for model, seed in zip(models, seeds, strict=True)]
        observers += [observer_of(m, f"{label}, {PERMUTED}", s) for m, s in zip(controls, seeds, strict=True)]
    return observers


def observer_of(
    model: Network | nn.Module | Callable[[Tensor], Tensor] | Observer,
    label: str | None = None,
    seed: int = 0,
    **known: object,
) -> Observer:
    """Make an observer of any network; give an observer as it is.

    Parameters
    ----------
    model : AbSViT, which takes all priors; or any other classifier, a module or a function of images
        (image, channel, y, x), which takes none and looks bottom-up.
    label : what the record calls it; the name of its architecture, if left out.
    seed : of its training, where it is known.
    **known : what the model does not say of itself: ``categories``, ``size``, ``mean``, ``std``
        (:func:`absvit.networks.network_of`).

    Raises
    ------
    ValueError : the object is no classifier of images, or nothing says what pictures it takes.
    """
    if isinstance(model, Observer):
        return model if label is None else replace(model, name=label)
    network = network_of(model, **known)
    is_vit = _has_plain_blocks(network.module)
    observer = Observer(
        label or network.name,
        "a plain ViT" if is_vit else "a network that looks bottom-up",
        categories=network.categories,
        size=network.size,
        look=network.logits,
        mean=network.mean,
        std=network.std,
        grid=None if is_vit or network.readout is None else network.readout.grid,
        weights=network.weights,
        device=str(network.device),
        seed=seed,
        facts=network.facts,
    )
    return _with_tokens(observer, network.module) if is_vit else observer


def _has_plain_blocks(module: nn.Module | None) -> bool:
    """Tell a ViT whose tokens can be watched, as :func:`absvit.perceive` does."""
    try:
        check_model(module)
    except ValueError:
        return False
    return True


def _with_tokens(observer: Observer, model: nn.Module) -> Observer:
    """An observer that records what goes on in the blocks of a ViT, and of an AbSViT takes every prior."""
    watched = replace(
        observer,
        look=partial(_look, model),
        grid=tuple(model.patch_embed.grid_size),
        records=tuple(name for name in RECORDABLE if name != "class_attention" or model.has_class_token),
        layers=len(model.blocks),
        width=model.embed_dim,
    )
    if not isinstance(model, AbSViT):
        return watched
    return replace(
        watched,
        line="an AbSViT: what it sees is weighted by a prior and fed back",
        kinds=OF_FEEDBACK,
        gains=model.prior_gains,
        course=partial(_course, model),
    )


def permuted_decoders(model: AbSViT, seed: int = 0) -> AbSViT:
    """Copy a model and permute the entries within each decoder matrix: the control that keeps their statistics."""
    control = copy.deepcopy(model)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in control.decoders.parameters():
            order = torch.randperm(weight.numel(), generator=generator).to(weight.device)
            weight.copy_(weight.flatten()[order].view_as(weight))
    return control


def _look(model: nn.Module, images: Tensor, priors, iterations: int, record: Sequence[str]) -> Trajectory:
    return perceive(model, images.to(_device(model)), priors, iterations, record)


def _course(model: AbSViT, pictures: Sequence[Tensor], *how):
    return follow(model, [images.to(_device(model)) for images in pictures], *how)


def _device(model: nn.Module) -> torch.device:
    return next(model.parameters()).device
