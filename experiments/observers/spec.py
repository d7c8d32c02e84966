"""How an observer is called in a word, ``HOST[+MECHANISM[:PARAMETER=VALUE,...]]...``, and what that means."""

from __future__ import annotations

import contextlib
import io
import re
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace

from absvit.mechanisms import MECHANISMS
from stimuli.foundation.options import TYPES

if typing.TYPE_CHECKING:
    from absvit.mechanisms.mechanism import Mechanism

__all__ = ["PERMUTED", "SYNTAX", "Spec", "at_strength", "mechanism_of", "spec_of"]

PERMUTED = ", decoders permuted"  # behind an observer's name: its control
SYNTAX = "HOST[+MECHANISM[:PARAMETER=VALUE,...]]..."
PLUS = re.compile(r"\+(?=[^\W\d]\w*(?:[:+]|$)|$)")  # before a mechanism, and none of 1e+2 or of a path


@dataclass(frozen=True)
class Spec:
    """Who looks.

    Parameters
    ----------
    host : name of the network, or of an observer that a package declares.
    mechanism : name of the mechanism that is put on it; "" for none.
    parameters : the words that each parameter of the mechanism is given, by its name.
    then : mechanisms that act after it, in order, each without a host.
    """

    host: str
    mechanism: str = ""
    parameters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    then: tuple[Spec, ...] = ()

    def __str__(self) -> str:
        told = ",".join(f"{name}={value}" for name, values in self.parameters.items() for value in values)
        own = f"{self.host}{'+' * bool(self.mechanism)}{self.mechanism}{':' * bool(told)}{told}"
        return own + "".join(map(str, self.then))

    @property
    def mechanisms(self) -> tuple[Spec, ...]:
        """The mechanisms that are put on the host, in order, each a word without it."""
        return (replace(self, host="", then=()), *self.then) if self.mechanism else ()


def spec_of(text: str) -> Spec:
    """Read such a word, ``spec_of("cnn_micro+evidence_gate:strength=2")``; several mechanisms in order.

    Raises
    ------
    ValueError : it is written otherwise.
    """
    host, *words = PLUS.split(text)
    parts = [_part(word) for word in words]
    if not host or None in parts:
        such = "cnn_micro+evidence_gate:strength=2"
        raise ValueError(f"cannot read {text!r}: expected {SYNTAX}, such as {such}")
    return replace(parts[0], host=host, then=tuple(parts[1:])) if parts else Spec(host)


def _part(word: str) -> Spec | None:
    """Read a mechanism and its parameters; None where nothing can be read."""
    mechanism, colon, told = word.partition(":")
    parts = [part.partition("=") for part in told.split(",")] if colon else []
    if not mechanism or not all(map(all, parts)):
        return None
    given: dict[str, tuple[str, ...]] = {}
    for name, _, value in parts:
        given[name] = (*given.get(name, ()), value)
    return Spec("", mechanism, given)


def mechanism_of(spec: Spec) -> Mechanism | None:
    """Give the mechanism that is meant, with its parameters, or several together; None where there is none.

    Raises
    ------
    ValueError : there is no such mechanism or parameter (the nearest, or all of them, are named), a value is
        of another type or refused by the mechanism, or no prior tells all of several.
    """
    mechanisms = [_mechanism(each) for each in spec.mechanisms]
    if len(mechanisms) < 2:
        return next(iter(mechanisms), None)
    from absvit.mechanisms import together

    return together(mechanisms)


def at_strength(spec: Spec, strength: float) -> Spec:
    """Give the same at another strength; of several mechanisms together it is a factor on their own."""
    if len(spec.mechanisms) < 2:
        return _at(spec, strength)
    first, *others = (_at(each, strength * (_mechanism(each).strength or 1.0)) for each in spec.mechanisms)
    return replace(first, host=spec.host, then=tuple(others))


def _at(spec: Spec, strength: float) -> Spec:
    return replace(spec, parameters={**spec.parameters, "strength": (f"{strength:.3g}",)})


def _mechanism(spec: Spec) -> Mechanism:
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
