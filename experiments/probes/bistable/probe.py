"""The bistable probe: two objects in one image, and a cue that says which to look for."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
import torch.nn.functional as F
import xarray as xr

from absvit import priors
from absvit.models.priors.percept import random_directions
from absvit.records.fill import Store
from experiments.observers import Observer, class_indices
from experiments.probe import Condition, Stimuli, Trial
from experiments.show import run

__all__ = ["Bistable", "conditions", "probe"]

OF_EACH_OBJECT = ("class", "place", "random vector", "shuffled class", "shuffled place")
KINDS = ("none", "absent class", "third class", *OF_EACH_OBJECT)


@dataclass(frozen=True)
class Bistable:
    """Parameters of the probe.

    Parameters
    ----------
    iterations
        Feedback passes, at least 1.
    class_gain
        Gain of the class cues; the model's default if left out.
    place_gain
        Gain of the place cues; the model's default if left out.
    margin
        A place cue holds the tokens that its object touches and those up to this many tokens away, without what the
        other object covers more of.
    layer
        Block whose feedback norm, value norm and token norm are recorded.
    gains
        Gains to give all cues in turn, a dimension of the record.
    priors
        Kinds of priors to show: some of none, class, absent class, third class, place, random vector, shuffled class
        and shuffled place, one that cues each object in turn among them; all of the experiment, if left out.
    """

    iterations: int = 1
    class_gain: float | None = None
    place_gain: float | None = None
    margin: int = 1
    layer: int = -3
    gains: tuple[float, ...] = ()
    priors: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if unknown := [kind for kind in self.priors if kind not in KINDS]:
            raise ValueError(f"there is no prior {unknown[0]!r}; expected some of {', '.join(KINDS)}")
        if self.priors and not set(self.priors) & set(OF_EACH_OBJECT):
            raise ValueError(f"priors must hold one that cues each object in turn: {', '.join(OF_EACH_OBJECT)}")
        if self.gains and (self.class_gain is not None or self.place_gain is not None):
            raise ValueError("give --gains for all cues, or --class-gain and --place-gain, not both")
        if len(set(self.gains)) < len(self.gains):
            raise ValueError(f"gains must hold each gain once, got {self.gains}")
        if self.iterations < 1 or self.margin < 0:
            raise ValueError(f"iterations must be at least 1 and margin at least 0, got {self}")


def conditions(parameters: Bistable, classes_known: bool = True) -> list[Condition]:
    """List the priors: none, a class or place cue for each object, classes that are absent, and the controls.

    Parameters
    ----------
    parameters : gains, the margin of the place cues, and which kinds are wanted.
    classes_known : whether the model knows the objects' classes; if not, the cues are places only.

    Raises
    ------
    ValueError : a kind is wanted that there is only with, or only without, known classes.
    """
    gain, found = parameters.class_gain, [Condition("none", 0, "none", _uncued)]
    if classes_known:
        found += [Condition(f"class {k}", k, "class", partial(_class_cue, f"class_{k}", gain)) for k in (1, 2)]
        found += [
            Condition("absent class", -1, "absent class", partial(_class_cue, "absent_class", gain)),
            Condition("third class", 0, "third class", partial(_class_cue, "third_class", gain)),
        ]
    found += [Condition(f"place {k}", k, "place", partial(_place_cue, k, parameters)) for k in (1, 2)]
    found += [Condition(f"random vector {k}", k, "random vector", partial(_random_cue, k, gain)) for k in (1, 2)]
    kind = "class" if classes_known else "place"
    cues = [condition for condition in found if condition.kind == kind]
    found += [
        Condition(f"shuffled {cue.name}", cue.cue, f"shuffled {kind}", partial(_shuffled, cue.prior)) for cue in cues
    ]
    chosen = [condition for condition in found if condition.kind in (parameters.priors or KINDS)]
    if missing := set(parameters.priors) - {condition.kind for condition in chosen}:
        known = "" if classes_known else "un"
        raise ValueError(
            f"there is no prior {min(missing)!r} here: the classes of the objects are {known}known to the model"
        )
    return chosen


def probe(
    observers: Sequence[Observer],
    stimuli: Stimuli | xr.Dataset,
    parameters: Bistable,
    seed: int,
    store: Store,
) -> xr.Dataset:
    """Show bistable stimuli under every prior, and write the record.

    Parameters
    ----------
    observers : models of one kind, each label with the same seeds.
    stimuli : stimuli with two objects.
    parameters : iterations, gains and layer.
    seed : seed of catch trials, random vectors and shuffles.
    store : where the record goes.

    Returns
    -------
    The record, opened lazily: logits (iteration, prior, stimulus, class), five maps (iteration, prior, stimulus,
    token_y, token_x), and of each stimulus its picture, its objects' masks, its classes and what its family tells of
    it, such as the mix of an overlay. With several models, seeds or gains these dims come first.

    Raises
    ------
    ValueError : stimuli without two objects, or as ``experiments.show.run``.
    """
    stimuli = stimuli if isinstance(stimuli, Stimuli) else Stimuli.of(stimuli)
    example = stimuli.part(0, 1)
    if example.sizes.get("object") != 2:
        raise ValueError(f"bistable stimuli hold two objects, got {dict(example.sizes)}")
    unknown = class_indices(observers[0].model, example.attrs["categories"]) < 0
    if unknown.any():
        warnings.warn(
            f"{observers[0].label} does not know {', '.join(np.array(example.attrs['categories'])[unknown][:4])}: the "
            "cues are places only, and no selection index can be measured (--classes names what two photographs show)",
            stacklevel=2,
        )
    known = not unknown.any()
    cues = conditions(parameters, known)
    return run("bistable perception", observers, stimuli, cues, parameters, seed, store, parameters.gains)


def _uncued(trial: Trial) -> priors.Prior:
    return priors.LearnedPrior()


def _class_cue(name: str, gain: float | None, trial: Trial) -> priors.Prior:
    return priors.ClassPrior(torch.from_numpy(trial.classes[name]), gain if trial.gain is None else trial.gain)


def _place_cue(cue: int, parameters: Bistable, trial: Trial) -> priors.Prior:
    """Full weight on the tokens that the object touches and on those around it, none on what is rather the other's."""
    own, other = trial.coverage[:, cue - 1], trial.coverage[:, 2 - cue]
    size = 2 * parameters.margin + 1
    near = F.max_pool2d((own > 0).float()[:, None], size, stride=1, padding=parameters.margin)[:, 0]
    place = near * (own >= other)
    return priors.SpatialPrior(place, parameters.place_gain if trial.gain is None else trial.gain)


def _random_cue(cue: int, gain: float | None, trial: Trial) -> priors.Prior:
    """A standard normal direction for each image and cue, at the gain of the class cues."""
    gain = gain if trial.gain is None else trial.gain
    gain = trial.model.prior_gains["class"] if gain is None else gain
    rows = random_directions(trial.seed, 2 * trial.numbers + cue, trial.model.embed_dim)
    return priors.VectorPrior(rows, gain)


def _shuffled(prior: Callable[[Trial], priors.Prior], trial: Trial) -> priors.Prior:
    return priors.ShuffledPrior(prior(trial), trial.seed, int(trial.numbers[0]))
