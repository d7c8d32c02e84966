"""The object-cueing figure: benefit and cost of a class cue by set size and gain, and its weights."""

from __future__ import annotations

from functools import partial

import pandas as pd
from matplotlib.axes import Axes

from experiments.figures.figure import Figure
from experiments.figures.layout import Layout
from experiments.figures.panels import Panel, draw_interval_lines, draw_reference, keys_of, mark_gains
from experiments.figures.record_table import Table
from experiments.figures.style import STYLE, Style
from experiments.probes.object_prior.summary import object_prior_summary

__all__ = ["FIGURE", "objects"]

EFFECTS = {"benefit": "valid − neutral", "cost": "neutral − invalid"}
CONTROLS = {"benefit": "valid cue", "random": "random vector", "shuffled": "weights shuffled"}


def objects(table: Table, style: Style, gain: float | None = None) -> Layout:
    """Draw benefit and cost of class cues by set size, by gain and of controls, and how well the weights find
    them.

    Parameters
    ----------
    table : of ``object_prior_summary``.
    style : sizes and colours.
    gain : gain that is shown where it is not the axis, the nearest in the record; the middle one, if left
        out.
    """
    shown, models = table.at(gain), table.models
    looks = style.looks_of(EFFECTS.values())
    by_size = shown.rows[shown.rows["set_size"] != "all"].sort_values("set_size")
    by_gain = table.of(set_size="all").sort_values("gain")
    panels = [
        Panel(
            partial(_effects, by_size, "set_size", looks, models),
            "set size",
            "Benefit, the share of targets that are named under a valid cue minus that without a cue, and "
            "cost, that without a cue minus that under a cue for another object of the scene, gain "
            f"{shown.gain:g}.",
        ),
        Panel(
            partial(_effects, by_gain, "gain", looks, models),
            "gain",
            "The same over all set sizes, by gain.",
        ),
        table.dots(
            "benefit of each cue",
            "Benefit of the valid cue, of a random vector and of the valid cue's weights shuffled over "
            f"tokens, gain {shown.gain:g}.",
            _of_controls(shown.of(set_size="all")),
            "benefit",
            list(CONTROLS.values()),
            reference=0,
            xlabel="benefit",
        ),
        Panel(
            partial(_weights, by_size, models),
            "weights of the valid cue",
            "Area under the ROC with which the valid cue's weights tell the target's tokens from those of "
            "the other objects (line: chance).",
        ),
    ]
    if len(table.values("gain")) == 1:
        del panels[1]
    return table.layout(panels, "Class cues in scenes of several objects", (2, 4), keys_of(looks, models))


def _of_controls(rows: pd.DataFrame) -> pd.DataFrame:
    """Benefit of the valid cue and of the controls, a row each."""
    ends = ("", "_low", "_high")
    return pd.concat(
        pd.DataFrame({"row": words, "model": rows["model"], **{f"benefit{end}": rows[name + end] for end in ends}})
        for name, words in CONTROLS.items()
    )


def _effects(rows: pd.DataFrame, across: str, looks: dict, models: dict, axes: Axes) -> None:
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
        _mark_sizes(axes, rows)


def _weights(rows: pd.DataFrame, models: dict, axes: Axes) -> None:
    """Area under the ROC of the valid cue's weights."""
    for model, dashes in models.items():
        chosen = rows[rows["model"] == model]
        look = {"color": STYLE.ink, "marker": "o"} | dashes
        draw_interval_lines(axes, chosen["set_size"].astype(float), chosen, "auc", look)
    draw_reference(axes, y=0.5)
    axes.set(ylabel="area under the ROC")
    _mark_sizes(axes, rows)


def _mark_sizes(axes: Axes, rows: pd.DataFrame) -> None:
    """Set sizes, each at its tick."""
    axes.set_xticks(sorted(set(rows["set_size"].astype(float))))
    axes.margins(x=0.12)
    axes.set(xlabel="set size (objects)")


FIGURE = Figure(
    "object_prior",
    "benefit and cost of class cues by set size and gain",
    reads=("object_prior",),
    needs=("logits",),
    table=object_prior_summary,
    draw=objects,
    formerly=("objects",),
)
