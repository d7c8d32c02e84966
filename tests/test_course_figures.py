"""Figures of passes and of corruptions: nothing clipped or overlapping, and the numbers that the records hold."""

import itertools

import matplotlib
import numpy as np
import pytest
from matplotlib.text import Text
from synthetic_robustness import KINDS, accuracy, robustness_record
from test_figures import boxes, overlap

import absvit
from experiments import competing
from experiments.degrading import degrade
from experiments.feedback_dynamics import FeedbackDynamics
from experiments.figures.degrading import degrading
from experiments.figures.drawing import STYLE
from experiments.figures.strokes import strokes
from experiments.figures.unfolding import unfolding
from experiments.unfolding import follow, unfold
from stimuli.corruptions import BENCHMARK

LONG = "a class of an extraordinary length, which no column holds"
EVERY = tuple(FeedbackDynamics("settling").conditions)


@pytest.fixture(scope="module")
def model():
    return absvit.load_model("absvit_micro")


@pytest.fixture(scope="module")
def settled(model):
    return unfold(model, "overlay", 3, FeedbackDynamics(passes=6, gains=(2.0,), priors=EVERY, maps=True))


@pytest.fixture(scope="module")
def looped(model):
    return unfold(
        model, "morph", 0, FeedbackDynamics("hysteresis", gains=(2.0,), priors=("none", "percept"), maps=True)
    )


@pytest.fixture(scope="module")
def degraded(model):
    models = {"absvit_micro": model, "vit_micro": absvit.load_model("vit_micro")}
    return degrade(models, {name: competing.picture("objects", 3, each) for name, each in models.items()}, "fog")


def long_names(course):
    return course.assign_attrs(names=[LONG, LONG])


def without_energy(record):
    return record.assign(reconstruction_error=record["reconstruction_error"] * np.nan)


def many(n):
    return [robustness_record(f"model {k} of an extraordinary length", bonus=k / 50, kinds=BENCHMARK) for k in range(n)]


DRAWINGS = {
    "settling": lambda settled, *_: unfolding(follow(settled, 0), 3),
    "bottom-up": lambda settled, *_: unfolding(follow(settled, 0), 0),
    "long names": lambda settled, *_: unfolding(long_names(follow(settled, 0)), 2),
    "without pictures": lambda settled, *_: unfolding(follow(settled.drop_vars(["image", "prior_weights"]), 0)),
    "hysteresis": lambda _, looped, __: unfolding(follow(looped, 1), 4),
    "mean hysteresis": lambda _, looped, __: unfolding(follow(looped), 4),
    "no energy": lambda settled, *_: unfolding(follow(without_energy(settled), 0)),
    "corrupted": lambda _, __, degraded: degrading(degraded, 2),
    "with profiles": lambda _, __, degraded: degrading(degraded, 3, many(1)),
    "all corruptions": lambda _, __, degraded: degrading(degraded, 0, many(3)),
}  # fmt: skip


@pytest.mark.parametrize("drawing", DRAWINGS)
def test_text_is_whole_and_overlaps_nothing(settled, looped, degraded, drawing):
    figure = DRAWINGS[drawing](settled, looped, degraded)
    figure.canvas.draw()
    page, texts = figure.bbox, boxes(figure, Text)
    assert len(texts) > 10 and figure.get_label()
    for text, box in texts:
        assert page.x0 <= box.x0 and box.x1 <= page.x1 and page.y0 <= box.y0 and box.y1 <= page.y1, text
    for (one, a), (other, b) in itertools.combinations(texts + boxes(figure, matplotlib.image.AxesImage), 2):
        assert not overlap(a, b), (one, other)


def test_the_cursor_stands_at_the_pass(settled):
    course = follow(settled, 0)
    axes = unfolding(course, 4).axes
    for panel, values in zip(axes[1:3], (course["share"], np.log10(course["change"].clip(1e-4))), strict=True):
        points = [line for line in panel.lines if line.get_marker() == "o"]
        assert [line.get_xdata()[0] for line in points] == [4] * len(EVERY)
        np.testing.assert_allclose(
            [line.get_ydata()[0] for line in points], values.sel(end="estimate").isel(iteration=4)
        )


def test_the_present_picture_stands_on_its_branch(looped):
    course = follow(looped, 1)  # descending: the fourth pass shows the fourth picture from the end
    panel = unfolding(course, 4).axes[1]
    points = [line for line in panel.lines if line.get_markersize() == 4.5]
    assert [line.get_xdata()[0] for line in points] == [1 - 3 / 8] * 2
    branch = course["branch"].isel(direction=1).sel(end="estimate").isel(morph=5)
    np.testing.assert_allclose([line.get_ydata()[0] for line in points], branch)


def test_profiles_are_drawn_as_they_are_stored(degraded):
    axes = degrading(degraded, 4, [robustness_record(), robustness_record("vit_micro", bonus=0.03)]).axes
    curves = [line for line in axes[2].lines if line.get_marker() == "o"]
    expected = [1.0, *(accuracy(KINDS.index("fog"), severity, 0.03) for severity in range(1, 6))]
    np.testing.assert_allclose(curves[1].get_ydata(), expected)
    dots = [line for line in axes[3].lines if line.get_marker() == "o"]
    np.testing.assert_allclose(dots[0].get_xdata(), [accuracy(k, 4) for k in range(3)])


def test_more_than_ten_lines_differ_in_their_dashes():
    looks = strokes(25)
    assert len({(look["color"], look["linestyle"]) for look in looks}) == 25
    assert {look["color"] for look in looks} == set(STYLE.colours(10))
    assert [look["linestyle"] for look in looks[:10]] == ["-"] * 10


def test_passes_and_severities_that_are_none_are_refused(settled, degraded):
    with pytest.raises(ValueError, match="passes 0 to 6, got 7"):
        unfolding(follow(settled, 0), 7)
    with pytest.raises(ValueError, match="severity is one of"):
        degrading(degraded, 6)
    with pytest.raises(ValueError, match="robustness, got one of bistable"):
        degrading(degraded, 3, [robustness_record().assign_attrs(title="bistable")])
