"""The cueing figure: what attention to a place is worth to a target, by its distance and its width."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from experiments.figures.figure import Figure
from experiments.figures.layout import Layout
from experiments.figures.panels import Panel, draw_lines_by, draw_reference, keys_of
from experiments.figures.record_table import Table
from experiments.figures.style import Style
from experiments.probes.spatial_prior.summary import spatial_prior_summary

__all__ = ["FIGURE", "cueing"]

CONTROLS = ("random vector", "shuffled place", "neutral")
NAMES = {"place": "at the target", "neutral": "no cue"}


def cueing(table: Table, style: Style, gain: float | None = None) -> Layout:
    """Draw the benefit of attention by its distance from the target, the gradient, and the controls."""
    shown, models = table.at(gain), table.models
    places, gradients = shown.of(prior="place"), shown.of(prior="gradient")
    widths = np.unique(places["width"])
    shades = dict(zip(widths, style.shades(len(widths)), strict=True))
    names = [f"SD {width:g}" for width in widths]
    middle = float(widths[len(widths) // 2])
    controls = _controls(shown.rows, middle)
    panels = [
        Panel(
            partial(_by_distance, places, shades, models),
            "benefit over diffuse attention",
            "Share of targets that are named with a spotlight of the given standard deviation (SD, in units "
            "of the picture's side) minus that under diffuse attention of the same gain, by the distance of "
            "the spotlight from the target.",
        ),
        table.dots(
            "gradient of attention",
            "Least-squares slope of the benefit over distance, per 100 pixels.",
            gradients.assign(row=gradients["width"].map("SD {:g}".format)),
            "benefit",
            names,
            reference=0,
            left=16,
            xlabel="benefit per 100 pixels",
        ),
        table.dots(
            "benefit of each cue",
            f"Benefit of the spotlight on the target (SD {middle:g}) and of the control cues.",
            controls,
            "benefit",
            list(dict.fromkeys(controls["row"])),
            reference=0,
            left=22,
            xlabel="benefit (share of targets)",
        ),
    ]
    if gradients.empty:  # one distance only
        del panels[1]
    keys = keys_of(dict(zip(names, shades.values(), strict=True)), models)
    return shown.layout(panels, "Attention to a place", (1, 3), keys)


def _by_distance(places: pd.DataFrame, shades: dict, models: dict, axes: Axes) -> None:
    """Benefit over distance, a line a width."""
    draw_lines_by(axes, places, "distance", "benefit", "width", shades, models)
    draw_reference(axes, y=0)
    axes.set(xlabel="distance from the target (pixels)", ylabel="benefit (share of targets)")
    axes.locator_params(nbins=5)


def _controls(rows: pd.DataFrame, width: float) -> pd.DataFrame:
    """Benefit of the spotlight on the target and of the controls, a row each."""
    at_target = (rows["angle"] == 0) & (rows["width"] == width) & (rows["prior"] == "place")
    return rows[at_target | rows["prior"].isin(CONTROLS)].assign(row=lambda rows: rows["prior"].replace(NAMES))


FIGURE = Figure(
    "spatial_prior",
    "benefit of a place cue by distance, and the gradient of attention",
    reads=("spatial_prior",),
    needs=("logits",),
    table=spatial_prior_summary,
    draw=cueing,
    formerly=("cueing",),
)
