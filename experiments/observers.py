"""Observers: who looks at the stimuli, checkpoints of a model and their control with permuted decoders."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn

from absvit import AbSViT
from absvit.models.class_names import class_indices, class_names
from absvit.models.zoo import load_with_its_classes

__all__ = ["Observer", "class_indices", "class_names", "load_observers", "permuted_decoders"]

PERMUTED = "decoders permuted"


@dataclass(frozen=True, eq=False)
class Observer:
    """A model that looks.

    Parameters
    ----------
    model : AbSViT, or a plain ViT, in eval mode.
    label : what the record's ``model`` says.
    seed : what the record's ``seed`` says, the seed of the training where it is known.
    """

    model: nn.Module
    label: str
    seed: int = 0


def load_observers(
    name: str,
    checkpoints: Sequence[str] = (),
    permuted: bool = False,
    device: str | torch.device = "cpu",
    label: str | None = None,
) -> list[Observer]:
    """Load the checkpoints of a model and, if asked for, their controls.

    Parameters
    ----------
    name : model name.
    checkpoints : bundled tags, files or addresses, "default" for the bundled or released weights; only those,
        if left out.
    permuted : add each AbSViT once more with permuted decoders.
    device : where they compute.
    label : what the record calls the model; its name, if left out.

    Returns
    -------
    Observers, those of a label next to each other, seeds in the same order for every label.

    Raises
    ------
    FileNotFoundError, ValueError : as ``absvit.load_model``; two checkpoints of one seed.
    """
    models = [load_with_its_classes(name, checkpoint).to(device) for checkpoint in checkpoints or ["default"]]
    if not all(hasattr(models[0], part) for part in ("patch_embed", "blocks")):
        raise ValueError(f"probes look into AbSViTs and plain ViTs, and {name} is neither: name another model")
    seeds = [model.card.get("seed", number) for number, model in enumerate(models)]
    if len(set(seeds)) < len(seeds):
        raise ValueError(f"expected checkpoints of different seeds, got {seeds}: give each only once")
    label = label or name
    observers = [Observer(model, label, seed) for model, seed in zip(models, seeds, strict=True)]
    if permuted and all(isinstance(model, AbSViT) for model in models):
        control = f"{label}, {PERMUTED}"
        observers += [Observer(permuted_decoders(o.model, o.seed), control, o.seed) for o in observers]
    return observers


def permuted_decoders(model: AbSViT, seed: int = 0) -> AbSViT:
    """Copy a model and permute the entries within each decoder matrix: the control that keeps their statistics."""
    control = copy.deepcopy(model)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in control.decoders.parameters():
            order = torch.randperm(weight.numel(), generator=generator).to(weight.device)
            weight.copy_(weight.flatten()[order].view_as(weight))
    return control
