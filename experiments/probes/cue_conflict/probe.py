"""The cue-conflict probe: the shape of one category with the texture of another, and a cue for either or both.

Object 1 is of the shape's category, object 2 of the texture's. People answer with the shape, networks mostly
with the texture (Geirhos et al. 2019, ICLR). Whether an observer *can* see the shape is another question: a
cue for the shape's category asks for it, beside the same cue for a category that is not there.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

import absvit
from experiments import cues
from experiments.probe import Condition, Probe, Trial
from stimuli.foundation.options import FileOrAddress
from stimuli.foundation.registry import later

if TYPE_CHECKING:
    from absvit.models.priors import Prior

__all__ = ["PROBE", "CueConflict", "conditions"]


@dataclass(frozen=True)
class CueConflict(cues.CueParameters):
    """Parameters of the probe.

    Parameters
    ----------
    gains
        Gains of the cues, a dimension of the record; the model's defaults, if left out.
    dimensions
        File that ``python -m absvit.dimensions`` wrote: shape and texture are cued as such, too.
    """

    gains: tuple[float, ...] = ()
    dimensions: FileOrAddress = ""

    def __post_init__(self) -> None:
        if self.gains or self.iterations < 1:
            super().__post_init__()


def conditions(parameters: CueConflict) -> list[Condition]:
    """List the priors: no cue, categories of shape, texture, both and neither, dimensions if learnt, controls."""
    of_class = {name: partial(cues.class_cue, f"class_{k}") for k, name in ((1, "shape"), (2, "texture"))}
    found = [
        Condition("none", 0, "none", cues.learned),
        *(Condition(name, k, "class", cue) for k, (name, cue) in enumerate(of_class.items(), 1)),
        Condition("both", 0, "both classes", _either),
        Condition("absent class", -1, "absent class", partial(cues.class_cue, "absent_class")),
        *(
            Condition(f"shuffled {name}", k, "shuffled class", partial(cues.shuffled, cue))
            for k, (name, cue) in enumerate(of_class.items(), 1)
        ),
        *(_dimension(str(parameters.dimensions), name) for name in of_class if parameters.dimensions),
        Condition("random vector", 0, "random vector", cues.random_vector),
    ]
    return cues.chosen(found, parameters.priors, ("none",))


def _dimension(learnt: str, name: str) -> Condition:
    return Condition(f"attend {name}", 0, "dimension", partial(cues.attended, learnt, name))


def _either(trial: Trial) -> Prior:
    """Both categories at once, at the trial's gain."""
    both = np.stack([trial.classes["class_1"], trial.classes["class_2"]], axis=1)
    return absvit.priors.KindsPrior(both, trial.gain)


def _pictures(stimuli: xr.Dataset) -> xr.Dataset:
    """The stimuli, if each has a shape and a texture."""
    if (stimuli["object_class"].values < 0).any():
        raise ValueError("cue_conflict needs the category of every picture's shape (object 0) and texture (object 1)")
    return stimuli


PROBE = Probe(
    "cue_conflict",
    "The shape of one category with the texture of another: which is answered, and what do cues for them change?",
    CueConflict,
    "cue_conflict",
    conditions,
    objects=2,
    needs=("object_class", "object_mask", "conflict"),
    records=("logits", "prior_weights"),
    summarise=later("experiments.probes.cue_conflict.summary:cue_conflict_summary"),
    columns={
        "n": "pictures whose shape and texture are of different categories; others do not count",
        "shape": "share of pictures that are answered with the shape's category, the most probable one of all",
        "texture": "the same of the texture's category",
        "other": "share of pictures that are answered with neither",
        "shape_bias": "shape / (shape + texture) of these answers (Geirhos et al. 2019)",
        "p_shape": "probability of the shape's category",
        "p_texture": "probability of the texture's category",
        "shape_change": "share of shape answers minus that without a cue",
        "texture_change": "share of texture answers minus that without a cue",
        "absent": "share of pictures that are answered with a category that is not shown, when it is cued (false "
        "alarms) and without a cue",
        "p_absent": "probability of this category, likewise",
    },
    figures=("cue_conflict",),
    task=later("experiments.probes.cue_conflict.task:TASK"),
    title="cue_conflict",
)
