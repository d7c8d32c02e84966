"""Overlays: a picture beside its segmentation in every pass, with the classes' names; no model is run here."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.style
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.textpath import TextPath

from absvit.segmentation.classes import IGNORED, ClassTable

__all__ = ["Figure", "blended", "overlay_figure"]

OPACITY = 0.6
PANEL = 2.2  # inches
TEXT = 7  # points
SETTINGS = {"font.size": TEXT, "text.parse_math": False}  # a $ is a character of a name
LARGEST_LEGEND = 12  # classes, those with the most pixels first


def blended(picture: np.ndarray, labels: np.ndarray, table: ClassTable, opacity: float = OPACITY) -> np.ndarray:
    """Lay the colours of classes over a picture (y, x, channel) uint8; pixels labelled 255 keep it.

    Opacity in [0, 1].
    """
    colours = np.zeros((256, 3))
    colours[: len(table.colours)] = table.colours
    mixed = (1 - opacity) * picture + opacity * colours[labels]
    mixed = np.where((labels == IGNORED)[..., None], picture, mixed)
    return np.rint(mixed).astype(np.uint8)


def overlay_figure(
    picture: np.ndarray,
    labels: Sequence[np.ndarray],
    table: ClassTable,
    headings: Sequence[str],
    truth: np.ndarray | None = None,
) -> Figure:
    """Draw a picture (y, x, channel) uint8, its segmentations (y, x), and the true labels where known.

    One panel each, under its heading, and the classes that occur, the largest first, below.
    """
    panels = [("picture", picture)]
    panels += [(heading, blended(picture, one, table)) for heading, one in zip(headings, labels, strict=True)]
    panels += [] if truth is None else [("true labels", blended(picture, truth, table))]
    shown = np.concatenate([np.ravel(one) for one in [*labels, *([] if truth is None else [truth])]])
    counts = np.bincount(shown, minlength=256)[: len(table.names)]
    present = [k for k in np.argsort(-counts, kind="stable")[:LARGEST_LEGEND] if counts[k]]
    columns = min(len(present), _fitting([table.names[k] for k in present], PANEL * len(panels)))
    rows = -(-len(present) // columns)
    height = PANEL * picture.shape[0] / picture.shape[1]
    legend, heading = 0.18 * rows + 0.1, 0.2
    total = height + legend + heading
    with matplotlib.style.context(SETTINGS, after_reset=True):
        figure = _Overlay(figsize=(PANEL * len(panels), total))
        FigureCanvasAgg(figure)
        for place, (title, pixels) in enumerate(panels):
            axes = figure.add_axes((place / len(panels), legend / total, 0.97 / len(panels), height / total))
            axes.imshow(pixels, interpolation="nearest")
            axes.set_axis_off()
            axes.set_title(title, fontsize=TEXT, pad=2)
        patches = [Patch(color=np.array(table.colours[k]) / 255, label=table.names[k]) for k in present]
        figure.legend(handles=patches, loc="lower left", ncols=columns, frameon=False, fontsize=TEXT, borderpad=0)
    return figure


class _Overlay(Figure):
    """A figure that is saved as it is drawn: whatever a user's matplotlibrc says."""

    def savefig(self, *args, **kwargs) -> None:
        with matplotlib.style.context(SETTINGS, after_reset=True):
            super().savefig(*args, **kwargs)


def _fitting(names: Sequence[str], width: float) -> int:
    """How many columns of a legend, as wide as the longest name, fit into a width in inches; at least 1."""
    longest = max(TextPath((0, 0), name, size=TEXT).get_extents().width for name in names)
    beside = 5 * TEXT  # handle, and the gaps behind it and between columns, as matplotlib has them
    return max(1, int(72 * width // (longest + beside)))
