"""What one update sees: a function of seed, epoch and picture alone, whoever prepares it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.utils.data import Dataset

from absvit.data.datasets import LabelledPictures
from absvit.data.loading import Loading, loading
from absvit.images import train_transform
from absvit.training.pictures.augmentation import Augmentation, isolated_randomness
from absvit.training.pictures.epoch_order import Key, Updates
from absvit.training.pictures.patch_augmentation import patch_augment

__all__ = ["Batch", "View", "Views", "evaluation_loader", "report", "training_loader"]

MOST_UNREADABLE = 16  # replacements of a picture to look at: a disk that is gone must not be read to its end


class View(NamedTuple):
    """One picture as the model gets it.

    Parameters
    ----------
    image : (channel, y, x) float32, normalised.
    target : class.
    patch_image : the same view with augmented patches, or None.
    problem : what was wrong with the picture that should have been here; empty if nothing was.
    """

    image: Tensor
    target: int
    patch_image: Tensor | None
    problem: str


class Views(Dataset):
    """Training pictures, augmented: a view is a function of the seed and its :class:`Key` alone.

    In place of a picture that cannot be read comes the next one that can, with its own class, and the problem
    is told with it: what becomes of it is for the training to decide.

    Parameters
    ----------
    pictures : the training split.
    augmentation : what is done to a picture.
    input_size : height and width of the result in pixels.
    mean, std : mean and standard deviation of each channel, of pixels in [0, 1].
    seed : seed of the training, at least 0.
    """

    def __init__(
        self,
        pictures: LabelledPictures,
        augmentation: Augmentation,
        input_size: int,
        mean: Sequence[float],
        std: Sequence[float],
        seed: int,
    ) -> None:
        self.pictures, self.seed, self.patches = pictures, seed, augmentation.use_patch_aug
        self.transform = train_transform(
            input_size, mean, std, augmentation.color_jitter,
            None if augmentation.aa in ("", "none", "None") else augmentation.aa, augmentation.train_interpolation,
            augmentation.reprob, augmentation.remode, augmentation.recount,
        )  # fmt: skip

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, key: Key) -> View:
        epoch, index, repeat = key
        picture, index, problem = _readable(self.pictures, index)
        with isolated_randomness(self.seed, epoch, index, repeat):
            image = self.transform(picture)
            patched = patch_augment(image, torch.default_generator) if self.patches else None
        return View(image, int(self.pictures.targets[index]), patched, problem)


def _readable(pictures: LabelledPictures, index: int) -> tuple:
    """A picture, or the next one that can be read; its index; and what was wrong."""
    problems = []
    for further in range(min(MOST_UNREADABLE, len(pictures))):
        candidate = (index + further) % len(pictures)
        try:
            return pictures.read(candidate), candidate, "; ".join(problems)
        except ValueError as error:
            problems.append(str(error))
    raise ValueError(f"{len(problems)} pictures in a row cannot be read; the first: {problems[0]}")


class Batch(NamedTuple):
    """Pictures that a process handles at once.

    Parameters
    ----------
    images : (image, channel, y, x) float32, normalised.
    target : (image,) int64 class.
    patch_images : as images, with augmented patches, or None.
    problems : what was wrong with pictures that could not be read.
    """

    images: Tensor
    target: Tensor
    patch_images: Tensor | None
    problems: tuple[str, ...]

    def pin_memory(self) -> Batch:
        """Give the batch in page-locked memory, from which a GPU copies without waiting."""
        patched = None if self.patch_images is None else self.patch_images.pin_memory()
        return Batch(self.images.pin_memory(), self.target.pin_memory(), patched, self.problems)


def _collate(views: list[View | str]) -> Batch:
    """Batch of views; a text stands for a picture that is left out."""
    problems = tuple(view if isinstance(view, str) else view.problem for view in views)
    shown = [view for view in views if isinstance(view, View)]
    images = torch.stack([view.image for view in shown]) if shown else torch.empty(0, 3, 0, 0)
    patched = torch.stack([view.patch_image for view in shown]) if shown and shown[0].patch_image is not None else None
    target = torch.tensor([view.target for view in shown], dtype=torch.int64)
    return Batch(images, target, patched, tuple(problem for problem in problems if problem))


class _Unchanged(Dataset):
    """Evaluation pictures; a text in place of one that cannot be read."""

    def __init__(self, pictures: LabelledPictures, transform: Callable) -> None:
        self.pictures, self.transform = pictures, transform

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, index: int) -> View | str:
        try:
            picture = self.pictures.read(index)
        except ValueError as error:
            return str(error)
        return View(self.transform(picture), int(self.pictures.targets[index]), None, "")


def report(problems: tuple[str, ...], unreadable: str) -> None:
    """Fail on pictures that cannot be read ("fail"), or say that they are left out ("skip")."""
    if problems and unreadable == "fail":
        raise ValueError(f"{problems[0]}; mend or remove it, or go on without such with --unreadable skip")
    for problem in problems:
        print(f"skipped: {problem}", file=sys.stderr)


def training_loader(
    pictures: LabelledPictures,
    augmentation: Augmentation,
    input_size: int,
    mean: Sequence[float],
    std: Sequence[float],
    updates: Updates,
    seed: int,
    num_workers: int = 0,
    pin_memory: bool = False,
) -> Loading:
    """Load every micro-batch of a training for this process, in one go over all epochs.

    Without worker processes pictures are prepared in this one; ``pin_memory`` is for a GPU.
    """
    views = Views(pictures, augmentation, input_size, mean, std, seed)
    return loading(views, _collate, num_workers, pin_memory, batch_sampler=updates)


def evaluation_loader(
    pictures: LabelledPictures,
    transform: Callable,
    batch_size: int,
    rank: int = 0,
    world_size: int = 1,
    num_workers: int = 0,
    pin_memory: bool = False,
) -> Loading:
    """Load this process's share of an evaluation: every world_size-th picture, none twice and none added.

    A picture that cannot be read is missing from its batch, whose ``problems`` name it.
    """
    mine = range(rank, len(pictures), world_size)
    unchanged = _Unchanged(pictures, transform)
    return loading(unchanged, _collate, num_workers, pin_memory, sampler=mine, batch_size=batch_size)
