"""Figures under any matplotlibrc, with any names: the same bytes, $ as a character, fonts by choice."""

import re
import warnings
from dataclasses import replace

import matplotlib
import matplotlib.style
import numpy as np
import pytest
import synthetic_probe_records as made
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from matplotlib import font_manager
from PIL import Image
from synthetic_records import CLASSES, bistable_record

from absvit.segmentation.classes import ClassTable
from absvit.segmentation.overlays import overlay_figure
from experiments import figures
from experiments.figures import FIGURES
from experiments.figures.screen import png

USERS = {
    "cut": {"savefig.bbox": "tight", "savefig.dpi": 37},
    "tex": {"text.usetex": True},
    "dark": {**matplotlib.style.library["dark_background"], "font.size": 19, "axes.grid": True},
    "xkcd": {"path.sketch": (1, 100, 2), "lines.marker": "x", "axes.prop_cycle": matplotlib.cycler(color="rg")},
    "layout": {"figure.autolayout": True, "axes.titlesize": 30, "image.cmap": "jet", "image.origin": "lower"},
}
DRAWN = {"signature": lambda: bistable_record(2, size=32), "settling": lambda: [made.dynamics_record("settling")]}


def files(name, folder, style=figures.STYLE):
    given = DRAWN[name]()
    figure = FIGURES[name](given, style=style, n=2 if name == "signature" else 20)
    return [
        png(figure),
        *(path.read_bytes() for path in figures.save(figure, folder / name, given, ("png", "pdf", "svg"))),
    ]


@pytest.mark.slow
@pytest.mark.parametrize("name", DRAWN)
def test_a_users_settings_change_no_byte(name, tmp_path):
    expected = files(name, tmp_path)
    for user in USERS.values():
        with matplotlib.rc_context(user):
            before = dict(matplotlib.rcParams)
            assert files(name, tmp_path) == expected
            assert dict(matplotlib.rcParams) == before


def overlay(file):
    table = ClassTable(("a $ b", "$^{"), ((0, 0, 0), (255, 0, 0)), {0: 0, 1: 1})
    labels = np.arange(64, dtype=np.uint8).reshape(8, 8) % 2
    overlay_figure(np.zeros((8, 8, 3), np.uint8), [labels], table, ["pass 1"]).savefig(file, format="png", dpi=50)
    return file.read_bytes()


@pytest.mark.seconds
def test_overlays_of_segmentations_follow_no_users_settings_either(tmp_path):
    expected = overlay(tmp_path / "o.png")
    for user in USERS.values():
        with matplotlib.rc_context(user):
            assert overlay(tmp_path / "o.png") == expected


def named(record, change):
    return record.assign_coords({"class": np.array([change(str(name)) for name in CLASSES], object)})


def test_a_dollar_is_a_character_of_a_name(tmp_path):
    record = named(bistable_record(2, size=32), lambda name: f"${name}^2$")
    figure = figures.signature(record)
    (path,) = figures.save(figure, tmp_path / "s.svg", record)
    assert f"${CLASSES[0]}^2$" in path.read_text("utf8")
    odd = named(bistable_record(2, size=32), lambda name: rf"$\{name} {{^$")  # no mathematics at all
    figures.save(figures.signature(odd), tmp_path / "s.png", odd)


def test_powers_of_ten_are_written_without_mathematics(tmp_path):
    record = made.dynamics_record("settling")
    record["state_change"] = record["state_change"] * 1e-6
    figure = FIGURES["settling"]([record], n=20)
    (path,) = figures.save(figure, tmp_path / "s.svg", record)
    text = path.read_text("utf8")
    assert "mathdefault" not in text and re.search("10⁻[⁰¹²³⁴⁵⁶⁷⁸⁹]", text)


@pytest.fixture
def han(tmp_path):
    """A font that has 犬 and nothing else, known to matplotlib while the test runs."""
    pen = TTGlyphPen(None)
    pen.moveTo((0, 0)), pen.lineTo((0, 900)), pen.lineTo((900, 900)), pen.lineTo((900, 0)), pen.closePath()
    box, builder = pen.glyph(), FontBuilder(1000)
    builder.setupGlyphOrder([".notdef", "dog"])
    builder.setupCharacterMap({ord("犬"): "dog"})
    builder.setupGlyf({".notdef": box, "dog": box})
    builder.setupHorizontalMetrics({".notdef": (1000, 0), "dog": (1000, 0)})
    builder.setupHorizontalHeader(ascent=900, descent=-100)
    builder.setupNameTable({"familyName": "Noto Sans CJK JP", "styleName": "Regular", "psName": "HanOfTest"})
    builder.setupOS2(), builder.setupPost()
    builder.save(tmp_path / "han.ttf")
    before = list(font_manager.fontManager.ttflist)
    font_manager.fontManager.addfont(tmp_path / "han.ttf")
    yield "Noto Sans CJK JP"
    font_manager.fontManager.ttflist = before


def written(folder, record, style=figures.STYLE):
    """Warnings of drawing and saving a signature, and the PDF's bytes."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        paths = figures.save(figures.signature(record, style=style, n=1), folder / "s", record, ("pdf", "png"))
    with Image.open(paths[1]) as image:
        image.load()
    return [str(one.message) for one in said], paths[0].read_bytes()


@pytest.mark.seconds
def test_chinese_is_drawn_where_a_font_is_installed_and_told_where_none_is(tmp_path, request):
    record = named(bistable_record(2, size=32), lambda name: f"犬 {name}")
    bare = replace(figures.STYLE, fonts=("DejaVu Sans",))
    (line,), bare_pdf = written(tmp_path, record, bare)
    assert line.startswith("no font of this figure has 犬: install one that has")
    font = request.getfixturevalue("han")
    said, pdf = written(tmp_path, record)
    assert not said and b"HanOfTest" in pdf and b"HanOfTest" not in bare_pdf
    assert figures.style_of(font=font).fonts[0] == font


def test_a_font_that_is_not_here_is_refused_with_those_that_are():
    with pytest.raises(ValueError, match="there is no font 'DejaVu San' here; there is DejaVu Sans"):
        figures.style_of(font="DejaVu San")
