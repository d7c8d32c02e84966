"""Some pictures under every corruption and severity, seen pass by pass under every prior."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from experiments.assemble import assembled, condition_coordinates
from experiments.observers import Observer
from experiments.probe import Trial
from experiments.probes.corruption_dynamics.probe import CorruptionDynamics, conditions
from experiments.show import by_gain, check_finite, passes_of, trial_of
from stimuli.corruptions import corrupt, generator_for

__all__ = ["show"]

INNER = ("gain", "corruption", "severity", "iteration", "prior", "stimulus")


def show(observers: Sequence[Observer], pictures: xr.Dataset, parameters: CorruptionDynamics, seed: int) -> xr.Dataset:
    """Show some stimuli under all corruptions to all observers.

    Parameters
    ----------
    observers : each name with the same seeds; bottom-up, every pass is as the first.
    pictures : stimuli with one object of a class that the models know.
    parameters : corruptions, severities, priors, gains and iterations.
    seed : seed of the corruptions, catch trials, random vectors and shuffles; a stimulus gets the same
        corruption in every run, under every prior and beside whichever others.

    Returns
    -------
    Their part of the record: logits ([model, seed,] gain, corruption, severity, iteration, prior, stimulus,
    class).

    Raises
    ------
    ValueError : logits that are not finite (the stimulus is named).
    """
    trial, looks = trial_of(observers[0], pictures, seed), conditions(parameters)
    by_corruption = []
    for name in parameters.corruptions:
        by_severity = []
        for severity in parameters.severities:
            corrupted = _corrupted(pictures, name, severity, seed)
            by_severity.append([_logits(observer, corrupted, trial, looks, parameters) for observer in observers])
        by_corruption.append(by_severity)
    values = np.moveaxis(np.array(by_corruption, np.float32), (2, 3), (0, 1))  # observers first, then gains
    parts = [{"logits": of_observer} for of_observer in values]
    check_finite(observers, parts, INNER, trial.numbers)
    return assembled(
        parts,
        observers,
        {"logits": (*INNER, "class")},
        condition_coordinates(looks) | {
            "gain": np.array(parameters.gains, float),
            "corruption": np.array(parameters.corruptions, object),
            "severity": np.array(parameters.severities, np.int64),
            "iteration": np.arange(parameters.iterations + 1),
            "stimulus": trial.numbers,
            "class": np.array(observers[0].categories, object),
            **{name: ("stimulus", trial.classes[name]) for name in ("class_1", "class_2", "absent_class")},
        },
    )  # fmt: skip


def _corrupted(stimuli: xr.Dataset, name: str, severity: int, seed: int) -> np.ndarray:
    """Pictures (stimulus, y, x, channel) uint8 under a corruption; each has its own random numbers."""
    if severity == 0:
        return stimuli["image"].values
    pictures = zip(stimuli["stimulus"].values.tolist(), stimuli["image"].values, strict=True)
    return np.stack(
        [corrupt(picture, name, severity, generator_for(seed, name, severity, str(k))) for k, picture in pictures]
    )


def _logits(observer: Observer, pictures: np.ndarray, trial: Trial, looks, parameters) -> np.ndarray:
    """Logits (gain, iteration, prior, stimulus, class)."""
    seen = passes_of(observer, pictures, trial, looks, parameters)
    shape = (parameters.iterations + 1, len(parameters.gains) * len(looks), -1, -1)
    return by_gain(seen.logits.expand(shape).float().cpu().numpy(), len(parameters.gains))
