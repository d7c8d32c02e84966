"""Which picture is shown when, and by which process: the order of an epoch, and its shares."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from timm.data.distributed_sampler import RepeatAugSampler
from torch.utils.data import Sampler

__all__ = ["Key", "Updates", "epoch_order", "updates_of_epoch"]


class Key(NamedTuple):
    """A view of a picture: everything random about it follows from the seed and these.

    Parameters
    ----------
    epoch : number of the epoch, from 0.
    index : number of the picture in its data set.
    repeat : how often this epoch has shown it before.
    """

    epoch: int
    index: int
    repeat: int


def epoch_order(n: int, seed: int, epoch: int, repeats: int) -> np.ndarray:
    """Order of the pictures in an epoch, over all processes together.

    With repeats it is timm's sampler of repeated augmentation (Hoffer et al. 2020; Touvron et al. 2021) for
    one process: each rank's part of an official epoch is a strided slice of it. As there, n is cut down to a
    multiple of 256; fewer than 256 pictures are all used. Seed 0 gives the official order.

    Parameters
    ----------
    n : pictures in the data set.
    seed : seed of the training, at least 0.
    epoch : number of the epoch, from 0.
    repeats : times that each chosen picture is shown, one after the other; 1 shows each picture once.

    Returns
    -------
    (position,) int64 index of the picture.
    """
    # torch's generator takes 32 bits of its seed only, so that seed and epoch cannot be written beside each other
    order_seed = epoch if seed == 0 else int(np.random.SeedSequence([seed, epoch]).generate_state(1)[0])
    if repeats == 1:
        return torch.randperm(n, generator=torch.Generator().manual_seed(order_seed)).numpy()
    sampler = _repeated(n, repeats)
    sampler.set_epoch(order_seed)
    return np.fromiter(sampler, np.int64)


def _repeated(n: int, repeats: int) -> RepeatAugSampler:
    return RepeatAugSampler(range(n), num_replicas=1, rank=0, num_repeats=repeats)


def updates_of_epoch(images: int, total_batch: int, batch_size: int) -> int:
    """Count the updates of an epoch whose images are made as the training goes, at least one."""
    if max(total_batch, batch_size) > images:
        raise ValueError(
            f"an epoch of {images} images is less than one update of {total_batch} or a batch of {batch_size}: make "
            "the batch smaller, or the epoch longer (--epoch-images)"
        )
    return images // total_batch


class Updates(Sampler[list[Key]]):
    """What this process does of every update of a training, to be given to a loader as its batch sampler.

    An update takes the next ``total_batch`` positions of the epoch's order; what is left at the end of an
    epoch is dropped. Positions i and ``total_batch - 1 - i``, which mixup mixes, always go to the same
    process and micro-batch, where timm's mixup finds them at mirrored places: the mixed pairs are the same
    for any number of processes and any accumulation.

    Parameters
    ----------
    n : pictures in the data set.
    total_batch : pictures of an update over all processes.
    epochs : epochs of the whole training.
    seed : seed of the training, at least 0.
    repeats : as in :func:`epoch_order`.
    rank, world_size : this process among all.
    micro_batch : pictures that a process handles at once; several micro-batches may make up an update.
    first_step : update to start from, counted from the beginning of the training.
    mixing : whether pictures are mixed in pairs, which needs even micro-batches.

    Raises
    ------
    ValueError : the numbers do not fit together; the message gives them.
    """

    def __init__(
        self,
        n: int,
        total_batch: int,
        epochs: int,
        seed: int,
        repeats: int,
        rank: int = 0,
        world_size: int = 1,
        micro_batch: int | None = None,
        first_step: int = 0,
        mixing: bool = False,
    ) -> None:
        micro_batch = total_batch // world_size if micro_batch is None else micro_batch
        if min(n, total_batch, epochs, repeats, world_size, micro_batch) < 1 or min(seed, first_step) < 0:
            raise ValueError(
                "n, total_batch, epochs, repeats, world_size and micro_batch must be at least 1, seed and first_step "
                f"at least 0; got {n}, {total_batch}, {epochs}, {repeats}, {world_size}, {micro_batch}, {seed}, "
                f"{first_step}"
            )
        if not 0 <= rank < world_size:
            raise ValueError(f"rank must be in [0, {world_size}), got {rank}")
        if total_batch % (world_size * micro_batch):
            raise ValueError(
                f"{total_batch} pictures of an update cannot be shared by {world_size} processes in micro-batches of "
                f"{micro_batch}: choose a multiple of {world_size * micro_batch}"
            )
        if mixing and micro_batch % 2:
            raise ValueError(f"mixup and cutmix mix pairs, so a process must take an even number, got {micro_batch}")
        self.n, self.total_batch, self.epochs, self.seed, self.repeats = n, total_batch, epochs, seed, repeats
        self.rank, self.world_size, self.micro_batch, self.first_step = rank, world_size, micro_batch, first_step
        self.accumulation = total_batch // (world_size * micro_batch)
        positions = n if repeats == 1 else len(_repeated(n, repeats))
        self.steps_per_epoch = positions // total_batch
        if self.steps_per_epoch == 0:
            raise ValueError(
                f"an epoch of {positions} pictures holds no batch of {total_batch}: make the batch smaller"
            )
        self.total_steps = epochs * self.steps_per_epoch

    def __len__(self) -> int:
        return max(0, self.total_steps - self.first_step) * self.accumulation

    def __iter__(self) -> Iterator[list[Key]]:
        epoch, order = -1, np.empty(0, np.int64)
        for step in range(self.first_step, self.total_steps):
            if step // self.steps_per_epoch != epoch:
                epoch = step // self.steps_per_epoch
                order = epoch_order(self.n, self.seed, epoch, self.repeats)
            first = step % self.steps_per_epoch * self.total_batch
            for micro in range(self.accumulation):
                positions = (first + self.positions(micro)).tolist()
                yield [Key(epoch, int(order[position]), position % self.repeats) for position in positions]

    def chunk(self, micro: int) -> int:
        """Number of a micro-batch among all of an update; ``micro`` counts this process's, from 0."""
        return self.rank * self.accumulation + micro

    def positions(self, micro: int) -> np.ndarray:
        """Positions within the update's batch of a micro-batch of this process.

        (image,) int64: some positions, then their partners in mirrored order.
        """
        if self.micro_batch % 2:  # pictures are not mixed then
            return self.chunk(micro) * self.micro_batch + np.arange(self.micro_batch)
        half = self.micro_batch // 2
        lower = self.chunk(micro) * half + np.arange(half)
        return np.concatenate([lower, self.total_batch - 1 - lower[::-1]])
