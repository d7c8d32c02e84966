"""Page: a figure whose unit is the mm, and the pieces that all figures place on it."""

from __future__ import annotations

import re
import warnings
from bisect import bisect_left
from functools import lru_cache

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import Rectangle
from matplotlib.textpath import text_to_path

from experiments.figures.style import INCH, STYLE, Style, colour_map
from experiments.statistics.intervals import number_text

__all__ = [
    "Figure", "draw_bars", "overlay", "page_of", "place_picture", "plain", "points", "shortened", "text_width",
    "two_digits",
]  # fmt: skip

POINT = INCH / 72  # mm
VALUE_WIDTH = 6.0  # mm behind a bar
WIDEST = 1.15  # no glyph is wider, in units of the size of the text
SATURATED = 0.8  # of the colours of attention: the last ones are so pale that a grey picture looks bare under them


def page_of(height: float, style: Style = STYLE) -> Axes:
    """Make a figure of so many mm height with axes over all of it.

    Their unit is the mm of the layout, from the upper left corner.
    """
    figure = Figure(figsize=(style.width * style.unit / INCH, height * style.unit / INCH))
    FigureCanvasAgg(figure)
    return figure.add_axes((0, 0, 1, 1), xlim=(0, style.width), ylim=(height, 0), frame_on=False, xticks=[], yticks=[])


def points(size: float) -> float:
    """Points of a line, a marker or a text of so many points of the layout: as many on paper, more on slides.

    It goes by the settings of the style under which a figure is being drawn.
    """
    return size * matplotlib.rcParams["lines.linewidth"] / STYLE.line


def place_picture(page: Axes, pixels: np.ndarray, x: float, y: float, width: float, height: float) -> None:
    """Place a picture (y, x, channel), in [0, 1] or uint8, at x, y and in a size in mm.

    Imshow alone would change the limits of the page.
    """
    limits = page.get_xlim(), page.get_ylim()
    page.imshow(pixels, extent=(x, x + width, y + height, y), aspect="auto", interpolation="antialiased")
    page.set(xlim=limits[0], ylim=limits[1])


def draw_bars(page: Axes, x: float, y: float, width: float, names, probabilities, colours, cue: int) -> None:
    """Draw probabilities: a name above a bar whose full length is 1, the value behind it.

    A bar takes 7.2 mm below x, y, and a width in mm, its value included; that of the number cue, from 1, is
    bold.
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
    """Lay the colours of a map (y, x) over a grey picture (y, x, channel) uint8; where it is NaN, grey alone.

    Parameters
    ----------
    image, values : picture and map.
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
    shades = colour_map(colours)(most * np.clip(share, 0, 1))[..., :3]
    lit = opacity * shades + (1 - opacity) * grey[..., None]
    return np.where(np.isnan(values)[..., None], grey[..., None], lit)


def two_digits(value: float) -> str:
    """Write the end of a scale with two significant digits, large numbers in full: 0.67, 130."""
    text = f"{value:.2g}"
    return f"{float(text):.0f}" if "e+" in text else text


def plain(name: str) -> str:
    """Write a class name as a label: the first of its synonyms, without the WordNet identifier of one of two alike.

    Of several classes, with semicolons between them, each is so written.
    """
    first = [re.sub(r" \(n\d{8}\)$", "", each.split(",")[0]).strip() for each in name.split(";")]
    return " or ".join(first).replace("_", " ")


def text_width(text: str, weight: str = "normal") -> float:
    """Width of a text, "normal" or "bold", in mm of the layout."""
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
    """Shorten a text to a width in mm."""

    def fits(candidate: str) -> bool:
        return text_width(candidate, weight) <= width

    if len(text) * WIDEST * STYLE.text * POINT <= width or fits(text):  # measuring takes a millisecond
        return text
    length = bisect_left(range(1, len(text)), True, key=lambda n: not fits(f"{text[:n].rstrip()}…"))
    return f"{text[:length].rstrip()}…"
