"""Scenes of several set sizes: the embedded objects in varied company, for cueing and search by class."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import xarray as xr

from stimuli.families import objects
from stimuli.foundation.design import accompanied
from stimuli.sets import format

__all__ = ["Scenes", "draw"]

STREAM = 14


@dataclass(frozen=True)
class Scenes:
    """Parameters of the family.

    Parameters
    ----------
    scene
        What a scene looks like; its number of objects is replaced.
    set_sizes
        Numbers of objects, 1 to 4 each, counterbalanced.
    """

    scene: objects.Objects = field(default_factory=objects.Objects)
    set_sizes: tuple[int, ...] = (2, 3, 4)

    def __post_init__(self) -> None:
        if not self.set_sizes or len(set(self.set_sizes)) < len(self.set_sizes):
            raise ValueError(f"set_sizes must be one or more different numbers of objects, got {self.set_sizes}")
        for size in self.set_sizes:
            replace(self.scene, n_objects=size)


def draw(parameters: Scenes, n: int, seed: int, first: int = 0) -> xr.Dataset:
    """Draw scenes.

    Parameters
    ----------
    parameters : what to draw.
    n : number of images, at least 1.
    seed : 0 to 2**32 - 1.
    first : number of the first image.

    Returns
    -------
    Dataset as ``objects.draw`` gives, with as many objects as the largest set size and the design variable
    ``set_size``. Objects beyond the set size have class -1, no place and empty masks. Set sizes are balanced to within
    one in every first n images, set sizes and pairs of categories crossed.

    Raises
    ------
    ValueError : n or seed out of range.
    """
    format.check_request(n, seed)
    indices, sizes = np.arange(first, first + n), parameters.set_sizes
    conditions = {"set_size": len(sizes)}
    levels, all_classes = accompanied(indices, (len(sizes),), len(objects.CATEGORIES), max(sizes) - 1, seed, STREAM)
    set_size = np.array(sizes)[levels[:, 0]]
    arrays: dict[str, np.ndarray] = {}
    for size in sizes:
        chosen = np.flatnonzero(set_size == size)
        if not chosen.size:
            continue
        scene = replace(parameters.scene, n_objects=size)
        for name, values in objects.render(scene, seed, indices[chosen], all_classes[chosen, :size]).items():
            if name not in arrays:
                shape = (n, *values.shape[1:]) if name == "image" else (n, max(sizes), *values.shape[2:])
                arrays[name] = np.full(shape, _nothing(values.dtype), values.dtype)
            if name == "image":
                arrays[name][chosen] = values
            else:
                arrays[name][chosen, :size] = values
    return format.from_arrays(
        arrays,
        first=first,
        family="scenes",
        parameters=parameters,
        seed=seed,
        categories=objects.CATEGORIES,
        design={"set_size": (set_size, "number of objects", "1")},
        factors=conditions | objects.factors(max(sizes)),
    )


def _nothing(dtype: np.dtype) -> float | int | bool:
    """What stands for an object that is not there."""
    return {"f": np.nan, "i": -1}.get(dtype.kind, 0)
