"""timm learns our variants when it is imported, at once or later: importing absvit does not load it."""

from __future__ import annotations

import importlib
import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

__all__ = ["register"]

VARIANTS = ("absvit.models.zoo.variants", "absvit.closed_form.registered")  # register all, when they are imported


def register() -> None:
    """Let timm know our variants: now if it is loaded, else as soon as it is."""
    if "timm" in sys.modules:
        _import_variants()
    elif not any(isinstance(finder, _BesideTimm) for finder in sys.meta_path):
        sys.meta_path.insert(0, _BesideTimm())


def _import_variants() -> None:
    for module in VARIANTS:
        importlib.import_module(module)


class _BesideTimm(MetaPathFinder):
    """Finds timm as the finders after it do, and has the variants registered once timm has been run."""

    def find_spec(self, name: str, path: object = None, target: ModuleType | None = None) -> ModuleSpec | None:
        if name != "timm":
            return None
        others = (finder for finder in sys.meta_path if finder is not self and hasattr(finder, "find_spec"))
        spec = next(filter(None, (finder.find_spec(name, path, target) for finder in others)), None)
        if spec is not None and spec.loader is not None:
            self._follow(spec)
        return spec

    def _follow(self, spec: ModuleSpec) -> None:
        """Register after the module has been run; its loader, of this one spec, is itself again then."""
        loader, run = spec.loader, spec.loader.exec_module

        def run_and_register(module: ModuleType) -> None:
            run(module)
            loader.__dict__.pop("exec_module", None)
            if self in sys.meta_path:
                sys.meta_path.remove(self)
            _import_variants()

        loader.exec_module = run_and_register
