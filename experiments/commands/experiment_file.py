"""Experiment files: a whole experiment as a YAML or TOML file, its fields being the options of the command line."""

from __future__ import annotations

import dataclasses
import difflib
import re
import tomllib
import typing
from collections.abc import Callable
from pathlib import Path

import yaml

from experiments.commands.probe import command_of
from experiments.probes import PROBES
from stimuli.foundation.texts import read_text

__all__ = ["options_of", "words_of"]


class _AsItLooks(yaml.SafeLoader):
    """YAML without what is read otherwise than it looks, as TOML has it: a key twice, and numbers as 010 or 1:30."""

    def fields(self, node: yaml.MappingNode) -> dict:
        """Read a mapping, each key once."""
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        if twice := next((key for at, key in enumerate(keys) if key in keys[:at]), None):
            raise yaml.constructor.ConstructorError(None, None, f"{twice!r} stands there twice", node.start_mark)
        return self.construct_mapping(node, deep=True)

    def number(self, node: yaml.ScalarNode) -> int | float:
        """Read a number that is the same in every version of YAML."""
        if re.match(r"[-+]?0[\d_]|.*:", node.value):
            hint = f"{node.value} is read as another number by some: write it without leading zeros, or quote a word"
            raise yaml.constructor.ConstructorError(None, None, hint, node.start_mark)
        return getattr(self, f"construct_yaml_{node.tag.rpartition(':')[2]}")(node)


_AsItLooks.add_constructor("tag:yaml.org,2002:map", _AsItLooks.fields)
for _kind in ("int", "float"):
    _AsItLooks.add_constructor(f"tag:yaml.org,2002:{_kind}", _AsItLooks.number)


def words_of(path: Path) -> list[str]:
    """Read an experiment file as the words of the command line.

    A file such as ``probe: bistable``, ``checkpoint: [default, seed1]``, ``controls: true``,
    ``out: record.zarr`` says what ``bistable --checkpoint default seed1 --controls --out record.zarr`` says.

    Returns
    -------
    Name of the probe and its options.

    Raises
    ------
    FileNotFoundError : there is no such file.
    ValueError : it is of another kind, cannot be read, or names no probe or an option that the probe does not
        have.
    """
    fields = _read(path)
    probe = fields.pop("probe", None)
    if not isinstance(probe, str) or probe not in PROBES:
        raise ValueError(f"{path} must name a probe, one of {', '.join(PROBES)}; got {probe!r}")
    known, words = options_of(command_of(PROBES[probe])), [probe]
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
    """Names of the options of a command, those of its dataclasses included."""
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
        fields = tomllib.loads(text) if path.suffix == ".toml" else yaml.load(text, _AsItLooks)
    except (tomllib.TOMLDecodeError, yaml.YAMLError, RecursionError) as error:
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
