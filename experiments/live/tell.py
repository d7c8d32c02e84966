"""One picture and one cue, told to several observers, as a record in memory."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

import numpy as np
import torch
import xarray as xr

from experiments.assemble import PLACES, condition_coordinates, token_centres
from experiments.live.look import Cue, look, of_observers
from experiments.observers import Observer
from experiments.show import on_grid, with_grid

__all__ = ["MAPS", "tell"]

MAPS = ("class_activation", "prior_weights")  # that mechanisms of attention have
OUTER = ("model", "iteration", "prior", "stimulus")


def tell(observers: Sequence[Observer], picture: np.ndarray, cue: Cue, iterations: int = 1) -> xr.Dataset:
    """Show a picture to several observers, all of whom are told the same, as far as they take it.

    Parameters
    ----------
    observers : of one size, with the same categories, each with a name of its own; such as a network by
        itself and under mechanisms, ``load_observers(["cnn_micro", "cnn_micro+evidence_gate"])``.
    picture : (y, x, channel) uint8, of their size.
    cue : what to look for.
    iterations : passes under the cue, at least 0.

    Returns
    -------
    Record in memory: logits (model, iteration, prior, stimulus, class) and the maps of ``MAPS`` (model,
    iteration, prior, stimulus, token_y, token_x), on the grid of the first observer that has one, NaN where
    there are none; the picture; and ``taken`` (model), who takes the cue: others look bottom-up throughout.

    Raises
    ------
    ValueError : as :func:`experiments.live.look.look`; two observers of one name, of other sizes or
        categories.
    """
    names = [observer.name for observer in observers]
    if not names or len(set(names)) < len(names):
        raise ValueError(f"expected observers with a name each, got {', '.join(names) or 'none'}")
    if len({(observer.size, observer.categories) for observer in observers}) > 1:
        told = ", ".join(names)
        raise ValueError(f"observers of one picture have the same size and categories, and {told} differ")
    taken = [bool(observer.kinds) and observer.takes(cue.prior(observer)) for observer in observers]
    told = [cue if takes else Cue("none") for takes in taken]
    pairs = zip(observers, told, strict=True)
    seen = [look(observer, picture, {"cue": how}, iterations, MAPS) for observer, how in pairs]
    grid, size = with_grid(observers).locations, picture.shape[:2]
    parts = [_part(record, grid, iterations + 1) for record in seen]
    dims = {name: (*OUTER, "class") if name == "logits" else (*OUTER, *PLACES) for name in parts[0]}
    record = xr.Dataset(
        {name: (dims[name], np.stack([part[name] for part in parts])) for name in parts[0]},
        {
            "model": np.array(names, object),
            "taken": ("model", np.array(taken)),
            "iteration": np.arange(iterations + 1),
            **condition_coordinates([cue.condition("cue", size)]),
            **token_centres(grid, size),
        },
    ).merge(seen[0]["image"])
    record = record.assign_coords({name: seen[0][name] for name in ("stimulus", "class")})
    about = {"cues": {"cue": asdict(cue)}, "iterations": iterations}
    mechanisms = {observer.name: observer.facts.get("mechanism") for observer in observers}
    record = of_observers(record, "looking", dict(zip(names, observers, strict=True)), about)
    return record.assign_attrs(mechanisms=json.dumps(mechanisms))


def _part(record: xr.Dataset, grid: tuple[int, int], passes: int) -> dict[str, np.ndarray]:
    """Logits and maps (iteration, prior, stimulus, ...) of one observer; later passes are as its last one."""
    at = np.minimum(np.arange(passes), record.sizes["iteration"] - 1)
    none = np.full((record.sizes["iteration"], 1, 1, *grid), np.nan, np.float32)
    parts = {"logits": record["logits"].values} | dict.fromkeys(MAPS, none)
    for name in (name for name in MAPS if name in record):
        parts[name] = on_grid(torch.from_numpy(record[name].values), grid).numpy()
    return {name: value[at] for name, value in parts.items()}
