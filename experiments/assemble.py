"""One record of what all observers saw: its variables, dims and coordinates, in the words of the vocabulary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr

from absvit.records.vocabulary import described
from experiments.probe import Condition

__all__ = ["FEATURES", "PLACES", "assembled", "condition_coordinates", "of_stimuli", "token_centres"]

PLACES = ("token_y", "token_x")
FEATURES = ("layer", "feature")


def assembled(
    parts: Sequence[Mapping[str, np.ndarray]],
    observers: Sequence,
    dims: Mapping[str, tuple[str, ...]],
    coordinates: Mapping,
    others: Mapping | None = None,
) -> xr.Dataset:
    """Put the values of all observers into one Dataset.

    Parameters
    ----------
    parts : of each observer, arrays by name.
    observers : who looked, those of a name next to each other.
    dims : of each array.
    coordinates : of these dims.
    others : variables that do not depend on who looks.

    Returns
    -------
    Dataset with long names and units; the dims model and seed stand in front where there are several. What an
    observer has fewer of, such as layers, is NaN beyond.
    """
    labels = list(dict.fromkeys(observer.name for observer in observers))
    seeds = list(dict.fromkeys(observer.seed for observer in observers))
    data = dict(others or {})
    for name in parts[0]:
        stacked = _stacked([part[name] for part in parts])
        data[name] = (("model", "seed", *dims[name]), stacked.reshape(len(labels), len(seeds), *stacked.shape[1:]))
    told = {"model": np.array(labels, object), "seed": np.array(seeds, np.int64), **coordinates}
    record = xr.Dataset(data, told)
    return described(record.squeeze([dim for dim in ("model", "seed") if record.sizes[dim] == 1], drop=True))


def _stacked(values: Sequence[np.ndarray]) -> np.ndarray:
    """Arrays in a row, each as long as the longest."""
    longest = np.max([value.shape for value in values], axis=0)
    if all((longest == value.shape).all() for value in values):
        return np.stack(values)
    ends = [[(0, more) for more in longest - value.shape] for value in values]
    return np.stack([np.pad(value, end, constant_values=np.nan) for value, end in zip(values, ends, strict=True)])


def condition_coordinates(conditions: Sequence[Condition]) -> dict:
    """Coordinates of the dim prior: what is cued, and the levels that tell priors apart; NaN, or no word, of none."""
    found = {
        "prior": np.array([condition.name for condition in conditions], object),
        "cue": ("prior", np.array([condition.cue for condition in conditions], np.int8)),
        "kind": ("prior", np.array([condition.kind for condition in conditions], object)),
    }
    for name in dict.fromkeys(name for condition in conditions for name in condition.levels):
        words = any(isinstance(condition.levels.get(name), str) for condition in conditions)
        values = [condition.levels.get(name, "" if words else np.nan) for condition in conditions]
        found[name] = ("prior", np.array(values, object if words else float))
    return found


def token_centres(grid: tuple[int, int], size: tuple[int, int]) -> dict[str, np.ndarray]:
    """Places of the tokens in pixels, of a grid of rows and columns on a picture of this height and width."""
    sides = zip(PLACES, grid, size, strict=True)
    return {dim: (np.arange(tokens) + 0.5) * pixels / tokens for dim, tokens, pixels in sides}


def of_stimuli(stimuli: xr.Dataset) -> dict[str, xr.Variable]:
    """What a family tells of its stimuli and, numbered from 1, of the place of each object, to go into the record."""
    variables = {n: v.variable for n, v in stimuli.data_vars.items() if not str(n).endswith("_degree")}
    found = {name: _words(variable) for name, variable in variables.items() if variable.dims == ("stimulus",)}
    for name in (name for name in ("object_x", "object_y", "object_radius") if name in variables):
        for k in range(variables[name].sizes["object"]):
            one = variables[name].isel(object=k)
            told = one.attrs | {"long_name": one.attrs["long_name"].replace("each object", f"object {k + 1}")}
            found[f"{name.removeprefix('object_')}_{k + 1}"] = xr.Variable("stimulus", one.values, told)
    return found | {name: stimuli[name].variable for name in ("stimulus", "y", "x", "channel")}


def _words(variable: xr.Variable) -> xr.Variable:
    """Words in the type that they have on disk; numbers as they are."""
    return variable.astype(np.dtypes.StringDType()) if variable.dtype.kind in "OU" else variable
