"""Whole photographs of a class folder, one a stimulus: what recognition without rivals is measured with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import xarray as xr

from stimuli.families import objects
from stimuli.foundation.design import crossed
from stimuli.pictures import photographs
from stimuli.sets.format import stimulus_set

__all__ = ["WholePhotographs", "from_class_folder"]

STREAM = 12


@dataclass(frozen=True)
class WholePhotographs:
    """The middle of a photograph in the shape of the image, enlarged or reduced.

    Parameters
    ----------
    size
        Height and width of the image in pixels.
    folder
        Class folder that the photographs come from.
    """

    size: tuple[int, int] = (224, 224)
    folder: str = ""


def from_class_folder(
    files: list[list[Path]],
    read: Callable[[Path], np.ndarray],
    categories: list[str],
    parameters: WholePhotographs,
    n: int,
    seed: int,
    first: int = 0,
) -> xr.Dataset:
    """Show photographs of a class folder, each once: in rounds of all classes, as long as they last.

    ``files`` are those of each class, ``read`` gives (y, x, channel) uint8 for a path, as
    ``absvit.images.read_photograph`` does. The seed decides the order of the classes in a round, and within a
    class. Each stimulus has one object, whose mask is the whole image.

    Raises
    ------
    ValueError : a class without photographs, or more stimuli than photographs.
    """
    shown = partial(_of_files, photographs.by_class(files, categories), read)
    return stimulus_set("whole")(shown)(parameters, n, seed, first)


def _of_files(
    files: Mapping[str, list[Path]], read: Callable, parameters: WholePhotographs, indices: np.ndarray, seed: int
) -> dict:
    """Photographs of the classes in their turn."""
    first, n, count = int(indices[0]), len(indices), sum(map(len, files.values()))
    if first + n > count:
        raise ValueError(f"there are {count} photographs, too few for stimuli {first} to {first + n - 1}")
    chosen = _chosen([*files.values()], seed, first, n)
    shown = [photographs.fitted(np.asarray(read(path)), parameters.size) for _, path in chosen]
    arrays = {
        "image": np.stack(shown),
        "object_class": np.array([[c] for c, _ in chosen], np.int16),
        "object_mask": np.ones((n, 1, *parameters.size), bool),
    }
    return dict(
        arrays=arrays,
        categories=tuple(files),
        licence="that of the photographs",
        source=f"photographs of {parameters.folder}",
        factors=objects.factors(1, len(files)),
    )


def _chosen(files: list[list[Path]], seed: int, first: int, n: int) -> list[tuple[int, Path]]:
    """Class and photograph of n stimuli: one of each class in random order, then a second one of each ..."""
    keys = [[seed, STREAM * 2**32 + c] for c in range(len(files))]
    orders = [
        np.random.Generator(np.random.Philox(key=key)).permutation(len(paths))
        for key, paths in zip(keys, files, strict=True)
    ]
    sizes = np.array([len(paths) for paths in files])
    ends = np.cumsum((sizes[:, None] > np.arange(sizes.max())).sum(0))  # of the rounds
    rounds = np.arange(np.searchsorted(ends, first, "right"), np.searchsorted(ends, first + n - 1, "right") + 1)
    turns = crossed(np.arange(len(files) * rounds[0], len(files) * (rounds[-1] + 1)), (len(files),), seed, STREAM)
    turns = zip(rounds, turns.reshape(-1, len(files)), strict=True)
    shown = [(c, files[c][orders[c][k]]) for k, classes in turns for c in classes.tolist() if k < sizes[c]]
    skipped = first - (ends[rounds[0] - 1] if rounds[0] else 0)
    return shown[skipped : skipped + n]
