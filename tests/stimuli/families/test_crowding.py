"""Crowding displays: target, flankers and spacing, read off the pixels."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from stimuli.families import crowding

PARAMETERS = crowding.Crowding(size=(128, 192), spacings=(0.42, 0.7), radius=0.07)


def centres(image):
    """Middles (x, y) of the bounding boxes of black parts, without the cross in the middle; disks are wanted."""
    dark = image[..., 0] < 90
    dark[58:70, 90:102] = False
    boxes = ndimage.find_objects(ndimage.label(dark, np.ones((3, 3)))[0])
    return sorted(((b[1].start + b[1].stop) / 2, (b[0].start + b[0].stop) / 2) for b in boxes)


@pytest.mark.parametrize("arrangement", ["radial", "tangential", "both"])
def test_flankers_stand_at_the_declared_spacing(arrangement):
    parameters = replace(PARAMETERS, arrangement=arrangement)
    stimuli = crowding.draw(parameters, 24, 0)
    eccentricity = 0.26 * 192
    for image in range(24):
        side = 1 if stimuli["target_side"].values[image] == "right" else -1
        target = np.array([96 + side * eccentricity, 64])
        spacing = float(stimuli["spacing"][image])
        offsets = [(0, 0)]
        if stimuli["condition"].values[image] == "flanked":
            assert float(stimuli["spacing_pixels"][image]) == pytest.approx(spacing * eccentricity)
            offsets += [(a, 0) for a in (-1, 1) if arrangement != "tangential"]
            offsets += [(0, a) for a in (-1, 1) if arrangement != "radial"]
            offsets = [(0, 0)] + [(a * spacing * eccentricity, b * spacing * eccentricity) for a, b in offsets[1:]]
        else:
            assert np.isnan(spacing)
        found = np.array(centres(stimuli["image"].values[image]))
        assert len(found) == len(offsets)
        for place in target + offsets:  # boxes are not centred on triangles and crescents
            assert np.hypot(*(found - place).T).min() < 4


def test_flankers_differ_from_the_target_and_from_each_other():
    stimuli = crowding.draw(replace(PARAMETERS, arrangement="both"), 60, 0)
    for row, condition in zip(stimuli["object_class"].values, stimuli["condition"].values, strict=True):
        if condition == "flanked":
            assert len(set(row.tolist())) == 5 and row.min() >= 0
        else:
            assert row[0] >= 0 and (row[1:] == -1).all()


def test_masks_are_the_pixels_of_coloured_objects():
    stimuli = crowding.draw(replace(PARAMETERS, coloured=True), 12, 0)
    image, union = stimuli["image"].values.astype(int), stimuli["object_mask"].values.any(1)
    image[:, 58:70, 90:102] = 179  # the fixation cross
    differ = np.abs(image - 179).max(-1)
    near = ndimage.binary_dilation(union, np.ones((1, 3, 3)))
    assert differ[union].min() >= 60 and (differ > 2)[~near].mean() < 1e-4  # tips thinner than a pixel
