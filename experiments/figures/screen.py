"""A figure as the bytes of a PNG for a screen: fast, for pictures that follow a slider."""

from __future__ import annotations

import io

import matplotlib.style
import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from experiments.figures.style import STYLE

__all__ = ["WIDE", "png"]

WIDE = 765  # pixels of a picture, whatever the width of its figure
FAST = {"text.hinting": "none"}  # text is most of the time, and hinting a quarter of that


def png(figure: Figure) -> bytes:
    """Draw a figure as a PNG file, ``WIDE`` pixels wide."""
    with matplotlib.style.context([STYLE.settings(), FAST], after_reset=True):
        figure.dpi = WIDE / figure.get_size_inches()[0]
        figure.canvas.draw()
    pixels = np.ascontiguousarray(np.asarray(figure.canvas.buffer_rgba())[..., :3])
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "png", compress_level=1)
    return file.getvalue()
