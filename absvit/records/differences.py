"""What two experiments differ in, told in a few words."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping

__all__ = ["differences"]

TOLD = 6  # differences that are told one by one


def differences(found: Mapping, wanted: Mapping, apart: Collection[str] = ()) -> str:
    """Tell what differs between the facts of two experiments, the most general first and not more than six.

    A text such as "parameters.steps was 5, is 7"; empty if nothing differs. JSON texts and what is nested in
    them are compared one by one, under dotted names, unless these may differ (``apart``); what is listed is
    named by the suite and severity that it tells, if any. A fact that is missing is None.
    """
    found, wanted = ({name: each[name] for name in each if name not in apart} for each in (found, wanted))
    told = sorted(_differing(found, wanted), key=lambda difference: (len(difference[0]), difference[0]))
    texts = [f"{'.'.join(name)} was {was}, is {now}" for name, was, now in told[:TOLD]]
    return "; ".join([*texts, *([f"and {len(told) - TOLD} more"] if len(told) > TOLD else [])])


def _differing(found: object, wanted: object, name: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """Path, old and new value of everything that differs."""
    found, wanted = _entries(found), _entries(wanted)
    if isinstance(found, Mapping) and isinstance(wanted, Mapping):
        for key in {*found, *wanted}:
            yield from _differing(found.get(key), wanted.get(key), (*name, str(key)))
    elif found != wanted:
        yield name, *("there" if isinstance(value, Mapping) else repr(value) for value in (found, wanted))


def _entries(value: object) -> object:
    """A JSON text or a list of mappings as one mapping; anything else as it is."""
    if isinstance(value, str) and value.startswith(("{", "[{")):
        value = json.loads(value)
    if isinstance(value, list) and value and all(isinstance(entry, Mapping) for entry in value):
        names = [
            f"{entry['suite']}@{entry['severity']}" if "suite" in entry else str(k) for k, entry in enumerate(value)
        ]
        return dict(zip(names, value, strict=True))
    return value
