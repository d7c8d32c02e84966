"""The contour figure: evidence for illusory figures against that for their turned inducers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.figures.panels import Panel, draw_interval_rows, draw_reference, keys_of, model_looks, page_of_panels
from experiments.figures.record_table import RESAMPLES, Table, nearest_gain, table_of
from experiments.figures.style import STYLE, Style
from experiments.probes.contours.summary import contours_summary

__all__ = ["TITLES", "contours"]

TITLES = ("contours",)
PANELS = {
    "effect": (
        "evidence for the figure", "log odds (nat), illusory − turned",
        "Difference of the log odds of the figure's class (line: no illusion).",
    ),
    "surface": (
        "weights on the surface", "share of weights, illusory − turned",
        "Difference of the share of the prior's weights that lie on the surface between the inducers, not on these.",
    ),
}  # fmt: skip


def contours(
    records: xr.Dataset | Sequence[xr.Dataset], style: Style = STYLE, gain: float | None = None, n: int = RESAMPLES
) -> Figure:
    """Draw by how much illusory figures exceed their turned inducers, for each figure and prior.

    Parameters
    ----------
    records : of ``experiments.probes.contours.probe``, one or several of different models.
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
    table = table_of(records, "contours", TITLES, contours_summary, n)
    gain = nearest_gain(table.rows, gain)
    figures, names = (list(dict.fromkeys(table.rows[name])) for name in ("figure", "prior"))
    models = model_looks(table.models)
    panels = [
        Panel(
            partial(_rows, table, gain, figure, name, names, models, label), f"{figure}: {title}",
            f"{figure.capitalize()}: {text[0].lower()}{text[1:]}", left=23, rows=len(names),
        )
        for figure in figures for name, (title, label, text) in PANELS.items()
        if table.of(figure=figure)[name].notna().any()
    ]  # fmt: skip
    figure = page_of_panels(panels, style, (1, 2), keys_of({}, models))
    opening = f"Illusory figures against the same inducers turned outwards{'' if gain is None else f', gain {gain:g}'}"
    figure.set_label(table.caption(opening, panels))
    return figure


def _rows(table: Table, gain, figure: str, name: str, names, models, label: str, axes: Axes) -> None:
    """A measure of one figure, a row for each prior."""
    rows = table.of(figure=figure, **({} if gain is None else {"gain": gain})).dropna(subset=[name])
    draw_interval_rows(axes, names, rows.assign(row=rows["prior"]), name, models)
    draw_reference(axes, x=0)
    axes.set(xlabel=label)
