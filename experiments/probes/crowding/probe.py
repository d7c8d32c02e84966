"""The crowding probe: a target between flankers at several distances, attended or not."""

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
from experiments.probe import Condition, Stimuli, Trial
from experiments.show import run

__all__ = ["Crowding", "conditions", "probe"]

TITLE = "crowding"


@dataclass(frozen=True)
class Crowding(cues.Cued):
    """Parameters of the probe.

    Parameters
    ----------
    width
        Standard deviation of the spotlight on the target, in units of the smaller side of the image.
    """

    gains: tuple[float, ...] = (1.0,)
    width: float = 0.08

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.width <= 10:
            raise ValueError(f"width must be in (0, 10] of the image's smaller side, got {self.width}")


def conditions(parameters: Crowding) -> list[Condition]:
    """List the priors: no cue, the target's place, and the controls.

    Parameters
    ----------
    parameters : width of the spotlight.
    """
    place = partial(cues.place, _target, parameters.width)
    return [
        Condition("neutral", 0, "neutral", cues.learned),
        Condition("place", 1, "place", place),
        Condition("random vector", 0, "random vector", cues.random_vector),
        Condition("shuffled place", 1, "shuffled place", partial(cues.shuffled, place)),
    ]


def probe(
    observers: Sequence[Observer], stimuli: Stimuli | xr.Dataset, parameters: Crowding, seed: int, store: Store
) -> xr.Dataset:
    """Show crowded targets, and write the record.

    Recognition of the target is its class being the most probable of all; flankers are of other classes. A model
    without a fovea has no reason for Bouma's rule: what can be found here is how far a flanker must lie not to take
    the target's place in a classifier that names one thing, and whether attention to a place shortens that distance.

    Parameters
    ----------
    observers : models of one kind, each label with the same seeds.
    stimuli : displays of ``stimuli.families.crowding``.
    parameters : iterations, gains, width and layer.
    seed : seed of random vectors and shuffles.
    store : where the record goes.

    Returns
    -------
    The record, opened lazily, as ``object_prior`` gives it, with the displays' ``condition`` (alone,
    flanked) and ``spacing`` in units of the eccentricity.

    Raises
    ------
    ValueError : stimuli of another family or of unknown classes, or as ``experiments.show.run``.
    """
    stimuli = each_part(stimuli, _displays)
    check_classes(observers, stimuli.part(0, 1).attrs["categories"], "crowding")
    maps = ("prior_weights", "value_norm")
    shown = cues.chosen(conditions(parameters), parameters.priors)
    return run(TITLE, observers, stimuli, shown, parameters, seed, store, parameters.gains, maps)


def _target(trial: Trial) -> np.ndarray:
    """Places (stimulus, 2) of the targets, x and y in pixels."""
    return np.column_stack([trial.stimuli[name].values[:, 0] for name in ("object_x", "object_y")]).astype(float)


def _displays(stimuli: xr.Dataset) -> xr.Dataset:
    """The stimuli, if they are displays of targets between flankers."""
    check_variables(stimuli, ("spacing", "condition", "object_mask", "object_x", "object_y"), "crowding")
    return stimuli
