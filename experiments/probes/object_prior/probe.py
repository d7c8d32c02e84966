"""The object-prior probe: several objects in a scene, and a class cue that is valid, invalid, absent or neutral.

The target is object 1 of each scene, whose place and category are random: a cue is valid where it names the
target's class, invalid where it names another object's (Posner 1980, with classes for places). The record
holds the ``set_size`` of each scene.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
import xarray as xr

from experiments import cues
from experiments.columns import NAMED, SHARE_OF_WEIGHTS
from experiments.probe import BOTTOM_UP, Condition, Probe
from stimuli.foundation.registry import later

__all__ = ["PROBE", "ObjectPrior", "conditions"]


@dataclass(frozen=True)
class ObjectPrior(cues.MapParameters):
    """Parameters of the probe."""

    gains: tuple[float, ...] = (1.0, 2.0, 4.0)


def conditions(parameters: ObjectPrior) -> list[Condition]:
    """List the priors: the class of the target (object 1), of another object, of none, no cue, and the controls."""
    valid = partial(cues.class_cue, "class_1")
    found = [
        Condition("neutral", 0, "neutral", cues.learned),
        Condition("valid", 1, "valid", valid),
        Condition("invalid", 2, "invalid", partial(cues.class_cue, "class_2")),
        Condition("absent", -1, "absent", partial(cues.class_cue, "absent_class")),
        Condition("random vector", 0, "random vector", cues.random_vector),
        Condition("shuffled valid", 1, "shuffled valid", partial(cues.shuffled, valid)),
    ]
    return cues.chosen(found, parameters.priors, ("neutral", "valid"))


def _scenes(stimuli: xr.Dataset) -> xr.Dataset:
    """The stimuli with the number of objects of each."""
    there = stimuli["object_class"].values >= 0
    if there.shape[1] < 2 or not there[:, :2].all():
        number = stimuli["stimulus"].values[~there[:, :2].all(axis=1)] if there.shape[1] > 1 else stimuli["stimulus"]
        raise ValueError(
            f"object_prior needs scenes of at least two objects, stimulus {int(np.ravel(number)[0])} shows fewer: an "
            "invalid cue names another object (python -m stimuli scenes --set-sizes 2 3 4)"
        )
    described = {"long_name": "number of objects", "units": "1"}
    return stimuli.assign(set_size=("stimulus", there.sum(axis=1), described))


PROBE = Probe(
    "object_prior",
    "A class cue, valid, invalid or absent, in scenes of several objects: benefit, cost, where attention goes.",
    ObjectPrior,
    "scenes",
    conditions,
    prepare=_scenes,
    records=("logits", "prior_weights", "feedback_norm", "value_norm", "class_activation", *BOTTOM_UP),
    summarise=later("experiments.probes.object_prior.summary:object_prior_summary"),
    localise=later("experiments.probes.object_prior.summary:map_summary"),
    columns={
        "neutral": f"without a cue, {NAMED}",
        "benefit": "valid - neutral share of targets named",
        "cost": "neutral - invalid share of targets named",
        "random": "benefit of a random vector as a cue",
        "shuffled": "benefit of the valid cue's weights, shuffled over tokens",
        "absent": "share of scenes in which a class that is cued and not shown is named",
        "auc": "area under the ROC with which the valid cue's weights tell the target's tokens from those of the "
        "other objects; chance .5",
        "share": f"{SHARE_OF_WEIGHTS}; chance 1 / objects; the map is the valid cue's weights",
        "iou": "overlap |A and B| / |A or B| of the target's tokens and as many of highest weight (Jaccard)",
        "map": "map of the tokens (--maps), under cues for object 1 and for object 2; class_evidence, the rival, is "
        "what each place adds bottom-up to the logit of the cued class",
        "auc_other": "area under the ROC with which the map tells the cued object's tokens from those of the others; "
        "chance .5",
        "auc_rest": "the same against all other tokens",
        "overlap": "overlap |A and B| / |A or B| of the cued object's tokens and as many of highest value",
        "pointing": "share of scenes whose highest token is one of the cued object's (pointing game)",
        "d_prime": "sensitivity z(hits) - z(false alarms) of naming a cued class that is shown or not; no interval",
        "criterion": "bias -(z(hits) + z(false alarms)) / 2 of the same; positive: seldom named; no interval",
        "dz": "Cohen's dz of the benefit, mean / standard deviation over stimuli, trained models averaged; no interval",
        "p": "two-sided paired permutation test (sign flips over stimuli, trained models averaged) of benefit = 0; "
        "not corrected for several tests",
    },
    figures=("object_prior", "mechanisms"),
    task=later("experiments.probes.object_prior.task:TASK"),
    formerly=("object prior",),
)
