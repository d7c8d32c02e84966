"""The people figure: people's effects as bands, and observers' in the same tasks, a panel an effect."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pandas as pd
import xarray as xr
from matplotlib.axes import Axes

from experiments.figures.figure import Figure
from experiments.figures.layout import Layout
from experiments.figures.numbers import note
from experiments.figures.page import shortened
from experiments.figures.panels import Key, Panel, draw_reference
from experiments.figures.style import Style
from experiments.people_score.scoring import CANNOT, PEOPLE

__all__ = ["FIGURE", "opened", "people"]

ROW, TWO_LINES, MIN_TALL, LONGEST_NAME = 4.0, 5.8, 10.0, 42.0  # mm
PAGE, AROUND = 242.0, 17.0  # mm of a page, and above and below axes
EFFECT_SIZE = "effect size d"


def opened(paths: Sequence[Path]) -> tuple[pd.DataFrame, list[xr.Dataset]]:
    """Open scores that ``people score --out`` wrote."""
    frames = [pd.read_csv(path, keep_default_na=False, na_values=[""]) for path in paths]
    for path, frame in zip(paths, frames, strict=True):
        if missing := [name for name in ("task", "effect", "who", "status", "d_low", "differs") if name not in frame]:
            raise ValueError(f"{path} is no score: expected what people score --out writes, it lacks {missing[0]}")
    names = [name for frame in frames for name in dict.fromkeys(frame["who"]) if name != PEOPLE]
    return pd.concat(frames, ignore_index=True), [xr.Dataset(attrs={"title": "people score", "model": names})]


def people(scores: pd.DataFrame, style: Style, effects: tuple[str, ...] = (), across: int = 0) -> Layout:
    """Draw the effects of people and observers.

    Parameters
    ----------
    scores : as ``people score`` gives them.
    style : sizes and colours.
    effects : which effects; all, if left out.
    across : panels beside each other in two columns' width, 1 to 3; as few as the page allows, if left out.
    """
    there = dict.fromkeys(scores["effect"])
    if unknown := [name for name in effects if name not in there]:
        raise ValueError(f"there is no effect {unknown[0]!r} in the score: {', '.join(there)}")
    shown = scores[scores["effect"].isin(effects)] if effects else scores
    groups = list(shown.groupby(["task", "effect"], sort=False))
    observers = [name for name in dict.fromkeys(shown["who"]) if name != PEOPLE]
    lines = [line for name in observers for line in _lines(name)]
    left = min(LONGEST_NAME, 4.0 + 1.35 * max(map(len, lines), default=0))
    tall = max(MIN_TALL, len(observers) * (ROW if len(lines) == len(observers) else TWO_LINES))
    down = int(PAGE // (tall + AROUND))
    if not 0 < len(groups) <= 3 * down:
        raise ValueError(
            f"a page holds 1 to {3 * down} effects of {len(observers)} observers, got {len(groups)}: choose some with "
            "--effects"
        )
    if across not in range(4):
        raise ValueError(f"1 to 3 panels stand beside each other, got {across}")
    fewest = 2 if len(groups) <= 2 * down else 3
    across = 1 if style.column == "single" else min(across, len(groups)) or fewest
    panels = [
        Panel(
            partial(_effect, rows, observers, style, k % across == 0),
            f"{task.replace('_', ' ')}: {effect}" if shown["task"].nunique() > 1 else effect,
            f"{task.replace('_', ' ')}, {effect}.",
            left=left if k % across == 0 else 4.0,
            tall=tall,
            wide=1.0 + (left / 75 if k % across == 0 and across > 1 else 0.0),
        )
        for k, ((task, effect), rows) in enumerate(groups)
    ]
    keys = [
        Key("people", {"color": style.unknown, "linewidth": 4, "alpha": 0.4, "solid_capstyle": "butt"}),
        Key("observer", _look(style)),
    ]
    differ = shown.drop_duplicates("task").set_index("task")["differs"].dropna()
    own_units = [OWN_UNITS] if (shown["unit"] == "nat").any() else []
    told = [f"{task.replace('_', ' ')}: {differs}" for task, differs in differ.items() if differs]
    return Layout(
        panels, _opening(shown, observers), " ".join([CLOSING, *own_units, POSITIVE, *told]), (1, across), keys
    )


CLOSING = (
    "Bands and bars: 95 % intervals of the mean, over people (Student's), and over items and trained networks "
    "(bootstrap)."
)
OWN_UNITS = (
    "Effects on reaction times stand beside those on an observer's log odds as effect sizes, over people and over "
    "items: their signs can be compared, not their sizes."
)
POSITIVE = "Positive: as expected of people."


def _opening(shown: pd.DataFrame, observers: Sequence[str]) -> str:
    of_people = shown[shown["who"] == PEOPLE].groupby("task", sort=False)["n"].max()
    counts = ", ".join(f"{name.replace('_', ' ')}: n = {count:.0f}" for name, count in of_people.items())
    seen = shown[shown["who"] != PEOPLE]["n"].max()
    items = f"; up to {seen:.0f} items" if pd.notna(seen) else ""
    return f"Effects of people ({counts}) and of {len(observers)} observers{items} in the same tasks."


def _look(style: Style) -> dict:
    return {"color": style.colours(1)[0], "marker": "o", "linestyle": "-"}


def _lines(observer: str) -> list[str]:
    """Name of an observer, its mechanisms in lines of their own."""
    host, *mechanisms = observer.split("+")
    return [host, *(f"+{mechanism}" for mechanism in mechanisms)]


def _label(observer: str) -> str:
    return "\n".join(shortened(line, LONGEST_NAME - 4) for line in _lines(observer))


def _effect(rows: pd.DataFrame, observers: Sequence[str], style: Style, named: bool, axes: Axes) -> None:
    """People's interval as a band over all rows, and each observer with its bar."""
    by = rows.set_index("who")
    same = rows["unit"].nunique() == 1
    measure = "mean" if same else "d"
    there = by[by["status"] != CANNOT]
    note(axes, there.reset_index()[["who", measure, f"{measure}_low", f"{measure}_high"]])
    low, high = by.loc[PEOPLE, [f"{measure}_low", f"{measure}_high"]].astype(float)
    ends = (-0.5, len(observers) - 0.5)
    axes.fill_betweenx(ends, [low] * 2, [high] * 2, color=style.unknown, alpha=0.4, linewidth=0, zorder=0.8)
    draw_reference(axes, x=0)
    look = _look(style)
    for at, name in enumerate(observers):
        if name not in by.index or by.loc[name, "status"] == CANNOT:
            axes.text(
                0.98, at, CANNOT, transform=axes.get_yaxis_transform(), ha="right", va="center", color=style.unknown
            )
            continue
        value, least, most = by.loc[name, [measure, f"{measure}_low", f"{measure}_high"]].astype(float)
        axes.hlines([at], [least], [most], color=look["color"])
        axes.plot([value], [at], **{**look, "linestyle": "none"})
    axes.set_yticks(range(len(observers)), [_label(name) * named for name in observers])
    axes.set_ylim(len(observers) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.locator_params(axis="x", nbins=4)
    axes.margins(x=0.15)
    axes.set_xlabel(f"difference ({'s' if rows['unit'].iloc[0] == 's' else 'share'})" if same else EFFECT_SIZE)


FIGURE = Figure(
    "people",
    "effects of people as bands, and of observers in the same tasks, from people score --out",
    opens=opened,
    draw=people,
)
