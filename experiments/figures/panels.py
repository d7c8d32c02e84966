"""Panels: the axes of a figure, what their lines mean, and lines and dots with intervals in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter
from matplotlib.transforms import offset_copy

from experiments.figures.numbers import RULE, interval_columns, note
from experiments.figures.style import MARKERS, STYLE

__all__ = [
    "Key", "Panel", "draw_interval_lines", "draw_interval_rows", "draw_lines_by", "draw_reference", "keys_of",
    "mark_gains", "mark_passes", "mark_powers", "model_looks", "tick_text",
]  # fmt: skip

LEFT = 12.0  # mm beside the axes
FOOT = 9.0  # mm below the axes
ROW = 5.5  # mm of a row of dots
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
MODELS = ({"linestyle": "-"}, {"linestyle": (0, (4, 1.5)), "markerfacecolor": "white"},
          {"linestyle": (0, (1, 1)), "markerfacecolor": "white"})  # fmt: skip


@dataclass(frozen=True)
class Key:
    """What a line means.

    Parameters
    ----------
    label : the words.
    look : keywords of the line; without any, the words alone stand there.
    """

    label: str
    look: dict | None = None


@dataclass(frozen=True)
class Panel:
    """Axes of a figure.

    Parameters
    ----------
    draw : function that draws into the axes.
    title : heading.
    told : what the caption says of it.
    keys : what the lines mean; they stand above the axes.
    left : mm for the labels at the left of the axes.
    tall : height of the axes in mm.
    rows : rows of dots, from which the height follows where the panel stands alone; 0 for lines.
    foot : mm for the labels below the axes.
    wide : share of the width that it takes, relative to the panels beside it.
    lettered : whether the panel has a letter.
    """

    draw: Callable[[Axes], None]
    title: str = ""
    told: str = ""
    keys: tuple[Key, ...] = ()
    left: float = LEFT
    tall: float = 34.0
    rows: int = 0
    foot: float = FOOT
    wide: float = 1.0
    lettered: bool = True

    def height(self, alone: bool) -> float:
        """Height of the axes in mm."""
        return ROW * self.rows + 2 if alone and self.rows else self.tall


def model_looks(models: Sequence[str]) -> dict[str, dict]:
    """How lines of several models differ: the first is solid, the others dashed and dotted with open markers.

    From the fourth on each has a marker of its own besides, as long as there are some.
    """
    names = dict.fromkeys(models)
    marked = [MODELS[-1] | {"marker": MARKERS[k % len(MARKERS)]} for k in range(1, 1 + len(names))]
    return dict(zip(names, (*MODELS, *marked), strict=False))


def keys_of(looks: dict[str, dict], models: dict[str, dict], ink: str = STYLE.ink) -> tuple[Key, ...]:
    """What the colours mean and, where there are several models, what their dashes mean."""
    several = [Key(name, {"color": ink, **look}) for name, look in models.items()] if len(models) > 1 else []
    return (*(Key(name, {"linestyle": "-", **look}) for name, look in looks.items()), *several)


def tick_text(value: float, place: int | None = None) -> str:
    """Write the number of a tick as short as it can be: .5, −2, 10, 10⁻⁵."""
    text = f"{abs(value):g}".removeprefix("0") or "0"
    if "e" in text:
        factor, power = text.split("e")
        text = f"{'' if factor == '1' else f'{factor}·'}10{str(int(power)).translate(SUPERSCRIPTS)}"
    return f"−{text}" if value < 0 and text != "0" else text


def draw_interval_lines(
    axes: Axes, x, rows: pd.DataFrame, name: str, look: dict, band: bool = False, shift: float = 0.0
) -> None:
    """Draw a line of means with their intervals.

    Parameters
    ----------
    axes, x : where, and the positions.
    rows : table with the columns name, name_low and name_high, in the order of x.
    name : of the measure.
    look : keywords of the line.
    band : draw the intervals as a band, for lines of many points, instead of bars.
    shift : by how many widths of a line it is moved to the right, so that bars do not hide each other.
    """
    note(axes, interval_columns(rows, name))
    mean, low, high = (rows[name + end].to_numpy(float) for end in ("", "_low", "_high"))
    moved = offset_copy(axes.transData, axes.figure, x=shift * matplotlib.rcParams["lines.linewidth"], units="points")
    if band:
        axes.fill_between(x, low, high, color=look["color"], alpha=0.18, linewidth=0)
    else:
        thin = 0.7 * matplotlib.rcParams["lines.linewidth"]
        bars = axes.vlines(x, low, high, color=look["color"], linewidth=thin)
        bars.set_transform(moved)
    (line,) = axes.plot(x, mean, **look)
    line.set_transform(moved)  # after it was added: the limits of the axes come from where it was


def draw_lines_by(
    axes: Axes,
    rows: pd.DataFrame,
    across: str,
    name: str,
    by: str,
    looks: dict[object, dict],
    models: dict[str, dict],
    band: bool = False,
) -> None:
    """Draw a line with intervals over the column across for each value of the column by and each model.

    Looks go by these values, models are what :func:`model_looks` gives, and the other columns are as in
    :func:`draw_interval_lines`.
    """
    for k, (value, look) in enumerate(looks.items()):
        for model, dashes in models.items():
            chosen = rows[(rows[by] == value) & (rows["model"] == model)]
            chosen = chosen.sort_values(across, key=lambda column: column.astype(float))
            shift = 0.0 if band else 1.5 * k
            draw_interval_lines(axes, chosen[across].astype(float), chosen, name, look | dashes, band, shift)


def draw_interval_rows(
    axes: Axes,
    names: Sequence[str],
    rows: pd.DataFrame,
    name: str,
    models: dict[str, dict],
    looks: dict | None = None,
    told: pd.DataFrame | None = None,
) -> None:
    """Draw means with their intervals, a row of dots for each name, the models below each other.

    Parameters
    ----------
    axes : where.
    names : of the rows, from top to bottom.
    rows : table with the columns row (one of names), model, name, name_low and name_high; several of one row
        and model are drawn below each other, too.
    name : of the measure.
    models, looks : of the models, and of the dots by name of the row; in ink, if left out.
    told : the rows as they are, where those are drawn at an edge.
    """
    note(axes, interval_columns(rows if told is None else told, name))
    most = max(1, rows.groupby(["row", "model"]).size().max())
    step = min(0.25, 0.75 / (len(models) * most))
    for at, row in enumerate(names):
        for k, (model, dashes) in enumerate(models.items()):
            chosen = rows[(rows["row"] == row) & (rows["model"] == model)]
            look = {"color": STYLE.ink, "marker": "o"} | (looks or {}).get(row, {}) | dashes
            y = at + (k * most + np.arange(len(chosen)) - (len(models) * most - 1) / 2) * step
            axes.hlines(y, chosen[f"{name}_low"], chosen[f"{name}_high"], color=look["color"], linestyle="-")
            axes.plot(chosen[name], y, **{**look, "linestyle": "none"})
    axes.set_yticks(range(len(names)), [str(row) for row in names])
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", color=STYLE.track, linewidth=matplotlib.rcParams["axes.linewidth"])
    axes.set_axisbelow(True)
    axes.locator_params(axis="x", nbins=4)


def mark_gains(axes: Axes, gains: Sequence[float]) -> None:
    """Set gains that were run on a logarithmic axis, each at its tick."""
    gains = np.unique(gains)
    if (gains > 0).all() and len(gains) > 1:
        margin = (gains[-1] / gains[0]) ** 0.08
        axes.set(xscale="log", xlim=(gains[0] / margin, gains[-1] * margin))
    axes.set_xticks(gains, [tick_text(gain) for gain in gains])
    axes.minorticks_off()
    axes.set(xlabel="gain of the cue")


def mark_passes(axes: Axes) -> None:
    """Set passes on the horizontal axis."""
    axes.set(xlabel="pass")
    axes.xaxis.get_major_locator().set_params(integer=True)


def mark_powers(axes: Axes) -> None:
    """Set a logarithmic vertical axis whose ticks are told even where it spans less than a power of ten."""
    axes.set_yscale("log")
    low, high = axes.get_ylim()
    powers = LogLocator(subs=(1, 2, 5) if high < 1000 * low else (1,))
    axes.yaxis.set_major_locator(powers if high > 2.5 * low else MaxNLocator(3, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(tick_text)
    axes.yaxis.set_minor_formatter(NullFormatter())


def draw_reference(axes: Axes, x: float | None = None, y: float | None = None) -> None:
    """Draw a thin line, vertical at x or horizontal at y, where there is no effect, or at chance."""
    look = {"color": STYLE.unknown, "linewidth": matplotlib.rcParams["axes.linewidth"], "zorder": 0.9, "label": RULE}
    if x is not None:
        axes.axvline(x, **look)
    if y is not None:
        axes.axhline(y, **look)
