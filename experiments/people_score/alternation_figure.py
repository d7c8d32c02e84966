"""The alternation figure: durations of percepts of people and observers, over contrast, and what one owes another."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes

from experiments.figures.figure import Figure
from experiments.figures.layout import Layout
from experiments.figures.numbers import note
from experiments.figures.panels import Panel, draw_interval_rows, draw_reference, keys_of
from experiments.figures.style import Style
from experiments.people_score.alternation_table import PICTURES, SCALED, alternation_table
from experiments.statistics.durations import fit_durations
from experiments.statistics.phase_statistics import MIXED

__all__ = ["FIGURE", "alternation", "opened"]

SERIES = "rivalry at five contrasts"
EDGES = np.linspace(0, 4, 33)
ROWS = {"variation": "coefficient\nof variation", "lag": "successive\nphases (r)", "mixed": "mixed (share)",
        "history": "history (r)"}  # fmt: skip
NEEDED = ("who", "display", "contrast", "participant", "session", "block", "response", "duration")


def opened(paths: Sequence[Path]) -> tuple[pd.DataFrame, list[xr.Dataset]]:
    """Open phases that ``people alternation --phases`` wrote."""
    frames = [pd.read_csv(path) for path in paths]
    for path, frame in zip(paths, frames, strict=True):
        if missing := [name for name in NEEDED if name not in frame]:
            raise ValueError(
                f"{path} holds no phases: expected what people alternation --phases writes, it lacks {missing[0]}"
            )
    phases = pd.concat(frames, ignore_index=True)
    return phases, [xr.Dataset(attrs={"title": "people alternation", "model": list(dict.fromkeys(phases["who"]))})]


def alternation(phases: pd.DataFrame, style: Style) -> Layout:
    """Draw durations with their gamma fits, the mean over contrast, and the other statistics.

    Parameters
    ----------
    phases : of people and observers, as ``people alternation`` gives them.
    style : sizes and colours.
    """
    whole = phases[phases["contrast"] == 1]
    table = alternation_table(phases)
    observer = next(iter(phases["who"][phases["who"] != "people"]))
    displays = [name for name in dict.fromkeys(whole["display"]) if name not in (PICTURES, SERIES)]
    groups = {name: whole[(whole["who"] == "people") & (whole["display"] == name)] for name in displays}
    groups[observer] = whole[whole["who"] == observer]
    looks = style.looks_of(groups)
    panels = [
        Panel(
            partial(_durations, of, looks[name]),
            f"{'people' if name != observer else 'network'}: {name}",
            _told(name, of),
        )
        for name, of in groups.items()
    ]
    series = {
        "people": (table[table["display"] == SERIES], {"color": style.ink, "marker": "o"}),
        observer: (table[table["who"] == observer], looks[observer]),
        SCALED: (
            _with_full(table, observer),
            {**looks[observer], "linestyle": (0, (4, 1.5)), "markerfacecolor": "white"},
        ),
    }
    keys = keys_of({name: look for name, (_, look) in series.items()}, {})
    panels.append(
        Panel(partial(_contrasts, series), "mean phase over contrast", "Mean phase over the contrast of the picture; "
              "people: binocular rivalry; evidence scaled: the log odds of full contrast times contrast.", keys)
    )  # fmt: skip
    shown = {"people, " + name: ("people", name) for name in displays} | {observer: (observer, PICTURES)}
    rows = pd.concat([_of(table, *of, name) for name, of in shown.items()])
    drawn = {name: looks[of[1] if of[0] == "people" else of[0]] | {"linestyle": "-"} for name, of in shown.items()}
    panels.append(
        Panel(partial(_statistics, rows, drawn), "other statistics", "Coefficient of variation, correlation of "
              "successive phases, share of mixed time, and correlation of log duration with cumulative history.",
              keys_of(drawn, {}), left=19, rows=len(ROWS))
    )  # fmt: skip
    about = "How long one of two percepts lasts, in people and in a network whose percept is fed back and tires."
    closing = (
        "Durations are divided by the mean of the person, or of the picture and network; curves: gamma distributions "
        "of greatest likelihood. Bars: 95 % intervals (bootstrap over people, or over pictures and networks)."
    )
    return Layout(panels, about, closing, (2, 3))


def _relative(phases: pd.DataFrame) -> np.ndarray:
    """Durations of dominance relative to the mean of their participant."""
    seen = phases[(phases["response"] != MIXED) & (phases["duration"] > 0)]
    return (seen["duration"] / seen.groupby("participant")["duration"].transform("mean")).to_numpy()


def _told(name: str, phases: pd.DataFrame) -> str:
    durations = _relative(phases)
    return f"{name}: n = {len(durations)} phases, gamma shape {fit_durations(durations).shape:.1f}."


def _with_full(table: pd.DataFrame, observer: str) -> pd.DataFrame:
    """Scaled evidence at all contrasts: at the full one it is the observer itself."""
    full = (table["who"] == observer) & (table["contrast"] == 1)
    return table[(table["who"] == f"{observer}, {SCALED}") | full].sort_values("contrast")


def _of(table: pd.DataFrame, who: str, display: str, name: str) -> pd.DataFrame:
    """One row of the table as a row a statistic."""
    row = table[(table["who"] == who) & (table["display"] == display) & (table["contrast"] == 1)].iloc[0]
    values = [[row[of + end] for end in ("", "_low", "_high")] for of in ROWS]
    return pd.DataFrame(values, columns=["value", "value_low", "value_high"]).assign(
        row=list(ROWS.values()), model=name
    )


def _durations(phases: pd.DataFrame, look: dict, axes: Axes) -> None:
    """Histogram of relative durations, and the gamma distribution."""
    durations = _relative(phases)
    density, *_ = axes.hist(durations, EDGES, density=True, color=look["color"], alpha=0.35, linewidth=0)
    note(axes, pd.DataFrame({"from": EDGES[:-1], "to": EDGES[1:], "density": density}))
    at, fit = np.linspace(0.01, EDGES[-1], 200), fit_durations(durations)
    note(axes, pd.DataFrame({"duration": at, "density": fit.density(at)}), curve=True)
    axes.plot(at, fit.density(at), color=look["color"])
    axes.text(0.97, 0.95, f"gamma shape {fit.shape:.1f}\nvariation {fit.variation:.2f}", transform=axes.transAxes,
              ha="right", va="top")  # fmt: skip
    axes.set(xlabel="duration / mean", ylabel="density", xlim=(0, EDGES[-1]), ylim=(0, 1.25 * max(density)))


def _contrasts(series: dict, axes: Axes) -> None:
    """Mean phase over contrast, both axes logarithmic."""
    for name, (rows, look) in series.items():
        rows = rows[rows["n"] > 0].sort_values("contrast")
        note(axes, rows[["contrast", "mean", "mean_low", "mean_high"]].assign(who=name))
        axes.vlines(rows["contrast"], rows["mean_low"], rows["mean_high"], color=look["color"])
        axes.plot(rows["contrast"], rows["mean"], **look)
    axes.set(xscale="log", yscale="log", xlabel="contrast", ylabel="mean phase (s)")
    axes.set_xticks([2.0**k for k in range(-4, 1)], ["1/16", "1/8", "1/4", "1/2", "1"])
    axes.set_yticks([0.25, 0.5, 1, 2, 4], ["0.25", "0.5", "1", "2", "4"])
    axes.minorticks_off()


def _statistics(rows: pd.DataFrame, looks: dict[str, dict], axes: Axes) -> None:
    """Statistics as dots with bars, those who are compared below each other."""
    draw_interval_rows(axes, list(ROWS.values()), rows, "value", looks)
    draw_reference(axes, x=0)
    axes.set_xlabel("value")


FIGURE = Figure(
    "alternation",
    "durations of percepts of people and observers, from people alternation --phases",
    opens=opened,
    draw=alternation,
)
