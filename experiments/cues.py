"""Cues: what can be cued, each a function of a trial that gives its prior; and the parameters of probes of cues.

A condition holds the function with all but the trial given: ``partial(class_cue, "class_1")``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

import absvit
from experiments.probe import Condition, Trial

if TYPE_CHECKING:
    from absvit.models.priors import Prior

__all__ = [
    "CueParameters", "MapParameters", "SpotlightParameters", "around", "at_gain", "attended", "chosen", "class_cue",
    "diffuse", "first_places", "learned", "percept", "place", "random_vector", "shuffled",
]  # fmt: skip


@dataclass(frozen=True)
class CueParameters:
    """Parameters that every probe of cues has.

    Parameters
    ----------
    iterations
        Feedback passes, at least 1.
    gains
        Gains of the cues, a dimension of the record.
    priors
        Kinds of priors to show, of those that the probe has; all of them, if left out.
    """

    iterations: int = 1
    gains: tuple[float, ...] = (2.0,)
    priors: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.iterations < 1:
            raise ValueError(f"iterations must be at least 1, got {self.iterations}")
        finite = all(math.isfinite(gain) for gain in self.gains)
        if not self.gains or not finite or len(set(self.gains)) < len(self.gains):
            raise ValueError(f"gains must be one or more different finite numbers, got {tuple(self.gains)}")


@dataclass(frozen=True)
class MapParameters(CueParameters):
    """Parameters that every probe of cues has which records maps.

    Parameters
    ----------
    layer
        Block whose norms of feedback and values are recorded.
    """

    layer: int = -3


@dataclass(frozen=True)
class SpotlightParameters(MapParameters):
    """Parameters that every probe has which sends a spotlight to the target.

    Parameters
    ----------
    width
        Standard deviation of the spotlight, in units of the smaller side of the image.
    """

    gains: tuple[float, ...] = (1.0,)
    width: float = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.width <= 10:
            raise ValueError(f"width must be in (0, 10] of the image's smaller side, got {self.width}")


def chosen(conditions: Sequence[Condition], kinds: Sequence[str], needed: Sequence[str] = ()) -> list[Condition]:
    """Take the conditions of some kinds of prior; all, if none is named.

    Raises
    ------
    ValueError : the probe has no such kind, or one is left out that is needed: without it there is no
        measure.
    """
    known = list(dict.fromkeys(condition.kind for condition in conditions))
    if unknown := [kind for kind in kinds if kind not in known]:
        raise ValueError(f"there is no prior {unknown[0]!r} in this probe; expected some of {', '.join(known)}")
    if kinds and (lacking := [kind for kind in needed if kind not in kinds]):
        raise ValueError(f"this probe compares with the prior {lacking[0]!r}: add it to --priors")
    return [condition for condition in conditions if condition.kind in (kinds or known)]


def learned(trial: Trial) -> Prior:
    """Nothing is cued: the model's own prompt at its own gain."""
    return absvit.priors.LearnedPrior()


def class_cue(name: str, trial: Trial) -> Prior:
    """One of the trial's classes, such as "class_1" or "absent_class", for each stimulus, at the trial's gain."""
    import torch

    return absvit.priors.ClassPrior(torch.from_numpy(trial.classes[name]), trial.gain)


def attended(learnt: str, dimension: str, trial: Trial) -> Prior:
    """A dimension of the pictures, such as "shape", as it was learnt in a file, at the trial's gain."""
    from absvit.dimensions import read_dimensions

    return read_dimensions(learnt).prior(dimension, trial.gain)


def place(where: Callable[[Trial], np.ndarray], width: float, trial: Trial) -> Prior:
    """A Gaussian spotlight for each stimulus, 1 at its centre, at the trial's gain.

    The trial gives the centres (stimulus, 2), x and y in pixels; the width is a standard deviation in units
    of the smaller side of the image.
    """
    import torch

    size, grid = trial.size, trial.grid
    sd = width * min(size)
    spots = [absvit.priors.SpatialPrior.gaussian((x, y), sd, size, grid).weights for x, y in where(trial).tolist()]
    return absvit.priors.SpatialPrior(torch.stack(spots), trial.gain)


def first_places(trial: Trial) -> np.ndarray:
    """Places (stimulus, 2) of the first object of each stimulus, such as the target, x and y in pixels."""
    return np.column_stack([trial.stimuli[name].values[:, 0] for name in ("object_x", "object_y")]).astype(float)


def around(cue: int, margin: int, trial: Trial) -> Prior:
    """Full weight on the tokens of one of two objects, 1 or 2, and those that lie within a margin of tokens.

    There is none on what is rather the other object's.
    """
    import torch.nn.functional as F

    own, other = trial.coverage[:, cue - 1], trial.coverage[:, 2 - cue]
    near = F.max_pool2d((own > 0).float()[:, None], 2 * margin + 1, stride=1, padding=margin)[:, 0]
    return absvit.priors.SpatialPrior(near * (own >= other), trial.gain)


def diffuse(trial: Trial) -> Prior:
    """All places alike, at the trial's gain: attention without a place."""
    import torch

    return absvit.priors.SpatialPrior(torch.ones(trial.grid), trial.gain)


def percept(trial: Trial) -> Prior:
    """What was seen in the last pass, less what has tired, at the trial's gain."""
    return absvit.priors.PerceptPrior(trial.gain, trial.fatigue)


def random_vector(trial: Trial, cue: int | None = None) -> Prior:
    """A standard normal direction for each stimulus, at the trial's gain or else that of a class: a control.

    Where it stands for an object, 1 or 2, each of the two has a direction of its own.
    """
    from absvit.models.priors.percept import random_directions

    gain = trial.observer.gains.get("class", 1.0) if trial.gain is None else trial.gain
    numbers = trial.numbers if cue is None else 2 * trial.numbers + cue
    return absvit.priors.VectorPrior(random_directions(trial.seed, numbers, trial.observer.width or 1), gain)


def shuffled(prior: Callable[[Trial], Prior], trial: Trial) -> Prior:
    """Another cue's weights in random order over the tokens of each stimulus: a control."""
    return absvit.priors.ShuffledPrior(prior(trial), trial.seed, int(trial.numbers[0]))


def at_gain(gain: float | None, prior: Callable[[Trial], Prior], trial: Trial) -> Prior:
    """Another cue at a gain of its own, None for the model's default, where the trial has none."""
    return prior(replace(trial, gain=gain) if trial.gain is None else trial)
