"""Choosing a place on a picture: by a click, a box that is dragged, or cells that are painted."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable

import ipywidgets as widgets
import numpy as np
from PIL import Image

__all__ = ["PlacePicker"]

SIDE = 240  # pixels on the screen
SMALLEST = 0.03  # of the picture's width or height: what is dragged less than this is a click
# ipywidgets has no widget that tells where a picture was pressed. The picture's own handlers write the two corners, as
# fractions, into a hidden text field, whose value the kernel sees like any other.
AT = "const r = this.getBoundingClientRect(), at = "
AT += "[(event.clientX - r.left) / r.width, (event.clientY - r.top) / r.height]"
DOWN = f"{AT}; this.setPointerCapture(event.pointerId); this.from = at; event.preventDefault()"
MOVE = f"""if (this.from) {{ {AT}, low = [0, 1].map(k => 100 * Math.min(this.from[k], at[k])),
    size = [0, 1].map(k => 100 * Math.abs(this.from[k] - at[k])), frame = this.firstElementChild.style;
    frame.left = low[0] + '%'; frame.top = low[1] + '%'; frame.width = size[0] + '%'; frame.height = size[1] + '%';
    frame.display = 'block' }}"""
UP = f"""if (this.from) {{ {AT}, field = document.querySelector('.NAME input');
    field.value = [...this.from, ...at, event.timeStamp].join(' '); this.from = null;
    field.dispatchEvent(new Event('change', {{bubbles: true}})) }}"""
# The brush: cells of a grid lie over the picture. The first one that is pressed says whether cells are painted or
# wiped, all cells between two moves of the pointer are, and in the end the painted ones are written into the field.
CELL = """const r = this.getBoundingClientRect(), x = (event.clientX - r.left) / r.width,
    y = (event.clientY - r.top) / r.height, low = Math.max, high = Math.min,
    at = [low(0, high(ROWS - 1, Math.floor(y * ROWS))), low(0, high(COLUMNS - 1, Math.floor(x * COLUMNS)))]"""
PRESS = f"""{CELL}; this.brush = this.children[at[0] * COLUMNS + at[1]].className !== 'on'; this.last = at;
    this.setPointerCapture(event.pointerId); event.preventDefault(); this.onpointermove(event)"""
STROKE = f"""if (this.brush !== undefined) {{ {CELL}, steps = low(1, ...at.map((n, k) => Math.abs(n - this.last[k])));
    for (let k = 0; k <= steps; k++) {{
        const [row, column] = at.map((n, j) => Math.round(this.last[j] + (n - this.last[j]) * k / steps)),
            cell = this.children[row * COLUMNS + column];
        cell.className = this.brush ? 'on' : ''; cell.style.background = this.brush ? 'TINT' : '' }}
    this.last = at }}"""
LIFT = """if (this.brush !== undefined) { this.brush = undefined;
    const field = document.querySelector('.NAME input'),
        on = [...this.children].flatMap((cell, k) => cell.className === 'on' ? [k] : []);
    field.value = ['cells', ...on, '@', event.timeStamp].join(' ');
    field.dispatchEvent(new Event('change', {bubbles: true})) }"""
TINT = "rgba(255,255,255,.55)"
FRAME = (
    "position:absolute;display:none;pointer-events:none;box-sizing:border-box;border:2px solid white;outline:1px solid"
)


class PlacePicker(widgets.VBox):
    """A picture on which a place can be clicked, a box dragged, or cells painted, beside controls that do the same.

    Parameters
    ----------
    clicked : called with x and y of a click, as fractions of width and height.
    dragged : called with left, top, right and bottom of a box, as fractions of width and height.
    painted : called with the cells that are painted, (row, column) bool.
    """

    def __init__(
        self,
        clicked: Callable[[float, float], None],
        dragged: Callable[[float, float, float, float], None],
        painted: Callable[[np.ndarray], None] = lambda cells: None,
    ) -> None:
        self._clicked, self._dragged, self._painted = clicked, dragged, painted
        self._grid = (1, 1)  # rows and columns of cells
        self._name = f"place-said-{id(self)}"  # every picker on a page has a field of its own
        self._board = widgets.HTML()
        self.said = widgets.Text(layout=widgets.Layout(display="none"))
        self.said.add_class(self._name)
        self.said.observe(self._hear, "value")
        self._advice = widgets.HTML()
        super().__init__([self._advice, self._board, self.said])

    def show(self, pixels: np.ndarray, cells: np.ndarray | None = None) -> None:
        """Show a picture, (y, x, channel) uint8; with cells (row, column) bool these can be painted and wiped."""
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, "png", compress_level=1)
        address = f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
        height = round(SIDE * pixels.shape[0] / pixels.shape[1])
        style = f"position:relative;overflow:hidden;width:{SIDE}px;height:{height}px;background:url({address});"
        style += "background-size:100% 100%;cursor:crosshair;touch-action:none"
        handlers, inside = (DOWN, MOVE, UP), f'<div style="{FRAME}"></div>'
        self._advice.value = "click where to look, or drag a box:"
        if cells is not None:
            (rows, columns), self._advice.value = cells.shape, "paint where to look, or wipe:"
            self._grid, handlers = (rows, columns), (PRESS, STROKE, LIFT)
            style += f";display:grid;grid:repeat({rows},1fr)/repeat({columns},1fr)"
            on = f'<i class="on" style="background:{TINT}"></i>'
            inside = "".join(on if cell else "<i></i>" for cell in cells.flat)
        down, move, up = map(self._named, handlers)
        self._board.value = (
            f'<div class="place-picker" role="img" aria-label="{self._advice.value}" '
            f'style="{style}" onpointerdown="{down}" onpointermove="{move}" '
            f'onpointerup="{up}">{inside}</div>'
        )

    def _named(self, handler: str) -> str:
        """A handler of this picker, and of its grid."""
        words = {"NAME": self._name, "ROWS": str(self._grid[0]), "COLUMNS": str(self._grid[1]), "TINT": TINT}
        for word, meant in words.items():
            handler = handler.replace(word, meant)
        return handler

    def _hear(self, change: dict) -> None:
        """Take what the picture says: corners or cells, and the time, so that the same can be said twice."""
        if not change["new"]:
            return
        if change["new"].startswith("cells"):
            numbers = change["new"].partition("@")[0].split()[1:]
            cells = np.zeros(self._grid, bool)
            cells.flat[[int(number) for number in numbers if int(number) < cells.size]] = True
            self._painted(cells)
            return
        x0, y0, x1, y1 = (float(np.clip(float(word), 0, 1)) for word in change["new"].split()[:4])
        (left, right), (top, bottom) = sorted((x0, x1)), sorted((y0, y1))
        if right - left < SMALLEST or bottom - top < SMALLEST:
            self._clicked(x1, y1)
        else:
            self._dragged(left, top, right, bottom)
