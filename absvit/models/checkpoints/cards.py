"""What the card of a checkpoint may say, and the one line that refuses anything else.

A card comes with weights from wherever they come from, so it is trusted no more than they are: it can
describe an architecture, but name no path, no address, and nothing else that would make timm read or fetch a
file.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence

__all__ = ["CARD", "MADE_WITH", "Kind", "check", "choice", "listed", "mapping", "number", "parse", "text", "whole"]

Kind = Callable[[object], str]  # says what is wrong with a value; "" of a value of this kind
SHOWN = 120  # characters of a value


def _unless(holds: bool, expected: str, value: object) -> str:
    return "" if holds else f"expected {expected}, got {_short(value)}"


def whole(least: int, most: int) -> Kind:
    """An integer."""
    expected = f"an integer from {least} to {most}"
    return lambda value: _unless(type(value) is int and least <= value <= most, expected, value)


def number(least: float = -1e300, most: float = 1e300) -> Kind:
    """A number that a float holds."""
    expected = "a finite number" if most >= 1e300 else f"a number from {least:g} to {most:g}"
    return lambda value: _unless(type(value) in (int, float) and least <= value <= most, expected, value)


def text(pattern: str = r"(?s).*", expected: str = "text") -> Kind:
    """Text."""
    return lambda value: _unless(isinstance(value, str) and bool(re.fullmatch(pattern, value)), expected, value)


def choice(*values: object) -> Kind:
    """One of some values, in its own type."""
    expected = f"one of {', '.join(map(repr, values))}"
    return lambda value: _unless(any(type(v) is type(value) and v == value for v in values), expected, value)


def listed(kind: Kind, least: int = 0, most: float = math.inf) -> Kind:
    """A list of ``least`` to ``most`` values of one kind."""
    expected = f"a list of {least}" if least == most else f"a list of at least {least}" if least else "a list"

    def wrong(value: object) -> str:
        if not (isinstance(value, list | tuple) and least <= len(value) <= most):
            return _unless(False, expected, value)
        return next((f"{place}: {said}" for place, said in enumerate(map(kind, value)) if said), "")

    return wrong


def mapping(fields: Mapping[str, Kind], others: Kind | None = None, required: Sequence[str] = ()) -> Kind:
    """An object, as JSON calls a dictionary.

    Parameters
    ----------
    fields : kinds of its values by name.
    others : kind of the values under all other names; None forbids these.
    required : names that must be there.
    """

    def wrong(value: object) -> str:
        if not isinstance(value, Mapping):
            return _unless(False, "an object", value)
        unknown = sorted(_short(name) for name in value if name not in fields) if others is None else []
        if unknown:
            return f"{', '.join(unknown)[:SHOWN]} may not stand there, only {', '.join(fields)}"
        if missing := [name for name in required if name not in value]:
            return f"{', '.join(missing)} must stand there"
        said = ((name, fields.get(name, others)(inner)) for name, inner in value.items())
        return next((f"{_short(name) if name not in fields else name}: {wrong}" for name, wrong in said if wrong), "")

    return wrong


def _anything(value: object) -> str:
    return ""


def _side(most: int) -> Kind:
    """A number of pixels, or one down and one across."""
    one, two = whole(1, most), listed(whole(1, most), 2, 2)
    return lambda value: two(value) if isinstance(value, list | tuple) else one(value)


def _measured(value: object) -> str:
    """A number with its interval, a number, or text."""
    if isinstance(value, Mapping):
        fields = {"value": number(), "interval": listed(number(), 2, 2)}
        return mapping(fields, required=tuple(fields))(value)
    return "" if isinstance(value, str) else number()(value)


FLAG, NAME = choice(True, False), text(r"(?s).+", "a name")
SHA256 = text(r"[0-9a-fA-F]{64}", "a SHA-256 of 64 hexadecimal digits")
# arguments of timm's VisionTransformer, of AbSViT and of closed forms that give a model its shape
MADE_WITH = mapping(
    {
        "num_classes": whole(0, 10**6),
        "img_size": _side(2**14),
        "patch_size": _side(2**10),
        "in_chans": whole(1, 2**10),
        "embed_dim": whole(1, 2**14),
        "depth": whole(1, 2**10),
        "num_heads": whole(1, 2**10),
        "mlp_ratio": number(1 / 64, 64),
        "init_values": number(0, 10),
        "reg_tokens": whole(0, 2**10),
        "global_pool": choice("", "avg", "avgmax", "max", "token", "map"),
        "class_token": FLAG,
        "no_embed_class": FLAG,
        "pre_norm": FLAG,
        "fc_norm": FLAG,
        "qkv_bias": FLAG,
        "qk_norm": FLAG,
        "dynamic_img_size": FLAG,
        "second_value_bias": FLAG,
        "rank": whole(1, 2**14),
        "blocks": whole(1, 2**10),
        "share": number(0, 1),
    }
)
CARD = mapping(
    {
        **dict.fromkeys(("model", "recipe", "data", "machine", "source", "which", "package_version"), text()),
        **dict.fromkeys(("weights_sha256", "source_sha256", "stem_sha256"), SHA256),
        "seed": whole(0, 2**64),
        "epoch": whole(-1, 10**9),
        "images": whole(0, 2**53),
        "parameters": whole(0, 2**53),
        "seconds": number(0),
        "grid": listed(whole(1, 2**14), 2, 2),
        "made_with": MADE_WITH,
        "lifted": FLAG,
        "squeezed": FLAG,
        "prior_gains": mapping(dict.fromkeys(("learned", "class", "vector", "place"), number())),
        "categories": listed(NAME, 1),
        "measured": mapping({}, _measured),
        "segmentation": mapping(
            {"names": listed(NAME, 1), "colours": listed(listed(whole(0, 255), 3, 3), 1)},
            required=("names", "colours"),
        ),
        **dict.fromkeys(("options", "arguments", "versions"), mapping({}, _anything)),
    },
    _anything,  # facts that nothing here reads
)


def parse(content: str | bytes, what: str) -> dict:
    """Read the JSON of a card, which has to be as :data:`CARD` has it."""
    try:
        facts = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{what} is not JSON ({error}); mend or remove it") from error
    check(facts, what)
    return facts


def check(facts: object, what: str, kind: Kind = CARD) -> None:
    """Refuse facts that are not of a kind, or hold a number that is not finite.

    One line tells ``what`` and where, what was expected and what came.
    """
    if said := kind(facts) or _not_finite(facts):
        raise ValueError(f"{what} is spoilt ({said}); mend or remove it")


def _not_finite(facts: object) -> str:
    """Where a number is not finite; a loop, for facts may be nested deeper than calls can be."""
    waiting = [("", facts)]
    while waiting:
        place, value = waiting.pop()
        if isinstance(value, Mapping):
            waiting += [(str(name), inner) for name, inner in value.items()]
        elif isinstance(value, list | tuple):
            waiting += [(place, inner) for inner in value]
        elif isinstance(value, float) and not math.isfinite(value):
            return f"{_short(place)}: expected a finite number, got {value}"
    return ""


def _short(value: object) -> str:
    """A value on one line, however long it is."""
    if isinstance(value, int) and value.bit_length() > 100:
        return "an integer of more than 30 digits"
    shown = repr(value) if isinstance(value, str | int | float | None) else type(value).__name__
    if isinstance(value, list | tuple):
        shown = f"a list of {len(value)}"
    elif isinstance(value, Mapping):
        shown = "an object"
    return shown if len(shown) <= SHOWN else f"{shown[:SHOWN]}..."
