"""Loading of segmented pictures: a stream of augmented views for a training, whole pictures for a test."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset, Sampler

from absvit.data.loading import Loading, loading
from absvit.segmentation.datasets import SegmentedPictures
from absvit.training.pictures.augmentation import isolated_randomness
from absvit.training.pictures.epoch_order import Key, epoch_order

__all__ = ["Seen", "Stream", "Views", "WholePictures", "blocks", "whole_loader", "training_loader"]


LARGEST_SHUFFLED = 2**31  # data without end are taken in their order, and never twice


class Stream(Sampler[list[Key]]):
    """What this process does of every update, to be given to a loader as its batch sampler.

    Update u takes the positions u * total_batch and the following of the stream, whatever the number of
    processes; each pass over the data has its own order. Data may be fewer than an update.

    Parameters
    ----------
    n : pictures in the data set, at least 1.
    total_batch : pictures of an update over all processes.
    seed : seed of the training, at least 0.
    rank, world_size : this process among all.
    micro_batch : pictures that a process handles at once.
    first_step, last_step : updates from the first to the one before the last.
    """

    def __init__(
        self,
        n: int,
        total_batch: int,
        seed: int,
        rank: int,
        world_size: int,
        micro_batch: int,
        first_step: int,
        last_step: int,
    ) -> None:
        self.n, self.total_batch, self.seed = n, total_batch, seed
        self.rank, self.micro_batch, self.first_step, self.last_step = rank, micro_batch, first_step, last_step
        self.share = total_batch // world_size

    def __len__(self) -> int:
        return max(0, self.last_step - self.first_step) * (self.share // self.micro_batch)

    def __iter__(self) -> Iterator[list[Key]]:
        known, order = -1, None
        for step in range(self.first_step, self.last_step):
            first = step * self.total_batch + self.rank * self.share
            keys = []
            for position in range(first, first + self.share):
                turn, place = divmod(position, self.n)
                if self.n > LARGEST_SHUFFLED:
                    keys.append(Key(turn, place, 0))
                    continue
                if turn != known:
                    known, order = turn, epoch_order(self.n, self.seed, turn, 1)
                keys.append(Key(turn, int(order[place]), 0))
            yield from (keys[at : at + self.micro_batch] for at in range(0, self.share, self.micro_batch))


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
    """Load every micro-batch of a training: images (image, channel, y, x) and labels (image, y, x) uint8.

    Without worker processes pictures are prepared in this one; ``pin_memory`` is for a GPU.
    """
    return loading(Views(pictures, transform, seed), _stacked, num_workers, pin_memory, batch_sampler=stream)


def whole_loader(
    pictures: SegmentedPictures, transform: Callable, numbers: Sequence[Sequence[int]], num_workers: int = 0
) -> Loading:
    """Load whole pictures in batches of the given numbers, as lists of :class:`Seen`."""
    return loading(WholePictures(pictures, transform), list, num_workers, batch_sampler=list(numbers))


def blocks(first: int, last: int, size: int) -> list[list[int]]:
    """Part numbers into blocks, in the same way whoever works them off."""
    return [list(range(start, min(start + size, last))) for start in range(first, last, size)]


def _stacked(views: list[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    return torch.stack([image for image, _ in views]), torch.stack([labels for _, labels in views])
