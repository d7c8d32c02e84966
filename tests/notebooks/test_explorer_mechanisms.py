"""The explorer of mechanisms: what is shown is what its code makes, and what a host cannot have is one line."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from test_explorers import made_by, pixels

from absvit.mechanisms import MECHANISMS
from absvit.models.kind_words import completions
from absvit.networks import network_of
from absvit.networks.suggesting import suggested
from experiments.figures.screen import png
from experiments.live import pictures
from experiments.live.look import painted
from experiments.observers import observer_of
from notebooks.explorers import AttentionExplorer, MechanismExplorer
from notebooks.explorers.telling import FIRST
from stimuli.families.objects import CATEGORIES


@pytest.fixture(scope="module")
def explorer(tmp_path_factory):
    return MechanismExplorer("vit_micro", tmp_path_factory.mktemp("mechanisms"))


@pytest.fixture(scope="module")
def stranger():
    """A network of no library, whose head reads all of its places."""
    torch.manual_seed(0)
    layers = [torch.nn.AdaptiveAvgPool2d(4), torch.nn.Flatten(), torch.nn.Linear(48, 12)]
    return network_of(torch.nn.Sequential(*layers), name="stranger", categories=CATEGORIES, size=(112, 112))


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"mechanisms": ("attention_bias",), "prior": "place", "x": 0.75, "gain": 2.5, "kind": "prior_weights"},
        {"mechanisms": (), "iterations": 3, "other": ""},
        {"prior": "class and place", "shape": "brush", "cells": "2x2: 0,0 1,0", "other": "star, ring"},
        {"model": "absvit_micro", "checkpoint": "seed1", "mechanisms": ("feedback",), "prior": "class and place"},
    ],
)
def test_the_code_of_a_selection_makes_what_is_shown(explorer, change):
    base = replace(explorer.selection, model="vit_micro", checkpoint="", mechanisms=FIRST)
    explorer.selection = wanted = replace(base, **{"prior": "class", "kind": "class_activation"} | change)
    assert explorer.message == "" and explorer.selection == wanted
    assert explorer.record["model"].values.tolist() == ["no mechanism", *wanted.mechanisms]
    assert not explorer.record["taken"].values[0].any()  # not even by feedback of its own
    np.testing.assert_array_equal(pixels(made_by(explorer.source)), pixels(explorer.picture.value))


@pytest.mark.filterwarnings("ignore:sentences are matched", "ignore:.* far from all that")
def test_a_sentence_is_told_and_how_it_was_read_stands_under_it(explorer):
    base = replace(explorer.selection, model="vit_micro", checkpoint="", mechanisms=("attention_bias",))
    explorer.selection = wanted = replace(base, prior="sentence", sentence="the <b>star</b>, not on the left")
    assert explorer.message == "" and explorer.selection == wanted
    told = explorer.told.reading.value
    assert "all but the place left" in told and "&lt;b&gt;star" in told and "<b>" not in told
    assert "is nearest to" in told and "confidence" in told
    np.testing.assert_array_equal(pixels(made_by(explorer.source)), pixels(explorer.picture.value))
    explorer.selection = replace(wanted, sentence="xqzt prvk")
    assert "Doubtful" in explorer.told.reading.value
    explorer.selection = replace(wanted, sentence="left of nothing")
    assert "cannot read 'left'" in explorer.message
    explorer.selection = replace(base, prior="class")
    assert explorer.told.reading.layout.display == explorer.told.control.layout.display == "none"


@pytest.mark.filterwarnings("ignore:sentences are matched", "ignore:.* far from all that")
def test_attention_is_steered_by_a_sentence_too(tmp_path):
    explorer = AttentionExplorer("absvit_micro", tmp_path)
    explorer.selection = replace(explorer.selection, prior="sentence", sentence="the star")
    assert explorer.message == "" and "is nearest to star" in explorer.told.reading.value
    np.testing.assert_array_equal(pixels(made_by(explorer.source)), pixels(explorer.picture.value))


def test_a_gain_of_zero_leaves_what_the_network_sees_by_itself(explorer):
    explorer.selection = replace(
        explorer.selection, model="vit_micro", checkpoint="", mechanisms=("attention_bias", "decision_bias"),
        prior="class", gain=0.0, iterations=1,
    )  # fmt: skip
    logits = explorer.record["logits"]
    np.testing.assert_allclose(logits, logits.sel(model=["no mechanism"] * 3), atol=1e-5)  # whatever the cues are
    explorer.controls["gain"].value = 1.0
    assert abs(explorer.record["logits"] - logits.sel(model="no mechanism")).max() > 0.5


def test_a_mechanism_that_a_host_cannot_have_is_one_line_and_leaves_with_the_next_host(explorer, tmp_path):
    both = ("attention_bias", "decision_bias")
    explorer.selection = replace(explorer.selection, model="vit_micro", mechanisms=both)
    assert explorer.message == ""
    explorer.controls["model"].value = "cnn_micro"
    assert explorer.message == "" and explorer.selection.mechanisms == ("decision_bias",)
    explorer.controls["mechanisms"].value = ("attention_bias",)
    assert "needs a timm VisionTransformer" in explorer.message and "\n" not in explorer.message
    assert tuple(explorer.controls["mechanisms"].options) == tuple(MECHANISMS)


def test_a_click_is_a_spotlight_and_a_drag_one_whose_edges_are_two_deviations_away(explorer):
    one = {"mechanisms": ("attention_bias",), "prior": "place"}
    explorer.selection = replace(explorer.selection, model="vit_micro", **one)
    explorer.place.said.value = "0.9 0.1 0.91 0.1 12345.6"
    assert (explorer.selection.x, explorer.selection.y) == (0.91, 0.1)
    explorer.place.said.value = "0.2 0.4 0.6 0.8 12345.7"
    assert explorer.selection.cues[0].place == (0.4, 0.6) and explorer.selection.width == pytest.approx(0.1)
    assert explorer.message == ""


def test_cells_are_painted_from_where_the_spotlight_stood(explorer):
    one = {"mechanisms": ("attention_bias",), "prior": "place", "shape": "spotlight", "x": 0.5, "y": 0.5}
    explorer.selection = replace(explorer.selection, model="vit_micro", width=0.1, cells="", **one)
    explorer.controls["shape"].value = "brush"
    mask = painted(explorer.selection.cells)
    rows, columns = np.nonzero(mask)
    assert explorer.message == "" and mask.shape == (14, 14) and rows.mean() == columns.mean() == 6.5
    assert explorer.place.children[1].value.count("<i") == 196 and mask.sum() == 4
    explorer.place.said.value = "cells 0 13 182 195 @ 12.5"
    assert np.argwhere(painted(explorer.selection.cells)).tolist() == [[0, 0], [0, 13], [13, 0], [13, 13]]
    weights = explorer.record["prior_weights"].sel(model="attention_bias").values[-1, 0, 0]
    np.testing.assert_array_equal(weights > weights.mean(), painted(explorer.selection.cells))
    explorer.place.said.value = "cells @ 13.5"
    assert explorer.message.startswith("no cell is painted")
    explorer.controls["shape"].value = "spotlight"


def test_words_are_completed_chosen_and_told_apart(explorer):
    explorer.selection = replace(
        explorer.selection, model="vit_micro", prior="class", category="star", other="", gain=1.0
    )
    assert set(CATEGORIES) <= set(explorer.controls["category"].options)
    assert explorer.words.meant.layout.display == "none"
    explorer.controls["other"].value = "h"
    assert "no class 'h'" in explorer.message and explorer.words.meant.layout.display == ""
    assert explorer.words.meant.options == tuple(completions("h", explorer.models("vit_micro"), 12))
    assert explorer.words.meant.options[:2] == ("heart", "horseshoe")
    explorer.words.meant.value = "horseshoe"
    assert (
        explorer.message == ""
        and explorer.selection.other == "horseshoe"
        and explorer.words.meant.layout.display == "none"
    )
    assert explorer.record["prior"].values.tolist() == ["star", "horseshoe"]
    explorer.controls["category"].value = "star, ring"  # several kinds at once
    expected = " ".join(str(CATEGORIES.index(name)) for name in ("star", "ring"))
    assert explorer.message == "" and explorer.record["kinds"].values[0] == expected


def test_what_is_seen_bottom_up_is_one_click_away(explorer):
    who = {"model": "vit_micro", "checkpoint": "", "device": "cpu"}
    chosen = who | {"prior": "class", "category": "bar", "other": ""}
    picture = {"source": "halves", "number": 3, "path": "", "photographs": ""}
    explorer.selection = replace(explorer.selection, **chosen, **picture)
    network = explorer.models("vit_micro")
    images = observer_of(network).images(pictures.picture("halves", 3, observer_of(network))[None])
    names = [one.category for one in suggested(network, images)]
    assert [button.description.rpartition(" ")[0] for button in explorer.words.suggestions.children] == names
    explorer.words.suggestions.children[0].click()
    assert (explorer.selection.category, explorer.selection.other, explorer.message) == (names[0], "bar", "")
    explorer.words.suggestions.children[1].click()
    assert (explorer.selection.category, explorer.selection.other) == (names[1], names[0])


def test_the_first_view_is_of_what_is_seen_and_no_panel_of_it_is_empty(tmp_path):
    explorer = MechanismExplorer("absvit_micro", tmp_path)
    assert explorer.message == "" and set(explorer.selection.mechanisms) == {"feedback", *FIRST}
    (page,) = explorer.figure.axes
    pictures_shown = [np.asarray(image.get_array()) for image in page.images]
    assert len(pictures_shown) == 1 + 1 + 2 * 3  # two kinds compete
    assert all(np.ptp(shown / 1.0, axis=2).max() > 0.05 for shown in pictures_shown)  # none is grey
    looking = AttentionExplorer("absvit_micro", tmp_path)
    assert not any("not defined" in text.get_text() for axes in looking.figure.axes for text in axes.texts)


def test_two_photographs_of_ones_own_stand_side_by_side_and_are_looked_at_once(tmp_path):
    paths = []
    for number, colour in enumerate(((200, 30, 30), (20, 90, 200))):
        paths.append(str(tmp_path / f"{number}.png"))
        Image.fromarray(np.full((90, 120, 3), colour, np.uint8)).save(paths[-1])
    explorer = MechanismExplorer("cnn_micro", tmp_path)
    explorer.controls["source"].value = "a file"
    explorer.controls["path"].value = "; ".join(paths)
    assert explorer.message == ""
    image = explorer.record["image"].values[0]
    assert image[50, 10].tolist() == [200, 30, 30] and image[50, 100].tolist() == [20, 90, 200]
    ran = []
    explorer.models("cnn_micro").module.register_forward_hook(lambda *_: ran.append(1))
    for category in ("ring", "bar", "cross"):
        explorer.controls["category"].value = category
        assert explorer.message == "" and explorer.record["prior"].values[0] == category
    assert ran == []
    np.testing.assert_array_equal(pixels(made_by(explorer.source)), pixels(explorer.picture.value))


def test_any_network_can_be_given(stranger, tmp_path):
    explorer = MechanismExplorer(stranger, tmp_path)
    assert explorer.message == "" and explorer.selection.mechanisms == ("decision_bias",)  # it has no places
    assert explorer.controls["model"].options[0] == "stranger"
    names = {"given": stranger}
    exec(explorer.source, names)
    np.testing.assert_array_equal(pixels(png(names["figure"])), pixels(explorer.picture.value))


def test_other_explorers_take_any_network_and_a_host_with_its_mechanism(stranger, tmp_path):
    explorer = AttentionExplorer("vit_micro+attention_bias:strength=2", tmp_path)
    assert explorer.message == ""
    np.testing.assert_array_equal(pixels(made_by(explorer.source)), pixels(explorer.picture.value))
    explorer = AttentionExplorer("cnn_micro", tmp_path)
    explorer.controls["prior"].value, explorer.controls["kind"].value = "none", "class_activation"
    assert explorer.message == ""
    given = AttentionExplorer(observer_of(explorer.models("cnn_micro"), "ours"), tmp_path)
    given.controls["prior"].value, given.controls["kind"].value = "none", "class_activation"
    assert given.message == "" and given.record.attrs["model"] == "ours"
    np.testing.assert_array_equal(given.record["logits"], explorer.record["logits"])
    blind = AttentionExplorer(stranger, tmp_path)
    blind.controls["prior"].value = "none"
    assert blind.message == "" and set(blind.record.data_vars) == {"logits", "image"}
