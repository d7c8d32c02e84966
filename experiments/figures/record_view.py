"""The record figure: one view of any record, as lines with intervals or as maps, beside its stimulus."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.figures.page import page_of, place_picture, points, shortened, two_digits
from experiments.figures.strokes import draw_names, strokes
from experiments.figures.style import STYLE, Style, colour_map
from experiments.measures.view import PICTURE_DIMS, View, reduced

__all__ = ["view_record"]

COLUMNS, NAMES = (2, 4), (3, 6)  # panels, and names of lines, in a row of one column's and of two columns' width
PICTURE, ROW = 30.0, 48.0  # mm


def view_record(record: xr.Dataset, view: View, style: Style = STYLE) -> Figure:
    """Draw a view of a record; the figure's label is the caption."""
    shown = reduced(record, view)
    panels = [shown] if not view.facet else [shown.isel({view.facet: k}) for k in range(shown.sizes[view.facet])]
    picture, maps = _stimulus(record, view), view.across in PICTURE_DIMS
    wide = style.column == "double"
    beside = picture is not None and wide  # else the picture stands behind the panels, like one of them
    n_cells = len(panels) + (picture is not None and not wide)
    columns, in_row = min(COLUMNS[wide], n_cells), NAMES[wide]
    rows = -(-n_cells // columns)
    names = [] if not view.colour else [_label(record, view.colour, k) for k in range(record.sizes[view.colour])]
    with style.context():
        page = page_of(12 + ROW * rows + 4 * -(-len(names) // in_row), style)
        title = shortened(_title(record, view), (style.width - 2) * STYLE.text / STYLE.letter)
        page.text(2, 5, title, size=points(STYLE.letter))
        pitch = (style.width - (PICTURE + 6 if beside else 2)) / columns
        left, margin = (3, 3) if maps else (16, 19)
        limits = _limits(shown)
        for k, part in enumerate(panels):
            row, column = divmod(k, columns)
            box = (left + column * pitch, 16 + row * ROW, min(pitch - margin, 92), 30)
            if view.facet:
                page.text(box[0], box[1] - 1.5, shortened(f"{view.facet}: {_label(record, view.facet, k)}", box[2]))
            (_draw_map if maps else _draw_lines)(_axes(page, box), record, part, view, limits, column == 0)
        if picture is not None:
            row, column = divmod(len(panels), columns)
            x, y = (style.width - PICTURE - 3, 16) if beside else (left + column * pitch, 16 + row * ROW)
            page.text(x, y - 1.5, "stimulus")
            across = min(PICTURE, pitch - 3)
            place_picture(page, picture, x, y, across, min(across * picture.shape[0] / picture.shape[1], 40))
        draw_names(page, 3, 14 + ROW * rows, style.width - 3, names, strokes(len(names)), in_row)
    page.figure.set_label(_caption(record, view))
    return page.figure


def _axes(page: Axes, box: tuple[float, float, float, float]) -> Axes:
    width, height = page.get_xlim()[1], page.get_ylim()[0]
    left, top, across, down = box
    return page.figure.add_axes((left / width, 1 - (top + down) / height, across / width, down / height))


def _draw_lines(axes: Axes, record: xr.Dataset, part: xr.Dataset, view: View, limits, first: bool) -> None:
    """Draw a line for each member of the colour dimension, with its interval as a band."""
    x = _positions(part, view.across)
    lines = [part] if not view.colour else [part.isel({view.colour: k}) for k in range(part.sizes[view.colour])]
    for line, look in zip(lines, strokes(len(lines)), strict=True):
        if view.average:
            axes.fill_between(x, line["low"], line["high"], color=look["color"], alpha=0.2, linewidth=0)
        axes.plot(x, line["estimate"], marker="o" if len(x) <= 40 else None, lw=points(1), ms=points(2.2), **look)
    if view.across == "stimulus" and "stimulus" in dict(view.at):
        axes.axvline(x[dict(view.at)["stimulus"]], color=STYLE.unknown, lw=points(0.9), ls=(0, (4, 3)), zorder=0)
    margin = 0.04 * (limits[1] - limits[0]) or 0.5
    axes.set(xlabel=shortened(view.across, 40), ylim=(limits[0] - margin, limits[1] + margin))
    axes.locator_params(axis="y", nbins=4)
    axes.spines[["top", "right"]].set_visible(False)
    names = record[view.across].values if view.across in record.coords else x
    if names.dtype.kind not in "fiu":
        step = max(1, -(-len(x) // 6))
        axes.set_xticks(x[::step], [shortened(str(name), 11) for name in names[::step]], rotation=30, ha="right")
    else:
        axes.locator_params(axis="x", nbins=5, integer=bool(np.all(x == np.round(x))))
        axes.set_xticks([tick for tick in axes.get_xticks() if x.min() <= tick <= x.max()])
    inside = [tick for tick in axes.get_yticks() if axes.get_ylim()[0] <= tick <= axes.get_ylim()[1]]
    axes.set_yticks(inside)
    if first:
        axes.set_ylabel(shortened(_unit(record, view.variable), 34))


def _draw_map(axes: Axes, record: xr.Dataset, part: xr.Dataset, view: View, limits, first: bool) -> None:
    """Draw a map or a picture; maps of a figure share a scale, which the first panel's label tells."""
    values = part["estimate"].values
    if values.ndim == 3:
        axes.imshow(np.clip(values / (255 if record[view.variable].dtype == np.uint8 else 1), 0, 1))
    else:
        axes.imshow(values, vmin=limits[0], vmax=limits[1], cmap=colour_map(STYLE.attention))
    axes.set(xticks=[], yticks=[], anchor="NW")
    if first:
        low, high = map(two_digits, limits)
        axes.text(0, -0.06, f"{low} (dark) to {high} (light)", transform=axes.transAxes, va="top")


def _positions(part: xr.Dataset, dim: str) -> np.ndarray:
    """Coordinates of a dimension where they are numbers, else its counts."""
    if dim in part.coords and part[dim].dtype.kind in "fiu":
        return part[dim].values
    return np.arange(part.sizes[dim])


def _limits(shown: xr.Dataset) -> tuple[float, float]:
    """Smallest and largest value in any panel, intervals included."""
    values = np.concatenate([np.ravel(shown[name].values) for name in shown.data_vars])
    values = values[np.isfinite(values)]
    return (0.0, 1.0) if not values.size else (float(values.min()), float(values.max()))


def _stimulus(record: xr.Dataset, view: View) -> np.ndarray | None:
    """Picture of the stimulus that is looked at or marked, where one is and the record has it."""
    used = {view.colour, view.facet, view.average}
    if view.across == "stimulus" and "stimulus" not in dict(view.at):
        return None
    if "image" not in record or "stimulus" in used or view.variable == "image":
        return None
    if record["image"].dims != ("stimulus", "y", "x", "channel"):
        return None
    return record["image"].isel(stimulus=dict(view.at).get("stimulus", 0)).values


def _label(record: xr.Dataset, dim: str, k: int) -> str:
    """Name of a member of a dimension."""
    return str(record[dim].values[k]) if dim in record.coords else str(k)


def _unit(record: xr.Dataset, name: str) -> str:
    unit = record[name].attrs.get("units", "1")
    return name.replace("_", " ") + ("" if unit == "1" else f" ({unit})")


def _title(record: xr.Dataset, view: View) -> str:
    at = [f"{dim} {_label(record, dim, k)}" for dim, k in view.at if dim in record[view.variable].dims]
    mean = f"mean over {view.average}" if view.average else ""
    return ", ".join([_unit(record, view.variable), *filter(None, [mean]), *at])


def _caption(record: xr.Dataset, view: View) -> str:
    text = f"{record.attrs.get('title', 'A record')}: {record[view.variable].attrs.get('long_name', view.variable)}"
    if view.average:
        all_done = view.average != "stimulus" or "done" not in record
        n = record.sizes[view.average] if all_done else int((record["done"] == 1).sum())
        interval = "" if view.across in PICTURE_DIMS else ", with Student's 95 % intervals"
        text += f"; mean over {n} members of {view.average}{interval}"
    return f"{text}. {_title(record, view)}."
