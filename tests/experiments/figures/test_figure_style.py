"""Looks of lines: told apart in colour, marker or dashes, and in grey print."""

import matplotlib
import numpy as np

from experiments.figures.panels import model_looks
from experiments.figures.style import STYLES


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


def test_models_beyond_the_third_have_markers_of_their_own():
    looks = model_looks([f"model {k}" for k in range(9)])
    assert len(looks) == 9 and looks["model 0"] == {"linestyle": "-"}
    markers = [look.get("marker") for look in looks.values()]
    assert markers[:3] == [None] * 3 and len(set(markers[3:])) == 6
