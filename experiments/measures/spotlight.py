"""Spotlight: what attention to a place is worth to a target, by its distance and its width."""

from __future__ import annotations

import numpy as np
import xarray as xr

__all__ = ["attention_gradient", "benefit_by_place", "cue_distance"]


def cue_distance(record: xr.Dataset) -> xr.DataArray:
    """Distance from the target to where attention was sent, 2 e sin(angle / 2), e the target's eccentricity.

    Parameters
    ----------
    record : spatial-prior record.

    Returns
    -------
    (angle, stimulus) in pixels.
    """
    angles = np.unique(record["angle"].values[~np.isnan(record["angle"].values)])
    right = record["x_1"].values - record.sizes["x"] / 2
    down = record["y_1"].values - record.sizes["y"] / 2
    distance = 2 * np.hypot(right, down) * np.sin(np.deg2rad(angles) / 2)[:, None]
    return xr.DataArray(
        distance, {"angle": angles}, ("angle", "stimulus"),
        attrs={"long_name": "distance from the target to the centre of attention", "units": "pixel"},
    )  # fmt: skip


def benefit_by_place(values: xr.DataArray, baseline: str = "diffuse") -> xr.DataArray:
    """Benefit of attention to each place with each width over attention to all places alike, at the same gain.

    Parameters
    ----------
    values : recognition, evidence or another measure (..., prior, stimulus) with the coordinates ``kind``,
        ``angle`` and ``width``.
    baseline : name of the prior that is subtracted: "diffuse", or "neutral" for the model's own prompt.

    Returns
    -------
    (..., angle, width, stimulus), positive = attention there helps the target (angle 0) or does so from afar.
    Its values over angles are the gradient of attention (LaBerge 1983), those over widths at angle 0 its size
    tuning.

    Raises
    ------
    ValueError : the record lacks the baseline, or holds no places.
    """
    names = list(values["prior"].values)
    if baseline not in names or "place" not in values["kind"].values:
        raise ValueError(f"expected places and a prior {baseline!r}, the record holds {names}")
    places = np.flatnonzero(values["kind"].values == "place")
    angles, widths = (np.unique(values[name].values[places]) for name in ("angle", "width"))
    at = {(values["angle"].values[k], values["width"].values[k]): k for k in places}
    grid = [[at[angle, width] for width in widths] for angle in angles]
    bare = values.drop_vars([name for name, of in values.coords.items() if "prior" in of.dims])
    chosen = bare.isel(prior=xr.DataArray(grid, dims=("angle", "width"))).assign_coords(angle=angles, width=widths)
    base = bare.isel(prior=names.index(baseline))
    found = (chosen.astype(float) - base.astype(float)).transpose(..., "angle", "width", "stimulus")
    return found.rename(None).assign_attrs(long_name=f"benefit over {baseline}", units="1")


def attention_gradient(benefit: xr.DataArray, distance: xr.DataArray) -> xr.DataArray:
    """Least-squares slope of the benefit against the distance, for each stimulus.

    Parameters
    ----------
    benefit : (..., angle, width, stimulus) as :func:`benefit_by_place` gives.
    distance : (angle, stimulus) as :func:`cue_distance` gives.

    Returns
    -------
    (..., width, stimulus) benefit per pixel, negative = the farther from the target, the less; NaN where
    attention went to one distance only.
    """
    centred = distance - distance.mean("angle")
    spread = (centred**2).sum("angle")
    slopes = (benefit * centred).sum("angle", skipna=False) / spread.where(spread > 0)
    return slopes.transpose(..., "width", "stimulus").assign_attrs(long_name="benefit per pixel", units="1 / pixel")
