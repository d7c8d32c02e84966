"""Degrees of visual angle: where and how large things are for an observer at a stated distance."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import xarray as xr

__all__ = ["Viewing", "in_degrees"]


@dataclass(frozen=True)
class Viewing:
    """How the stimuli are to be seen.

    Parameters
    ----------
    viewing_distance
        From the eye to the screen, in cm.
    pixel_pitch
        Distance between the screen's pixels, in mm; the default is a screen of 96 pixels per inch.
    pixels_per_degree
        Taken as given instead of the other two, where it stands.
    """

    viewing_distance: float = 57.0
    pixel_pitch: float = 0.2646
    pixels_per_degree: float | None = None

    def __post_init__(self) -> None:
        for name in ("viewing_distance", "pixel_pitch", "pixels_per_degree"):
            value = getattr(self, name)
            if value is not None and not 0 < value < math.inf:
                raise ValueError(f"{name} must be a finite number above 0, got {value}")

    @property
    def resolution(self) -> float:
        """Pixels in a degree of visual angle at the centre of the screen."""
        degree = 2 * self.viewing_distance * math.tan(math.radians(0.5))
        return self.pixels_per_degree or 10 * degree / self.pixel_pitch


def in_degrees(dataset: xr.Dataset, viewing: Viewing) -> xr.Dataset:
    """Add every length and place that is known in pixels in degrees of visual angle, too.

    Each variable whose unit is the pixel gets a ``NAME_degree``. Names that end in ``_x`` or ``_y`` are
    places: degrees count from the centre of the picture, to the right and upwards, as PsychoPy's do.
    Attributes tell the viewing conditions (0 cm and 0 mm where the resolution was given) and pixels per
    degree.
    """
    places = {"_x": ("to the right", dataset.sizes["x"] / 2, 1), "_y": ("upwards", dataset.sizes["y"] / 2, -1)}
    added = {}
    for name, variable in dataset.data_vars.items():
        if variable.attrs.get("units") != "pixel":
            continue
        text, values = variable.attrs["long_name"], variable.values.astype(np.float64)
        if str(name)[-2:] in places:
            side, centre, sign = places[str(name)[-2:]]
            text, values = (
                f"{text.split(' from the ')[0]} from the centre of the picture {side}",
                sign * (values - centre),
            )
        attributes = {"long_name": text, "units": "degree of visual angle"}
        degrees = (values / viewing.resolution).astype(np.float32)
        added[f"{name}_degree"] = xr.Variable(variable.dims, degrees, attributes)
    given = viewing.pixels_per_degree is not None
    return dataset.assign(added).assign_attrs(
        pixels_per_degree=float(viewing.resolution),
        viewing_distance_cm=0.0 if given else float(viewing.viewing_distance),
        pixel_pitch_mm=0.0 if given else float(viewing.pixel_pitch),
    )
