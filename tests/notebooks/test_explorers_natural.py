"""Explorers with the model of photographs: the bundled cat and horse come first, and whichever is cued is seen."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from test_explorers import made_by, pixels

import absvit
from experiments import measures
from notebooks.explorers import AttentionExplorer, BistableExplorer, DynamicsExplorer, RobustnessExplorer
from notebooks.explorers.picture_controls import FILE, bundled_for

NAME = "absvit_hybrid_lite0_224"
BUNDLED = Path(__file__).parents[2] / "notebooks" / "pictures"


def probability(explorer, name):
    """Of a class in the last pass."""
    p = measures.probabilities(explorer.record).isel(iteration=-1, stimulus=0, prior=0)
    return float(p.sel({"class": name}))


def test_only_models_that_know_the_photographs_alone_start_with_them(monkeypatch, tmp_path):
    hybrid = absvit.load_model(NAME)
    assert Path(bundled_for(hybrid)).resolve() == BUNDLED
    assert {path.stem for path in BUNDLED.iterdir()} < set(hybrid.categories)
    monkeypatch.chdir(BUNDLED.parent)
    assert bundled_for(hybrid) == "pictures"  # short, where a notebook is
    for name, classes in (("absvit_micro", 12), ("vit_micro", 12), ("absvit_tiny_patch16_224", 1000)):
        assert bundled_for(absvit.create_model(name, num_classes=classes)) == ""


@pytest.mark.seconds
def test_attention_starts_with_cat_and_horse_and_sees_the_cued_one(tmp_path):
    explorer = AttentionExplorer(NAME, tmp_path)
    assert explorer.message == ""
    at = explorer.selection
    assert (at.source, at.category, at.gain) == ("halves", "cat", 1.0) and Path(at.photographs).resolve() == BUNDLED
    assert probability(explorer, "cat") > 0.5 > 0.1 > probability(explorer, "horse")
    explorer.controls["category"].value = "horse"
    assert probability(explorer, "horse") > 0.5 > 0.1 > probability(explorer, "cat")
    np.testing.assert_array_equal(pixels(made_by(explorer.source)), pixels(explorer.picture.value))


@pytest.mark.seconds
def test_pictures_follow_the_model_and_ones_own_stay(tmp_path):
    for name in ("cat", "dog"):
        Image.new("RGB", (60, 40), "grey").save(tmp_path / f"{name}.png")
    explorer = AttentionExplorer(folder=tmp_path)
    micro = explorer.selection
    assert (micro.photographs, micro.category) == ("", "star")
    explorer.controls["source"].value = "objects"
    explorer.controls["model"].value = NAME
    natural = explorer.selection
    assert explorer.message == "" and natural.source == "halves" and Path(natural.photographs).resolve() == BUNDLED
    explorer.controls["model"].value = "absvit_micro"
    assert explorer.message == "" and explorer.selection.photographs == ""
    explorer.selection = natural
    assert explorer.message == "" and explorer.selection == natural
    explorer.selection = micro
    assert explorer.message == "" and explorer.selection == micro
    explorer.controls["photographs"].value = str(tmp_path)
    explorer.controls["model"].value = NAME
    assert explorer.message == "" and explorer.selection.photographs == str(tmp_path)
    explorer.controls["photographs"].value = str(tmp_path / "nowhere")
    assert "no class folder" in explorer.message and "\n" not in explorer.message


@pytest.mark.seconds
def test_cat_and_horse_compete(tmp_path):
    explorer = BistableExplorer(model=NAME, folder=tmp_path)
    assert explorer.message == "" and explorer.controls["mix"].disabled
    assert (explorer.selection.family, explorer.selection.gain) == ("halves", 1.0)
    share = measures.object_1_share(explorer.record).isel(iteration=-1, stimulus=0)
    assert float(share.sel(prior="class 1")) > 0.9 and float(share.sel(prior="class 2")) < 0.1
    np.testing.assert_array_equal(pixels(made_by(explorer.source)), pixels(explorer.picture.value))
    explorer.controls["model"].value = "absvit_micro"
    assert explorer.message == "" and (explorer.selection.photographs, explorer.selection.gain) == ("", 2.0)
    explorer.selection = wanted = replace(explorer.selection, model=NAME, photographs=str(BUNDLED), family="overlay")
    assert explorer.message == "" and explorer.selection == wanted


@pytest.mark.seconds
def test_passes_over_cat_and_horse_are_played(tmp_path):
    explorer = DynamicsExplorer(model=NAME, folder=tmp_path)
    assert explorer.message == "" and Path(explorer.selection.photographs).resolve() == BUNDLED
    assert explorer.selection.gain == 1.0
    explorer.selection = wanted = replace(explorer.selection, passes=2, iteration=2)
    assert explorer.message == "" and explorer.selection == wanted


@pytest.mark.parametrize(("models", "source"), [((NAME,), FILE), ((NAME, "absvit_micro"), "objects")])
def test_a_photograph_is_corrupted(models, source, tmp_path):
    explorer = RobustnessExplorer(models=models, folder=tmp_path)
    assert explorer.message == "" and explorer.selection.source == source
    if source == FILE:
        assert explorer.record["answer"].values[0, 0] == "cat"  # of the clean picture
