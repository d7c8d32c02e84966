"""A figure that breaks its promise is told in one sentence; one that keeps them is taken."""

import numpy as np
import pandas as pd
import pytest
from synthetic_records import bistable_record

from experiments.figures import STYLE, Figure, check_figure
from experiments.figures.layout import Layout
from experiments.figures.numbers import note
from experiments.figures.page import page_of
from experiments.figures.panels import Panel

TOLD = "Twelve passes, n = 12 stimuli."


def curve(axes, noted=1.0):
    height = np.linspace(0, 1, 12)
    note(axes, pd.DataFrame({"pass": np.arange(12), "height": noted * height}))
    axes.plot(np.arange(12), height)
    axes.set(xlabel="pass", ylabel="height")


def unlabelled(axes):
    curve(axes)
    axes.set(ylabel="")


def figure(draw, **declared):
    return Figure("mine", "a curve", **{"reads": ("bistable",), "needs": ("logits",), "draw": draw, **declared})


def laid_out(draw=curve, told=TOLD):
    return lambda records, style: Layout([Panel(draw, "a title")], told)


def page(words, width=STYLE.width):
    def draw(records, style):
        axes = page_of(40, style)
        axes.figure.set_size_inches(width * style.unit / 25.4, 40 / 25.4)
        with style.context():
            for x, text in words:
                axes.text(x, 20, text)
            note(axes, pd.DataFrame({"height": [1.0]}))
        axes.figure.set_label(TOLD)
        return axes.figure

    return draw


def two_pages(records, style):
    drawn = Layout([Panel(curve, "one"), Panel(curve, "two")], TOLD).drawn(style)
    for text in drawn.axes[0].texts:
        text.set_text(text.get_text().strip("ab"))
    return drawn


def counting(records, style, calls=[]):  # noqa: B006
    calls.append(len(calls) + 2)
    return Layout([Panel(lambda axes: curve_at(axes, calls[-1]), "a title")], TOLD)


def curve_at(axes, scale):
    axes.plot([1, 2], [scale, scale])
    axes.set(xlabel="pass", ylabel="height")
    note(axes, pd.DataFrame({"x": [1, 2], "height": scale}))


def spoiling(records, style):
    records[0]["logits"][:] = 0
    return laid_out()(records, style)


def test_a_figure_that_keeps_its_promises_is_taken():
    check_figure(figure(laid_out()), bistable_record(4, size=16, tokens=4))


@pytest.mark.seconds
@pytest.mark.parametrize(
    ("broken", "told"),
    [
        (figure(laid_out(lambda axes: curve(axes, 2.0))), "which is in no row of its table"),
        (figure(laid_out(unlabelled)), "leaves the vertical axis of 'a title' without a label"),
        (figure(two_pages), "has 2 panels and the letters none"),
        (figure(laid_out(told="A curve, n = 12 stimuli")), "no caption of whole sentences"),
        (figure(laid_out(told="A curve.")), "how many stimuli"),
        (figure(page([(20, "a word")], 100)), "100.0 mm wide instead of 180"),
        (figure(page([(20, "a word"), (21, "another")])), "draws 'a word' over 'another'"),
        (figure(page([(175, "a word that is long")])), "off at the edge of the page"),
        (figure(page([(20, "42")])), "writes 42, which is in no row"),
        (figure(lambda records, style: "a picture"), "draws str: give a Layout"),
        (figure(counting), "draws other numbers of the same record"),
        (figure(spoiling), "changes the record"),
        (figure(lambda records, style, gain: None), "options without a default: give one to gain"),
    ],
)
def test_what_is_broken_is_told(broken, told):
    with pytest.raises(ValueError, match=f"the figure 'mine' .*{told}"):
        check_figure(broken, bistable_record(4, size=16, tokens=4))
