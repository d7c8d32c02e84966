"""The hysteresis figure: a morph up and down, the state carried along, and the area between the two branches."""

from __future__ import annotations

from functools import partial

import xarray as xr
from matplotlib.axes import Axes

from experiments import measures
from experiments.figures.figure import Figure
from experiments.figures.panels import Key, Panel, draw_interval_lines, draw_reference, mark_gains
from experiments.figures.record_table import interval_rows
from experiments.figures.style import Style
from experiments.measures.dynamics import branches
from experiments.probes.feedback_dynamics.protocol_panels import (  # fmt: skip
    NAMES,
    OF,
    by_gain,
    first_noise,
    intact,
    layout_of,
    models_of,
    nearest,
)

__all__ = ["FIGURE", "panels"]

LOOPS, AREAS = ("none", "percept"), ("none", "percept", "shuffled percept")
DOWN = {"linestyle": (0, (1, 1)), "marker": "<"}


def panels(record: xr.Dataset, gain: float, style: Style, n: int) -> list[Panel]:
    """Make the panels.

    Parameters
    ----------
    record : of the protocol hysteresis.
    gain : gain that is shown where it is not the axis.
    style : sizes and colours.
    n : bootstrap resamples.
    """
    gain, priors = nearest(record, gain), record["prior"].values
    looks = dict(zip(AREAS, style.looks(len(AREAS)), strict=True))
    loops = {name: looks[name] | {"marker": ">"} for name in LOOPS if name in priors}
    areas = {name: look for name, look in looks.items() if name in priors}
    directions = (Key("up", {"color": style.ink, "marker": ">"}), Key("down", {"color": style.ink, **DOWN}))
    colours = tuple(Key(NAMES[name], look | {"marker": ""}) for name, look in loops.items())
    of_areas = tuple(Key(NAMES[name], look) for name, look in areas.items())
    return [
        Panel(
            partial(_loop, record, gain, loops, n), f"morph, gain {gain:g}",
            "A morph shown up (triangles to the right) and down (dotted, triangles to the left), the state carried "
            f"from picture to picture, gain {gain:g}.", (*colours, *directions),
        ),
        Panel(
            partial(_areas, record, areas, n), "area of the hysteresis",
            "Area between the branches, by gain; 0 without memory.", of_areas,
        ),
    ]  # fmt: skip


def _loop(record: xr.Dataset, gain: float, looks: dict[str, dict], n: int, axes: Axes) -> None:
    """The two branches."""
    part = first_noise(intact(record)).sel(gain=gain, drop=True)
    up, down = branches(part)
    for name, look in looks.items():
        for direction, branch, way in (("up", up, {}), ("down", down, DOWN)):
            line = branch.sel(prior=name, drop=True).rename(pair="stimulus")
            rows = interval_rows(line, "share", part, n).assign(prior=name, gain=gain, direction=direction)
            draw_interval_lines(axes, rows["morph"], rows, "share", look | way, band=True)
    axes.set(xlabel="morph (share of reading 2)", ylabel="share of reading 1", ylim=(-0.03, 1.03))


def _areas(record: xr.Dataset, looks: dict[str, dict], n: int, axes: Axes) -> None:
    """Area between the branches, by gain."""
    for k, (name, look) in enumerate(looks.items()):
        for dashes, part in models_of(record):
            area = measures.hysteresis_area(first_noise(part).sel(prior=[name])).isel(prior=0, drop=True)
            by_gain(axes, area.rename(pair="stimulus"), "area", name, part, look | dashes, n, 1.5 * k)
    draw_reference(axes, y=0)
    mark_gains(axes, record["gain"].values)
    axes.set(ylabel="area (share × share)")


FIGURE = Figure(
    "hysteresis",
    "a morph up and down, and the area between",
    reads=(f"{OF}hysteresis",),
    needs=("logits", "gain", "severity", "morph", "direction", "pair"),
    draw=layout_of(("logits",), hysteresis=panels),
)
