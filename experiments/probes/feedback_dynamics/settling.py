"""The settling figure: where passes take the percept, what is left of a cue, and if the state settles."""

from __future__ import annotations

from functools import partial

from matplotlib.axes import Axes

from experiments import measures
from experiments.figures.figure import Figure
from experiments.figures.panels import Panel, draw_reference, mark_passes, mark_powers
from experiments.probes.feedback_dynamics.protocol_panels import OF, Shown, layout_of, named, of_kind

__all__ = ["FIGURE", "panels"]

COURSES = {
    "none": "learned prompt",
    "class 1": "class 1",
    "class 2": "class 2",
    "released 1": "class 1, then percept",
    "released 2": "class 2, then percept",
}
MEMORIES, RESIDUALS = ("released", "released, none"), ("none", "class", "percept")


def panels(shown: Shown) -> list[Panel]:
    """Make the panels of the protocol settling."""
    record, gain, style = shown.record, shown.gain, shown.style
    last, kinds = int(record["iteration"].values[-1]), record["kind"].values
    lines = style.looks_of(name for name in COURSES if name in record["prior"].values)
    for name in lines:
        lines[name] |= {"marker": ""} | ({"linestyle": (0, (1, 1))} if name.startswith("released") else {})
    text = f"Share of reading 1 in the two readings' probability from pass to pass, gain {gain:g}."
    found = [Panel(partial(_courses, shown, lines), f"percept, gain {gain:g}", text, named(lines, COURSES))]
    looks = dict(zip([kind for kind in MEMORIES if kind in kinds], style.looks(5)[3:], strict=False))
    if looks:
        text = (
            "What is left of a class cue that was taken away after one pass: share of reading 1 after cue 1 "
            "minus that after cue 2, by gain."
        )
        found.append(Panel(partial(_memory, shown, looks), "memory of a cue", text, named(looks)))
    looks = style.looks_of(kind for kind in RESIDUALS if kind in kinds)
    text = f"Relative change of the state in pass {last}, by gain: small at a fixed point."
    return [*found, Panel(partial(_residual, shown, looks), f"change in pass {last}", text, named(looks), left=14)]


def _courses(shown: Shown, looks: dict[str, dict], axes: Axes) -> None:
    """Share of reading 1 from pass to pass, a line a prior."""
    share = measures.object_1_share(shown.part)
    lines = ((share.sel(prior=name, drop=True), {"prior": name}, look) for name, look in looks.items())
    shown.draw_courses(axes, "share", lines)
    draw_reference(axes, y=0.5)
    mark_passes(axes)
    axes.set(ylabel="share of reading 1", ylim=(-0.03, 1.03))


def _memory(shown: Shown, looks: dict[str, dict], axes: Axes) -> None:
    """What is left of a cue that was taken away, by gain."""

    def left(record, kind):
        return measures.cue_memory(record.isel(iteration=[-1]), kind).isel(iteration=0, drop=True)

    shown.draw_by_gain(axes, "memory", looks, left)
    draw_reference(axes, y=0)
    axes.set(ylabel="memory (share)", ylim=(-0.25, 1.05))


def _residual(shown: Shown, looks: dict[str, dict], axes: Axes) -> None:
    """Change of the state in the last pass, by gain."""

    def change(record, kind):
        return of_kind(measures.fixed_point_distance(record), record, kind)

    shown.draw_by_gain(axes, "relative_change", looks, change)
    axes.set(ylabel="relative change")
    mark_powers(axes)


FIGURE = Figure(
    "settling",
    "the percept from pass to pass, memory and change",
    reads=(f"{OF}settling",),
    needs=("logits", "gain", "severity"),
    made_of="feedback_dynamics --gains 1 2 --passes 8 --n 6",
    draw=layout_of(settling=panels),
)
