"""The search probe: a target among more and more items, looked for by its class or not.

The evidence is the model's for the class that is looked for (``measures.target_evidence``): a classifier
names one thing, and cannot search for a colour or an orientation as such. So the two forms must be two
classes that the model knows, and only forms, or conjunctions of them with hues, can be looked for. What the
record shows is how well the target's class is told from its absence as items are added, and whether a cue
changes that. ``class_1`` is the class that is looked for and ``mask_1`` the target, empty where there is
none; ``mask_2`` holds the other items. ``set_size`` and ``target`` (present, absent) come from the display.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
import xarray as xr

from experiments import cues
from experiments.columns import LOG_ODDS
from experiments.probe import Condition, Probe
from stimuli.foundation.registry import later

__all__ = ["PROBE", "Search", "conditions"]


@dataclass(frozen=True)
class Search(cues.MapParameters):
    """Parameters of the probe."""


def conditions(parameters: Search) -> list[Condition]:
    """List the priors: the class that is looked for, no cue, and the controls."""
    target = partial(cues.class_cue, "class_1")
    found = [
        Condition("neutral", 0, "neutral", cues.learned),
        Condition("target", 1, "target", target),
        Condition("absent", -1, "absent", partial(cues.class_cue, "absent_class")),
        Condition("random vector", 0, "random vector", cues.random_vector),
        Condition("shuffled target", 1, "shuffled target", partial(cues.shuffled, target)),
    ]
    return cues.chosen(found, parameters.priors)


def _looked_for(stimuli: xr.Dataset) -> xr.Dataset:
    """The stimuli with two objects: the target, of the class that is looked for, and all other items."""
    categories, form = list(stimuli.attrs["categories"]), stimuli["target_form"].values
    unknown = sorted({str(name) for name in form} - set(categories))
    if unknown:
        raise ValueError(
            f"search looks for a class and {unknown[0]!r} is none: draw displays of two forms "
            "(python -m stimuli search --kind form --forms triangle cross)"
        )
    masks = stimuli["object_mask"].values
    target = masks[:, 0] & (stimuli["target"].values == "present")[:, None, None]
    both = np.stack([target, masks.any(axis=1) & ~target], axis=1)
    classes = np.column_stack([[categories.index(name) for name in form], np.full(len(form), -1)]).astype(np.int16)
    bare = stimuli.drop_dims("object")
    return bare.assign(
        object_mask=(("stimulus", "object", "y", "x"), both), object_class=(("stimulus", "object"), classes)
    )


PROBE = Probe(
    "search",
    "A target among more and more items, looked for by its class or not: slopes over set size.",
    Search,
    "search",
    conditions,
    needs=("set_size", "target", "target_form", "object_mask"),
    prepare=_looked_for,
    records=("logits", "prior_weights", "feedback_norm"),
    summarise=later("experiments.probes.search.summary:search_summary"),
    columns={
        "n_present, n_absent": "displays with and without the target",
        "detection_area": f"area under the ROC of the {LOG_ODDS}, present against absent (pairs of displays, ties "
        "half)",
        "d_prime": "sqrt(2) z(detection_area), the sensitivity of equal-variance observers with this area",
        "evidence": f"{LOG_ODDS}, mean where the target is present",
        "map_auc": "area under the ROC with which the prior's weights find the target among the items; chance .5",
        "slope": "row: least-squares slope over set size, per item; stimuli are resampled within set sizes",
    },
    figures=("search",),
    task=later("experiments.probes.search.task:TASK"),
    formerly=("search",),
)
