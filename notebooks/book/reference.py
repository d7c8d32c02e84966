"""The reference of what can be asked for: made from the contracts, so that it cannot tell of what there is not."""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from unittest.mock import patch

from notebooks.book.docstrings import as_list

__all__ = ["pages"]

PROGRAMS = {  # how a program is called, and the module whose main it is
    "python -m experiments": "experiments.__main__",
    "python -m experiments.linking": "experiments.linking.__main__",
    "python -m stimuli": "stimuli.__main__",
    "python -m absvit.models": "absvit.models.__main__",
    "python -m absvit.training": "absvit.training.__main__",
    "python -m absvit.robustness": "absvit.robustness.__main__",
    "python -m absvit.segmentation": "absvit.segmentation.__main__",
    "python -m absvit.benchmark": "absvit.benchmark.__main__",
}
KINDS = {  # title and registry of what others may add to, beside families, probes and figures
    "Mechanisms of attention": "absvit.mechanisms:MECHANISMS",
    "Observers": "experiments.observers:OBSERVERS",
    "Links from evidence to response times": "experiments.linking:LINKS",
    "Published trials of people": "experiments.people:PEOPLE",
    "Recipes of training": "absvit.training:RECIPES",
    "Corruptions": "stimuli.corruptions:CORRUPTIONS",
    "Sets of kinds": "absvit.models.kind_sets:KIND_SETS",
    "Encoders of texts": "absvit.words:ENCODERS",
}
WIDTH = "96"  # columns of the help texts


def pages(source: Path) -> dict[str, str]:
    """Write the pages by path; pictures go to the folder of the book's sources."""
    return {
        "reference/commands.md": _commands(),
        "reference/records.md": _records(),
        "reference/families.md": _families(source),
        "reference/probes.md": _probes(),
        "reference/figures.md": _figures(),
        "reference/kinds.md": _kinds(),
        "reference/models.md": _models(),
    }


def _registry(path: str):
    module, _, name = path.partition(":")
    return getattr(importlib.import_module(module), name)


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len([*head])]
    escaped = ([str(cell).replace("|", r"\|").replace("\n", " ") for cell in row] for row in rows)
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in escaped)])


def _commands() -> str:
    """The help text of every command."""
    parts = ["# Commands", "", "Each command says the same of itself with `--help`.", ""]
    for program, module in PROGRAMS.items():
        parts += [f"## {program}", "", "```text", _help(module, []), "```", ""]
        for word in getattr(importlib.import_module(module), "COMMANDS", {}):
            parts += [f"### {program} {word}", "", "```text", _help(module, [word]), "```", ""]
    return "\n".join(parts)


def _help(module: str, words: list[str]) -> str:
    """What a program prints when it is asked for help."""
    said, main = io.StringIO(), importlib.import_module(module).main
    asked = patch.object(sys, "argv", [module, *words, "--help"]), patch.dict(os.environ, COLUMNS=WIDTH)
    with asked[0], asked[1], contextlib.redirect_stdout(said), contextlib.suppress(SystemExit):
        main()
    return said.getvalue().strip()


def _records() -> str:
    from absvit.records.vocabulary import page

    return f"# Words of a record\n\nEvery dim, coordinate and variable that programs write.\n\n{page()}\n"


def _families(source: Path) -> str:
    """Every family with a sheet of what it draws and its parameters."""
    from stimuli import gallery
    from stimuli.families import FAMILIES

    sheets = {file.stem: file for file in gallery.write(source / "reference" / "families", 4, 4)}
    parts = ["# Families of stimuli", ""]
    for name in FAMILIES:
        family = FAMILIES[name]
        parts += [f"## {name}", "", f"{family.shows}.", ""]
        if name in sheets:
            parts += [f"![Four stimuli of the family {name}](families/{sheets[name].name})", ""]
        parts += ["```bash", f"python -m stimuli {name}{_needed(family.needs)} --out STIMULI", "```", ""]
        parts += [as_list(family.parameters), ""]
    return "\n".join(parts)


def _needed(names: Iterable[str]) -> str:
    return "".join(f" --{name.replace('_', '-')} {name.upper()}" for name in names)


def _probes() -> str:
    """Every probe with what it asks, shows, tells observers, and measures."""
    from experiments.probes import PROBES

    parts = ["# Probes", ""]
    for name in PROBES:
        probe = PROBES[name]
        told = _told(probe)
        parts += [f"## {name}", "", probe.question, ""]
        parts += ["```bash", f"python -m experiments {name} --out {name}.zarr", "```", ""]
        parts += [_table(("condition", "kind", "cue"), told), ""] if told else []
        parts += [_table(("column of its summary", "what it is"), probe.columns.items()), ""] if probe.columns else []
        parts += [f"Figures: {', '.join(probe.figures)}.", ""] if probe.figures else []
        parts += [as_list(probe.parameters), ""]
    return "\n".join(parts)


def _told(probe) -> list[tuple[str, str, str]]:
    """Name, kind and cue of the conditions that a probe shows where nothing is chosen."""
    try:
        conditions = probe.conditions(probe.parameters())
    except TypeError:  # parameters that have to be given
        return []
    return [(condition.name, condition.kind, str(condition.cue)) for condition in conditions]


def _figures() -> str:
    from experiments.figures import FIGURES

    rows = []
    for name in FIGURES:
        figure = FIGURES[name]
        rows.append((f"`{name}`", figure.shows, ", ".join(figure.reads) or "any record", f"`{figure.draw.__module__}`"
                     if hasattr(figure.draw, "__module__") else ""))  # fmt: skip
    head = ("figure", "what it shows", "records of", "drawn by")
    return f"# Figures\n\n`python -m experiments figure NAME RECORD.zarr --out FILE.pdf`\n\n{_table(head, rows)}\n"


def _kinds() -> str:
    """Everything else that has a registry, a line each."""
    parts = ["# What else there is by name", ""]
    for title, path in KINDS.items():
        lines: Mapping[str, str] = _registry(path).lines()
        parts += [f"## {title}", "", _table(("name", "what it is"), ((f"`{n}`", of) for n, of in lines.items())), ""]
    return "\n".join(parts)


def _models() -> str:
    """Every model with its parameters and published numbers."""
    from absvit.models.__main__ import table

    return f"# Models\n\nAs `python -m absvit.models` prints them.\n\n```text\n{table()}\n```\n"
