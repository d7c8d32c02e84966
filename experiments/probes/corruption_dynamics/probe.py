"""The corruption-dynamics probe: single objects under corruption, and whether further passes recognise them better."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from experiments import cues
from experiments.probe import Condition, Probe
from stimuli.corruptions import CORRUPTIONS, ordered
from stimuli.foundation.registry import later

__all__ = ["PROBE", "CorruptionDynamics", "conditions"]


@dataclass(frozen=True)
class CorruptionDynamics(cues.CueParameters):
    """Parameters of the probe.

    Parameters
    ----------
    corruptions
        Names of corruptions.
    severities
        Strengths, 0 to 5; 0 is the picture itself.
    """

    iterations: int = 4
    corruptions: tuple[str, ...] = ("gaussian_noise", "motion_blur", "fog", "jpeg_compression")
    severities: tuple[int, ...] = (0, 1, 3, 5)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.severities or not all(severity in range(6) for severity in self.severities):
            raise ValueError(f"severities must be of 0 to 5, got {self.severities}")
        if not self.corruptions:
            raise ValueError("name at least one corruption")
        if unknown := [name for name in self.corruptions if name not in CORRUPTIONS]:
            known = ", ".join(ordered(CORRUPTIONS))
            raise ValueError(f"there is no corruption {unknown[0]!r}; expected some of {known}")
        for name in ("corruptions", "severities"):
            if len(set(getattr(self, name))) < len(getattr(self, name)):
                raise ValueError(f"{name} must differ from each other, got {getattr(self, name)}")


def conditions(parameters: CorruptionDynamics) -> list[Condition]:
    """List the priors: no cue, the object's own class, a class that is not shown, and the controls."""
    own = partial(cues.class_cue, "class_1")
    found = [
        Condition("none", 0, "none", cues.learned),
        Condition("class 1", 1, "class", own),
        Condition("absent class", -1, "absent class", partial(cues.class_cue, "absent_class")),
        Condition("random vector", 0, "random vector", cues.random_vector),
        Condition("shuffled class 1", 1, "shuffled class", partial(cues.shuffled, own)),
    ]
    return cues.chosen(found, parameters.priors)


PROBE = Probe(
    "corruption_dynamics",
    "Single objects under corruption: whether further passes recognise them better.",
    CorruptionDynamics,
    "objects",
    conditions,
    objects=1,
    records=("logits",),
    show=later("experiments.probes.corruption_dynamics.show:show"),
    summarise=later("experiments.probes.corruption_dynamics.summary:corruption_summary"),
    columns={"gain_over_pass_0": "accuracy of the pass less that of the bottom-up pass"},
    figures=("corruption",),
    formerly=("corruption dynamics",),
)
