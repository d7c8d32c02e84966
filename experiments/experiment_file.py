"""Experiment files: a whole experiment as a YAML or TOML file, its fields being the options of the command line."""

from __future__ import annotations

import dataclasses
import difflib
import tomllib
import typing
from collections.abc import Callable, Mapping
from pathlib import Path

import yaml

from stimuli.texts import read_text

__all__ = ["options_of", "words_of"]


def words_of(path: Path, probes: Mapping[str, Callable]) -> list[str]:
    """Read an experiment file as the words of the command line.

    A file such as ``probe: bistable``, ``checkpoint: [default, seed1]``, ``controls: true``, ``out: record.zarr`` says
    what ``bistable --checkpoint default seed1 --controls --out record.zarr`` says.

    Parameters
    ----------
    path : file that ends in .yaml, .yml or .toml.
    probes : commands by name.

    Returns
    -------
    Name of the probe and its options.

    Raises
    ------
    FileNotFoundError : there is no such file.
    ValueError : it is of another kind, cannot be read, or names no probe or an option that the probe does not have.
    """
    fields = _read(path)
    probe = fields.pop("probe", None)
    if probe not in probes:
        raise ValueError(f"{path} must name a probe, one of {', '.join(probes)}; got {probe!r}")
    known, words = options_of(probes[probe]), [probe]
    for name, value in fields.items():
        option = str(name).replace("-", "_")
        if option not in known:
            near = difflib.get_close_matches(option, known, 3, 0.5) or sorted(known)
            raise ValueError(
                f"{path} has a field {name!r} that {probe} does not know; the nearest are {', '.join(near)}"
            )
        words += _as_words(path, option, value)
    return words


def options_of(command: Callable) -> list[str]:
    """Names of the options of a command, those of its dataclasses included.

    Parameters
    ----------
    command : function whose parameters are options or frozen dataclasses of options.
    """
    hints = typing.get_type_hints(command)
    hints.pop("return", None)
    found = []
    for name, hint in hints.items():
        inner = dataclasses.is_dataclass(hint)
        found += [field.name for field in dataclasses.fields(hint)] if inner else [name]
    return found


def _read(path: Path) -> dict:
    """Fields of a file."""
    if path.suffix not in (".yaml", ".yml", ".toml"):
        raise ValueError(f"expected an experiment file that ends in .yaml, .yml or .toml, got {path}")
    if not path.is_file():
        raise FileNotFoundError(f"no experiment file at {path}")
    text = read_text(path)
    try:
        fields = tomllib.loads(text) if path.suffix == ".toml" else yaml.safe_load(text)
    except (tomllib.TOMLDecodeError, yaml.YAMLError) as error:
        raise ValueError(f"{path} cannot be read: {error}") from error
    if not isinstance(fields, dict):
        raise ValueError(f"{path} must hold fields such as 'probe: bistable', got {type(fields).__name__}")
    return fields


def _as_words(path: Path, option: str, value) -> list[str]:
    """An option with its value as words."""
    flag = option.replace("_", "-")
    if value is None:
        return []
    if isinstance(value, bool):
        return [f"--{flag}" if value else f"--no-{flag}"]
    if isinstance(value, dict) or (isinstance(value, list) and any(isinstance(v, (dict, list)) for v in value)):
        raise ValueError(f"{path}: {option} must be a word, a number, true, false, or a list of words and numbers")
    return [f"--{flag}", *map(str, value if isinstance(value, list) else [value])]
