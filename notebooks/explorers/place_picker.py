"""Choosing a place on a picture: a click gives a spotlight, dragging gives a box; sliders beside it do the same."""

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
FRAME = (
    "position:absolute;display:none;pointer-events:none;box-sizing:border-box;border:2px solid white;outline:1px solid"
)


class PlacePicker(widgets.VBox):
    """A picture on which a place can be clicked or a box dragged. The keyboard has sliders beside it.

    Parameters
    ----------
    clicked : called with x and y of a click, as fractions of width and height.
    dragged : called with left, top, right and bottom of a box, as fractions of width and height.
    """

    def __init__(
        self, clicked: Callable[[float, float], None], dragged: Callable[[float, float, float, float], None]
    ) -> None:
        self._clicked, self._dragged = clicked, dragged
        self._name = f"place-said-{id(self)}"  # every picker on a page has a field of its own
        self._board = widgets.HTML()
        self.said = widgets.Text(layout=widgets.Layout(display="none"))
        self.said.add_class(self._name)
        self.said.observe(self._hear, "value")
        super().__init__([widgets.HTML("click where to look, or drag a box:"), self._board, self.said])

    def show(self, pixels: np.ndarray) -> None:
        """Show a picture, (y, x, channel) uint8."""
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, "png", compress_level=1)
        address = f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
        height = round(SIDE * pixels.shape[0] / pixels.shape[1])
        style = f"position:relative;overflow:hidden;width:{SIDE}px;height:{height}px;background:url({address});"
        style += "background-size:100% 100%;cursor:crosshair;touch-action:none"
        self._board.value = (
            f'<div class="place-picker" style="{style}" onpointerdown="{DOWN}" onpointermove="{MOVE}" '
            f'onpointerup="{UP.replace("NAME", self._name)}"><div style="{FRAME}"></div></div>'
        )

    def _hear(self, change: dict) -> None:
        """Take what the picture says: both corners, and the time, so that the same place can be said twice."""
        if not change["new"]:
            return
        x0, y0, x1, y1 = (float(np.clip(float(word), 0, 1)) for word in change["new"].split()[:4])
        (left, right), (top, bottom) = sorted((x0, x1)), sorted((y0, y1))
        if right - left < SMALLEST or bottom - top < SMALLEST:
            self._clicked(x1, y1)
        else:
            self._dragged(left, top, right, bottom)
