"""The feedback-dynamics probe: where repeated feedback settles, what it remembers, and how it alternates."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Literal

import numpy as np
import torch
import tyro
import xarray as xr
from torch import Tensor

from absvit import AbSViT, priors
from absvit.images import normalise
from absvit.models.course import Course, CourseSettings, follow, unchanging
from absvit.models.priors import Prior
from absvit.models.priors.percept import PerceptPrior, random_directions
from absvit.records.fill import Store, fill
from experiments.demands import check_classes
from experiments.dynamics_record import dataset_of, with_morph, with_pictures
from experiments.observers import Observer, class_indices, class_names
from experiments.probe import Stimuli
from experiments.show import attributes

__all__ = ["CONDITIONS", "PROTOCOLS", "Episode", "FeedbackDynamics", "probe", "show"]


@dataclass(frozen=True, eq=False)
class Episode:
    """What a prior may depend on: the trials of a batch, the gain, and how tired the percepts are.

    Parameters
    ----------
    model : the observer's model.
    classes : (image, object) class indices of the two readings.
    numbers : (image,) numbers of the trials.
    seed : seed of the experiment.
    gain : gain of the prior.
    fatigue : (image, class) logits.
    """

    model: AbSViT
    classes: Tensor
    numbers: np.ndarray
    seed: int
    gain: float
    fatigue: Tensor


def _learned(now: Episode) -> Prior:
    return priors.LearnedPrior(now.gain)


def _class_cue(k: int, now: Episode) -> Prior:
    return priors.ClassPrior(now.classes[:, k - 1], now.gain)


def _percept(now: Episode) -> Prior:
    return PerceptPrior(now.gain, now.fatigue)


def _random(k: int, now: Episode) -> Prior:
    return priors.VectorPrior(random_directions(now.seed, 2 * now.numbers + k, now.model.embed_dim), now.gain)


def _shuffled(of: Callable[[Episode], Prior], now: Episode) -> Prior:
    return priors.ShuffledPrior(of(now), now.seed, int(now.numbers[0]))


@dataclass(frozen=True)
class _Condition:
    """A prior: the object that it cues, its kind, and what it is in the first passes and later."""

    cue: int
    kind: str
    first: Callable[[Episode], Prior]
    later: Callable[[Episode], Prior] | None = None  # as in the first passes, if left out


CONDITIONS = {
    "none": _Condition(0, "none", _learned),
    "class 1": _Condition(1, "class", partial(_class_cue, 1)),
    "class 2": _Condition(2, "class", partial(_class_cue, 2)),
    "percept": _Condition(0, "percept", _percept),
    "released 1": _Condition(1, "released", partial(_class_cue, 1), _percept),
    "released 2": _Condition(2, "released", partial(_class_cue, 2), _percept),
    "released 1, none": _Condition(1, "released, none", partial(_class_cue, 1), _learned),
    "released 2, none": _Condition(2, "released, none", partial(_class_cue, 2), _learned),
    "random vector 1": _Condition(1, "random vector", partial(_random, 1)),
    "random vector 2": _Condition(2, "random vector", partial(_random, 2)),
    "shuffled class 1": _Condition(1, "shuffled class", partial(_shuffled, partial(_class_cue, 1))),
    "shuffled class 2": _Condition(2, "shuffled class", partial(_shuffled, partial(_class_cue, 2))),
    "shuffled percept": _Condition(0, "shuffled percept", partial(_shuffled, _percept)),
}


@dataclass(frozen=True)
class Protocol:
    """What a protocol does where the parameters leave it open.

    Parameters
    ----------
    passes : feedback passes over each picture.
    adaptation : logits that a lasting percept loses.
    priors : conditions.
    """

    passes: int
    adaptation: float
    priors: tuple[str, ...]


PROTOCOLS = {
    "settling": Protocol(15, 0.0, tuple(name for name in CONDITIONS if name != "shuffled percept")),
    "hysteresis": Protocol(1, 0.0, ("none", "percept", "random vector 1", "shuffled percept")),
    "switching": Protocol(200, 4.0, ("none", "percept", "random vector 1", "shuffled percept")),
}


@dataclass(frozen=True)
class FeedbackDynamics:
    """Parameters of the probe.

    Parameters
    ----------
    protocol
        Settling: many passes over each picture. Hysteresis: a morph up and down, the state carried from picture to
        picture. Switching: very many passes over a picture with two readings, with adaptation.
    passes
        Feedback passes over each picture; 15, 1 or 200 if left out. On the command line also --iterations.
    gains
        Gains of the priors.
    noise
        Standard deviations of the noise on the tokens that are fed back, in units of their root mean square; they
        become the record's dimension severity.
    adaptation
        Logits that a percept loses once it has lasted long; 0, 0 or 4 if left out.
    adaptation_time
        Time constant of adaptation in passes.
    carry
        Carry the state from picture to picture; without it each begins bottom-up, the control of hysteresis.
    cue_passes
        Passes after which a released cue is taken away.
    priors
        Priors to run: none, class 1, class 2, percept (what was seen in the last pass), released 1 and 2 (a class
        that gives way to the percept), "released 1, none" and 2 (that gives way to the learned prompt), random
        vector 1 and 2, shuffled class 1 and 2, shuffled percept; those of the protocol if left out.
    features
        Record the mean patch token that leaves each block, for comparisons between passes and layers.
    maps
        Record the pictures and the weights that the priors give to every patch, to look at the passes.
    """

    protocol: Literal["settling", "hysteresis", "switching"] = "settling"
    passes: Annotated[int | None, tyro.conf.arg(aliases=("--iterations",))] = None
    gains: tuple[float, ...] = (1.0, 2.0, 5.0, 10.0)
    noise: tuple[float, ...] = (0.0,)
    adaptation: float | None = None
    adaptation_time: float = 20.0
    carry: bool = True
    cue_passes: int = 1
    priors: tuple[str, ...] = ()
    features: bool = False
    maps: bool = False

    def __post_init__(self) -> None:
        if self.protocol not in PROTOCOLS:
            raise ValueError(f"protocol must be one of {', '.join(PROTOCOLS)}, got {self.protocol!r}")
        if (self.passes is not None and self.passes < 1) or self.cue_passes < 1:
            raise ValueError(f"passes and cue_passes must be at least 1, got {self.passes} and {self.cue_passes}")
        if not self.gains or not np.isfinite(self.gains).all() or len(set(self.gains)) < len(self.gains):
            raise ValueError(f"gains must be finite numbers, each once, got {self.gains}")
        finite = all(0 <= noise < np.inf for noise in self.noise)
        if not self.noise or not finite or len(set(self.noise)) < len(self.noise):
            raise ValueError(f"noise must hold standard deviations of at least 0, each once, got {self.noise}")
        if not 1 <= self.adaptation_time < np.inf or not 0 <= (self.adaptation or 0) < np.inf:
            raise ValueError(
                "adaptation must be at least 0 and adaptation_time at least 1 pass, got "
                f"{self.adaptation} and {self.adaptation_time}"
            )
        unknown = [name for name in self.priors if name not in CONDITIONS]
        if unknown:
            raise ValueError(f"there is no prior {unknown[0]!r} here; expected some of {', '.join(CONDITIONS)}")

    @property
    def conditions(self) -> dict[str, _Condition]:
        """Priors by name."""
        return {name: CONDITIONS[name] for name in self.priors or PROTOCOLS[self.protocol].priors}

    def looking(self, noise: float) -> CourseSettings:
        """How the model goes on looking, at one strength of noise.

        Parameters
        ----------
        noise : standard deviation.
        """
        protocol = PROTOCOLS[self.protocol]
        passes = protocol.passes if self.passes is None else self.passes
        adaptation = protocol.adaptation if self.adaptation is None else self.adaptation
        return CourseSettings(passes, noise, adaptation, self.adaptation_time, self.carry)


def probe(
    observers: Sequence[Observer],
    stimuli: Stimuli | xr.Dataset,
    parameters: FeedbackDynamics,
    seed: int,
    store: Store,
) -> xr.Dataset:
    """Let the feedback loop run, and write the record.

    Parameters
    ----------
    observers : models of one kind, each label with the same seeds; a plain ViT sees the same in every pass.
    stimuli : pictures of two objects; for hysteresis whole morph sequences (``morph``), each of which is one
        stimulus of the record.
    parameters : protocol, passes, priors, gains, noise and adaptation.
    seed : seed of noise, random vectors and shuffles.
    store : where the record goes.

    Returns
    -------
    The record, opened lazily, with dims ([model, seed,] gain, severity, iteration, prior, stimulus): logits (...,
    class), state_change, two_step_change, reconstruction_error (..., layer) and, on request, features (..., layer,
    feature) and prior_weights (..., token_y, token_x) with image, as ``absvit.models.course.Course`` describes them.
    Noise is ``severity``. Of each stimulus its two classes, and for hysteresis ``morph`` (stimulus, iteration),
    ``direction`` and ``pair``.

    Raises
    ------
    ValueError : stimuli without two objects of known classes, no whole morph sequences, or logits that are not finite
        (the stimulus is named).
    """
    stimuli = stimuli if isinstance(stimuli, Stimuli) else Stimuli.of(stimuli)
    steps = _steps(stimuli, parameters, observers)

    def shown(part: slice) -> xr.Dataset:
        pictures = stimuli.part(part.start * steps, (part.stop - part.start) * steps)
        return show(observers, pictures, steps, parameters, seed)

    title = f"feedback dynamics: {parameters.protocol}"
    provenance = partial(attributes, title, observers, stimuli, parameters, seed, steps)
    return fill(shown, stimuli.n // steps, provenance, store)


def _steps(stimuli: Stimuli, parameters: FeedbackDynamics, observers: Sequence[Observer]) -> int:
    """Pictures of a trial."""
    example = stimuli.part(0, 1)
    if example.sizes.get("object") != 2:
        raise ValueError(f"feedback dynamics needs pictures of two objects, got {dict(example.sizes)}")
    check_classes(observers, example.attrs["categories"], "feedback dynamics")
    if parameters.protocol != "hysteresis":
        return 1
    if "morph" not in example:
        raise ValueError("hysteresis needs morph sequences: leave out --stimuli, or make a set of the family morph")
    steps = json.loads(example.attrs["parameters"])["steps"]
    if stimuli.n % (2 * steps):
        raise ValueError(
            f"hysteresis needs whole sequences up and down, {2 * steps} pictures each pair, got {stimuli.n} pictures"
        )
    return steps


def show(
    observers: Sequence[Observer], pictures: xr.Dataset, steps: int, parameters: FeedbackDynamics, seed: int
) -> xr.Dataset:
    """Show some trials to all observers.

    Parameters
    ----------
    observers : as for ``probe``.
    pictures : stimulus set of two objects, ``steps`` pictures a trial.
    steps : pictures of a trial, 1 but for hysteresis.
    parameters : what is done.
    seed : seed of noise, random vectors and shuffles.

    Returns
    -------
    Their part of the record, in memory.

    Raises
    ------
    ValueError : logits that are not finite (the stimulus is named).
    """
    model = observers[0].model
    trial = pictures.isel(stimulus=slice(None, None, steps))
    classes = class_indices(model, pictures.attrs["categories"])[trial["object_class"].values]
    numbers = trial["stimulus"].values // steps
    device, cfg = next(model.parameters()).device, model.pretrained_cfg
    images = normalise(pictures["image"].values, cfg["mean"], cfg["std"]).to(device).unflatten(0, (-1, steps))
    episode = Episode(model, torch.from_numpy(classes), numbers, seed, 1.0, torch.zeros(()))
    values = [_run(observer, images.unbind(1), episode, parameters) for observer in observers]
    finite = np.all([np.isfinite(v["logits"]).all(axis=(0, 1, 2, 3, 5)) for v in values], axis=0)
    if not finite.all():
        raise ValueError(
            f"logits of stimulus {numbers[~finite][0]} are not finite: check the checkpoint, the picture and the gains"
        )
    dataset = dataset_of(values, observers, parameters, numbers, classes, class_names(model))
    passes = parameters.looking(0).passes
    if parameters.maps:
        dataset = with_pictures(dataset, pictures, steps, passes)
    return with_morph(dataset, pictures, steps, passes) if parameters.protocol == "hysteresis" else dataset


def _run(observer: Observer, pictures: Sequence[Tensor], episode: Episode, parameters) -> dict[str, np.ndarray]:
    """One observer's course under every gain, noise and prior: (gain, severity, iteration, prior, stimulus, ...)."""
    conditions, model = list(parameters.conditions.values()), observer.model
    if not isinstance(model, AbSViT):
        fixed = unchanging(model, pictures, parameters.looking(0).passes)
        courses = [[[fixed] * len(conditions)] * len(parameters.noise)] * len(parameters.gains)
    else:
        courses = [
            [[_course(model, pictures, episode, c, gain, noise, parameters) for c in conditions]
             for noise in parameters.noise]
            for gain in parameters.gains
        ]  # fmt: skip
    names = ("logits", "state_change", "two_step_change", "reconstruction_error")
    names += ("features",) * parameters.features + ("prior_weights",) * parameters.maps
    return {
        name: torch.stack([torch.stack([torch.stack([getattr(c, name) for c in row], 1) for row in rows])
                           for rows in courses]).float().cpu().numpy()
        for name in names
    }  # fmt: skip


def _course(model: AbSViT, pictures, episode: Episode, condition: _Condition, gain: float, noise: float, parameters):
    """One observer's course under one prior."""
    keys = [[episode.seed, (1 << 63) + int(number)] for number in episode.numbers]
    generators = [np.random.Generator(np.random.Philox(key=key)) for key in keys]

    def prior_at(t: int, fatigue: Tensor) -> Prior:
        now = Episode(model, episode.classes, episode.numbers, episode.seed, gain, fatigue)
        return (condition.first if t <= parameters.cue_passes else condition.later or condition.first)(now)

    found: Course = follow(model, pictures, prior_at, parameters.looking(noise), generators)
    return found
