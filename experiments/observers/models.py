"""Observers made of networks: AbSViTs, plain ViTs, and the control with permuted decoders."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import torch
from torch import Tensor, nn

from absvit import AbSViT, perceive
from absvit.models.checkpoints import identity
from absvit.models.class_names import class_names
from absvit.models.course import follow
from absvit.models.perceive import RECORDABLE, Trajectory
from absvit.models.zoo import load_with_its_classes
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
    """Load an observer by name, or the checkpoints of a model and, if asked for, their controls.

    Parameters
    ----------
    name : of an observer that a package declares, or of a model.
    checkpoints : bundled tags, files or addresses, "default" for the bundled or released weights; only those,
        if left out.
    permuted : add each AbSViT once more with permuted decoders.
    device : where models compute.
    label : what the record calls it; its name, if left out.

    Returns
    -------
    Observers, those of a label next to each other, seeds in the same order for every label.

    Raises
    ------
    FileNotFoundError, ValueError : as ``absvit.load_model``; two checkpoints of one seed; a package's
        observer that cannot be had, or is given checkpoints.
    """
    label = label or name
    if name in OBSERVERS:
        if checkpoints or permuted:
            raise ValueError(f"the observer {name} comes as it is: leave out --checkpoint and --controls")
        return [replace(OBSERVERS[name], name=label)]
    try:
        models = [load_with_its_classes(name, checkpoint).to(device) for checkpoint in checkpoints or ["default"]]
    except ValueError as error:
        if OBSERVERS and str(error).startswith("unknown model"):
            raise ValueError(f"{error}; observers of other packages are {', '.join(OBSERVERS)}") from None
        raise
    seeds = [model.card.get("seed", number) for number, model in enumerate(models)]
    if len(set(seeds)) < len(seeds):
        raise ValueError(f"expected checkpoints of different seeds, got {seeds}: give each only once")
    observers = [observer_of(model, label, seed) for model, seed in zip(models, seeds, strict=True)]
    if permuted and all(isinstance(model, AbSViT) for model in models):
        controls = [permuted_decoders(model, seed) for model, seed in zip(models, seeds, strict=True)]
        observers += [observer_of(m, f"{label}, {PERMUTED}", s) for m, s in zip(controls, seeds, strict=True)]
    return observers


def observer_of(model: nn.Module | Observer, label: str | None = None, seed: int = 0) -> Observer:
    """Make an observer of a model; give an observer as it is.

    Parameters
    ----------
    model : AbSViT, which takes all priors; or a plain ViT, which takes none and looks bottom-up.
    label : what the record calls it; the name of its architecture, if left out.
    seed : of its training, where it is known.

    Raises
    ------
    ValueError : another kind of model.
    """
    if isinstance(model, Observer):
        return model if label is None else replace(model, name=label)
    cfg = getattr(model, "pretrained_cfg", None) or {}
    label = label or str(cfg.get("architecture") or type(model).__name__)
    if not all(hasattr(model, part) for part in ("patch_embed", "blocks")):
        raise ValueError(f"probes look into AbSViTs and plain ViTs, and {label} is neither: name another model")
    feeds_back = isinstance(model, AbSViT)
    return Observer(
        label,
        "an AbSViT: what it sees is weighted by a prior and fed back" if feeds_back else "a plain ViT",
        categories=tuple(class_names(model)),
        size=tuple(model.patch_embed.img_size),
        look=partial(_look, model),
        mean=tuple(cfg.get("mean", Observer.mean)),
        std=tuple(cfg.get("std", Observer.std)),
        grid=tuple(model.patch_embed.grid_size),
        kinds=OF_FEEDBACK if feeds_back else (),
        records=tuple(name for name in RECORDABLE if name != "class_attention" or model.has_class_token),
        layers=len(model.blocks),
        width=model.embed_dim,
        gains=model.prior_gains if feeds_back else {},
        course=partial(_course, model) if feeds_back else None,
        weights=partial(identity, model),
        device=str(_device(model)),
        seed=seed,
        facts=dict(cfg) | {"squeezed": bool(getattr(model, "card", {}).get("squeezed", False))},
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
