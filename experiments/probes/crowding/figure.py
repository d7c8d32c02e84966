"""The crowding figure: recognition of a target by the distance of its flankers, and the critical spacing."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from experiments.figures.figure import Figure
from experiments.figures.layout import Layout
from experiments.figures.panels import Panel, draw_interval_lines, draw_interval_rows, keys_of
from experiments.figures.record_table import Table
from experiments.figures.style import Style
from experiments.probes.crowding.summary import crowding_summary

__all__ = ["FIGURE", "crowding"]

ENDS = ("", "_low", "_high")


def crowding(table: Table, style: Style, gain: float | None = None) -> Layout:
    """Draw the share of targets that are named by the spacing of the flankers, and the critical spacing."""
    shown = table.at(gain)
    looks = style.looks_of(shown.values("prior"))
    spacings = np.unique([spacing for spacing in shown.values("spacing") if not isinstance(spacing, str)])
    critical = shown.of(spacing="critical")
    panels = [
        Panel(
            partial(_over_spacing, shown.rows, spacings, looks, table.models),
            "recognition",
            "Share of targets that are named, by the distance of the flankers in units of the eccentricity, "
            "and without flankers.",
        )
    ]
    if len(critical):
        draw = partial(_critical, critical, spacings, looks, table.models)
        panels.append(Panel(draw, "critical spacing", _told(critical), left=23, rows=len(looks)))
    return shown.layout(panels, "Crowding", (1, 2), keys_of(looks, table.models))


def _over_spacing(rows: pd.DataFrame, shown: np.ndarray, looks: dict, models: dict, axes: Axes) -> None:
    """Share of targets named, by spacing and alone."""
    alone = shown.max() + (1.5 * np.diff(shown).mean() if len(shown) > 1 else 0.3)
    for k, (prior, look) in enumerate(looks.items()):
        for model, dashes in models.items():
            chosen = rows[(rows["prior"] == prior) & (rows["model"] == model) & (rows["spacing"] != "critical")]
            flanked = chosen[chosen["spacing"] != "alone"]
            flanked = flanked.assign(spacing=flanked["spacing"].astype(float)).sort_values("spacing")
            draw_interval_lines(axes, flanked["spacing"], flanked, "reported", look | dashes, shift=1.5 * k)
            single = chosen[chosen["spacing"] == "alone"]
            draw_interval_lines(axes, [alone] * len(single), single, "reported", look | dashes, shift=1.5 * k)
    axes.set(xlabel="spacing / eccentricity", ylabel="targets named (share)", ylim=(-0.04, 1.04))
    axes.set_xticks([*shown, alone], [*(f"{spacing:g}".removeprefix("0") for spacing in shown), "alone"])


def _critical(critical: pd.DataFrame, shown: np.ndarray, looks: dict, models: dict, axes: Axes) -> None:
    """Critical spacing, a row a prior; values outside of the spacings that were shown stand at the edges."""
    names = [f"critical_spacing{end}" for end in ENDS]
    margin = 0.25 * np.ptp(shown)
    edges = shown.min() - margin, shown.max() + margin
    known = critical.dropna(subset=names[:1]).copy()
    known[names] = known[names].clip(*edges)
    draw_interval_rows(axes, list(looks), known.assign(row=known["prior"]), names[0], models, looks, critical)
    axes.set(xlabel="spacing / eccentricity", xlim=(edges[0] - margin / 2, edges[1] + margin / 2))
    ends = [f"<{shown.min():g}", *(f"{spacing:g}" for spacing in shown), f">{shown.max():g}"]
    axes.set_xticks([edges[0], *shown, edges[1]], [end.replace("0.", ".") for end in ends])


def _told(critical: pd.DataFrame) -> str:
    """What the caption says of critical spacings, and how many could not be told."""
    unknown = int(critical["critical_spacing"].isna().sum())
    left_out = f"; left out where the target alone is not recognised, {unknown} of {len(critical)}" if unknown else ""
    return (
        "Spacing at which a fitted psychometric function has made .8 of the way from guessing to the target "
        "alone, with 95 % intervals of the profile likelihood; values outside of the spacings that were "
        "shown stand at the edges, and where an end of an interval does, the value is not "
        f"determined{left_out}."
    )


FIGURE = Figure(
    "crowding",
    "recognition by spacing, and the critical spacing",
    reads=("crowding",),
    needs=("logits", "spacing"),
    table=crowding_summary,
    resamples=400,
    draw=crowding,
)
