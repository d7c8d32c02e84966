"""The mechanisms figure: observers are called briefly and each differently, controls stand apart, gaps are n/a."""

import numpy as np
import pytest
import synthetic_probe_records as made
from matplotlib.text import Text
from synthetic_figures import observers_record
from synthetic_records import bistable_record

from experiments import figures, measures
from experiments.figures import FIGURES
from experiments.figures.mechanisms import labels_of, wrapped
from experiments.figures.page import text_width
from experiments.probes import PROBES

GATE = "cnn_micro+evidence_gate:strength=4"


@pytest.fixture(scope="module")
def drawn():
    return FIGURES["mechanisms"](observers_record(), n=20)


def texts(figure):
    return [text.get_text() for text in figure.findobj(Text) if text.get_visible()]


def test_observers_are_called_by_host_mechanism_and_strength():
    found = labels_of({GATE: None, "cnn_micro": (), "absvit_micro, decoders permuted": None, "mine": None,
                       "vit_micro+decision_bias:strength=0.5": ("class",)})  # fmt: skip
    assert [label.text for label in found.values()] == [
        "cnn_micro, evidence gate ×4", "cnn_micro, plain network", "absvit_micro, decoders permuted", "mine",
        "vit_micro, decision bias ×0.5",
    ]  # fmt: skip
    assert [label.is_control for label in found.values()] == [False, True, True, False, True]


def test_what_all_have_in_common_is_left_out_and_what_tells_them_apart_is_not():
    layers = [f"cnn_micro+feature_gain:strength=2,layers=layer{k},layers=layer4" for k in (2, 3)]
    found = labels_of(dict.fromkeys([GATE, *layers]))
    told = [f"feature gain ×2, layers layer{k} layer4" for k in (2, 3)]
    assert [label.text for label in found.values()] == ["evidence gate ×4", *told]
    same = labels_of(dict.fromkeys(["a+evidence_gate", "a+evidence gate"]))
    assert len({label.text for label in same.values()}) == 2


def test_names_are_broken_where_they_come_apart():
    with figures.STYLE.context():
        assert wrapped("a, b", 50) == ["a, b"]
        name = "absvit_hybrid_lite0_224, feature gain ×0.5, layers layer3 layer4"
        for width in (60, 36, 20):
            lines = wrapped(name, width)
            assert max(map(text_width, lines)) <= width and " ".join(lines).replace("_ ", "_") == name
        assert wrapped("cnn_micro, evidence gate ×4", 30) == ["cnn_micro,", "evidence gate ×4"]


def test_points_are_those_of_the_profile_and_what_is_not_told_is_named(drawn):
    profile = measures.mechanism_profile(observers_record(), n=20)
    table = figures.numbers_of(drawn)
    for name in ("benefit", "criterion", "auc_class_activation"):
        shown, expected = (of.dropna(subset=[name]) for of in (table, profile))
        np.testing.assert_allclose(np.sort(shown[name]), np.sort(expected[name]))
        assert "cnn_micro" not in set(shown["model"]) and "cnn_micro" in set(profile["model"])
    named = texts(drawn)
    assert named.count("n/a") == 9 + 3  # the plain network in all but p(cued), and weights of three others
    named = [name.replace("\n", " ").removeprefix("cnn_micro, ") for name in named]
    assert {"evidence gate ×4", "plain network", "decision bias"} <= set(named)


def test_controls_stand_below_a_line_with_open_dots(drawn):
    axes = drawn.axes[1]
    places = dict(zip([label.get_text() for label in axes.get_yticklabels()], axes.get_yticks(), strict=True))
    (edge,) = [line.get_ydata()[0] for line in axes.lines if line.get_linestyle() == "--"]
    below = {name.split(", ")[-1].replace("\n", " ") for name, place in places.items() if place > edge}
    assert below == {"plain network", "decision bias"}
    big = max(line.get_markersize() for line in axes.lines)
    for line in axes.lines:
        if line.get_markersize() == big and line.get_marker() in ("o", "s") and len(line.get_ydata()):
            assert (line.get_markerfacecolor() == "white") == (line.get_ydata()[0] > edge)


def test_quantities_are_chosen_and_records_of_several_probes_stand_side_by_side():
    scenes, displays = (of.isel(model=0, drop=True) for of in (made.object_prior_record(), made.spatial_prior_record()))
    figure = FIGURES["mechanisms"]([bistable_record(4, model="intact"), scenes, displays], n=5, quantities=("p_cued",))
    told = figure.get_label()
    assert len(figure.axes) == 2 and "scenes, class cue" in texts(figure)
    assert (
        "two objects, n = 4 stimuli, 1 trained model each; scenes, n = 12 stimuli, 2 trained models each, gain 1"
        in told
    )
    with pytest.raises(ValueError, match="no quantity 'profit'; expected some of benefit"):
        FIGURES["mechanisms"](scenes, quantities=("profit",))
    with pytest.raises(ValueError, match="takes a cue that tells of selection_index"):
        FIGURES["mechanisms"](displays, n=2, quantities=("selection_index",))
    assert all("mechanisms" in PROBES[name].figures for name in ("bistable", "object_prior", "spatial_prior"))
