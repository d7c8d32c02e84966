"""How an observer is called in a word, ``HOST[+MECHANISM[:PARAMETER=VALUE,...]]``, and what that means."""

from __future__ import annotations

import contextlib
import io
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace

from absvit.mechanisms import MECHANISMS
from stimuli.foundation.options import TYPES

if typing.TYPE_CHECKING:
    from absvit.mechanisms.mechanism import Mechanism

__all__ = ["PERMUTED", "SYNTAX", "Spec", "mechanism_of", "spec_of"]

PERMUTED = ", decoders permuted"  # behind an observer's name: its control
SYNTAX = "HOST[+MECHANISM[:PARAMETER=VALUE,...]]"


@dataclass(frozen=True)
class Spec:
    """Who looks.

    Parameters
    ----------
    host : name of the network, or of an observer that a package declares.
    mechanism : name of the mechanism that is put on it; "" for none.
    parameters : the words that each parameter of the mechanism is given, by its name.
    """

    host: str
    mechanism: str = ""
    parameters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __str__(self) -> str:
        told = ",".join(f"{name}={value}" for name, values in self.parameters.items() for value in values)
        return f"{self.host}{'+' * bool(self.mechanism)}{self.mechanism}{':' * bool(told)}{told}"


def spec_of(text: str) -> Spec:
    """Read such a word: ``spec_of("cnn_micro+evidence_gate:strength=2")``.

    Raises
    ------
    ValueError : it is written otherwise.
    """
    host, plus, rest = text.partition("+")
    mechanism, colon, told = rest.partition(":")
    parts = [part.partition("=") for part in told.split(",")] if colon else []
    if not host or (plus and not mechanism) or not all(map(all, parts)):
        such = "cnn_micro+evidence_gate:strength=2"
        raise ValueError(f"cannot read {text!r}: expected {SYNTAX}, such as {such}")
    given: dict[str, tuple[str, ...]] = {}
    for name, _, value in parts:
        given[name] = (*given.get(name, ()), value)
    return Spec(host, mechanism, given)


def mechanism_of(spec: Spec) -> Mechanism | None:
    """Give the mechanism that is meant, with its parameters; None where there is none.

    Raises
    ------
    ValueError : there is no such mechanism or parameter (the nearest, or all of them, are named), or a value
        is of another type or refused by the mechanism.
    """
    if not spec.mechanism:
        return None
    mechanism = MECHANISMS[spec.mechanism]
    told = {each.name: str(each.type) for each in fields(mechanism) if each.name in mechanism.parameters}
    if unknown := [name for name in spec.parameters if name not in told]:
        known = ", ".join(f"{name} ({kind})" for name, kind in told.items())
        raise ValueError(f"{spec.mechanism} has no parameter {unknown[0]!r}: it has {known}")
    hints = typing.get_type_hints(type(mechanism))
    values = {}
    for name, words in spec.parameters.items():
        try:
            values[name] = _value(hints[name], words)
        except ValueError:
            got = " and ".join(words)
            raise ValueError(f"{spec.mechanism} takes {name} as {told[name]}, got {got}") from None
    return replace(mechanism, **values)


def _value(kind: object, words: Sequence[str]) -> object:
    """Words as a value of a type, as an option of the command line is read."""
    import tyro

    words = [word.capitalize() for word in words] if kind is bool else list(words)
    try:
        with contextlib.redirect_stderr(io.StringIO()), TYPES:
            return tyro.cli(kind, args=words)
    except SystemExit:
        raise ValueError from None
