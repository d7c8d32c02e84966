"""Figures of passes and of corruptions: nothing clipped or overlapping, and the numbers that the records hold."""

import numpy as np
import pytest
from synthetic_robustness import KINDS, accuracy, robustness_record

import absvit
from experiments.figures.check import faults_of_text
from experiments.figures.light_axes import LightAxes, nice
from experiments.figures.strokes import strokes
from experiments.figures.style import STYLE, style_of
from experiments.live import pictures
from experiments.live.corrupt import corrupt
from experiments.live.corrupt_figure import CURVES, ROWS, degrading
from experiments.live.follow import course_of, follow
from experiments.live.follow_figure import PANELS, unfolding
from experiments.probes.feedback_dynamics.probe import PROTOCOLS, FeedbackDynamics
from stimuli.corruptions import BENCHMARK

LOOKS = {"paper": (), "one column": ("paper", "single"), "slide": ("slides",)}
WIDTHS = {"paper": 180, "one column": 89, "slide": 333}
LONG = "a class of an extraordinary length, which no column holds"
EVERY = PROTOCOLS["settling"].priors


@pytest.fixture(scope="module")
def settled(model):
    return follow(model, "overlay", 3, FeedbackDynamics(passes=6, gains=(2.0,), priors=EVERY, maps=True))


@pytest.fixture(scope="module")
def looped(model):
    return follow(
        model, "morph", 0, FeedbackDynamics("hysteresis", gains=(2.0,), priors=("none", "percept"), maps=True)
    )


@pytest.fixture(scope="module")
def degraded(model):
    models = {"absvit_micro": model, "vit_micro": absvit.load_model("vit_micro")}
    return corrupt(models, {name: pictures.picture("objects", 3, each) for name, each in models.items()}, "fog")


def long_names(course):
    return course.assign_attrs(names=[LONG, LONG])


def without_energy(record):
    return record.assign(reconstruction_error=record["reconstruction_error"] * np.nan)


def many(n):
    return [robustness_record(f"model {k} of an extraordinary length", bonus=k / 50, kinds=BENCHMARK) for k in range(n)]


DRAWINGS = {
    "settling": lambda style, settled, *_: unfolding(course_of(settled, 0), 3, style=style),
    "bottom-up": lambda style, settled, *_: unfolding(course_of(settled, 0), 0, style=style),
    "long names": lambda style, settled, *_: unfolding(long_names(course_of(settled, 0)), 2, style=style),
    "without pictures": lambda style, settled, *_: unfolding(
        course_of(settled.drop_vars(["image", "prior_weights"]), 0), style=style
    ),
    "hysteresis": lambda style, _, looped, __: unfolding(course_of(looped, 1), 4, style=style),
    "mean hysteresis": lambda style, _, looped, __: unfolding(course_of(looped), 4, style=style),
    "no energy": lambda style, settled, *_: unfolding(course_of(without_energy(settled), 0), style=style),
    "corrupted": lambda style, _, __, degraded: degrading(degraded, 2, style=style),
    "with profiles": lambda style, _, __, degraded: degrading(degraded, 3, many(1), style=style),
    "all corruptions": lambda style, _, __, degraded: degrading(degraded, 0, many(3), style=style),
}  # fmt: skip


@pytest.mark.seconds
@pytest.mark.parametrize("drawing", DRAWINGS)
@pytest.mark.parametrize("look", LOOKS)
def test_text_is_whole_and_overlaps_nothing(settled, looped, degraded, drawing, look):
    figure = DRAWINGS[drawing](style_of(*LOOKS[look]), settled, looped, degraded)
    assert figure.get_size_inches()[0] * 25.4 == pytest.approx(WIDTHS[look])
    assert figure.get_label() and not [*faults_of_text(figure)]


def test_a_frame_is_linear():
    axes = LightAxes(10, 20, 40, 30, (0, 8), (-1, 1))
    np.testing.assert_allclose(axes.x([0, 2, 8]), [10, 20, 50])
    np.testing.assert_allclose(axes.y([-1, 0, 1]), [50, 35, 20])
    assert nice(0.0, 1.0) == [0, 0.4, 0.8] and nice(0.61, 1.23) == [0.75, 1.0]


def test_the_course_is_drawn_as_it_is_and_the_cursor_stands_at_the_pass(settled):
    course = course_of(settled, 0)
    lines = unfolding(course, 4).axes[0].lines
    cursors = [line for line in lines if line.get_color() == STYLE.unknown]
    np.testing.assert_allclose([line.get_xdata()[0] for line in cursors], [x + 40 * 4 / 6 for x in PANELS["double"]])
    top, bottom = cursors[0].get_ydata()
    drawn = [line for line in lines if len(line.get_xdata()) == 7 and line.get_xdata()[0] == PANELS["double"][0]]
    shares = [(bottom - line.get_ydata()) / (bottom - top) for line in drawn]
    np.testing.assert_allclose(shares, course["share"].sel(end="estimate"), atol=1e-6)
    assert len(drawn) == len(EVERY)


def test_the_present_picture_stands_on_its_branch(looped):
    course = course_of(looped, 1)  # descending: the fourth pass shows the fourth picture from the end
    lines = unfolding(course, 4).axes[0].lines
    points = [line for line in lines if line.get_markersize() == 4.5]
    (branches,) = {len(line.get_xdata()) for line in lines if line.get_marker() == "<"}
    np.testing.assert_allclose([line.get_xdata()[0] for line in points], PANELS["double"][0] + 40 * (1 - 3 / 8))
    descending = [line for line in lines if line.get_marker() == "<"]
    for point, line in zip(points, descending, strict=True):
        assert point.get_ydata()[0] == pytest.approx(line.get_ydata()[5])
    assert branches == 9


def test_profiles_are_drawn_as_they_are_stored(degraded):
    page = degrading(degraded, 4, [robustness_record(), robustness_record("vit_micro", bonus=0.03)]).axes[0]
    top, bottom = next(line for line in page.lines if line.get_color() == STYLE.unknown).get_ydata()
    curves = [line for line in page.lines if line.get_marker() == "o" and line.get_xdata()[0] == CURVES["double"][1][0]]
    expected = [1.0, *(accuracy(KINDS.index("fog"), severity, 0.03) for severity in range(1, 6))]
    np.testing.assert_allclose((bottom - curves[1].get_ydata()) / (bottom - top), expected)
    dots = [line for line in page.lines if line.get_marker() == "o" and line.get_linestyle() == "None"]
    left, width, _ = ROWS["double"]
    np.testing.assert_allclose((dots[0].get_xdata() - left) / width, [accuracy(k, 4) for k in range(3)])


def test_many_lines_differ_in_their_dashes():
    looks = strokes(20)
    assert len({(look["color"], str(look["linestyle"])) for look in looks}) == 20
    assert {look["color"] for look in looks} == set(STYLE.colours(8))
    assert [look["linestyle"] for look in looks[:8]] == ["-"] * 8
    assert strokes(1) == [{"color": STYLE.ink, "linestyle": "-"}]


def test_passes_and_severities_that_are_none_are_refused(settled, degraded):
    with pytest.raises(ValueError, match="passes 0 to 6, got 7"):
        unfolding(course_of(settled, 0), 7)
    with pytest.raises(ValueError, match="severity is one of"):
        degrading(degraded, 6)
    with pytest.raises(ValueError, match="robustness, got one of bistable"):
        degrading(degraded, 3, [robustness_record().assign_attrs(title="bistable")])
