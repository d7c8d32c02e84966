"""Counting: which class each pixel is given, against which it is, and the scores that follow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from absvit.models.perceive import evaluating
from absvit.models.priors import Prior
from absvit.records.vocabulary import described
from absvit.segmentation.classes import IGNORED
from absvit.segmentation.segmenter import Segmenter, resized
from absvit.segmentation.views import Seen
from absvit.training.losses import autocast

__all__ = ["confusion", "confusions", "predicted_classes", "scores"]


def confusion(labels: Tensor, predicted: Tensor, n_classes: int) -> Tensor:
    """Count pixels by true and predicted class, (class, predicted class) int64; 255 does not count."""
    counted = labels != IGNORED
    pairs = labels[counted].long() * n_classes + predicted[counted].long()
    return torch.bincount(pairs, minlength=n_classes**2).reshape(n_classes, n_classes)


def scores(counts: xr.DataArray) -> xr.Dataset:
    """Give the scores of a confusion matrix, as mmseg and torchmetrics define them.

    Parameters
    ----------
    counts : (..., class, predicted_class) pixels.

    Returns
    -------
    Dataset with iou and accuracy (..., class): intersection over union, and share of a class's pixels that
    are found, NaN for a class that neither is there nor is seen, or that is not there; and miou, macc (...),
    their means over the other classes, and aacc (...), the share of all pixels that are right. All in [0, 1].
    """
    counts = counts.astype(float)
    there, seen = counts.sum("predicted_class"), counts.sum("class").rename(predicted_class="class")
    names = counts["class"].values
    hit = xr.DataArray(
        np.diagonal(counts.transpose(..., "class", "predicted_class").values, axis1=-2, axis2=-1), there.coords,
        there.dims,
    )  # fmt: skip
    seen = seen.transpose(*there.dims).assign_coords({"class": names})
    union, total = there + seen - hit, there.sum("class")
    iou, accuracy = hit / union.where(union > 0), hit / there.where(there > 0)
    found = {"iou": iou, "accuracy": accuracy, "miou": iou.mean("class"), "macc": accuracy.mean("class")}
    return described(xr.Dataset(found | {"aacc": hit.sum("class") / total.where(total > 0)}).drop_attrs())


def predicted_classes(
    model: Segmenter, images: Tensor, size: tuple[int, int], prior: Prior | None = None, precision: str = "fp32"
) -> Tensor:
    """Segment normalised images in every pass, at another size: (iteration, image, y, x) uint8 classes.

    Logits are interpolated bilinearly. The prior is that of the second pass; the learned prompt if left out.
    """
    own, found = tuple(images.shape[-2:]), []
    with torch.no_grad(), autocast(precision, images.device):
        for maps in model.features(images, prior):
            logits = model.read(model.decode_head, maps, own)
            found.append((logits if own == size else resized(logits, size)).argmax(1).byte())
    return torch.stack(found)


def confusions(
    model: Segmenter, batches: Iterable[list[Seen]], device: torch.device, prior_for=None, precision: str = "fp32"
) -> Iterator[tuple[int, Tensor]]:
    """Count the pixels of whole pictures, each on its own; neighbours of one size are segmented together.

    Yields a picture's number and its counts (iteration, class, predicted class) int64, on the CPU.
    ``prior_for`` gives the prior of an image's height and width.
    """
    with evaluating(model):
        for batch in batches:
            for (shape, size), group in groupby(batch, lambda seen: (seen.image.shape, seen.labels.shape)):
                alike = list(group)
                images = torch.stack([seen.image for seen in alike]).to(device)
                prior = None if prior_for is None else prior_for(tuple(shape[-2:]))
                predicted = predicted_classes(model, images, size, prior, precision)
                for place, seen in enumerate(alike):
                    labels = torch.from_numpy(seen.labels).to(device)
                    counts = [confusion(labels, classes[place], model.n_classes) for classes in predicted]
                    yield seen.number, torch.stack(counts).cpu()
