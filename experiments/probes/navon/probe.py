"""The Navon probe: large letters made of small ones, seen with wide, narrow or no attention.

No model here was trained on letters, so nothing is named. The measures ask instead whether the pattern of the
logits tells the letters: congruent figures of each letter give its template, and every figure is matched to
the templates (``measures.letter_evidence``). That shows which level of the figure a model's answer varies
with, and whether the other level gets in its way; not that it reads letters, nor any order in time. A
spotlight sets the width of attention (Navon 1977 on the two levels; Eriksen and St. James 1986 on the zoom
lens). The record holds the figures' ``congruency``, ``global_letter`` and ``local_letter``; ``class_1`` and
``class_2`` are -1.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from experiments import cues
from experiments.probe import Condition, Probe
from stimuli.foundation.registry import later

__all__ = ["PROBE", "Navon", "conditions"]


@dataclass(frozen=True)
class Navon(cues.MapParameters):
    """Parameters of the probe.

    Parameters
    ----------
    narrow
        Standard deviation of the narrow spotlight, in units of the smaller side of the image.
    wide
        Standard deviation of the wide one.
    """

    gains: tuple[float, ...] = (1.0,)
    narrow: float = 0.08
    wide: float = 0.35

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.narrow < self.wide <= 10:
            raise ValueError(f"expected 0 < narrow < wide <= 10, got {self.narrow} and {self.wide}")


def conditions(parameters: Navon) -> list[Condition]:
    """List the priors: no cue, a narrow and a wide spotlight on the figure's centre, and the controls."""
    spots = {name: partial(cues.place, cues.first_places, getattr(parameters, name)) for name in ("narrow", "wide")}
    found = [
        Condition("neutral", 0, "neutral", cues.learned),
        *(Condition(name, 0, name, spot, {"width": getattr(parameters, name)}) for name, spot in spots.items()),
        Condition("random vector", 0, "random vector", cues.random_vector),
        Condition("shuffled narrow", 0, "shuffled narrow", partial(cues.shuffled, spots["narrow"])),
    ]
    return cues.chosen(found, parameters.priors)


PROBE = Probe(
    "navon",
    "Large letters made of small ones: which of them the answers are like, and congruency effects.",
    Navon,
    "navon",
    conditions,
    unknown=conditions,
    needs=("congruency", "global_letter", "local_letter", "object_mask", "object_x"),
    records=("logits", "prior_weights", "value_norm"),
    summarise=later("experiments.probes.navon.summary:navon_summary"),
    columns={
        "told_global": "share of incongruent figures told by their large letter, by leave-one-out template matching "
        "of the logits",
        "told_local": "the same by their small letters",
        "congruency_global": "congruent - incongruent share told right by the large letter",
        "congruency_local": "the same by the small letters",
    },
    figures=("navon",),
    task=later("experiments.probes.navon.task:TASK"),
    formerly=("navon",),
)
