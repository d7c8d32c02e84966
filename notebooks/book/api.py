"""The reference of the code: every public object once, by its docstring."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator

__all__ = ["PACKAGES", "pages"]

PACKAGES = (
    "absvit", "absvit.priors", "absvit.models", "absvit.closed_form", "absvit.mechanisms", "absvit.networks",
    "absvit.records", "absvit.words", "absvit.training", "experiments", "experiments.measures",
    "experiments.statistics", "experiments.trials", "experiments.people", "experiments.people_score",
    "experiments.linking",
    "experiments.observers", "experiments.studies.task", "stimuli", "stimuli.designs",
)  # fmt: skip
INDEX = "# Code\n\nWhat each package shows to its users, as its docstrings tell it.\n\n```{{toctree}}\n{}\n```\n"


def pages() -> dict[str, str]:
    """Write a page a package, in reStructuredText, and their index, by path."""
    told: set[str] = set()
    found = {f"reference/code/{name}.rst": _page(name, told) for name in PACKAGES}
    return {"reference/code/index.md": INDEX.format("\n".join(PACKAGES)), **found}


def _page(package: str, told: set[str]) -> str:
    """A package: its own docstring, and its objects that no page before has told of."""
    lines = [package, "=" * len(package), "", f".. automodule:: {package}", "   :no-members:", ""]
    for name, home, kind in _objects(package):
        if home in told:
            lines += [f"- :py:obj:`{name} <{home}>`", ""]
        else:
            lines += [f".. {kind}:: {home}", *(["   :members:"] if kind == "autoclass" else []), ""]
        told.add(home)
    return "\n".join(lines)


def _objects(package: str) -> Iterator[tuple[str, str, str]]:
    """Name, home and directive of each object that a package names as public."""
    module = importlib.import_module(package)
    for name in sorted(getattr(module, "__all__", ())):
        found = getattr(module, name)
        if inspect.isclass(found) or inspect.isroutine(found):
            kind = "autoclass" if inspect.isclass(found) else "autofunction"
            yield name, f"{found.__module__}.{found.__qualname__}", kind
