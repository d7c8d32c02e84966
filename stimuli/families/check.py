"""What every stimulus family promises, tried on a few stimuli of it."""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterator
from dataclasses import MISSING, asdict, fields, is_dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import xarray as xr

from stimuli.families import FAMILIES
from stimuli.families.family import Family, changed
from stimuli.sets import format
from stimuli.sets.frames import frames_of
from stimuli.sets.variables import MASKS

__all__ = ["check_family"]

SIZE, N, SEED = (96, 128), 6, 3
BARE = 0.1  # largest share of a mask that may have the colour of a plain background


def check_family(family: str | Family, parameters=None) -> None:
    """Try what a family promises: that its stimuli are reproducible, described, and as they were asked for.

    Parameters
    ----------
    family : its name, or the family itself.
    parameters : the family's dataclass, where something has to be given; the defaults, if left out. The
        size is replaced.

    Raises
    ------
    ValueError : a promise is not kept; one sentence says which.

    Examples
    --------
    >>> stimuli.check_family("objects")  # says nothing where all is well
    """
    family = FAMILIES.of(family)
    for broken in _faults(family, parameters):
        raise ValueError(f"the family {family.name!r} {broken}")


def _faults(family: Family, parameters) -> Iterator[str]:
    """What is wrong with a family, one sentence after the other; what comes later needs what comes before."""
    yield from _of_declaration(family)
    if family.needs and parameters is None:
        yield f"needs {', '.join(family.needs)}: give parameters with it"
    try:
        chosen = changed(family.parameters() if parameters is None else parameters, size=SIZE)
    except ValueError as error:
        yield f"cannot be asked for stimuli of {SIZE} pixels ({error}): give its parameters a size, or a scene with one"
    drawn = family.draw(chosen, N, SEED, 0)
    yield from _of_set(family, chosen, drawn)
    yield from _of_masks(drawn)
    yield from _of_chance(family, chosen, drawn)
    yield from _of_requests(family, chosen)
    yield from _of_folder(family, drawn)


def _of_declaration(family: Family) -> Iterator[str]:
    kind = family.parameters
    if not (is_dataclass(kind) and kind.__dataclass_params__.frozen):
        yield f"has parameters of {kind.__name__}, which is no frozen dataclass: make it one"
    if bare := [f.name for f in fields(kind) if f.default is MISSING and f.default_factory is MISSING]:
        yield f"has parameters without a default: give one to {', '.join(bare)}"
    if unknown := sorted(set(family.needs) - {field.name for field in fields(kind)}):
        yield f"needs {', '.join(unknown)}, which its parameters do not have"
    if family.for_models is not None and not isinstance(family.for_models, kind):
        yield f"has {type(family.for_models).__name__} for models: give an object of {kind.__name__}"
    try:
        pickle.dumps(family.draw)
    except (pickle.PicklingError, AttributeError, TypeError):
        yield "has a draw that other processes cannot be handed: make it a function of a module"


def _of_set(family: Family, parameters, drawn: xr.Dataset) -> Iterator[str]:
    if not isinstance(drawn, xr.Dataset) or "image" not in drawn:
        yield "draws no Dataset with pictures: give what stimuli.sets.format.from_arrays gives"
    image = drawn["image"]
    if image.dims != ("stimulus", "y", "x", "channel") or image.dtype != np.uint8:
        yield f"draws pictures {image.dims} of {image.dtype}: they are (stimulus, y, x, channel) of uint8"
    if image.shape[1:] != (*SIZE, 3):
        yield f"draws pictures of {image.shape[1:]} where {(*SIZE, 3)} are asked for"
    if drawn["stimulus"].values.tolist() != list(range(N)):
        yield f"numbers {N} stimuli {drawn['stimulus'].values.tolist()}: they are 0 to {N - 1}"
    for name, variable in drawn.variables.items():
        told = ("long_name", "units") if name in drawn.data_vars else ("long_name",)
        if lacking := [attribute for attribute in told if not variable.attrs.get(attribute)]:
            yield f"does not say of {name} its {' and '.join(lacking)}"
    recipe = {
        "family": family.name,
        "seed": SEED,
        "parameters": json.loads(json.dumps(asdict(parameters), default=str)),
    }
    for name, wanted in recipe.items():
        found = drawn.attrs.get(name)
        if (json.loads(found or "null") if name == "parameters" else found) != wanted:
            yield f"records {name} {found!r} in a set that was drawn with {wanted!r}"
    if lacking := {"title", "categories", "licence", "source", "design"} - set(drawn.attrs):
        yield f"does not record {', '.join(sorted(lacking))}"


def _of_masks(drawn: xr.Dataset) -> Iterator[str]:
    """Masks are of what is there; on a plain background, they hold what is drawn on it."""
    if "object_mask" not in drawn:
        return
    if drawn["object_mask"].dims != MASKS or drawn["object_mask"].dtype != bool:
        yield f"has masks {drawn['object_mask'].dims} of {drawn['object_mask'].dtype}: they are {MASKS} of bool"
    masks, image = drawn["object_mask"].values, drawn["image"].values
    if not masks.any():
        yield "has masks of nothing: they hold the pixels where each object is seen"
    if "object_class" in drawn and masks[drawn["object_class"].values < 0].any():
        yield "has masks of objects that are not there (of class -1)"
    for number, (picture, each) in enumerate(zip(image, masks, strict=True)):
        outside = picture[~each.any(0)]
        colours, counts = np.unique(outside, axis=0, return_counts=True)
        if not len(outside) or counts.max() < 0.5 * len(outside):
            continue  # no plain background
        bare = (picture == colours[counts.argmax()]).all(-1)
        for k, mask in enumerate(each):
            if mask.any() and bare[mask].mean() > BARE:
                yield f"has a mask of object {k} of stimulus {number} that holds bare background"


def _of_chance(family: Family, parameters, drawn: xr.Dataset) -> Iterator[str]:
    """Stimuli follow from parameters, seed and number alone."""
    parts = [family.draw(parameters, n, SEED, first) for first, n in ((0, 2), (2, 1), (3, N - 3))]
    for name, variable in drawn.variables.items():
        if "stimulus" not in variable.dims:
            continue
        together = np.concatenate([part[name].values for part in parts])
        if together.dtype != variable.dtype or not _same(together, variable.values):
            yield f"draws another {name} where a set is drawn in parts: let it follow from seed and number alone"
    if np.array_equal(family.draw(parameters, N, SEED + 1, 0)["image"].values, drawn["image"].values):
        yield "draws the same pictures with another seed"


def _same(one: np.ndarray, other: np.ndarray) -> bool:
    return np.array_equal(one, other, equal_nan=one.dtype.kind == "f")


def _of_requests(family: Family, parameters) -> Iterator[str]:
    for what, n, seed in (("no stimuli", 0, 0), ("the seed 2**32, which is kept for training", 1, 2**32)):
        try:
            family.draw(parameters, n, seed, 0)
        except ValueError:
            continue
        yield f"does not refuse {what}: let stimuli.sets.format.check_request look at n and seed"


def _of_folder(family: Family, drawn: xr.Dataset) -> Iterator[str]:
    """A set is read from its folder as it was written, and presented in the same frames."""
    with TemporaryDirectory() as place:
        try:
            format.write(drawn, Path(place) / "set")
            read = format.read(Path(place) / "set")
        except (ValueError, KeyError) as error:
            yield f"draws what cannot be written as a set ({error})"
    differ = [name for name in drawn.variables if name not in read or not read[name].identical(drawn[name])]
    if differ or read.attrs != drawn.attrs:
        yield f"does not come back from its folder as it was: {', '.join(map(str, differ)) or 'attributes'}"
    yield from _of_course(family, drawn, read)


def _of_course(family: Family, drawn: xr.Dataset, read: xr.Dataset) -> Iterator[str]:
    """A stimulus is presented in valid frames, the same whatever stands beside it and wherever the set was."""
    for number in range(N):
        try:
            frames = frames_of(family, drawn, number)
            others = frames_of(family, read, number), frames_of(family, drawn.isel(stimulus=[number]), 0)
        except ValueError as error:
            yield f"presents stimulus {number} in no valid course ({error})"
        for other in others:
            if [(f.name, f.duration, f.seen) for f in frames] != [(f.name, f.duration, f.seen) for f in other]:
                yield f"presents stimulus {number} in other frames where the set is read again or taken in parts"
            if not all(np.array_equal(f.picture, g.picture) for f, g in zip(frames, other, strict=True)):
                yield f"draws other frames of stimulus {number} where the set is read again or taken in parts"
