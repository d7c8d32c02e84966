"""Trials: show stimuli to observers under named priors and write what they see, a chunk at a time."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
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
from absvit.records.fill import Store, fill
from experiments.assemble import MAP_NAMES, assembled
from experiments.observers import Observer, class_indices, class_names
from experiments.probe import Condition, Stimuli, Trial
from stimuli.foundation import design, picture_files

__all__ = ["attributes", "by_gain", "priors_of", "run", "trial_of"]

RECORDED = ("feedback_norms", "value_norms", "token_norms", "class_attention")


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
    return assembled(parts, observers, conditions, gains, stimuli, trial.classes, coverage, class_names(model))


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
    if told := design.unbalanced(stimuli.n // pictures, factors):
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
