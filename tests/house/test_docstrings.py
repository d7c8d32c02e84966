"""Public functions, classes and methods say what they do and what their parameters are; ruff is content."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = [file for p in ("absvit", "experiments", "notebooks", "stimuli") for file in sorted((ROOT / p).rglob("*.py"))]
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
CLASSES = {
    node.name for file in FILES for node in ast.parse(file.read_text("utf8")).body if isinstance(node, ast.ClassDef)
}
FOREIGN = {"ABC", "Dataset", "Module", "NamedTuple", "Protocol", "Sampler"}  # bases that describe no methods of ours


def public_definitions(parent: ast.AST, prefix: str = ""):
    """Public classes, functions and methods with their dotted names, without those inside functions."""
    for node in getattr(parent, "body", []):
        if isinstance(node, (ast.ClassDef, *FUNCTIONS)) and not node.name.startswith("_"):
            yield prefix + node.name, node
            if isinstance(node, ast.ClassDef):
                yield from public_definitions(node, f"{prefix}{node.name}.")


def decorators(node) -> set[str]:
    """Last names of a definition's decorators: `override` of `@typing.override`."""
    calls = [decorator.func if isinstance(decorator, ast.Call) else decorator for decorator in node.decorator_list]
    return {ast.unparse(call).rpartition(".")[2] for call in calls}


def parameters(function, is_method: bool) -> list[str]:
    """Names of the public parameters, without self or cls."""
    arguments = function.args
    named = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)]
    named = named[1:] if is_method and "staticmethod" not in decorators(function) else named
    named += [argument.arg for argument in arguments.kwonlyargs]
    return [name for name in named if not name.startswith("_")]


def described(function) -> bool:
    """Whether all that a function takes are objects of our classes, which say what these are."""
    arguments = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    kinds = [a.annotation for a in arguments if a.arg not in ("self", "cls")]
    return not function.args.vararg and all(isinstance(kind, ast.Name) and kind.id in CLASSES for kind in kinds)


def contracts(tree: ast.AST) -> set[str]:
    """Names of the classes that fill a contract: a base class says what their methods take."""
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    return {node.name for node in classes if {ast.unparse(base).rpartition(".")[2] for base in node.bases} - FOREIGN}


def faults(source: str) -> list[str]:
    """What the docstrings of a module lack. The parameters of timm's entry points are timm's own
    contract, and those of what draws a family stand in ``stimulus_set``."""
    tree = ast.parse(source)
    filled = contracts(tree)
    found = [] if ast.get_docstring(tree) else ["the module says nothing of its job"]
    for name, node in public_definitions(tree):
        documentation = ast.get_docstring(node) or ""
        if decorators(node) & {"override", "overload", "setter"}:
            continue
        if not documentation:
            found.append(f"{name}: no docstring")
        elif (
            isinstance(node, FUNCTIONS)
            and not {"register_model", "stimulus_set"} & decorators(node)
            and ("Parameters\n" in documentation or not (name.partition(".")[0] in filled or described(node)))
            and (needed := parameters(node, is_method="." in name))
        ):
            if not re.search(r"^Parameters\n-{10}$", documentation, re.MULTILINE):
                found.append(f"{name}: no Parameters section")
            else:
                entries = documentation.split("Parameters\n----------\n")[1]
                missing = [p for p in needed if not re.search(rf"^[^\n]*\b{p}\b", entries, re.MULTILINE)]
                found += [f"{name}: parameter {p} is not described" for p in missing]
    return found


def test_public_names_are_documented():
    found = {str(file.relative_to(ROOT)): faults(file.read_text("utf8")) for file in FILES}
    assert {name: wanting for name, wanting in found.items() if wanting} == {}


SECTION = '"""Do.\n\n    Parameters\n    ----------\n    a : thing\n    """'


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ("x = 1", 1),
        ('"""Job."""\ndef f(): pass', 1),
        ('"""Job."""\nclass A:\n    """An A."""\n    def f(self): pass', 1),
        ('"""Job."""\ndef f(a):\n    """Do."""', 1),
        (f'"""Job."""\ndef f(a, b):\n    {SECTION}', 1),
        (f'"""Job."""\ndef f(a):\n    {SECTION}', 0),
        ('"""Job."""\ndef f():\n    """Do."""\n    def inner(a): pass', 0),
        ('"""Job."""\nclass A:\n    """An A."""\n    @typing.override\n    def f(self, a): pass', 0),
        ('"""Job."""\nclass A(Task):\n    """An A."""\n    def f(self, a):\n        """Do."""', 0),
        ('"""Job."""\nclass A(nn.Module):\n    """An A."""\n    def f(self, a):\n        """Do."""', 1),
        ('"""Job."""\ndef f(a: Recipe, b: Task):\n    """Do."""', 0),
        ('"""Job."""\ndef f(a: Recipe, b: Tensor):\n    """Do."""', 1),
        ('"""Job."""\ndef _f(a): pass\nclass _A:\n    def f(self): pass', 0),
    ],
)
def test_the_check_itself_notices(source, count):
    assert len(faults(source)) == count


def test_ruff_has_nothing_to_say():
    command = [sys.executable, "-m", "ruff", "check", "--no-cache", "--output-format", "concise", "."]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
