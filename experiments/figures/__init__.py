"""Figures: record -> matplotlib Figure, ready for a journal; nothing here runs a model.

Every figure is a pure function of records and a ``Style``, here by its name: ``figures.signature(record)``. Its label,
``figure.get_label()``, is the caption, and ``numbers_of(figure)`` a table of all that it draws. ``FIGURES`` names them
all; what draws is loaded with the first figure.
"""

from __future__ import annotations

import importlib

from experiments.figures.figure import FIGURES, Figure
from experiments.figures.style import INCH, STYLE, STYLES, Style, style_of

LATER = {
    "balanced": "experiments.probes.bistable.signature_layout",
    "caption": "experiments.probes.bistable.signature",
    "check_figure": "experiments.figures.check",
    "numbers_of": "experiments.figures.numbers",
    "save": "experiments.figures.saving",
}
__all__ = ["FIGURES", "INCH", "STYLE", "STYLES", "Figure", "Style", "style_of", *LATER]


def __getattr__(name: str):
    if name in LATER:
        return getattr(importlib.import_module(LATER[name]), name)
    if name in FIGURES:
        return FIGURES[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*__all__, *FIGURES})
