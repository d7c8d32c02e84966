"""Figures: record -> matplotlib Figure, ready for a journal; nothing here runs a model.

Every figure is a pure function of records and a ``Style``, here by its name: ``figures.signature(record)``.
Its label, ``figure.get_label()``, is the caption, and ``numbers_of(figure)`` a table of all that it draws.
``FIGURES`` names them all; what draws is loaded with the first figure.
"""

from __future__ import annotations

import importlib

from stimuli.foundation.registry import Registry

LATER = {
    **dict.fromkeys(("INCH", "STYLE", "STYLES", "Style", "style_of"), "experiments.figures.style"),
    "Figure": "experiments.figures.figure",
    "balanced": "experiments.probes.bistable.signature_layout",
    "caption": "experiments.probes.bistable.signature",
    "check_figure": "experiments.figures.check",
    "numbers_of": "experiments.figures.numbers",
    "save": "experiments.figures.saving",
}
__all__ = ["FIGURES", *LATER]

FIGURES: Registry = Registry(
    "experiments.figures.figure:Figure",
    "absvit.figures",
    ("experiments.figures", "experiments.people_score", "experiments.probes"),
)


def __getattr__(name: str):
    if name in LATER:
        return getattr(importlib.import_module(LATER[name]), name)
    if name in FIGURES:
        return FIGURES[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*__all__, *FIGURES})
