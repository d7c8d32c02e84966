"""Whole photographs of a class folder, one a stimulus: what recognition without rivals is measured with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from stimuli import photographs, stimulus_set

__all__ = ["WholePhotographs", "from_class_folder"]

STREAM = 12


@dataclass(frozen=True)
class WholePhotographs:
    """The middle square of a photograph, enlarged or reduced.

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
    """Show photographs of a class folder, each once: the classes in turn, as long as they last.

    Parameters
    ----------
    files : the photographs of each class.
    read : function from a path to (y, x, channel) uint8, such as ``absvit.images.read_photograph``.
    categories : names of the classes.
    parameters : size of the stimuli.
    n : number of stimuli, at most that of photographs from ``first`` on.
    seed : 0 to 2**32 - 1; decides the order within a class.
    first : number of the first stimulus.

    Returns
    -------
    Dataset of n stimuli of one object each, whose mask is the whole image.

    Raises
    ------
    ValueError : a class without photographs, or more stimuli than photographs.
    """
    stimulus_set.check_request(n, seed)
    if empty := [name for name, paths in zip(categories, files, strict=True) if not paths]:
        raise ValueError(f"no photographs of {', '.join(empty)}; every class needs at least one")
    if first + n > sum(map(len, files)):
        raise ValueError(
            f"there are {sum(map(len, files))} photographs, too few for stimuli {first} to {first + n - 1}"
        )
    chosen = _order(files, seed)[first : first + n]
    shown = [photographs.resized(_middle_square(np.asarray(read(path))), parameters.size) for _, path in chosen]
    arrays = {
        "image": np.stack(shown),
        "object_class": np.array([[c] for c, _ in chosen], np.int16),
        "object_mask": np.ones((n, 1, *parameters.size), bool),
    }
    return stimulus_set.from_arrays(
        arrays,
        first=first,
        family="whole",
        parameters=parameters,
        seed=seed,
        categories=categories,
        licence="that of the photographs",
        source=f"photographs of {parameters.folder}",
    )


def _order(files: list[list[Path]], seed: int) -> list[tuple[int, Path]]:
    """Class and photograph of every stimulus there can be: one of each class, then a second one, and so on."""
    keys = [[seed, STREAM * 2**32 + c] for c in range(len(files))]
    orders = [
        np.random.Generator(np.random.Philox(key=key)).permutation(len(paths))
        for key, paths in zip(keys, files, strict=True)
    ]
    rounds = range(max(map(len, files)))
    return [(c, files[c][orders[c][k]]) for k in rounds for c in range(len(files)) if k < len(files[c])]


def _middle_square(picture: np.ndarray) -> np.ndarray:
    height, width = picture.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return picture[top : top + side, left : left + side]
