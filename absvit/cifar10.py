"""``python -m absvit.cifar10 FOLDER``: CIFAR-10 as class folders, fetched through torchvision."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import tyro

from stimuli.foundation import command_line
from stimuli.foundation.files import whole

SPLITS = {"train": "train", "test": "val"}  # folder: what it is to the data sets
COUNTS = {"train": 50_000, "test": 10_000}


def write_folders(out: Path) -> dict[str, int]:
    """Write CIFAR-10 (Krizhevsky 2009) as ``train/CLASS/NUMBER.png`` and ``test/...``; count each split.

    What is there already is kept, so that an interrupted writing goes on. torchvision's archive is kept in
    ``FOLDER/download``.
    """
    from absvit.data.datasets import open_dataset

    counts = {}
    for folder, split in SPLITS.items():
        try:
            pictures = open_dataset("CIFAR10", out / "download", split, download=True)
        except OSError as error:
            raise FileNotFoundError(
                f"CIFAR-10 cannot be fetched ({error}): put cifar-10-python.tar.gz of https://www.cs.toronto.edu/~kriz/"
                f"cifar.html into {out / 'download'}, or give class folders or photographs of your own"
            ) from error
        for index, target in enumerate(pictures.targets.tolist()):
            path = out / folder / pictures.classes[target] / f"{index:05d}.png"
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                with whole(path) as part:
                    pictures.read(index).save(part, "png")
        counts[folder] = len(pictures)
    return counts


def main(out: Annotated[Path, tyro.conf.Positional]) -> None:
    """Write CIFAR-10 as class folders.

    Parameters
    ----------
    out
        Folder to write.
    """
    there = {folder: sum(1 for _ in (out / folder).glob("*/*.png")) for folder in SPLITS}
    counts = COUNTS if there == COUNTS else write_folders(out)
    print(f"{out}: " + ", ".join(f"{count:,} pictures in {folder}" for folder, count in counts.items()))


if __name__ == "__main__":
    sys.exit(command_line.run(main, "python -m absvit.cifar10"))
