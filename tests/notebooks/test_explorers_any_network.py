"""Explorers with any network: what they show of one without feedback, and of one without places."""

import pytest

from experiments.figures.screen import png
from notebooks.explorers import AttentionExplorer, BistableExplorer, RobustnessExplorer


@pytest.mark.parametrize(
    ("name", "maps"),
    [("test_resnet", {"prior_weights", "class_activation"}), ("mobilenetv3_small_050", set())],
    ids=["places", "none"],
)
def test_attention_shows_networks_that_look_bottom_up(name, maps, tmp_path):
    explorer = AttentionExplorer(name, tmp_path)
    explorer.controls["checkpoint"].value = "untrained"
    assert f"{name} takes no priors" in explorer.message
    explorer.controls["prior"].value = "none"
    assert explorer.message == "" and set(explorer.record.data_vars) == {"logits", "image", *maps}
    assert explorer.controls["layer"].max == 0 and explorer.record.attrs["checkpoint"] == "untrained"
    made = {}
    exec(explorer.source, made)
    assert png(made["figure"]) == explorer.picture.value


def test_another_network_is_asked_beside_the_others_what_a_corrupted_picture_shows(tmp_path):
    explorer = RobustnessExplorer(folder=tmp_path)
    explorer.controls["other"].value = "test_resnet untrained"
    assert explorer.message == "" and explorer.record["model"].values[-1] == "test_resnet untrained"
    of_passes = explorer.record["probability"].sel(model="test_resnet untrained")
    assert (of_passes == of_passes.isel(iteration=0)).all()


def test_steering_a_network_that_cannot_be_told_anything_is_refused_in_one_line(tmp_path):
    explorer = BistableExplorer(model="vit_micro", folder=tmp_path)
    assert "vit_micro takes no priors" in explorer.message
