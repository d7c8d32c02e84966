"""Pairs and scenes of photographed objects, composed of a folder of segmented pictures.

Objects are cut out along their masks and put beside each other on another background, so that place, size and
company are controlled as in Biederman, Mezzanotte and Rabinowitz (1982), with the ImageNet classes kept.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stimuli.drawing import backgrounds, canvas
from stimuli.families import objects
from stimuli.families.displays import check_size
from stimuli.families.family import Family
from stimuli.families.timed.presentation import presented
from stimuli.foundation.design import accompanied, generator, stacked
from stimuli.foundation.options import Background, FileOrAddress
from stimuli.pictures import cutouts
from stimuli.sets.format import stimulus_set

__all__ = ["NATURAL", "Natural", "draw"]

STREAM = 10
CELLS = {1: (1, 1), 2: (1, 2), 3: (2, 2), 4: (2, 2)}  # rows and columns that give each object a place of its own


@dataclass(frozen=True)
class Natural:
    """Photographed objects on a background.

    Parameters
    ----------
    folder
        Segmented pictures: ``images/WNID/NAME.jpg`` with ``masks/WNID/NAME.png``; or outlined ones,
        ``images/NAME.jpg`` with ``polygons/NAME.txt`` and ``config.yaml``, as the family outlines takes them,
        whose objects are left out where they are too small.
    size
        Height and width in pixels, at least 64.
    n_objects
        Objects in an image, of different classes: 2 lie in either half, 3 and 4 in the quarters.
    extent
        Smallest and largest length of an object's longer side, in units of the shorter side of its half or
        quarter.
    enlargement
        Largest magnification of a picture; where it would need more, it is refused as too small.
    background
        noise, grey:LEVEL, texture:NAME or folder:PATH.
    """

    folder: FileOrAddress = ""
    size: tuple[int, int] = (224, 224)
    n_objects: int = 2
    extent: tuple[float, float] = (0.7, 0.95)
    enlargement: float = 1.0
    background: Background = "grey:0.5"

    def __post_init__(self) -> None:
        check_size(self.size)
        if self.n_objects not in CELLS:
            raise ValueError(f"n_objects must be 1 to 4, got {self.n_objects}")
        if not 0.1 <= self.extent[0] <= self.extent[1] <= 1:
            raise ValueError(f"extent must hold 0.1 <= smallest <= largest <= 1 of the place, got {self.extent}")
        if not 0 < self.enlargement <= 8:
            raise ValueError(f"enlargement must be in (0, 8], got {self.enlargement}")
        backgrounds.check(self.background)


@stimulus_set("natural")
def draw(parameters: Natural, indices: np.ndarray, seed: int) -> dict:
    """Compose images of segmented pictures.

    The categories are the folder's, WordNet identifiers or names; an object's radius is half its longer
    side, and ``object_source`` the picture that it was cut from. With two objects, ``object_side`` tells
    the half; sides are balanced to within one in every first n images, sides and classes crossed.

    Raises
    ------
    FileNotFoundError : no such folder, or a picture without its mask.
    ValueError : fewer classes than objects; a picture that is unreadable or too small; a mask that is
        empty or not of its picture's size.
    """
    pictures = cutouts.listed(parameters.folder, _longest(parameters) / parameters.enlargement)
    categories = tuple(pictures)
    if len(categories) < parameters.n_objects:
        raise ValueError(
            f"{parameters.n_objects} objects of different classes need as many classes, got {', '.join(categories)}"
        )
    conditions = {"side": 2} if parameters.n_objects == 2 else {}
    levels, classes = accompanied(
        indices, (*conditions.values(),), len(categories), parameters.n_objects - 1, seed, STREAM
    )
    swapped = levels[:, 0] if conditions else np.zeros_like(indices)
    grounds = backgrounds.fill_all(parameters.background, parameters.size, seed, indices)
    arrays = stacked(
        _scene(parameters, ground, generator(seed, STREAM, i), [pictures[categories[c]] for c in row], right == 1)
        for i, ground, row, right in zip(indices, grounds, classes, swapped, strict=True)
    )
    arrays["object_class"] = classes.astype(np.int16)
    if parameters.n_objects == 2:
        sides = np.where(np.stack([swapped, 1 - swapped], axis=1), "right", "left")
        arrays["object_side"] = sides.astype(object)
    return dict(
        arrays=arrays,
        categories=categories,
        dims={"object_source": (("stimulus", "object"), "picture that each object was cut from", "1")},
        licence="that of the pictures",
        source=f"segmented pictures in {parameters.folder}",
        factors=conditions | objects.factors(parameters.n_objects, len(categories)),
    )


def _longest(parameters: Natural) -> int:
    """Length in pixels of the longer side of the largest object that may be shown."""
    cells = CELLS[parameters.n_objects]
    return round(min(side // n for side, n in zip(parameters.size, cells, strict=True)) * parameters.extent[1])


def _scene(
    parameters: Natural, ground: np.ndarray, random: np.random.Generator, choices: list, swapped: bool
) -> dict[str, np.ndarray]:
    """Compose one image: each object somewhere in a half or quarter of its own."""
    p = parameters
    rows, columns = CELLS[p.n_objects]
    cell = np.array([p.size[0] // rows, p.size[1] // columns])
    order = [1, 0] if swapped else [0, 1]
    places = order if p.n_objects == 2 else random.permutation(rows * columns)[: p.n_objects]
    image = ground.astype(np.float64)
    masks = np.zeros((p.n_objects, *p.size), bool)
    centres, radii, sources = [], [], []
    for k, (place, files) in enumerate(zip(places, choices, strict=True)):
        path, mask = files[random.integers(len(files))]
        longer = round(min(cell) * (p.extent[0] + (p.extent[1] - p.extent[0]) * random.random()))
        picture, inside = cutouts.cut(path, mask)
        if longer > p.enlargement * max(inside.shape):
            raise ValueError(
                f"{path} is too small: its object has {max(inside.shape)} pixels, {longer} are needed; give a larger "
                "picture, ask for a smaller size or extent, or allow more enlargement"
            )
        colour, coverage = cutouts.resized(picture, inside, longer)
        shape = np.array(coverage.shape)
        corner = np.array(divmod(place, columns)) * cell + random.integers(0, cell - shape + 1)
        box = tuple(slice(start, start + side) for start, side in zip(corner, shape, strict=True))
        image[box] += coverage[..., None] * (colour - image[box])
        masks[k][box] = coverage >= 0.5
        centres.append(corner + shape / 2)
        radii.append(max(shape) / 2)
        sources.append(f"{path.parent.name}/{path.name}")
    return {
        "image": canvas.quantised(image),
        "object_mask": masks,
        "object_x": np.array(centres)[:, 1],
        "object_y": np.array(centres)[:, 0],
        "object_radius": np.array(radii),
        "object_source": np.array(sources, object),
    }


NATURAL = Family(
    "natural",
    "scenes of objects cut out of segmented photographs",
    Natural,
    draw,
    needs=("folder",),
    course=presented,
)
