"""The energy figure: the reconstruction error of every block from pass to pass."""

from __future__ import annotations

from functools import partial

from matplotlib.axes import Axes

from experiments import measures
from experiments.figures.figure import Figure
from experiments.figures.panels import Key, Panel, draw_reference, mark_passes, tick_text
from experiments.probes.feedback_dynamics.protocol_panels import NAMES, OF, Shown, layout_of, named, of_kind

__all__ = ["FIGURE", "panels"]

KINDS = ("none", "class", "percept", "random vector")


def panels(shown: Shown) -> list[Panel]:
    """Make the panels of the protocol settling."""
    record, gain, layers = shown.record, shown.gain, shown.record["layer"].values.tolist()
    shades = {layer: look | {"marker": ""} for layer, look in zip(layers, shown.style.shades(len(layers)), strict=True)}
    looks = shown.style.looks_of(kind for kind in KINDS if kind in record["kind"].values)
    lines = {kind: look | {"marker": ""} for kind, look in looks.items()}
    first = "class" if "class" in looks else next(iter(looks))
    return [
        Panel(
            partial(_layers, shown, first, shades), f"{NAMES[first]}, gain {gain:g}",
            "Mean squared error with which the decoder of each block predicts the tokens that enter it, "
            f"relative to that of pass 0, prior: {NAMES[first]}, gain {gain:g}.",
            tuple(Key(f"block {layer}", look) for layer, look in shades.items()),
        ),
        Panel(
            partial(_courses, shown, lines), f"all blocks, gain {gain:g}",
            "The sum over blocks, the energy of analysis by synthesis, as relative change since pass 0, gain "
            f"{gain:g}.", named(lines),
        ),
        Panel(
            partial(_ends, shown, looks), "all blocks, last pass",
            "The same in the last pass, by gain (where it exceeds 10, on an axis that is logarithmic beyond ±1).",
            named(looks),
        ),
    ]  # fmt: skip


def _layers(shown: Shown, kind: str, shades: dict[int, dict], axes: Axes) -> None:
    """Error of every block relative to pass 0."""
    error = of_kind(shown.part["reconstruction_error"], shown.part, kind)
    error = error / error.isel(iteration=0, drop=True)
    lines = (
        (error.sel(layer=layer, drop=True), {"prior": kind, "layer": layer}, look) for layer, look in shades.items()
    )
    shown.draw_courses(axes, "error", lines)
    draw_reference(axes, y=1)
    mark_passes(axes)
    axes.set(ylabel="error / error of pass 0")


def _courses(shown: Shown, looks: dict[str, dict], axes: Axes) -> None:
    """Change of the sum over blocks from pass to pass, a line a prior."""
    change = measures.energy_change(shown.part)
    lines = ((of_kind(change, shown.part, kind), {"prior": kind}, look) for kind, look in looks.items())
    shown.draw_courses(axes, "change", lines)
    draw_reference(axes, y=0)
    mark_passes(axes)
    axes.set(ylabel="change of energy")


def _ends(shown: Shown, looks: dict[str, dict], axes: Axes) -> None:
    """Change of the sum over blocks in the last pass, by gain."""

    def change(record, kind):
        return of_kind(measures.energy_change(record).isel(iteration=-1, drop=True), record, kind)

    shown.draw_by_gain(axes, "change", looks, change)
    draw_reference(axes, y=0)
    if max(map(abs, axes.get_ylim())) > 10:  # where high gains raise it a hundredfold, the rest would be a flat line
        axes.set_yscale("symlog", linthresh=1)
        axes.yaxis.set_major_formatter(tick_text)
    axes.set(ylabel="change of energy")


FIGURE = Figure(
    "energy",
    "reconstruction error of each block from pass to pass",
    reads=(f"{OF}settling",),
    needs=("logits", "gain", "severity", "reconstruction_error"),
    made_of="feedback_dynamics --gains 1 2 --passes 8 --n 6",
    draw=layout_of(("reconstruction_error",), settling=panels),
)
