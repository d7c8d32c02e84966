"""One picture under a corruption at every severity, and what models say of it."""

from __future__ import annotations

import json
from collections.abc import Mapping

import numpy as np
import xarray as xr
from torch import nn

from absvit import priors
from absvit.records.vocabulary import described
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
    models : who is asked, by name, at least one; without feedback the same is said in every pass.
    pictures : by model, the picture (y, x, channel) uint8 at the size that it takes.
    corruption : one of ``NAMES``.
    iterations : feedback passes with the learned prompt, at least 0.
    seed : of what is random in the corruption; it is the same for every model.

    Returns
    -------
    Record in memory: image (severity, y, x, channel) as the first model sees it, answer and confidence (model,
    severity), and probability (model, iteration, severity).

    Raises
    ------
    ValueError : no model, no such corruption, or a picture that is too small.
    FileNotFoundError : ImageMagick is missing, which motion_blur and snow need.
    """
    if not models:
        raise ValueError("no model is chosen: choose one at least")
    observers = {name: observer_of(model) for name, model in models.items()}
    shown, found = {}, {}
    for name, observer in observers.items():
        picture = pictures[name]
        corrupted = [
            corruptions.corrupt(picture, corruption, s, corruptions.generator_for(seed, corruption, s, "picture"))
            for s in SEVERITIES
        ]
        shown[name] = np.stack([picture, *corrupted])
        found[name] = _asked(observer, shown[name], iterations)
    values = {
        "image": (("severity", "y", "x", "channel"), next(iter(shown.values()))),
        "answer": (("model", "severity"), np.array([seen[0] for seen in found.values()], object)),
        "confidence": (("model", "severity"), np.stack([seen[1] for seen in found.values()])),
        "probability": (("model", "iteration", "severity"), np.stack([seen[2] for seen in found.values()])),
    }
    coordinates = {
        "model": np.array(list(models), object),
        "iteration": np.arange(iterations + 1),
        "severity": np.array([0, *SEVERITIES]),
    }
    record = xr.Dataset(values, coordinates)
    return described(record).assign_attrs(
        title="degrading",
        model=", ".join(models),
        checkpoint_sha256=", ".join(observer.weights()[1] for observer in observers.values()),
        device=next(iter(observers.values())).device,
        parameters=json.dumps({"corruption": corruption, "iterations": iterations, "seed": seed}),
    )


def _asked(observer: Observer, pictures: np.ndarray, iterations: int) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Answers and their probabilities in the last pass, and those of the clean picture's answer in every pass."""
    learned = [priors.LearnedPrior()] if observer.kinds else None
    p = observer.seen(observer.images(pictures), learned, iterations).probabilities[:, 0].float().cpu().numpy()
    p = np.concatenate([p, *[p[-1:]] * (iterations + 1 - len(p))])
    best = p[-1].argmax(-1)
    return [observer.categories[k] for k in best], p[-1].max(-1), p[:, :, best[0]]
