"""Halves of photographs on the command line: from a class folder or two pictures to a set that is made again alike."""

import json
import shutil

import numpy as np
import pytest
import xarray as xr
from PIL import Image

from absvit.images import read_photograph
from stimuli.__main__ import main
from stimuli.families import halves
from stimuli.families.objects import Objects
from stimuli.pictures.photographs import Pictures
from stimuli.sets import format


@pytest.fixture
def folder(tmp_path):
    """Three classes of two photographs of one grey level each: 80 * class + 20 * number."""
    for c in range(3):
        (tmp_path / "pictures" / f"n{c}").mkdir(parents=True)
        for k in range(2):
            Image.new("L", (40, 60), 80 * c + 20 * k).save(tmp_path / "pictures" / f"n{c}" / f"{k}.png")
    return tmp_path / "pictures"


def test_a_class_folder_gives_a_set_that_can_be_made_again(folder, tmp_path):
    words = ["halves", "--folder", str(folder), "--size", "32", "64", "--n", "60", "--seed", "4"]
    assert main([*words, "--out", str(tmp_path / "set")]) == 0
    made, names = format.read(tmp_path / "set"), ["n0", "n1", "n2"]
    parameters = halves.Halves(Objects((32, 64), radius=(0.14, 0.24)), Pictures(folder))
    xr.testing.assert_identical(made, halves.draw(parameters, 60, 4))
    files = [sorted((folder / name).iterdir()) for name in names]
    xr.testing.assert_identical(made, halves.from_class_folder(files, read_photograph, names, parameters, 60, 4))
    levels, classes = made["image"].values[..., 0], made["object_class"].values
    right = made["object_side"].values == "right"
    for stimulus, k in np.ndindex(60, 2):
        mask = made["object_mask"].values[stimulus, k]
        assert np.ptp(levels[stimulus][mask]) == 0 and levels[stimulus][mask][0] // 80 == classes[stimulus, k]
        assert mask[:, 32:].all() == right[stimulus, k]
    assert (classes[:, 0] != classes[:, 1]).all() and right[:, 0].sum() == 30
    assert set(np.unique(levels).tolist()) == {80 * c + 20 * k for c in range(3) for k in range(2)}
    assert "photographs" in made.attrs["licence"] and made.attrs["categories"] == names
    assert main(["remake", str(tmp_path / "set"), "--out", str(tmp_path / "again"), "--jobs", "1"]) == 0


def test_two_photographs_lie_on_either_side_as_often(folder, tmp_path):
    paths = (folder / "n0" / "1.png", folder / "n2" / "0.png")
    words = ["--photographs", *map(str, paths), "--classes", "cat", "dog", "--size", "32", "64", "--n", "5"]
    assert main(["halves", *words, "--out", str(tmp_path / "set")]) == 0
    made = format.read(tmp_path / "set")
    sides = made["object_side"].values[:, 0].tolist()
    assert made["image"].values[:, 0, 0, 0].tolist() == [{"left": 20, "right": 160}[side] for side in sides]
    assert {*sides[:2]} == {*sides[2:4]} == {"left", "right"}
    assert made.attrs["categories"] == ["cat", "dog"]
    given = halves.HALVES.sized((32, 64), pictures=Pictures(photographs=paths, classes=("cat", "dog")))
    part = halves.draw(given, 2, 0, first=3)
    xr.testing.assert_identical(part, made.isel(stimulus=slice(3, 5)))
    assert main(["remake", str(tmp_path / "set"), "--out", str(tmp_path / "again")]) == 0
    both = halves.from_photographs(*[np.asarray(Image.open(p).convert("RGB")) for p in paths], ("a", "b"), given)
    assert np.array_equal(both["image"][0], made["image"][sides.index("left")])


def test_recipes_of_release_0_1_0_make_halves_of_photographs_again(folder, tmp_path):
    paths = [str(folder / "n0" / "1.png"), str(folder / "n1" / "1.png")]
    shutil.copy(paths[1], tmp_path / "other.png")
    words = ["--photographs", paths[0], str(tmp_path / "other.png"), "--size", "32", "64", "--n", "3"]
    assert main(["halves", *words, "--out", str(tmp_path / "set")]) == 0
    recipe = json.loads((tmp_path / "set" / "stimuli.json").read_text())
    told = recipe["parameters"]
    recipe["parameters"] = {**told["pictures"], "size": told["scene"]["size"]}
    (tmp_path / "stimuli.json").write_text(json.dumps(recipe))
    assert main(["remake", str(tmp_path / "stimuli.json"), "--out", str(tmp_path / "again")]) == 0
