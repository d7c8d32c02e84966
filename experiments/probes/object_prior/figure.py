"""The object-cueing figure: benefit and cost of a class cue by set size and gain, and where its weights lie."""

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
    draw_interval_rows,
    draw_reference,
    keys_of,
    mark_gains,
    model_looks,
    page_of_panels,
)
from experiments.figures.record_table import RESAMPLES, nearest_gain, table_of
from experiments.figures.style import STYLE, Style
from experiments.probes.object_prior.summary import object_prior_summary

__all__ = ["TITLES", "objects"]

TITLES = ("object prior",)
EFFECTS = {"benefit": "valid − neutral", "cost": "neutral − invalid"}
CONTROLS = {"benefit": "valid cue", "random": "random vector", "shuffled": "weights shuffled"}


def objects(
    records: xr.Dataset | Sequence[xr.Dataset], style: Style = STYLE, gain: float | None = None, n: int = RESAMPLES
) -> Figure:
    """Draw benefit and cost of class cues by set size, by gain and of controls, and how well the weights find them.

    Parameters
    ----------
    records : of ``experiments.probes.object_prior.probe``, one or several of different models.
    style : sizes and colours.
    gain : gain that is shown where it is not the axis, the nearest in the record; the middle one, if left out.
    n : bootstrap resamples.

    Returns
    -------
    Figure; its label, ``figure.get_label()``, is the caption.

    Raises
    ------
    ValueError : a record of another kind, or two of one model.
    """
    table = table_of(records, "objects", TITLES, object_prior_summary, n)
    gain, gains = nearest_gain(table.rows, gain), sorted(set(table.rows["gain"]))
    looks = dict(zip(EFFECTS.values(), style.looks(2), strict=True))
    models = model_looks(table.models)
    by_size = table.of(gain=gain)
    by_size = by_size[by_size["set_size"] != "all"].sort_values("set_size")
    whole = table.of(set_size="all").sort_values("gain")
    panels = [
        Panel(
            partial(_effects, by_size, "set_size", looks, models), "set size",
            f"Benefit, the share of targets that are named under a valid cue minus that without a cue, and cost, that "
            f"without a cue minus that under a cue for another object of the scene, gain {gain:g}.",
        ),
        Panel(partial(_effects, whole, "gain", looks, models), "gain", "The same over all set sizes, by gain."),
        Panel(
            partial(_controls, whole[whole["gain"] == gain], models), "benefit of each cue",
            f"Benefit of the valid cue, of a random vector and of the valid cue's weights shuffled over tokens, gain "
            f"{gain:g}.", left=23, rows=3,
        ),
        Panel(
            partial(_maps, by_size, models), "weights of the valid cue",
            "Area under the ROC with which the valid cue's weights tell the target's tokens from those of the other "
            "objects (line: chance).",
        ),
    ]  # fmt: skip
    panels = panels if len(gains) > 1 else [panels[0], *panels[2:]]
    figure = page_of_panels(panels, style, (2, 4), keys_of(looks, models))
    figure.set_label(table.caption("Class cues in scenes of several objects", panels))
    return figure


def _effects(rows: pd.DataFrame, across: str, looks, models, axes: Axes) -> None:
    """Benefit and cost over set size or gain."""
    for k, (name, words) in enumerate(EFFECTS.items()):
        for model, dashes in models.items():
            chosen = rows[rows["model"] == model]
            draw_interval_lines(axes, chosen[across].astype(float), chosen, name, looks[words] | dashes, shift=2 * k)
    draw_reference(axes, y=0)
    axes.set(ylabel="change (share of targets)")
    if across == "gain":
        mark_gains(axes, rows["gain"])
    else:
        _sizes(axes, rows)


def _controls(rows: pd.DataFrame, models, axes: Axes) -> None:
    """Benefit of the valid cue and of the controls."""
    ends = ("", "_low", "_high")
    parts = [
        pd.DataFrame({"row": words, "model": rows["model"], **{f"benefit{end}": rows[name + end] for end in ends}})
        for name, words in CONTROLS.items()
    ]
    draw_interval_rows(axes, list(CONTROLS.values()), pd.concat(parts), "benefit", models)
    draw_reference(axes, x=0)
    axes.set(xlabel="benefit")


def _maps(rows: pd.DataFrame, models, axes: Axes) -> None:
    """Area under the ROC of the valid cue's weights."""
    for model, dashes in models.items():
        chosen = rows[rows["model"] == model]
        look = {"color": STYLE.ink, "marker": "o"} | dashes
        draw_interval_lines(axes, chosen["set_size"].astype(float), chosen, "auc", look)
    draw_reference(axes, y=0.5)
    axes.set(ylabel="area under the ROC")
    _sizes(axes, rows)


def _sizes(axes: Axes, rows: pd.DataFrame) -> None:
    """Set sizes, each at its tick."""
    axes.set_xticks(sorted(set(rows["set_size"].astype(float))))
    axes.margins(x=0.12)
    axes.set(xlabel="set size (objects)")
