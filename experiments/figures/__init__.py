"""Figures: record -> matplotlib Figure, ready for a journal; one file a figure, nothing here runs a model."""

from experiments.figures.drawing import INCH, STYLE, Style
from experiments.figures.panels import balanced, caption
from experiments.figures.signature import save, signature, steering

__all__ = ["INCH", "STYLE", "Style", "balanced", "caption", "save", "signature", "steering"]
