"""The steering figure: how well each kind of cue steers, for every model and training."""

from __future__ import annotations

import matplotlib
import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawn

from experiments.figures.figure import Figure
from experiments.figures.numbers import RULE, interval_columns, note
from experiments.figures.page import page_of, shortened
from experiments.figures.record_table import Table
from experiments.figures.style import STYLE, Style
from experiments.probes.bistable.summary import summary

__all__ = ["FIGURE", "steering"]

NAMES = 0.29  # share of the width that the names take


def steering(table: Table, style: Style) -> Drawn:
    """Draw how well each kind of cue steers: selection index and share of stimuli that the cue decides.

    A block of rows per model, a row per kind of cue, a dot with its 95 % interval per seed; the dashed line
    is the selection index of a cue without effect. Of several gains the middle one is shown.
    """
    frame = table.rows
    if "cue_decides" not in frame or frame["cue_decides"].isna().all():
        raise ValueError("expected bistable records whose classes the model knows: others have no selection index")
    frame = frame[frame["cue_decides"].notna()]
    kinds = list(dict.fromkeys(frame["prior"]))
    colour = dict(zip(kinds, style.colours(len(kinds)), strict=True))
    blocks = list(frame.groupby("model", sort=False))
    height = 15.5 + len(blocks) * 6 + 4.2 * sum(part["prior"].nunique() for _, part in blocks)
    with style.context():
        page = page_of(height, style)
        left, thin = NAMES * style.width, 0.6 * style.unit
        wide = (style.width - left) / 2
        names = ("selection index", "both cues decide")
        axes = [_panel(page, left + k * wide + 3, wide - 6, name) for k, name in enumerate(names)]
        axes[0].axvline(0.5, color=style.ink, linewidth=thin, linestyle=(0, (4, 3)), zorder=1, label=RULE)
        axes[0].text(0.52, 2.6, "chance", va="center")
        for panel, name in zip(axes, ("selection_index", "cue_decides"), strict=True):
            note(panel, interval_columns(frame, name))
        page.set_zorder(1)  # names of models are as long as they are, and lie over the panels
        y = 4.5
        for model, part in blocks:
            name = shortened(str(model), style.width - 2, "bold")
            page.text(1, y + 3, name, weight="bold", va="center", bbox={"color": "white", "pad": 0.5, "linewidth": 0})
            for row, kind in enumerate(dict.fromkeys(part["prior"])):
                centre = y + 7 + 4.2 * row
                page.text(4, centre, shortened(kind, left - 4), va="center")
                _draw_dots(axes, part[part["prior"] == kind], centre, colour[kind])
            y += 6 + 4.2 * part["prior"].nunique()
    stimuli = " or ".join(str(n) for n in dict.fromkeys(frame["n"]))
    page.figure.set_label(
        f"Steering by each kind of cue, {stimuli} stimuli: mean and 95 % bootstrap interval, a dot per seed. "
        "Selection index p(cued) / (p(class 1) + p(class 2)), chance .50 (dashed); share of stimuli in which "
        "each of the two cues lets its object win, 0 for cues without effect."
    )
    return page.figure


def _summary(record: xr.Dataset, n: int) -> pd.DataFrame:
    """The summary of all stimuli, at the middle gain where there are several."""
    gains = record.sizes.get("gain", 0)
    return summary(record.isel(gain=(gains - 1) // 2, drop=True) if gains else record, n)


def _panel(page: Axes, x: float, wide: float, name: str) -> Axes:
    """Axes from 0 to 1 for one measure, whose vertical unit is the page's mm."""
    width, height = page.get_xlim()[1], page.get_ylim()[0]
    box = (x / width, 10 / height, wide / width, 1 - 11 / height)
    axes = page.figure.add_axes(box, xlim=(-0.02, 1.02), ylim=(height - 10, 1), yticks=[], label=name)
    axes.set_xlabel(name)
    axes.set_xticks(np.linspace(0, 1, 5), ["0", ".25", ".50", ".75", "1"])
    axes.spines[["left", "right", "top"]].set_visible(False)
    axes.grid(axis="x", color=STYLE.track, linewidth=matplotlib.rcParams["axes.linewidth"])
    axes.set_axisbelow(True)
    return axes


def _draw_dots(axes: list[Axes], rows: pd.DataFrame, centre: float, colour: str) -> None:
    """Draw a kind of cue into both panels, its seeds a little below each other."""
    offsets = (np.arange(len(rows)) - (len(rows) - 1) / 2) * min(1.1, 3.2 / len(rows))
    for panel, name in zip(axes, ("selection_index", "cue_decides"), strict=True):
        mean, low, high = (rows[name + end].to_numpy() for end in ("", "_low", "_high"))
        panel.hlines(centre + offsets, low, high, color=colour)
        panel.plot(mean, centre + offsets, "o", color=colour, clip_on=False)


FIGURE = Figure(
    "steering",
    "selection index and share of stimuli that each kind of cue decides",
    reads=("bistable",),
    needs=("logits", "class_1"),
    table=_summary,
    draw=steering,
)
