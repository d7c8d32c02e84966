"""What every figure promises, tried on small records: whole text, and no number that its table does not hold."""

from __future__ import annotations

import itertools
import re
import string
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection, QuadMesh
from matplotlib.figure import Figure as Drawn
from matplotlib.text import Text
from PIL import Image

from experiments.figures.figure import FIGURES, Figure
from experiments.figures.numbers import RULE, numbers_of
from experiments.figures.saving import save
from experiments.figures.style import INCH, Style, style_of

__all__ = ["check_figure", "faults_of_text"]

LOOKS = (("paper", "double"), ("paper", "single"), ("slides", "double"), ("slides", "single"))
LONGEST = 247.0  # mm, of a journal's page
SMALLEST = 5.0  # points on paper
NUMBER = r"[−-]?\d*\.?\d+"


def check_figure(figure: str | Figure, given: xr.Dataset | Sequence[xr.Dataset] | pd.DataFrame, **options) -> None:
    """Try what a figure promises.

    Parameters
    ----------
    figure : its name, or the figure itself.
    given : what it draws: one small record or several, or a table.
    options : of the figure, such as n = 20, so that it is fast.

    Raises
    ------
    ValueError : a promise is not kept; one sentence says which.
    """
    figure = FIGURES.of(figure)
    for broken in _faults(figure, given, options):
        raise ValueError(f"the figure {figure.name!r} {broken}")


def _faults(figure: Figure, given, options: dict) -> Iterator[str]:
    """What is wrong with a figure, one sentence after the other."""
    if bare := [name for name, option in figure.options.items() if option.default is option.empty]:
        yield f"has options without a default: give one to {', '.join(bare)}"
    records = [] if isinstance(given, pd.DataFrame) else [given] if isinstance(given, xr.Dataset) else list(given)
    if figure.reads and records:
        yield from _of_refusals(figure, records[0])
    before = [record.copy(deep=True) for record in records]
    tables = []
    for look in LOOKS:
        style = style_of(*look)
        drawn = figure(given, style=style, **options)
        if not isinstance(drawn, Drawn):
            yield f"draws {type(drawn).__name__}: give a Layout, or a matplotlib Figure"
        smallest = SMALLEST * style.unit
        for fault in itertools.chain(_of_page(drawn, style), _of_panels(drawn), faults_of_text(drawn, smallest)):
            yield f"{fault} ({' '.join(look)})"
        tables.append(numbers_of(drawn))
        if look == LOOKS[0]:
            yield from _of_caption(drawn, tables[0])
            yield from _of_numbers(drawn, tables[0])
            yield from _of_files(drawn, records)
    if not all(table.equals(tables[0]) for table in tables):
        yield "draws other numbers of the same record: make them depend on nothing else"
    if not all(record.identical(earlier) for record, earlier in zip(records, before, strict=True)):
        yield "changes the record that it draws: work on a copy"


def _of_refusals(figure: Figure, record: xr.Dataset) -> Iterator[str]:
    """Whether records of others, and those without what is drawn, are refused."""
    foreign = record.assign_attrs(title="another probe")
    foreign.attrs.pop("probe", None)
    bare = [record.drop_vars(name, errors="ignore").drop_dims(name, errors="ignore") for name in figure.needs]
    for wrong in (foreign, *bare):
        try:
            figure.checked(wrong)
        except ValueError:
            continue
        yield "takes records that it cannot draw: say what it reads and needs"


def _of_page(drawn: Drawn, style: Style) -> Iterator[str]:
    """Whether the page has the width of its style, and is no longer than a journal's."""
    width, height = drawn.get_size_inches() * INCH / style.unit
    if not np.isclose(width, style.width):
        yield f"is {width:.1f} mm wide instead of {style.width:g}: make its page with page_of or a Layout"
    if height > LONGEST and style.column == "double":
        yield f"is {height:.0f} mm high, more than a page of {LONGEST:g}"


def _of_panels(drawn: Drawn) -> Iterator[str]:
    """Whether every axis says what it is of, and several panels carry letters, or their names."""
    page, *panels = [axes for axes in drawn.axes if axes.get_label() != "<colorbar>"]
    for axes, across in itertools.product(panels, (True, False)):
        beside = [other for other in panels if _span(other, across) == _span(axes, across)]
        if not any(_is_labelled(other.xaxis if across else other.yaxis) for other in beside):
            yield f"leaves the {'horizontal' if across else 'vertical'} axis of {axes.get_label()!r} without a label"
    letters = [text.get_text() for text in page.texts if len(text.get_text()) == 1 and text.get_weight() == "bold"]
    texts = {text.get_text() for text in drawn.findobj(Text)}
    named = not letters and all(axes.get_label() in texts for axes in panels)
    if len(panels) > 1 and letters != [*string.ascii_lowercase[: len(panels)]] and not named:
        yield f"has {len(panels)} panels and the letters {', '.join(letters) or 'none'}: make its page with a Layout"


def _span(axes: Axes, across: bool) -> tuple[float, ...]:
    """Place and limits of an axis; panels in which they are the same share it."""
    box = axes.get_position(original=True)
    return (box.x0, box.width, *axes.get_xlim()) if across else (box.y0, box.height, *axes.get_ylim())


def _is_labelled(axis) -> bool:
    """Whether an axis has a label, words at its ticks, or nothing there."""
    told = "".join(text.get_text() for text in axis.get_majorticklabels())
    return bool(axis.get_label_text() or not told.strip() or re.search(r"[^\W\d]", told))


def faults_of_text(drawn: Drawn, smallest: float = SMALLEST) -> Iterator[str]:
    """Say which text is too small, cut off at the page's edge, or over another text, a picture or axes."""
    drawn.canvas.draw()  # places the labels of axes
    page, texts = drawn.bbox, _texts(drawn)
    for text, box in texts:
        told = repr(text.get_text())
        if text.get_fontsize() < smallest:
            yield f"writes {told} in {text.get_fontsize():.1f} points"
        if not (page.x0 <= box.x0 and box.x1 <= page.x1 and page.y0 <= box.y0 and box.y1 <= page.y1):
            yield f"cuts {told} off at the edge of the page"
    first, *others = drawn.axes
    upright = [(text, box) for text, box in texts if text.get_rotation() in (0, 90)]
    pictures = [(image, image.get_window_extent()) for axes in drawn.axes for image in axes.images]
    on_pictures = {text for text, _ in upright if text.axes and text.axes.images and text.axes is not first}
    for (one, a), (other, b) in itertools.combinations(upright + pictures, 2):
        if on_pictures & {one, other} and not (isinstance(one, Text) and isinstance(other, Text)):
            continue
        if _overlap(a, b):
            yield f"draws {_called(one)} over {_called(other)}"
    for text, box in texts:
        if (
            text.axes is first
            and any(_overlap(box, axes.get_window_extent()) for axes in others)
            and not _lies_over(first, others)
        ):
            yield f"draws {_called(text)} over a panel"


def _lies_over(page: Axes, panels: Sequence[Axes]) -> bool:
    """Whether the page's texts are meant to lie over the panels."""
    return page.get_zorder() > max(panel.get_zorder() for panel in panels)


def _texts(drawn: Drawn) -> list[tuple]:
    """Texts that are drawn and their boxes, without the ticks outside of the axes' limits."""
    unseen = set()
    for axes in drawn.axes:
        for axis, limits in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
            low, high = sorted(limits)
            slack = 1e-6 * (high - low)
            for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks()):
                if not low - slack <= tick.get_loc() <= high + slack:
                    unseen |= {tick.label1, tick.label2}
    renderer = drawn.canvas.get_renderer()
    texts = drawn.findobj(lambda artist: isinstance(artist, Text) and artist.get_visible() and artist not in unseen)
    return [(text, text.get_window_extent(renderer)) for text in texts if text.get_text().strip()]


def _overlap(a, b, slack: float = 0.5) -> bool:
    return min(a.x1, b.x1) - max(a.x0, b.x0) > slack and min(a.y1, b.y1) - max(a.y0, b.y0) > slack


def _called(artist) -> str:
    return repr(artist.get_text()) if isinstance(artist, Text) else "a picture"


def _of_caption(drawn: Drawn, table: pd.DataFrame) -> Iterator[str]:
    """Whether the caption is a text that tells n and, where there are intervals, their kind."""
    caption = drawn.get_label()
    if not caption.endswith(".") or caption.count("(") != caption.count(")") or re.search(r"\bnan\b", caption):
        yield f"has no caption of whole sentences: {caption!r}"
    if not re.search(r"\d+ (of \d+ )?stimuli|n = \d+|n of stimuli: |\d+ pictures|of \d+ \(", caption):
        yield f"does not say in its caption how many stimuli are shown: {caption!r}"
    if any(name.endswith("_low") for name in table) and " interval" not in caption:
        yield f"does not say in its caption which intervals are shown: {caption!r}"


def _of_files(drawn: Drawn, records: Sequence[xr.Dataset]) -> Iterator[str]:
    """Whether a file tells its caption and the records that it is of."""
    with tempfile.TemporaryDirectory() as folder:
        (path,) = save(drawn, Path(folder) / "figure.png", records or [xr.Dataset()], dpi=50)
        with Image.open(path) as image:
            told = dict(image.text)
    if told["Description"] != drawn.get_label():
        yield "does not carry its caption in its files"
    for name in ("model", "checkpoint_sha256"):
        if lost := [one.attrs[name] for one in records if name in one.attrs and one.attrs[name] not in told["Comment"]]:
            yield f"does not tell the {name} {lost[0]!r} in its files"


def _of_numbers(drawn: Drawn, table: pd.DataFrame) -> Iterator[str]:
    """Which numbers are drawn and do not stand in the table."""
    rows = table.apply(pd.to_numeric, errors="coerce").to_numpy(float)
    rows = np.where(np.isfinite(rows), rows, np.nan)  # as words are, and close to nothing
    every = rows[~np.isnan(rows)]
    for axes in drawn.axes[1:]:  # the first one is the page in mm
        if axes.get_label() == "<colorbar>":
            continue
        across, dots = _named(axes.xaxis), axes.yaxis_inverted()  # rows of dots, from the top: their y is no number
        for point in _points(axes):
            wanted = point[[k for k, value in enumerate(point) if np.isfinite(value) and not (dots and k % 2)]]
            if not _is_told(wanted[~_close(across, wanted).any(axis=0)], rows):
                yield f"draws {np.round(point, 4).tolist()} in {axes.get_label()!r}, which is in no row of its table"
        for image in (*axes.images, *axes.findobj(QuadMesh)):
            values = np.asarray(np.ma.filled(image.get_array(), np.nan), float)
            for value in values[np.isfinite(values)]:
                if not np.isclose(every, value, rtol=1e-6).any():
                    yield f"draws {value} in {axes.get_label()!r}, which is in no row of its table"
    for text in _numbers_written(drawn):
        value, digits = float(text.replace("−", "-")), len(text.partition(".")[2])
        if not np.isclose(every, value, rtol=0.05, atol=0.51 * 10.0**-digits).any():
            yield f"writes {text}, which is in no row of its table"


def _numbers_written(drawn: Drawn) -> list[str]:
    """Texts that are numbers, without the ticks."""
    ticks = {
        label
        for axes in drawn.axes
        for axis in (axes.xaxis, axes.yaxis)
        for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks())
        for label in (tick.label1, tick.label2)
    }
    texts = [text.get_text() for text in drawn.findobj(Text) if text not in ticks]
    return [text for text in texts if re.fullmatch(NUMBER, text)]


def _points(axes: Axes) -> Iterator[np.ndarray]:
    """Points (x, y), and bars (x, low, x, high), of all lines, bands, error bars and histograms."""
    for line in axes.lines:
        if line.get_label() != RULE:
            yield from np.asarray(line.get_xydata(), float)
    for collection in axes.collections:
        if isinstance(collection, LineCollection):
            yield from (np.ravel(segment) for segment in collection.get_segments())
        elif isinstance(collection, PolyCollection):
            yield from (vertex for path in collection.get_paths() for vertex in path.vertices)
    for patch in axes.patches:
        yield np.array([patch.get_x(), patch.get_x() + patch.get_width(), patch.get_height()])


def _is_told(wanted: np.ndarray, rows: np.ndarray) -> bool:
    """Whether one row holds all these numbers."""
    return bool(_close(rows, wanted, rtol=1e-6, atol=1e-9).any(axis=1).all(axis=-1).any())


def _close(values: np.ndarray, wanted: np.ndarray, **tolerances: float) -> np.ndarray:
    """Whether values (...) are close to each of the wanted numbers (...; wanted)."""
    return np.isclose(values[..., None], wanted, **tolerances)


def _named(axis) -> np.ndarray:
    """Places of an axis at which words stand instead of their number."""
    at = zip(axis.get_majorticklocs(), axis.get_majorticklabels(), strict=False)
    return np.array([place for place, label in at if not re.fullmatch(NUMBER, label.get_text())], float)
