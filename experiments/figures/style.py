"""Style: sizes, colours and fonts of all figures; it loads matplotlib only when it is drawn with."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Literal

import numpy as np

__all__ = ["INCH", "STYLE", "STYLES", "Style", "colour_map", "style_of"]

INCH = 25.4  # mm
DISTINCT = 8  # colours of the palette that can be told apart as lines
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "p")
DASHES = ("-", (0, (4, 1.5)), (0, (1, 1)))
LATIN = ("Arial", "Helvetica", "Liberation Sans", "DejaVu Sans")
CJK = (
    "Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans SC", "Noto Sans JP", "Noto Sans KR", "Source Han Sans SC",
    "PingFang SC", "Hiragino Sans", "Hiragino Sans GB", "Apple SD Gothic Neo", "Microsoft YaHei", "Yu Gothic",
    "Malgun Gothic", "WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "IPAexGothic", "Droid Sans Fallback",
    "Arial Unicode MS",
)  # fmt: skip


@dataclass(frozen=True)
class Style:
    """Sizes and colours of all figures.

    Parameters
    ----------
    column : whether a figure is one or two columns wide.
    single : width of one column in mm.
    double : width of two columns in mm.
    unit : size of a mm of the layout in mm: 1 on paper, more on slides, whose text and lines grow alike.
    text : size of text in points of the layout.
    letter : size of panel letters and headings in points of the layout.
    line : width of the lines of data in points of the layout.
    palette : one of seaborn's, whose colours colour-blind readers can tell apart; it starts with objects 1
        and 2.
    attention : sequential, perceptually uniform colour map of attention maps, of seaborn or matplotlib as all
        maps.
    ordered : sequential colour map of lines that have an order, such as severities; its middle part is used.
    ink : colour of text and lines.
    track : colour of the full length of a probability bar.
    unknown : colour of the probability of a class that belongs to neither object.
    difference : diverging colour map of what a cue changes.
    fonts : names of fonts; a character is drawn in the first of those installed that has it.

    Examples
    --------
    >>> experiments.figures.Style(text=8.0).text  # pt
    8.0
    """

    column: Literal["single", "double"] = "double"
    single: float = 89.0
    double: float = 180.0
    unit: float = 1.0
    text: float = 7.0
    letter: float = 8.0
    line: float = 1.1
    palette: str = "colorblind"
    attention: str = "rocket"
    ordered: str = "viridis"
    ink: str = "#222222"
    track: str = "#e6e6ea"
    unknown: str = "#8a8a92"
    difference: str = "vlag"
    fonts: tuple[str, ...] = (*LATIN, *CJK)

    @property
    def width(self) -> float:
        """Width of a figure in mm of the layout."""
        return self.single if self.column == "single" else self.double

    def context(self) -> AbstractContextManager:
        """Draw under these settings and otherwise matplotlib's own, whatever a user's matplotlibrc says."""
        import matplotlib.style

        return matplotlib.style.context(self.settings(), after_reset=True)

    def settings(self) -> dict:
        """Settings of matplotlib: embedded TrueType text, thin lines, the same bytes each time."""
        from matplotlib.font_manager import get_font_names

        text, thin = self.text * self.unit, 0.6 * self.unit
        installed = set(get_font_names())
        return {
            # by their names, since matplotlib takes the missing characters of a generic family from nowhere else
            "font.family": [*(name for name in self.fonts if name in installed), "sans-serif"],
            "font.sans-serif": [name for name in self.fonts if name not in CJK] or [LATIN[-1]],
            "text.parse_math": False,  # a $ is a character of a name
            "font.size": text,
            "axes.linewidth": thin,
            "axes.labelsize": text,
            "axes.labelpad": 2.5 * self.unit,
            "axes.unicode_minus": True,
            "lines.linewidth": self.line * self.unit,
            "lines.markersize": 3 * self.unit,
            "lines.markeredgewidth": 0.8 * self.unit,
            "patch.linewidth": thin,
            **{f"{axis}tick.{name}": value for axis in "xy" for name, value in (
                ("labelsize", text), ("major.width", thin), ("major.size", 2.5 * self.unit),
                ("major.pad", 2.5 * self.unit), ("color", self.ink),
            )},
            "text.color": self.ink,
            "axes.edgecolor": self.ink,
            "axes.labelcolor": self.ink,
            "pdf.fonttype": 42,
            "svg.fonttype": "none",
            "svg.hashsalt": "absvit",
        }  # fmt: skip

    def colours(self, n: int) -> list[str]:
        """First n colours of the palette as hexadecimal text; behind the last one it starts anew."""
        import seaborn

        return seaborn.color_palette(self.palette, n).as_hex()

    def looks(self, n: int) -> list[dict]:
        """How n lines look that have no order, as keywords of matplotlib's lines.

        Each has its own colour and marker; from the ninth on the colours come again with other dashes.
        """
        colours = self.colours(DISTINCT)
        return [{"color": colours[k % DISTINCT], **_marks(k)} for k in range(n)]

    def looks_of(self, names: Iterable[str]) -> dict[str, dict]:
        """How lines of these names look."""
        names = list(names)
        return dict(zip(names, self.looks(len(names)), strict=True))

    def shades(self, n: int) -> list[dict]:
        """How n lines look that have an order, as keywords: from dark to light, each with its own marker."""
        from matplotlib.colors import to_hex

        colours = colour_map(self.ordered)(np.linspace(0.05, 0.75, n))
        return [{"color": to_hex(colour), **_marks(k)} for k, colour in enumerate(colours)]


def _marks(k: int) -> dict:
    """Marker and dashes of the line of this number."""
    return {"marker": MARKERS[k % DISTINCT], "linestyle": DASHES[k // DISTINCT % len(DASHES)]}


def colour_map(name: str):
    """Give a colour map of seaborn or matplotlib by its name."""
    import seaborn

    return seaborn.color_palette(name, as_cmap=True)


STYLE = Style()
STYLES = {"paper": STYLE, "slides": replace(STYLE, unit=1.85)}  # a slide is 338.7 mm wide, its text then 13 points


def style_of(name: str = "paper", column: Literal["single", "double"] = "double", font: str | None = None) -> Style:
    """Give a style by its name.

    Parameters
    ----------
    name : one of ``STYLES``.
    column : "single" or "double", the width of a figure.
    font : name of an installed font, which comes before the others.

    Raises
    ------
    ValueError : there is no such style, width or font.

    Examples
    --------
    >>> experiments.figures.style_of("paper", column="single").single  # mm
    89.0
    """
    if name not in STYLES or column not in ("single", "double"):
        raise ValueError(f"expected one of {', '.join(STYLES)} and single or double, got {name!r} and {column!r}")
    style = replace(STYLES[name], column=column)
    if font is None:
        return style
    from matplotlib.font_manager import get_font_names

    if font not in (installed := sorted(get_font_names())):
        near = get_close_matches(font, installed, n=5) or [one for one in style.fonts if one in installed]
        raise ValueError(f"there is no font {font!r} here; there is {', '.join(near)}")
    return replace(style, fonts=(font, *style.fonts))
