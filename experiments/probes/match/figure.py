"""The matching figure: what a cue brings and what it makes up, by its strength, a panel for each observer."""

from __future__ import annotations

from functools import partial

import matplotlib
import pandas as pd
from matplotlib.axes import Axes

from experiments.figures.figure import Figure
from experiments.figures.layout import Layout
from experiments.figures.panels import Key, Panel, draw_interval_lines, draw_reference, tick_text
from experiments.figures.record_table import Table
from experiments.figures.style import Style
from experiments.probes.match.summary import match_curves

__all__ = ["FIGURE", "match"]

KINDS = {"benefit": "benefit of a valid cue", "false_alarms": "false alarms"}
DASHES = {"class": {"linestyle": "-"}, "place": {"linestyle": (0, (4, 1.5)), "markerfacecolor": "white"}}


def match(table: Table, style: Style) -> Layout:
    """Draw benefit and false alarms over the strength of class and place cues; a line marks what is chosen."""
    looks = style.looks_of(KINDS.values())
    panels = [
        Panel(partial(_curves, rows, looks), str(model), lettered=False)
        for model, rows in table.rows.groupby("model", sort=False)
    ]
    if not panels:
        raise ValueError("the figure match draws observers that take cues, and no cue changes what these see")
    there = [kind for kind in DASHES if kind in set(table.rows["cue"])]
    keys = [Key(words, looks[words] | {"linestyle": "-"}) for words in KINDS.values()]
    keys += [Key(f"{kind} cue", {"color": style.ink, **DASHES[kind]}) for kind in there]
    about = (
        "Raise of the cued object's probability by a valid cue, and probability of a class that is not shown "
        "(under the class cue that names it, or under place cues), by the strength of the cue; vertical lines: the "
        "strength that is chosen"
    )
    return table.layout(panels, about, (2, 4), keys)


def _curves(rows: pd.DataFrame, looks: dict, axes: Axes) -> None:
    """Benefit and false alarms over strength, evenly spaced."""
    strengths = sorted(set(rows["gain"].astype(float)))
    place = {strength: at for at, strength in enumerate(strengths)}
    for kind, curve in rows.groupby("cue", sort=False):
        curve = curve.sort_values("gain")
        for name, words in KINDS.items():
            x = curve["gain"].astype(float).map(place).to_numpy()
            draw_interval_lines(axes, x, curve, name, {**looks[words], "markersize": 2, **DASHES[kind]})
        for strength in curve["gain"][curve["chosen"]]:
            thin = matplotlib.rcParams["axes.linewidth"]
            axes.axvline(place[strength], color="0.3", linewidth=thin, linestyle=DASHES[kind]["linestyle"])
    draw_reference(axes, y=0)
    step = max(1, -(-len(strengths) // 5))
    shown = strengths[::step]
    axes.set_xticks([place[strength] for strength in shown], [tick_text(round(strength, 2)) for strength in shown])
    axes.set(xlabel="strength of the cue", ylabel="probability", ylim=(min(-0.05, axes.get_ylim()[0]), 1.04))


FIGURE = Figure(
    "match",
    "benefit and false alarms by the strength of the cue, and the strength that is chosen",
    reads=("match",),
    needs=("logits", "gain"),
    table=match_curves,
    draw=match,
)
