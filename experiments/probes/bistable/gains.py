"""The gain figure: how strongly each kind of cue steers, by its gain."""

from __future__ import annotations

import pandas as pd
import xarray as xr

from experiments import measures
from experiments.figures.figure import Figure
from experiments.figures.layout import Layout
from experiments.figures.panels import keys_of
from experiments.figures.record_table import Table, interval_table
from experiments.figures.style import Style

__all__ = ["FIGURE", "gains"]

KINDS = ("class", "place", "random vector", "shuffled class")
PANELS = {
    "selection_index": (
        "who wins",
        "selection index",
        0.5,
        "Selection index p(cued) / (p(class 1) + p(class 2)) (line: chance).",
    ),
    "cue_decides": (
        "stimuli steered",
        "both cues decide",
        None,
        "Share of stimuli in which each of the two cues lets its object win.",
    ),
    "p_absent": (
        "a cue for what is not there",
        "p (absent class)",
        None,
        "Probability of a class that is cued and not shown.",
    ),
}


def gains(table: Table, style: Style) -> Layout:
    """Draw selection index, share of decided stimuli and an absent class's probability over the cue's gain."""
    rows, absent = table.rows, {"absent class": {"color": style.ink, "marker": "o"}}
    looks = style.looks_of(kind for kind in KINDS if kind in set(rows["prior"]))
    panels = []
    for name, (title, label, chance, told) in PANELS.items():
        if name in rows and rows[name].notna().any():
            of = absent if name == "p_absent" else looks
            scale = {"ylabel": label, "ylim": (-0.04, 1.04)}
            panels.append(table.lines(title, told, rows, "gain", name, "prior", of, chance, **scale))
    return table.layout(panels, "Steering by the gain of the cue", (2, 3), keys_of(looks, table.models))


def _summary(record: xr.Dataset, n: int) -> pd.DataFrame:
    """Every measure by model, gain and kind of cue."""
    if record.sizes.get("gain", 1) < 2:
        raise ValueError("the figure gains draws records of several gains: run bistable with --gains 0.5 1 2 4")
    last = measures.written(record).isel(iteration=[-1])
    found = {"selection_index": measures.selection_index(last), "cue_decides": measures.cue_decides(last)}
    if "absent class" in last["prior"].values:
        found["p_absent"] = measures.absent_probability(last)
    last = {name: values.isel(iteration=0, drop=True).astype(float) for name, values in found.items()}
    return interval_table(last, record, n)


FIGURE = Figure(
    "gains",
    "steering by the gain of the cue",
    reads=("bistable",),
    needs=("logits", "gain"),
    made_of="bistable --gains 0.5 1 2 4 --n 16",
    table=_summary,
    draw=gains,
)
