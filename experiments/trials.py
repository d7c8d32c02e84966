"""Trials: show stimuli to observers under named priors and write what they see, a chunk at a time."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial

import numpy as np
import torch
import torch.nn.functional as F
import xarray as xr
from torch import Tensor

from absvit import AbSViT, maps, perceive
from absvit.images import normalise
from absvit.models.checkpoints import identity
from absvit.models.perceive import Trajectory
from absvit.models.priors import Prior
from absvit.records import provenance
from experiments.chunks import Store, fill
from experiments.observers import Observer, class_indices, class_names
from stimuli import counterbalance, picture_files

__all__ = ["Condition", "Stimuli", "Store", "Trial", "attributes", "by_gain", "priors_of", "run", "trial_of"]

MAP_NAMES = {
    "prior_weights": "weight that the prior gives to a token, gain included; NaN bottom-up",
    "feedback_norm": "L2 norm of the feedback that reaches a token in block `layer`; NaN bottom-up",
    "value_norm": "L2 norm of a token's attention values in block `layer`, drive included",
    "token_norm": "L2 norm of a token that enters block `layer`",
    "class_attention": "attention from the class token in the last block, mean over heads",
}
RECORDED = ("feedback_norms", "value_norms", "token_norms", "class_attention")
COORDINATES = {
    "iteration": "pass over the image; 0 is bottom-up",
    "prior": "what the model was asked to look for",
    "cue": "object that the prior cues: 1, 2, 0 = neither, -1 = one that is not shown",
    "kind": "kind of prior",
    "class": "class of the model",
    "absent_class": "index of a class that is not shown and cued as a catch trial; -1 = unknown",
    "third_class": "index of another class that is not shown; -1 = unknown",
    "gain": "factor on the weights of the cues",
    "angle": "angle around fixation from the target to where attention is sent",
    "width": "standard deviation of the spotlight, in units of the smaller side of the image",
    "validity": "relation of the prior to the target",
    "model": "observer",
    "seed": "seed of the observer's training",
}
UNITS = {"token_y": "pixel", "token_x": "pixel", "angle": "degree"}
OF_OBJECTS = {
    "class": "class index of object {}; -1 = unknown to the model, or no such object",
    "mask": "share of a token that object {} covers",
}


@dataclass(frozen=True)
class Stimuli:
    """Stimuli that are drawn when they are shown.

    Parameters
    ----------
    part : function of (first, n) that gives stimuli first .. first + n - 1 as a stimulus set.
    n : number of stimuli.
    pictures : function that gives the digest of the files that the stimuli are made of, so that a record which is gone
        on with is of the same pictures; None if they are drawn.
    """

    part: Callable[[int, int], xr.Dataset]
    n: int
    pictures: Callable[[], str] | None = None

    @classmethod
    def of(cls, dataset: xr.Dataset) -> Stimuli:
        """Show a stimulus set that is there already.

        Parameters
        ----------
        dataset : as a stimulus family's ``draw`` gives.
        """
        return cls(lambda first, n: dataset.isel(stimulus=slice(first, first + n)), dataset.sizes["stimulus"])


@dataclass(frozen=True, eq=False)
class Trial:
    """What a prior may depend on: some stimuli and the model that is to look at them.

    Parameters
    ----------
    model : the observer's model.
    numbers : (stimulus,) numbers of the stimuli.
    coverage : (stimulus, object, token_y, token_x) share of each token that an object covers, in [0, 1].
    classes : (stimulus,) index by name: class_1, class_2 ..., absent_class, third_class.
    seed : seed of the experiment.
    stimuli : the stimuli without their pictures and masks: places and design variables.
    gain : factor on the weights of the cues; None for the model's defaults.
    """

    model: AbSViT
    numbers: np.ndarray
    coverage: Tensor
    classes: dict[str, np.ndarray]
    seed: int
    stimuli: xr.Dataset
    gain: float | None = None


@dataclass(frozen=True)
class Condition:
    """A prior of the experiment.

    Parameters
    ----------
    name : its name in the record.
    cue : object that it cues: 1, 2 ..., 0 = none of them, -1 = one that is not shown.
    kind : kind of prior, such as "class".
    prior : function of a trial that gives it.
    levels : what else tells the prior apart, as numbers or words by name; they become coordinates of the record's
        priors.
    """

    name: str
    cue: int
    kind: str
    prior: Callable[[Trial], Prior]
    levels: Mapping[str, float | str] = field(default_factory=dict)


def run(
    title: str,
    observers: Sequence[Observer],
    stimuli: Stimuli,
    conditions: Sequence[Condition],
    parameters,
    seed: int,
    store: Store,
    gains: Sequence[float] = (),
    map_names: Sequence[str] = tuple(MAP_NAMES),
) -> xr.Dataset:
    """Show all stimuli to all observers under all conditions.

    Parameters
    ----------
    title : of the record.
    observers : each label with the same seeds; all take images of one size and have the same classes.
    stimuli : what is shown.
    conditions : priors; a plain ViT looks bottom-up under each of them.
    parameters : the probe's frozen dataclass, with ``iterations`` and ``layer``.
    seed : seed of the experiment.
    store : where the record goes.
    gains : gains to give the cues in turn, a dimension of the record; the models' defaults and no such dimension, if
        left out.
    map_names : maps to record.

    Returns
    -------
    The record, opened lazily.

    Raises
    ------
    ValueError : a stimulus gives logits that are not finite (it is named), or the store cannot be used.
    """

    def shown(part: slice) -> xr.Dataset:
        shown_now = stimuli.part(part.start, part.stop - part.start)
        return _show(observers, shown_now, conditions, parameters, seed, tuple(gains), tuple(map_names))

    return fill(shown, stimuli.n, partial(attributes, title, observers, stimuli, parameters, seed), store)


def _show(observers: Sequence[Observer], stimuli: xr.Dataset, conditions, parameters, seed, gains, map_names):
    """Show some stimuli: their part of the record."""
    model = observers[0].model
    cfg = model.pretrained_cfg
    images = normalise(stimuli["image"].values, cfg["mean"], cfg["std"]).to(next(model.parameters()).device)
    trial = trial_of(model, stimuli, seed)
    parts = []
    for observer in observers:
        priors = priors_of(observer.model, trial, conditions, gains)
        trajectory = perceive(observer.model, images, priors, parameters.iterations if priors else 0, RECORDED)
        values = _variables(trajectory, parameters.layer, max(1, len(gains)) * len(conditions), map_names)
        parts.append({name: by_gain(value, len(gains)) for name, value in values.items()})
    finite = np.all([np.isfinite(part["logits"]).all(axis=(*range(part["logits"].ndim - 2), -1)) for part in parts], 0)
    if not finite.all():
        number = stimuli["stimulus"].values[~finite][0]
        raise ValueError(f"logits of stimulus {number} are not finite: check the checkpoint and the picture")
    coverage = trial.coverage.cpu().numpy()
    return _dataset(parts, observers, conditions, gains, stimuli, trial.classes, coverage, class_names(model))


def trial_of(model, stimuli: xr.Dataset, seed: int) -> Trial:
    """Say what a prior may depend on.

    Parameters
    ----------
    model : that looks first; others take its place.
    stimuli : stimulus set with masks of the objects.
    seed : seed of the experiment.
    """
    coverage = _coverage(stimuli["object_mask"].values, tuple(model.patch_embed.grid_size))
    coverage = coverage.to(next(model.parameters()).device)
    told = stimuli.drop_vars(["image", "object_mask"])
    return Trial(model, stimuli["stimulus"].values, coverage, _classes(model, stimuli, seed), seed, told)


def priors_of(model, trial: Trial, conditions: Sequence[Condition], gains: Sequence[float] = ()) -> list[Prior] | None:
    """Give the priors of a trial, those of the first gain first.

    Parameters
    ----------
    model : that looks.
    trial : stimuli.
    conditions : priors.
    gains : of the cues; the model's defaults, if left out.

    Returns
    -------
    A prior for each gain and condition; None for a plain ViT, which has none.
    """
    if not isinstance(model, AbSViT):
        return None
    trials = [replace(trial, model=model, gain=gain) for gain in gains or (None,)]
    return [condition.prior(trial) for trial in trials for condition in conditions]


def by_gain(values: np.ndarray, n_gains: int) -> np.ndarray:
    """Give each gain its own axis, in front.

    Parameters
    ----------
    values : (iteration, gain and prior, ...).
    n_gains : number of gains.

    Returns
    -------
    (gain, iteration, prior, ...); the values as they are without gains.
    """
    if not n_gains:
        return values
    return np.moveaxis(values.reshape(len(values), n_gains, -1, *values.shape[2:]), 1, 0)


def _classes(model, stimuli: xr.Dataset, seed: int) -> dict[str, np.ndarray]:
    """Class indices (stimulus,) of the objects and of two classes that are not shown; -1 where unknown."""
    known = class_indices(model, stimuli.attrs["categories"])
    drawn = stimuli["object_class"].values
    shown = np.where(drawn < 0, -1, known[drawn])
    shown = np.concatenate([shown, np.full((len(shown), 2 - min(shown.shape[1], 2)), -1)], axis=1)
    # catch trials cue another of the stimuli's own categories or, of two photographs, another of the model's
    candidates = known if len(known) >= 4 else np.arange(model.num_classes)
    others = []
    for number, row in zip(stimuli["stimulus"].values.tolist(), shown, strict=True):
        free = np.setdiff1d(candidates, row)
        generator = np.random.Generator(np.random.Philox(key=[seed, number]))
        others.append(generator.permutation(free)[:2] if (known >= 0).all() and len(free) > 1 else [-1, -1])
    absent, third = np.array(others, np.int64).T
    return {f"class_{k + 1}": of for k, of in enumerate(shown.T)} | {"absent_class": absent, "third_class": third}


def _coverage(masks: np.ndarray, grid: tuple[int, int]) -> Tensor:
    """Share of each token that each object covers (stimulus, object, token_y, token_x)."""
    return F.adaptive_avg_pool2d(torch.from_numpy(masks).float(), grid)


def _variables(trajectory: Trajectory, layer: int, n_conditions: int, map_names) -> dict[str, np.ndarray]:
    """Logits and maps (iteration, prior, stimulus, ...); NaN where a map does not exist bottom-up."""
    found = {
        "token_norm": maps.token_norm_map(trajectory, layer),
        "value_norm": maps.value_norm_map(trajectory, layer),
        "class_attention": maps.class_attention_map(trajectory),
    }
    bottom_up_only = len(trajectory.logits) == 1
    for name, of in (("prior_weights", maps.prior_weight_map), ("feedback_norm", maps.feedback_norm_map)):
        none = torch.full_like(found["token_norm"][:1], torch.nan)
        found[name] = none if bottom_up_only else torch.cat([none, of(trajectory)])
    values = {name: found[name].half() for name in map_names} | {"logits": trajectory.logits.float()}
    expand = {name: value.expand(-1, n_conditions, *value.shape[2:]) for name, value in values.items()}
    return {name: value.cpu().numpy() for name, value in expand.items()}


def _dataset(parts, observers, conditions, gains, stimuli, classes, coverage, names) -> xr.Dataset:
    """Put the values of all observers and what is known of the stimuli into one Dataset."""
    leading = {"model": list(dict.fromkeys(o.label for o in observers))}
    leading["seed"] = list(dict.fromkeys(o.seed for o in observers))
    shape = tuple(len(labels) for labels in leading.values())
    several = [axis for axis, n in enumerate(shape) if n > 1]
    first = [*(list(leading)[axis] for axis in several), *(["gain"] if gains else [])]
    by_condition = [*first, "iteration", "prior", "stimulus"]
    single = tuple(axis for axis, n in enumerate(shape) if n == 1)
    data = {}
    for name in parts[0]:
        stacked = np.stack([part[name] for part in parts])
        dims = ["class"] if name == "logits" else ["token_y", "token_x"]
        data[name] = ((*by_condition, *dims), stacked.reshape(*shape, *stacked.shape[1:]).squeeze(single))
    data["image"] = stimuli["image"].variable
    if coverage.shape[1] < 2:  # a single object has no rival
        coverage = np.concatenate([coverage, np.zeros_like(coverage)], axis=1)
    for k in range(coverage.shape[1]):
        data[f"mask_{k + 1}"] = (("stimulus", "token_y", "token_x"), coverage[:, k])
    sizes = dict(zip(data["logits"][0], data["logits"][1].shape, strict=True))
    coordinates = _design(stimuli) | {
        "iteration": np.arange(sizes["iteration"]),
        "prior": np.array([c.name for c in conditions], object),
        "cue": ("prior", np.array([c.cue for c in conditions], np.int8)),
        "kind": ("prior", np.array([c.kind for c in conditions], object)),
        "class": np.array(names, object),
        **_levels(conditions),
        **{name: ("stimulus", values) for name, values in classes.items()},
        **{name: stimuli[name].variable for name in ("stimulus", "y", "x", "channel")},
        **{dim: np.array(leading[dim], object if dim == "model" else np.int64) for dim in first if dim != "gain"},
        **({"gain": np.array(gains, float)} if gains else {}),
    }
    for dim, pixels in (("token_y", "y"), ("token_x", "x")):
        n = coverage.shape[2 if dim == "token_y" else 3]
        coordinates[dim] = (np.arange(n) + 0.5) * stimuli.sizes[pixels] / n
    dataset = xr.Dataset(data, coordinates)
    for name, variable in dataset.variables.items():
        variable.attrs.update(_described(name), **variable.attrs)
    return dataset


def _design(stimuli: xr.Dataset) -> dict[str, xr.Variable]:
    """What a family tells of its stimuli and, numbered from 1, of the place of each object, to go into the record."""
    variables = {n: v.variable for n, v in stimuli.data_vars.items() if not str(n).endswith("_degree")}
    found = {name: _words(variable) for name, variable in variables.items() if variable.dims == ("stimulus",)}
    for name in ("object_x", "object_y", "object_radius"):
        if name in variables:
            for k in range(variables[name].sizes["object"]):
                one = variables[name].isel(object=k)
                told = one.attrs | {"long_name": one.attrs["long_name"].replace("each object", f"object {k + 1}")}
                found[f"{name.removeprefix('object_')}_{k + 1}"] = xr.Variable("stimulus", one.values, told)
    return found


def _words(variable: xr.Variable) -> xr.Variable:
    """Words in the type that they have on disk; numbers as they are."""
    return variable.astype(np.dtypes.StringDType()) if variable.dtype.kind in "OU" else variable


def _levels(conditions: Sequence[Condition]) -> dict[str, tuple]:
    """Levels that tell priors apart; NaN, or no word, where a prior has none."""
    found = {}
    for name in dict.fromkeys(name for condition in conditions for name in condition.levels):
        words = any(isinstance(condition.levels.get(name), str) for condition in conditions)
        values = [condition.levels.get(name, "" if words else np.nan) for condition in conditions]
        found[name] = ("prior", np.array(values, object if words else float))
    return found


def _described(name: str) -> dict[str, str]:
    """Long name and unit of a variable or coordinate."""
    fixed = {
        "logits": "logit of each class",
        "token_y": "token centre from the upper edge",
        "token_x": "token centre from the left edge",
    }
    kind, _, number = name.rpartition("_")
    if kind in OF_OBJECTS and number.isdigit():
        fixed[name] = OF_OBJECTS[kind].format(number)
    return {"long_name": {**fixed, **MAP_NAMES, **COORDINATES}.get(name, name), "units": UNITS.get(name, "1")}


def attributes(
    title: str, observers: Sequence[Observer], stimuli: Stimuli, parameters, seed: int, pictures: int = 1
) -> dict:
    """Provenance of a record, checkpoints in the order of ``seed``; warns where the stimuli are unbalanced.

    Parameters
    ----------
    title : of the record.
    observers : each label with the same seeds.
    stimuli : what is shown.
    parameters : the probe's frozen dataclass; its ``layer``, if it has one, is counted from the lowest block.
    seed : seed of the experiment.
    pictures : pictures of a stimulus, the steps of a morph sequence.
    """
    made = {name: value for name, value in stimuli.part(0, 1).attrs.items() if name != "title"}
    factors = dict(zip(made.get("factors", ()), made.get("levels", ()), strict=True))
    factors = {name: levels for name, levels in factors.items() if pictures == 1 or name != "step"}
    if told := counterbalance.unbalanced(stimuli.n // pictures, factors):
        picture_files.say(told)
    models = [o.model for o in observers if o.label == observers[0].label]
    files, hashes = zip(*map(identity, models), strict=True)
    return (
        provenance(title, seed, asdict(parameters), str(next(models[0].parameters()).device))
        | {
            "model": observers[0].label,
            "checkpoint": ", ".join(files),
            "checkpoint_sha256": ", ".join(hashes),
            "stimuli": json.dumps({"n": stimuli.n, **made}),
            "prior_gains": json.dumps(getattr(models[0], "prior_gains", {})),
        }
        | ({"layer": parameters.layer % len(models[0].blocks)} if hasattr(parameters, "layer") else {})
        | ({"pictures_sha256": stimuli.pictures()} if stimuli.pictures else {})
    )
