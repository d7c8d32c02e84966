"""The crowding probe: a target between flankers at several distances, attended or not.

Recognition of the target is its class being the most probable of all; flankers are of other classes. A model
without a fovea has no reason for Bouma's rule: what can be found here is how far a flanker must lie not to
take the target's place in a classifier that names one thing, and whether attention to a place shortens that
distance. The record holds the displays' ``condition`` (alone, flanked) and ``spacing`` in units of the
eccentricity.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from experiments import cues
from experiments.columns import NAMED
from experiments.probe import Condition, Probe
from stimuli.foundation.registry import later

__all__ = ["PROBE", "Crowding", "conditions"]


@dataclass(frozen=True)
class Crowding(cues.SpotlightParameters):
    """Parameters of the probe."""

    width: float = 0.08


def conditions(parameters: Crowding) -> list[Condition]:
    """List the priors: no cue, the target's place, and the controls."""
    place = partial(cues.place, cues.first_places, parameters.width)
    found = [
        Condition("neutral", 0, "neutral", cues.learned),
        Condition("place", 1, "place", place),
        Condition("random vector", 0, "random vector", cues.random_vector),
        Condition("shuffled place", 1, "shuffled place", partial(cues.shuffled, place)),
    ]
    return cues.chosen(found, parameters.priors)


PROBE = Probe(
    "crowding",
    "A target between flankers: how far they must lie, and whether attention shortens that.",
    Crowding,
    "crowding",
    conditions,
    needs=("spacing", "condition", "object_mask", "object_x", "object_y"),
    records=("logits", "prior_weights", "value_norm"),
    summarise=later("experiments.probes.crowding.summary:crowding_summary"),
    columns={
        "reported": NAMED,
        "critical_spacing": "spacing / eccentricity at which a fitted psychometric function has made .8 of the way "
        "from guessing to the target alone, with the interval of that fit; inf: not shown",
    },
    figures=("crowding",),
    task=later("experiments.probes.crowding.task:TASK"),
    formerly=("crowding",),
)
