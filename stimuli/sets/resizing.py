"""A stimulus set at another size: pictures, masks, and everything that is counted in pixels."""

from __future__ import annotations

import numpy as np
import xarray as xr

from stimuli.pictures.photographs import resized

__all__ = ["set_resized"]


def set_resized(stimuli: xr.Dataset, size: tuple[int, int]) -> xr.Dataset:
    """Bring stimuli to a size of the same shape.

    Parameters
    ----------
    stimuli : as a stimulus set gives them.
    size : height and width in pixels.

    Returns
    -------
    The stimuli, bicubic pictures and nearest pixels of the masks; their attribute ``resized_from`` says whence. What
    is told in degrees of visual angle stays, as if the picture were looked at from as much nearer or farther away.

    Raises
    ------
    ValueError : the shape is another one.
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
