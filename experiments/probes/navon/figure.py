"""The Navon figure: which letter of a compound figure the answers are like, and congruency effects."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.figures.panels import Panel, draw_interval_rows, draw_reference, keys_of, model_looks, page_of_panels
from experiments.figures.record_table import RESAMPLES, Table, nearest_gain, table_of
from experiments.figures.style import STYLE, Style
from experiments.probes.navon.summary import navon_summary

__all__ = ["TITLES", "navon"]

TITLES = ("navon",)
PANELS = {
    "told_global": (
        "global letter told", "share of incongruent figures", 0.5,
        "Share of incongruent figures whose answer is rather like that to the global than to the local letter, by "
        "template matching of the logits (line: like neither).",
    ),
    "congruency_global": (
        "congruency, global letter", "congruent − incongruent", 0.0,
        "By how much larger the share is whose global letter is told right in congruent than in incongruent figures.",
    ),
    "congruency_local": (
        "congruency, local letter", "congruent − incongruent", 0.0, "The same of the local letter.",
    ),
}  # fmt: skip


def navon(
    records: xr.Dataset | Sequence[xr.Dataset], style: Style = STYLE, gain: float | None = None, n: int = RESAMPLES
) -> Figure:
    """Draw which letter the answers are like and the congruency effects, under wide, narrow and no attention.

    Parameters
    ----------
    records : of ``experiments.probes.navon.probe``, one or several of different models.
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
    table = table_of(records, "navon", TITLES, navon_summary, n)
    gain = nearest_gain(table.rows, gain)
    names = list(dict.fromkeys(table.rows["prior"]))
    models = model_looks(table.models)
    panels = [
        Panel(partial(_rows, table, gain, name, names, models, label, chance), title, text, left=23, rows=len(names))
        for name, (title, label, chance, text) in PANELS.items()
    ]
    figure = page_of_panels(panels, style, (1, 3), keys_of({}, models))
    figure.set_label(table.caption(f"Compound letters{'' if gain is None else f', gain {gain:g}'}", panels))
    return figure


def _rows(table: Table, gain, name: str, names, models, label: str, chance: float, axes: Axes) -> None:
    """A measure, a row for each prior."""
    rows = table.of(**({} if gain is None else {"gain": gain}))
    draw_interval_rows(axes, names, rows.assign(row=rows["prior"]), name, models)
    draw_reference(axes, x=chance)
    axes.set(xlabel=label)
