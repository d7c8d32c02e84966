"""The alternation probe: two readings of a picture that take turns in an observer, since a percept tires.

The record has the dims ([model, seed,] contrast, gain, prior, stimulus) of its logits, those of the last pass, and
([model, seed,] contrast, time, stimulus) of ``share``, what is seen of reading 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from experiments import cues
from experiments.probe import Condition, Probe
from experiments.probes.alternation.dynamics import Dynamics
from stimuli.foundation.registry import later

__all__ = ["PROBE", "Alternating", "conditions"]


@dataclass(frozen=True)
class Alternating(Dynamics):
    """Parameters of the probe.

    Parameters
    ----------
    contrasts
        Contrasts of the pictures about their mean, 0 to 1; a dimension of the record.
    gains
        Gains at which the observer is told either reading, ascending from 0: the map of what feedback does.
    """

    contrasts: tuple[float, ...] = (1.0,)
    gains: tuple[float, ...] = (0.0, 0.25, 0.5, 1.0, 1.5, 2.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.contrasts or len(set(self.contrasts)) < len(self.contrasts):
            raise ValueError(f"contrasts must differ, got {self.contrasts}")
        if not all(0 < contrast <= 1 for contrast in self.contrasts):
            raise ValueError(f"contrasts must be above 0 and at most 1, got {self.contrasts}")
        if len(self.gains) < 2 or self.gains[0] != 0 or list(self.gains) != sorted(set(self.gains)):
            raise ValueError(f"gains must ascend from 0, got {self.gains}")
        if not self.feedback <= self.gains[-1] < float("inf"):
            raise ValueError(f"gains must reach the feedback of {self.feedback:g}, got {self.gains}")

    @property
    def iterations(self) -> int:
        """Passes of which each measurement of the map consists: bottom-up, then told."""
        return 1


def conditions(parameters: Alternating) -> list[Condition]:
    """List the priors: either reading is told."""
    return [Condition(f"class {k}", k, "class", partial(cues.class_cue, f"class_{k}")) for k in (1, 2)]


PROBE = Probe(
    "alternation",
    "Two readings of a picture that take turns: what is seen is fed back, tires and is disturbed.",
    Alternating,
    "halves",
    conditions,
    objects=2,
    families=("overlay", "mosaic"),
    records=("logits",),
    show=later("experiments.probes.alternation.show:show"),
    summarise=later("experiments.probes.alternation.summary:summary"),
    columns={
        "participants": "pictures, of all trained networks, whose percept alternates; each counts as a person does",
        "phases": "whole phases of dominance",
        "mean": "their mean duration in seconds; intervals over pictures and networks",
        "shape": "shape of the gamma distribution of durations relative to the mean of their picture",
        "variation": "standard deviation of these",
        "lag": "correlation of successive phases",
        "mixed": "share of the time in which neither reading is seen",
        "history": "correlation of log duration with how much more its percept was seen before than the other; "
        "negative: what was seen long has tired",
        "memory": "time constant at which that is strongest, in mean phases",
    },
    title="alternation",
)
