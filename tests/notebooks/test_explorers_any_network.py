"""Explorers with any network: what they show of one without feedback, and of one without places."""

from dataclasses import replace

import pytest
from small_vit import small_vit

from absvit.networks import network_of
from experiments.figures.screen import png
from notebooks.explorers import AttentionExplorer, BistableExplorer, RobustnessExplorer, live_model


@pytest.mark.parametrize(
    ("name", "maps"), [("test_resnet", {"prior_weights"}), ("mobilenetv3_small_050", set())], ids=["places", "none"]
)
def test_attention_shows_networks_that_look_bottom_up(name, maps, tmp_path):
    explorer = AttentionExplorer(folder=tmp_path)
    explorer.selection = replace(explorer.selection, model=name, checkpoint="untrained", prior="none")
    assert explorer.message == "" and set(explorer.record.data_vars) == {"logits", "image", *maps}
    assert explorer.controls["layer"].max == 0 and explorer.record.attrs["model"] == name
    assert f"absvit.networks.load_network({name!r}, 'untrained')" in explorer.source
    made = {}
    exec(explorer.source, made)
    assert png(made["figure"]) == explorer.picture.value
    explorer.controls["prior"].value = "class"
    assert f"{name} takes no priors" in explorer.message
    explorer.controls["model"].value = "test_resnt"
    assert "unknown model 'test_resnt'; the nearest names are test_resnet" in explorer.message


def test_another_network_is_asked_beside_the_others_what_a_corrupted_picture_shows(tmp_path):
    explorer = RobustnessExplorer(folder=tmp_path)
    explorer.controls["other"].value = "test_resnet untrained"
    assert explorer.message == "" and explorer.record["model"].values[-1] == "test_resnet untrained"
    assert len(explorer.record["probability"].sel(model="test_resnet untrained").dropna("iteration")["iteration"]) == 2


def test_steering_a_network_that_cannot_be_told_anything_is_refused_in_one_line(tmp_path):
    explorer = BistableExplorer(folder=tmp_path)
    explorer.controls["model"].value = "vit_micro"
    assert "vit_micro takes no priors" in explorer.message


def test_a_network_of_a_notebook_s_own_gives_up_what_is_stale(monkeypatch):
    asked = []
    monkeypatch.setattr(live_model, "load_network", lambda *_: network_of(small_vit()))
    network = live_model.Models(lambda: asked.append(1))("mine")
    network.logits(network.picture())
    assert len(asked) == sum(any(True for _ in part.parameters(recurse=False)) for part in network.module.modules())
