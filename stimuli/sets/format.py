"""A stimulus set: images, what they show, and how they were made."""

from __future__ import annotations

import functools
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import xarray as xr

from stimuli.foundation import design as counterbalance
from stimuli.sets import writing
from stimuli.sets.in_place import check_free, put_in_place, staged
from stimuli.sets.reading import read
from stimuli.sets.variables import DESCRIPTIONS, dataset_of
from stimuli.sets.viewing_distance import Viewing, in_degrees

__all__ = ["TRAINING_SEED", "check_request", "from_arrays", "read", "stimulus_set", "write"]

MOST = 10_000_000  # stimuli of a set or a record: their numbers alone fill memory beyond that
TRAINING_SEED = 2**32  # seeds from here on are training's; stimulus sets for experiments stay below


def check_request(n: int, seed: int) -> None:
    """Refuse (ValueError) a number of stimuli outside [1, 10,000,000] or a seed outside [0, 2**32)."""
    if not 1 <= n <= MOST:
        raise ValueError(f"n must be at least 1 stimulus and at most {MOST:,}, got {n}")
    if not 0 <= seed < TRAINING_SEED:
        raise ValueError(f"seed must be in [0, 2**32), got {seed}; higher seeds are kept for training")


def stimulus_set(family: str) -> Callable[[Callable[..., dict]], Callable[..., xr.Dataset]]:
    """Make the ``draw`` of a family out of a function of (parameters, indices, seed).

    That function gives arguments of :func:`from_arrays` by name. Each stimulus has to depend on its index
    (number in the set), the parameters and the seed alone.

    Returns
    -------
    Decorator; ``draw(parameters, n, seed, first=0)`` gives ``n`` stimuli (at least 1) of the set with this
    ``seed`` (0 to 2**32 - 1; higher ones are kept for training), from number ``first`` on, and raises
    ValueError where ``n`` or ``seed`` are others.
    """

    def decorate(stimuli: Callable[..., dict]) -> Callable[..., xr.Dataset]:
        @functools.wraps(stimuli)
        def draw(parameters, n: int, seed: int, first: int = 0) -> xr.Dataset:
            check_request(n, seed)
            drawn = stimuli(parameters, np.arange(first, first + n), seed)
            return from_arrays(first=first, family=family, parameters=parameters, seed=seed, **drawn)

        del draw.__wrapped__  # whose signature is another
        return draw

    return decorate


def from_arrays(
    arrays: dict[str, np.ndarray],
    *,
    first: int,
    family: str,
    parameters,
    seed: int,
    categories: Sequence[str],
    design: Mapping[str, tuple[np.ndarray, str, str]] | None = None,
    dims: Mapping[str, tuple[tuple[str, ...], str, str]] | None = None,
    label: np.ndarray | None = None,
    licence: str | None = None,
    source: str | None = None,
    factors: Mapping[str, int] | None = None,
) -> xr.Dataset:
    """Make the Dataset of a stimulus set.

    Parameters
    ----------
    arrays : values by variable name; the names and their dims stand in ``DESCRIPTIONS``, or in ``dims``.
    first : number of the first stimulus.
    family : name of the stimulus family.
    parameters : the family's frozen dataclass.
    seed : seed of the set.
    categories : names that ``object_class`` indexes.
    design : design variables by name: (stimulus,) values (numbers, bools or strings), long name, units.
        They become variables of the Dataset and columns of ``stimuli.csv``.
    dims : (dims, long name, units) of further arrays; dims are (stimulus,), (stimulus, object) or
        (stimulus, object, y, x) bool.
    label : (stimulus,) name of the class that each stimulus counts as in a class folder; if left out, the
        category of the first object that is seen.
    licence : of the pictures; if left out, CC0-1.0 for what is drawn, and the pictures' own where a folder of
        pictures lies behind it.
    source : where the pictures come from.
    factors : number of levels by name of what is counterbalanced, as ``design.crossed`` takes them.

    Returns
    -------
    Dataset with long names, units and the recipe in its attributes.
    """
    described = {**DESCRIPTIONS, **{name: (text, unit, where) for name, (where, text, unit) in (dims or {}).items()}}
    arrays = {**arrays, "image": _eight_bit(arrays["image"])}
    for name, (values, long_name, units) in (design or {}).items():
        described[name] = (long_name, units, ("stimulus",))
        arrays[name] = np.asarray(values)
    if label is not None or "object_class" in arrays:
        arrays["label"] = _first_seen(arrays, categories) if label is None else np.asarray(label, object)
    told = asdict(parameters)
    borrowed = _behind(told)
    attributes = {
        "title": f"stimulus set: {family}",
        "family": family,
        "parameters": json.dumps(told, default=str),
        "seed": seed,
        "categories": list(categories),
        "licence": licence or ("that of the pictures in the background" if borrowed else "CC0-1.0"),
        "source": source or ("drawn by this program" + (f" on pictures of {borrowed}" if borrowed else "")),
        "design": counterbalance.VERSION,
        **({"factors": list(factors), "levels": list(factors.values())} if factors else {}),
    }
    numbers = np.arange(first, first + len(arrays["image"]))
    return in_degrees(dataset_of(arrays, numbers, described).assign_attrs(attributes), Viewing())


def write(dataset: xr.Dataset, folder: Path, overwrite: bool = False) -> None:
    """Write a stimulus set as a folder of PNG files with a table and a recipe.

    ``images/`` and ``masks/`` hold the pictures, ``stimuli.csv`` one row a stimulus with relative file
    names (a PsychoPy conditions file), ``trials_jspsych.json`` a jsPsych timeline, ``stimuli.json`` the
    recipe and the SHA-256 of every file.

    Parameters
    ----------
    dataset : as a family's ``draw`` gives.
    folder : must not exist, or be empty.
    overwrite : replace a stimulus set that is there.

    Raises
    ------
    ValueError : the folder holds something already.

    Examples
    --------
    >>> stimuli.write(stimuli.draw("objects", n=2), "written")
    >>> sorted(path.name for path in Path("written").iterdir())
    ['images', 'masks', 'stimuli.csv', 'stimuli.json', 'trials_jspsych.json']
    """
    folder = Path(folder).resolve()
    check_free(folder, overwrite)
    begun = staged(folder)
    if begun.exists():
        shutil.rmtree(begun)
    writing.write_part(dataset, begun)
    writing.finish(begun)
    put_in_place(begun, folder)


def _first_seen(arrays: Mapping[str, np.ndarray], categories: Sequence[str]) -> np.ndarray:
    """Category of the first object with a pixel of its own, or of object 0; "none" where there is none."""
    classes = arrays["object_class"]
    seen = arrays["object_mask"].any((2, 3)).argmax(1) if "object_mask" in arrays else np.zeros(len(classes), int)
    return np.array([categories[c] if c >= 0 else "none" for c in classes[np.arange(len(classes)), seen]], object)


def _behind(parameters: dict) -> str:
    """Name of the folder whose pictures are the background, "" where there is none."""
    nested = [value for value in parameters.values() if isinstance(value, dict)]
    words = [str(values.get("background", "")) for values in (parameters, *nested)]
    return next((Path(word.removeprefix("folder:")).name for word in words if word.startswith("folder:")), "")


def _eight_bit(image: np.ndarray) -> np.ndarray:
    """Pictures as uint8, from uint8 or from floats in [0, 1]."""
    if image.ndim != 4 or image.shape[-1] != 3:
        raise ValueError(f"pictures must be (stimulus, y, x, 3), got shape {image.shape}")
    if image.dtype == np.uint8:
        return image
    if image.dtype.kind != "f" or not ((image >= 0) & (image <= 1)).all():
        raise ValueError(f"pictures must be uint8, or floats in [0, 1]; got {image.dtype} outside that range")
    return (image * 255 + 0.5).astype(np.uint8)
