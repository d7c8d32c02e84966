"""The record of feedback dynamics: its variables and dims, and what each of them means."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

__all__ = ["described", "dataset_of", "with_morph", "with_pictures"]

SMALL = ("features", "prior_weights")  # kept in half precision
DIRECTION = "order in which the morph is shown: 1 = ascending, -1 = descending"
LONG_NAMES = {
    "logits": "logit of each class",
    "state_change": "change of the tokens in a pass, relative to their norm; NaN bottom-up",
    "two_step_change": "change of the tokens over two passes, relative to their norm; NaN in the first two",
    "reconstruction_error": "mean squared error with which a block's decoder predicts the tokens entering it",
    "features": "mean patch token that leaves a block",
    "prior_weights": "weight that the prior gives to a token, gain included; NaN in bottom-up passes",
    "model": "observer",
    "seed": "seed of the observer's training",
    "gain": "factor on the weights of the prior",
    "severity": "standard deviation of the noise on the tokens fed back, relative to their root mean square",
    "iteration": "pass; 0 is bottom-up",
    "prior": "what the model was asked to look for",
    "cue": "object that the prior cues: 1, 2, 0 = neither",
    "kind": "kind of prior",
    "stimulus": "number of the trial",
    "class": "class of the model",
    "class_1": "class index of reading 1",
    "class_2": "class index of reading 2",
    "layer": "block of the model, the lowest is 0",
    "image": "picture that is shown",
    "y": "from the upper edge",
    "x": "from the left edge",
    "channel": "red, green, blue",
    "token_y": "token centre from the upper edge",
    "token_x": "token centre from the left edge",
}
UNITS = dict.fromkeys(("y", "x", "token_y", "token_x"), "pixel")


def dataset_of(
    values: Sequence[dict[str, np.ndarray]], observers: Sequence, parameters, numbers, classes, names
) -> xr.Dataset:
    """Put what all observers saw into one Dataset.

    Parameters
    ----------
    values : of each observer, arrays (gain, severity, iteration, prior, stimulus, ...) by name.
    observers : who looked.
    parameters : the probe's, with gains, noise and conditions.
    numbers : (stimulus,) numbers of the trials.
    classes : (stimulus, object) class indices of the two readings.
    names : of the classes.

    Returns
    -------
    Dataset; the dims model and seed stand in front where there are several.
    """
    labels = list(dict.fromkeys(o.label for o in observers))
    seeds = list(dict.fromkeys(o.seed for o in observers))
    dims = ("model", "seed", "gain", "severity", "iteration", "prior", "stimulus")
    last = {"logits": ("class",), "reconstruction_error": ("layer",), "features": ("layer", "feature")}
    last["prior_weights"] = ("token_y", "token_x")
    data = {}
    for name in values[0]:
        stacked = np.stack([value[name] for value in values])
        stacked = stacked.reshape(len(labels), len(seeds), *stacked.shape[1:])
        stacked = stacked.astype(np.float16) if name in SMALL else stacked
        data[name] = ((*dims, *last.get(name, ())), stacked, described(LONG_NAMES[name]))
    conditions = parameters.conditions
    coordinates = {
        "model": np.array(labels, object),
        "seed": np.array(seeds, np.int64),
        "gain": np.array(parameters.gains, float),
        "severity": np.array(parameters.noise, float),
        "iteration": np.arange(data["logits"][1].shape[4]),
        "prior": np.array(list(conditions), object),
        "cue": ("prior", np.array([c.cue for c in conditions.values()], np.int8)),
        "kind": ("prior", np.array([c.kind for c in conditions.values()], object)),
        "stimulus": numbers,
        "class": np.array(names, object),
        "class_1": ("stimulus", classes[:, 0]),
        "class_2": ("stimulus", classes[:, 1]),
        "layer": np.arange(data["reconstruction_error"][1].shape[-1]),
    }
    dataset = xr.Dataset(data, coordinates)
    for name in coordinates:
        dataset[name].attrs.update(described(LONG_NAMES[name]))
    return dataset.squeeze([dim for dim in ("model", "seed") if dataset.sizes[dim] == 1], drop=True)


def with_pictures(dataset: xr.Dataset, pictures: xr.Dataset, steps: int, passes: int) -> xr.Dataset:
    """Add the picture of each trial, or of each of its passes where it shows several, and the places of the tokens.

    Parameters
    ----------
    dataset : record with prior_weights.
    pictures : stimulus set, ``steps`` pictures a trial.
    steps : pictures of a trial.
    passes : feedback passes over each picture.
    """
    shown, dims = pictures["image"].values, ("stimulus", "y", "x", "channel")
    height, width, channels = shown.shape[1:]
    if steps > 1:
        shown = shown.reshape(-1, steps, *shown.shape[1:]).repeat(passes, axis=1)
        shown, dims = np.concatenate([shown[:, :1], shown], axis=1), ("stimulus", "iteration", *dims[1:])
    places = {"y": np.arange(height) + 0.5, "x": np.arange(width) + 0.5, "channel": np.arange(channels)}
    for dim, pixels in (("token_y", height), ("token_x", width)):
        places[dim] = (np.arange(dataset.sizes[dim]) + 0.5) * pixels / dataset.sizes[dim]
    coordinates = {dim: (dim, at, described(LONG_NAMES[dim], UNITS.get(dim, "1"))) for dim, at in places.items()}
    return dataset.assign(image=(dims, shown, described(LONG_NAMES["image"]))).assign_coords(coordinates)


def with_morph(dataset: xr.Dataset, pictures: xr.Dataset, steps: int, passes: int) -> xr.Dataset:
    """Add what each pass of a morph sequence showed, and which sequences belong together.

    Parameters
    ----------
    dataset : record of the protocol hysteresis.
    pictures : stimulus set, ``steps`` pictures a trial.
    steps : pictures of a trial.
    passes : feedback passes over each picture.
    """
    per_picture = np.repeat(pictures["morph"].values.reshape(-1, steps), passes, axis=1)
    morph = np.concatenate([per_picture[:, :1], per_picture], axis=1)
    direction = np.where(pictures["direction"].values[::steps] == "ascending", 1, -1).astype(np.int8)
    return dataset.assign_coords(
        morph=(("stimulus", "iteration"), morph, described("share of the second reading")),
        direction=("stimulus", direction, described(DIRECTION)),
        pair=("stimulus", dataset["stimulus"].values // 2, described("number of the pair of sequences up and down")),
    )


def described(long_name: str, units: str = "1") -> dict[str, str]:
    """Attributes of a variable.

    Parameters
    ----------
    long_name : what it is.
    units : its unit.
    """
    return {"long_name": long_name, "units": units}
