"""The contour figure: evidence for illusory figures against that for their turned inducers."""

from __future__ import annotations

from experiments.figures.figure import Figure
from experiments.figures.layout import Layout
from experiments.figures.panels import keys_of
from experiments.figures.record_table import Table
from experiments.figures.style import Style
from experiments.probes.contours.summary import contours_summary

__all__ = ["FIGURE", "contours"]

PANELS = {
    "effect": (
        "evidence for the figure",
        "log odds (nat), illusory − turned",
        "difference of the log odds of the figure's class (line: no illusion).",
    ),
    "surface": (
        "weights on the surface",
        "share of weights, illusory − turned",
        "difference of the share of the prior's weights that lie on the surface between the inducers, not on these.",
    ),
}


def contours(table: Table, style: Style, gain: float | None = None) -> Layout:
    """Draw by how much illusory figures exceed their turned inducers, for each figure and prior."""
    shown, names = table.at(gain), table.values("prior")
    panels = []
    for figure in table.values("figure"):
        for name, (title, label, told) in PANELS.items():
            rows = shown.of(figure=figure).dropna(subset=[name])
            if len(rows):
                title, told = f"{figure}: {title}", f"{figure.capitalize()}: {told}"
                panels.append(table.dots(title, told, rows, name, names, reference=0, xlabel=label))
    return shown.layout(
        panels, "Illusory figures against the same inducers turned outwards", (1, 2), keys_of({}, table.models)
    )


FIGURE = Figure(
    "contours",
    "illusory figures against turned inducers",
    reads=("contours",),
    needs=("logits",),
    table=contours_summary,
    draw=contours,
)
