"""The order of an iteration-based training: shuffled passes over the data, one endless stream for all processes."""

from __future__ import annotations

from collections.abc import Iterator

from torch.utils.data import Sampler

from absvit.training.pictures.epoch_order import Key, epoch_order

__all__ = ["Stream"]

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
