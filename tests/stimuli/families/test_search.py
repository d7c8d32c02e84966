"""Search arrays read off the pixels: how many items, which colours and forms, where the odd one is."""

import colorsys
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from stimuli.families import search

CONJUNCTION = search.Search(size=(128, 160), set_sizes=(3, 6, 12))
PAIR = replace(CONJUNCTION, forms=("disk", "triangle"))


def items(image):
    """Hue, upright or not, and centre of each connected item on grey."""
    parts, count = ndimage.label(np.abs(image.astype(int) - 128).max(-1) > 60)
    found = []
    for part in range(1, count + 1):
        rows, columns = np.nonzero(parts == part)
        hue = colorsys.rgb_to_hsv(*(image[parts == part].mean(0) / 255))[0] * 360
        found.append((round(hue / 120) % 3 * 120, bool(np.ptp(rows) > np.ptp(columns)), columns.mean(), rows.mean()))
    return found


@pytest.mark.parametrize("kind", ["colour", "form", "conjunction"])
def test_displays_hold_what_they_declare(kind):
    stimuli = search.draw(replace(CONJUNCTION, kind=kind), 48, 0)
    for image in range(48):
        found = items(stimuli["image"].values[image])
        size = int(stimuli["set_size"][image])
        present = stimuli["target"].values[image] == "present"
        assert len(found) == size
        features = Counter((hue, upright) for hue, upright, _, _ in found)
        wanted = (int(stimuli["target_hue"][image]), stimuli["target_form"].values[image] == "turned bar")
        assert features[wanted] == int(present)
        distractors = size - present
        hues, uprights = [hue for hue, *_ in found], [upright for _, upright, *_ in found]
        if kind == "colour":
            assert len(set(uprights)) == 1 and hues.count(wanted[0]) == int(present)
        elif kind == "form":
            assert len(set(hues)) == 1 and uprights.count(wanted[1]) == int(present)
        else:
            shared = [hues.count(wanted[0]) - present, uprights.count(wanted[1]) - present]
            assert sum(shared) == distractors and abs(shared[0] - shared[1]) <= 1


def test_items_lie_where_the_set_says():
    stimuli = search.draw(CONJUNCTION, 24, 1)
    for image in range(24):
        size = int(stimuli["set_size"][image])
        declared = [
            (float(stimuli["object_hue"][image, k]), stimuli["object_rotation"].values[image, k] == 90,
             float(stimuli["object_x"][image, k]), float(stimuli["object_y"][image, k]))
            for k in range(size)
        ]  # fmt: skip
        for hue, upright, x, y in items(stimuli["image"].values[image]):
            nearest = min(declared, key=lambda item: np.hypot(item[2] - x - 0.5, item[3] - y - 0.5))
            assert np.hypot(nearest[2] - x - 0.5, nearest[3] - y - 0.5) < 1
            assert nearest[:2] == (hue, upright)
        if stimuli["target"].values[image] == "present":
            wanted = (stimuli["target_hue"].values[image], stimuli["target_form"].values[image] == "turned bar")
            assert declared[0][:2] == wanted
        assert (stimuli["object_class"].values[image, size:] == -1).all()
        assert np.isnan(stimuli["object_x"].values[image, size:]).all()


def test_masks_are_the_pixels_that_differ_from_the_background():
    stimuli = search.draw(PAIR, 12, 0)
    image, mask = stimuli["image"].values.astype(int), stimuli["object_mask"].values
    differ = np.abs(image - 128).max(-1)
    assert (differ[mask.any(1)] > 30).all() and (differ[~mask.any(1)] <= 64).all()
    assert mask.sum(1).max() == 1


def test_categories_are_the_forms():
    stimuli = search.draw(PAIR, 24, 0)
    names = np.array(stimuli.attrs["categories"])
    for image in range(24):
        shown = names[stimuli["object_class"].values[image, : int(stimuli["set_size"][image])]]
        assert set(shown) == {"disk", "triangle"}
        if stimuli["target"].values[image] == "present":
            assert shown[0] == stimuli["target_form"].values[image]


def test_the_target_is_anywhere():
    stimuli = search.draw(replace(CONJUNCTION, set_sizes=(12,)), 200, 0)
    present = stimuli["target"].values == "present"
    places = np.histogram2d(
        stimuli["object_y"].values[present, 0], stimuli["object_x"].values[present, 0], (3, 4), ((0, 128), (0, 160))
    )[0]
    assert places.min() >= 2 and places.sum() == 100
