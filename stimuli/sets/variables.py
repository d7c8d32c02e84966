"""The variables of a stimulus set: their names, what they mean, and which columns of a table they fill."""

from __future__ import annotations

import keyword
from collections.abc import Mapping

import numpy as np
import xarray as xr

__all__ = ["DESCRIPTIONS", "MASKS", "columns_of", "dataset_of", "mask_columns"]

PER_OBJECT = ("stimulus", "object")
MASKS = (*PER_OBJECT, "y", "x")
DESCRIPTIONS = {
    "image": ("stimulus picture", "1", ("stimulus", "y", "x", "channel")),
    "object_class": ("category of each object", "1", PER_OBJECT),
    "object_mask": ("pixels where each object is seen", "1", MASKS),
    "object_x": ("centre of each object from the left edge", "pixel", PER_OBJECT),
    "object_y": ("centre of each object from the upper edge", "pixel", PER_OBJECT),
    "object_radius": ("radius of each object's frame", "pixel", PER_OBJECT),
    "object_rotation": ("rotation of each object", "degree", PER_OBJECT),
    "object_hue": ("hue of each object", "degree", PER_OBJECT),
    "label": ("class that the stimulus counts as in a class folder", "1", ("stimulus",)),
    "object_side": ("half of the image that holds each object", "1", PER_OBJECT),
}
DERIVED = ("stimulus", "image", "category")  # columns that stand for no variable, and coordinates
COORDINATES = ("y", "x", "channel", "object")


def dataset_of(arrays: Mapping[str, np.ndarray], numbers: np.ndarray, described: Mapping[str, tuple]) -> xr.Dataset:
    """Put arrays together, with names, units and coordinates; strings are of dtype object.

    ``described`` gives (long name, units, dims) by variable name. A ValueError tells of a variable that
    is not described, or could not be a column of a table or a file of masks.
    """
    _check_names(arrays, described)
    _, height, width, _ = arrays["image"].shape
    variables = {}
    for name, values in arrays.items():
        long_name, units, dims = described[name]
        values = values.astype(object) if values.dtype.kind == "U" else values
        variables[name] = xr.Variable(dims, values, {"long_name": long_name, "units": units})
    pixels = {"units": "pixel"}
    coordinates = {
        "stimulus": ("stimulus", numbers, {"long_name": "number of the stimulus in its set"}),
        "y": ("y", np.arange(height) + 0.5, {"long_name": "pixel centre from the upper edge", **pixels}),
        "x": ("x", np.arange(width) + 0.5, {"long_name": "pixel centre from the left edge", **pixels}),
        "channel": ("channel", np.array(["red", "green", "blue"], object), {"long_name": "colour channel"}),
    }
    return xr.Dataset(variables, coordinates)


def columns_of(name: str, dims: tuple[str, ...], n_objects: int) -> list[str]:
    """Name the columns of a variable: its name, or for one of the objects (object_x) x_0, x_1 ..."""
    stem = name.removeprefix("object_")
    return [f"{stem}_{k}" for k in range(n_objects)] if "object" in dims else [name]


def mask_columns(variables: Mapping[str, Mapping]) -> list[str]:
    """Name the columns that hold names of masks."""
    masks = [about["columns"] for about in variables.values() if tuple(about["dims"]) == MASKS]
    return [column for columns in masks for column in columns]


def _check_names(arrays: Mapping[str, np.ndarray], described: Mapping[str, tuple]) -> None:
    """Refuse variables that would not come back from a table as they were."""
    taken = set(DERIVED)
    for name, values in arrays.items():
        if name not in described:
            raise ValueError(f"the variable {name!r} is not described: give its dims, long name and units")
        dims = described[name][2]
        if name == "image":
            continue
        if dims not in (("stimulus",), PER_OBJECT, MASKS) or values.ndim != len(dims):
            raise ValueError(f"{name} has dims {dims} and shape {values.shape}; a set cannot hold that")
        columns = columns_of(name, dims, values.shape[1] if "object" in dims else 1)
        for column in columns:
            if column in taken or column in COORDINATES or not column.isidentifier() or keyword.iskeyword(column):
                raise ValueError(
                    f"{column!r} cannot be a column of a conditions file, or is one already: rename {name}"
                )
        taken |= set(columns)
