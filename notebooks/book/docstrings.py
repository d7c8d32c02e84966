"""Docstrings as the code has them (numpydoc's sections, types in signatures alone), for pages."""

from __future__ import annotations

import inspect
import re
from collections.abc import Sequence

__all__ = ["as_fields", "as_list", "entries", "sections"]

FIELDS = {"Parameters": "param", "Returns": "returns", "Raises": "raises", "Yields": "yields"}


def sections(lines: Sequence[str]) -> list[tuple[str, list[str]]]:
    """Split a docstring at its underlined titles; what stands before the first has the title ""."""
    found: list[tuple[str, list[str]]] = [("", [])]
    for number, line in enumerate(lines):
        after = lines[number + 1] if number + 1 < len(lines) else ""
        if line.strip() and re.fullmatch(r"-{3,}", after.strip()) and len(after.strip()) == len(line.strip()):
            found.append((line.strip(), []))
        elif not (re.fullmatch(r"-{3,}", line.strip()) and found[-1][0] and not found[-1][1]):
            found[-1][1].append(line)
    return found


def entries(lines: Sequence[str]) -> list[tuple[str, str]]:
    """Name and text of each entry of a section: "name : text" that goes on indented, or a name and text below."""
    found: list[list[str]] = []
    for line in filter(str.strip, lines):
        if line[0].isspace() and found:
            found[-1][1] += f" {line.strip()}"
        else:
            name, _, text = line.partition(" : ")
            found.append([name.strip(), text.strip()])
    return [(name, text.strip()) for name, text in found]


def as_fields(lines: Sequence[str]) -> list[str]:
    """Write a docstring's sections as the fields that Sphinx knows; |x| is a norm there, no substitution."""
    told = []
    for title, body in sections([line.replace("|", r"\|") for line in lines]):
        if title == "Returns":
            told += ["", f":returns: {' '.join(line.strip() for line in body if line.strip())}"]
        elif title in FIELDS:
            named = ((name.replace("*", r"\*"), text) for name, text in entries(body))
            told += ["", *(f":{FIELDS[title]} {name}: {text}" for name, text in named)]
        else:
            told += ["", f".. rubric:: {title}", "", *body] if title else body
    return [*told, ""]


def as_list(documented: object) -> str:
    """Write the parameters of an object as a list in Markdown, below what it is."""
    parts = []
    for title, body in sections((inspect.getdoc(documented) or "").splitlines()):
        if title == "Parameters":
            parts += ["", *(f"- `{name}`: {text}" for name, text in entries(body))]
        elif not title:
            parts += body
    return "\n".join(parts)
