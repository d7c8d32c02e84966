"""Building what a recipe names: the model with the weights that it starts from, its teacher, its precision."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import nn

from absvit.models import AbSViT, checkpoints, create_model, topdown_from, zoo
from absvit.models.requests import check_model
from absvit.training.losses import Teacher
from absvit.training.recipe import HybridRecipe, PictureRecipe, Recipe, SceneRecipe

__all__ = ["autocast", "build_model", "build_teacher"]


def build_model(recipe: Recipe, n_classes: int) -> nn.Module:
    """Make the model of a recipe, with the weights that it starts from.

    Parameters
    ----------
    recipe : says which.
    n_classes : size of the classifier.

    Raises
    ------
    FileNotFoundError, ValueError : unknown model or one of another kind, or weights that cannot be read or do not fit.
    """
    size = recipe.scenes.size if isinstance(recipe, SceneRecipe) else recipe.input_size
    made = {"num_classes": n_classes, "img_size": size, **recipe.dropout}
    if isinstance(recipe, HybridRecipe):
        made["stem"] = "features"  # those of the cache
    try:
        model = create_model(recipe.model, **made)
    except TypeError as error:  # networks of another kind take other arguments
        raise ValueError(f"{recipe.model} is no vision transformer such as timm's vit_* ({error}): name one") from error
    check_model(model)
    if isinstance(recipe, PictureRecipe):
        _check_size(recipe, model)
        if recipe.finetune:
            weights = checkpoints.read(recipe.finetune)
            lifted = recipe.lift and "prompt" in weights.state_dict  # by a training before this one
            model = topdown_from(model) if lifted else model
            for note in checkpoints.load_into(model, weights.state_dict, adapt=True, grid=weights.grid):
                print(note, file=sys.stderr)
        model = topdown_from(model) if recipe.lift and not isinstance(model, AbSViT) else model
    model.set_grad_checkpointing(recipe.grad_checkpointing)
    if recipe.trainable != "end2end":
        learning = ("head.", "decoders.", "prompt") if recipe.trainable == "top-down" else ("head.",)
        for name, parameter in model.named_parameters():
            parameter.requires_grad_(name.startswith(learning))
    return model


def _check_size(recipe: PictureRecipe, model: nn.Module) -> None:
    """Refuse pictures that patches do not cover."""
    grid, usual = model.patch_embed.grid_size[0], model.pretrained_cfg["input_size"]
    if model.patch_embed.feat_ratio() * grid != recipe.input_size:
        raise ValueError(
            f"the patches of {recipe.model} must cover the picture: {grid} x {grid} of them do not cover input_size "
            f"{recipe.input_size}, as they cover {usual[-1]}; choose a multiple of the patch"
        )


def autocast(precision: str, device: torch.device) -> AbstractContextManager:
    """Context of a recipe's precision.

    Parameters
    ----------
    precision : "fp32", "bf16" or "fp16".
    device : where the model computes.
    """
    kinds = {"bf16": torch.bfloat16, "fp16": torch.float16}
    return torch.autocast(device.type, kinds[precision]) if precision in kinds else nullcontext()


def build_teacher(recipe: PictureRecipe, n_classes: int) -> Teacher:
    """Make the teacher of a recipe, which takes the pixels of its model.

    Parameters
    ----------
    recipe : says which.
    n_classes : size of the classifier.

    Raises
    ------
    FileNotFoundError, ValueError : unknown model, weights that cannot be read or do not fit, or another input size.
    """
    network = create_model(recipe.teacher_model, num_classes=n_classes)
    cfg = network.pretrained_cfg
    if cfg.get("fixed_input_size") and cfg["input_size"][-1] != recipe.input_size:
        raise ValueError(
            f"the teacher {recipe.teacher_model} takes pictures of {cfg['input_size'][-1]} px only, got input_size "
            f"{recipe.input_size}: choose another teacher"
        )
    try:
        checkpoints.load_into(network, checkpoints.read(recipe.teacher_path).state_dict)
    except ValueError as error:
        raise ValueError(f"no teacher of the {n_classes} classes in {recipe.teacher_path}: {error}") from error
    pixels = (zoo.preprocessing(recipe.model), zoo.preprocessing(recipe.teacher_model))
    own, other = ([torch.tensor(each[name]) for name in ("mean", "std")] for each in pixels)
    scale, shift = own[1] / other[1], (own[0] - other[0]) / other[1]
    return Teacher(network, recipe.distillation_type, recipe.distillation_alpha, recipe.distillation_tau, scale, shift)
