"""Feedback pass by pass over some trials, by every observer, under every gain, noise and prior."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from absvit.models.course import Course, unchanging
from absvit.models.priors import Prior
from absvit.records.vocabulary import described
from experiments.assemble import FEATURES, PLACES, assembled, condition_coordinates, token_centres
from experiments.observers import Observer
from experiments.probe import Trial
from experiments.probes.feedback_dynamics.probe import CourseCondition, FeedbackDynamics, conditions, steps
from experiments.show import check_finite, on_grid, trial_of, with_grid

__all__ = ["show"]

SMALL = ("features", "prior_weights")  # kept in half precision
INNER = ("gain", "severity", "iteration", "prior", "stimulus")
LAST = {"logits": ("class",), "reconstruction_error": ("layer",), "features": FEATURES, "prior_weights": PLACES}


def show(observers: Sequence[Observer], pictures: xr.Dataset, parameters: FeedbackDynamics, seed: int) -> xr.Dataset:
    """Show some trials to all observers.

    Parameters
    ----------
    observers : each name with the same seeds; bottom-up, every pass is as the first.
    pictures : stimulus set of two objects; for hysteresis whole morph sequences.
    parameters : what is done.
    seed : seed of noise, random vectors and shuffles.

    Returns
    -------
    Their part of the record, in memory.

    Raises
    ------
    ValueError : logits that are not finite (the stimulus is named).
    """
    looks, per_trial = conditions(parameters), steps(pictures, parameters)
    first = pictures.isel(stimulus=slice(None, None, per_trial))
    first = first.assign_coords(stimulus=first["stimulus"] // per_trial)
    trial, parts = trial_of(with_grid(observers), first, seed), []
    for observer in observers:
        images = observer.images(pictures["image"].values).unflatten(0, (-1, per_trial))
        found = _run(observer, images.unbind(1), replace(trial, observer=observer), looks, parameters)
        parts.append(_as_recorded(found, trial.grid))
    check_finite(observers, parts, INNER, trial.numbers)
    sizes = dict(zip(INNER, parts[0]["logits"].shape, strict=False))
    record = assembled(
        parts,
        observers,
        {name: (*INNER, *LAST.get(name, ())) for name in parts[0]},
        condition_coordinates(looks) | {
            "gain": np.array(parameters.gains, float),
            "severity": np.array(parameters.noise, float),
            "iteration": np.arange(sizes["iteration"]),
            "stimulus": trial.numbers,
            "class": np.array(observers[0].categories, object),
            "class_1": ("stimulus", trial.classes["class_1"]),
            "class_2": ("stimulus", trial.classes["class_2"]),
            "layer": np.arange(max(part["reconstruction_error"].shape[-1] for part in parts)),
        },
    )  # fmt: skip
    passes = parameters.looking(0).passes
    if parameters.maps:
        record = _with_pictures(record, pictures, per_trial, passes)
    return _with_morph(record, pictures, per_trial, passes) if parameters.protocol == "hysteresis" else record


def _run(
    observer: Observer,
    pictures: Sequence[Tensor],
    trial: Trial,
    looks: Sequence[CourseCondition],
    parameters: FeedbackDynamics,
) -> dict[str, Tensor]:
    """One observer's course under every gain, noise and prior: (gain, severity, iteration, prior, stimulus, ...)."""
    if observer.course is not None:
        courses = [
            [[_course(pictures, replace(trial, gain=gain), look, noise, parameters) for look in looks]
             for noise in parameters.noise]
            for gain in parameters.gains
        ]  # fmt: skip
    else:
        seen = [observer.seen(images).logits[0, 0] for images in pictures]
        of_none = max(1, observer.layers), observer.width or 1, trial.grid
        fixed = unchanging(seen, parameters.looking(0).passes, *of_none)
        courses = [[[fixed] * len(looks)] * len(parameters.noise)] * len(parameters.gains)
    names = ("logits", "state_change", "two_step_change", "reconstruction_error")
    names += ("features",) * parameters.features + ("prior_weights",) * parameters.maps
    return {name: _stacked(courses, name) for name in names}


def _stacked(courses: Sequence[Sequence[Sequence[Course]]], name: str) -> Tensor:
    """What the courses tell of one thing, the priors after the passes."""
    by_gain = [torch.stack([torch.stack([getattr(c, name) for c in row], 1) for row in rows]) for rows in courses]
    return torch.stack(by_gain).float()


def _as_recorded(found: dict[str, Tensor], grid: tuple[int, int]) -> dict[str, np.ndarray]:
    """What a record keeps of it, maps on the record's grid."""
    found = {name: on_grid(value, grid) if name == "prior_weights" else value for name, value in found.items()}
    return {
        name: value.cpu().numpy().astype(np.float16 if name in SMALL else np.float32) for name, value in found.items()
    }


def _course(pictures, trial: Trial, look: CourseCondition, noise: float, parameters) -> Course:
    """One observer's course under one prior."""
    keys = [[trial.seed, (1 << 63) + int(number)] for number in trial.numbers]
    generators = [np.random.Generator(np.random.Philox(key=key)) for key in keys]

    def prior_at(t: int, fatigue: Tensor) -> Prior:
        return look.at(t > parameters.cue_passes)(replace(trial, fatigue=fatigue))

    return trial.observer.course(pictures, prior_at, parameters.looking(noise), generators)


def _with_pictures(record: xr.Dataset, pictures: xr.Dataset, per_trial: int, passes: int) -> xr.Dataset:
    """Add the picture of each trial, or of each of its passes where it shows several, and the places of the tokens."""
    shown, dims = pictures["image"].values, ("stimulus", "y", "x", "channel")
    height, width, channels = shown.shape[1:]
    if per_trial > 1:
        shown = shown.reshape(-1, per_trial, *shown.shape[1:]).repeat(passes, axis=1)
        shown, dims = np.concatenate([shown[:, :1], shown], axis=1), ("stimulus", "iteration", *dims[1:])
    places = {"y": np.arange(height) + 0.5, "x": np.arange(width) + 0.5, "channel": np.arange(channels)}
    places |= token_centres((record.sizes["token_y"], record.sizes["token_x"]), (height, width))
    return described(record.assign(image=(dims, shown)).assign_coords(places))


def _with_morph(record: xr.Dataset, pictures: xr.Dataset, per_trial: int, passes: int) -> xr.Dataset:
    """Add what each pass of a morph sequence showed, and which sequences belong together."""
    per_picture = np.repeat(pictures["morph"].values.reshape(-1, per_trial), passes, axis=1)
    morph = np.concatenate([per_picture[:, :1], per_picture], axis=1)
    direction = np.where(pictures["direction"].values[::per_trial] == "ascending", 1, -1).astype(np.int8)
    return described(
        record.assign_coords(
            morph=(("stimulus", "iteration"), morph),
            direction=("stimulus", direction),
            pair=("stimulus", record["stimulus"].values // 2),
        )
    )
