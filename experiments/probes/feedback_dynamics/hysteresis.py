"""The hysteresis figure: a morph up and down, the state carried along, and the area between."""

from __future__ import annotations

from functools import partial

from matplotlib.axes import Axes

from experiments import measures
from experiments.figures.figure import Figure
from experiments.figures.panels import Key, Panel, draw_reference
from experiments.measures.dynamics import branches
from experiments.probes.feedback_dynamics.protocol_panels import OF, Shown, layout_of, named

__all__ = ["FIGURE", "panels"]

LOOPS, AREAS = ("none", "percept"), ("none", "percept", "shuffled percept")
DOWN = {"linestyle": (0, (1, 1)), "marker": "<"}


def panels(shown: Shown) -> list[Panel]:
    """Make the panels of the protocol hysteresis."""
    gain, ink, priors = shown.gain, {"color": shown.style.ink}, shown.record["prior"].values
    areas = {name: look for name, look in shown.style.looks_of(AREAS).items() if name in priors}
    loops = {name: areas[name] | {"marker": ">"} for name in LOOPS if name in areas}
    colours = named({name: look | {"marker": ""} for name, look in loops.items()})
    return [
        Panel(
            partial(_loop, shown, loops), f"morph, gain {gain:g}",
            "A morph shown up (triangles to the right) and down (dotted, triangles to the left), the state "
            f"carried from picture to picture, gain {gain:g}.",
            (*colours, Key("up", ink | {"marker": ">"}), Key("down", ink | DOWN)),
        ),
        Panel(
            partial(_areas, shown, areas), "area of the hysteresis",
            "Area between the branches, by gain; 0 without memory.", named(areas),
        ),
    ]  # fmt: skip


def _loop(shown: Shown, looks: dict[str, dict], axes: Axes) -> None:
    """The two branches."""
    up, down = (branch.rename(pair="stimulus") for branch in branches(shown.part))
    lines = (
        (branch.sel(prior=name, drop=True), {"prior": name, "direction": direction}, look | way)
        for name, look in looks.items()
        for direction, branch, way in (("up", up, {}), ("down", down, DOWN))
    )
    shown.draw_courses(axes, "share", lines, "morph")
    axes.set(xlabel="morph (share of reading 2)", ylabel="share of reading 1", ylim=(-0.03, 1.03))


def _areas(shown: Shown, looks: dict[str, dict], axes: Axes) -> None:
    """Area between the branches, by gain."""

    def area(record, name):
        found = measures.hysteresis_area(record.sel(prior=[name])).isel(prior=0, drop=True)
        return found.rename(pair="stimulus")

    shown.draw_by_gain(axes, "area", looks, area)
    draw_reference(axes, y=0)
    axes.set(ylabel="area (share × share)")


FIGURE = Figure(
    "hysteresis",
    "a morph up and down, and the area between",
    reads=(f"{OF}hysteresis",),
    needs=("logits", "gain", "severity", "morph", "direction", "pair"),
    made_of="feedback_dynamics --protocol hysteresis --gains 2 --steps 6 --n 6",
    draw=layout_of(("logits",), hysteresis=panels),
)
