"""The gain figure: how strongly each kind of cue steers, by its gain."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments import measures
from experiments.figures.panels import (  # fmt: skip
    Panel,
    draw_interval_lines,
    draw_reference,
    keys_of,
    mark_gains,
    model_looks,
    page_of_panels,
)
from experiments.figures.record_table import RESAMPLES, interval_rows, table_of
from experiments.figures.style import STYLE, Style

__all__ = ["TITLES", "gains"]

TITLES = ("bistable perception",)
KINDS = ("class", "place", "random vector", "shuffled class")


def gains(records: xr.Dataset | Sequence[xr.Dataset], style: Style = STYLE, n: int = RESAMPLES) -> Figure:
    """Draw selection index, share of decided stimuli and the probability of an absent class over the gain of the cues.

    Parameters
    ----------
    records : bistable, with several gains, of classes that the model knows; one, or several of different models.
    style : sizes and colours.
    n : bootstrap resamples.

    Returns
    -------
    Figure; its label, ``figure.get_label()``, is the caption.

    Raises
    ------
    ValueError : a record of another kind or of one gain, or two of one model.
    """
    table = table_of(records, "gains", TITLES, _summary, n, ("logits", "gain"))
    rows = table.rows
    kinds = [kind for kind in KINDS if kind in set(rows["prior"])]
    looks = dict(zip(kinds, style.looks(len(kinds)), strict=True))
    models = model_looks(table.models)
    panels = [
        Panel(
            partial(_curves, rows, "selection_index", kinds, looks, models, "selection index"), "who wins",
            "Selection index p(cued) / (p(class 1) + p(class 2)) (line: chance).",
        ),
        Panel(
            partial(_curves, rows, "cue_decides", kinds, looks, models, "both cues decide"), "stimuli steered",
            "Share of stimuli in which each of the two cues lets its object win.",
        ),
    ]  # fmt: skip
    if "p_absent" in rows and rows["p_absent"].notna().any():
        text = "Probability of a class that is cued and not shown."
        panels.append(Panel(partial(_absent, rows, models), "a cue for what is not there", text))
    figure = page_of_panels(panels, style, (2, 3), keys_of(looks, models))
    figure.set_label(table.caption("Steering by the gain of the cue", panels))
    return figure


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


def _curves(rows: pd.DataFrame, name: str, kinds, looks, models, label: str, axes: Axes) -> None:
    """A measure over gain, a line for each kind of cue and model."""
    for k, kind in enumerate(kinds):
        for model, dashes in models.items():
            chosen = rows[(rows["prior"] == kind) & (rows["model"] == model)].sort_values("gain")
            draw_interval_lines(axes, chosen["gain"], chosen, name, looks[kind] | dashes, shift=1.5 * k)
    draw_reference(axes, y=0.5 if name == "selection_index" else None)
    mark_gains(axes, rows["gain"])
    axes.set(ylabel=label, ylim=(-0.04, 1.04))


def _absent(rows: pd.DataFrame, models, axes: Axes) -> None:
    """Probability of the cued absent class over gain."""
    for model, dashes in models.items():
        chosen = rows[(rows["prior"] == "absent class") & (rows["model"] == model)].sort_values("gain")
        draw_interval_lines(axes, chosen["gain"], chosen, "p_absent", {"color": STYLE.ink, "marker": "o"} | dashes)
    mark_gains(axes, rows["gain"])
    axes.set(ylabel="p (absent class)", ylim=(-0.04, 1.04))
