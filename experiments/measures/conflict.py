"""Cue conflict: whether the category of a picture's shape or that of its texture is answered."""

from __future__ import annotations

import numpy as np
import xarray as xr

from experiments.measures.localisation import described
from experiments.measures.targets import reported

__all__ = ["in_conflict", "shape_decides"]


def in_conflict(record: xr.Dataset) -> xr.Dataset:
    """Keep the pictures whose shape and texture are of different categories.

    Parameters
    ----------
    record : of cue_conflict, with class_1, the shape's category, and class_2, the texture's.

    Raises
    ------
    ValueError : they are of the same in every picture.
    """
    differ = record["class_1"].values != record["class_2"].values
    if not differ.any():
        raise ValueError(f"shape and texture agree in all {differ.size} pictures: there is no conflict to measure")
    return record if differ.all() else record.isel(stimulus=np.flatnonzero(differ))


def shape_decides(record: xr.Dataset) -> xr.DataArray:
    """Whether the answer is the shape's category rather than the texture's (Geirhos et al. 2019, ICLR).

    Parameters
    ----------
    record : as for :func:`in_conflict`, whose pictures alone have a value.

    Returns
    -------
    (..., iteration, prior, stimulus): 1 where the shape is answered, 0 where the texture is, NaN where neither
    is; its mean is the shape bias.
    """
    shape, texture = (reported(record, name) for name in ("class_1", "class_2"))
    decided = shape.astype(float).where(shape != texture)
    return described(decided, "the shape's category is answered, not the texture's")
