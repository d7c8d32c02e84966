"""One picture and what to look for in it, told to several observers, as a record in memory."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
import xarray as xr

from absvit.records.vocabulary import described
from experiments.assemble import PLACES, condition_coordinates, token_centres
from experiments.live.look import Cue, look, of_observers
from experiments.live.pictures import photographed
from experiments.observers import Observer, load_observers
from experiments.show import on_grid, with_grid

__all__ = ["MAPS", "tell"]

MAPS = ("class_activation", "prior_weights")  # that mechanisms of attention have
OUTER = ("model", "iteration", "prior", "stimulus")
Told = str | Cue


def tell(
    observers: str | Sequence[str | Observer],
    picture: np.ndarray | str | Path | Sequence[str | Path],
    cues: Told | Sequence[Told] | Mapping[str, Cue],
    iterations: int = 1,
) -> xr.Dataset:
    """Show a picture to several observers, all of whom are told the same, as far as they take it.

    Parameters
    ----------
    observers : of one size, with the same categories, each with a name of its own: a network by itself and
        under mechanisms. Words are loaded, ``["cnn_micro", "cnn_micro+evidence_gate"]``.
    picture : (y, x, channel) uint8, of their size; or files of one photograph, or of two that are put side by
        side (:func:`experiments.live.pictures.photographed`).
    cues : what to look for, one after the other: a cue, or kinds in words; a mapping names them.
    iterations : passes under a cue, at least 0.

    Returns
    -------
    Record in memory: logits (model, iteration, prior, stimulus, class) and the maps of ``MAPS`` (model,
    iteration, prior, stimulus, token_y, token_x), on the grid of the first observer that has one, NaN where
    there are none; the picture; ``taken`` (model, prior), who takes which cue, others looking bottom-up
    throughout; and ``kinds`` (prior), the numbers of the classes that a cue names.

    Raises
    ------
    FileNotFoundError, ValueError : as :func:`experiments.live.look.look`, ``load_observers`` and
        ``photographed``; two observers of one name, of other sizes or categories; two cues of one name.

    Examples
    --------
    >>> from experiments.live.look import Cue
    >>> picture = stimuli.draw("halves", n=1)["image"].values[0]
    >>> told = experiments.tell(["absvit_micro", "vit_micro"], picture, {"ring": Cue("class", "ring")})
    >>> told["model"].values.tolist()
    ['absvit_micro', 'vit_micro']
    """
    observers = _loaded(observers)
    first, names = observers[0], [observer.name for observer in observers]
    picture = picture if isinstance(picture, np.ndarray) else photographed(picture, first)
    cues = {name: cue.known_to(first) for name, cue in _named(cues).items()}
    taken = np.array([[_takes(observer, cue) for cue in cues.values()] for observer in observers])
    seen = []
    for observer, takes in zip(observers, taken, strict=True):
        told = {name: cue if taken else Cue("none") for (name, cue), taken in zip(cues.items(), takes, strict=True)}
        seen.append(look(observer, picture, told, iterations, MAPS))
    grid, size = with_grid(observers).locations, picture.shape[:2]
    parts = [_part(record, grid, iterations + 1) for record in seen]
    dims = {name: (*OUTER, "class") if name == "logits" else (*OUTER, *PLACES) for name in parts[0]}
    record = xr.Dataset(
        {name: (dims[name], np.stack([part[name] for part in parts])) for name in parts[0]},
        {
            "model": np.array(names, object),
            "taken": (("model", "prior"), taken),
            "iteration": np.arange(iterations + 1),
            **condition_coordinates([cue.condition(name, size) for name, cue in cues.items()]),
            "kinds": ("prior", np.array([_numbers(cue, first) for cue in cues.values()], object)),
            **token_centres(grid, size),
        },
    ).merge(seen[0]["image"])
    record = record.assign_coords({name: seen[0][name] for name in ("stimulus", "class")})
    about = {"cues": {name: asdict(cue) for name, cue in cues.items()}, "iterations": iterations}
    mechanisms = {observer.name: observer.facts.get("mechanism") for observer in observers}
    record = of_observers(described(record), "telling", dict(zip(names, observers, strict=True)), about, cues)
    return record.assign_attrs(mechanisms=json.dumps(mechanisms))


def _loaded(observers: str | Sequence[str | Observer]) -> list[Observer]:
    """The observers, those that are words loaded together; refuses what cannot stand side by side."""
    given = [observers] if isinstance(observers, str) else list(observers)
    words = iter(load_observers([of for of in given if isinstance(of, str)], batches=1))
    found = [next(words) if isinstance(of, str) else of for of in given]
    told = ", ".join(observer.name for observer in found)
    if not found or len({observer.name for observer in found}) < len(found):
        raise ValueError(f"expected observers with a name each, got {told or 'none'}")
    if len({(observer.size, observer.categories) for observer in found}) > 1:
        raise ValueError(f"observers of one picture have the same size and categories, and {told} differ")
    return found


def _named(cues: Told | Sequence[Told] | Mapping[str, Cue]) -> dict[str, Cue]:
    """Cues by name: classes by their words, other cues by their kind."""
    if isinstance(cues, Mapping):
        return dict(cues)
    listed = [cues] if isinstance(cues, Told) else list(cues)
    every = [Cue("class", cue) if isinstance(cue, str) else cue for cue in listed]
    names = [cue.category or cue.sentence or cue.kind for cue in every]
    found = dict(zip(names, every, strict=True))
    if not every or len(found) < len(every):
        told = ", ".join(names)
        raise ValueError(f"expected cues with a name each, got {told or 'none'}: give a mapping that names them")
    return found


def _numbers(cue: Cue, observer: Observer) -> str:
    """Numbers of the classes that a cue names, in a line."""
    kinds = cue.kinds(observer)
    return " ".join(map(str, kinds.indices)) if kinds else ""


def _takes(observer: Observer, cue: Cue) -> bool:
    return bool(observer.kinds) and observer.takes(cue.prior(observer))


def _part(record: xr.Dataset, grid: tuple[int, int], passes: int) -> dict[str, np.ndarray]:
    """Logits and maps (iteration, prior, stimulus, ...) of one observer; later passes are as its last one."""
    at = np.minimum(np.arange(passes), record.sizes["iteration"] - 1)
    none = np.full((record.sizes["iteration"], record.sizes["prior"], 1, *grid), np.nan, np.float32)
    parts = {"logits": record["logits"].values} | dict.fromkeys(MAPS, none)
    for name in (name for name in MAPS if name in record):
        parts[name] = on_grid(torch.from_numpy(record[name].values), grid).numpy()
    return {name: value[at] for name, value in parts.items()}
