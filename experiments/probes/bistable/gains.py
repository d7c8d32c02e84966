"""The gain figure: how strongly each kind of cue steers, by its gain."""

from __future__ import annotations

from functools import partial

import pandas as pd
import xarray as xr
from matplotlib.axes import Axes

from experiments import measures
from experiments.figures.figure import Figure
from experiments.figures.layout import Layout
from experiments.figures.panels import Panel, draw_lines_by, draw_reference, keys_of, mark_gains
from experiments.figures.record_table import Table, interval_rows
from experiments.figures.style import STYLE, Style

__all__ = ["FIGURE", "gains"]

KINDS = ("class", "place", "random vector", "shuffled class")


def gains(table: Table, style: Style) -> Layout:
    """Draw selection index, share of decided stimuli and the probability of an absent class over the gain of the cues.

    Parameters
    ----------
    table : of bistable records of several gains, of classes that the model knows.
    style : sizes and colours.
    """
    rows, models = table.rows, table.models
    looks = style.looks_of(kind for kind in KINDS if kind in set(rows["prior"]))
    panels = [
        Panel(
            partial(_curves, rows, "selection_index", looks, models, "selection index"),
            "who wins",
            "Selection index p(cued) / (p(class 1) + p(class 2)) (line: chance).",
        ),
        Panel(
            partial(_curves, rows, "cue_decides", looks, models, "both cues decide"),
            "stimuli steered",
            "Share of stimuli in which each of the two cues lets its object win.",
        ),
    ]
    if "p_absent" in rows and rows["p_absent"].notna().any():
        told = "Probability of a class that is cued and not shown."
        panels.append(Panel(partial(_absent, rows, models), "a cue for what is not there", told))
    return table.layout(panels, "Steering by the gain of the cue", (2, 3), keys_of(looks, models))


def _summary(record: xr.Dataset, n: int) -> pd.DataFrame:
    """Every measure by model, gain and kind of cue."""
    if record.sizes.get("gain", 1) < 2:
        raise ValueError("the figure gains draws records of several gains: run bistable with --gains 0.5 1 2 4")
    last = measures.written(record).isel(iteration=[-1])
    found = {"selection_index": measures.selection_index(last), "cue_decides": measures.cue_decides(last)}
    if "absent class" in last["prior"].values:
        found["p_absent"] = measures.absent_probability(last)
    rows = None
    for name, values in found.items():
        frame = interval_rows(values.isel(iteration=0, drop=True).astype(float), name, record, n)
        rows = frame if rows is None else rows.merge(frame, "outer", ["model", "gain", "prior"], sort=False)
    return rows


def _curves(rows: pd.DataFrame, name: str, looks: dict, models: dict, label: str, axes: Axes) -> None:
    """A measure over gain, a line for each kind of cue and model."""
    draw_lines_by(axes, rows, "gain", name, "prior", looks, models)
    draw_reference(axes, y=0.5 if name == "selection_index" else None)
    mark_gains(axes, rows["gain"])
    axes.set(ylabel=label, ylim=(-0.04, 1.04))


def _absent(rows: pd.DataFrame, models: dict, axes: Axes) -> None:
    """Probability of the cued absent class over gain."""
    look = {"absent class": {"color": STYLE.ink, "marker": "o"}}
    draw_lines_by(axes, rows, "gain", "p_absent", "prior", look, models)
    mark_gains(axes, rows["gain"])
    axes.set(ylabel="p (absent class)", ylim=(-0.04, 1.04))


FIGURE = Figure(
    "gains",
    "steering by the gain of the cue",
    reads=("bistable",),
    needs=("logits", "gain"),
    table=_summary,
    draw=gains,
)
