"""Choosing a place by clicking on the picture: transparent buttons over it, beside sliders for the keyboard."""

from __future__ import annotations

import base64
import io
import itertools
from collections.abc import Callable

import ipywidgets as widgets
import numpy as np
from PIL import Image

__all__ = ["PlacePicker"]

SIDE = 240  # pixels on the screen


class PlacePicker(widgets.VBox):
    """A picture that can be clicked on. The keyboard has the sliders beside it, so its buttons are no tab stops.

    Parameters
    ----------
    chosen : called with x and y of the click, as fractions of width and height.
    fields : buttons across and down.
    """

    def __init__(self, chosen: Callable[[float, float], None], fields: int = 8) -> None:
        self._name = f"place-picker-{id(self)}"  # every picker on a page has a style of its own
        self._style = widgets.HTML()
        size = f"{SIDE / fields}px"
        layout = widgets.Layout(width=size, height=size, margin="0", padding="0")
        style = widgets.ButtonStyle(button_color="transparent")
        self.buttons = []
        for row, column in itertools.product(range(fields), repeat=2):
            x, y = (column + 0.5) / fields, (row + 0.5) / fields
            button = widgets.Button(layout=layout, style=style, tabbable=False, tooltip=f"x {x:.2f}, y {y:.2f}")
            button.on_click(lambda _, x=x, y=y: chosen(x, y))
            self.buttons.append(button)
        grid = widgets.Layout(grid_template_columns=f"repeat({fields}, {size})", grid_gap="0", width=f"{SIDE}px")
        board = widgets.GridBox(self.buttons, layout=grid)
        board.add_class(self._name)
        board.add_class("place-picker")
        super().__init__([widgets.HTML("click where to look:"), self._style, board])

    def show(self, pixels: np.ndarray) -> None:
        """Lay a picture under the buttons.

        Parameters
        ----------
        pixels : (y, x, channel) uint8.
        """
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, "png")
        address = f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
        self._style.value = (
            f"<style>.{self._name} {{background: url({address}); background-size: 100% 100%; height: {SIDE}px}}</style>"
        )
