"""A page of a report as sheets of A4: text in columns, the figure, a ruled table, all of it type and lines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.figures.layout import Layout, draw_panels, panels_height
from experiments.figures.page import page_of, shortened, text_width
from experiments.figures.style import STYLE
from experiments.people_score.report.page_text import COLUMNS, PageText

__all__ = ["sheets_of"]

WIDTH, HEIGHT, SIDE, HEAD, FOOT = 210.0, 297.0, 15.0, 12.0, 286.0  # mm of A4, and its margins
WIDE, BETWEEN = WIDTH - 2 * SIDE, 7.0  # mm of the text, and between its columns
SMALL, TINY, LARGE = 6.3, 5.8, 15.0  # points
ROOM = 1.045  # of a line: what stands beside the outlines of words is not measured
LEADING = 1.32 * 25.4 / 72  # mm of a line for each point
SOFT, LINE = "#5c5c66", "#b9b9c0"
A4 = replace(STYLE, double=WIDTH)
AT = dict(zip(COLUMNS, (0.0, 38.0, 74.0, 82.0, 91.0, 98.0, 113.5, 134.0, 145.5, 160.5, 168.7, 174.8), strict=True))


@dataclass
class Sheets:
    """Sheets that are being set, from top to bottom.

    Parameters
    ----------
    title : running head of all sheets but the first.
    pages : axes of each sheet, in mm from its upper left corner.
    y : mm from the top, below what is set.
    """

    title: str
    pages: list[Axes] = field(default_factory=list)
    y: float = HEAD

    def __post_init__(self) -> None:
        self.pages.append(page_of(HEIGHT, A4))

    def need(self, tall: float) -> bool:
        """Begin a sheet unless so many mm are left on this one; says whether it did."""
        if self.y + tall <= FOOT:
            return False
        self.pages.append(page_of(HEIGHT, A4))
        self.pages[-1].text(SIDE, HEAD - 3, f"{self.title}, continued", size=SMALL, color=SOFT, style="italic")
        self.y = HEAD + 2
        return True

    def rule(self, weight: float = 0.4, colour: str = STYLE.ink) -> None:
        """Draw a line over the width of the text."""
        self.pages[-1].plot([SIDE, SIDE + WIDE], [self.y, self.y], color=colour, linewidth=weight)

    def lines(self, lines: Sequence[str], size: float, x: float = SIDE, **look) -> None:
        """Set lines below each other."""
        for line in lines:
            self.need(size * LEADING)
            self.pages[-1].text(x, self.y, line, size=size, va="top", **look)
            self.y += size * LEADING


def sheets_of(page: PageText, layout: Layout) -> list[Figure]:
    """Set a page.

    Parameters
    ----------
    page : what it says.
    layout : its figure, of two columns' width.

    Returns
    -------
    A figure of 210 x 297 mm for each sheet: one, unless the table is long.
    """
    with STYLE.context():
        sheets = Sheets(page.title)
        sheets.lines([page.title], LARGE, weight="bold")
        sheets.lines(wrapped(page.lead, WIDE, SMALL + 1.4), SMALL + 1.4, color=SOFT)
        sheets.y += 1.5
        sheets.rule()
        sheets.y += 2.5
        people, observers, statistics = ([head, text] for head, text in page.methods)
        _columns(sheets, [people], [observers])
        parts = [partial(_figure, sheets, layout), partial(_table, sheets, page.blocks, page.columns)]
        late = sheets.y + panels_height(layout) > FOOT  # the table can be broken, and fills the sheet
        for part in reversed(parts) if late else parts:
            part()
            sheets.y += 3
        for link in page.links:
            sheets.lines(wrapped(link, WIDE, TINY), TINY)
            sheets.y += 1
        sheets.y += 2
        commands = [f"{number} {what}: {command}" for number, what, command in page.commands]
        sources = ["References", *page.references], ["Where each number is from", *commands]
        _columns(sheets, [statistics], [*sources], TINY)
    return [axes.figure for axes in sheets.pages]


def _figure(sheets: Sheets, layout: Layout) -> None:
    """Set the figure and its caption."""
    tall = panels_height(layout)
    sheets.need(tall)
    draw_panels(sheets.pages[-1], layout, corner=(SIDE, sheets.y))
    sheets.y += tall + 1.5
    sheets.lines(wrapped(layout.caption, WIDE, TINY), TINY, color=SOFT)


def wrapped(text: str, width: float, size: float) -> list[str]:
    """Break a text into lines of at most a width in mm; a word that is longer is broken itself."""
    lines, line, used = [], "", 0.0
    scale = ROOM * size / STYLE.text
    space = scale * (text_width("a b") - text_width("ab"))
    for word in _words(text.split(), width / scale):
        wide = scale * text_width(word)
        if line and used + space + wide > width:
            lines.append(line)
            line, used = word, wide
        else:
            line, used = f"{line} {word}".lstrip(), used + (space if line else 0.0) + wide
    return [*lines, line]


def _words(words: Iterable[str], width: float) -> Iterable[str]:
    for word in words:
        while text_width(word) > width:
            cut = shortened(word, width).rstrip("…") or word[:1]
            yield cut
            word = word[len(cut) :]
        yield word


def _columns(sheets: Sheets, left: list[list[str]], right: list[list[str]], size: float = SMALL) -> None:
    """Set paragraphs, each a heading and what follows, in two columns that begin at one height."""
    wide, step = (WIDE - BETWEEN) / 2, size * LEADING
    columns = [[_paragraph(of, wide, size) for of in column] for column in (left, right)]
    tall = max(sum((len(lines) + 1.6) * step for _, lines in column) for column in columns)
    sheets.need(min(tall, FOOT - HEAD - 4))
    top, end = sheets.y, sheets.y
    for x, column in zip((SIDE, SIDE + wide + BETWEEN), columns, strict=True):
        sheets.y = top
        for heading, lines in column:
            sheets.lines([heading], size, x, weight="bold")
            sheets.lines(lines, size, x)
            sheets.y += 0.6 * step
        end = max(end, sheets.y)
    sheets.y = end + 1


def _paragraph(texts: Sequence[str], width: float, size: float) -> tuple[str, list[str]]:
    """A heading, and the lines of what follows."""
    heading, *others = texts
    return heading, [line for text in others for line in wrapped(text, width, size)]


def _table(sheets: Sheets, blocks: Mapping[str, list[dict[str, str]]], columns: Mapping[str, str]) -> None:
    """Set the table, its head again on every sheet."""
    step = TINY * LEADING
    sheets.need(6 * step)
    _head(sheets, columns)
    for effect, rows in blocks.items():
        if sheets.need(3.5 * step):
            _head(sheets, columns)
        sheets.y += 0.35 * step
        sheets.lines([effect], TINY + 0.2, weight="bold")
        for row in rows:
            if sheets.need(step):
                _head(sheets, columns)
            _row(sheets, row)
    sheets.y += 0.8
    sheets.rule(0.6)


def _head(sheets: Sheets, columns: Mapping[str, str]) -> None:
    sheets.rule(0.6)
    sheets.y += 0.8
    for name, text in (columns | {"reliability": "reliab. (ceil.)", "r": "r (of ceil.)"}).items():
        if name in columns:
            sheets.pages[-1].text(SIDE + AT[name], sheets.y, text, size=TINY, va="top", style="italic")
    sheets.y += TINY * LEADING + 0.3
    sheets.rule(0.3)
    sheets.y += 0.6


def _row(sheets: Sheets, row: dict[str, str]) -> None:
    refused, people, size = "d" not in row, row["from"] == "[1]", matplotlib.rcParams["font.size"]
    for name, text in row.items():
        room = AT["from" if refused else "d"] - AT["effect"] if name == "effect" else AT["effect"]
        look = {"color": SOFT} if refused else {"weight": "bold" if people and name in ("who", "effect") else "normal"}
        shown = shortened(text, (room - 1) * size / TINY)
        sheets.pages[-1].text(SIDE + AT[name], sheets.y, shown, size=TINY, va="top", **look)
    sheets.y += TINY * LEADING
