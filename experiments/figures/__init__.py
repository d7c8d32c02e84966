"""Figures: record -> matplotlib Figure, ready for a journal; one file a figure, nothing here runs a model.

Every figure is a pure function of records and a ``Style``; its label, ``figure.get_label()``, is the caption, and
``numbers_of(figure)`` a table of all that it draws.
``catalogue.FIGURES`` names them all.
"""

from experiments.figures.numbers import numbers_of
from experiments.figures.saving import save
from experiments.figures.style import INCH, STYLE, STYLES, Figure, Style, style_of
from experiments.probes.bistable.signature import caption, signature
from experiments.probes.bistable.signature_layout import balanced
from experiments.probes.bistable.steering import steering

__all__ = ["INCH", "STYLE", "STYLES", "Figure", "Style", "balanced", "caption", "numbers_of", "save", "signature",
           "steering", "style_of"]  # fmt: skip
