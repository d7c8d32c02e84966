"""Drawn scenes as segmentation data: several embedded objects, whose masks are known exactly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from absvit.segmentation.classes import ClassTable
from absvit.segmentation.datasets import SegmentedPictures
from stimuli.families import objects
from stimuli.sets.format import TRAINING_SEED

__all__ = ["HELD_OUT_SEED", "DrawnScenes", "ObjectScenes", "label_map"]

HELD_OUT_SEED = 2**31  # scenes that a training looks at between its epochs; those of a test have small seeds
UNLIMITED = 2**62  # scenes that a training could draw
TABLE = ClassTable.counted(("background", *objects.CATEGORIES))


@dataclass(frozen=True)
class ObjectScenes:
    """What drawn scenes show.

    Parameters
    ----------
    set_sizes
        Numbers of objects, 1 to 4 each, equally often; their categories differ.
    size
        Height and width in pixels.
    radius
        Smallest and largest radius of an object, in units of the image height.
    hue_conflict
        Probability in [0, 1] that an object's hue is random, not its category's.
    clutter
        Fragments without a category behind the objects.
    occlusion
        Share of each object's frame that bars in front of it hide, in [0, 0.8]; the bars count as background.
    """

    set_sizes: tuple[int, ...] = (1, 2, 3, 4)
    size: int = 112
    radius: tuple[float, float] = (0.12, 0.28)
    hue_conflict: float = 0.6
    clutter: int = 0
    occlusion: float = 0.0

    def __post_init__(self) -> None:
        if not self.set_sizes:
            raise ValueError("set_sizes must name at least one number of objects")
        for n in self.set_sizes:
            self.look(n)

    def look(self, n: int) -> objects.Objects:
        """Parameters of a scene of n objects."""
        return objects.Objects(
            (self.size, self.size), n, self.radius, hue_conflict=self.hue_conflict, clutter=self.clutter,
            occlusion=self.occlusion,
        )  # fmt: skip


class DrawnScenes(SegmentedPictures):
    """Scenes drawn when they are read: scene ``i`` is a function of parameters, seed and ``i`` alone.

    Parameters
    ----------
    scenes : what they show.
    seed : seed; those of trainings are disjoint from all others.
    n : number of scenes; without end, for a training, if left out.
    """

    def __init__(self, scenes: ObjectScenes, seed: int, n: int | None = None) -> None:
        super().__init__(TABLE)
        self.scenes, self.seed, self.n = scenes, seed + (TRAINING_SEED if n is None else 0), n

    def __len__(self) -> int:
        return UNLIMITED if self.n is None else self.n

    def name(self, index: int) -> str:
        """Seed and number of a scene."""
        return f"{self.seed}/{index}"

    def fingerprint(self) -> str:
        """What tells these scenes from others of the same parameters."""
        return f"scenes of seed {self.seed}, {self.n or 'as many as it takes'}"

    def identity(self) -> dict[str, int | str]:
        """What tells these scenes from others of the same parameters, by name."""
        return {"names": self.fingerprint()}

    def read(self, index: int) -> tuple[Image.Image, np.ndarray]:
        """Draw a scene: the picture, and labels (y, x) uint8, 0 on the background."""
        chance = np.random.Generator(np.random.Philox(key=[self.seed, index + 2**62]))
        n = self.scenes.set_sizes[index % len(self.scenes.set_sizes)]
        classes = chance.permutation(len(objects.CATEGORIES))[None, :n]
        drawn = objects.render(self.scenes.look(n), self.seed, [index], classes)
        return Image.fromarray(drawn["image"][0]), label_map(drawn["object_mask"][0], classes[0])


def label_map(masks: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Turn disjoint masks (object, y, x) into labels (y, x) uint8: 0, and 1 + category on an object."""
    return (masks * (np.asarray(classes, int) + 1)[:, None, None]).sum(0).astype(np.uint8)
