"""The degrading figure: a picture at every severity of a corruption, what models say, and their profiles."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from experiments.figures.light_axes import LightAxes, draw_axes, draw_cursor, draw_line
from experiments.figures.page import page_of, place_picture, plain, points, shortened
from experiments.figures.strokes import draw_names, strokes
from experiments.figures.style import STYLE, Style
from experiments.measures.corruption import corruption_profile
from experiments.statistics.intervals import number_text

__all__ = ["degrading"]

LEFT, GAP, TOP, LINE = 3.0, 2.0, 7.0, 3.6  # mm
FEWEST, ROW, FOOT = 30.0, 3.3, 12.0  # mm: height of a panel, of a corruption's row, and below the panels
CURVES = {  # mm, left edges and widths of the panels of lines
    "double": ((13.0, 40.0), (66.0, 34.0)),
    "single": ((13.0, 29.0), (57.0, 29.0)),
}
ROWS = {"double": (130.0, 47.0, 27.0), "single": (40.0, 45.0, 37.0)}  # mm, panel and names
ACROSS = {"double": 6, "single": 3}  # pictures in a row
NAMES = {"double": 4, "single": 2}  # names in a row of the legend


def degrading(
    record: xr.Dataset, severity: int = 3, profiles: Sequence[xr.Dataset] = (), style: Style = STYLE
) -> Figure:
    """Draw a corrupted picture with answers, the answer's probability over severity, and profiles from
    records.

    Parameters
    ----------
    record : what ``corrupt`` gives.
    severity : severity that is marked, and of which the profiles by corruption are shown; 0 for their mean.
    profiles : records of ``python -m absvit.robustness`` with the suite imagenet_c; none leaves their panels
        out.
    style : sizes and colours; in one column the pictures stand in two rows, and the corruptions below the
        lines.
    """
    if severity not in record["severity"].values:
        raise ValueError(f"severity is one of {record['severity'].values.tolist()}, got {severity}")
    corruption = _corruption(record)
    measured = dict(zip(_labels(profiles), map(corruption_profile, profiles), strict=True))
    live = [str(name) for name in record["model"].values]
    names = list(dict.fromkeys([*live, *measured]))
    looks = dict(zip(names, strokes(len(names)), strict=True))
    across, curves, in_row = ACROSS[style.column], CURVES[style.column], NAMES[style.column]
    width = (style.width - LEFT - 1 - (across - 1) * GAP) / across
    shown = width * record.sizes["y"] / record.sizes["x"]
    pitch = TOP + shown + LINE * len(live)
    cells = [(LEFT + k % across * (width + GAP), TOP + k // across * pitch) for k in range(record.sizes["severity"])]
    top = pitch * -(-len(cells) // across) + 8
    kinds = list(dict.fromkeys(str(name) for each in measured.values() for name in each["corruption"].values))
    panel, lower = ROW * len(kinds), top
    if style.column == "double":
        panel = max(FEWEST, panel)
    elif kinds:
        lower = top + FEWEST + FOOT
    end = max(top + FEWEST, lower + panel) + FOOT
    with style.context():
        page = page_of(end + 4 * -(-len(names) // in_row), style)
        _draw_pictures(page, record, severity, looks, cells, (width, shown))
        axes = _severities(page, curves[0], top, severity, "p (answer when clean)")
        page.text(LEFT, top - 2.5, "line: last pass, cross: bottom-up")
        for name in live:
            p = record["probability"].sel(model=name).values
            draw_line(page, axes, record["severity"].values, p[-1], marker="o", **looks[name])
            crosses = {"color": looks[name]["color"], "marker": "x", "markersize": 3, "linestyle": ""}
            draw_line(page, axes, record["severity"].values, p[0], **crosses)
        if measured:
            _draw_curves(page, curves[1], top, measured, corruption, severity, looks)
            _draw_rows(page, (*ROWS[style.column], lower, panel), measured, kinds, corruption, severity, looks)
        draw_names(page, LEFT, end, style.width - LEFT, names, list(looks.values()), in_row)
    page.figure.set_label(_caption(record, corruption, severity, measured))
    return page.figure


def _corruption(record: xr.Dataset) -> str:
    """Name of the corruption."""
    return json.loads(record.attrs["parameters"])["corruption"]


def _labels(profiles: Sequence[xr.Dataset]) -> list[str]:
    """Names of the records: their models, and of several records of a model their checkpoints."""
    models = [str(record.attrs.get("model", "model")) for record in profiles]
    stems = [Path(str(record.attrs.get("checkpoint", ""))).stem for record in profiles]
    labels = [m if models.count(m) == 1 else s or m for m, s in zip(models, stems, strict=True)]
    return [label if labels.count(label) == 1 else f"{label} ({k})" for k, label in enumerate(labels, start=1)]


def _draw_pictures(page: Axes, record: xr.Dataset, severity: int, looks: dict, cells, size) -> None:
    """Draw the picture at every severity, and below it what each model says in the last pass."""
    for k, level in enumerate(record["severity"].values):
        x, upper = cells[k]
        page.text(x, upper - 2, f"severity {level}" if level else "clean", size=points(STYLE.letter))
        place_picture(page, record["image"].values[k], x, upper, *size)
        if level == severity:
            page.add_patch(Rectangle((x, upper), *size, fill=False, edgecolor=STYLE.ink, linewidth=points(1.4)))
        for row, name in enumerate(record["model"].values):
            y = upper + size[1] + LINE * (row + 0.7)
            answer, p = (record[variable].sel(model=name).values[k] for variable in ("answer", "confidence"))
            page.text(x, y, shortened(plain(str(answer)), size[0] - 6), color=looks[name]["color"], va="center")
            page.text(x + size[0], y, number_text(p), color=looks[name]["color"], va="center", ha="right")


def _severities(page: Axes, place: tuple[float, float], top: float, severity: int, name: str) -> LightAxes:
    """Draw axes with severities across, the chosen one marked."""
    axes = LightAxes(place[0], top, place[1], FEWEST, (0, 5), (0, 1))
    draw_axes(page, axes, ("severity (0 = clean)", name), range(6), (0, 0.5, 1))
    draw_cursor(page, axes, severity)
    return axes


def _draw_curves(page: Axes, place, top: float, measured: dict, corruption: str, severity: int, looks: dict) -> None:
    """Draw accuracy over the severity of the corruption, with intervals."""
    axes = _severities(page, place, top, severity, "accuracy")
    for name, profile in measured.items():
        if corruption not in profile["corruption"].values:
            continue
        each = profile.sel(corruption=corruption).dropna("severity", subset=["top1"])
        ends = each["top1_low"].values, each["top1_high"].values
        draw_line(page, axes, each["severity"].values, each["top1"].values, ends, marker="o", **looks[name])


def _draw_rows(
    page: Axes, place, measured: dict, kinds: list[str], corruption: str, severity: int, looks: dict
) -> None:
    """Draw accuracy under every corruption at one severity, or as the mean over severities."""
    left, width, names, top, height = place
    axes = LightAxes(left, top, width, height, (0, 1), (len(kinds) - 0.5, -0.5))
    name = f"accuracy, severity {severity}" if severity else "accuracy, mean over severities"
    draw_axes(page, axes, (name, ""), (0, 0.5, 1), ())
    for row, kind in enumerate(kinds):
        weight = "bold" if kind == corruption else "normal"
        words = shortened(kind.replace("_", " "), names, weight)
        page.text(left - 1.6, axes.y(row), words, ha="right", va="center", weight=weight)
    for k, (model, profile) in enumerate(measured.items()):
        here = profile.sel(severity=severity) if severity else profile.sel(severity=slice(1, None)).mean("severity")
        here = here.reindex(corruption=kinds)
        y, colour = np.arange(len(kinds)) + 0.6 * ((k + 0.5) / len(measured) - 0.5), looks[model]["color"]
        if severity:
            gaps = np.full(len(kinds), np.nan)
            x = np.stack([here["top1_low"], here["top1_high"], gaps], axis=1).ravel()
            draw_line(page, axes, x, np.stack([y, y, gaps], axis=1).ravel(), color=colour, linewidth=1)
        draw_line(page, axes, here["top1"].values, y, marker="o", linestyle="", color=colour)


def _caption(record: xr.Dataset, corruption: str, severity: int, measured: dict) -> str:
    text = (
        f"A picture under {corruption.replace('_', ' ')} at five severities and what {record.attrs['model']} "
        "say of it in the last pass; the probability of the class that a model says of the clean picture "
        "(lines: last pass, crosses: bottom-up)."
    )
    if measured:
        told = ", ".join(f"{name} ({profile.attrs['n']} pictures)" for name, profile in measured.items())
        by = f"at severity {severity}, with such intervals" if severity else "as the mean over severities"
        text += (
            f" Accuracy from records of {told}: over the severity of this corruption, with 95 % intervals "
            f"over pictures, and under every corruption {by}."
        )
    return text
