"""The dynamics figure: settling, hysteresis and dominance durations of one model together."""

from experiments.figures.figure import Figure
from experiments.probes.feedback_dynamics import dominance, hysteresis, settling
from experiments.probes.feedback_dynamics.protocol_panels import OF, layout_of

__all__ = ["FIGURE"]

FIGURE = Figure(
    "dynamics",
    "settling, hysteresis and dominance together",
    reads=tuple(f"{OF}{protocol}" for protocol in ("settling", "hysteresis", "switching")),
    needs=("logits", "gain", "severity"),
    made_of="feedback_dynamics --gains 1 2 --passes 8 --n 6",
    draw=layout_of(settling=settling.panels, hysteresis=hysteresis.panels, switching=dominance.panels),
)
