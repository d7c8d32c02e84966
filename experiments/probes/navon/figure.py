"""The Navon figure: which letter of a compound figure the answers are like, and congruency effects."""

from __future__ import annotations

from experiments.figures.figure import Figure
from experiments.figures.layout import Layout
from experiments.figures.panels import keys_of
from experiments.figures.record_table import Table
from experiments.figures.style import Style
from experiments.probes.navon.summary import navon_summary

__all__ = ["FIGURE", "navon"]

PANELS = {
    "told_global": (
        "global letter told",
        "share of incongruent figures",
        0.5,
        "Share of incongruent figures whose answer is rather like that to the global than to the local "
        "letter, by template matching of the logits (line: like neither).",
    ),
    "congruency_global": (
        "congruency, global letter",
        "congruent − incongruent",
        0.0,
        "By how much larger the share is whose global letter is told right in congruent than in incongruent figures.",
    ),
    "congruency_local": (
        "congruency, local letter",
        "congruent − incongruent",
        0.0,
        "The same of the local letter.",
    ),
}


def navon(table: Table, style: Style, gain: float | None = None) -> Layout:
    """Draw which letter answers are like and congruency effects, under wide, narrow and no attention."""
    shown, names = table.at(gain), table.values("prior")
    panels = [
        shown.dots(title, told, shown.rows, name, names, chance, xlabel=label)
        for name, (title, label, chance, told) in PANELS.items()
    ]
    return shown.layout(panels, "Compound letters", (1, 3), keys_of({}, table.models))


FIGURE = Figure(
    "navon",
    "global and local letters, and congruency",
    reads=("navon",),
    needs=("logits",),
    table=navon_summary,
    draw=navon,
)
