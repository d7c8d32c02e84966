"""Observers: who looks at the stimuli, checkpoints of a model and their control with permuted decoders."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from timm.data import ImageNetInfo
from torch import nn

from absvit import AbSViT
from absvit.models.zoo import load_with_its_classes
from stimuli.foundation.picture_files import normal

__all__ = ["Observer", "class_indices", "class_names", "load_observers", "permuted_decoders"]

PERMUTED = "decoders permuted"
IMAGENET_CLASSES = 1000


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
    """Copy a model and permute the entries within each decoder matrix: the control that keeps their statistics.

    Parameters
    ----------
    model : it is left as it is.
    seed : seed of the permutations.
    """
    control = copy.deepcopy(model)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in control.decoders.parameters():
            order = torch.randperm(weight.numel(), generator=generator).to(weight.device)
            weight.copy_(weight.flatten()[order].view_as(weight))
    return control


def class_names(model: nn.Module) -> list[str]:
    """Give readable names of a model's classes: its card's, ImageNet's where it has 1000, else their numbers.

    Parameters
    ----------
    model : the model.
    """
    names = getattr(model, "categories", None) or (model.pretrained_cfg or {}).get("label_names")
    if names is None and model.num_classes == IMAGENET_CLASSES:
        names = ImageNetInfo().label_descriptions()
    if names is None or len(names) != model.num_classes:
        return [str(index) for index in range(model.num_classes)]
    return list(names)


def class_indices(model: nn.Module, categories: Sequence[str]) -> np.ndarray:
    """Find the classes of stimuli among those of a model.

    Parameters
    ----------
    model : the model.
    categories : names of the stimuli's classes, in any form of Unicode; for a model of ImageNet's classes, wnids will
        do.

    Returns
    -------
    (category,) int, -1 where the model has no class of this name.
    """
    places = {normal(name): index for index, name in enumerate(class_names(model))}
    if model.num_classes == IMAGENET_CLASSES:
        places |= {wnid: index for index, wnid in enumerate(ImageNetInfo().label_names())}
    return np.array([places.get(normal(name), -1) for name in categories], np.int64)
