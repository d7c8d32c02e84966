"""Loading of segmented pictures: augmented views for a training, whole pictures for a test."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from absvit.data.loading import Loading, loading
from absvit.segmentation.datasets import SegmentedPictures
from absvit.segmentation.picture_stream import Stream
from absvit.training.pictures.augmentation import isolated_randomness
from absvit.training.pictures.epoch_order import Key

__all__ = ["Seen", "Views", "WholePictures", "blocks", "whole_loader", "training_loader"]


class Views(Dataset):
    """Training pictures, augmented: a view is a function of the seed and its :class:`Key` alone.

    Parameters
    ----------
    pictures : the training split.
    transform : function of picture, labels and name, such as
        :class:`absvit.segmentation.transforms.TrainingTransform`.
    seed : seed of the training, at least 0.
    """

    def __init__(self, pictures: SegmentedPictures, transform: Callable, seed: int) -> None:
        self.pictures, self.transform, self.seed = pictures, transform, seed

    def __getitem__(self, key: Key) -> tuple[Tensor, Tensor]:
        picture, labels = self.pictures.read(key.index)
        with isolated_randomness(self.seed, *key):
            return self.transform(picture, labels, self.pictures.name(key.index))


class Seen(NamedTuple):
    """A whole picture as the model gets it.

    Parameters
    ----------
    number : number of the picture.
    image : (channel, y, x) float32, normalised.
    labels : (y, x) uint8 classes at the picture's own size, 255 where a pixel does not count.
    """

    number: int
    image: Tensor
    labels: np.ndarray


class WholePictures(Dataset):
    """Held-out pictures, whole.

    Parameters
    ----------
    pictures : the held-out split.
    transform : function of a picture, such as :class:`absvit.segmentation.transforms.WholeTransform`.
    """

    def __init__(self, pictures: SegmentedPictures, transform: Callable) -> None:
        self.pictures, self.transform = pictures, transform

    def __getitem__(self, number: int) -> Seen:
        picture, labels = self.pictures.read(number)
        return Seen(number, self.transform(picture), labels)


def training_loader(
    pictures: SegmentedPictures,
    transform: Callable,
    stream: Stream,
    seed: int,
    num_workers: int = 0,
    pin_memory: bool = False,
) -> Loading:
    """Load every micro-batch of a training for this process.

    Parameters
    ----------
    pictures, transform, seed : as in :class:`Views`.
    stream : which pictures, in which order.
    num_workers : processes that prepare pictures; 0 prepares them in this one.
    pin_memory : put batches into page-locked memory, for a GPU.

    Returns
    -------
    Loader of images (image, channel, y, x) and labels (image, y, x) uint8.
    """
    return loading(Views(pictures, transform, seed), _stacked, num_workers, pin_memory, batch_sampler=stream)


def whole_loader(
    pictures: SegmentedPictures, transform: Callable, numbers: Sequence[Sequence[int]], num_workers: int = 0
) -> Loading:
    """Load whole pictures in the given batches.

    Parameters
    ----------
    pictures, transform : as in :class:`WholePictures`.
    numbers : numbers of the pictures of each batch.
    num_workers : processes that prepare pictures.

    Returns
    -------
    Loader of lists of :class:`Seen`.
    """
    return loading(WholePictures(pictures, transform), list, num_workers, batch_sampler=list(numbers))


def blocks(first: int, last: int, size: int) -> list[list[int]]:
    """Part numbers into blocks, in the same way whoever works them off.

    Parameters
    ----------
    first, last : numbers from the first to the one before the last.
    size : numbers of a block.
    """
    return [list(range(start, min(start + size, last))) for start in range(first, last, size)]


def _stacked(views: list[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    return torch.stack([image for image, _ in views]), torch.stack([labels for _, labels in views])
