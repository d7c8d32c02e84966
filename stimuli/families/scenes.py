"""Scenes of several set sizes: the embedded objects in varied company, for cueing and search by class."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from stimuli.families import objects
from stimuli.families.family import Family
from stimuli.families.timed.presentation import presented
from stimuli.foundation.design import accompanied
from stimuli.sets.format import stimulus_set

__all__ = ["SCENES", "Scenes", "draw"]

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


@stimulus_set("scenes")
def draw(parameters: Scenes, indices: np.ndarray, seed: int) -> dict:
    """Draw scenes as ``objects.draw`` does, of several ``set_size``, with room for the largest.

    Objects beyond the set size have class -1, no place and empty masks. Set sizes are balanced to
    within one in every first n images, set sizes and pairs of categories crossed.
    """
    sizes = parameters.set_sizes
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
                shape = (
                    (len(indices), *values.shape[1:])
                    if name == "image"
                    else (len(indices), max(sizes), *values.shape[2:])
                )
                arrays[name] = np.full(shape, _nothing(values.dtype), values.dtype)
            if name == "image":
                arrays[name][chosen] = values
            else:
                arrays[name][chosen, :size] = values
    return dict(
        arrays=arrays,
        categories=objects.CATEGORIES,
        design={"set_size": (set_size, "number of objects", "1")},
        factors=conditions | objects.factors(max(sizes)),
    )


def _nothing(dtype: np.dtype) -> float | int | bool:
    """What stands for an object that is not there."""
    return {"f": np.nan, "i": -1}.get(dtype.kind, 0)


SCENES = Family("scenes", "scenes of objects in several set sizes", Scenes, draw, course=presented)
