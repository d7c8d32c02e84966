"""Cues: functions of a trial that give the priors which several probes share."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from absvit import priors
from experiments.directions import random_directions
from experiments.trials import Trial

__all__ = ["class_cue", "diffuse", "learned", "place", "random_vector", "shuffled"]


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
