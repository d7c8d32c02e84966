"""Clutter, occluders and other backgrounds of the embedded scenes: what is behind, in front, and unchanged."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from stimuli.families import objects

PLAIN = objects.Objects(size=(72, 80), radius=(0.25, 0.35), n_objects=2)
ARRAYS = ("object_class", "object_x", "object_y", "object_radius", "object_rotation", "object_hue")


def rendered(**changes):
    return objects.render(replace(PLAIN, **changes), 5, range(12))


@pytest.mark.parametrize("changes", [{"clutter": 40}, {"occlusion": 0.5}, {"background": "grey:0.4"}], ids=str)
def test_the_objects_themselves_stay_what_they_were(changes):
    plain, changed = rendered(), rendered(**changes)
    for name in ARRAYS:
        assert np.array_equal(plain[name], changed[name])
    inner = ndimage.binary_erosion(changed["object_mask"].any(1), np.ones((1, 3, 3)))
    assert inner.any((1, 2)).all()
    assert np.array_equal(plain["image"][inner], changed["image"][inner])


def test_clutter_lies_behind_the_objects_and_in_no_mask():
    plain, few, many = rendered(), rendered(clutter=10), rendered(clutter=60)
    assert np.array_equal(plain["object_mask"], many["object_mask"])
    covered = [(scene["image"] != plain["image"]).any(-1).mean() for scene in (few, many)]
    assert 0.01 < covered[0] < covered[1] / 2
    first = (few["image"] != plain["image"]).any(-1)
    assert np.abs(many["image"].astype(int) - plain["image"])[first].any(-1).mean() > 0.9  # fragments are added to


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
def test_bars_hide_the_declared_share_and_masks_hold_the_rest(share):
    plain, hidden = rendered(), rendered(occlusion=share)
    assert not (hidden["object_mask"] & ~plain["object_mask"]).any()
    left = hidden["object_mask"].sum((2, 3)) / plain["object_mask"].sum((2, 3))
    assert left.mean() == pytest.approx(1 - share, abs=0.06)
    gone = (plain["object_mask"] & ~hidden["object_mask"]).any(1)
    inner = ndimage.binary_erosion(gone, np.ones((1, 3, 3)))
    pixels = hidden["image"][inner]
    assert (np.ptp(pixels, axis=-1) <= 1).all()  # bars are grey
    for image in range(12):
        levels = hidden["image"][image][inner[image]][:, 0]
        assert len(np.unique(levels)) <= 2  # one grey for each object


def test_backgrounds_are_those_asked_for():
    grey = rendered(background="grey:0.4")
    away = np.stack([ndimage.distance_transform_edt(~mask) > 4 for mask in grey["object_mask"].any(1)])
    assert (grey["image"][away] == 102).all()
    brick = rendered(background="texture:brick")
    assert (np.ptp(brick["image"][away], axis=-1) == 0).all() and brick["image"][away].std() > 10
