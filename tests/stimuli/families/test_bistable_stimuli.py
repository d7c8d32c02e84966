"""Bistable images: one object in each half, sides and pairs balanced; halves made of photographs."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from absvit.images import read_photograph
from stimuli.families import halves, objects
from stimuli.pictures.photographs import Pictures

PARAMETERS = halves.Halves(objects.Objects(size=(32, 64), radius=(0.2, 0.3)))
CYCLE = 132


def in_right_half(stimuli):
    return stimuli["object_side"].values == "right"


def test_each_half_holds_one_object_where_the_set_says():
    stimuli = halves.draw(PARAMETERS, 30, 0)
    mask, right = stimuli["object_mask"].values, in_right_half(stimuli)
    assert (right.sum(1) == 1).all()
    assert ((stimuli["object_x"].values > 32) == right).all()
    for image in range(30):
        for k in range(2):
            assert not mask[image, k][:, slice(0, 32) if right[image, k] else slice(32, 64)].any()
            rows, columns = np.nonzero(mask[image, k])
            reach = 1.11 * stimuli["object_radius"].values[image, k] + 0.5
            centre = [stimuli[f"object_{axis}"].values[image, k] for axis in "yx"]
            assert np.hypot(rows + 0.5 - centre[0], columns + 0.5 - centre[1]).max() < reach
            assert len(rows) > 15


def test_the_halves_have_backgrounds_of_their_own():
    image = halves.draw(PARAMETERS, 200, 0)["image"].values.astype(float).mean(-1)
    across = np.abs(np.diff(image, axis=2)).mean((0, 1))  # between neighbouring columns
    assert across[31] > 1.5 * np.delete(across, 31).max()
    left, right = image[:, :, :32], image[:, :, 32:]
    assert abs(np.corrcoef(left.mean((1, 2)), right.mean((1, 2)))[0, 1]) < 0.25


def test_pairs_and_sides_are_balanced_for_every_category():
    stimuli = halves.draw(PARAMETERS, 2 * CYCLE, 0)
    classes, right = stimuli["object_class"].values, in_right_half(stimuli)
    assert np.abs(np.cumsum(2 * right[:, 0] - 1)).max() <= 1  # in every first n
    by_pair = Counter((*pair, bool(side)) for pair, side in zip(classes.tolist(), right[:, 0], strict=True))
    assert len(by_pair) == 2 * CYCLE and set(by_pair.values()) == {1}
    for start in range(0, 2 * CYCLE, 24):
        cycle = slice(start, start + 24)
        for k in range(2):  # every category on either side, as either object
            assert len(set(zip(classes[cycle, k].tolist(), right[cycle, k].tolist(), strict=True))) == 24


def test_how_the_scene_looks_is_handed_on():
    shifted = halves.draw(halves.Halves(replace(PARAMETERS.scene, hue_shift=180, hue_sd=0)), 12, 0)
    expected = (30 * shifted["object_class"].values + 180) % 360
    np.testing.assert_allclose(shifted["object_hue"].values, expected, atol=1e-3)


def noise(shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (*shape, 3), np.uint8)


@pytest.mark.parametrize("squeeze", [False, True])
def test_two_photographs_are_halves_in_both_arrangements(squeeze):
    first, second = noise((80, 120)), noise((160, 60), 1)
    given = halves.HALVES.sized((64, 96), pictures=Pictures(Path("somewhere"), squeeze=squeeze))
    stimuli = halves.from_photographs(first, second, ("cat", "lion"), given)
    middles = (first, second) if squeeze else (first[:, 30:90], second[40:120])  # of three to four, as the halves
    shown = [np.asarray(Image.fromarray(p).resize((48, 64), Image.BICUBIC)) for p in middles]
    assert stimuli["image"].shape == (2, 64, 96, 3)
    assert np.array_equal(stimuli["image"][0], np.concatenate(shown, axis=1))
    assert np.array_equal(stimuli["image"][1], np.concatenate(shown[::-1], axis=1))
    assert stimuli["object_class"].values.tolist() == [[0, 1], [0, 1]]
    assert stimuli["object_side"].values.tolist() == [["left", "right"], ["right", "left"]]
    for image, k, is_right in [(0, 0, False), (0, 1, True), (1, 0, True), (1, 1, False)]:
        assert (stimuli["object_mask"].values[image, k] == ((np.arange(96) >= 48) == is_right)).all()
    assert stimuli.attrs["categories"] == ["cat", "lion"]
    assert "CC0" not in stimuli.attrs["licence"]


@pytest.mark.parametrize("wrong", [noise((40, 40))[..., 0], noise((40, 40)) / 255, np.zeros((40, 40, 4), np.uint8)])
def test_what_is_no_rgb_photograph_is_refused(wrong):
    with pytest.raises(ValueError, match="must be .y, x, 3. uint8"):
        halves.from_photographs(noise((40, 40)), wrong, ("a", "b"), halves.HALVES.sized((64, 64)))


def test_class_folders_without_a_pair_of_classes_are_refused():
    files = [[Path(f"{c}.png")] for c in range(5)]
    made_from = halves.HALVES.sized((32, 64), pictures=Pictures(Path("photographs")))
    for n, given, told in (
        (2, files[:1], "at least two classes"),
        (2, [paths if c % 2 == 0 else [] for c, paths in enumerate(files)], "no photographs of 1, 3"),
        (0, files, "n must be"),
    ):
        with pytest.raises(ValueError, match=told):
            halves.from_class_folder(given, read_photograph, [*"01234"], made_from, n, 0)
