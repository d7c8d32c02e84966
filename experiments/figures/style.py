"""Drawing: style, page and pieces that all figures share; a page is measured in mm."""

from __future__ import annotations

import warnings
from bisect import bisect_left
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import lru_cache
from typing import Literal

import matplotlib
import matplotlib.style
import numpy as np
import seaborn
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, get_font_names
from matplotlib.patches import Rectangle
from matplotlib.textpath import text_to_path

from experiments.statistics.intervals import number_text

__all__ = [
    "INCH", "STYLE", "STYLES", "Figure", "Style", "draw_bars", "overlay", "page_of", "place_picture", "plain", "points",
    "shortened", "style_of", "text_width", "two_digits",
]  # fmt: skip

INCH = 25.4  # mm
POINT = INCH / 72  # mm
VALUE_WIDTH = 6.0  # mm behind a bar
WIDEST = 1.15  # no glyph is wider, in units of the size of the text
SATURATED = 0.8  # of the colours of attention: the last ones are so pale that a grey picture looks bare under them
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
    palette : seaborn palette that colour-blind readers can tell apart; it starts with objects 1 and 2.
    attention : sequential, perceptually uniform colour map of attention maps.
    ordered : sequential colour map of lines that have an order, such as severities; its middle part is used.
    ink : colour of text and lines.
    track : colour of the full length of a probability bar.
    unknown : colour of the probability of a class that belongs to neither object.
    difference : diverging colour map of what a cue changes.
    fonts : names of fonts; a character is drawn in the first of those installed that has it.
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
        """Draw under these settings and, for all others, matplotlib's own: whatever a user's matplotlibrc says."""
        return matplotlib.style.context(self.settings(), after_reset=True)

    def settings(self) -> dict:
        """Settings of matplotlib: embedded TrueType text, thin lines, the same bytes each time."""
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
        """First colours of the palette.

        Parameters
        ----------
        n : how many, at least 1.

        Returns
        -------
        Colours as hexadecimal text.
        """
        return list(seaborn.color_palette(self.palette, n).as_hex())

    def looks(self, n: int) -> list[dict]:
        """How lines look that have no order: each has its own colour and marker; from the ninth on dashed, too.

        Parameters
        ----------
        n : how many, at least 1.

        Returns
        -------
        Keywords of matplotlib's lines; after 8 lines the colours come again with other dashes.
        """
        colours = self.colours(DISTINCT)
        return [
            {"color": colours[k % DISTINCT], "marker": MARKERS[k % DISTINCT], "linestyle": DASHES[k // DISTINCT % 3]}
            for k in range(n)
        ]

    def shades(self, n: int) -> list[dict]:
        """How lines look that have an order: from dark to light, each with its own marker.

        Parameters
        ----------
        n : how many, at least 1.

        Returns
        -------
        Keywords of matplotlib's lines.
        """
        colours = seaborn.color_palette(self.ordered, as_cmap=True)(np.linspace(0.05, 0.75, n))
        return [
            {"color": to_hex(colour), "marker": MARKERS[k % DISTINCT], "linestyle": DASHES[k // DISTINCT % 3]}
            for k, colour in enumerate(colours)
        ]


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
    """
    if name not in STYLES or column not in ("single", "double"):
        raise ValueError(f"expected one of {', '.join(STYLES)} and single or double, got {name!r} and {column!r}")
    style = replace(STYLES[name], column=column)
    if font is None:
        return style
    if font not in (installed := sorted(get_font_names())):
        near = get_close_matches(font, installed, n=5) or [one for one in style.fonts if one in installed]
        raise ValueError(f"there is no font {font!r} here; there is {', '.join(near)}")
    return replace(style, fonts=(font, *style.fonts))


def page_of(height: float, style: Style = STYLE) -> Axes:
    """Make a figure with axes over all of it, whose unit is the mm of the layout from the upper left corner.

    Parameters
    ----------
    height : height of the figure in mm of the layout.
    style : its width, and the size of a mm of the layout.
    """
    figure = Figure(figsize=(style.width * style.unit / INCH, height * style.unit / INCH))
    FigureCanvasAgg(figure)
    return figure.add_axes((0, 0, 1, 1), xlim=(0, style.width), ylim=(height, 0), frame_on=False, xticks=[], yticks=[])


def points(size: float) -> float:
    """Size of a line, a marker or a text of the figure that is being drawn, under the settings of its style.

    Parameters
    ----------
    size : in points of the layout.

    Returns
    -------
    Points; those of the layout on paper, more on slides.
    """
    return size * matplotlib.rcParams["lines.linewidth"] / STYLE.line


def place_picture(page: Axes, pixels: np.ndarray, x: float, y: float, width: float, height: float) -> None:
    """Place a picture; imshow alone would change the limits of the page.

    Parameters
    ----------
    page : what ``page_of`` gives.
    pixels : (y, x, channel) in [0, 1] or uint8.
    x, y : its upper left corner in mm.
    width, height : its size in mm.
    """
    limits = page.get_xlim(), page.get_ylim()
    page.imshow(pixels, extent=(x, x + width, y + height, y), aspect="auto", interpolation="antialiased")
    page.set(xlim=limits[0], ylim=limits[1])


def draw_bars(page: Axes, x: float, y: float, width: float, names, probabilities, colours, cue: int) -> None:
    """Draw probabilities: a name above a bar whose full length is 1, the value behind it.

    Parameters
    ----------
    page : what ``page_of`` gives.
    x, y : upper left corner in mm; a bar takes 7.2 mm.
    width : width in mm, values included.
    names : what the bars are of.
    probabilities : in [0, 1].
    colours : of the bars.
    cue : number of the bar that is set in bold, from 1; 0 for none.
    """
    length = width - VALUE_WIDTH
    for index, (name, p, colour) in enumerate(zip(names, probabilities, colours, strict=True)):
        weight = "bold" if cue == index + 1 else "normal"
        top = y + 7.2 * index
        page.text(x, top + 2.6, shortened(name, width, weight), weight=weight)
        page.text(x + width, top + 5.5, number_text(p), ha="right", weight=weight)
        for share, fill in ((1, STYLE.track), (float(p), colour)):
            page.add_patch(Rectangle((x, top + 3.5), length * share, 2.2, color=fill, linewidth=0))


def overlay(
    image: np.ndarray,
    values: np.ndarray,
    limits: tuple[float, float],
    opacity: float = 0.56,
    colours: str = STYLE.attention,
) -> np.ndarray:
    """Lay the colours of a map over a grey picture; where it is NaN, grey alone.

    Parameters
    ----------
    image : (y, x, channel) uint8.
    values : (y, x) map.
    limits : values of the first and the last colour.
    opacity : weight of the colours in [0, 1]; the picture has the rest.
    colours : name of a colour map.

    Returns
    -------
    (y, x, channel) in [0, 1].
    """
    grey = (image[..., :3] / 255) @ np.array([0.2126, 0.7152, 0.0722])  # luminance, Rec. 709
    share = (values - limits[0]) / max(limits[1] - limits[0], np.finfo(np.float32).tiny)
    most = SATURATED if colours == STYLE.attention else 1.0
    shades = seaborn.color_palette(colours, as_cmap=True)(most * np.clip(share, 0, 1))[..., :3]
    lit = opacity * shades + (1 - opacity) * grey[..., None]
    return np.where(np.isnan(values)[..., None], grey[..., None], lit)


def two_digits(value: float) -> str:
    """Write the end of a scale with two significant digits, large numbers in full: 0.67, 130.

    Parameters
    ----------
    value : the number.
    """
    text = f"{value:.2g}"
    return f"{float(text):.0f}" if "e+" in text else text


def plain(name: str) -> str:
    """Write a class name as a label: the first of its synonyms.

    Parameters
    ----------
    name : as the model calls the class.
    """
    return name.split(",")[0].replace("_", " ")


def text_width(text: str, weight: str = "normal") -> float:
    """Width of a text in mm of the layout.

    Parameters
    ----------
    text : the text.
    weight : "normal" or "bold".
    """
    return _text_width(text, weight, tuple(matplotlib.rcParams["font.family"]))


@lru_cache(1024)  # measuring takes a millisecond
def _text_width(text: str, weight: str, fonts: tuple[str, ...]) -> float:
    """Width of a text in fonts."""
    if not text.strip():
        return 0.0
    font = FontProperties(family=list(fonts), weight=weight)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # missing characters are told when the figure is saved
        outline, _ = text_to_path.get_text_path(font, text)  # control points, which is fast
    return max((x for x, _ in outline), default=0.0) / text_to_path.FONT_SCALE * STYLE.text * POINT


def shortened(text: str, width: float, weight: str = "normal") -> str:
    """Shorten a text to a width.

    Parameters
    ----------
    text : the text.
    width : most that it may take, in mm.
    weight : "normal" or "bold".
    """

    def fits(candidate: str) -> bool:
        return text_width(candidate, weight) <= width

    if len(text) * WIDEST * STYLE.text * POINT <= width or fits(text):  # measuring takes a millisecond
        return text
    length = bisect_left(range(1, len(text)), True, key=lambda n: not fits(f"{text[:n].rstrip()}…"))
    return f"{text[:length].rstrip()}…"
