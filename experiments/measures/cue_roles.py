"""Roles of cues: which priors of a record cue a target, something else, a class not shown, or nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr

__all__ = ["Cueing", "cueing_of", "cueings_of", "told_of"]

KINDS = ("class", "place")


@dataclass(frozen=True)
class Cueing:
    """What the priors of a record are to its targets, under cues of one kind.

    Parameters
    ----------
    kind : "class" or "place".
    neutral : prior with which cues are compared.
    valid : prior that cues it, by the coordinate that holds the class of a target.
    invalid : likewise, the prior that cues something else; empty where the record has none.
    absent : priors under which the class that is not shown is asked for; those that cue it, where the cues
        are classes.
    pair : priors that cue object 1 and object 2; empty where no two do.

    Examples
    --------
    >>> measures.cueing_of(record).valid
    {'class_1': 'class 1', 'class_2': 'class 2'}
    """

    kind: str
    neutral: str
    valid: Mapping[str, str]
    invalid: Mapping[str, str]
    absent: tuple[str, ...]
    pair: tuple[str, ...]


def cueings_of(record: xr.Dataset) -> dict[str, Cueing]:
    """Find the cues of a record of bistable pictures, of object priors or of spatial priors.

    Spotlights are those of the middle width: on the target and, invalid, at the largest angle from it.

    Parameters
    ----------
    record : of any of the three probes.

    Returns
    -------
    What its priors are to the targets, by the kind of cue, "class" or "place"; empty for other records.

    Examples
    --------
    >>> list(measures.cueings_of(record))
    ['class', 'place']
    """
    names = [str(name) for name in record["prior"].values] if "prior" in record.coords else []
    found = [_of_two_objects(kind) for kind in KINDS] + [_of_scenes(), *_of_spotlights(record, names)]
    kept = [_there(cueing, names) for cueing in found]
    return {cueing.kind: cueing for cueing in kept if cueing.valid and cueing.neutral in names}


def cueing_of(record: xr.Dataset, cue: str | None = None) -> Cueing:
    """Find the cues of one kind.

    Parameters
    ----------
    record : as for :func:`cueings_of`.
    cue : "class" or "place"; classes where the record has them, if left out.

    Raises
    ------
    ValueError : the record has no such cues, or nothing to compare them with.

    Examples
    --------
    >>> measures.cueing_of(record, "class").neutral
    'none'
    """
    found = cueings_of(record)
    cue = cue or next(iter(found), "class")
    if cue not in found:
        priors = record["prior"].values.tolist() if "prior" in record.coords else []
        raise ValueError(
            f"expected a record of bistable, object_prior or spatial_prior with {cue} cues and a neutral one; "
            f"this has the priors {priors}"
        )
    return found[cue]


def told_of(record: xr.Dataset) -> dict[str, tuple[str, ...] | None]:
    """Say which kinds of prior each observer of a record takes, by its name; None for whatever weighs places.

    Parameters
    ----------
    record : whose attribute ``prior_kinds`` is a JSON list, or one by observer where they differ.

    Examples
    --------
    >>> measures.told_of(record)
    {'absvit_micro': None}
    """
    one = [record.attrs.get("model", "model")]
    names = record["model"].values.tolist() if "model" in record.dims else one
    kinds = json.loads(record.attrs.get("prior_kinds", "null"))
    of_each = kinds if isinstance(kinds, dict) else dict.fromkeys(names, kinds)
    taken = {name: of_each.get(name) for name in names}
    return {name: None if found is None or "any" in found else tuple(found) for name, found in taken.items()}


def _of_two_objects(kind: str) -> Cueing:
    """Bistable pictures: each of two objects is the target once."""
    one, two = f"{kind} 1", f"{kind} 2"
    absent = ("absent class",) if kind == "class" else (one, two)
    valid, invalid = {"class_1": one, "class_2": two}, {"class_1": two, "class_2": one}
    return Cueing(kind, "none", valid, invalid, absent, (one, two))


def _of_scenes() -> Cueing:
    """Scenes: object 1 is the target, and an invalid cue names object 2."""
    pair = ("valid", "invalid")
    return Cueing("class", "neutral", {"class_1": "valid"}, {"class_1": "invalid"}, ("absent",), pair)


def _of_spotlights(record: xr.Dataset, names: list[str]) -> list[Cueing]:
    """Displays: a spotlight on the target, or at the largest angle from it, against diffuse attention."""
    if not {"angle", "width"} <= set(record.coords):
        return []
    angles, widths = record["angle"].values, record["width"].values
    places = np.flatnonzero(record["kind"].values == "place")
    every = np.unique(widths[places])
    middle = [k for k in places if widths[k] == every[len(every) // 2]]
    on, off = ([names[k] for k in middle if angles[k] == angle] for angle in (0, angles[middle].max()))
    if not on:
        return []
    invalid = {"class_1": off[0]} if off != on else {}
    return [Cueing("place", "diffuse", {"class_1": on[0]}, invalid, (on[0],), ())]


def _there(cueing: Cueing, names: list[str]) -> Cueing:
    """The cues without the priors that a record does not hold."""
    both = (cueing.valid, cueing.invalid)
    valid, invalid = ({target: prior for target, prior in of.items() if prior in names} for of in both)
    absent = tuple(prior for prior in cueing.absent if prior in names)
    pair = cueing.pair if set(cueing.pair) <= set(names) else ()
    return Cueing(cueing.kind, cueing.neutral, valid, invalid, absent, pair)
