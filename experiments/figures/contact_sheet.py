"""The contact sheet: stimuli of a set or a record in rows, their objects' outlines and what they are."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawn

from experiments.figures.figure import Figure, opened
from experiments.figures.numbers import note
from experiments.figures.page import page_of, place_picture, plain, shortened
from experiments.figures.style import Style
from stimuli.sets import format

__all__ = ["FIGURE", "contact_sheet"]

COLUMNS = {"single": 4, "double": 8}
LEFT, TOP, GAP, LINE, MOST = 2.0, 2.0, 2.0, 3.0, 3  # mm; lines of text below a picture
HIDDEN = {"stimulus", "done", "label", "class_1", "class_2", "absent_class", "third_class"}
PLACES = r"_degree$|_\d+$"  # of objects: the picture shows them


def contact_sheet(record: xr.Dataset, style: Style, stimuli: tuple[int, ...] = (), n: int = 24) -> Drawn:
    """Draw stimuli in rows.

    Parameters
    ----------
    record : stimulus set, as ``stimuli.sets.format.read`` gives, or any record with pictures.
    style : sizes and colours.
    stimuli : numbers of the stimuli, as in the coordinate; the first n, if none are given.
    n : how many, 1 to 96.

    Raises
    ------
    ValueError : no such stimulus, or n out of range.
    """
    if "stimulus" not in record["image"].dims:
        raise ValueError(f"expected pictures (stimulus, y, x, channel), got {record['image'].dims}")
    present = record["stimulus"].values.tolist()
    numbers = list(stimuli) or present[:n]
    if not 1 <= len(numbers) <= 96 or not set(numbers) <= set(present):
        raise ValueError(f"expected 1 to 96 of the stimuli {present[0]} to {present[-1]}, got {numbers}")
    told = [name for name, values in record.variables.items() if values.dims == ("stimulus",)]
    kept = [name for name in ("image", "class", "object_class", "object_mask", *told) if name in record.variables]
    shown = record[kept].isel(stimulus=[present.index(number) for number in numbers]).load()
    design = [name for name in told if name not in HIDDEN and not re.search(PLACES, str(name))]
    columns = min(COLUMNS[style.column], len(numbers))
    width = (style.width - 2 * LEFT - (columns - 1) * GAP) / columns
    height = width * shown.sizes["y"] / shown.sizes["x"]
    labels = [_labels(shown.isel(stimulus=k), design) for k in range(len(numbers))]
    pitch = height + LINE * max(map(len, labels)) + GAP + 0.5
    with style.context():
        page = page_of(TOP + pitch * -(-len(numbers) // columns), style)
        for k, lines in enumerate(labels):
            row, column = divmod(k, columns)
            place = (LEFT + column * (width + GAP), TOP + row * pitch, width, height)
            place_picture(page, shown["image"].values[k], *place)
            _outline(page, shown.isel(stimulus=k), place, style)
            note(page, _told(shown.isel(stimulus=[k]), design, lines[0]))
            for line, text in enumerate(lines):
                at = place[1] + height + LINE * (line + 0.9)
                page.text(place[0], at, shortened(text, width), weight="normal")
    about = record.attrs.get("family") or record.attrs.get("title", "stimuli")
    outlines = " Outlines: objects 1 (blue), 2 (orange), ..." if "object_mask" in record else ""
    page.figure.set_label(f"{len(numbers)} of {len(present)} stimuli of {about}.{outlines}")
    return page.figure


def _outline(page: Axes, one: xr.Dataset, place: tuple[float, float, float, float], style: Style) -> None:
    """Draw the outline of every object of a stimulus that has masks in pixels."""
    if "object_mask" not in one:
        return
    left, top, width, height = place
    limits = page.get_xlim(), page.get_ylim()
    x = left + width * (np.arange(one.sizes["x"]) + 0.5) / one.sizes["x"]
    y = top + height * (np.arange(one.sizes["y"]) + 0.5) / one.sizes["y"]
    masks = one["object_mask"].transpose("object", "y", "x").values
    for mask, colour in zip(masks, style.colours(max(2, len(masks))), strict=False):
        if mask.any() and not mask.all():
            page.contour(x, y, mask.astype(float), levels=[0.5], colors=[colour], linewidths=0.7 * style.unit)
    page.set(xlim=limits[0], ylim=limits[1])


def _labels(one: xr.Dataset, design: list[str]) -> list[str]:
    """Lines below a picture: its number and categories, then what its design says of it."""
    of_model = one["class"].values if "class" in one.coords else []
    names = [str(name) for name in one.attrs.get("categories", of_model)]
    if "object_class" in one:
        indices = one["object_class"].values.tolist()
    else:
        indices = [int(one[name]) for name in ("class_1", "class_2") if name in one.coords]
    counts = Counter(plain(names[index]) for index in indices if 0 <= index < len(names))
    categories = ", ".join(f"{count} × {name}" if count > 1 else name for name, count in counts.items())
    lines = [f"{name.replace('_', ' ')} {_short(one[name].item())}" for name in design]
    return [f"{int(one['stimulus'])}  {categories}".rstrip(), *lines[: MOST - 1]]


def _told(one: xr.Dataset, design: list[str], heading: str) -> pd.DataFrame:
    """What is told below a picture, in full."""
    told = {name: one[name].values for name in ("stimulus", *design)}
    return pd.DataFrame(told).assign(panel="sheet", categories=heading.split("  ")[-1])


def _short(value) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _opened(paths: Sequence[Path]) -> tuple[list[xr.Dataset], list[xr.Dataset]]:
    """Open stimulus sets and records."""
    found = [format.read(path) if (path / "stimuli.json").is_file() else opened([path])[0][0] for path in paths]
    return found, found


FIGURE = Figure(
    "sheet",
    "stimuli of a set or a record",
    needs=("image",),
    made_of="bistable --n 16",
    several=False,
    opens=_opened,
    draw=contact_sheet,
)
