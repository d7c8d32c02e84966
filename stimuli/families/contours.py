"""Illusory contours: disks with a sector cut out that form a figure or, turned, do not (Kanizsa 1976)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from stimuli.drawing import canvas as drawing
from stimuli.families.displays import check_ink, check_size, filled_up
from stimuli.families.family import Family
from stimuli.families.timed.presentation import presented_on_plain
from stimuli.foundation.design import crossed, generator, labels, stacked
from stimuli.sets.format import stimulus_set

__all__ = ["CONTOURS", "Contours", "draw", "surface"]

STREAM = 6
FIGURES = {3: "triangle", 4: "square", 5: "pentagon", 6: "hexagon"}


@dataclass(frozen=True)
class Contours:
    """Inducers at the corners of a regular polygon, and the same inducers turned outwards as a control.

    Parameters
    ----------
    size
        Height and width in pixels, at least 64.
    corners
        Numbers of corners of the figures, counterbalanced; 3 to 6.
    radius
        Distance of the corners from the figure's centre, in units of the smaller side of the image.
    support
        Share of the figure's sides that the inducers draw (support ratio), in (0, 1); Shipley and Kellman
        (1992).
    rotation
        Figures are turned by an angle uniform within +- this, in degrees.
    jitter
        Figures are displaced by up to this, in units of the smaller side, as far as there is room.
    ink, background
        Grey levels in [0, 1].
    """

    size: tuple[int, int] = (224, 224)
    corners: tuple[int, ...] = (3, 4)
    radius: float = 0.28
    support: float = 0.55
    rotation: float = 0.0
    jitter: float = 0.03
    ink: float = 0.0
    background: float = 1.0

    def __post_init__(self) -> None:
        check_size(self.size)
        if not self.corners or not set(self.corners) <= set(FIGURES):
            raise ValueError(f"corners must be numbers from 3 to 6, got {self.corners}")
        if not 0 < self.support < 1:
            raise ValueError(f"support must be a ratio in (0, 1), at 1 the inducers touch; got {self.support}")
        if not 0 <= self.rotation <= 360 or not 0 <= self.jitter <= 0.5:
            raise ValueError(f"rotation must be in [0, 360] and jitter in [0, 0.5], got {self.rotation}, {self.jitter}")
        check_ink(self.ink, self.background)
        for count in self.corners:
            disk = _inducer(self, count)
            if not (disk * min(self.size) >= 3 and self.radius + disk <= 0.5):
                raise ValueError(
                    f"inducers need a radius of at least 3 pixels and a place in the image: got radius {self.radius}, "
                    f"support {self.support} with {count} corners in {self.size}; change radius or support"
                )


@stimulus_set("contours")
def draw(parameters: Contours, indices: np.ndarray, seed: int) -> dict:
    """Draw illusory figures and controls, whose objects are the inducers.

    Their class is inducer, their rotation the way that the cut points, counter-clockwise from the
    right; figures of fewer corners leave objects of class -1. Design variables: ``condition``
    (illusory, control), ``figure``, ``figure_corners``, ``figure_x``, ``figure_y``, ``figure_radius``,
    ``figure_rotation``; :func:`surface` gives the figure's pixels, which do not differ from the
    background. Conditions are balanced to within one in every first n images, conditions and figures
    crossed. The label is the ``condition``.
    """
    factors = {"condition": 2, "figure": len(parameters.corners)}
    levels = crossed(indices, factors.values(), seed, STREAM)
    corners = np.array(parameters.corners)[levels[:, 1]]
    arrays = stacked(
        _figure(parameters, generator(seed, STREAM, i), count, control == 1)
        for i, count, control in zip(indices, corners, levels[:, 0], strict=True)
    )
    condition = labels(("illusory", "control"), levels[:, 0])
    place = {name: arrays.pop(f"figure_{name}") for name in ("x", "y", "radius", "rotation")}
    return dict(
        arrays=arrays,
        categories=("inducer",),
        label=condition,
        design={
            "condition": (condition, "whether the cuts form a figure", "1"),
            "figure": (np.array([FIGURES[count] for count in corners], object), "figure of the corners", "1"),
            "figure_corners": (corners, "number of corners", "1"),
            "figure_x": (place["x"], "centre of the figure from the left edge", "pixel"),
            "figure_y": (place["y"], "centre of the figure from the upper edge", "pixel"),
            "figure_radius": (place["radius"], "distance of its corners from its centre", "pixel"),
            "figure_rotation": (place["rotation"], "rotation of the figure", "degree"),
        },
        factors=factors,
    )


def surface(stimuli: xr.Dataset) -> xr.DataArray:
    """Give the pixels (stimulus, y, x) of the figure that the inducers surround, seen or not."""
    shape = (stimuli.sizes["y"], stimuli.sizes["x"])
    masks = np.zeros((stimuli.sizes["stimulus"], *shape), bool)
    columns = (stimuli[f"figure_{name}"].values for name in ("corners", "x", "y", "radius", "rotation"))
    for mask, count, x, y, radius, rotation in zip(masks, *columns, strict=True):
        blank = np.zeros((*shape, 1))
        mask[:] = drawing.paint(blank, drawing.polygon(_corners(count, x, y, radius, rotation)), 1.0)
    attributes = {"long_name": "pixels of the figure that the inducers surround", "units": "1"}
    return xr.DataArray(
        masks, {d: stimuli[d] for d in ("stimulus", "y", "x")}, ("stimulus", "y", "x"), attrs=attributes
    )


def _inducer(parameters: Contours, corners: int) -> float:
    """Radius of an inducer in units of the smaller side: two of them draw the support ratio of a side."""
    return parameters.support * parameters.radius * np.sin(np.pi / corners)


def _corners(count: int, x: float, y: float, radius: float, rotation: float) -> np.ndarray:
    """(corner, 2) in pixels; the figure stands on a side."""
    angle = np.deg2rad(rotation + 90 + 360 * (np.arange(count) + (0.5 if count % 2 == 0 else 0)) / count)
    return np.column_stack([x + radius * np.cos(angle), y - radius * np.sin(angle)])


def _figure(parameters: Contours, random: np.random.Generator, count: int, control: bool) -> dict[str, np.ndarray]:
    """Draw one figure."""
    p, (height, width) = parameters, parameters.size
    radius, disk = (share * min(p.size) for share in (p.radius, _inducer(p, count)))
    turn, *jitter = random.random(3) * 2 - 1
    middle = np.array([width, height]) / 2
    centre = middle + np.minimum(p.jitter * min(p.size), middle - radius - disk) * jitter
    rotation = p.rotation * turn
    corners = _corners(count, *centre, radius, rotation)
    inward = np.rad2deg(np.arctan2(corners[:, 1] - centre[1], centre[0] - corners[:, 0]))
    facing = inward + 180 if control else inward
    half_angle = np.pi / 2 - np.pi / count  # half the angle at a corner of the polygon
    slots = max(p.corners)
    image, mask = drawing.canvas(p.size, p.background), np.zeros((slots, *p.size), bool)
    for k in range(count):
        mask[k] = drawing.paint(image, _pacman(*corners[k], disk, facing[k], half_angle), p.ink, (*corners[k], disk))
    values = {"x": corners[:, 0], "y": corners[:, 1], "radius": np.full(count, disk), "rotation": facing % 360}
    return {
        "image": drawing.quantised(image),
        "object_mask": mask,
        **filled_up(np.zeros(count, int), values, slots),
        **{f"figure_{name}": v for name, v in zip("xy", centre, strict=True)},
        "figure_radius": np.float64(radius),
        "figure_rotation": np.float64(rotation),
    }


def _pacman(centre_x: float, centre_y: float, radius: float, facing: float, half_angle: float) -> drawing.Distance:
    """A disk without the sector that points to ``facing`` (degrees, counter-clockwise from the right)."""
    cosine, sine = np.cos(np.deg2rad(facing)), np.sin(np.deg2rad(facing))

    def distance(x, y):
        right, up = x - centre_x, centre_y - y
        ahead, aside = cosine * right + sine * up, np.abs(cosine * up - sine * right)
        sector = aside * np.cos(half_angle) - ahead * np.sin(half_angle)  # negative inside, as the sector is convex
        return np.maximum(np.hypot(right, up) - radius, -sector)

    return distance


CONTOURS = Family(
    "contours",
    "Kanizsa figures and their controls",
    Contours,
    draw,
    for_models=Contours(rotation=15.0),
    course=presented_on_plain,
)
