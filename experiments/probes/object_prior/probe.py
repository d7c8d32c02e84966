"""The object-prior probe: several objects in a scene, and a class cue that is valid, invalid, absent or neutral."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import xarray as xr

from absvit.records.fill import Store
from experiments import cues
from experiments.demands import check_classes, check_variables, each_part
from experiments.observers import Observer
from experiments.probe import Condition, Stimuli
from experiments.show import run

__all__ = ["ObjectPrior", "conditions", "probe"]

TITLE = "object prior"


@dataclass(frozen=True)
class ObjectPrior(cues.Cued):
    """Parameters of the probe."""

    gains: tuple[float, ...] = (1.0, 2.0, 4.0)


def conditions() -> list[Condition]:
    """List the priors: the class of the target (object 1), of another object, of none, no cue, and the controls."""
    valid = partial(cues.class_cue, "class_1")
    return [
        Condition("neutral", 0, "neutral", cues.learned),
        Condition("valid", 1, "valid", valid),
        Condition("invalid", 2, "invalid", partial(cues.class_cue, "class_2")),
        Condition("absent", -1, "absent", partial(cues.class_cue, "absent_class")),
        Condition("random vector", 0, "random vector", cues.random_vector),
        Condition("shuffled valid", 1, "shuffled valid", partial(cues.shuffled, valid)),
    ]


def probe(
    observers: Sequence[Observer],
    stimuli: Stimuli | xr.Dataset,
    parameters: ObjectPrior,
    seed: int,
    store: Store,
) -> xr.Dataset:
    """Show scenes under every cue and gain, and write the record.

    The target is object 1 of each scene, whose place and category are random: a cue is valid where it names the
    target's class, invalid where it names another object's (Posner 1980, with classes for places).

    Parameters
    ----------
    observers : models of one kind, each label with the same seeds.
    stimuli : scenes of at least two objects; their number may vary.
    parameters : iterations, gains and layer.
    seed : seed of catch trials, random vectors and shuffles.
    store : where the record goes.

    Returns
    -------
    The record, opened lazily: logits (gain, iteration, prior, stimulus, class), maps, of each stimulus the masks and
    classes of all objects, and its ``set_size``. With several models or seeds these dims come first.

    Raises
    ------
    ValueError : stimuli without masks, with a single object or of unknown classes, or as ``experiments.show.run``.
    """
    stimuli = each_part(stimuli, _scenes)
    check_classes(observers, stimuli.part(0, 1).attrs["categories"], "object_prior")
    maps = ("prior_weights", "feedback_norm", "value_norm")
    shown = cues.chosen(conditions(), parameters.priors, ("neutral", "valid"))
    return run(TITLE, observers, stimuli, shown, parameters, seed, store, parameters.gains, maps)


def _scenes(stimuli: xr.Dataset) -> xr.Dataset:
    """The stimuli with the number of objects of each."""
    check_variables(stimuli, ("object_class", "object_mask"), "object_prior")
    there = stimuli["object_class"].values >= 0
    if there.shape[1] < 2 or not there[:, :2].all():
        number = stimuli["stimulus"].values[~there[:, :2].all(axis=1)] if there.shape[1] > 1 else stimuli["stimulus"]
        raise ValueError(
            f"object_prior needs scenes of at least two objects, stimulus {int(np.ravel(number)[0])} shows fewer: an "
            "invalid cue names another object (python -m stimuli scenes --set-sizes 2 3 4)"
        )
    described = {"long_name": "number of objects", "units": "1"}
    return stimuli.assign(set_size=("stimulus", there.sum(axis=1), described))
