"""The corruption figure: whether further passes recognise corrupted objects better."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.figures.panels import (  # fmt: skip
    Panel,
    draw_interval_lines,
    draw_reference,
    keys_of,
    model_looks,
    page_of_panels,
)
from experiments.figures.record_table import RESAMPLES, nearest_gain, table_of
from experiments.figures.style import STYLE, Style
from experiments.probes.corruption_dynamics.summary import corruption_summary

__all__ = ["TITLES", "corruption"]

TITLES = ("corruption dynamics",)
NAMES = {
    "none": "no cue", "class 1": "cue: its class", "absent class": "cue: an absent class",
    "random vector": "random vector", "shuffled class 1": "shuffled cue",
}  # fmt: skip
CONTROLS = ("random vector", "shuffled class 1")  # shown in the last panel only


def corruption(
    records: xr.Dataset | Sequence[xr.Dataset], style: Style = STYLE, gain: float | None = None, n: int = RESAMPLES
) -> Figure:
    """Draw accuracy over passes for every severity and cue, and what the last pass gains over the first.

    Parameters
    ----------
    records : of ``experiments.probes.corruption_dynamics.probe``, one or several of different models.
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
    table = table_of(records, "corruption", TITLES, corruption_summary, n)
    gain = nearest_gain(table.rows, gain)
    rows = table.of(gain=gain, corruption="all")
    severities = sorted(set(rows["severity"]))
    looks = dict(zip([f"severity {severity:g}" for severity in severities], style.shades(len(severities)), strict=True))
    priors = [prior for prior in NAMES if prior in set(rows["prior"])]
    of_priors = dict(zip([NAMES[prior] for prior in priors], style.looks(len(priors)), strict=True))
    models = model_looks(table.models)
    panels = [
        Panel(
            partial(_courses, rows[rows["prior"] == prior], severities, looks, models), NAMES[prior],
            f"Share of objects that are named from pass to pass (0: bottom-up), {NAMES[prior]}.",
        )
        for prior in priors
        if prior not in CONTROLS
    ]  # fmt: skip
    gains = rows[rows["iteration"] == rows["iteration"].max()]
    of_cues = dict(zip(priors, of_priors.values(), strict=True))
    text = "By how much that share grows from the first to the last pass."
    panels.append(Panel(partial(_gains, gains, of_cues, models), "last − first pass", text, keys_of(of_priors, {})))
    figure = page_of_panels(panels, style, (2, 4), keys_of(looks, models))
    used = dict.fromkeys(table.rows["corruption"])
    names = [str(name).replace("_", " ") for name in used if name != "all"]
    opening = f"Single objects under {len(names)} corruptions ({', '.join(names)}; severity 0 is the picture itself)"
    opening += "" if gain is None else f", gain {gain:g}"
    figure.set_label(table.caption(opening, panels, "Bands and bars"))
    return figure


def _courses(rows: pd.DataFrame, severities, looks, models, axes: Axes) -> None:
    """Accuracy from pass to pass, a line a severity."""
    for severity, look in zip(severities, looks.values(), strict=True):
        for model, dashes in models.items():
            chosen = rows[(rows["severity"] == severity) & (rows["model"] == model)].sort_values("iteration")
            draw_interval_lines(axes, chosen["iteration"], chosen, "accuracy", look | dashes, band=True)
    axes.set(xlabel="pass", ylabel="objects named (share)", ylim=(-0.04, 1.04))
    axes.xaxis.get_major_locator().set_params(integer=True)


def _gains(rows: pd.DataFrame, looks, models, axes: Axes) -> None:
    """What the last pass gains, over severity, a line a cue."""
    for k, (prior, look) in enumerate(looks.items()):
        for model, dashes in models.items():
            chosen = rows[(rows["prior"] == prior) & (rows["model"] == model)].sort_values("severity")
            draw_interval_lines(axes, chosen["severity"], chosen, "gain_over_pass_0", look | dashes, shift=1.5 * k)
    draw_reference(axes, y=0)
    axes.set(xlabel="severity", ylabel="change (share named)")
    axes.set_xticks(sorted(set(rows["severity"])))
