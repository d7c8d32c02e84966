"""The search figure: how well a target is told from its absence among more and more items."""

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
from experiments.figures.record_table import Table, nearest_gain, table_of
from experiments.figures.style import STYLE, Style
from experiments.probes.search.summary import search_summary

__all__ = ["TITLES", "search"]

TITLES = ("search",)


def search(
    records: xr.Dataset | Sequence[xr.Dataset], style: Style = STYLE, gain: float | None = None, n: int = 500
) -> Figure:
    """Draw d' and the maps' accuracy over set size, and the slopes.

    Parameters
    ----------
    records : of ``experiments.probes.search.probe``, one or several of different models.
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
    table = table_of(records, "search", TITLES, search_summary, n)
    gain = nearest_gain(table.rows, gain)
    names = list(dict.fromkeys(table.rows["prior"]))
    looks = dict(zip(names, style.looks(len(names)), strict=True))
    models = model_looks(table.models)
    panels = [
        Panel(
            partial(_over_size, table, gain, "d_prime", looks, models, "d′, present against absent"), "target",
            "Sensitivity d′ with which the log odds of the class that is looked for tell presence from absence.",
        ),
        Panel(
            partial(_over_size, table, gain, "map_auc", looks, models, "area under the ROC"), "weights of the prior",
            "Area under the ROC with which the prior's weights find the target among the other items (line: chance).",
        ),
    ]  # fmt: skip
    if "slope" in set(table.rows["set_size"]):
        slopes = partial(_slopes, table, gain, looks, models)
        panels.append(Panel(slopes, "search slope", "Slope of d′ over set size.", left=23, rows=len(names)))
    figure = page_of_panels(panels, style, (1, 3), keys_of(looks, models))
    figure.set_label(table.caption(f"Visual search{'' if gain is None else f', gain {gain:g}'}", panels))
    return figure


def _over_size(table: Table, gain, name: str, looks, models, label: str, axes: Axes) -> None:
    """A measure over set size, a line for each prior."""
    rows = table.of(**({} if gain is None else {"gain": gain}))
    rows = rows[rows["set_size"] != "slope"]
    rows = rows.assign(set_size=rows["set_size"].astype(float)).sort_values("set_size")
    for k, (prior, look) in enumerate(looks.items()):
        for model, dashes in models.items():
            chosen = rows[(rows["prior"] == prior) & (rows["model"] == model)]
            if chosen[name].notna().any():
                draw_interval_lines(axes, chosen["set_size"], chosen, name, look | dashes, shift=1.5 * k)
    draw_reference(axes, y=0.5 if name == "map_auc" else 0)
    axes.set(xlabel="set size (items)", ylabel=label)
    axes.set_xticks(np.unique(rows["set_size"]))
    axes.margins(x=0.1)


def _slopes(table: Table, gain, looks, models, axes: Axes) -> None:
    """Slope of d', a row for each prior."""
    rows = table.of(set_size="slope", **({} if gain is None else {"gain": gain}))
    draw_interval_rows(axes, list(looks), rows.assign(row=rows["prior"]), "d_prime", models, looks)
    draw_reference(axes, x=0)
    axes.set(xlabel="d′ per item")
