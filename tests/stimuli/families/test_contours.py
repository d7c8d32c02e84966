"""Kanizsa figures: disks of the declared support, cut where the figure lies, or turned away in the controls."""

import numpy as np
import pytest
from skimage.draw import polygon2mask

from stimuli.families import contours

PARAMETERS = contours.Contours(size=(128, 144), corners=(3, 4, 5), rotation=40, radius=0.3)


def corners(stimuli, image):
    count = int(stimuli["figure_corners"][image])
    return np.column_stack([stimuli[f"object_{axis}"].values[image, :count] for axis in "xy"])


@pytest.fixture(scope="module")
def stimuli():
    return contours.draw(PARAMETERS, 24, 0)


def test_corners_are_those_of_a_regular_polygon_of_the_declared_place(stimuli):
    for image in range(24):
        centre = [float(stimuli[f"figure_{axis}"][image]) for axis in "xy"]
        spokes = corners(stimuli, image) - centre
        np.testing.assert_allclose(np.hypot(*spokes.T), 0.3 * 128, rtol=1e-5)
        np.testing.assert_allclose(np.roll(spokes, -1, 0).sum(0), 0, atol=1e-3)
        sides = np.hypot(*(np.roll(spokes, -1, 0) - spokes).T)
        np.testing.assert_allclose(2 * stimuli["object_radius"].values[image, 0] / sides, 0.55, rtol=1e-4)


def test_inducers_are_disks_without_the_corner_of_the_figure(stimuli):
    x, y = np.meshgrid(stimuli["x"], stimuli["y"])
    surface = contours.surface(stimuli).values
    for image in range(24):
        points = corners(stimuli, image)
        figure = polygon2mask((128, 144), points[:, ::-1] - 0.5)
        assert (figure != surface[image]).mean() < 0.005
        masks = stimuli["object_mask"].values[image, : len(points)]
        for (corner_x, corner_y), mask, radius in zip(
            points, masks, stimuli["object_radius"].values[image], strict=False
        ):
            disk = np.hypot(x - corner_x, y - corner_y) <= radius
            if stimuli["condition"].values[image] == "illusory":
                expected = disk & ~figure
            else:  # the cut points away, as the figure mirrored in its corner would lie
                away = polygon2mask((128, 144), 2 * np.array([corner_y, corner_x]) - points[:, ::-1] - 0.5)
                expected = disk & ~away
            assert (mask != expected).sum() <= 10  # pixels on the outline; an inducer has about 300


def test_controls_have_the_same_ink_and_leave_the_illusory_surface_open(stimuli):
    surface, ink = contours.surface(stimuli).values, stimuli["object_mask"].values.any(1)
    illusory = stimuli["condition"].values == "illusory"
    for count in (3, 4, 5):
        chosen = stimuli["figure_corners"].values == count
        areas = [ink[chosen & kind].sum((1, 2)).mean() for kind in (illusory, ~illusory)]
        assert areas[0] == pytest.approx(areas[1], rel=0.01)
    overlap = (surface & ink).sum((1, 2)) / surface.sum((1, 2))
    assert overlap[illusory].max() < 0.01 and overlap[~illusory].min() > 0.05


def test_declared_rotations_are_where_the_cuts_point(stimuli):
    for image in range(24):
        centre = np.array([float(stimuli[f"figure_{axis}"][image]) for axis in "xy"])
        inward = centre - corners(stimuli, image)
        angle = np.rad2deg(np.arctan2(-inward[:, 1], inward[:, 0]))
        turned = 180 if stimuli["condition"].values[image] == "control" else 0
        declared = stimuli["object_rotation"].values[image, : len(angle)]
        np.testing.assert_allclose((declared - angle - turned + 180) % 360, 180, atol=0.01)
