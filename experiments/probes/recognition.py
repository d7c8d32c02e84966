"""The recognition probe: one object in an image, uncued; how well the model sees it in every pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import xarray as xr

from absvit import priors
from absvit.records.fill import Store
from experiments.demands import check_classes
from experiments.observers import Observer
from experiments.probe import Condition, Stimuli
from experiments.show import run

__all__ = ["Recognition", "probe"]


@dataclass(frozen=True)
class Recognition:
    """Parameters of the probe.

    Parameters
    ----------
    iterations
        Feedback passes, at least 0.
    layer
        Block whose feedback norm, value norm and token norm are recorded.
    """

    iterations: int = 1
    layer: int = -3

    def __post_init__(self) -> None:
        if self.iterations < 0:
            raise ValueError(f"iterations must be at least 0, got {self.iterations}")


def probe(
    observers: Sequence[Observer],
    stimuli: Stimuli | xr.Dataset,
    parameters: Recognition,
    seed: int,
    store: Store,
) -> xr.Dataset:
    """Show single objects, and write the record.

    Parameters
    ----------
    observers : models of one kind, each label with the same seeds.
    stimuli : stimuli with one object of a class that the models know.
    parameters : iterations and layer.
    seed : seed of the experiment.
    store : where the record goes.

    Returns
    -------
    The record as ``experiments.probes.bistable.probe.probe`` gives it, with the prior "none" alone and ``class_2`` -1.

    Raises
    ------
    ValueError : stimuli of several objects or of unknown classes, or as ``experiments.show.run``.
    """
    stimuli = stimuli if isinstance(stimuli, Stimuli) else Stimuli.of(stimuli)
    example = stimuli.part(0, 1)
    if example.sizes.get("object") != 1:
        raise ValueError(f"recognition needs one object a stimulus, got {dict(example.sizes)}")
    check_classes(observers, example.attrs["categories"], "recognition")
    uncued = Condition("none", 0, "none", lambda trial: priors.LearnedPrior())
    return run("recognition", observers, stimuli, [uncued], parameters, seed, store)
