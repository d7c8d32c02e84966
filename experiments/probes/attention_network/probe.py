"""The attention network probe: a target between flankers, and what is known before of its place.

What a cue says takes the place of the cue (Fan et al. 2002): a spotlight on the target where it says the place, one
on either place where it says both, all places alike where it says that something comes, and no prior where
there is none. An observer has no time, so of alerting there is only what the places are worth. The target is
object 1; the record's stimuli have ``congruency`` and ``target_place``, a cue that a display draws is told as
``display_cue``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

import absvit
from experiments import cues
from experiments.columns import LOG_ODDS, NAMED
from experiments.probe import Condition, Probe, Trial
from stimuli.foundation.registry import later

if TYPE_CHECKING:
    from absvit.models.priors import Prior

__all__ = ["PROBE", "AttentionNetwork", "conditions"]


@dataclass(frozen=True)
class AttentionNetwork(cues.SpotlightParameters):
    """Parameters of the probe."""


def conditions(parameters: AttentionNetwork) -> list[Condition]:
    """List the priors: no cue, no place, both places, the target's place, and the controls."""
    place = partial(cues.place, cues.first_places, parameters.width)
    found = [
        Condition("neutral", 0, "neutral", cues.learned),
        Condition("diffuse", 0, "diffuse", cues.diffuse),
        Condition("both places", 1, "both places", partial(_both, parameters.width)),
        Condition("place", 1, "place", place),
        Condition("random vector", 0, "random vector", cues.random_vector),
        Condition("shuffled place", 1, "shuffled place", partial(cues.shuffled, place)),
    ]
    return cues.chosen(found, parameters.priors)


def _opposite(trial: Trial) -> np.ndarray:
    """Places (stimulus, 2) as far on the other side of fixation, above or below it."""
    x, y = cues.first_places(trial).T
    return np.column_stack([x, trial.size[0] - y])


def _both(width: float, trial: Trial) -> Prior:
    """A spotlight on either place of the row."""
    import torch

    here, there = (cues.place(where, width, trial).weights for where in (cues.first_places, _opposite))
    return absvit.priors.SpatialPrior(torch.maximum(here, there), trial.gain)


def _displays(stimuli: xr.Dataset) -> xr.Dataset:
    """The stimuli; a cue that a display draws is its own, not the probe's."""
    return stimuli.rename({"cue": "display_cue"}) if "cue" in stimuli else stimuli


PROBE = Probe(
    "attention_network",
    "A target between flankers: what they cost, and what it is worth to know its place before.",
    AttentionNetwork,
    "attention_network",
    conditions,
    needs=("congruency", "target_place", "object_class", "object_mask", "object_x", "object_y"),
    prepare=_displays,
    records=("logits", "prior_weights", "value_norm"),
    summarise=later("experiments.probes.attention_network.summary:attention_network_summary"),
    columns={
        "reported": NAMED,
        "benefit": "reported - reported without a cue",
        "evidence": LOG_ODDS,
    },
    task=later("experiments.probes.attention_network.task:TASK"),
    title="attention_network",
)
