"""Flash-lag displays: an object that has come along a path, and another that is flashed ahead, beside or behind."""

from dataclasses import dataclass

import numpy as np

from stimuli.drawing import canvas
from stimuli.families import objects
from stimuli.families.family import Family
from stimuli.foundation.design import accompanied, stacked
from stimuli.sets.format import stimulus_set

STREAM = 60  # of chance, away from those of other families
TRAIL = (0.52, 0.45, 0.35)  # grey of the places that the moving object has left, the farthest first
GREY, STEP, RADIUS = 0.6, 0.12, 0.11  # the background; in units of the image's width and of its smaller side


@dataclass(frozen=True)
class FlashLag:
    """A moving and a flashed object.

    Parameters
    ----------
    size
        Height and width in pixels.
    offsets
        How far the flash is ahead of the moving object, in units of the image width; counterbalanced.
    """

    size: tuple[int, int] = (112, 112)
    offsets: tuple[float, ...] = (-0.2, 0.0, 0.2)


@stimulus_set("flash_lag")
def draw(parameters: FlashLag, indices: np.ndarray, seed: int) -> dict:
    """Draw flash-lag displays: object 0 moves, object 1 is flashed; offsets, directions and classes are crossed."""
    conditions = {"offset": len(parameters.offsets), "direction": 2}
    levels, pairs = accompanied(indices, (*conditions.values(),), len(objects.CATEGORIES), 1, seed, STREAM)
    offset, direction = np.array(parameters.offsets)[levels[:, 0]], 2 * levels[:, 1] - 1
    return {
        "arrays": stacked(_display(parameters.size, *row) for row in zip(offset, direction, pairs, strict=True)),
        "categories": objects.CATEGORIES,
        "design": {
            "offset": (offset, "how far the flash is ahead, in units of the image width", "1"),
            "direction": (direction, "direction of the motion, 1 to the right", "1"),
        },
        "factors": conditions | objects.factors(2),
    }


def _display(size: tuple[int, int], offset: float, direction: int, classes: np.ndarray) -> dict:
    """Draw one display: the trail first, the two objects upon it."""
    (height, width), radius = size, RADIUS * min(size)
    image, masks = canvas.canvas(size, GREY), np.zeros((2, *size), bool)
    x, y = width * np.array([0.5, 0.5 + direction * offset]), height * np.array([0.3, 0.7])

    def paint(k: int, at: float, colour) -> np.ndarray:
        shape = canvas.category(objects.CATEGORIES[classes[k]], at, y[k], radius)
        return canvas.paint(image, shape, colour, (at, y[k], radius))

    for back, grey in zip((3, 2, 1), TRAIL, strict=True):
        paint(0, x[0] - back * direction * STEP * width, grey)
    for k in range(2):
        masks[k] = paint(k, x[k], canvas.hue_colour(30.0 * classes[k]))
    places = {"object_x": x, "object_y": y, "object_radius": np.full(2, radius), "object_rotation": np.zeros(2)}
    return {"image": canvas.quantised(image), "object_mask": masks, "object_class": classes, **places}


FLASH_LAG = Family("flash_lag", "an object in motion and another that is flashed beside it", FlashLag, draw)
