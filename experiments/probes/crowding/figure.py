"""The crowding figure: recognition of a target by the distance of its flankers, and the critical spacing."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.figures.panels import (  # fmt: skip
    Panel,
    draw_interval_lines,
    draw_interval_rows,
    keys_of,
    model_looks,
    page_of_panels,
)
from experiments.figures.record_table import nearest_gain, table_of
from experiments.figures.style import STYLE, Style
from experiments.probes.crowding.summary import crowding_summary

__all__ = ["TITLES", "crowding"]

TITLES = ("crowding",)
ENDS = ("", "_low", "_high")


def crowding(
    records: xr.Dataset | Sequence[xr.Dataset], style: Style = STYLE, gain: float | None = None, n: int = 400
) -> Figure:
    """Draw the share of targets that are named by the spacing of the flankers, and the critical spacing.

    Parameters
    ----------
    records : of ``experiments.probes.crowding.probe``, one or several of different models.
    style : sizes and colours.
    gain : gain that is shown, the nearest in the record; the middle one, if left out.
    n : bootstrap resamples.

    Returns
    -------
    Figure; its label, ``figure.get_label()``, is the caption.

    Raises
    ------
    ValueError : a record of another kind, or two of one model.
    """
    table = table_of(records, "crowding", TITLES, crowding_summary, n, ("logits", "spacing"))
    gain = nearest_gain(table.rows, gain)
    rows = table.of(**({} if gain is None else {"gain": gain}))
    names = list(dict.fromkeys(rows["prior"]))
    looks = dict(zip(names, style.looks(len(names)), strict=True))
    models = model_looks(table.models)
    shown = np.unique([spacing for spacing in rows["spacing"] if not isinstance(spacing, str)])
    critical = rows[rows["spacing"] == "critical"]
    panels = [
        Panel(
            partial(_over_spacing, rows, shown, looks, models), "recognition",
            "Share of targets that are named, by the distance of the flankers in units of the eccentricity, and "
            "without flankers.",
        )
    ]  # fmt: skip
    if len(critical):
        draw = partial(_critical, critical, shown, looks, models)
        panels.append(Panel(draw, "critical spacing", _told(critical), left=23, rows=len(names)))
    figure = page_of_panels(panels, style, (1, 2), keys_of(looks, models))
    figure.set_label(table.caption(f"Crowding{'' if gain is None else f', gain {gain:g}'}", panels))
    return figure


def _over_spacing(rows: pd.DataFrame, shown: np.ndarray, looks, models, axes: Axes) -> None:
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


def _critical(critical: pd.DataFrame, shown: np.ndarray, looks, models, axes: Axes) -> None:
    """Critical spacing, a row for each prior; values outside of the spacings that were shown stand at the edges."""
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
        "Spacing at which a fitted psychometric function has made .8 of the way from guessing to the target alone, "
        "with 95 % intervals of the profile likelihood; values outside of the spacings that were shown stand at the "
        f"edges, and where an end of an interval does, the value is not determined{left_out}."
    )
