"""The settling figure: where further passes take the percept, what is left of a cue, and whether the state settles."""

from __future__ import annotations

from functools import partial

import xarray as xr
from matplotlib.axes import Axes

from experiments import measures
from experiments.figures.figure import Figure
from experiments.figures.panels import (
    Key,
    Panel,
    draw_interval_lines,
    draw_reference,
    mark_gains,
    mark_passes,
    mark_powers,
)
from experiments.figures.record_table import interval_rows
from experiments.figures.style import Style
from experiments.probes.feedback_dynamics.protocol_panels import (  # fmt: skip
    NAMES,
    OF,
    by_gain,
    first_noise,
    intact,
    layout_of,
    models_of,
    nearest,
    of_kind,
)

__all__ = ["FIGURE", "panels"]

COURSES = {
    "none": "learned prompt",
    "class 1": "class 1",
    "class 2": "class 2",
    "released 1": "class 1, then percept",
    "released 2": "class 2, then percept",
}
MEMORIES, RESIDUALS = ("released", "released, none"), ("none", "class", "percept")


def panels(record: xr.Dataset, gain: float, style: Style, n: int) -> list[Panel]:
    """Make the panels.

    Parameters
    ----------
    record : of the protocol settling.
    gain : gain that is shown where it is not the axis.
    style : sizes and colours.
    n : bootstrap resamples.
    """
    gain, kinds = nearest(record, gain), set(record["kind"].values)
    courses = [name for name in COURSES if name in record["prior"].values]
    lines = {name: look | {"marker": ""} for name, look in zip(courses, style.looks(len(courses)), strict=True)}
    for name in lines:
        if name.startswith("released"):
            lines[name] |= {"linestyle": (0, (1, 1))}
    keys = tuple(Key(COURSES[name], look) for name, look in lines.items())
    text = f"Share of reading 1 in the two readings' probability from pass to pass, gain {gain:g}."
    found = [Panel(partial(_courses, record, gain, lines, n), f"percept, gain {gain:g}", text, keys)]
    memories = [kind for kind in MEMORIES if kind in kinds]
    if memories:
        looks = dict(zip(memories, style.looks(5)[3:], strict=False))
        keys = tuple(Key(NAMES[kind], look) for kind, look in looks.items())
        text = (
            "What is left of a class cue that was taken away after one pass: share of reading 1 after cue 1 minus that "
            "after cue 2, by gain."
        )
        found.append(Panel(partial(_memory, record, looks, n), "memory of a cue", text, keys))
    residuals = [kind for kind in RESIDUALS if kind in kinds]
    looks = dict(zip(residuals, style.looks(len(residuals)), strict=True))
    keys = tuple(Key(NAMES[kind], look) for kind, look in looks.items())
    last = int(record["iteration"].values[-1])
    text = f"Relative change of the state in pass {last}, by gain: small at a fixed point."
    return [*found, Panel(partial(_residual, record, looks, n), f"change in pass {last}", text, keys, left=14)]


def _courses(record: xr.Dataset, gain: float, lines: dict[str, dict], n: int, axes: Axes) -> None:
    """Share of reading 1 from pass to pass, a line a prior."""
    part = first_noise(intact(record)).sel(gain=gain, drop=True)
    share = measures.object_1_share(part)
    for name, look in lines.items():
        rows = interval_rows(share.sel(prior=name, drop=True), "share", part, n).assign(prior=name, gain=gain)
        draw_interval_lines(axes, rows["iteration"], rows, "share", look, band=True)
    draw_reference(axes, y=0.5)
    mark_passes(axes)
    axes.set(ylabel="share of reading 1", ylim=(-0.03, 1.03))


def _memory(record: xr.Dataset, looks: dict[str, dict], n: int, axes: Axes) -> None:
    """What is left of a cue that was taken away, by gain."""
    for k, (kind, look) in enumerate(looks.items()):
        for dashes, part in models_of(record):
            last = measures.cue_memory(first_noise(part).isel(iteration=[-1]), kind).isel(iteration=0, drop=True)
            by_gain(axes, last, "memory", kind, part, look | dashes, n, 1.5 * k)
    draw_reference(axes, y=0)
    mark_gains(axes, record["gain"].values)
    axes.set(ylabel="memory (share)", ylim=(-0.25, 1.05))


def _residual(record: xr.Dataset, looks: dict[str, dict], n: int, axes: Axes) -> None:
    """Change of the state in the last pass, by gain."""
    for k, (kind, look) in enumerate(looks.items()):
        for dashes, part in models_of(record):
            change = of_kind(measures.fixed_point_distance(first_noise(part)), part, kind)
            by_gain(axes, change, "relative_change", kind, part, look | dashes, n, 1.5 * k)
    mark_gains(axes, record["gain"].values)
    axes.set(ylabel="relative change")
    mark_powers(axes)


FIGURE = Figure(
    "settling",
    "the percept from pass to pass, memory and change",
    reads=(f"{OF}settling",),
    needs=("logits", "gain", "severity"),
    draw=layout_of(settling=panels),
)
