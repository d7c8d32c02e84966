"""The loader: training pictures read, augmented and batched a second, by number of worker processes."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from absvit.data.datasets import open_dataset
from absvit.images import IMAGENET_MEAN, IMAGENET_STD
from absvit.training.pictures.augmentation import Augmentation
from absvit.training.pictures.epoch_order import Updates
from absvit.training.pictures.views import training_loader

__all__ = ["Loader", "loader"]


@dataclass(frozen=True)
class Loader:
    """Training pictures, with the full augmentation of the official recipe.

    Parameters
    ----------
    data_path
        Data set, as for training.
    data_set
        Kind of data set: IMNET, CIFAR, CIFAR10, INAT, INAT19 or FOLDER.
    split
        Split whose pictures are read.
    workers
        Numbers of worker processes; 0 prepares pictures in the main one.
    input_size
        Height and width of the result in pixels.
    batch
        Pictures in a batch.
    batches
        Timed batches, after two for each worker that are not timed (they are prepared ahead).
    out
        File for the results as JSON; none is written if left out.
    """

    data_path: Path
    data_set: str = "FOLDER"
    split: Literal["train", "val"] = "train"
    workers: tuple[int, ...] = (0, 1, 2)
    input_size: int = 224
    batch: int = 32
    batches: int = 10
    out: Path | None = None


def loader(parameters: Loader) -> list[dict]:
    """Time the training loader: pictures a second by number of workers, in all and for each worker."""
    pictures = open_dataset(parameters.data_set, parameters.data_path, parameters.split)
    rows = []
    for workers in parameters.workers:
        ahead = 1 + 2 * workers
        steps = ahead + parameters.batches
        epochs = 1 + steps * parameters.batch * 3 // len(pictures)
        updates = Updates(len(pictures), min(parameters.batch, len(pictures)), epochs, 0, repeats=3)
        batches = iter(
            training_loader(
                pictures, Augmentation(), parameters.input_size, IMAGENET_MEAN, IMAGENET_STD, updates, 0, workers
            )
        )
        for _ in range(ahead):
            next(batches)
        started = time.perf_counter()
        seen = sum(len(next(batches).images) for _ in range(parameters.batches))
        speed = seen / (time.perf_counter() - started)
        batches.close()
        rows.append({"workers": workers, "pictures_per_second": speed, "per_worker": speed / max(workers, 1)})
        print(f"{workers:3d} workers: {speed:7.1f} pictures/s, {rows[-1]['per_worker']:.1f} a worker", flush=True)
    return rows
