"""Another size: of a picture, or of a stimulus set with its masks and all that is counted in pixels."""

from __future__ import annotations

import numpy as np
import xarray as xr
from PIL import Image

__all__ = ["resized", "set_resized"]


def set_resized(stimuli: xr.Dataset, size: tuple[int, int]) -> xr.Dataset:
    """Bring stimuli to a size of the same shape; a ValueError tells of another one.

    Pictures become bicubic ones, masks nearest pixels; the attribute ``resized_from`` says whence. What
    is told in degrees of visual angle stays, as if the picture were looked at from as much nearer or
    farther away.
    """
    former = (stimuli.sizes["y"], stimuli.sizes["x"])
    if former[0] * size[1] != former[1] * size[0]:
        raise ValueError(f"stimuli of (y, x) = {former} pixels cannot be resized to {size}, which is another shape")
    scale = size[0] / former[0]
    changed = {}
    for name, variable in stimuli.variables.items():
        if name in ("y", "x"):
            values = np.arange(size[name == "x"]) + 0.5
        elif name == "image":
            values = np.stack([resized(picture, size) for picture in variable.values])
        elif variable.dims[-2:] == ("y", "x"):
            rows, columns = (((np.arange(n) + 0.5) / scale).astype(int) for n in size)
            values = variable.values[..., rows[:, None], columns]
        else:
            values = variable.values * scale if variable.attrs.get("units") == "pixel" else variable.values
        changed[name] = xr.Variable(variable.dims, values, variable.attrs)
    dataset = xr.Dataset({name: changed[name] for name in stimuli.data_vars}, attrs=stimuli.attrs)
    coordinates = {name: changed[name] for name in stimuli.coords}
    return dataset.assign_coords(coordinates).assign_attrs(resized_from=list(former))


def resized(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Bring a photograph (y, x, 3) uint8 to a size, whatever its aspect ratio."""
    picture = np.asarray(picture)
    if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8:
        raise ValueError(f"a photograph must be (y, x, 3) uint8, got shape {picture.shape} and {picture.dtype}")
    return np.asarray(Image.fromarray(picture).resize(size[::-1], Image.Resampling.BICUBIC))
