"""What telling either reading does to an observer at every contrast and gain, and how its percept then goes on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from experiments.assemble import assembled, condition_coordinates
from experiments.observers import Observer
from experiments.probe import Trial
from experiments.probes.alternation.dynamics import alternate, told_margins
from experiments.probes.alternation.probe import Alternating, conditions
from experiments.show import by_gain, check_finite, passes_of, trial_of

__all__ = ["show"]

INNER = ("contrast", "gain", "prior", "stimulus")
WORDS = {
    "contrast": ("contrast of the picture about its mean", "1"),
    "time": ("time since the picture came on", "s"),
    "share": ("probability of reading 1, relative to reading 2, pass by pass", "1"),
}


def show(observers: Sequence[Observer], pictures: xr.Dataset, parameters: Alternating, seed: int) -> xr.Dataset:
    """Show some pictures at every contrast to all observers, told either reading at every gain.

    Parameters
    ----------
    observers : each name with the same seeds; who takes no cue sees the same whatever it is told.
    pictures : stimulus set of two objects.
    parameters : contrasts, gains, and how the percept goes on.
    seed : seed of the noise.

    Returns
    -------
    Their part of the record.

    Raises
    ------
    ValueError : logits that are not finite (the stimulus is named).
    """
    trial = trial_of(observers[0], pictures, seed)
    dimmed = [_at_contrast(pictures["image"].values, contrast) for contrast in parameters.contrasts]
    parts = [{"logits": np.stack([_logits(one, images, trial, parameters) for images in dimmed])} for one in observers]
    check_finite(observers, parts, INNER, trial.numbers)
    record = assembled(
        parts,
        observers,
        {"logits": (*INNER, "class")},
        condition_coordinates(conditions(parameters)) | {
            "contrast": np.array(parameters.contrasts, float),
            "gain": np.array(parameters.gains, float),
            "stimulus": trial.numbers,
            "class": np.array(observers[0].categories, object),
            **{name: ("stimulus", trial.classes[name]) for name in ("class_1", "class_2")},
        },
    )  # fmt: skip
    share = alternate(told_margins(record), parameters, seed).astype(np.float32).drop_attrs()
    record = record.assign(share=share.drop_vars([name for name in share.coords if name != "time"]))
    for name, (text, unit) in WORDS.items():
        record[name].attrs = {"long_name": text, "units": unit}
    return record


def _at_contrast(pictures: np.ndarray, contrast: float) -> np.ndarray:
    """Pictures (stimulus, y, x, channel) uint8 whose contrast about their mean is scaled."""
    if contrast == 1:
        return pictures
    mean = pictures.mean((1, 2, 3), keepdims=True)
    return np.rint(mean + contrast * (pictures - mean)).astype(np.uint8)


def _logits(observer: Observer, pictures: np.ndarray, trial: Trial, parameters: Alternating) -> np.ndarray:
    """Logits (gain, prior, stimulus, class) of the last pass."""
    looks, gains = conditions(parameters), len(parameters.gains)
    seen = passes_of(observer, pictures, trial, looks, parameters)
    last = seen.logits[-1:].float().expand(1, gains * len(looks), -1, -1).cpu().numpy()
    return by_gain(last, gains)[:, 0]
