"""What perceive can be asked for; everything else is refused with one message."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral

import torch
from timm.models.vision_transformer import VisionTransformer
from torch import Tensor

from absvit.images import check_images
from absvit.models.absvit import AbSViT
from absvit.models.attention import check_blocks
from absvit.models.priors import LearnedPrior, Prior

__all__ = [
    "RECORDABLE", "check_images_of", "check_model", "check_passes", "check_request", "priors_for", "token_grid",
]  # fmt: skip

RECORDABLE = (
    "tokens",
    "token_norms",
    "value_norms",
    "attention",
    "class_attention",
    "feedback",
    "feedback_norms",
    "class_activation",
)


def token_grid(model: VisionTransformer, images: Tensor) -> tuple[int, int]:
    """Give the number of patch tokens of images (image, channel, y, x) down and across."""
    height, width = model.patch_embed.dynamic_feat_size(tuple(images.shape[-2:]))
    return int(height), int(width)


def check_model(model: object) -> None:
    """Refuse another kind of model than can be looked through, and one with blocks of another kind."""
    if not isinstance(model, VisionTransformer):
        raise ValueError(f"expected an AbSViT or a timm VisionTransformer, got {type(model).__name__}")
    check_blocks(model.blocks)


def check_images_of(model: VisionTransformer, images: Tensor) -> None:
    """Refuse a model that cannot be looked through, and images of a wrong type, range, size or device."""
    check_model(model)
    weight, embed = next(model.parameters()), model.patch_embed
    if isinstance(images, Tensor) and images.device != weight.device:
        raise ValueError(
            f"model and images must be on one device, got {weight.device} and {images.device}; use images.to(...)"
        )
    check_images(images, None if model.dynamic_img_size else embed.img_size, model.in_chans)
    if images.dtype != weight.dtype and not torch.is_autocast_enabled(weight.device.type):
        raise ValueError(
            f"model and images must be of one type, got {weight.dtype} and {images.dtype}; use images.to(...)"
        )
    size, step = tuple(images.shape[-2:]), embed.feat_ratio(as_scalar=False)
    if not embed.dynamic_img_pad and (size[0] % step[0] or size[1] % step[1]):
        raise ValueError(f"expected images of multiples of {tuple(step)} pixels, got {size}")


def check_request(
    model: VisionTransformer, images: Tensor, priors: Sequence[Prior] | None, iterations: int, record: Sequence[str]
) -> tuple[list[Prior], int]:
    """Refuse priors, iterations and names that do not fit the model or the images of :func:`absvit.perceive`.

    Gives priors, the learned prompt where none is given, and iterations: 0 for a plain ViT.
    """
    check_passes(iterations, record)
    if not isinstance(model, AbSViT):
        if priors is not None or iterations > 1:
            raise ValueError(
                f"{type(model).__name__} has no feedback path, so it takes no priors and has iteration 0 only; "
                "use an AbSViT, or absvit.topdown_from(model)"
            )
        return [LearnedPrior()], 0
    return priors_for(priors, len(images), token_grid(model, images)), iterations


def check_passes(iterations: int, record: Sequence[str]) -> None:
    """Refuse a number of iterations that is none, and names of what cannot be recorded."""
    if isinstance(record, str) or not set(record) <= set(RECORDABLE):
        raise ValueError(f"record takes a sequence of names among {RECORDABLE}, got {record!r}")
    if isinstance(iterations, bool) or not isinstance(iterations, Integral) or iterations < 0:
        raise ValueError(f"iterations must be an integer of at least 0, got {iterations!r}")


def priors_for(priors: Sequence[Prior] | None, n_images: int, grid: tuple[int, int] | None) -> list[Prior]:
    """Give priors for so many images of a grid of tokens, the learned prompt where none is given.

    Raises
    ------
    ValueError : something else than priors, or they are for other images or another grid.
    """
    if isinstance(priors, Prior):
        raise ValueError(f"priors is a sequence of priors, got one {type(priors).__name__}: write [prior]")
    priors = [LearnedPrior()] if priors is None else list(priors)
    if not priors:
        raise ValueError("priors must hold at least one prior, got an empty sequence")
    for prior in priors:
        if not isinstance(prior, Prior):
            raise ValueError(f"priors must hold absvit.priors objects, got {type(prior).__name__}")
        if prior.n_images not in (None, n_images):
            raise ValueError(f"a prior was given for {prior.n_images} images, but there are {n_images}")
        if prior.grid not in (None, grid):
            raise ValueError(f"weights must cover the grid of {grid} tokens, got {prior.grid}")
    return priors
