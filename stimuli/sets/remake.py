"""Recipes: a stimulus set made again from its ``stimuli.json``."""

from __future__ import annotations

import dataclasses
import typing
from pathlib import Path

from stimuli.foundation.design import check_version
from stimuli.sets.job import Request, extras_of
from stimuli.sets.reading import RECIPE, recipe_of
from stimuli.sets.viewing_distance import Viewing

__all__ = ["compare", "instance", "load", "request_of"]


def load(path: Path) -> dict:
    """Read the recipe of a folder, or its ``stimuli.json``.

    Raises
    ------
    FileNotFoundError : there is no recipe.
    ValueError : it cannot be read, its stimuli do not start at number 0, or come in the order of another
        version.
    """
    recipe = recipe_of(path.parent if path.name == RECIPE else path)
    check_version(recipe, path)
    if recipe["first"] != 0:
        raise ValueError(f"{path} starts at stimulus {recipe['first']}; this program makes sets that start at 0")
    return recipe


def instance(family: type, values: dict):
    """Make a dataclass of parameters from what JSON gives: lists for tuples, texts for paths.

    Fields of a dataclass among the fields may stand beside it, as release 0.1.0 told them of halves of
    photographs. A field that older recipes lack has what they meant by that, its metadata's ``formerly``. A
    ValueError tells of a field that is unknown, or a value that is refused.
    """
    hints = typing.get_type_hints(family)
    meant = {field.name: field.metadata["formerly"] for field in dataclasses.fields(family) if field.metadata}
    values = meant | _nested(values, hints)
    if unknown := sorted(set(values) - set(hints)):
        raise ValueError(f"{family.__name__} has no parameters {', '.join(unknown)}: another version made this recipe")
    return family(**{name: _value(hints[name], value) for name, value in values.items()})


def request_of(recipe: dict, out: Path, jobs: int, overwrite: bool, resume: bool) -> Request:
    """Ask for the set of a recipe."""
    if recipe["viewing_distance_cm"]:
        viewing = Viewing(recipe["viewing_distance_cm"], recipe["pixel_pitch_mm"])
    else:
        viewing = Viewing(pixels_per_degree=recipe["pixels_per_degree"])
    return Request(out, recipe["n"], recipe["seed"], jobs, overwrite, resume, viewing=viewing, **extras_of(recipe))


def compare(recipe: dict, folder: Path) -> str:
    """Say that a set made again has the bytes of the first; a ValueError, which versions differ."""
    again = recipe_of(folder)
    wanted, found = recipe["sha256"], again["sha256"]
    differ = [name for name in {*wanted, *found} if wanted.get(name) != found.get(name)]
    if not differ:
        return f"{folder}: all {len(wanted)} files have the bytes that the recipe tells"
    versions = [
        f"{name} was {version}, is {again['versions'].get(name)}"
        for name, version in recipe["versions"].items()
        if again["versions"].get(name) != version
    ]
    why = f"; {', '.join(versions)}" if versions else ""
    raise ValueError(f"{folder}: {len(differ)} of {len(wanted)} files differ from the recipe, as {min(differ)}{why}")


def _nested(values: dict, hints: dict) -> dict:
    """Values with those of an inner dataclass inside of it."""
    inner = {name: typing.get_type_hints(hint) for name, hint in hints.items() if dataclasses.is_dataclass(hint)}
    nested = {name: value for name, value in values.items() if name in hints}
    for name in values.keys() - hints.keys():
        owner = next((owner for owner, names in inner.items() if name in names), None)
        if owner is None:
            nested[name] = values[name]
        else:
            nested[owner] = {**nested.get(owner, {}), name: values[name]}
    return nested


def _value(hint, value):
    """A value of JSON as its field has it."""
    if dataclasses.is_dataclass(hint) and isinstance(value, dict):
        return instance(hint, value)
    if isinstance(value, list):
        inner = {kind for outer in (hint, *typing.get_args(hint)) for kind in typing.get_args(outer)}
        return tuple(_value(Path if Path in inner else None, entry) for entry in value)
    if isinstance(value, str) and Path in (hint, *typing.get_args(hint)):
        return Path(value)
    return value
