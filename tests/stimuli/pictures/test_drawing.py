"""Vector graphics against supersampling of plain geometry."""

import colorsys

import numpy as np
import pytest
from skimage.draw import polygon2mask

from stimuli.drawing import canvas as drawing
from stimuli.drawing.shapes import CATEGORIES

FINE = 16
STAR = [(5.2, 4.1), (25.3, 8.8), (28.4, 26.2), (17.7, 14.9), (6.1, 27.5)]  # not convex


def covered(inside):
    """Share of each of 32 x 32 pixels that lies inside, by 16 x 16 samples."""
    along = (np.arange(32 * FINE) + 0.5) / FINE
    x, y = np.meshgrid(along, along)
    return inside(x, y).reshape(32, FINE, 32, FINE).mean((1, 3))


def painted(distance, around=None):
    image = drawing.canvas((32, 32), 0.0)
    mask = drawing.paint(image, distance, 1.0, around)
    assert np.array_equal(image[..., 0], image[..., 2])
    return image[..., 0], mask


def in_star(x, y):
    return polygon2mask((32 * FINE, 32 * FINE), np.array(STAR)[:, ::-1] * FINE - 0.5)


def in_fixation(x, y):
    inside = []
    for angle in np.deg2rad((90, 210, 330)):  # strokes from 5 to 10 pixels, whose round ends reach 1.5 further
        right, up = x - 15.3, 16.2 - y
        along, across = np.cos(angle) * right + np.sin(angle) * up, np.cos(angle) * up - np.sin(angle) * right
        inside.append(np.hypot(along - np.clip(along, 5, 10), across) <= 1.5)
    return np.any(inside, axis=0)


def in_frame(x, y):
    edge = np.maximum(np.abs(x - 15.5), np.abs(y - 16))
    return (edge >= 7) & (edge <= 10)


@pytest.mark.parametrize(
    ("distance", "inside"),
    [
        (drawing.polygon(STAR), in_star),
        (drawing.polygon(STAR[::-1]), in_star),
        (drawing.fixation(15.3, 16.2, 10, 3), in_fixation),
        (drawing.frame(15.5, 16, 8.5, 3), in_frame),
        (drawing.category("disk", 15.2, 17.1, 10), lambda x, y: np.hypot(x - 15.2, y - 17.1) <= 8.5),
        (drawing.category("bar", 16, 16, 10, 90), lambda x, y: (np.abs(x - 16) <= 2.6) & (np.abs(y - 16) <= 9.5)),
    ],
)
def test_pixels_are_mixed_by_the_share_that_is_covered(distance, inside):
    share, (image, mask) = covered(inside), painted(distance)
    assert np.abs(image - share).mean() < 0.01
    assert (np.abs(image - share) > 0.25).sum() <= 6  # corners
    assert np.array_equal(mask, image >= 0.5)


def test_rotation_is_counter_clockwise():
    image, _ = painted(drawing.category("arrow", 16, 16, 12, 90))
    assert image[:16].sum() > 1.5 * image[16:].sum()  # the head points up and is wider than the shaft
    assert np.allclose(image, image[:, ::-1], atol=1e-6)


def test_a_window_changes_nothing_within_reach():
    for centre in ((16, 16), (1, 30), (40, 16)):
        figure = drawing.category("star", *centre, 8, 20)
        whole, part = painted(figure), painted(figure, (*centre, 8))
        assert np.array_equal(whole[0], part[0]) and np.array_equal(whole[1], part[1])


def test_colours_and_grey_levels():
    for hue in (0, 75, 200, 359):
        found = colorsys.rgb_to_hsv(*drawing.hue_colour(hue, 0.6, 0.9))
        np.testing.assert_allclose(found, (hue / 360, 0.6, 0.9), atol=1e-9)
    assert drawing.quantised([-1, 0, 0.5, 1, 2]).tolist() == [0, 0, 128, 255, 255]


def test_the_fixation_mark_is_none_of_the_categories():
    mark, _ = painted(drawing.fixation(16, 16, 10, 3))
    alike = {}
    for name in CATEGORIES:
        tries = [
            painted(drawing.category(name, 16, 16, radius, turn))[0]
            for radius in (6, 8, 10, 12)
            for turn in range(-45, 46, 15)
        ]
        alike[name] = max(np.minimum(mark, one).sum() / np.maximum(mark, one).sum() for one in tries)
    assert max(alike.values()) < 0.5, alike
    assert mark[14:18, 14:18].max() == 0  # a disk or a cross would cover the centre
