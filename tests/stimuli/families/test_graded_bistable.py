"""Overlays and morphs against the two readings alone, and against plain weighted sums."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from stimuli.families import morph, objects, overlay

SCENE = objects.Objects(size=(48, 56), radius=(0.3, 0.4))
OVERLAY = overlay.Overlay(SCENE)
MORPH = morph.Morph(SCENE, steps=5)


def readings(stimuli, stream, numbers):
    """The two objects of each image alone, drawn by the family of embedded objects."""
    return [
        objects.render(SCENE, 3, stream + numbers, stimuli["object_class"].values[:, k : k + 1].astype(int))
        for k in range(2)
    ]


def test_an_overlay_is_the_weighted_sum_of_its_readings():
    stimuli = overlay.draw(OVERLAY, 15, 3)
    first, second = readings(stimuli, overlay.STREAM << 56, np.arange(15))
    mix = stimuli["mix"].values[:, None, None, None]
    expected = (1 - mix) * first["image"] + mix * second["image"]
    inside = (stimuli["image"].values > 0) & (stimuli["image"].values < 255)  # clipped only at the end
    assert np.quantile(np.abs(stimuli["image"].values - expected)[inside], 0.99) <= 1
    assert sorted(set(stimuli["mix"].values.tolist())) == [0, 0.25, 0.5, 0.75, 1]
    for k, alone in enumerate((first, second)):
        weight = mix[:, 0, 0, 0] if k else 1 - mix[:, 0, 0, 0]
        assert np.array_equal(
            stimuli["object_mask"].values[:, k], alone["object_mask"][:, 0] & (weight > 0)[:, None, None]
        )


def test_both_objects_of_an_overlay_lie_at_one_place_and_differ():
    stimuli = overlay.draw(OVERLAY, 30, 0)
    for name in ("x", "y", "radius", "rotation"):
        values = stimuli[f"object_{name}"].values
        assert np.array_equal(values[:, 0], values[:, 1])
    classes = stimuli["object_class"].values
    assert (classes[:, 0] != classes[:, 1]).all()


def test_photographs_are_mixed_in_the_given_weights():
    pictures = np.random.default_rng(0).integers(0, 256, (2, 48, 56, 3), np.uint8)
    stimuli = overlay.from_photographs(*pictures, ("face", "house"), replace(OVERLAY, mixes=(0.0, 0.3, 1.0)))
    assert np.array_equal(stimuli["image"][0], pictures[0]) and np.array_equal(stimuli["image"][2], pictures[1])
    expected = 0.7 * pictures[0] + 0.3 * pictures[1]
    assert np.abs(stimuli["image"].values[1] - expected).max() <= 0.51
    assert stimuli["object_mask"].values.all((2, 3)).tolist() == [[True, False], [True, True], [False, True]]
    with pytest.raises(ValueError, match="must be .y, x, 3. uint8"):
        overlay.from_photographs(pictures[0], pictures[1] / 255, ("face", "house"), OVERLAY)


def test_morphs_run_from_one_reading_to_the_other_and_back():
    stimuli = morph.draw(MORPH, 20, 3)
    image, share = stimuli["image"].values, stimuli["morph"].values
    up = [0, 0.25, 0.5, 0.75, 1]
    for k, direction in enumerate(stimuli["direction"].values.reshape(4, 5).tolist()):
        assert len(set(direction)) == 1
        assert share[5 * k : 5 * k + 5].tolist() == (up if direction[0] == "ascending" else up[::-1])
    assert [len(set(stimuli["direction"].values[k : k + 10].tolist())) for k in (0, 10)] == [2, 2]
    assert stimuli["sequence"].values.tolist() == [0] * 5 + [1] * 5 + [2] * 5 + [3] * 5
    assert stimuli["step"].values.tolist() == [0, 1, 2, 3, 4] * 4
    for start in (0, 10):
        assert np.array_equal(image[start : start + 5], image[start + 5 : start + 10][::-1])
        for k in range(2):
            end = start + share[start : start + 5].tolist().index(k)
            alone = readings(stimuli.isel(stimulus=[end]), morph.STREAM << 56, np.array([start // 10]))[k]
            assert np.array_equal(alone["image"][0], image[end])
            assert np.array_equal(alone["object_mask"][0, 0], stimuli["object_mask"].values[end, k])


def test_a_morph_changes_in_small_steps_and_its_background_not_at_all():
    stimuli = morph.draw(replace(MORPH, steps=11), 11, 0)
    image, mask = stimuli["image"].values.astype(float), stimuli["object_mask"].values.any(1)
    step = np.abs(np.diff(image, axis=0)).mean((1, 2, 3))
    whole = np.abs(image[-1] - image[0]).mean()
    assert step.max() < 0.35 * whole
    area = mask.sum((1, 2))
    assert area.min() > 0.6 * area[[0, -1]].min()
    outside = ~ndimage.binary_dilation(mask.any(0), iterations=2)
    assert np.array_equal(image[0][outside], image[-1][outside])


def test_readings_of_no_share_have_no_mask():
    stimuli = morph.draw(MORPH, 10, 0)
    shown = stimuli["object_mask"].values.any((2, 3))
    assert np.array_equal(shown, np.column_stack([stimuli["morph"] < 1, stimuli["morph"] > 0]))
    middle = stimuli["object_mask"].values[2]
    assert np.array_equal(middle[0], middle[1])
