"""Every figure of the catalogue: text inside the page, nothing over anything, legible, labelled, captioned."""

import inspect
import itertools
import re
from dataclasses import replace

import matplotlib
import numpy as np
import pandas as pd
import pytest
import synthetic_probe_records as made
from matplotlib.text import Text
from synthetic_records import bistable_record, several

from experiments.exchange.human_trials import trials_of
from experiments.figures import FIGURES
from experiments.figures.style import STYLES

RECORDS = {
    "signature": lambda: [bistable_record(4, size=32)],
    "steering": lambda: [several(n=4, size=16, tokens=4)],
    "gains": lambda: [made.gains_record()],
    "psychometric": lambda: [made.graded_record()],
    "maps": lambda: [several(n=4, size=16, tokens=4)],
    "object_prior": lambda: [made.object_prior_record()],
    "spatial_prior": lambda: [made.spatial_prior_record()],
    "search": lambda: [made.search_record()],
    "crowding": lambda: [made.crowding_record()],
    "navon": lambda: [made.navon_record()],
    "contours": lambda: [made.contours_record()],
    "settling": lambda: [made.dynamics_record("settling")],
    "energy": lambda: [made.dynamics_record("settling")],
    "hysteresis": lambda: [made.dynamics_record("hysteresis")],
    "dominance": lambda: [made.dynamics_record("switching", 60)],
    "dynamics": lambda: [made.dynamics_record("settling"), made.dynamics_record("hysteresis")],
    "corruption": lambda: [made.corruption_record()],
    "robustness": lambda: [made.robustness_record(m, s) for m in ("intact", "vit_small_patch16_224") for s in (0, 1)],
    "training": lambda: pd.DataFrame(
        [
            {
                "recipe": recipe,
                "seed": seed,
                "epoch": epoch,
                "loss": 2 / epoch + 0.1 * seed,
                "top1": 60.0 + epoch - seed,
            }
            for recipe in ("cifar10_absvit", "cifar10_vit")
            for seed in range(3)
            for epoch in range(1, 13)
        ]
    ),
    "consistency": lambda: pd.concat([_with_mistakes(name, 2 + k) for k, name in enumerate(OBSERVERS)]),
    "sheet": lambda: [made.graded_record(10)],
}
OBSERVERS = ("vit_a_model_of_a_very_long_name", "subject-01", "subject-02")


def _with_mistakes(observer, every):
    """Trials of an observer who answers so many of them wrongly, that others may share the mistakes."""
    trials = trials_of(bistable_record(12, model=observer))
    trials.loc[trials.index % every == 0, "object_response"] = "disk"
    return trials


LOOKS = {
    "one column": replace(STYLES["paper"], column="single"),
    "two columns": STYLES["paper"],
    "slide": STYLES["slides"],
}
WIDTHS = {"one column": 89, "two columns": 180, "slide": 333}
SLIDES = ("signature", "psychometric", "robustness")  # one of each way of drawing


@pytest.fixture(scope="module")
def drawn():
    """Function that draws a figure of the catalogue from a small record, once."""
    figures = {}

    def draw(name, look):
        if (name, look) not in figures:
            entry, records = FIGURES[name], RECORDS[name]()
            few = (
                {"n": 20}
                if "n" in inspect.signature(entry.draw).parameters and name not in ("signature", "sheet")
                else {}
            )
            given = records if entry.several else records[0]
            figures[name, look] = entry(given, style=LOOKS[look], **few)
            figures[name, look].canvas.draw()
        return figures[name, look]

    return draw


def texts_of(figure):
    """Texts that are drawn and their boxes, without the ticks outside of the axes' limits."""
    unseen = set()
    for axes in figure.axes:
        for axis, limits in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
            low, high = sorted(limits)
            slack = 1e-6 * (high - low)
            for tick in [*axis.get_major_ticks(), *axis.get_minor_ticks()]:
                if not low - slack <= tick.get_loc() <= high + slack:
                    unseen |= {tick.label1, tick.label2}
    renderer = figure.canvas.get_renderer()
    texts = figure.findobj(lambda artist: isinstance(artist, Text) and artist.get_visible() and artist not in unseen)
    return [(text, text.get_window_extent(renderer)) for text in texts if text.get_text().strip()]


def overlap(a, b, slack=0.5):
    return min(a.x1, b.x1) - max(a.x0, b.x0) > slack and min(a.y1, b.y1) - max(a.y0, b.y0) > slack


CASES = [(name, look) for name in FIGURES for look in ("one column", "two columns")] + [
    (name, "slide") for name in SLIDES
]


@pytest.mark.parametrize(("name", "look"), CASES)
def test_text_is_inside_the_page_legible_and_overlaps_nothing(drawn, name, look):
    figure = drawn(name, look)
    assert figure.get_size_inches()[0] * 25.4 == pytest.approx(WIDTHS[look])
    page, texts = figure.bbox, texts_of(figure)
    assert len(texts) > 5
    for text, box in texts:
        assert page.x0 <= box.x0 and box.x1 <= page.x1 and page.y0 <= box.y0 and box.y1 <= page.y1, text
        assert text.get_fontsize() >= (5 if look != "slide" else 9), text
    images = [(image, image.get_window_extent()) for axes in figure.axes for image in axes.images]
    upright = [(text, box) for text, box in texts if text.get_rotation() in (0, 90)]
    of_pictures = [
        (text, box) for text, box in upright if not (text.axes and text.axes.images and text.axes is not figure.axes[0])
    ]
    for (one, a), (other, b) in itertools.combinations(upright, 2):
        assert not overlap(a, b), (one, other)
    for (text, box), (image, extent) in itertools.product(of_pictures, images):
        assert not overlap(box, extent), (text, image)


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("look", ["one column", "two columns"])
def test_keys_and_titles_keep_out_of_the_axes(drawn, name, look):
    figure = drawn(name, look)
    page, *others = figure.axes
    for text, box in texts_of(figure):
        if text.axes is page:
            assert not any(overlap(box, axes.get_window_extent()) for axes in others), text


@pytest.mark.parametrize("name", [name for name in FIGURES if name not in ("signature", "sheet")])
def test_axes_are_labelled_and_panels_lettered(drawn, name):
    figure = drawn(name, "two columns")
    page, *panels = [axes for axes in figure.axes if axes.get_label() != "<colorbar>"]
    labels = [axes.get_xlabel() for axes in panels]
    assert any(labels)
    for axes in panels:
        names = [text.get_text() for text in axes.get_yticklabels()]
        assert (
            axes.get_ylabel()
            or any(re.search("[a-zA-Z]", text) for text in names)
            or name in ("robustness", "consistency", "steering")
        )
    bold = [text.get_text() for text in page.texts if text.get_weight() == "bold" and len(text.get_text()) == 1]
    lettered = len(panels) if len(panels) > 1 and name not in ("robustness", "steering") else 0
    assert bold == [chr(ord("a") + k) for k in range(lettered)]


@pytest.mark.parametrize("name", FIGURES)
def test_captions_tell_n_and_the_kind_of_interval(drawn, name):
    caption = drawn(name, "two columns").get_label()
    assert re.search(r"\d+ (of \d+ )?stimuli|n = \d+|n of stimuli: |\d+ pictures|of \d+ \(", caption), caption
    assert name in ("sheet", "dominance") or re.search(
        r"95 % (bootstrap |Wilson |parametric )?interval|Student's 95 % interval", caption
    )
    assert caption.count("(") == caption.count(")") and caption.endswith(".") and not re.search(r"\bnan\b", caption)


def test_the_page_is_no_longer_than_a_journals(drawn):
    assert all(drawn(name, "two columns").get_size_inches()[1] * 25.4 < 247 for name in FIGURES)


def test_nine_lines_differ_in_colour_marker_or_dashes():
    style = STYLES["paper"]
    for looks in (style.looks(20), style.shades(20)):
        assert len({(look["color"], look["marker"], str(look["linestyle"])) for look in looks}) == 20
    first = style.looks(9)
    assert first[8]["color"] == first[0]["color"] and first[8]["linestyle"] != first[0]["linestyle"]


def luminance(colour):
    rgb = np.array(matplotlib.colors.to_rgb(colour))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


def test_shades_go_from_dark_to_light_so_that_grey_prints_tell_them_apart():
    values = [luminance(look["color"]) for look in STYLES["paper"].shades(6)]
    assert np.all(np.diff(values) > 0.02) and values[-1] < 0.6


def test_every_figure_of_the_catalogue_is_tested():
    assert set(RECORDS) == set(FIGURES)
