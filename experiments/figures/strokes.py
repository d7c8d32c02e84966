"""Strokes: lines that colour-blind readers can tell apart, by dashes beside colours, and their legend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from experiments.figures.page import points, shortened
from experiments.figures.style import STYLE

__all__ = ["draw_names", "strokes"]


def strokes(n: int) -> list[dict]:
    """Colours and dashes of n lines without markers, where the points are too many for them.

    A single line has the colour of text.
    """
    if n < 2:
        return [{"color": STYLE.ink, "linestyle": "-"}] * n
    return [{"color": look["color"], "linestyle": look["linestyle"]} for look in STYLE.looks(n)]


def draw_names(
    page: Axes, x: float, y: float, width: float, names: Sequence[str], lines: Sequence[Mapping], columns: int
) -> None:
    """Draw a legend: a stroke of each line and its name behind it, row by row.

    It starts at x mm; y mm is the middle of the first row, and a row takes 4 mm.
    """
    pitch = width / columns
    for k, (name, line) in enumerate(zip(names, lines, strict=True)):
        row, column = divmod(k, columns)
        left, middle = x + column * pitch, y + 4 * row
        page.add_line(Line2D([left, left + 5], [middle, middle], lw=points(1.3), **line))
        page.text(left + 6, middle, shortened(name, pitch - 9), va="center")
