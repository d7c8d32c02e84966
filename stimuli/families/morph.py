"""Morph sequences between two readings, run up and down: stimuli for perceptual hysteresis.

The same pictures are shown in ascending and in descending order; where perception switches later in either
direction, the present percept was carried on by the ones before (Hock, Kelso and Schoener 1993).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from stimuli.families import objects
from stimuli.families.family import Family
from stimuli.families.overlay import dissolved
from stimuli.families.timed.presentation import presented
from stimuli.foundation.design import accompanied, crossed, labels
from stimuli.pictures import photographs
from stimuli.sets.format import stimulus_set

__all__ = ["MORPH", "Morph", "draw"]

STREAM, PAIRS = 2, 15  # of pictures and directions, and of the order of pairs


@dataclass(frozen=True)
class Morph:
    """An object that turns into another in equal steps, on one background.

    Parameters
    ----------
    scene
        How the object is drawn; one object.
    steps
        Pictures in a sequence, the two readings included; at least 2.
    pictures
        Photographs instead of the embedded objects; of the scene, only the size counts then.
    """

    scene: objects.Objects = field(default_factory=lambda: objects.Objects(radius=(0.25, 0.38)))
    steps: int = 9
    pictures: photographs.Pictures = field(default_factory=photographs.Pictures)

    def __post_init__(self) -> None:
        if self.scene.n_objects != 1:
            raise ValueError(f"a morph is one object, got n_objects = {self.scene.n_objects}")
        if self.scene.occlusion:
            raise ValueError(f"a morph has no occluders; expected occlusion 0, got {self.scene.occlusion}")
        if self.steps < 2:
            raise ValueError(f"steps must be at least 2, the two readings themselves, got {self.steps}")


@stimulus_set("morph")
def draw(parameters: Morph, indices: np.ndarray, seed: int) -> dict:
    """Draw pairs of sequences of the same pictures, ascending and descending in random order.

    The two objects are the readings at either end. Outline (signed distance), surface and hue change in
    proportion to ``morph`` (stimulus,) in [0, 1]. ``sequence``, ``step`` and ``direction`` say where a
    picture stands. Both masks are the object's; a reading of no share has an empty one. The label is
    the reading of the larger share, half-way the first one. Photographs are dissolved into each other.
    """
    sequence, step = np.divmod(indices, parameters.steps)
    pair, descending = sequence // 2, crossed(sequence, (2,), seed, STREAM)[:, 0]
    morph = np.where(descending, parameters.steps - 1 - step, step) / (parameters.steps - 1)
    design = {
        "sequence": (sequence, "number of the sequence", "1"),
        "step": (step, "place in the sequence", "1"),
        "direction": (labels(("ascending", "descending"), descending), "order of the shares", "1"),
    }
    if parameters.pictures.given():
        files, size, pictures = parameters.pictures.listed(), parameters.scene.size, parameters.pictures
        _, met = photographs.paired(files, (), pair, pair, seed, PAIRS, size, pictures)
        factors = _factors(parameters, len(files), pictures.crosses(len(files)))
        return dissolved(met, morph, "morph", factors, design)
    _, classes = accompanied(pair, (), len(objects.CATEGORIES), 1, seed, PAIRS)
    (background, *start, arrays), (_, *end, others) = (
        objects.layers(parameters.scene, seed, (STREAM << 56) + pair, classes[:, k]) for k in range(2)
    )
    share = morph[:, None, None]
    distance = (1 - share) * start[0] + share * end[0]
    colour = (1 - share[:, None]) * start[1] + share[:, None] * end[1]
    coverage = np.clip(0.5 - distance, 0, 1)
    image = background + coverage[:, None] * (colour - background)
    present = np.stack([morph < 1, morph > 0], axis=1)
    return dict(
        arrays={
            "image": np.clip(np.moveaxis(image, 1, -1) * 255 + 0.5, 0, 255).astype(np.uint8),
            "object_mask": (coverage >= 0.5)[:, None] & present[:, :, None, None],
            **{name: np.concatenate([arrays[name], others[name]], axis=1) for name in arrays},
        },
        categories=objects.CATEGORIES,
        label=labels(objects.CATEGORIES, classes[np.arange(len(indices)), (morph > 0.5).astype(int)]),
        design={"morph": (morph, "share of the second reading", "1"), **design},
        factors=_factors(parameters, len(objects.CATEGORIES)),
    )


def _factors(parameters: Morph, count: int, crossed: bool = True) -> dict[str, int]:
    """What is counterbalanced."""
    return {"step": parameters.steps, "direction": 2} | objects.factors(2, count, crossed)


MORPH = Family("morph", "sequences from one reading to another and back", Morph, draw, course=presented)
