"""A picture pass by pass, live, and what a record of feedback dynamics tells of one trial or of all."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import xarray as xr
from torch import nn

from experiments import measures
from experiments.live.look import of_observers
from experiments.live.pictures import known_readings, saw_squeezed, two_readings
from experiments.measures.dynamics import branches
from experiments.observers import observer_of
from experiments.probes.feedback_dynamics.probe import FeedbackDynamics
from experiments.probes.feedback_dynamics.show import show
from stimuli.families import morph
from stimuli.pictures.photographs import Pictures

__all__ = ["MAKE", "STEPS", "course_of", "follow"]

STEPS = 9  # pictures of a morph sequence
TITLE = "feedback dynamics: "
MAKE = "python -m experiments feedback_dynamics --protocol settling --maps"


def follow(
    model: nn.Module,
    family: str,
    number: int,
    parameters: FeedbackDynamics,
    steps: int = STEPS,
    seed: int = 0,
    folder: Path | None = None,
) -> xr.Dataset:
    """Run a protocol of feedback dynamics on one picture of two readings, or on one pair of morph sequences.

    Parameters
    ----------
    model : AbSViT that knows the classes of the picture; a plain ViT sees the same in every pass.
    family, folder : of the picture, as ``two_readings``; hysteresis shows morphs, whatever the family is.
    number : number of the picture, or of the pair of sequences, at least 0.
    parameters : protocol, passes, priors, gains, noise.
    steps : pictures of a sequence.
    seed : seed of the noise.

    Returns
    -------
    Record in memory, as the probe feedback_dynamics writes it.
    """
    observer = observer_of(model)
    size, squeeze = observer.size, saw_squeezed(observer)
    if parameters.protocol == "hysteresis":
        if number < 0:
            raise ValueError(f"expected a number of at least 0, got {number}")
        graded = morph.Morph(
            replace(morph.Morph().scene, size=size), steps, Pictures(folder, squeeze=squeeze and folder is not None)
        )
        pictures = morph.draw(graded, 2 * steps, 0, 2 * steps * number)
    else:
        steps, pictures = 1, two_readings(family, number, 0.5, size, folder=folder, squeeze=squeeze)
    known_readings(observer, pictures)
    what = {"family": family, "number": number, "steps": steps, "folder": str(folder or "")}
    record = show([observer], pictures, parameters, seed)
    return of_observers(record, TITLE + parameters.protocol, {observer.name: observer}, asdict(parameters) | what)


def course_of(
    record: xr.Dataset,
    stimulus: int | None = None,
    gain: float | None = None,
    noise: float = 0.0,
    prior: str = "class 1",
) -> xr.Dataset:
    """Tell the course of one trial, or the mean course of all, pass by pass.

    Parameters
    ----------
    record : of feedback dynamics, in memory or on disk; of several models or seeds the first is told.
    stimulus : place of the trial in the record; None for the mean over all that are done.
    gain : gain of the priors, the nearest one that was run; the first, if None.
    noise : strength of the noise, the nearest one that was run.
    prior : the prior whose energy is told; the record's first, where it has none of this name.

    Returns
    -------
    Dataset in memory: share (end, prior, iteration) of reading 1 in the two readings' probability and change
    (end, prior, iteration) of the state, end being estimate, low and high of the 95 % bootstrap interval over
    stimuli; probability (reading, prior, iteration); energy (layer, iteration), the reconstruction error
    relative to the first pass; of hysteresis, branch (direction, end, prior, morph) and shown_morph,
    shown_direction (iteration); of one trial, where the record has them, image ([iteration,] y, x, channel)
    and prior_weights (prior, iteration, token_y, token_x). Attributes say what was chosen.

    Raises
    ------
    ValueError : a record of another probe, or one in which nothing is done.
    """
    title = str(record.attrs.get("title", ""))
    if not title.startswith(TITLE):
        origin = title or "unknown origin"
        raise ValueError(f"expected a record of feedback_dynamics, got one of {origin}; {MAKE} --out FILE makes one")
    run = record.isel({dim: 0 for dim in ("model", "seed") if dim in record.dims}, drop=True)
    run = run.isel(gain=0) if gain is None else run.sel(gain=gain, method="nearest")
    run = measures.written(run.sel(severity=noise, method="nearest"))
    if stimulus is not None and not 0 <= stimulus < run.sizes["stimulus"]:
        raise ValueError(f"the record has trials 0 to {run.sizes['stimulus'] - 1}, got {stimulus}")
    trials = run if stimulus is None else run.isel(stimulus=[stimulus])
    trials = trials.drop_vars([n for n in ("image", "prior_weights") if n in trials and stimulus is None]).compute()
    prior = prior if prior in trials["prior"].values else str(trials["prior"].values[0])
    p = measures.probabilities(trials)
    readings = [p.isel({"class": trials[name]}) for name in ("class_1", "class_2")]
    error = trials["reconstruction_error"].sel(prior=prior).mean("stimulus")
    found = {
        "share": _ends(measures.object_1_share(trials)),
        "change": _ends(trials["state_change"]),
        "probability": _plain(xr.concat([each.mean("stimulus") for each in readings], "reading")),
        "energy": _plain((error / error.isel(iteration=0)).transpose("layer", "iteration")),
    }
    if "morph" in trials.coords:
        pairs = trials if stimulus is None else run.isel(stimulus=run["pair"].values == trials["pair"].values[0])
        found["branch"] = xr.concat(
            [_ends(branch.rename(pair="stimulus"), "morph") for branch in branches(pairs)], "direction"
        )
        found["shown_morph"] = _plain(trials["morph"].isel(stimulus=0))
    for name in ("image", "prior_weights"):
        if name in trials:
            values = trials[name].isel(stimulus=0)
            found[name] = _plain(values.transpose("prior", "iteration", ...) if name == "prior_weights" else values)
    told = {
        "protocol": title.removeprefix(TITLE), "gain": float(run["gain"]), "noise": float(run["severity"]),
        "prior_of_energy": prior, "n": trials.sizes["stimulus"], "trial": -1 if stimulus is None else stimulus,
        "direction": int(trials["direction"].values[0]) if "direction" in trials.coords else 0,
        "names": ["reading 1", "reading 2"] if stimulus is None else
        [str(trials["class"].values[int(trials[name].values[0])]) for name in ("class_1", "class_2")],
    }  # fmt: skip
    kept = ("model", "checkpoint", "checkpoint_sha256")
    attributes = {name: record.attrs[name] for name in kept if name in record.attrs}
    return xr.Dataset(found).assign_attrs(attributes | told)


def _ends(values: xr.DataArray, last: str = "iteration") -> xr.DataArray:
    """Mean over stimuli and ends of its interval, (end, prior, last); of one trial, three times its value."""
    ends = ("estimate", "low", "high")
    if values.sizes["stimulus"] > 1:
        interval = measures.bootstrap(values)
        parts = [interval[end] for end in ends]
    else:
        parts = [values.isel(stimulus=0, drop=True)] * 3
    return _plain(xr.concat(parts, xr.Variable("end", np.array(ends, object))).transpose("end", "prior", last))


def _plain(values: xr.DataArray) -> xr.DataArray:
    """Values without coordinates but those of their dims."""
    return values.reset_coords(drop=True)
