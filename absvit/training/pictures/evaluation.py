"""Evaluation: accuracy and loss of both passes on held-out pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from absvit.data.datasets import LabelledPictures
from absvit.distributed import Process, sum_over_ranks
from absvit.images import eval_transform
from absvit.models import AbSViT, zoo
from absvit.models.perceive import perceive
from absvit.training.losses import autocast
from absvit.training.pictures.views import evaluation_loader, report

if TYPE_CHECKING:
    from absvit.training.pictures.problem import PictureRecipe

__all__ = ["evaluate"]


def evaluate(
    models: Sequence[nn.Module], pictures: LabelledPictures, recipe: PictureRecipe, num_workers: int, process: Process
) -> list[dict[str, float]]:
    """Accuracy and loss of both passes, each picture read and counted once, whatever the number of processes.

    Returns
    -------
    For each model n, and for each pass top1_passK, top5_passK (shares in [0, 1]) and loss_passK
    (cross-entropy, no smoothing); also unreadable, the number of pictures that were left out, where there are
    any.

    Raises
    ------
    ValueError : a picture cannot be read, and the recipe says fail; or none can be read.
    """
    pixels = zoo.preprocessing(recipe.model)
    transform = eval_transform(
        recipe.input_size, recipe.crop_pct, pixels["interpolation"], pixels["mean"], pixels["std"]
    )
    place = (process.rank, process.world_size, num_workers, process.device.type == "cuda")
    loader = evaluation_loader(pictures, transform, recipe.batch_size, *place)
    n_passes = 2 if isinstance(models[0], AbSViT) else 1
    sums = torch.zeros(len(models), n_passes, 4, dtype=process.exact, device=process.device)
    for batch in loader:
        report(batch.problems, recipe.unreadable)
        if not len(batch.target):
            continue
        images = batch.images.to(process.device, non_blocking=True)
        target = batch.target.to(process.device, non_blocking=True)
        with autocast(recipe.precision, process.device):
            logits = [perceive(model, images).logits[:, 0] for model in models]
        sums += torch.stack([_counted(one.float(), target) for one in logits])
    sums = sum_over_ranks(sums)
    n = int(sums[0, 0, 3])
    if not n:
        raise ValueError(f"none of the {len(pictures)} validation pictures can be read")
    found = {"n": n} | ({"unreadable": len(pictures) - n} if n < len(pictures) else {})
    return [found | _named(shares) for shares in (sums / n).tolist()]


def _named(shares: list[list[float]]) -> dict[str, float]:
    """Measures by name, from those of each pass."""
    values = {}
    for k, (top1, top5, loss, _) in enumerate(shares, 1):
        values |= {f"top1_pass{k}": top1, f"top5_pass{k}": top5, f"loss_pass{k}": loss}
    return values


def _counted(logits: Tensor, target: Tensor) -> Tensor:
    """Sums over the images of right answers, right among the five likeliest, loss, and 1: (pass, 4)."""
    ranked = logits.topk(min(5, logits.shape[-1]), dim=-1).indices == target[:, None]
    loss = torch.stack([F.cross_entropy(one, target, reduction="sum") for one in logits])
    seen = torch.full_like(loss, len(target))
    return torch.stack([ranked[..., 0].sum(-1), ranked.any(-1).sum(-1), loss, seen], dim=-1)
