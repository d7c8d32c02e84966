"""The contours probe: illusory figures and their turned inducers, looked for or not.

The evidence for a figure is that for its class (triangle, square; ``measures.target_evidence``) and the
prior's weights on the surface that the inducers surround. Both are compared with the same inducers turned
outwards, which surround the same place and draw no figure (Kanizsa 1976; turned inducers: Lee and Nguyen
2001, PNAS 98). A class that turns more probable need not be a contour that is seen: the model names shapes,
it does not draw their edges. In the record ``class_1`` is the figure's class and ``mask_1`` its surface,
``mask_2`` holds the inducers; ``condition`` is illusory or control.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial

import numpy as np
import xarray as xr

from experiments import cues
from experiments.columns import LOG_ODDS
from experiments.probe import Condition, Probe
from stimuli.foundation.registry import later

__all__ = ["PROBE", "Contours", "conditions"]


@dataclass(frozen=True)
class Contours(cues.MapParameters):
    """Parameters of the probe."""


def conditions(parameters: Contours) -> list[Condition]:
    """List the priors: no cue, the figure's class, a class that is not shown, and the controls."""
    figure = partial(cues.class_cue, "class_1")
    found = [
        Condition("neutral", 0, "neutral", cues.learned),
        Condition("figure", 1, "figure", figure),
        Condition("absent", -1, "absent", partial(cues.class_cue, "absent_class")),
        Condition("random vector", 0, "random vector", cues.random_vector),
        Condition("shuffled figure", 1, "shuffled figure", partial(cues.shuffled, figure)),
    ]
    return cues.chosen(found, parameters.priors)


def _figures(stimuli: xr.Dataset) -> xr.Dataset:
    """The stimuli with two objects: the figure, of the class that its name says, and all inducers."""
    from stimuli.families.contours import FIGURES, surface

    names = [FIGURES[corners] for corners in json.loads(stimuli.attrs["parameters"])["corners"]]
    masks = np.stack([surface(stimuli).values, stimuli["object_mask"].values.any(axis=1)], axis=1)
    classes = np.column_stack([[names.index(str(f)) for f in stimuli["figure"].values], np.full(len(masks), -1)])
    bare = stimuli.drop_dims("object")
    return bare.assign(
        object_mask=(("stimulus", "object", "y", "x"), masks),
        object_class=(("stimulus", "object"), classes.astype(np.int16)),
    ).assign_attrs(categories=names)


PROBE = Probe(
    "contours",
    "Illusory figures against their turned inducers: evidence for the figure's class.",
    Contours,
    "contours",
    conditions,
    needs=("condition", "figure", "figure_corners", "object_mask"),
    prepare=_figures,
    records=("logits", "prior_weights", "value_norm"),
    summarise=later("experiments.probes.contours.summary:contours_summary"),
    columns={
        "illusory": f"{LOG_ODDS}, mean over illusory figures",
        "control": "the same over turned inducers",
        "effect": "illusory - control; stimuli are resampled within both groups",
        "surface": "share of the surface in the prior's weights on surface and inducers, illusory - control",
    },
    figures=("contours",),
    task=later("experiments.probes.contours.task:TASK"),
    formerly=("contours",),
)
