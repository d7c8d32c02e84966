"""Showing: some stimuli to observers under named priors, and what they see as a part of a record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F
import xarray as xr
from torch import Tensor

from absvit import maps
from absvit.models.class_activation import classes_named
from absvit.models.class_names import class_indices
from absvit.models.requests import RECORDABLE
from experiments.assemble import PLACES, assembled, condition_coordinates, of_stimuli, token_centres
from experiments.observers import Observer
from experiments.probe import MAPS, Condition, Probe, Trial

if TYPE_CHECKING:
    from absvit.models.perceive import Trajectory
    from absvit.models.priors import Prior

__all__ = [
    "by_gain", "check_finite", "looks_of", "on_grid", "passes_of", "perceived", "trial_of", "with_grid",
]  # fmt: skip

MAPS_OF = {
    "prior_weights": ("prior_weights", maps.prior_weight_map),
    "feedback_norm": ("feedback_norms", maps.feedback_norm_map),
    "value_norm": ("value_norms", maps.value_norm_map),
    "token_norm": ("token_norms", maps.token_norm_map),
    "class_attention": ("class_attention", maps.class_attention_map),
    "class_activation": ("class_activation", maps.class_activation_map),
}
OF_LAYERS = ("value_norms", "token_norms")
DIMS_OF_FIRST = {"competition": ("stimulus",), "class_evidence": ("prior", "stimulus", *PLACES)}


def perceived(
    probe: Probe, observers: Sequence[Observer], stimuli: xr.Dataset, parameters: object, seed: int
) -> xr.Dataset:
    """Show some stimuli to all observers under every condition of a probe.

    Parameters
    ----------
    probe : says the conditions and the maps that are recorded.
    observers : each name with the same seeds; of one size, with the same classes. Under a condition of a
        kind that it does not take, an observer looks bottom-up.
    stimuli : stimulus set, as the probe shows it.
    parameters : the probe's, with ``iterations`` and, where maps of a layer are recorded, ``layer``; where the
        cues have a dim of gains, ``gains``.
    seed : seed of the experiment.

    Returns
    -------
    Their part of the record, in memory: logits ([model, seed, gain,] iteration, prior, stimulus, class), maps
    (..., token_y, token_x), and of each stimulus its picture, its objects' masks, its classes and what its
    family tells. Maps and masks lie on the grid of the first observer that has one (``on_grid``); one of a
    single pass sees the same in all passes of those beside it.

    Raises
    ------
    ValueError : a stimulus gives logits that are not finite (it is named).
    """
    gains, names = tuple(getattr(parameters, "gains", ())), _maps_of(probe, observers)
    requests = [MAPS_OF[name][0] for name in names if MAPS_OF[name][0] in RECORDABLE]
    layer = getattr(parameters, "layer", 0)
    trial = trial_of(with_grid(observers), stimuli, seed)
    looks = looks_of(probe, observers[0], stimuli, parameters)
    parts, first = [], []
    for observer in observers:
        own = trial if observer.locations == trial.grid else trial_of(observer, stimuli, seed)
        seen = passes_of(observer, stimuli["image"].values, own, looks, parameters, requests)
        parts.append(_variables(seen, trial.grid, layer, max(1, len(gains)) * len(looks), names))
        first.append(_of_first_pass(probe, observer, stimuli["image"].values, own, looks, seen, trial.grid))
    passes = np.arange(max(len(part["logits"]) for part in parts))
    parts = [
        {name: by_gain(value[np.minimum(passes, len(value) - 1)], len(gains)) for name, value in part.items()}
        for part in parts
    ]
    dims = (*["gain"] * bool(gains), "iteration", "prior", "stimulus")
    check_finite(observers, parts, dims, trial.numbers)
    return assembled(
        [part | of for part, of in zip(parts, first, strict=True)],
        observers,
        {name: (*dims, "class") if name == "logits" else (*dims, *PLACES) for name in parts[0]} | DIMS_OF_FIRST,
        of_stimuli(stimuli) | condition_coordinates(looks) | token_centres(trial.grid, trial.size) | {
            "iteration": passes,
            "class": np.array(observers[0].categories, object),
            **{name: ("stimulus", values) for name, values in trial.classes.items()},
            **({"gain": np.array(gains, float)} if gains else {}),
        },
        {"image": stimuli["image"].variable} | _masks(trial),
    )  # fmt: skip


def looks_of(probe: Probe, observer: Observer, stimuli: xr.Dataset, parameters: object) -> list[Condition]:
    """List the conditions of some stimuli: others, where the observer does not know all of their classes."""
    known = (class_indices(observer, stimuli.attrs["categories"]) >= 0).all()
    return (probe.conditions if known else probe.unknown)(parameters)


def _maps_of(probe: Probe, observers: Sequence[Observer]) -> list[str]:
    """Names of the maps of a record.

    Class activation is one of them where an observer has no norms of tokens, or is a rival of feedback.
    """
    needed = any("token_norms" not in observer.records or "mechanism" in observer.facts for observer in observers
                 if "class_activation" in observer.records)  # fmt: skip
    return [name for name in MAPS if name in probe.records and (name != "class_activation" or needed)]


def with_grid(observers: Sequence[Observer]) -> Observer:
    """Give the first observer that has locations, on whose grid all maps of a record lie; else the first."""
    return next((observer for observer in observers if observer.grid), observers[0])


def on_grid(values: Tensor, grid: tuple[int, int]) -> Tensor:
    """Bring maps to a grid of rows and columns: each new place holds the mean over its area of the picture.

    Their mean stays the same where one grid divides the other; finer than it was, no map becomes. As masks
    are, by adaptive average pooling; maps of this grid stay as they are.

    Parameters
    ----------
    values : (..., token_y, token_x).
    grid : rows and columns.
    """
    if tuple(values.shape[-2:]) == tuple(grid):
        return values
    return F.adaptive_avg_pool2d(values.flatten(0, -3).float(), grid).unflatten(0, values.shape[:-2]).to(values)


def trial_of(observer: Observer, stimuli: xr.Dataset, seed: int) -> Trial:
    """Say what a prior may depend on."""
    masks = torch.from_numpy(stimuli["object_mask"].values).float()
    coverage = F.adaptive_avg_pool2d(masks, observer.locations)
    told = stimuli.drop_vars(["image", "object_mask"])
    return Trial(observer, stimuli["stimulus"].values, coverage, _classes(observer, stimuli, seed), seed, told)


def passes_of(
    observer: Observer,
    pictures: np.ndarray,
    trial: Trial,
    conditions: Sequence[Condition],
    parameters: object,
    requests: Sequence[str] = (),
) -> Trajectory:
    """Let an observer look under every gain and condition.

    Parameters
    ----------
    observer : who looks.
    pictures : (stimulus, y, x, channel) uint8.
    trial : what the priors depend on.
    conditions : priors.
    parameters : ``iterations`` and, where there are any, ``gains``; those of the first gain come first.
    requests : what is recorded, as ``absvit.perceive`` has it.
    """
    trials = [replace(trial, observer=observer, gain=gain) for gain in getattr(parameters, "gains", ()) or (None,)]
    priors: list[Prior] = [condition.prior(each) for each in trials for condition in conditions]
    return observer.seen(observer.images(pictures), priors, parameters.iterations, requests)


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


def check_finite(
    observers: Sequence[Observer], parts: Sequence[Mapping[str, np.ndarray]], dims: Sequence[str], numbers: np.ndarray
) -> None:
    """Refuse logits that are not finite.

    Parameters
    ----------
    observers : who looked.
    parts : of each observer, arrays by name.
    dims : of the logits, but for the class.
    numbers : (stimulus,) numbers of the stimuli.

    Raises
    ------
    ValueError : some are not; the stimulus and the observer are named.
    """
    others = tuple(axis for axis, dim in enumerate((*dims, "class")) if dim != "stimulus")
    for observer, part in zip(observers, parts, strict=True):
        finite = np.isfinite(part["logits"]).all(axis=others)
        if not finite.all():
            raise ValueError(
                f"logits of stimulus {numbers[~finite][0]} are not finite, as {observer.name} sees it: check the "
                "checkpoint, the picture and the gains"
            )


def _of_first_pass(
    probe: Probe,
    observer: Observer,
    pictures: np.ndarray,
    trial: Trial,
    conditions: Sequence[Condition],
    seen: Trajectory,
    grid: tuple[int, int],
) -> dict[str, np.ndarray]:
    """What a probe wants of the bottom-up pass: how evenly two objects compete, and the evidence for cued classes."""
    logits, found = seen.logits[0, 0].cpu(), {}
    if "competition" in probe.records:
        # min(p1, p2) / max(p1, p2) = exp(-|log odds|) of the two classes
        known, one, two = _known_pair(trial)
        odds = (logits.gather(1, one) - logits.gather(1, two)).squeeze(1)
        found["competition"] = (-odds.abs()).exp().double().where(known, torch.nan).numpy()
    if "class_evidence" in probe.records:
        evidence = torch.full((len(conditions), len(pictures), *grid), torch.nan)
        if observer.evidence is not None:
            priors = [condition.prior(replace(trial, observer=observer)) for condition in conditions]
            classes = classes_named(priors, observer, logits.expand(len(priors), *logits.shape))
            with torch.no_grad():
                evidence = on_grid(observer.evidence(observer.images(pictures), classes), grid)
        found["class_evidence"] = evidence.half().cpu().numpy()
    return found


def _known_pair(trial: Trial) -> tuple[Tensor, Tensor, Tensor]:
    """Whether the classes of objects 1 and 2 are known (stimulus,), and their indices (stimulus, 1), 0 where not."""
    pair = torch.from_numpy(np.stack([trial.classes["class_1"], trial.classes["class_2"]]))
    return (pair >= 0).all(0), *pair.clamp(min=0)[..., None]


def _masks(trial: Trial) -> dict[str, tuple]:
    """Share of each token that each object covers, by name; a single object has a rival that covers none."""
    coverage = trial.coverage.numpy()
    if coverage.shape[1] < 2:
        coverage = np.concatenate([coverage, np.zeros_like(coverage)], axis=1)
    return {f"mask_{k + 1}": (("stimulus", *PLACES), coverage[:, k]) for k in range(coverage.shape[1])}


def _classes(observer: Observer, stimuli: xr.Dataset, seed: int) -> dict[str, np.ndarray]:
    """Class indices (stimulus,) of the objects and of two classes that are not shown; -1 where unknown."""
    known = class_indices(observer, stimuli.attrs["categories"])
    drawn = stimuli["object_class"].values
    shown = np.where(drawn < 0, -1, known[drawn])
    shown = np.concatenate([shown, np.full((len(shown), 2 - min(shown.shape[1], 2)), -1)], axis=1)
    # catch trials cue another of the stimuli's own categories or, of two photographs, another of the observer's
    candidates = known if len(known) >= 4 else np.arange(observer.num_classes)
    others = []
    for number, row in zip(stimuli["stimulus"].values.tolist(), shown, strict=True):
        free = np.setdiff1d(candidates, row)
        generator = np.random.Generator(np.random.Philox(key=[seed, number]))
        others.append(generator.permutation(free)[:2] if (known >= 0).all() and len(free) > 1 else [-1, -1])
    absent, third = np.array(others, np.int64).T
    return {f"class_{k + 1}": of for k, of in enumerate(shown.T)} | {"absent_class": absent, "third_class": third}


def _variables(
    trajectory: Trajectory, grid: tuple[int, int], layer: int, n_conditions: int, names: Sequence[str]
) -> dict[str, np.ndarray]:
    """Logits and maps (iteration, prior, stimulus, ...); NaN where there is no map, bottom-up or at all."""
    logits, values = trajectory.logits, {}
    for name in names:
        field, of = MAPS_OF[name]
        recorded, none = getattr(trajectory, field), logits.new_full((*logits.shape[:3], *grid), torch.nan)
        if recorded is not None and recorded.numel():
            found = on_grid(of(trajectory, layer) if field in OF_LAYERS else of(trajectory), grid)
            none = torch.cat([none[: len(none) - len(found)], found])
        values[name] = none.half()
    values["logits"] = logits.float()
    expand = {name: value.expand(-1, n_conditions, *value.shape[2:]) for name, value in values.items()}
    return {name: value.cpu().numpy() for name, value in expand.items()}
