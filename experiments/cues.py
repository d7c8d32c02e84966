"""Cues: what the probes of cues share, their parameters and the functions of a trial that give their priors."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from absvit import priors
from absvit.models.priors.percept import random_directions
from experiments.probe import Condition, Trial

__all__ = ["Cued", "Cues", "chosen", "class_cue", "diffuse", "learned", "place", "random_vector", "shuffled"]


@dataclass(frozen=True)
class Cues:
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
class Cued(Cues):
    """Parameters that every probe of cues has which records maps.

    Parameters
    ----------
    layer
        Block whose norms of feedback and values are recorded.
    """

    layer: int = -3


def chosen(conditions: Sequence[Condition], kinds: Sequence[str], needed: Sequence[str] = ()) -> list[Condition]:
    """Take the conditions of some kinds.

    Parameters
    ----------
    conditions : all of a probe.
    kinds : wanted kinds of priors; all, if empty.
    needed : kinds without which the probe has no measure.

    Raises
    ------
    ValueError : the probe has no such kind, or a needed one is left out.
    """
    known = list(dict.fromkeys(condition.kind for condition in conditions))
    if unknown := [kind for kind in kinds if kind not in known]:
        raise ValueError(f"there is no prior {unknown[0]!r} in this probe; expected some of {', '.join(known)}")
    if kinds and (lacking := [kind for kind in needed if kind not in kinds]):
        raise ValueError(f"this probe compares with the prior {lacking[0]!r}: add it to --priors")
    return [condition for condition in conditions if condition.kind in (kinds or known)]


def learned(trial: Trial) -> priors.Prior:
    """Nothing is cued: the model's own prompt at its own gain.

    Parameters
    ----------
    trial : stimuli and model.
    """
    return priors.LearnedPrior()


def class_cue(name: str, trial: Trial) -> priors.Prior:
    """A class for each stimulus, at the trial's gain.

    Parameters
    ----------
    name : which of the trial's classes, such as "class_1" or "absent_class".
    trial : stimuli and model.
    """
    return priors.ClassPrior(torch.from_numpy(trial.classes[name]), trial.gain)


def place(where: Callable[[Trial], np.ndarray], width: float, trial: Trial) -> priors.Prior:
    """A Gaussian spotlight for each stimulus, 1 at its centre, at the trial's gain.

    Parameters
    ----------
    where : function of the trial that gives the centres (stimulus, 2), x and y in pixels.
    width : standard deviation in units of the smaller side of the image.
    trial : stimuli and model.
    """
    size, grid = tuple(trial.model.patch_embed.img_size), tuple(trial.model.patch_embed.grid_size)
    sd = width * min(size)
    spots = [priors.SpatialPrior.gaussian((x, y), sd, size, grid).weights for x, y in where(trial).tolist()]
    return priors.SpatialPrior(torch.stack(spots), trial.gain)


def diffuse(trial: Trial) -> priors.Prior:
    """All places alike, at the trial's gain: attention without a place.

    Parameters
    ----------
    trial : stimuli and model.
    """
    return priors.SpatialPrior(torch.ones(tuple(trial.model.patch_embed.grid_size)), trial.gain)


def random_vector(trial: Trial) -> priors.Prior:
    """A standard normal direction for each stimulus, at the trial's gain or else that of a class: a control.

    Parameters
    ----------
    trial : stimuli and model.
    """
    gain = trial.model.prior_gains["class"] if trial.gain is None else trial.gain
    return priors.VectorPrior(random_directions(trial.seed, trial.numbers, trial.model.embed_dim), gain)


def shuffled(prior: Callable[[Trial], priors.Prior], trial: Trial) -> priors.Prior:
    """Another cue's weights in random order over the tokens of each stimulus: a control.

    Parameters
    ----------
    prior : the other cue.
    trial : stimuli and model.
    """
    return priors.ShuffledPrior(prior(trial), trial.seed, int(trial.numbers[0]))
