"""Attributes of a record of a probe: what was shown to whom, and what each observer could not be told."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict

import xarray as xr

from absvit.models.maps import block_of
from absvit.records import provenance
from experiments.instructed import meanings
from experiments.observers import Observer
from experiments.probe import Probe, Stimuli
from experiments.show import looks_of, trial_of
from stimuli.foundation import design, picture_files

__all__ = ["attributes", "check_told"]


def attributes(
    probe: Probe,
    observers: Sequence[Observer],
    stimuli: Stimuli,
    parameters: object,
    seed: int,
    pictures: int = 1,
) -> dict:
    """Provenance of a record, checkpoints in the order of ``seed``; warns where the stimuli are unbalanced.

    The parameters' ``layer``, if they have one, is counted from the lowest block; a trial has several
    pictures where they are the steps of a morph sequence. Under priors that it does not take an observer
    looks bottom-up; ``prior_kinds`` tells which it takes. What differs between observers that stand side by
    side is told by model, as JSON: their kinds and gains; the mechanism that each has (``mechanisms``); the
    rows and columns of its own maps (``map_grids``, which also tells of a single observer that it has none);
    its weights (``checkpoints``, where ``checkpoint`` are the first one's); and, where some take cues, under
    which of them each looks bottom-up (``untaken_priors``). What the phrases of sentences were taken for stands in
    ``meanings``. Where they answer in the categories of a set,
    ``read_out`` is its name, and of each category the places of its kinds among their own classes.
    """
    example = stimuli.part(0, 1)
    made = {name: value for name, value in example.attrs.items() if name != "title"}
    factors = dict(zip(made.get("factors", ()), made.get("levels", ()), strict=True))
    factors = {name: levels for name, levels in factors.items() if pictures == 1 or name != "step"}
    if told := design.unbalanced(stimuli.n // pictures, factors):
        picture_files.say(told)
    first = observers[0]
    weights = _by_model(observers, lambda of: [observer.weights() for observer in of])
    files, hashes = zip(*weights[first.name], strict=True)
    takes_all = all("any" in observer.kinds for observer in observers)
    of_layer = hasattr(parameters, "layer") and first.layers
    return (
        provenance(probe.entitled(parameters), seed, asdict(parameters), first.device)
        | {
            "probe": probe.name,
            "model": first.name,
            "checkpoint": ", ".join(files),
            "checkpoint_sha256": ", ".join(hashes),
            "stimuli": json.dumps({"n": stimuli.n, **made}),
            "prior_gains": _told(observers, lambda observer: dict(observer.gains)),
        }
        | ({"layer": block_of(parameters.layer, first.layers)} if of_layer else {})
        | ({} if takes_all else {"prior_kinds": _told(observers, lambda observer: list(observer.kinds))})
        | ({"read_out": _told(observers, lambda of: of.facts["read_out"])} if "read_out" in first.facts else {})
        | _side_by_side(observers, weights)
        | _untaken(probe, observers, example, parameters)
        | meanings(observers, _sentences(probe, observers, example, parameters))
        | ({"pictures_sha256": stimuli.pictures()} if stimuli.pictures else {})
    )


def _sentences(probe: Probe, observers: Sequence[Observer], example: xr.Dataset, parameters: object) -> list[str]:
    """Sentences that are told."""
    looks = looks_of(probe, observers[0], example, parameters)
    return [
        str(look.levels["sentence"]) for look in looks if look.levels.get("sentence") and look.kind == "instruction"
    ]


def check_told(probe: Probe, observers: Sequence[Observer], example: xr.Dataset, parameters: object) -> None:
    """Refuse cues that were asked for by name where an observer that is told something takes none of them.

    Raises
    ------
    ValueError : there is such an observer; the cues and what it takes are named.
    """
    if not getattr(parameters, "priors", ()):
        return
    for observer in observers:
        cued, untaken = _cues(probe, observer, example, parameters)
        if observer.kinds and cued and untaken == cued:
            raise ValueError(
                f"{observer.name} takes none of the cues {', '.join(cued)}: it takes "
                f"{', '.join(observer.kinds)}; name other --priors, or leave it out"
            )


def _by_model(observers: Sequence[Observer], told: Callable[[list[Observer]], object]) -> dict[str, object]:
    """What is told of the observers of each name."""
    names = dict.fromkeys(observer.name for observer in observers)
    return {name: told([observer for observer in observers if observer.name == name]) for name in names}


def _told(observers: Sequence[Observer], told: Callable[[Observer], object]) -> str:
    """What is told of all observers, as JSON; by model, where they differ."""
    each = _by_model(observers, lambda of: told(of[0]))
    first = each[observers[0].name]
    return json.dumps(first if all(other == first for other in each.values()) else each)


def _side_by_side(observers: Sequence[Observer], weights: Mapping[str, Sequence]) -> dict[str, str]:
    """What tells observers apart."""
    mechanisms = _by_model(observers, lambda of: of[0].facts.get("mechanism"))
    grids = _by_model(observers, lambda of: of[0].grid)
    files = {name: {"checkpoint": [file for file, _ in of], "sha256": [digest for _, digest in of]}
             for name, of in weights.items()}  # fmt: skip
    return (
        ({"mechanisms": json.dumps(mechanisms)} if any(mechanisms.values()) else {})
        | ({"map_grids": json.dumps(grids)} if len(set(grids.values())) > 1 or None in grids.values() else {})
        | (
            {"checkpoints": json.dumps(files)}
            if any(of != weights[observers[0].name] for of in weights.values())
            else {}
        )
    )


def _untaken(probe: Probe, observers: Sequence[Observer], example: xr.Dataset, parameters: object) -> dict:
    """Under which cues each observer looks bottom-up, where some of them take cues."""
    if not any(observer.kinds for observer in observers):
        return {}
    each = _by_model(observers, lambda of: _cues(probe, of[0], example, parameters)[1])
    return {"untaken_priors": json.dumps(each)} if any(each.values()) else {}


def _cues(probe: Probe, observer: Observer, example: xr.Dataset, parameters: object) -> tuple[list[str], list[str]]:
    """Names of the conditions in which something is cued, and of those that an observer does not take."""
    trial = trial_of(observer, example, 0)
    looks = looks_of(probe, observer, example, parameters)
    cued = [condition for condition in looks if condition.cues(trial)]
    return [each.name for each in cued], [each.name for each in cued if not each.taken(trial)]
