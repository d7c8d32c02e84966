"""Scenes of one or more objects on 1/f noise: the embedded stimuli, procedural and with exact masks.

A category is a shape with a typical hue and a preferred texture, as natural categories have
a shape and typical surface colours. Image ``i`` is a function of (parameters, seed, i) alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stimuli.drawing import backgrounds, clutter, surfaces
from stimuli.drawing.shapes import CATEGORIES, SHAPES
from stimuli.families.family import Family
from stimuli.families.timed.presentation import presented
from stimuli.foundation.design import accompanied
from stimuli.foundation.options import Background
from stimuli.sets.format import stimulus_set

__all__ = ["CATEGORIES", "OBJECTS", "Objects", "draw", "factors", "layers", "render"]

STREAM = 0
PLACES_TRIED = 64


@dataclass(frozen=True)
class Objects:
    """Parameters of the family.

    Parameters
    ----------
    size
        Height and width in pixels, at least 32.
    n_objects
        Objects in an image, 1 to 4; their categories differ.
    radius
        Smallest and largest radius of an object, in units of the image height; where that does not fit the
        width or leaves several objects no room, they are drawn smaller.
    rotation
        Objects are turned by an angle uniform within +- this, in degrees.
    hue_sd
        Standard deviation of the hue around the category's own, in degrees.
    hue_conflict
        Probability in [0, 1] that an object's hue is uniform instead.
    hue_shift
        Added to every object's hue, in degrees.
    hue
        What hues tell: the category, as each has a hue of its own; nothing, all hues being as likely for each; or
        another category, conflicting with the shape. Readings at one place have one hue, where it tells nothing.
    texture_reliability
        Probability in [0, 1] that the category's preferred texture is given; else one of the four (plain,
        stripes, checks, gradient) is drawn, the preferred one included.
    contrast
        Standard deviation of the noise's luminance, in units of the pixel range.
    background
        noise, grey:LEVEL, texture:NAME (brick, grass, gravel) or folder:PATH.
    clutter
        Fragments without a category behind the objects, 0 to 1000.
    occlusion
        Share of each object's frame that bars in front of it hide, in [0, 0.8].
    """

    size: tuple[int, int] = (112, 112)
    n_objects: int = 1
    radius: tuple[float, float] = (0.14, 0.28)
    rotation: float = 26.0
    hue_sd: float = 20.0
    hue_conflict: float = 0.0
    hue_shift: float = 0.0
    hue: surfaces.Hue = "category"
    texture_reliability: float = 0.6
    contrast: float = 0.12
    background: Background = backgrounds.NOISE
    clutter: int = 0
    occlusion: float = 0.0

    def __post_init__(self) -> None:
        if min(self.size) < 32:
            raise ValueError(f"size must be at least 32 x 32 pixels, got {self.size}")
        if not 1 <= self.n_objects <= 4:
            raise ValueError(f"n_objects must be 1 to 4, got {self.n_objects}")
        if not 0 < self.radius[0] <= self.radius[1] <= 0.5:
            raise ValueError(f"radius must hold 0 < smallest <= largest <= 0.5 of the height, got {self.radius}")
        for name in ("hue_conflict", "texture_reliability"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} is a probability in [0, 1], got {getattr(self, name)}")
        for name in ("rotation", "hue_sd", "contrast"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f"{name} must be a finite number of at least 0, got {getattr(self, name)}")
        surfaces.check_hue(self.hue)
        if self.hue != "category" and self.hue_conflict:
            raise ValueError(f"hue_conflict is about hues that tell the category, not {self.hue}: leave one out")
        if not math.isfinite(self.hue_shift):
            raise ValueError(f"hue_shift must be a finite number of degrees, got {self.hue_shift}")
        if not 0 <= self.clutter <= 1000:
            raise ValueError(f"clutter must be 0 to 1000 fragments, got {self.clutter}")
        if not 0 <= self.occlusion <= 0.8:
            raise ValueError(f"occlusion must be a share in [0, 0.8], got {self.occlusion}")
        backgrounds.check(self.background)


@stimulus_set("objects")
def draw(parameters: Objects, indices: np.ndarray, seed: int) -> dict:
    """Draw scenes: image, class, mask, place, radius, rotation and hue of each object."""
    return dict(
        arrays=render(parameters, seed, indices),
        categories=CATEGORIES,
        factors=factors(parameters.n_objects),
    )


def render(
    parameters: Objects, seed: int, indices: Sequence[int], classes: np.ndarray | None = None
) -> dict[str, np.ndarray]:
    """Render the images with the given indices; each depends on (parameters, seed, index) alone.

    Parameters
    ----------
    parameters : what to draw.
    seed : any non-negative integer below 2**64.
    indices : image numbers.
    classes : categories (image, object), indices into CATEGORIES; by default counterbalanced over indices.

    Returns
    -------
    Arrays by name: image (image, y, x, channel) uint8; object_class (image, object) int16; object_mask
    (image, object, y, x) bool; object_x, object_y, object_radius (image, object) in pixels;
    object_rotation and object_hue (image, object) in degrees.
    """
    image, arrays, layer = _prepared(parameters, seed, indices, classes)
    height, width = parameters.size
    mask = np.zeros((len(image), parameters.n_objects, height, width), bool)
    for k in range(parameters.n_objects):
        distance, colour = layer(k)
        coverage = np.clip(0.5 - distance, 0, 1)
        image += coverage[:, None] * (colour - image)
        mask[:, k] = coverage >= 0.5
        mask[:, :k] &= ~mask[:, k : k + 1]  # a mask holds what can be seen: later objects lie in front
    if parameters.occlusion:
        clutter.occlude(image, mask, arrays, parameters.occlusion, seed, indices)
    pixels = np.clip(np.moveaxis(image, 1, -1) * 255 + 0.5, 0, 255).astype(np.uint8)
    return {"image": pixels, "object_mask": mask, **arrays}


def layers(
    parameters: Objects, seed: int, indices: Sequence[int], classes: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """Give the parts of images of one object, for families that put them together otherwise.

    Two calls that differ in the classes (image,) alone give the same background and objects of the same
    place, size and rotation.

    Returns
    -------
    background : (image, channel, y, x) in about [0, 1].
    distance : (image, y, x) signed distance to the object in pixels, negative inside.
    colour : (image, channel, y, x) the object's surface, extended over the whole image.
    arrays : (image, 1) arrays by name, as :func:`render` gives them.
    """
    background, arrays, layer = _prepared(parameters, seed, indices, np.asarray(classes)[:, None])
    return background, *layer(0), arrays


def _prepared(parameters: Objects, seed: int, indices: Sequence[int], classes: np.ndarray | None):
    """Background, arrays by name, and a function from an object's number to its distance and colour."""
    height, width = parameters.size
    n_objects = parameters.n_objects
    indices = np.asarray(indices, dtype=np.int64)
    if classes is None:
        _, classes = accompanied(indices, (), len(CATEGORIES), n_objects - 1, seed, STREAM)
    uniform = np.empty((len(indices), n_objects, 12), np.float32)
    spectrum = np.empty((len(indices), 3, height, width // 2 + 1), np.complex64)
    layout = np.empty((len(indices), n_objects, 3), np.float32)
    for row, index in enumerate(indices):
        generator = np.random.Generator(np.random.Philox(key=[seed, index]))
        uniform[row] = generator.random((n_objects, 12), dtype=np.float32)
        layout[row] = _place(generator, parameters)
        normal = generator.standard_normal((3, *spectrum.shape[2:], 2), dtype=np.float32)
        spectrum[row] = normal.view(np.complex64)[..., 0]
    rotation = (uniform[..., 0] * 2 - 1) * parameters.rotation
    p = parameters
    hue = surfaces.hues(uniform, classes, p.hue_sd, p.hue_conflict, p.hue_shift, p.hue)

    def layer(k: int):
        distance, u, v = _distance(layout[:, k], rotation[:, k], classes[:, k], parameters.size)
        reliability = parameters.texture_reliability
        return distance, surfaces.colours(u, v, hue[:, k], uniform[:, k], classes[:, k], reliability)

    arrays = {
        "object_class": classes.astype(np.int16),
        "object_x": layout[..., 0],
        "object_y": layout[..., 1],
        "object_radius": layout[..., 2],
        "object_rotation": rotation,
        "object_hue": hue,
    }
    return _ground(spectrum, uniform[:, 0, 8:12], parameters, seed, indices), arrays, layer


def factors(n_objects: int, count: int = len(CATEGORIES), crossed: bool = True) -> dict[str, int]:
    """Levels by name of what :func:`design.accompanied` counterbalances of the objects; none, where it does not."""
    if not crossed:
        return {}
    return {"category": count} | ({"pair of categories": count - 1} if n_objects > 1 else {})


def _place(generator: np.random.Generator, parameters: Objects) -> np.ndarray:
    """Centre x, y and radius in pixels of each object, none touching another."""
    height, width = parameters.size
    low, high = (fraction * height for fraction in parameters.radius)
    radius = low + (high - low) * generator.random(parameters.n_objects)
    radius = np.minimum(radius, min(height, width) / 2 - 1)
    candidates = generator.random((PLACES_TRIED, parameters.n_objects, 2))
    while True:  # shrinks crowded scenes until a candidate fits, which small objects always do
        room = np.array([width, height]) - 2 * radius[:, None]
        centres = radius[:, None] + candidates * room
        gap = np.linalg.norm(centres[:, :, None] - centres[:, None], axis=-1) - (radius[:, None] + radius)
        gap[:, np.eye(len(radius), dtype=bool)] = np.inf
        free = np.flatnonzero(gap.min(axis=(1, 2)) >= 0)
        if len(free):
            return np.column_stack([centres[free[0]], radius])
        radius *= 0.92


def _ground(spectrum: np.ndarray, uniform: np.ndarray, parameters: Objects, seed: int, indices: np.ndarray):
    """Background with its clutter (image, channel, y, x) in about [0, 1]."""
    if parameters.background == backgrounds.NOISE:
        image = backgrounds.one_over_f(spectrum, uniform, parameters.size, parameters.contrast)
    else:
        fills = backgrounds.fill_all(parameters.background, parameters.size, seed, indices)
        image = np.ascontiguousarray(np.moveaxis(fills, -1, 1))
    if parameters.clutter:
        for picture, index in zip(image, indices, strict=True):
            clutter.add_fragments(picture, parameters.clutter, parameters.radius[1] * parameters.size[0], seed, index)
    return image


def _distance(layout: np.ndarray, rotation: np.ndarray, classes: np.ndarray, size: tuple[int, int]):
    """Signed distance (image, y, x) in pixels and the object's own coordinates u, v."""
    x, y = np.arange(size[1], dtype=np.float32), np.arange(size[0], dtype=np.float32)
    centre_x, centre_y, radius = (layout[:, i, None, None] for i in range(3))
    angle = np.deg2rad(rotation, dtype=np.float32)[:, None, None]
    right, up = (x - centre_x + 0.5) / radius, (centre_y - 0.5 - y[:, None]) / radius
    u = np.cos(angle) * right + np.sin(angle) * up
    v = np.cos(angle) * up - np.sin(angle) * right
    distance = np.empty_like(u)
    for category in np.unique(classes):
        chosen = classes == category
        distance[chosen] = SHAPES[CATEGORIES[category]](u[chosen], v[chosen])
    return distance * radius, u, v


OBJECTS = Family("objects", "scenes of one or more objects", Objects, draw, course=presented)
