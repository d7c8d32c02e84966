"""The corruption figure: whether further passes recognise corrupted objects better."""

from __future__ import annotations

from functools import partial

import pandas as pd
from matplotlib.axes import Axes

from experiments.figures.figure import Figure
from experiments.figures.layout import Layout
from experiments.figures.panels import Panel, draw_lines_by, draw_reference, keys_of, mark_passes
from experiments.figures.record_table import Table
from experiments.figures.style import Style
from experiments.probes.corruption_dynamics.summary import corruption_summary

__all__ = ["FIGURE", "corruption"]

NAMES = {
    "none": "no cue",
    "class 1": "cue: its class",
    "absent class": "cue: an absent class",
    "random vector": "random vector",
    "shuffled class 1": "shuffled cue",
}
CONTROLS = ("random vector", "shuffled class 1")  # shown in the last panel only


def corruption(table: Table, style: Style, gain: float | None = None) -> Layout:
    """Draw accuracy over passes for every severity and cue, and what the last pass gains over the first.

    Parameters
    ----------
    table : of ``corruption_summary``.
    style : sizes and colours.
    gain : gain that is shown, the nearest in the record; the middle one, if left out.
    """
    shown, models = table.at(gain), table.models
    rows = shown.of(corruption="all")
    severities = sorted(set(rows["severity"]))
    shades = dict(zip(severities, style.shades(len(severities)), strict=True))
    looks = style.looks_of([prior for prior in NAMES if prior in set(rows["prior"])])
    panels = [
        Panel(
            partial(_courses, rows[rows["prior"] == prior], shades, models),
            NAMES[prior],
            f"Share of objects that are named from pass to pass (0: bottom-up), {NAMES[prior]}.",
        )
        for prior in looks
        if prior not in CONTROLS
    ]
    last = rows[rows["iteration"] == rows["iteration"].max()]
    told = "By how much that share grows from the first to the last pass."
    keys = keys_of({NAMES[prior]: look for prior, look in looks.items()}, {})
    panels.append(Panel(partial(_gains, last, looks, models), "last − first pass", told, keys))
    used = [str(name).replace("_", " ") for name in table.values("corruption") if name != "all"]
    about = f"Single objects under {len(used)} corruptions ({', '.join(used)}; severity 0 is the picture itself)"
    keys = keys_of({f"severity {severity:g}": look for severity, look in shades.items()}, models)
    return shown.layout(panels, about, (2, 4), keys, "Bands and bars")


def _courses(rows: pd.DataFrame, shades: dict, models: dict, axes: Axes) -> None:
    """Accuracy from pass to pass, a line a severity."""
    draw_lines_by(axes, rows, "iteration", "accuracy", "severity", shades, models, band=True)
    mark_passes(axes)
    axes.set(ylabel="objects named (share)", ylim=(-0.04, 1.04))


def _gains(rows: pd.DataFrame, looks: dict, models: dict, axes: Axes) -> None:
    """What the last pass gains, over severity, a line a cue."""
    draw_lines_by(axes, rows, "severity", "gain_over_pass_0", "prior", looks, models)
    draw_reference(axes, y=0)
    axes.set(xlabel="severity", ylabel="change (share named)")
    axes.set_xticks(sorted(set(rows["severity"])))


FIGURE = Figure(
    "corruption",
    "accuracy over passes under corruption",
    reads=("corruption_dynamics",),
    needs=("logits",),
    table=corruption_summary,
    draw=corruption,
)
