"""Every number that a figure draws stands in its table: what all artists hold, found again in the rows."""

import inspect
import re

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.text import Text
from test_figure_layout import LOOKS, RECORDS

from experiments.figures import FIGURES, numbers_of
from experiments.figures import style as drawing
from experiments.figures.numbers import RULE

NUMBER = r"[−-]?\d*\.?\d+"


def told(figure):
    """Numbers of each row of the table, and all its words."""
    table = numbers_of(figure)
    rows = [np.array([*filter(np.isfinite, pd.to_numeric(row, errors="coerce"))]) for row in table.to_numpy(object)]
    return rows, {str(cell) for cell in table.to_numpy(object).ravel()} | {*table}


def names_of(axis):
    """Words that stand at places of an axis instead of their number: names of rows, or what lies outside."""
    at = zip(axis.get_majorticklocs(), [tick.get_text() for tick in axis.get_majorticklabels()], strict=False)
    return {float(place): text for place, text in at if not re.fullmatch(NUMBER, text)}


def points_of(axes):
    """Points (x, y), and bars (x, low, x, high), of all lines, bands, error bars and histograms."""
    for line in axes.lines:
        if line.get_label() != RULE:
            yield from np.asarray(line.get_xydata(), float)
    for collection in axes.collections:
        if isinstance(collection, LineCollection):
            yield from (np.ravel(segment) for segment in collection.get_segments())
        elif isinstance(collection, PolyCollection):
            for path in collection.get_paths():
                yield from path.vertices
    for patch in axes.patches:
        yield [patch.get_x(), patch.get_x() + patch.get_width(), patch.get_height()]


def is_told(point, rows, axes):
    """Whether one row holds all numbers of a point, but for the places that have a name."""
    across, dots = names_of(axes.xaxis), axes.yaxis_inverted()  # rows of dots, from the top: their y is no number
    wanted = [value for k, value in enumerate(point) if not (dots and k % 2)]
    wanted = [v for v in wanted if np.isfinite(v) and not any(np.isclose(v, place) for place in across)]
    return any(all(np.isclose(row, v, rtol=1e-6, atol=1e-9).any() for v in wanted) for row in rows)


@pytest.fixture(scope="module")
def drawn():
    """Function that draws a figure of the catalogue from a small record, once."""
    figures = {}

    def draw(name):
        if name not in figures:
            entry, records = FIGURES[name], RECORDS[name]()
            given = records if entry.several else records[0]
            few = {"n": 20} if "n" in inspect.signature(entry.draw).parameters and entry.several else {}
            figures[name] = entry(given, style=LOOKS["two columns"], **few)
            figures[name].canvas.draw()
        return figures[name]

    return draw


@pytest.mark.parametrize("name", FIGURES)
def test_every_point_that_is_drawn_is_a_row_of_the_table(drawn, name):
    figure = drawn(name)
    (rows, words), page = told(figure), figure.axes[0]
    found = 0
    for axes in figure.axes:
        if axes is page or axes.get_label() == "<colorbar>":  # the page is in mm: bars and texts, below
            continue
        for point in points_of(axes):
            assert is_told(point, rows, axes), (axes.get_label(), point)
            found += 1
        for image in axes.images:
            values = np.asarray(np.ma.filled(image.get_array(), np.nan), float)
            for value in values[np.isfinite(values)]:
                assert any(np.isclose(row, value, rtol=1e-6).any() for row in rows), value
                found += 1
    assert found > 10 or name in ("signature", "sheet")
    assert not [text for text in words if text.startswith("<")]


@pytest.mark.parametrize("name", FIGURES)
def test_every_text_that_is_a_number_is_in_the_table(drawn, name):
    figure = drawn(name)
    rows = np.concatenate([row for row in told(figure)[0] if len(row)])
    ticks = {
        label for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)
        for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks()) for label in (tick.label1, tick.label2)
    }  # fmt: skip
    texts = [text.get_text() for text in figure.findobj(Text) if text not in ticks]
    shown = [text for text in texts if re.fullmatch(NUMBER, text)]
    for text in shown:
        value, digits = float(text.replace("−", "-")), len(text.partition(".")[2])
        near = np.isclose(rows, value, rtol=0.05 if name == "signature" else 1e-9, atol=0.51 * 10.0**-digits)
        assert near.any(), text
    assert shown or name not in ("signature", "consistency")


def test_bars_have_the_length_of_probabilities_in_the_table(drawn):
    figure = drawn("signature")
    table = numbers_of(figure)
    bars = [p for p in figure.axes[0].patches if getattr(p, "get_height", lambda: 0)() == 2.2]
    track = max(bar.get_width() for bar in bars)
    lengths = [bar.get_width() / track for bar in bars if drawing.to_hex(bar.get_facecolor()) != drawing.STYLE.track]
    np.testing.assert_allclose(lengths, table["probability"].dropna(), rtol=1e-6)
    assert {"stimulus", "cue", "pass", "class"} <= set(table)


def test_psychometric_tables_hold_thresholds_lapses_and_the_points_of_the_curves(drawn):
    table = numbers_of(drawn("psychometric"))
    for name in ("threshold", "lapse", "share"):
        assert table[[name, f"{name}_low", f"{name}_high"]].notna().any().all()
    assert table["fitted"].notna().sum() > 400
    assert "fitted" not in numbers_of(drawn("psychometric"), curves=False)
