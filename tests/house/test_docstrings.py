"""Public functions, classes and methods say what they do and what their parameters are; ruff is content."""

import ast
import importlib
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = [file for p in ("absvit", "experiments", "notebooks", "stimuli") for file in sorted((ROOT / p).rglob("*.py"))]
PAGES = (
    "absvit", "absvit.priors", "absvit.models.maps", "absvit.images", "absvit.records", "stimuli", "experiments",
    "experiments.measures", "experiments.statistics", "experiments.trials", "experiments.figures",
)  # fmt: skip
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def public_definitions(parent: ast.AST, prefix: str = ""):
    """Public classes, functions and methods with their dotted names, without those inside functions."""
    for node in getattr(parent, "body", []):
        if isinstance(node, (ast.ClassDef, *FUNCTIONS)) and not node.name.startswith("_"):
            yield prefix + node.name, node
            if isinstance(node, ast.ClassDef):
                yield from public_definitions(node, f"{prefix}{node.name}.")


def parameters(function, is_method: bool) -> list[str]:
    """Names of the public parameters, without self or cls."""
    arguments = function.args
    named = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)]
    named = named[1:] if is_method and "staticmethod" not in map(ast.unparse, function.decorator_list) else named
    named += [argument.arg for argument in arguments.kwonlyargs]
    return [name for name in named if not name.startswith("_")]


def missing(documentation: str, needed: list[str]) -> list[str]:
    """Which of its parameters a Parameters section does not describe."""
    entries = documentation.partition("Parameters\n----------\n")[2]
    return [p for p in needed if not re.search(rf"^[^\n]*\b{p}\b", entries, re.MULTILINE)]


def faults(source: str) -> list[str]:
    """What the Parameters sections of a module leave out; docstrings that are missing are told by ruff."""
    found = []
    for name, node in public_definitions(ast.parse(source)):
        documentation = ast.get_docstring(node) or ""
        if isinstance(node, FUNCTIONS) and "Parameters\n---" in documentation:
            found += [f"{name}: {p}" for p in missing(documentation, parameters(node, is_method="." in name))]
    return found


def test_sections_of_parameters_are_whole():
    for file in FILES:
        assert faults(file.read_text("utf8")) == [], file


def on_pages():
    """Functions of the public pages, by name."""
    for page in PAGES:
        module = importlib.import_module(page)
        for name in getattr(module, "__all__", ()):
            if inspect.isfunction(function := getattr(module, name)) and inspect.signature(function).parameters:
                yield f"{page}.{name}", function


def test_public_pages_describe_every_parameter():
    for name, function in on_pages():
        needed = [p for p in inspect.signature(function).parameters if not p.startswith("_")]
        assert missing(inspect.getdoc(function) or "", needed) == [], name


SECTION = '"""Do.\n\n    Parameters\n    ----------\n    a : thing\n    """'


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ('def f(a):\n    """Do."""', 0),
        (f"def f(a, b):\n    {SECTION}", 1),
        (f"def f(a, _b):\n    {SECTION}", 0),
        (f"class A:\n  def f(self, a):\n    {SECTION}", 0),
        (f"class A:\n  @staticmethod\n  def f(b, a):\n    {SECTION}", 1),
        (f"def _f(a, b):\n    {SECTION}", 0),
    ],
)
def test_the_check_itself_notices(source, count):
    assert len(faults(source)) == count


def test_ruff_has_nothing_to_say():
    command = [sys.executable, "-m", "ruff", "check", "--no-cache", "--output-format", "concise", "."]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
