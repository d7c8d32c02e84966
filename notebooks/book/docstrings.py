"""Docstrings as the code has them (numpydoc's sections, types in signatures alone), for pages."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Sequence
from dataclasses import fields

__all__ = ["as_fields", "as_list", "entries", "name_of", "sections", "table", "undocumented"]

OURS = ("absvit", "experiments", "notebooks", "stimuli")
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
    """Write the parameters of an object as a list in Markdown, below what it is; a stranger's, as it stands."""
    text = inspect.getdoc(documented) or ""
    if str(documented.__module__).partition(".")[0] not in OURS:
        return f"~~~text\n{text}\n~~~"
    parts = []
    for title, body in sections(text.splitlines()):
        if title == "Parameters":
            parts += ["", *(f"- `{name}`: {text}" for name, text in entries(body))]
        elif not title:
            parts += body
    return "\n".join(parts)


def undocumented(parameters: type) -> list[str]:
    """Give the fields of a dataclass of which neither its docstring nor those that it is derived from say anything."""
    texts = "\n".join(inspect.cleandoc(kind.__doc__ or "") for kind in parameters.__mro__[:-1])
    told = {
        name.strip()
        for title, body in sections(texts.splitlines())
        for names, _ in entries(body)
        if title == "Parameters"
        for name in names.split(",")
    }
    return [field.name for field in fields(parameters) if field.name not in told]


def name_of(found: type) -> str:
    """Give module and name of a class."""
    return f"{found.__module__}.{found.__qualname__}"


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Write a table in Markdown."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len([*head])]
    escaped = ([str(cell).replace("|", r"\|").replace("\n", " ") for cell in row] for row in rows)
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in escaped)])
