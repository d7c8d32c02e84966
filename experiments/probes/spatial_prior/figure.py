"""The cueing figure: what attention to a place is worth to a target, by its distance and its width."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.figures.panels import (  # fmt: skip
    Panel,
    draw_interval_lines,
    draw_interval_rows,
    draw_reference,
    keys_of,
    model_looks,
    page_of_panels,
)
from experiments.figures.record_table import RESAMPLES, Table, nearest_gain, table_of
from experiments.figures.style import STYLE, Style
from experiments.probes.spatial_prior.summary import spatial_prior_summary

__all__ = ["TITLES", "cueing"]

TITLES = ("spatial prior",)
CONTROLS = ("random vector", "shuffled place", "neutral")
NAMES = {"place": "at the target", "neutral": "no cue"}


def cueing(
    records: xr.Dataset | Sequence[xr.Dataset], style: Style = STYLE, gain: float | None = None, n: int = RESAMPLES
) -> Figure:
    """Draw the benefit of attention by its distance from the target, the gradient, and the controls.

    Parameters
    ----------
    records : of ``experiments.probes.spatial_prior.probe``, one or several of different models.
    style : sizes and colours.
    gain : gain that is shown, the nearest in the record; the middle one, if left out.
    n : bootstrap resamples.

    Returns
    -------
    Figure; its label, ``figure.get_label()``, is the caption.

    Raises
    ------
    ValueError : a record of another kind, or two of one model.
    """
    table = table_of(records, "cueing", TITLES, spatial_prior_summary, n)
    gain = nearest_gain(table.rows, gain)
    places = table.of(gain=gain, prior="place")
    widths = np.unique(places["width"])
    looks = dict(zip([f"SD {width:g}" for width in widths], style.shades(len(widths)), strict=True))
    models = model_looks(table.models)
    keys = keys_of(looks, models)
    middle = float(widths[len(widths) // 2])
    panels = [
        Panel(
            partial(_by_distance, table, gain, widths, looks, models), "benefit over diffuse attention",
            "Share of targets that are named with a spotlight of the given standard deviation (SD, in units of the "
            "picture's side) minus that under diffuse attention of the same gain, by the distance of the spotlight "
            "from the target.",
        ),
        Panel(
            partial(_gradient, table, gain, widths, models), "gradient of attention",
            "Least-squares slope of the benefit over distance, per 100 pixels.", left=16, rows=len(widths),
        ),
        Panel(
            partial(_controls, table, gain, middle, models), "benefit of each cue",
            f"Benefit of the spotlight on the target (SD {middle:g}) and of the control cues.", left=22, rows=4,
        ),
    ]  # fmt: skip
    if "gradient" not in set(table.of(gain=gain)["prior"]):  # one distance only
        del panels[1]
    figure = page_of_panels(panels, style, (1, 3), keys)
    figure.set_label(table.caption(f"Attention to a place, gain {gain:g}", panels))
    return figure


def _by_distance(table: Table, gain, widths, looks, models, axes: Axes) -> None:
    """Benefit over distance, a line a width."""
    for model, dashes in models.items():
        for k, (width, look) in enumerate(zip(widths, looks.values(), strict=True)):
            rows = table.of(model=model, gain=gain, prior="place", width=width).sort_values("distance")
            draw_interval_lines(axes, rows["distance"], rows, "benefit", look | dashes, shift=1.5 * k)
    draw_reference(axes, y=0)
    axes.set(xlabel="distance from the target (pixels)", ylabel="benefit (share of targets)")
    axes.locator_params(nbins=5)


def _gradient(table: Table, gain, widths, models, axes: Axes) -> None:
    """Slope of the benefit, a row a width."""
    rows = table.of(gain=gain, prior="gradient").assign(row=lambda rows: rows["width"].map("SD {:g}".format))
    draw_interval_rows(axes, [f"SD {width:g}" for width in widths], rows, "benefit", models)
    draw_reference(axes, x=0)
    axes.set(xlabel="benefit per 100 pixels")


def _controls(table: Table, gain, width: float, models, axes: Axes) -> None:
    """Benefit of the spotlight on the target and of the controls, a row each."""
    rows = table.of(gain=gain)
    at_target = (rows["angle"] == 0) & (rows["width"] == width) & (rows["prior"] == "place")
    rows = rows[at_target | rows["prior"].isin(CONTROLS)].assign(row=lambda rows: rows["prior"].replace(NAMES))
    draw_interval_rows(axes, list(dict.fromkeys(rows["row"])), rows, "benefit", models)
    draw_reference(axes, x=0)
    axes.set(xlabel="benefit (share of targets)")
