"""The figure of rivals: one picture and one cue, and what each observer makes of them: its map, its answers."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from experiments import measures
from experiments.figures.page import draw_bars, overlay, page_of, place_picture, plain, points, shortened
from experiments.figures.style import STYLE, Style
from experiments.live.look_figure import KINDS, draw_place
from experiments.live.tell import MAPS
from experiments.probes.bistable import signature_layout
from experiments.probes.bistable.signature_layout import Column
from experiments.statistics.intervals import number_text

__all__ = ["rivals"]

LEFT, GAP, WIDTH, TOP = 3.0, 3.0, 41.0, 7.0  # mm of the pictures
SHOWN, BAR = 3, 7.2  # classes, and mm of each one's bar


def rivals(record: xr.Dataset, kind: str = MAPS[0], style: Style = STYLE) -> Figure:
    """Draw a picture and, for each observer, its map in the last pass and the most probable classes.

    Parameters
    ----------
    record : what ``tell`` gives.
    kind : map, one of ``MAPS``; the grey picture stands alone where there is none. All have one scale.
    style : sizes and colours; in one column two pictures stand side by side, else four.

    Raises
    ------
    ValueError : the record has no such map.
    """
    if kind not in MAPS or kind not in record:
        raise ValueError(f"expected one of the maps {', '.join(MAPS)}, got {kind!r}")
    cue, names = str(record["prior"].values[0]), record["model"].values.tolist()
    image = record["image"].values[0]
    height = WIDTH * image.shape[0] / image.shape[1]
    column = Column("", cue, -1, kind, 0)
    maps = [signature_layout.map_in_pixels(record.sel(model=name), column) for name in names]
    limits = (0.0, 1.0) if np.isnan(maps).all() else (float(np.nanmin(maps)), float(np.nanmax(maps)))
    p = measures.probabilities(record).isel(iteration=-1, prior=0, stimulus=0)
    p = p.transpose("model", "class").values
    classes = _shown(record, p)
    words = [plain(str(record["class"].values[index])) for index in classes]
    colours = STYLE.colours(len(classes))
    bold = 1 if _named(record) else 0
    across, pitch = (4 if style.column == "double" else 2), TOP + height + BAR * len(classes) + 2
    cells = [(LEFT + k % across * (WIDTH + GAP), TOP + k // across * pitch) for k in range(1 + len(names))]
    with style.context():
        page = page_of(cells[-1][1] - TOP + pitch, style)
        place_picture(page, image, *cells[0], WIDTH, height)
        draw_place(page, record, height)
        for (x, y), name in zip(cells, [f"cue: {_told(record)}", *names], strict=True):
            page.text(x, y - 2, shortened(name, WIDTH), size=points(STYLE.text))
        for (x, y), values, of, taken in zip(cells[1:], maps, p, record["taken"].values, strict=True):
            place_picture(page, overlay(image, values, limits), x, y, WIDTH, height)
            draw_bars(page, x, y + height + 1, WIDTH, words, of[classes], colours, bold if taken else 0)
    page.figure.set_label(_caption(record, kind, limits))
    return page.figure


def _named(record: xr.Dataset) -> list[int]:
    """Index of the class that is cued, if one is."""
    category = str(record["category"].values[0]) if "class" in str(record["kind"].values[0]) else None
    return np.flatnonzero(record["class"].values == category).tolist()


def _shown(record: xr.Dataset, p: np.ndarray) -> list[int]:
    """The class that is cued and, of probabilities p (model, class), those most probable to any observer."""
    best = np.argsort(-p.max(0), kind="stable").tolist()
    return list(dict.fromkeys([*_named(record), *best]))[:SHOWN]


def _told(record: xr.Dataset) -> str:
    """The cue in words."""
    kind, category = str(record["kind"].values[0]), str(record["category"].values[0])
    return f"{kind} ({plain(category)})" if "class" in kind else kind


def _caption(record: xr.Dataset, kind: str, limits: tuple[float, float]) -> str:
    untaken = record["model"].values[~record["taken"].values].tolist()
    without = f" Not told anything, since they take no such cue: {', '.join(untaken)}." if untaken else ""
    return (
        f"One picture and the cue {_told(record)}, as seen by {', '.join(record['model'].values)}, in pass "
        f"{int(record['iteration'].values[-1]) + 1}: {KINDS[kind]} ({number_text(limits[0])} to "
        f"{number_text(limits[1])}; grey: there is none), the class that is cued, and the most probable ones."
        f"{without}"
    )
