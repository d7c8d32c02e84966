"""The recognition probe: one object in an image, uncued; how well the model sees it in every pass."""

from __future__ import annotations

from dataclasses import dataclass

from experiments import cues
from experiments.probe import Condition, Probe
from stimuli.foundation.registry import later

__all__ = ["PROBE", "Recognition"]


@dataclass(frozen=True)
class Recognition:
    """Parameters of the probe.

    Parameters
    ----------
    iterations
        Feedback passes, at least 0.
    layer
        Block whose feedback norm, value norm and token norm are recorded.
    """

    iterations: int = 1
    layer: int = -3

    def __post_init__(self) -> None:
        if self.iterations < 0:
            raise ValueError(f"iterations must be at least 0, got {self.iterations}")


def conditions(parameters: Recognition) -> list[Condition]:
    """Nothing is cued."""
    return [Condition("none", 0, "none", cues.learned)]


PROBE = Probe(
    "recognition",
    "Single objects, uncued: how well are they recognised in every pass?",
    Recognition,
    "objects",
    conditions,
    objects=1,
    varies={"hue_shift": (0.0, "Added to every object's hue, in degrees; 180 takes the typical colour away.")},
    summarise=later("experiments.probes.recognition.summary:recognition_summary"),
    task=later("experiments.probes.recognition.task:TASK"),
    formerly=("recognition",),
)
