"""The search figure: how well a target is told from its absence among more and more items."""

from __future__ import annotations

import numpy as np

from experiments.figures.figure import Figure
from experiments.figures.layout import Layout
from experiments.figures.panels import Panel, keys_of
from experiments.figures.record_table import Table
from experiments.figures.style import Style
from experiments.probes.search.summary import search_summary

__all__ = ["FIGURE", "search"]


def search(table: Table, style: Style, gain: float | None = None) -> Layout:
    """Draw d' and the maps' accuracy over set size, and the slopes."""
    shown, looks = table.at(gain), style.looks_of(table.values("prior"))
    sizes, slopes = shown.rows[shown.rows["set_size"] != "slope"], shown.of(set_size="slope")
    sizes = sizes.assign(set_size=sizes["set_size"].astype(float))

    def over_size(name: str, title: str, told: str, reference: float, label: str) -> Panel:
        having = {prior: looks[prior] for prior in looks if sizes[sizes["prior"] == prior][name].notna().any()}
        ticks = {"xticks": np.unique(sizes["set_size"]), "xmargin": 0.1, "xlabel": "set size (items)", "ylabel": label}
        return table.lines(title, told, sizes, "set_size", name, "prior", having, reference, **ticks)

    panels = [
        over_size(
            "d_prime",
            "target",
            "Sensitivity d′ with which the log odds of the class that is looked for tell presence from absence.",
            0.0,
            "d′, present against absent",
        ),
        over_size(
            "map_auc",
            "weights of the prior",
            "Area under the ROC with which the prior's weights find the target among the other items (line: chance).",
            0.5,
            "area under the ROC",
        ),
    ]
    if len(slopes):
        told = "Slope of d′ over set size."
        panels.append(table.dots("search slope", told, slopes, "d_prime", list(looks), 0, looks, xlabel="d′ per item"))
    return shown.layout(panels, "Visual search", (1, 3), keys_of(looks, table.models))


FIGURE = Figure(
    "search",
    "search by set size, and its slopes",
    reads=("search",),
    needs=("logits",),
    table=search_summary,
    resamples=500,
    draw=search,
)
