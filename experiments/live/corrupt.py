"""One picture under a corruption at every severity, and what models say of it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr
from torch import nn

from experiments import measures
from experiments.live.look import Cue, look, of_observers
from experiments.observers import Observer, observer_of
from stimuli import corruptions
from stimuli.corruptions import NAMES, SEVERITIES

__all__ = ["NAMES", "corrupt"]


def corrupt(
    models: Mapping[str, nn.Module | Observer],
    pictures: Mapping[str, np.ndarray],
    corruption: str,
    iterations: int = 1,
    seed: int = 0,
) -> xr.Dataset:
    """Corrupt a picture at every severity and ask models what it shows.

    Parameters
    ----------
    models : by name, at least one; a plain ViT says the same in every pass.
    pictures : by model, the picture (y, x, channel) uint8 at the size that it takes.
    corruption : one of ``NAMES``.
    iterations : feedback passes with the learned prompt, at least 0.
    seed : of what is random in the corruption; it is the same for every model.

    Returns
    -------
    Record in memory: image (severity, y, x, channel) as the first model sees it, answer and confidence
    (model, severity), and probability (model, iteration, severity).

    Raises
    ------
    ValueError : no model, no such corruption, or a picture that is too small.
    FileNotFoundError : ImageMagick is missing, which motion_blur and snow need.
    """
    if not models:
        raise ValueError("no model is chosen: choose one at least")
    shown, found = {}, {}
    observers = {name: observer_of(model) for name, model in models.items()}
    for name, observer in observers.items():
        picture = pictures[name]
        corrupted = [
            corruptions.corrupt(picture, corruption, s, corruptions.generator_for(seed, corruption, s, "picture"))
            for s in SEVERITIES
        ]
        shown[name] = np.stack([picture, *corrupted])
        cue = Cue("learned" if observer.kinds else "none")
        p = measures.probabilities(look(observer, shown[name], {"cue": cue}, iterations, ())).isel(prior=0)
        p = p.reindex(iteration=np.arange(iterations + 1), method="ffill")
        best = p[-1].argmax("class")
        found[name] = p["class"].values[best], p[-1].max("class"), p.isel({"class": int(best[0])})
    answers, confidences, courses = zip(*found.values(), strict=True)
    values = {
        "image": (("severity", "y", "x", "channel"), next(iter(shown.values()))),
        "answer": (("model", "severity"), np.stack(answers)),
        "confidence": (("model", "severity"), np.stack(confidences)),
        "probability": (("model", "iteration", "severity"), np.stack(courses)),
    }
    coordinates = {
        "model": np.array(list(models), object),
        "iteration": np.arange(iterations + 1),
        "severity": np.array([0, *SEVERITIES]),
    }
    about = {"corruption": corruption, "iterations": iterations, "seed": seed}
    return of_observers(xr.Dataset(values, coordinates), "degrading", observers, about)
