"""Layout: panels with letters and keys on a page of one or two columns, and their caption."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.figures.page import page_of, shortened, text_width
from experiments.figures.panels import Key, Panel, tick_text
from experiments.figures.style import STYLE, Style

__all__ = ["Layout", "draw_panels", "page_of_panels", "panels_height"]

RIGHT, GAP = 2.5, 2.5  # mm beside the axes
HEAD, KEY_LINE, KEY_HANDLE, KEY_GAP = 5.0, 3.4, 5.0, 2.5  # mm above the axes


@dataclass(frozen=True)
class Layout:
    """A figure made of panels, before it is drawn.

    Parameters
    ----------
    panels : from left to right and from top to bottom; lettered where there are several.
    opening : what the caption begins with; what the panels show follows.
    closing : what it ends with, such as the kind of interval.
    columns : most panels in a row of a figure of one column's and of two columns' width.
    keys : what the lines of all panels mean; they stand above all.
    """

    panels: Sequence[Panel]
    opening: str
    closing: str = ""
    columns: tuple[int, int] = (1, 3)
    keys: Sequence[Key] = ()

    def drawn(self, style: Style = STYLE) -> Figure:
        """Draw the panels; the figure's label is the caption."""
        figure = page_of_panels(self.panels, style, self.columns, self.keys)
        figure.set_label(self.caption)
        return figure

    @property
    def caption(self) -> str:
        """What stands below the figure."""
        return " ".join(filter(None, (self.opening, _told(self.panels), self.closing)))


@dataclass(frozen=True)
class _Row:
    """Panels beside each other, and where they are.

    Parameters
    ----------
    panels : from left to right.
    cells : left edge and width of each in mm.
    flows : places of the keys of each.
    key_lines : lines of keys of the panel that has most.
    top : upper edge in mm.
    head : mm above the keys.
    tall : height of the axes in mm.
    """

    panels: Sequence[Panel]
    cells: list[tuple[float, float]]
    flows: list
    key_lines: int
    top: float
    head: float
    tall: float

    @classmethod
    def of(cls, row: Sequence[Panel], panels: Sequence[Panel], across: int, top: float, style: Style) -> _Row:
        """Find the places in a row of so many panels across, the last of which may be left empty."""
        total = sum(panel.wide for panel in row) + (across - len(row))
        wides = [style.width * panel.wide / total for panel in row]
        cells = [(sum(wides[:k]), wide) for k, wide in enumerate(wides)]
        flows, lines = zip(*(_flow(p.keys, wide - 6) for p, wide in zip(row, wides, strict=True)), strict=True)
        head = HEAD * any(panel.title or _is_lettered(panel, panels) for panel in row) + 0.8
        tall = max(panel.height(across == 1) for panel in row)
        return cls(row, cells, list(flows), max(lines), top, head, tall)

    @property
    def end(self) -> float:
        """Lower edge in mm."""
        return self.top + self.head + self.key_lines * KEY_LINE + self.tall + max(panel.foot for panel in self.panels)


def page_of_panels(
    panels: Sequence[Panel],
    style: Style = STYLE,
    columns: tuple[int, int] = (2, 3),
    keys: Sequence[Key] = (),
) -> Figure:
    """Draw panels in rows, as :class:`Layout` describes them, on a figure without a caption."""
    layout = Layout(panels, "", "", columns, keys)
    with style.context():
        page = page_of(panels_height(layout, style), style)
        draw_panels(page, layout, style)
    return page.figure


def _rows(layout: Layout, style: Style) -> list[_Row]:
    """The rows of panels below the keys of all."""
    panels, across = layout.panels, min(len(layout.panels), layout.columns[style.column == "double"])
    _, lines = _flow(layout.keys, style.width - 4)
    rows, top = [], 1.5 + lines * KEY_LINE + (lines > 0)
    for start in range(0, len(panels), across):
        rows.append(_Row.of(panels[start : start + across], panels, across, top, style))
        top = rows[-1].end + GAP
    return rows


def panels_height(layout: Layout, style: Style = STYLE) -> float:
    """Height in mm that the panels of a layout take; to be called under the style."""
    return _rows(layout, style)[-1].end + 0.5


def draw_panels(page: Axes, layout: Layout, style: Style = STYLE, corner: tuple[float, float] = (0.0, 0.0)) -> None:
    """Draw the panels of a layout on a page, from a corner at x, y in mm; to be called under the style."""
    x, y = corner
    _draw_keys(page, _flow(layout.keys, style.width - 4)[0], x + 2, y + 1.5)
    letters = iter("abcdefghijklmnopqrstuvwxyz")
    for row in _rows(layout, style):
        for panel, (left, wide), flow in zip(row.panels, row.cells, row.flows, strict=True):
            letter = next(letters) if _is_lettered(panel, layout.panels) else ""
            left, top = x + left, y + row.top
            page.text(left + 1, top + 3, letter, size=style.letter * style.unit, weight="bold")
            page.text(left + 5, top + 3, shortened(panel.title, wide - 6))
            _draw_keys(page, flow, left + 5, top + row.head - 0.8)
            told = f"{letter} {panel.title}".strip()
            _draw_panel(page, panel, told, (left, top + row.head + row.key_lines * KEY_LINE, wide, row.tall))


def _told(panels: Sequence[Panel]) -> str:
    """What the caption says of all panels, with their letters where there are several."""
    letters = iter("abcdefghijklmnopqrstuvwxyz")
    marks = [f"({next(letters)}) " if _is_lettered(panel, panels) else "" for panel in panels]
    return " ".join(mark + panel.told for mark, panel in zip(marks, panels, strict=True) if panel.told)


def _is_lettered(panel: Panel, panels: Sequence[Panel]) -> bool:
    return panel.lettered and sum(other.lettered for other in panels) > 1


def _draw_panel(page: Axes, panel: Panel, told: str, place: tuple[float, float, float, float]) -> None:
    """Make the axes of a panel, called so, and draw into them.

    The place is left edge, upper edge, width and height in mm.
    """
    (left, top, cell, tall), width, height = place, page.get_xlim()[1], page.get_ylim()[0]
    wide = cell - panel.left - RIGHT
    box = ((left + panel.left) / width, 1 - (top + tall) / height, wide / width, tall / height)
    axes = page.figure.add_axes(box, label=told)
    axes.spines[["right", "top"]].set_visible(False)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(tick_text)
    panel.draw(axes)
    for axis in (axes.xaxis, axes.yaxis):  # ticks would else be made with the settings of the time of saving
        axis.get_major_ticks(), axis.get_minor_ticks()


def _flow(keys: Sequence[Key], width: float) -> tuple[list[tuple[Key, float, int]], int]:
    """Place keys one after another, on new lines where they do not fit: left edges in mm and lines."""
    places, x, line = [], 0.0, 0
    for key in keys:
        handle = 0.0 if key.look is None else KEY_HANDLE + 1
        key = Key(shortened(key.label, width - handle), key.look)
        wide = handle + text_width(key.label)
        if places and x + wide > width:
            x, line = 0.0, line + 1
        places.append((key, x, line))
        x += wide + KEY_GAP
    return places, (line + 1 if places else 0)


def _draw_keys(page: Axes, places, left: float, top: float) -> None:
    """Draw keys: a short piece of each line, and what it means."""
    for key, x, line in places:
        y = top + KEY_LINE * (line + 0.5)
        if key.look is not None:
            page.plot([left + x, left + x + KEY_HANDLE], [y, y], markevery=[], **key.look)
            page.plot(left + x + KEY_HANDLE / 2, y, **{**key.look, "linestyle": "none"})
            x += KEY_HANDLE + 1
        page.text(left + x, y + 0.1, key.label, va="center_baseline")
