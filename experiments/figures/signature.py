"""Figures: record -> matplotlib Figure, ready for a journal; nothing here runs a model."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from experiments import measures, summaries
from experiments.figures import panels
from experiments.figures.drawing import INCH, STYLE, Style, draw_bars, overlay, page_of, place_picture, plain, shortened
from experiments.figures.panels import Grid, balanced, caption

__all__ = ["INCH", "STYLE", "Style", "balanced", "caption", "save", "signature", "steering"]


def signature(
    record: xr.Dataset,
    stimuli: Sequence[int] | None = None,
    n: int = 4,
    kind: str = measures.DEFAULT_MAP,
    place: bool = False,
) -> Figure:
    """Draw the signature figure: stimulus | bottom-up | cue: class 1 | cue: class 2, one stimulus in a row.

    Each map lies over the grey picture, with the probabilities of the two objects as bars; maps of one kind
    share a scale. Prior weights and feedback do not exist bottom-up: that column then shows the token norm
    (else class attention or value norm), as its colour bar says.

    Parameters
    ----------
    record : bistable record; of several models or seeds the first is shown.
    stimuli : numbers of the stimuli, as in the coordinate; by default what ``balanced`` chooses.
    n : how many stimuli ``balanced`` chooses.
    kind : map to show, one of ``measures.MAPS``.
    place : whether to show the place cues as well; they are shown anyway where there are no class cues.

    Returns
    -------
    Figure, 183 mm wide; its label, ``figure.get_label()``, is the caption.

    Raises
    ------
    ValueError : a stimulus is not in the record, more than 26 are asked for, or the record lacks this map or
        its cues.
    """
    run = panels.first_run(record)
    columns = panels.columns_of(run, kind, place)
    numbers = balanced(run, n) if stimuli is None else list(stimuli)
    present = run["stimulus"].values.tolist()
    if not 1 <= len(numbers) <= 26 or not set(numbers) <= set(present):
        raise ValueError(f"expected 1 to 26 of the stimuli {present[0]} to {present[-1]}, got {numbers}")
    chosen = run.sel(stimulus=numbers).load()
    ranges = {c.kind: panels.map_range(chosen, [other for other in columns if other.kind == c.kind]) for c in columns}
    grid = Grid(STYLE.double, len(columns) + 1, len(numbers), chosen.sizes["y"] / chosen.sizes["x"])
    with matplotlib.rc_context(STYLE.settings()):
        page = page_of(grid.height)
        for place_, heading in enumerate(["stimulus", *(column.heading for column in columns)]):
            page.text(grid.x(place_), grid.top - 1.5, heading, size=STYLE.letter)
        for row in range(len(numbers)):
            _draw_row(page, grid, row, chosen.isel(stimulus=[row]), columns, ranges)
        for kind_, limits in ranges.items():
            first = 1 + [column.kind for column in columns].index(kind_)
            _draw_scale(page, grid, first, panels.MAP_NAMES[kind_], limits)
    page.figure.set_label(caption(record, stimuli, n, kind, place))
    return page.figure


def steering(record_or_summary: xr.Dataset | pd.DataFrame) -> Figure:
    """Draw how well each kind of cue steers: selection index and share of stimuli that the cue decides.

    A block of rows per model, a row per kind of cue, a dot with its 95 % interval per seed; the dashed line
    is the selection index of a cue without effect.

    Parameters
    ----------
    record_or_summary : bistable record, or what ``summaries.summary`` gives.

    Returns
    -------
    Figure, 183 mm wide; its label, ``figure.get_label()``, is the caption.

    Raises
    ------
    ValueError : the summary has no selection index.
    """
    frame = record_or_summary
    frame = frame if isinstance(frame, pd.DataFrame) else summaries.summary(frame)
    if "cue_decides" not in frame or frame["cue_decides"].isna().all():
        raise ValueError("expected bistable records whose classes the model knows: others have no selection index")
    frame = frame[frame["cue_decides"].notna()]
    kinds = list(dict.fromkeys(frame["prior"]))
    colour = dict(zip(kinds, STYLE.colours(len(kinds)), strict=True))
    blocks = list(frame.groupby("model", sort=False))
    height = 12 + len(blocks) * 6 + 4.2 * sum(part["prior"].nunique() for _, part in blocks)
    with matplotlib.rc_context(STYLE.settings()):
        page = page_of(height)
        axes = [_panel(page, x, height, name) for x, name in ((56, "selection index"), (122, "both cues decide"))]
        axes[0].axvline(0.5, color=STYLE.ink, linewidth=0.7, linestyle=(0, (4, 3)), zorder=1)
        axes[0].text(0.515, 4, "chance", va="center")
        y = 1.0
        for model, part in blocks:
            page.text(1, y + 3, shortened(str(model), 53, "bold"), weight="bold", va="center")
            for row, kind in enumerate(dict.fromkeys(part["prior"])):
                centre = y + 7 + 4.2 * row
                page.text(4, centre, kind, va="center")
                _draw_dots(axes, part[part["prior"] == kind], centre, colour[kind])
            y += 6 + 4.2 * part["prior"].nunique()
    stimuli = " or ".join(str(n) for n in dict.fromkeys(frame["n"]))
    page.figure.set_label(
        f"Steering by each kind of cue, {stimuli} stimuli: mean and 95 % bootstrap interval, a dot per seed. "
        "Selection index p(cued) / (p(class 1) + p(class 2)), chance .50 (dashed); share of stimuli in which "
        "each of the two cues lets its object win, 0 for cues without effect."
    )
    return page.figure


def save(figure: Figure, path: str | Path, record: xr.Dataset, formats: Sequence[str] | None = None) -> list[Path]:
    """Write a figure, whole or not at all, with its caption and provenance in the files' metadata.

    Parameters
    ----------
    figure : what a function of this module gives.
    path : file to write; folders are made.
    record : record that the figure was made from; its attributes are the provenance.
    formats : of "pdf", "png" (300 dpi) and "svg"; by default the suffix of path, else PDF and PNG.

    Returns
    -------
    The files written.

    Raises
    ------
    ValueError : a format is not known, or the path cannot be written.
    """
    path = Path(path)
    known = {".pdf", ".png", ".svg"}
    suffixes = [path.suffix.lower()] if path.suffix else [".pdf", ".png"]
    suffixes = suffixes if formats is None else [f".{name.lower().lstrip('.')}" for name in formats]
    if not set(suffixes) <= known:
        raise ValueError(f"expected pdf, png or svg, got {', '.join(suffixes)}")
    targets = [path.with_suffix(s) if path.suffix.lower() in known else Path(f"{path}{s}") for s in suffixes]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for target in targets:
            _write(figure, target, _metadata(figure, record, target.suffix))
    except OSError as error:
        raise ValueError(f"cannot write {path} ({error}): choose a path that can be written") from error
    return targets


def _write(figure: Figure, target: Path, metadata: dict) -> None:
    """Write one file beside its place, then move it there."""
    part = target.with_name(f".{target.name}.part")
    try:
        with matplotlib.rc_context(STYLE.settings()):
            figure.savefig(part, format=target.suffix[1:], dpi=300, metadata=metadata)
        os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)


def _metadata(figure: Figure, record: xr.Dataset, suffix: str) -> dict:
    """Caption and provenance under the names that a format knows; no time, so the same bytes each time."""
    names = ("model", "checkpoint", "checkpoint_sha256", "package_version", "git_commit", "command", "seed")
    provenance = json.dumps({name: str(record.attrs[name]) for name in names if name in record.attrs})
    title = str(record.attrs.get("title", "absvit"))
    creator = f"absvit {record.attrs.get('package_version', '')}".strip()
    if suffix == ".pdf":
        about = {"Subject": figure.get_label(), "Keywords": provenance, "CreationDate": None}
    elif suffix == ".svg":
        about = {"Description": figure.get_label(), "Keywords": [provenance], "Date": None}
    else:
        about = {"Description": figure.get_label(), "Comment": provenance}
    return {"Title": title, "Software" if suffix == ".png" else "Creator": creator, **about}


def _draw_row(page: Axes, grid: Grid, row: int, record: xr.Dataset, columns, ranges) -> None:
    """Draw one stimulus: its letter, the picture with the objects' rules, and each column's map and bars."""
    y, height = grid.y(row), grid.width * grid.aspect
    image = record["image"].values[0]
    page.text(0.8, y, chr(ord("a") + row), size=STYLE.letter, weight="bold", va="top")
    place_picture(page, image, grid.x(0), y, grid.width, height)
    colours = STYLE.colours(2)
    for (left, right), colour in zip(panels.object_extents(record), colours, strict=True):
        start, end = (grid.x(0) + grid.width * edge for edge in (left, right))
        page.add_patch(Rectangle((start, y + height + 0.7), end - start, 0.8, color=colour, linewidth=0))
    names = [plain(str(record["class"].values[index])) for index in panels.shown_classes(record)[0]]
    for place, column in enumerate(columns, start=1):
        lit = overlay(image, panels.map_in_pixels(record, column), ranges[column.kind])
        place_picture(page, lit, grid.x(place), y, grid.width, height)
        if column.cue:
            frame = {"fill": False, "edgecolor": colours[column.cue - 1], "linewidth": 1.2}
            page.add_patch(Rectangle((grid.x(place), y), grid.width, height, **frame))
        (probabilities,) = panels.shown_probabilities(record, column)
        known = panels.classes_known(record)  # if not, the bars are of classes that belong to neither object
        fills, cue = (colours, column.cue) if known else ([STYLE.unknown] * 2, 0)
        draw_bars(page, *grid.bars(place, row), names, probabilities, fills, cue)


def _draw_scale(page: Axes, grid: Grid, column: int, name: str, limits: tuple[float, float]) -> None:
    """Draw the colour bar of one kind of map below its first column, on the grey that lies under the maps."""
    x, y = grid.x(column), grid.y(grid.n_rows) + 0.2
    ramp = np.linspace(*limits, 256)[None].repeat(2, axis=0)
    grey = np.full((*ramp.shape, 3), 128, np.uint8)
    place_picture(page, overlay(grey, ramp, limits), x, y, grid.width, 2)
    for place, value, side in ((x, limits[0], "left"), (x + grid.width, limits[1], "right")):
        page.text(place, y + 2.8, f"{value:.2g}", ha=side, va="top")
    page.text(x + grid.width / 2, y + 5.8, name, ha="center", va="top")


def _panel(page: Axes, x: float, height: float, name: str) -> Axes:
    """Axes from 0 to 1 for one measure, whose vertical unit is the page's mm."""
    box = (x / STYLE.double, 10 / height, 58 / STYLE.double, 1 - 11 / height)
    axes = page.figure.add_axes(box, xlim=(-0.02, 1.02), ylim=(height - 10, 1), yticks=[], xlabel=name)
    axes.set_xticks(np.linspace(0, 1, 5), ["0", ".25", ".50", ".75", "1"])
    axes.spines[["left", "right", "top"]].set_visible(False)
    axes.grid(axis="x", color=STYLE.track, linewidth=0.6)
    axes.set_axisbelow(True)
    return axes


def _draw_dots(axes: list[Axes], rows: pd.DataFrame, centre: float, colour: str) -> None:
    """Draw a kind of cue into both panels, its seeds a little below each other."""
    offsets = (np.arange(len(rows)) - (len(rows) - 1) / 2) * min(1.1, 3.2 / len(rows))
    for panel, name in zip(axes, ("selection_index", "cue_decides"), strict=True):
        mean, low, high = (rows[name + end].to_numpy() for end in ("", "_low", "_high"))
        panel.hlines(centre + offsets, low, high, color=colour, linewidth=1.2)
        panel.plot(mean, centre + offsets, "o", color=colour, markersize=2.8, clip_on=False)
