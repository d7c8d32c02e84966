"""Browsing: any variable of a record, reduced to what one figure shows; lazy, whatever the size of the store."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from scipy import stats

__all__ = ["MOST", "PICTURE_DIMS", "View", "browsable", "reduced"]

PICTURE_DIMS = {"token_x": "token_y", "x": "y"}  # what lies across, and what lies down
LEVEL = 0.95  # of intervals
MOST = 12  # lines or panels that can be told apart


@dataclass(frozen=True)
class View:
    """What to show of a record.

    Parameters
    ----------
    variable : name of the variable.
    across : dimension of the horizontal axis; "token_x" or "x" shows pictures.
    colour : dimension whose members get a line each; "" for none.
    facet : dimension whose members get a panel each; "" for none.
    average : dimension to average over, with a 95 % interval of the mean; "" for none.
    at : position on every other dimension, as pairs of name and index; 0 where nothing is given. Where
        stimuli lie across, it may tell the one that is marked and whose picture is shown.
    """

    variable: str
    across: str
    colour: str = ""
    facet: str = ""
    average: str = ""
    at: tuple[tuple[str, int], ...] = ()


def browsable(record: xr.Dataset) -> list[str]:
    """List the variables of numbers that a figure can show.

    Parameters
    ----------
    record : any record.

    Raises
    ------
    ValueError : there is none.
    """
    names = [name for name, values in record.data_vars.items() if values.ndim and values.dtype.kind in "fiub"]
    if not names:
        raise ValueError("the record holds no variable of numbers with a dimension: nothing to show")
    return [str(name) for name in names if name != "done"]


def reduced(record: xr.Dataset, view: View) -> xr.Dataset:
    """Select and average what a view shows; nothing else is read, and an average is taken a chunk at a time.

    Parameters
    ----------
    record : any record, lazy or in memory; stimuli that are not done are left out of averages.
    view : what to show.

    Returns
    -------
    Dataset in memory: estimate, low and high over (facet, colour, across), or estimate over (facet, down,
    across, channel) for pictures. low and high are the ends of Student's 95 % interval of the mean, and NaN
    where nothing is averaged or a single value is.

    Raises
    ------
    ValueError : the record has no such variable or dimension, or a dimension is used twice.
    """
    if view.variable not in record.data_vars:
        raise ValueError(f"the record has no variable {view.variable!r}; it has {', '.join(browsable(record))}")
    values = record[view.variable]
    down = PICTURE_DIMS.get(view.across, "")
    used = [dim for dim in (view.across, down, view.colour, view.facet, view.average) if dim]
    missing = [dim for dim in used if dim not in values.dims]
    if missing or len(set(used)) < len(used):
        raise ValueError(f"{view.variable} has the dimensions {', '.join(map(str, values.dims))}; got {used}")
    if down and view.colour:
        raise ValueError("pictures have no lines to colour: leave out colour, or choose another axis")
    for dim in (view.colour, view.facet):
        if dim and values.sizes[dim] > MOST:
            raise ValueError(f"{dim} has {values.sizes[dim]} members, too many to tell apart: {MOST} at most")
    kept = {*used, "channel"} if down else set(used)
    at = {str(dim): 0 for dim in values.dims if dim not in kept}
    at |= {dim: index for dim, index in view.at if dim in at}
    outside = [dim for dim, index in at.items() if not -values.sizes[dim] <= index < values.sizes[dim]]
    if outside:
        raise ValueError(f"{outside[0]} has positions 0 to {values.sizes[outside[0]] - 1}, got {at[outside[0]]}")
    values = values.isel(at)
    if view.average == "stimulus" and "done" in record:
        values = values.isel(stimulus=np.flatnonzero(record["done"].values == 1))
    values = values.astype(np.float32) if values.dtype.kind == "f" else values.astype(float)
    mean = values.mean(view.average) if view.average else values.compute()
    reach = _reach(values, view.average) if view.average else xr.full_like(mean, np.nan)
    order = [dim for dim in (view.facet, view.colour, down, view.across) if dim]
    found = {"estimate": mean} if down else {"estimate": mean, "low": mean - reach, "high": mean + reach}
    return xr.Dataset(found).transpose(*order, ...).compute()


def _reach(values: xr.DataArray, dim: str) -> xr.DataArray:
    """Half of Student's interval of the mean, which also holds for a few trained models; NaN values are left out."""
    n = values.count(dim)
    widths = xr.apply_ufunc(stats.t.ppf, (1 + LEVEL) / 2, n - 1, dask="parallelized", output_dtypes=[float])
    return widths * values.std(dim, ddof=1) / np.sqrt(n)
