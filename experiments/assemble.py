"""One record of what all observers saw: its variables, dims and coordinates, and what each of them means."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from experiments.probe import Condition

__all__ = ["MAP_NAMES", "assembled"]

MAP_NAMES = {
    "prior_weights": "weight that the prior gives to a token, gain included; NaN bottom-up",
    "feedback_norm": "L2 norm of the feedback that reaches a token in block `layer`; NaN bottom-up",
    "value_norm": "L2 norm of a token's attention values in block `layer`, drive included",
    "token_norm": "L2 norm of a token that enters block `layer`",
    "class_attention": "attention from the class token in the last block, mean over heads",
}


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


def assembled(parts, observers, conditions, gains, stimuli, classes, coverage, names) -> xr.Dataset:
    """Put the values of all observers and what is known of the stimuli into one Dataset.

    Parameters
    ----------
    parts : of each observer, arrays ([gain,] iteration, prior, stimulus, ...) by name.
    observers : who looked, those of a label next to each other.
    conditions : priors.
    gains : of the cues, a dimension where there are any.
    stimuli : stimulus set that was shown.
    classes : (stimulus,) class indices by name.
    coverage : (stimulus, object, token_y, token_x) share of each token that an object covers.
    names : of the model's classes.
    """
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
