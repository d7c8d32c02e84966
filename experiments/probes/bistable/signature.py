"""The signature figure: stimuli, their maps bottom-up and under cues, and both objects' probabilities."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawn
from matplotlib.patches import Rectangle

from experiments import measures
from experiments.figures.figure import Figure
from experiments.figures.numbers import note
from experiments.figures.page import draw_bars, overlay, page_of, place_picture, plain, shortened, two_digits
from experiments.figures.style import Style
from experiments.probes.bistable import signature_layout
from experiments.probes.bistable.signature_layout import Column, Grid, balanced
from experiments.statistics.intervals import bootstrap, interval_text

__all__ = ["FIGURE", "caption", "heading_of", "selection_indices", "signature"]


def signature(
    record: xr.Dataset,
    style: Style,
    stimuli: tuple[int, ...] | None = None,
    n: int = 4,
    kind: str = measures.DEFAULT_MAP,
    place: bool = False,
) -> Drawn:
    """Draw the signature figure: stimulus | bottom-up | cue: class 1 | cue: class 2, one stimulus in a row.

    Each map lies over the grey picture, with the probabilities of the two objects as bars; maps of one kind
    share a scale. Prior weights and feedback do not exist bottom-up: that column then shows the token norm
    (else class attention or value norm), as its colour bar says.

    Parameters
    ----------
    record : bistable record; of several models or seeds the first is shown.
    style : sizes and colours.
    stimuli : numbers of the stimuli, as in the coordinate; by default those that compete best bottom-up.
    n : how many of these.
    kind : map to show, one of ``measures.MAPS``.
    place : show the place cues as well; they are shown anyway where there are no class cues.

    """
    run = signature_layout.first_run(record)
    columns = signature_layout.columns_of(run, kind, place)
    numbers = balanced(run, n) if stimuli is None else list(stimuli)
    present = run["stimulus"].values.tolist()
    if not 1 <= len(numbers) <= 26 or not set(numbers) <= set(present):
        raise ValueError(f"expected 1 to 26 of the stimuli {present[0]} to {present[-1]}, got {numbers}")
    chosen = run.sel(stimulus=numbers).load()
    ranges = {
        c.kind: signature_layout.map_range(chosen, [other for other in columns if other.kind == c.kind])
        for c in columns
    }
    grid = Grid(style.width, len(columns) + 1, len(numbers), chosen.sizes["y"] / chosen.sizes["x"])
    with style.context():
        page = page_of(grid.height, style)
        headings = ["stimulus", *(heading_of(chosen, column) for column in columns)]
        for place_, heading in enumerate(headings):
            heading = shortened(heading, (grid.width + grid.gap) * style.text / style.letter)
            page.text(grid.x(place_), grid.top - 1.5, heading, size=style.letter * style.unit)
        for row in range(len(numbers)):
            _draw_row(page, grid, row, chosen.isel(stimulus=[row]), columns, ranges, style)
        for kind_, limits in ranges.items():
            first = 1 + [column.kind for column in columns].index(kind_)
            _draw_scale(page, grid, first, signature_layout.SHOWN[kind_], limits)
        if signature_layout.classes_known(run):
            note(page, _indices(run, columns))
    page.figure.set_label(caption(record, stimuli, n, kind, place))
    return page.figure


def caption(
    record: xr.Dataset,
    stimuli: Sequence[int] | None = None,
    n: int = 4,
    kind: str = measures.DEFAULT_MAP,
    place: bool = False,
) -> str:
    """Write the caption of the signature figure that these arguments give.

    Parameters
    ----------
    record, stimuli, n, kind, place : as ``signature``.

    Returns
    -------
    What is shown, of which model, and the selection index of all stimuli with its 95 % bootstrap interval.

    Examples
    --------
    >>> experiments.figures.caption(record)[:60]
    'Bistable stimuli seen by absvit_micro: 0, 1, 2, 3 of 4 (the '
    """
    record = signature_layout.first_run(record)
    columns = signature_layout.columns_of(record, kind, place)
    numbers = balanced(record, n) if stimuli is None else stimuli
    rule = "the largest min(p1, p2) bottom-up" if stimuli is None else "chosen by number"
    cued = "; bold and framed in its colour, the cued one" if signature_layout.classes_known(record) else ""
    classes = (
        "two classes" if signature_layout.classes_known(record) else "two classes that are most probable bottom-up"
    )
    text = [
        f"Bistable stimuli seen by {signature_layout.model_name(record)}: {', '.join(map(str, numbers))} of "
        f"{record.sizes['stimulus']} ({rule}). Rules under a stimulus mark where object 1 (blue) and object "
        f"2 (orange) lie. Maps over the grey picture: {signature_layout.SHOWN[columns[0].kind]} "
        f"bottom-up, {signature_layout.SHOWN[kind]} in pass {record['iteration'].values[-1] + 1} under a "
        f"cue; maps of one kind share a scale. Bars: probability of the {classes}{cued}."
    ]
    if signature_layout.classes_known(record):
        for name, number in selection_indices(record, columns).items():
            text.append(
                f"Selection index of the {name} cues over all {record.sizes['stimulus']} stimuli: "
                f"{interval_text(*number)} (mean and 95 % bootstrap interval; chance .50)."
            )
    return " ".join(text)


def selection_indices(record: xr.Dataset, columns: Sequence[Column]) -> dict[str, tuple[float, float, float]]:
    """Selection index in the last pass of each kind of cue that is shown, over all stimuli.

    Mean and both ends of the 95 % bootstrap interval by kind; the model must know the classes.
    """
    index = measures.selection_index(record.isel(iteration=[-1])).isel(iteration=0)
    intervals = {kind: bootstrap(index.sel(prior=kind)) for kind in dict.fromkeys(c.prior[:-2] for c in columns[1:])}
    ends = ("estimate", "low", "high")
    return {kind: tuple(float(interval[end]) for end in ends) for kind, interval in intervals.items()}


def heading_of(record: xr.Dataset, column: Column) -> str:
    """Text above a column: the class that is cued, where it is the same one in every stimulus."""
    if column.prior.startswith("class") and signature_layout.classes_known(record):
        cued = {plain(str(record["class"].values[index])) for index in record[f"class_{column.cue}"].values}
        return f"cue: {cued.pop()}" if len(cued) == 1 else column.heading
    return column.heading


def _draw_row(page: Axes, grid: Grid, row: int, record: xr.Dataset, columns, ranges, style: Style) -> None:
    """Draw one stimulus: its letter, the picture with the objects' rules, and each column's map and bars."""
    y, height = grid.y(row), grid.width * grid.aspect
    image = record["image"].values[0]
    page.text(0.8, y, chr(ord("a") + row), size=style.letter * style.unit, weight="bold", va="top")
    place_picture(page, image, grid.x(0), y, grid.width, height)
    colours = style.colours(2)
    for (left, right), colour in zip(signature_layout.object_extents(record), colours, strict=True):
        start, end = (grid.x(0) + grid.width * edge for edge in (left, right))
        page.add_patch(Rectangle((start, y + height + 0.7), end - start, 0.8, color=colour, linewidth=0))
    names = [plain(str(record["class"].values[index])) for index in signature_layout.shown_classes(record)[0]]
    for place, column in enumerate(columns, start=1):
        lit = overlay(image, signature_layout.map_in_pixels(record, column), ranges[column.kind])
        place_picture(page, lit, grid.x(place), y, grid.width, height)
        if column.cue:
            frame = {"fill": False, "edgecolor": colours[column.cue - 1], "linewidth": 1.2 * style.unit}
            page.add_patch(Rectangle((grid.x(place), y), grid.width, height, **frame))
        (probabilities,) = signature_layout.shown_probabilities(record, column)
        note(page, pd.DataFrame({
            "panel": chr(ord("a") + row), "stimulus": int(record["stimulus"][0]), "cue": column.prior,
            "pass": int(record["iteration"][column.iteration]), "class": names, "probability": probabilities,
        }))  # fmt: skip
        known = signature_layout.classes_known(record)  # if not, the bars are of classes that belong to neither object
        fills, cue = (colours, column.cue) if known else ([style.unknown] * 2, 0)
        draw_bars(page, *grid.bars(place, row), names, probabilities, fills, cue)


def _indices(run: xr.Dataset, columns) -> pd.DataFrame:
    """The selection indices that the caption tells."""
    ends = ("selection_index", "selection_index_low", "selection_index_high")
    found = selection_indices(run, columns)
    rows = [{"cue": kind} | dict(zip(ends, number, strict=True)) for kind, number in found.items()]
    return pd.DataFrame(rows).assign(panel="caption: all stimuli")


def _draw_scale(page: Axes, grid: Grid, column: int, name: str, limits: tuple[float, float]) -> None:
    """Draw the colour bar of one kind of map below its first column, on the grey that lies under the maps."""
    x, y = grid.x(column), grid.y(grid.n_rows) + 0.2
    note(page, pd.DataFrame([{"panel": "scale", "map": name, "from": limits[0], "to": limits[1]}]))
    ramp = np.linspace(*limits, 256)[None].repeat(2, axis=0)
    grey = np.full((*ramp.shape, 3), 128, np.uint8)
    place_picture(page, overlay(grey, ramp, limits), x, y, grid.width, 2)
    for place, value, side in ((x, limits[0], "left"), (x + grid.width, limits[1], "right")):
        page.text(place, y + 2.8, two_digits(value), ha=side, va="top")
    page.text(x + grid.width / 2, y + 5.8, name, ha="center", va="top")


FIGURE = Figure(
    "signature",
    "stimuli, their maps and the probabilities under each cue",
    reads=("bistable",),
    needs=("logits", "image", "mask_1", "mask_2"),
    several=False,
    draw=signature,
)
