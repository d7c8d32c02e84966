"""Posner displays: cue and target are where the set says, read off the pixels."""

import colorsys
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from stimuli.families import cueing, objects

PERIPHERAL = cueing.Cueing(size=(96, 112), places=4, radius=0.08, jitter=0.0)
CENTRAL = replace(PERIPHERAL, cue="central")
CLASS = replace(PERIPHERAL, cue="class", distractors=1)


def white_parts(image):
    """Centres (x, y) of the connected white parts."""
    parts, count = ndimage.label((image > 250).all(-1), np.ones((3, 3)))
    return [np.array(c)[::-1] + 0.5 for c in ndimage.center_of_mass(parts > 0, parts, range(1, count + 1))]


def target_place(stimuli, image):
    return np.array([stimuli["object_x"].values[image, 0], stimuli["object_y"].values[image, 0]])


def test_the_flashed_placeholder_is_the_cued_one():
    stimuli = cueing.draw(PERIPHERAL, 24, 0)
    for image in range(24):
        flashed = white_parts(stimuli["image"].values[image])
        cue = np.array([stimuli["cue_x"].values[image], stimuli["cue_y"].values[image]])
        validity = stimuli["validity"].values[image]
        if validity == "neutral":
            assert len(flashed) == 4 and np.isnan(cue).all() and stimuli["cue_place"].values[image] == -1
            assert np.isnan(stimuli["cue_target_distance"].values[image])
        else:
            (found,) = flashed
            np.testing.assert_allclose(found, cue, atol=0.6)
            away = np.hypot(*(found - target_place(stimuli, image)))
            assert (away < 1) == (validity == "valid")
            assert away == pytest.approx(float(stimuli["cue_target_distance"][image]), abs=1)


def test_the_arrow_points_to_the_cued_place():
    stimuli = cueing.draw(CENTRAL, 24, 0)
    middle = np.array([56, 48])
    for image in range(24):
        cue = np.array([stimuli["cue_x"].values[image], stimuli["cue_y"].values[image]])
        if stimuli["validity"].values[image] == "neutral":
            assert white_parts(stimuli["image"].values[image]) == []
            continue
        (found,) = white_parts(stimuli["image"].values[image])  # the arrow is heavier at its head
        direction, wanted = found - middle, cue - middle
        assert direction @ wanted > 0.8 * np.linalg.norm(direction) * np.linalg.norm(wanted)


def test_the_silhouette_is_that_of_the_cued_category():
    stimuli = cueing.draw(replace(CLASS, size=(224, 224)), 36, 0)
    names = stimuli.attrs["categories"]
    classes = stimuli["object_class"].values
    for image in range(36):
        cued, validity = stimuli["cue_class"].values[image], stimuli["validity"].values[image]
        assert (
            cued
            == {"valid": names[classes[image, 0]], "invalid": names[classes[image, 1]], "neutral": "none"}[validity]
        )
        seen = (stimuli["image"].values[image, 96:128, 96:128] > 200).all(-1)
        assert seen.any() == (validity != "neutral")
        if seen.any():
            x, y = (np.arange(32) - 15.5)[None] / 11.2, (15.5 - np.arange(32))[:, None] / 11.2
            overlap = {}
            for name, shape in objects.SHAPES.items():
                inside = np.broadcast_to(shape(x, y) <= 0, (32, 32))
                overlap[name] = (inside & seen).sum() / (inside | seen).sum()
            assert max(overlap, key=overlap.get) == cued
    assert np.isnan(stimuli["cue_x"].values).all()


@pytest.mark.parametrize("parameters", [PERIPHERAL, CENTRAL, CLASS], ids=["peripheral", "central", "class"])
def test_masks_are_the_pixels_of_the_objects_in_their_colour(parameters):
    stimuli = cueing.draw(parameters, 24, 0)
    x, y = np.meshgrid(stimuli["x"], stimuli["y"])
    for image, k in np.ndindex(stimuli["object_mask"].shape[:2]):
        mask, picture = stimuli["object_mask"].values[image, k], stimuli["image"].values[image].astype(float)
        colour = 255 * np.array(colorsys.hsv_to_rgb(float(stimuli["object_hue"][image, k]) / 360, 0.8, 0.8))
        share = ((picture - 128) @ (colour - 128)) / ((colour - 128) @ (colour - 128))
        centre_x, centre_y = (float(stimuli[f"object_{axis}"][image, k]) for axis in "xy")
        away = np.maximum(np.abs(x - centre_x), np.abs(y - centre_y))  # the placeholder begins 7.6 pixels away
        assert share[mask & (away < 7.5)].min() >= 0.49 and share[~mask & (away < 7.5)].max() <= 0.51
        assert not mask[away > 8.2].any()


def test_distances_of_invalid_cues_are_the_ones_asked_for():
    six = replace(PERIPHERAL, places=6, radius=0.07)
    for distances, expected in (((), {1, 2, 3}), ((2,), {2}), ((1, 3), {1, 3})):
        stimuli = cueing.draw(replace(six, distances=distances), 2 * 3 * 6 * 2 * len(expected), 0)
        invalid = stimuli["validity"].values == "invalid"
        turn = (stimuli["cue_place"].values - stimuli["target_place"].values)[invalid] % 6
        assert set(np.minimum(turn, 6 - turn).tolist()) == expected
        by_distance = Counter(np.minimum(turn, 6 - turn).tolist())
        assert max(by_distance.values()) == min(by_distance.values())
        assert (turn < 3).sum() == (turn > 3).sum()


def test_an_informative_cue_is_valid_more_often():
    stimuli = cueing.draw(replace(PERIPHERAL, valid_per_invalid=4), 60, 0)
    counts = {name: int((stimuli["validity"] == name).sum()) for name in ("valid", "invalid", "neutral")}
    assert counts == {"valid": 40, "invalid": 10, "neutral": 10}


def test_without_a_cue_nothing_is_told_of_one_and_the_mark_stays():
    stimuli = cueing.draw(replace(CENTRAL, cue="none"), 24, 0)
    told = [name for name in stimuli if name == "validity" or str(name).startswith("cue")]
    assert not told and set(stimuli["target_place"].values.tolist()) == {0, 1, 2, 3}
    middles = stimuli["image"].values[:, 38:58, 46:66]
    assert (middles == middles[0]).all() and np.ptp(middles) > 0
