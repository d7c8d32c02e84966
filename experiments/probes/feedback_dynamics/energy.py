"""The energy figure: the reconstruction error of every block from pass to pass."""

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
    tick_text,
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

KINDS = ("none", "class", "percept", "random vector")


def panels(record: xr.Dataset, gain: float, style: Style, n: int) -> list[Panel]:
    """Make the panels.

    Parameters
    ----------
    record : of the protocol settling.
    gain : gain that is shown where it is not the axis.
    style : sizes and colours.
    n : bootstrap resamples.
    """
    gain, layers = nearest(record, gain), record["layer"].values.tolist()
    shades = [look | {"marker": ""} for look in style.shades(len(layers))]
    kinds = [kind for kind in KINDS if kind in record["kind"].values]
    looks = dict(zip(kinds, style.looks(len(kinds)), strict=True))
    shown = "class" if "class" in kinds else kinds[0]
    keys = tuple(Key(NAMES[kind], look) for kind, look in looks.items())
    of_layers = tuple(Key(f"block {layer}", look) for layer, look in zip(layers, shades, strict=True))
    lines = {kind: look | {"marker": ""} for kind, look in looks.items()}
    of_kinds = tuple(Key(NAMES[kind], look) for kind, look in lines.items())
    return [
        Panel(
            partial(_layers, record, gain, shown, shades, n), f"{NAMES[shown]}, gain {gain:g}",
            "Mean squared error with which the decoder of each block predicts the tokens that enter it, relative to "
            f"that of pass 0, prior: {NAMES[shown]}, gain {gain:g}.", of_layers,
        ),
        Panel(
            partial(_courses, record, gain, lines, n), f"all blocks, gain {gain:g}",
            "The sum over blocks, the energy of analysis by synthesis, as relative change since pass 0, gain "
            f"{gain:g}.", of_kinds,
        ),
        Panel(
            partial(_ends, record, looks, n), "all blocks, last pass",
            "The same in the last pass, by gain (where it exceeds 10, on an axis that is logarithmic beyond ±1).", keys,
        ),
    ]  # fmt: skip


def _layers(record: xr.Dataset, gain: float, kind: str, shades, n: int, axes: Axes) -> None:
    """Error of every block relative to pass 0."""
    part = first_noise(intact(record)).sel(gain=gain, drop=True)
    error = of_kind(part["reconstruction_error"], part, kind)
    error = error / error.isel(iteration=0, drop=True)
    for layer, look in zip(error["layer"].values, shades, strict=True):
        rows = interval_rows(error.sel(layer=layer, drop=True), "error", part, n)
        rows = rows.assign(prior=kind, gain=gain, layer=layer)
        draw_interval_lines(axes, rows["iteration"], rows, "error", look, band=True)
    draw_reference(axes, y=1)
    mark_passes(axes)
    axes.set(ylabel="error / error of pass 0")


def _courses(record: xr.Dataset, gain: float, looks: dict[str, dict], n: int, axes: Axes) -> None:
    """Change of the sum over blocks from pass to pass, a line a prior."""
    part = first_noise(intact(record)).sel(gain=gain, drop=True)
    change = measures.energy_change(part)
    for kind, look in looks.items():
        rows = interval_rows(of_kind(change, part, kind), "change", part, n).assign(prior=kind, gain=gain)
        draw_interval_lines(axes, rows["iteration"], rows, "change", look, band=True)
    draw_reference(axes, y=0)
    mark_passes(axes)
    axes.set(ylabel="change of energy")


def _ends(record: xr.Dataset, looks: dict[str, dict], n: int, axes: Axes) -> None:
    """Change of the sum over blocks in the last pass, by gain."""
    for k, (kind, look) in enumerate(looks.items()):
        for dashes, part in models_of(record):
            change = measures.energy_change(first_noise(part)).isel(iteration=-1, drop=True)
            by_gain(axes, of_kind(change, part, kind), "change", kind, part, look | dashes, n, 1.5 * k)
    draw_reference(axes, y=0)
    mark_gains(axes, record["gain"].values)
    if max(map(abs, axes.get_ylim())) > 10:  # where high gains raise it a hundredfold, the rest would be a flat line
        axes.set_yscale("symlog", linthresh=1)
        axes.yaxis.set_major_formatter(tick_text)
    axes.set(ylabel="change of energy")


FIGURE = Figure(
    "energy",
    "reconstruction error of each block from pass to pass",
    reads=(f"{OF}settling",),
    needs=("logits", "gain", "severity", "reconstruction_error"),
    draw=layout_of(("reconstruction_error",), settling=panels),
)
