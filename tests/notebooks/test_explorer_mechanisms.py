"""The explorer of mechanisms: what is shown is what its code makes, and what a host cannot have is one line."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from test_explorers import made_by, pixels

from absvit.mechanisms import MECHANISMS
from absvit.networks import network_of
from experiments.figures.screen import png
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
        {"mechanisms": (), "iterations": 3},
        {"model": "absvit_micro", "checkpoint": "seed1", "mechanisms": ("feedback",), "prior": "class and place"},
    ],
)
def test_the_code_of_a_selection_makes_what_is_shown(explorer, change):
    base = replace(explorer.selection, model="vit_micro", checkpoint="", mechanisms=FIRST)
    explorer.selection = wanted = replace(base, **{"prior": "class", "kind": "class_activation"} | change)
    assert explorer.message == "" and explorer.selection == wanted
    assert explorer.record["model"].values.tolist() == ["no mechanism", *wanted.mechanisms]
    assert not explorer.record["taken"].values[0]  # not even by feedback of its own
    np.testing.assert_array_equal(pixels(made_by(explorer.source)), pixels(explorer.picture.value))


def test_a_gain_of_zero_leaves_what_the_network_sees_by_itself(explorer):
    explorer.selection = replace(
        explorer.selection, model="vit_micro", checkpoint="", mechanisms=("attention_bias", "decision_bias"),
        prior="class", gain=0.0, iterations=1,
    )  # fmt: skip
    logits = explorer.record["logits"]
    np.testing.assert_allclose(logits, logits.sel(model=["no mechanism"] * 3), atol=1e-5)
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
    assert explorer.selection.cue.place == (0.4, 0.6) and explorer.selection.width == pytest.approx(0.1)
    assert explorer.message == ""


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
