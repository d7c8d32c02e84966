"""Light axes on a page in mm, for figures that are drawn again with every move of a slider.

Matplotlib's own axes take 20 ms each, most of it for ticks. These are a line and some texts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Polygon
from matplotlib.ticker import MaxNLocator

from experiments.figures.page import points
from experiments.figures.style import STYLE

__all__ = ["LightAxes", "draw_cursor", "draw_axes", "draw_line", "nice"]

TICK = 0.9  # mm


@dataclass(frozen=True)
class LightAxes:
    """A rectangle of a page with linear scales.

    Parameters
    ----------
    left, top : upper left corner in mm.
    width, height : in mm.
    across : values at the left and the right edge.
    up : values at the lower and the upper edge.
    """

    left: float
    top: float
    width: float
    height: float
    across: tuple[float, float]
    up: tuple[float, float]

    def x(self, values):
        """Distance of values from the page's left edge in mm."""
        low, high = self.across
        return self.left + (np.asarray(values, float) - low) / (high - low) * self.width

    def y(self, values):
        """Distance of values from the page's upper edge in mm."""
        low, high = self.up
        return self.top + (high - np.asarray(values, float)) / (high - low) * self.height


def nice(low: float, high: float, n: int = 3) -> list[float]:
    """Round numbers between two values."""
    return [tick for tick in MaxNLocator(n).tick_values(low, high) if low <= tick <= high]


def draw_axes(
    page: Axes, axes: LightAxes, names: tuple[str, str], across: Sequence[float], up: Sequence[float], up_texts=None
) -> None:
    """Draw lines, ticks and their numbers, and the names of the horizontal and the vertical axis.

    Other texts than their numbers may stand at the vertical ticks.
    """
    right, bottom = axes.left + axes.width, axes.top + axes.height
    xs, ys = [axes.left, axes.left, right], [axes.top, bottom, bottom]
    for tick in axes.x(across):
        xs, ys = [*xs, np.nan, tick, tick], [*ys, np.nan, bottom, bottom + TICK]
    for tick in axes.y(up):
        xs, ys = [*xs, np.nan, axes.left, axes.left - TICK], [*ys, np.nan, tick, tick]
    page.add_line(Line2D(xs, ys, color=STYLE.ink, linewidth=points(0.6), solid_capstyle="butt"))
    for value, place in zip(across, axes.x(across), strict=True):
        page.text(place, bottom + 1.4, f"{value:g}", ha="center", va="top")
    texts = up_texts or [f"{value:g}" for value in up]
    for text, place in zip(texts, axes.y(up), strict=True):
        page.text(axes.left - 1.6, place, text, ha="right", va="center")
    page.text(axes.left + axes.width / 2, bottom + 5, names[0], ha="center", va="top")
    beside = axes.left - 3.5 - 1.45 * max(map(len, texts), default=0)  # digits are at most 1.45 mm wide
    page.text(beside, axes.top + axes.height / 2, names[1], ha="center", va="center", rotation=90)


def draw_line(page: Axes, axes: LightAxes, x, y, interval=None, **look) -> None:
    """Draw a line, which NaN breaks, and its interval (lower and upper ends of y) as a band where it has a
    width.

    The look is that of matplotlib's Line2D, with sizes in points of the layout.
    """
    if interval is not None:
        low, high = (np.asarray(end, float) for end in interval)
        known = ~np.isnan(low)
        if (high[known] > low[known]).any():
            there = axes.x(np.asarray(x)[known])
            corners = [*zip(there, axes.y(low[known]), strict=True)]
            corners += [*zip(there, axes.y(high[known]), strict=True)][::-1]
            page.add_patch(Polygon(corners, color=look["color"], alpha=0.2, linewidth=0))
    look = {"linewidth": 1.1, "markersize": 2.5, **look}
    look |= {name: points(look[name]) for name in ("linewidth", "markersize")}
    page.add_line(Line2D(axes.x(x), axes.y(y), **look))


def draw_cursor(page: Axes, axes: LightAxes, at: float) -> None:
    """Mark a value of the horizontal axis."""
    x, dashes = axes.x([at, at]), (0, (4, 3))
    look = {"color": STYLE.unknown, "linewidth": points(0.9), "linestyle": dashes, "zorder": 0.5}
    page.add_line(Line2D(x, [axes.top, axes.top + axes.height], **look))
