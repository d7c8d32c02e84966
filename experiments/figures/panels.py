"""Panels with axes, letters and keys on a page of one or two columns, and lines with intervals in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter
from matplotlib.transforms import offset_copy

from experiments.figures.numbers import RULE, interval_columns, note
from experiments.figures.page import page_of, shortened, text_width
from experiments.figures.style import STYLE, Style

__all__ = [
    "Key", "Layout", "Panel", "draw_interval_lines", "draw_interval_rows", "draw_lines_by", "draw_reference", "keys_of",
    "mark_gains", "mark_passes", "mark_powers", "model_looks", "page_of_panels", "tick_text",
]  # fmt: skip

LEFT, RIGHT, GAP = 12.0, 2.5, 2.5  # mm beside the axes
HEAD, KEY_LINE, KEY_HANDLE, KEY_GAP, FOOT = 5.0, 3.4, 5.0, 2.5, 9.0  # mm above and below the axes
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
        """Height of the axes in mm.

        Parameters
        ----------
        alone : whether no panel stands beside it.
        """
        return ROW * self.rows + 2 if alone and self.rows else self.tall


@dataclass(frozen=True)
class Layout:
    """A figure made of panels, before it is drawn.

    Parameters
    ----------
    panels : from left to right and from top to bottom; lettered where there are several.
    opening : what the caption begins with; what the panels show follows.
    closing : what it ends with, such as the kind of interval.
    columns : most panels in a row of a figure of one column's and of two columns' width.
    keys : what the lines of all panels mean; they stand above all.
    """

    panels: Sequence[Panel]
    opening: str
    closing: str = ""
    columns: tuple[int, int] = (1, 3)
    keys: Sequence[Key] = ()

    def drawn(self, style: Style = STYLE) -> Figure:
        """Draw the panels.

        Parameters
        ----------
        style : sizes and colours.

        Returns
        -------
        Figure whose label is the caption.
        """
        figure = page_of_panels(self.panels, style, self.columns, self.keys)
        figure.set_label(" ".join(filter(None, (self.opening, _told(self.panels), self.closing))))
        return figure


@dataclass(frozen=True)
class _Row:
    """Panels beside each other, and where they are.

    Parameters
    ----------
    panels : from left to right.
    cells : left edge and width of each in mm.
    flows : places of the keys of each.
    key_lines : lines of keys of the panel that has most.
    top : upper edge in mm.
    head : mm above the keys.
    tall : height of the axes in mm.
    """

    panels: Sequence[Panel]
    cells: list[tuple[float, float]]
    flows: list
    key_lines: int
    top: float
    head: float
    tall: float

    @classmethod
    def of(cls, row: Sequence[Panel], panels: Sequence[Panel], across: int, top: float, style: Style) -> _Row:
        """Find the places in a row of so many panels across, the last of which may be left empty."""
        total = sum(panel.wide for panel in row) + (across - len(row))
        wides = [style.width * panel.wide / total for panel in row]
        cells = [(sum(wides[:k]), wide) for k, wide in enumerate(wides)]
        flows, lines = zip(*(_flow(p.keys, wide - 6) for p, wide in zip(row, wides, strict=True)), strict=True)
        head = HEAD * any(panel.title or _is_lettered(panel, panels) for panel in row) + 0.8
        tall = max(panel.height(across == 1) for panel in row)
        return cls(row, cells, list(flows), max(lines), top, head, tall)

    @property
    def end(self) -> float:
        """Lower edge in mm."""
        return self.top + self.head + self.key_lines * KEY_LINE + self.tall + max(panel.foot for panel in self.panels)


def page_of_panels(
    panels: Sequence[Panel],
    style: Style = STYLE,
    columns: tuple[int, int] = (2, 3),
    keys: Sequence[Key] = (),
) -> Figure:
    """Draw panels in rows.

    Parameters
    ----------
    panels : from left to right and from top to bottom; lettered where there are several.
    style : sizes and colours.
    columns : most panels in a row of a figure of one column's and of two columns' width.
    keys : what the lines of all panels mean; they stand above all.

    Returns
    -------
    Figure without a caption.
    """
    across = min(len(panels), columns[style.column == "double"])
    with style.context():
        places, lines = _flow(keys, style.width - 4)
        rows, top = [], 1.5 + lines * KEY_LINE + (lines > 0)
        for start in range(0, len(panels), across):
            rows.append(_Row.of(panels[start : start + across], panels, across, top, style))
            top = rows[-1].end + GAP
        page = page_of(top - GAP + 0.5, style)
        _draw_keys(page, places, 2, 1.5)
        letters = iter("abcdefghijklmnopqrstuvwxyz")
        for row in rows:
            for panel, (left, wide), flow in zip(row.panels, row.cells, row.flows, strict=True):
                letter = next(letters) if _is_lettered(panel, panels) else ""
                page.text(left + 1, row.top + 3, letter, size=style.letter * style.unit, weight="bold")
                page.text(left + 5, row.top + 3, shortened(panel.title, wide - 6))
                _draw_keys(page, flow, left + 5, row.top + row.head - 0.8)
                told = f"{letter} {panel.title}".strip()
                _draw_panel(page, panel, told, (left, row.top + row.head + row.key_lines * KEY_LINE, wide, row.tall))
    return page.figure


def model_looks(models: Sequence[str]) -> dict[str, dict]:
    """How the lines of several models differ: the first is solid, the others dashed and dotted with open markers.

    Parameters
    ----------
    models : their names.
    """
    return {name: MODELS[min(k, len(MODELS) - 1)] for k, name in enumerate(dict.fromkeys(models))}


def keys_of(looks: dict[str, dict], models: dict[str, dict], ink: str = STYLE.ink) -> tuple[Key, ...]:
    """What the colours mean and, where there are several models, what the dashes mean.

    Parameters
    ----------
    looks : of the lines, by name.
    models : what :func:`model_looks` gives.
    ink : colour of the models' lines.
    """
    several = [Key(name, {"color": ink, **look}) for name, look in models.items()] if len(models) > 1 else []
    return (*(Key(name, {"linestyle": "-", **look}) for name, look in looks.items()), *several)


def tick_text(value: float, place: int | None = None) -> str:
    """Write the number of a tick as short as it can be: .5, −2, 10, 10⁻⁵.

    Parameters
    ----------
    value : the number.
    place : of the tick on its axis, which matters to nobody.
    """
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
    axes : where.
    x : positions, numbers.
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
    """Draw a line with intervals for each value of a column and each model.

    Parameters
    ----------
    axes : where.
    rows : table with the columns across, by, model, name, name_low and name_high.
    across : column of the positions.
    name : of the measure.
    by : column whose values have lines of their own.
    looks : keywords of the lines by these values.
    models : what :func:`model_looks` gives.
    band : draw the intervals as bands.
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
    rows : table with the columns row (one of names), model, name, name_low and name_high; several of one row and model
        are drawn below each other, too.
    name : of the measure.
    models : what :func:`model_looks` gives.
    looks : keywords of the dots by name of the row; in ink, if left out.
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
    """Set gains on a logarithmic axis, each at its tick.

    Parameters
    ----------
    axes : where.
    gains : that were run.
    """
    gains = np.unique(gains)
    if (gains > 0).all() and len(gains) > 1:
        margin = (gains[-1] / gains[0]) ** 0.08
        axes.set(xscale="log", xlim=(gains[0] / margin, gains[-1] * margin))
    axes.set_xticks(gains, [tick_text(gain) for gain in gains])
    axes.minorticks_off()
    axes.set(xlabel="gain of the cue")


def mark_passes(axes: Axes) -> None:
    """Set passes on the horizontal axis.

    Parameters
    ----------
    axes : where.
    """
    axes.set(xlabel="pass")
    axes.xaxis.get_major_locator().set_params(integer=True)


def mark_powers(axes: Axes) -> None:
    """Set a logarithmic vertical axis whose ticks are told even where it spans less than a power of ten.

    Parameters
    ----------
    axes : whose lines have been drawn.
    """
    axes.set_yscale("log")
    low, high = axes.get_ylim()
    powers = LogLocator(subs=(1, 2, 5) if high < 1000 * low else (1,))
    axes.yaxis.set_major_locator(powers if high > 2.5 * low else MaxNLocator(3, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(tick_text)
    axes.yaxis.set_minor_formatter(NullFormatter())


def draw_reference(axes: Axes, x: float | None = None, y: float | None = None) -> None:
    """Draw a thin line where there is no effect, or at chance.

    Parameters
    ----------
    axes : where.
    x : position of a vertical line.
    y : position of a horizontal line.
    """
    look = {"color": STYLE.unknown, "linewidth": matplotlib.rcParams["axes.linewidth"], "zorder": 0.9, "label": RULE}
    if x is not None:
        axes.axvline(x, **look)
    if y is not None:
        axes.axhline(y, **look)


def _told(panels: Sequence[Panel]) -> str:
    """What the caption says of all panels, with their letters where there are several."""
    letters = iter("abcdefghijklmnopqrstuvwxyz")
    marks = [f"({next(letters)}) " if _is_lettered(panel, panels) else "" for panel in panels]
    return " ".join(mark + panel.told for mark, panel in zip(marks, panels, strict=True) if panel.told)


def _is_lettered(panel: Panel, panels: Sequence[Panel]) -> bool:
    return panel.lettered and sum(other.lettered for other in panels) > 1


def _draw_panel(page: Axes, panel: Panel, told: str, place: tuple[float, float, float, float]) -> None:
    """Make the axes of a panel, called so, and draw into them.

    The place is left edge, upper edge, width and height in mm.
    """
    (left, top, cell, tall), width, height = place, page.get_xlim()[1], page.get_ylim()[0]
    wide = cell - panel.left - RIGHT
    box = ((left + panel.left) / width, 1 - (top + tall) / height, wide / width, tall / height)
    axes = page.figure.add_axes(box, label=told)
    axes.spines[["right", "top"]].set_visible(False)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(tick_text)
    panel.draw(axes)
    for axis in (axes.xaxis, axes.yaxis):  # ticks would else be made with the settings of the time of saving
        axis.get_major_ticks(), axis.get_minor_ticks()


def _flow(keys: Sequence[Key], width: float) -> tuple[list[tuple[Key, float, int]], int]:
    """Place keys one after another, on new lines where they do not fit: left edges in mm and lines."""
    places, x, line = [], 0.0, 0
    for key in keys:
        handle = 0.0 if key.look is None else KEY_HANDLE + 1
        key = Key(shortened(key.label, width - handle), key.look)
        wide = handle + text_width(key.label)
        if places and x + wide > width:
            x, line = 0.0, line + 1
        places.append((key, x, line))
        x += wide + KEY_GAP
    return places, (line + 1 if places else 0)


def _draw_keys(page: Axes, places, left: float, top: float) -> None:
    """Draw keys: a short piece of each line, and what it means."""
    for key, x, line in places:
        y = top + KEY_LINE * (line + 0.5)
        if key.look is not None:
            page.plot([left + x, left + x + KEY_HANDLE], [y, y], markevery=[], **key.look)
            page.plot(left + x + KEY_HANDLE / 2, y, **{**key.look, "linestyle": "none"})
            x += KEY_HANDLE + 1
        page.text(left + x, y + 0.1, key.label, va="center_baseline")
