"""The corruption figure: whether further passes recognise corrupted objects better."""

from __future__ import annotations

from dataclasses import replace

from experiments.figures.figure import Figure
from experiments.figures.layout import Layout
from experiments.figures.panels import keys_of
from experiments.figures.record_table import Table
from experiments.figures.style import Style
from experiments.probes.corruption_dynamics.summary import corruption_summary

__all__ = ["FIGURE", "corruption"]

NAMES = {
    "none": "no cue",
    "class 1": "cue: its class",
    "absent class": "cue: an absent class",
    "random vector": "random vector",
    "shuffled class 1": "shuffled cue",
}
CONTROLS = ("random vector", "shuffled class 1")  # shown in the last panel only


def corruption(table: Table, style: Style, gain: float | None = None) -> Layout:
    """Draw accuracy over passes for every severity and cue, and what the last pass gains over the first."""
    shown = table.at(gain)
    rows = shown.of(corruption="all")
    severities = sorted(set(rows["severity"]))
    shades = dict(zip(severities, style.shades(len(severities)), strict=True))
    looks = style.looks_of([prior for prior in NAMES if prior in set(rows["prior"])])
    panels = [
        table.lines(
            NAMES[prior],
            f"Share of objects that are named from pass to pass (0: bottom-up), {NAMES[prior]}.",
            rows[rows["prior"] == prior],
            across="iteration",
            name="accuracy",
            by="severity",
            looks=shades,
            band=True,
            ylabel="objects named (share)",
            ylim=(-0.04, 1.04),
        )
        for prior in looks
        if prior not in CONTROLS
    ]
    gains = table.lines(
        "last − first pass",
        "By how much that share grows from the first to the last pass.",
        rows[rows["iteration"] == rows["iteration"].max()],
        across="severity",
        name="gain_over_pass_0",
        by="prior",
        looks=looks,
        reference=0,
        xlabel="severity",
        ylabel="change (share named)",
        xticks=severities,
    )
    panels.append(replace(gains, keys=keys_of({NAMES[prior]: look for prior, look in looks.items()}, {})))
    used = [str(name).replace("_", " ") for name in table.values("corruption") if name != "all"]
    about = f"Single objects under {len(used)} corruptions ({', '.join(used)}; severity 0 is the picture itself)"
    keys = keys_of({f"severity {severity:g}": look for severity, look in shades.items()}, table.models)
    return shown.layout(panels, about, (2, 4), keys, "Bands and bars")


FIGURE = Figure(
    "corruption",
    "accuracy over passes under corruption",
    reads=("corruption_dynamics",),
    needs=("logits",),
    made_of="corruption_dynamics --corruptions gaussian_noise contrast --severities 0 3 5 --iterations 2 --n 8",
    table=corruption_summary,
    draw=corruption,
)
