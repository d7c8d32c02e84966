"""The instruction figure: what sentences do by what they say."""

from __future__ import annotations

from experiments.figures.figure import Figure
from experiments.figures.layout import Layout
from experiments.figures.panels import keys_of
from experiments.figures.record_table import Table
from experiments.figures.style import Style
from experiments.probes.instruction.summary import instruction_summary

__all__ = ["FIGURE", "instruction"]

PANELS = {  # title, label of the axis, what the caption says, and where no effect is
    "selection_index": (
        "selection", "share of the told",
        "Share of the told object in the two objects' probability (line: chance).", 0.5,
    ),
    "cue_decides": (
        "both decide", "share of stimuli", "Share of stimuli in which each of two sentences lets its object win.", 0.25,
    ),
    "attention_auc": (
        "weights of places", "area under the ROC",
        "Area under the ROC with which the weights tell the object's tokens from the other's (line: chance).", 0.5,
    ),
    "agreement": (
        "agreement", "correlation", "Correlation of the weights with those of the same object's name.", 0,
    ),
}  # fmt: skip


def instruction(table: Table, style: Style, gain: float | None = None) -> Layout:
    """Draw selection, decisions, areas under the ROC and the agreement of weights, a row for each way of telling.

    Parameters
    ----------
    table : of ``instruction_summary``.
    style : sizes and colours.
    gain : gain that is shown, the nearest in the record; the middle one, if left out.
    """
    shown = table.at(gain)
    panels = []
    for name, (title, axis, told, none) in PANELS.items():
        rows = shown.rows[shown.rows[name].notna()]
        if len(rows):
            ways = list(dict.fromkeys(rows["told"]))
            rows = rows.assign(row=rows["told"])
            panels.append(shown.dots(title, told, rows, name, ways, none, left=27, xlabel=axis))
    return shown.layout(panels, "Sentences about one of two objects", (2, 2), keys_of({}, shown.models))


FIGURE = Figure(
    "instruction",
    "selection, decisions and maps under sentences, by what they say",
    reads=("instruction",),
    needs=("logits", "prior_weights"),
    table=instruction_summary,
    draw=instruction,
)
