"""Strokes: lines that colour-blind readers can tell apart, by dashes beside colours, and their legend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from experiments.figures.page import points, shortened
from experiments.figures.style import STYLE

__all__ = ["draw_names", "strokes"]


def strokes(n: int) -> list[dict]:
    """Colours and dashes of lines without markers, where the points are too many for them.

    Returns
    -------
    Settings of each line, those of ``STYLE.looks`` without its markers; a single one has the colour of text.
    """
    if n < 2:
        return [{"color": STYLE.ink, "linestyle": "-"}] * n
    return [{"color": look["color"], "linestyle": look["linestyle"]} for look in STYLE.looks(n)]


def draw_names(
    page: Axes, x: float, y: float, width: float, names: Sequence[str], lines: Sequence[Mapping], columns: int
) -> None:
    """Draw a legend: a stroke of each line and its name behind it, row by row.

    Parameters
    ----------
    page : what ``drawing.page_of`` gives.
    x, y : left edge and middle of the first row in mm; a row takes 4 mm.
    width : width in mm.
    names : of the lines.
    lines : their settings, what ``strokes`` gives.
    columns : names in a row.
    """
    pitch = width / columns
    for k, (name, line) in enumerate(zip(names, lines, strict=True)):
        row, column = divmod(k, columns)
        left, middle = x + column * pitch, y + 4 * row
        page.add_line(Line2D([left, left + 5], [middle, middle], lw=points(1.3), **line))
        page.text(left + 6, middle, shortened(name, pitch - 9), va="center")
