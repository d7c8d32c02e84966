"""The reference of what can be asked for: made from the contracts, so that it cannot tell of what there is not."""

from __future__ import annotations

import contextlib
import functools
import importlib
import io
import os
import re
import runpy
import sys
import warnings
from collections.abc import Mapping
from unittest.mock import patch

from notebooks.book.docstrings import table

__all__ = ["PROGRAMS", "commands_of", "pages", "said_for_help"]

PROGRAMS = {  # how a program is called, and the module whose main it is
    "python -m experiments": "experiments.__main__",
    "python -m experiments.linking": "experiments.linking.__main__",
    "python -m stimuli": "stimuli.__main__",
    "python -m absvit.models": "absvit.models.__main__",
    "python -m absvit.training": "absvit.training.__main__",
    "python -m absvit.robustness": "absvit.robustness.__main__",
    "python -m absvit.segmentation": "absvit.segmentation.__main__",
    "python -m absvit.benchmark": "absvit.benchmark.__main__",
    "python -m absvit.convert": "absvit.convert",
    "python -m absvit.cifar10": "absvit.cifar10",
    "python -m absvit.launch": "absvit.launch",
    "python -m notebooks.book": "notebooks.book.__main__",
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


def pages() -> dict[str, str]:
    """Write the pages by path."""
    return {
        "reference/commands.md": _commands(),
        "reference/records.md": _records(),
        "reference/kinds.md": _kinds(),
        "reference/models.md": _models(),
    }


def _registry(path: str):
    module, _, name = path.partition(":")
    return getattr(importlib.import_module(module), name)


def _commands() -> str:
    """The help text of every command."""
    parts = ["# Commands", "", "Each command says the same of itself with `--help`.", ""]
    for program, module in PROGRAMS.items():
        parts += [f"## {program}", "", "```text", said_for_help(module), "```", ""]
        for word in commands_of(module):
            parts += [f"### {program} {word}", "", "```text", said_for_help(module, word), "```", ""]
    return "\n".join(parts)


def commands_of(module: str) -> list[str]:
    """Give the commands of a program, as its help tells them; none where it is one itself."""
    told = re.match(r"usage: .*?\{([\w,-]+)\}", said_for_help(module), re.DOTALL)
    return told[1].split(",") if told else []


@functools.cache
def said_for_help(module: str, *words: str) -> str:
    """Give what a program, or a command of it, prints when it is asked for help."""
    said = io.StringIO()
    asked = patch.object(sys, "argv", [module, *words, "--help"]), patch.dict(os.environ, COLUMNS=WIDTH)
    quiet = warnings.catch_warnings(action="ignore")  # that it is imported already
    with asked[0], asked[1], quiet, contextlib.redirect_stdout(said), contextlib.suppress(SystemExit):
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    return said.getvalue().strip()


def _records() -> str:
    from absvit.records.vocabulary import page

    return f"# Words of a record\n\nEvery dim, coordinate and variable that programs write.\n\n{page()}\n"


def _kinds() -> str:
    """Everything else that has a registry, a line each."""
    parts = ["# What else there is by name", ""]
    for title, path in KINDS.items():
        lines: Mapping[str, str] = _registry(path).lines()
        parts += [f"## {title}", "", table(("name", "what it is"), ((f"`{n}`", of) for n, of in lines.items())), ""]
    return "\n".join(parts)


def _models() -> str:
    """Every model with its parameters and published numbers."""
    from absvit.models import __main__ as models

    return f"# Models\n\nAs `python -m absvit.models` prints them.\n\n```text\n{models.table()}\n```\n"
