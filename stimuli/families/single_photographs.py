"""Whole photographs of a class folder, one a stimulus: what recognition without rivals is measured with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from stimuli.families import objects
from stimuli.foundation.design import crossed
from stimuli.pictures import photographs
from stimuli.sets import format

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

    Parameters
    ----------
    files : the photographs of each class.
    read : function from a path to (y, x, channel) uint8, such as ``absvit.images.read_photograph``.
    categories : names of the classes.
    parameters : size of the stimuli.
    n : number of stimuli, at most that of photographs from ``first`` on.
    seed : 0 to 2**32 - 1; decides the order of the classes in a round, and within a class.
    first : number of the first stimulus.

    Returns
    -------
    Dataset of n stimuli of one object each, whose mask is the whole image.

    Raises
    ------
    ValueError : a class without photographs, or more stimuli than photographs.
    """
    format.check_request(n, seed)
    if empty := [name for name, paths in zip(categories, files, strict=True) if not paths]:
        raise ValueError(f"no photographs of {', '.join(empty)}; every class needs at least one")
    if first + n > sum(map(len, files)):
        raise ValueError(
            f"there are {sum(map(len, files))} photographs, too few for stimuli {first} to {first + n - 1}"
        )
    chosen = _chosen(files, seed, first, n)
    shown = [photographs.fitted(np.asarray(read(path)), parameters.size) for _, path in chosen]
    arrays = {
        "image": np.stack(shown),
        "object_class": np.array([[c] for c, _ in chosen], np.int16),
        "object_mask": np.ones((n, 1, *parameters.size), bool),
    }
    return format.from_arrays(
        arrays,
        first=first,
        family="whole",
        parameters=parameters,
        seed=seed,
        categories=categories,
        licence="that of the photographs",
        source=f"photographs of {parameters.folder}",
        factors=objects.factors(1, len(files)),
    )


def _chosen(files: list[list[Path]], seed: int, first: int, n: int) -> list[tuple[int, Path]]:
    """Class and photograph of n stimuli: one of each class in random order, then a second one of each, and so on."""
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
