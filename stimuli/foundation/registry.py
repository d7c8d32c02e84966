"""Registries: objects of one kind by name, ours and those of installed packages, loaded when asked for.

An object of ours is found where it is declared: a module of the registry's packages that calls the kind at
its top level, ``FAMILY = Family("halves", "two objects side by side", ...)``, or a subclass that is named
after it, such as ``PictureRecipe`` of ``Recipe``. Name and one line are read off that call without running
it, so that listing what there is imports nothing; and so are the names in ``formerly``, under which it is
found, too. Other packages name theirs in an entry point::

    [project.entry-points."absvit.families"]
    flash_lag = "my_lab.flash_lag:FAMILY"
"""

from __future__ import annotations

import ast
import difflib
import importlib
import importlib.util
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Generic, TypeVar

__all__ = ["Registry", "later"]

T = TypeVar("T")


@dataclass(frozen=True)
class later:
    """A function that is imported when it is first called.

    Parameters
    ----------
    path : ``module:function``.
    """

    path: str

    def __call__(self, *args, **kwargs):
        """Call the function."""
        return self.function(*args, **kwargs)

    @property
    def function(self):
        """The function itself."""
        return _load(self.path)


@dataclass(frozen=True)
class Declared:
    """Where an object is declared, and what its declaration says of it.

    Parameters
    ----------
    path : ``module:attribute``.
    line : what it is, in one line.
    formerly : names that it had; what was written under them is still read.
    """

    path: str
    line: str
    formerly: tuple[str, ...] = ()


class Registry(Mapping[str, T], Generic[T]):
    """The objects of one kind by name.

    Parameters
    ----------
    kind : class of the objects, given as ``module:name`` so that it is imported only with the first object;
        the first two arguments of its calls are the object's name and its one line, both literals, as are
        the names that it had before (``formerly``), by which it goes on being found.
    group : group of entry points in which other packages name theirs.
    packages : our packages in which objects are declared.
    """

    def __init__(self, kind: str, group: str, packages: tuple[str, ...]) -> None:
        self._kind, self._group, self._packages = kind, group, packages

    @cached_property
    def _ours(self) -> dict[str, Declared]:
        called = self._kind.rpartition(":")[2]
        found = {}
        for package in self._packages:
            for module, file in _modules(package):
                found |= _declared(module, file, called)
        return dict(sorted(found.items()))

    @cached_property
    def _former(self) -> dict[str, str]:
        """Names of ours by those that they had."""
        return {
            old: name for name, declared in self._ours.items() for old in declared.formerly if old not in self._ours
        }

    @cached_property
    def _theirs(self) -> dict[str, EntryPoint]:
        return {point.name: point for point in entry_points(group=self._group)}

    def __iter__(self) -> Iterator[str]:
        return iter([*self._ours, *(name for name in self._theirs if name not in self._ours)])

    def __len__(self) -> int:
        return len(list(iter(self)))

    def __contains__(self, name: object) -> bool:
        return name in self._ours or name in self._theirs or name in self._former

    def __getitem__(self, name: str) -> T:
        if name not in self._theirs:
            name = self._former.get(name, name)
        if name in self._ours:
            return self._checked(_load(self._ours[name].path), name, self._ours[name].path)
        if name in self._theirs:
            return self._foreign(self._theirs[name])
        near = difflib.get_close_matches(str(name), list(self), 3, 0.5)
        expected = f"did you mean {' or '.join(near)}?" if near else f"expected one of {', '.join(self)}"
        raise ValueError(f"there is no {self.noun} {name!r}: {expected}")

    @property
    def noun(self) -> str:
        """What an object is called: "family", "probe" ..."""
        return self._kind.rpartition(":")[2].lower()

    def of(self, given: str | T) -> T:
        """Give an object by its name, or as it is.

        A ValueError names the nearest where none has the name; a TypeError, what is of another kind.
        """
        return self[given] if isinstance(given, str) else self._checked(given, None, "the caller")

    def within(self, package: str) -> list[str]:
        """Give the names of those of our objects that a package declares."""
        return [name for name, declared in self._ours.items() if declared.path.startswith(f"{package}.")]

    def lines(self) -> dict[str, str]:
        """Say what each object is, in a line; a package whose object cannot be had is said instead of it."""
        said = {name: declared.line for name, declared in self._ours.items()}
        for name, point in self._theirs.items():
            try:
                said.setdefault(name, self._line(self._foreign(point)))
            except (ValueError, TypeError) as error:
                said.setdefault(name, f"cannot be used: {error}")
            if name in self._ours:
                said[f"{name} ({_package(point)})"] = f"cannot be used: {self._taken(point)}"
        return said

    def _line(self, item: T) -> str:
        second = list(vars(item).values())[1]
        return str(second)

    def _foreign(self, point: EntryPoint) -> T:
        """An object that another package declares."""
        try:
            found = point.load()
        except Exception as error:  # whatever their module does when it is imported
            raise ValueError(
                f"the {self.noun} {point.name!r} of the package {_package(point)} cannot be imported "
                f"({type(error).__name__}: {error}): mend or uninstall the package"
            ) from error
        return self._checked(found, point.name, f"the package {_package(point)}")

    def _checked(self, found: object, name: str | None, whence: str) -> T:
        kind = _load(self._kind)
        if not isinstance(found, kind):
            what = f"as the {self.noun} {name!r}" if name else f"where a {self.noun} or its name is expected"
            refusal = ValueError if name else TypeError  # of what a package declares, or of an argument
            raise refusal(f"{whence} gives {type(found).__name__} {what}: give an object of {kind.__name__}")
        if name and found.name != name:
            raise ValueError(f"{whence} declares the {self.noun} {found.name!r} under the name {name!r}: use one name")
        return found

    def _taken(self, point: EntryPoint) -> str:
        return f"the package {_package(point)} takes the name {point.name!r}, which is ours: rename its {self.noun}"


def _package(point: EntryPoint) -> str:
    return point.dist.name if point.dist else point.value.partition(":")[0]


def _load(path: str):
    module, _, attribute = path.partition(":")
    return getattr(importlib.import_module(module), attribute)


def _modules(package: str) -> Iterator[tuple[str, Path]]:
    """Names and files of a package's modules, its packages' too; only the packages above it are imported."""
    for place in importlib.util.find_spec(package).submodule_search_locations:
        for file in sorted(Path(place).rglob("*.py")):
            parts = file.relative_to(place).with_suffix("").parts
            yield ".".join([package, *parts]).removesuffix(".__init__"), file


def _declared(module: str, file: Path, called: str) -> dict[str, Declared]:
    """Objects that a module declares: calls of the kind at its top level that are given a name."""
    source = file.read_text(encoding="utf-8")
    if f"{called}(" not in source:
        return {}
    found = {}
    for statement in ast.parse(source).body:
        if not isinstance(statement, ast.Assign) or not isinstance(statement.value, ast.Call):
            continue
        call, target = statement.value, statement.targets[0]
        if isinstance(call.func, ast.Name) and call.func.id.endswith(called) and isinstance(target, ast.Name):
            name, line = (ast.literal_eval(argument) for argument in call.args[:2])
            former = [ast.literal_eval(given.value) for given in call.keywords if given.arg == "formerly"]
            found[name] = Declared(f"{module}:{target.id}", line, *former)
    return found
