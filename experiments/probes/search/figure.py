"""The search figure: how well a target is told from its absence among more and more items."""

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
from experiments.probes.search.summary import search_summary

__all__ = ["FIGURE", "search"]


def search(table: Table, style: Style, gain: float | None = None) -> Layout:
    """Draw d' and the maps' accuracy over set size, and the slopes.

    Parameters
    ----------
    table : of ``search_summary``.
    style : sizes and colours.
    gain : gain that is shown, the nearest in the record; the middle one, if left out.
    """
    shown, looks = table.at(gain), style.looks_of(table.values("prior"))
    sizes, slopes = shown.rows[shown.rows["set_size"] != "slope"], shown.of(set_size="slope")
    panels = [
        Panel(
            partial(_over_size, sizes, "d_prime", looks, table.models, 0.0, "d′, present against absent"),
            "target",
            "Sensitivity d′ with which the log odds of the class that is looked for tell presence from absence.",
        ),
        Panel(
            partial(_over_size, sizes, "map_auc", looks, table.models, 0.5, "area under the ROC"),
            "weights of the prior",
            "Area under the ROC with which the prior's weights find the target among the other items (line: chance).",
        ),
    ]
    if len(slopes):
        told = "Slope of d′ over set size."
        panels.append(table.dots("search slope", told, slopes, "d_prime", list(looks), 0, looks, xlabel="d′ per item"))
    return shown.layout(panels, "Visual search", (1, 3), keys_of(looks, table.models))


def _over_size(
    rows: pd.DataFrame, name: str, looks: dict, models: dict, reference: float, label: str, axes: Axes
) -> None:
    """A measure over set size, a line for each prior that has it."""
    having = {prior: look for prior, look in looks.items() if rows[rows["prior"] == prior][name].notna().any()}
    draw_lines_by(axes, rows.assign(set_size=rows["set_size"].astype(float)), "set_size", name, "prior", having, models)
    draw_reference(axes, y=reference)
    axes.set(xlabel="set size (items)", ylabel=label)
    axes.set_xticks(np.unique(rows["set_size"].astype(float)))
    axes.margins(x=0.1)


FIGURE = Figure(
    "search",
    "search by set size, and its slopes",
    reads=("search",),
    needs=("logits",),
    table=search_summary,
    resamples=500,
    draw=search,
)
