"""Drawing: style, page and pieces that all figures share; a page is measured in mm."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass

import numpy as np
import seaborn
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import Rectangle
from matplotlib.textpath import TextPath

from experiments.measures.intervals import number_text

__all__ = [
    "INCH", "STYLE", "Figure", "Style", "draw_bars", "overlay", "page_of", "place_picture", "plain", "shortened",
]  # fmt: skip

INCH = 25.4  # mm
POINT = INCH / 72  # mm
VALUE_WIDTH = 6.0  # mm behind a bar
WIDEST = 1.15  # no glyph is wider, in units of the size of the text


@dataclass(frozen=True)
class Style:
    """Sizes and colours of all figures.

    Parameters
    ----------
    single : width of one column in mm.
    double : width of two columns in mm.
    text : size of text in points.
    letter : size of panel letters and headings in points.
    palette : seaborn palette that colour-blind readers can tell apart; it starts with objects 1 and 2.
    attention : sequential, perceptually uniform colour map of attention maps.
    ink : colour of text and lines.
    track : colour of the full length of a probability bar.
    unknown : colour of the probability of a class that belongs to neither object.
    difference : diverging colour map of what a cue changes.
    """

    single: float = 89.0
    double: float = 183.0
    text: float = 7.0
    letter: float = 8.0
    palette: str = "colorblind"
    attention: str = "rocket"
    ink: str = "#222222"
    track: str = "#e6e6ea"
    unknown: str = "#8a8a92"
    difference: str = "vlag"

    def settings(self) -> dict:
        """Settings of matplotlib: embedded TrueType text, thin lines, the same bytes each time."""
        return {
            "font.family": "sans-serif",
            "font.sans-serif": ["Arial", "Helvetica", "Liberation Sans", "DejaVu Sans"],
            "font.size": self.text,
            "axes.linewidth": 0.6,
            "axes.labelsize": self.text,
            "xtick.labelsize": self.text,
            "xtick.major.width": 0.6,
            "xtick.major.size": 2.5,
            "text.color": self.ink,
            "axes.edgecolor": self.ink,
            "axes.labelcolor": self.ink,
            "xtick.color": self.ink,
            "pdf.fonttype": 42,
            "svg.fonttype": "none",
            "svg.hashsalt": "absvit",
        }

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


STYLE = Style()


def page_of(height: float) -> Axes:
    """Make a figure of two columns' width with axes over all of it, whose unit is the mm from the upper left corner.

    Parameters
    ----------
    height : height of the figure in mm.
    """
    figure = Figure(figsize=(STYLE.double / INCH, height / INCH))
    FigureCanvasAgg(figure)
    return figure.add_axes((0, 0, 1, 1), xlim=(0, STYLE.double), ylim=(height, 0), frame_on=False, xticks=[], yticks=[])


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
    shades = seaborn.color_palette(colours, as_cmap=True)(np.clip(share, 0, 1))[..., :3]
    lit = opacity * shades + (1 - opacity) * grey[..., None]
    return np.where(np.isnan(values)[..., None], grey[..., None], lit)


def plain(name: str) -> str:
    """Write a class name as a label: the first of its synonyms.

    Parameters
    ----------
    name : as the model calls the class.
    """
    return name.split(",")[0].replace("_", " ")


def shortened(text: str, width: float, weight: str = "normal") -> str:
    """Shorten a text to a width.

    Parameters
    ----------
    text : the text.
    width : most that it may take, in mm.
    weight : "normal" or "bold".
    """

    def fits(candidate: str) -> bool:
        outline = TextPath((0, 0), candidate, size=STYLE.text, prop=FontProperties(weight=weight))
        return outline.vertices[:, 0].max() * POINT <= width  # of the control points, which is fast

    if len(text) * WIDEST * STYLE.text * POINT <= width or fits(text):  # measuring takes a millisecond
        return text
    length = bisect_left(range(1, len(text)), True, key=lambda n: not fits(f"{text[:n].rstrip()}…"))
    return f"{text[:length].rstrip()}…"
