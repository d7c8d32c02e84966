"""Embedded objects against plain geometry, colour conversion and counting: what is declared is what is drawn."""

import colorsys
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage, stats
from skimage.measure import points_in_poly

from absvit.models.zoo.variants import MICRO_CATEGORIES
from stimuli.families import halves, objects

SMALL = objects.Objects(size=(48, 56))
LARGE = objects.Objects(size=(96, 96), radius=(0.25, 0.4))


def mirrored(points):
    """A polygon from its right half, top to bottom."""
    return [*points, *[(-x, y) for x, y in reversed(points)]]


def rectangle(x, y):
    return [(x, y), (x, -y), (-x, -y), (-x, y)]


def star():
    turns = np.pi / 5 * np.arange(10)
    radius = np.where(np.arange(10) % 2, 0.42, 1.0)
    return np.column_stack([radius * np.sin(turns), radius * np.cos(turns)])


# corners of the polygonal categories; x to the right, y up, the unit is the declared radius
POLYGONS = {
    "square": rectangle(0.75, 0.75),
    "triangle": mirrored([(0, 0.92), (1.56 / np.sqrt(3), -0.64)]),
    "star": star(),
    "cross": mirrored([(0.28, 0.92), (0.28, 0.28), (0.92, 0.28), (0.92, -0.28), (0.28, -0.28), (0.28, -0.92)]),
    "bar": rectangle(0.95, 0.26),
    "arrow": [(0.95, 0), (-0.02, 0.7275), (-0.02, 0.19), (-0.95, 0.19),
              (-0.95, -0.19), (-0.02, -0.19), (-0.02, -0.7275)],
}  # fmt: skip


def within(category, x, y):
    """Whether points lie inside a category's shape."""
    r = np.hypot(x, y)
    if category == "disk":
        return r <= 0.85
    if category == "ring":
        return (r >= 0.48) & (r <= 0.88)
    if category == "crescent":
        return (np.hypot(x + 0.1, y) <= 0.9) & (np.hypot(x - 0.38, y) >= 0.78)
    if category == "heart":  # a square on its corner and a disk on each of its upper sides
        lobes = [np.hypot(x - side, y + 0.12 - 0.375) <= 0.375 * np.sqrt(2) for side in (-0.375, 0.375)]
        return (np.abs(x) + np.abs(y + 0.12) <= 0.75) | lobes[0] | lobes[1]
    if category == "flower":
        return r <= 0.68 + 0.26 * np.cos(5 * np.arctan2(x, y))  # a petal points up
    if category == "horseshoe":
        return (r >= 0.44) & (r <= 0.88) & ~((np.abs(x) < 0.42) & (y < 0))
    return points_in_poly(np.column_stack([x.ravel(), y.ravel()]), POLYGONS[category]).reshape(x.shape)


def in_own_frame(scene, image, x, y, k=0):
    """Coordinates of pixels in the frame that is declared for an object."""
    angle = np.deg2rad(scene["object_rotation"][image, k])
    right = (x - scene["object_x"][image, k]) / scene["object_radius"][image, k]
    up = (scene["object_y"][image, k] - y) / scene["object_radius"][image, k]
    return right * np.cos(angle) + up * np.sin(angle), up * np.cos(angle) - right * np.sin(angle)


def empty(monkeypatch, drawn, *request):
    """The same images without objects."""
    with monkeypatch.context() as patch:
        for name in objects.CATEGORIES:
            patch.setitem(objects.SHAPES, name, lambda x, y: np.full_like(x, 9))
        return np.asarray(drawn(*request)["image"]).astype(int)


def test_categories_are_those_of_the_micro_models():
    assert objects.CATEGORIES == MICRO_CATEGORIES
    assert len(set(objects.CATEGORIES)) == 12


@pytest.mark.parametrize("number", range(12), ids=objects.CATEGORIES)
def test_the_mask_is_the_declared_shape_at_the_declared_place_size_and_rotation(number):
    scene = objects.render(LARGE, 7, range(3), np.full((3, 1), number))
    x, y = np.meshgrid(np.arange(96) + 0.5, np.arange(96) + 0.5)
    for image in range(3):
        expected = within(objects.CATEGORIES[number], *in_own_frame(scene, image, x, y))
        assert expected.sum() > 400
        assert (scene["object_mask"][image, 0] != expected).sum() <= 1  # a pixel centre right on the outline
    assert (scene["object_class"] == number).all()


@pytest.mark.parametrize(
    ("drawn", "request_", "thin"),
    [
        (objects.render, (replace(SMALL, n_objects=2), 3, range(24)), 0.01),
        (halves.draw, (halves.Halves(objects.Objects(size=(32, 64), radius=(0.2, 0.3))), 24, 5), 0.02),
    ],
    ids=["objects", "halves"],
)
def test_masks_cover_the_pixels_that_objects_change(drawn, request_, thin, monkeypatch):
    scene, background = drawn(*request_), empty(monkeypatch, drawn, *request_)
    changed = np.abs(np.asarray(scene["image"]) - background).max(-1) > 0
    visible = np.asarray(scene["object_mask"]).any(1)
    assert (visible & ~changed).sum() < 0.003 * visible.sum()  # an object may have its background's colour somewhere
    distance = np.stack([ndimage.distance_transform_edt(~mask) for mask in visible])
    assert distance[changed].max() < 4
    assert (distance[changed] > 1.5).mean() < thin  # tips of stars and crescents are thinner than a pixel


@pytest.mark.parametrize("category", ["disk", "cross", "bar"])
def test_edges_are_mixed_by_covered_area(category, monkeypatch):
    parameters = replace(LARGE, texture_reliability=1.0)  # these categories prefer a plain surface
    number = objects.CATEGORIES.index(category)
    scene = objects.render(parameters, 5, range(4), np.full((4, 1), number))
    background = empty(monkeypatch, objects.render, parameters, 5, range(4))
    fine_x, fine_y = np.meshgrid((np.arange(960) + 0.5) / 10, (np.arange(960) + 0.5) / 10)
    for image in range(4):
        inside = within(category, *in_own_frame(scene, image, fine_x, fine_y))
        covered = inside.reshape(96, 10, 96, 10).mean((1, 3))[..., None]
        surface = scene["image"][image][int(scene["object_y"][image, 0]), int(scene["object_x"][image, 0])]
        expected = covered * surface + (1 - covered) * background[image]
        error = np.abs(scene["image"][image] - expected)
        assert error.mean() < 1  # of 255 grey levels
        assert np.quantile(error[(covered[..., 0] > 0) & (covered[..., 0] < 1)], 0.95) < 25


def test_the_declared_hue_is_the_one_seen():
    scene = objects.render(replace(LARGE, hue_conflict=0.5), 1, range(36))
    for image in range(36):
        inner = ndimage.binary_erosion(scene["object_mask"][image, 0], iterations=2)
        colours = scene["image"][image][inner] / 255
        seen = np.array([colorsys.rgb_to_hsv(*colour)[0] for colour in colours[:: max(1, len(colours) // 20)]]) * 360
        off = (seen - scene["object_hue"][image, 0] + 180) % 360 - 180
        assert np.abs(off).max() < 3


def test_hue_shift_turns_hues_and_nothing_else():
    plain, shifted = (objects.render(replace(SMALL, hue_shift=shift), 2, range(12)) for shift in (0, 180))
    turned = (shifted["object_hue"] - plain["object_hue"]) % 360
    np.testing.assert_allclose(turned, 180, atol=1e-3)
    for name in plain:
        assert np.array_equal(plain[name], shifted[name]) == (name not in ("image", "object_hue"))
    outside = np.stack([ndimage.distance_transform_edt(~mask) > 4 for mask in plain["object_mask"][:, 0]])
    assert np.array_equal(plain["image"][outside], shifted["image"][outside])


def deviations(conflict, n=1200):
    scene = objects.render(objects.Objects(size=(32, 32), hue_conflict=conflict), 9, range(n))
    typical = 30 * scene["object_class"][:, 0]
    return (scene["object_hue"][:, 0] - typical + 180) % 360 - 180


def test_hues_scatter_normally_unless_they_conflict_with_the_category():
    assert stats.kstest(deviations(0.0), stats.norm(0, 20).cdf).pvalue > 0.01
    assert stats.kstest(deviations(1.0), stats.uniform(-180, 360).cdf).pvalue > 0.01
    far = (np.abs(deviations(0.4)) > 90).mean()  # half of the conflicting ones, none of the others
    assert abs(far - 0.2) < 3 * np.sqrt(0.2 * 0.8 / 1200)


@pytest.mark.parametrize("reliability", [0.0, 0.6, 1.0])
def test_the_preferred_texture_is_as_frequent_as_declared(reliability):
    parameters = objects.Objects(size=(32, 32), radius=(0.4, 0.4), texture_reliability=reliability)
    scene = objects.render(parameters, 4, range(400), np.zeros((400, 1), int))  # disks prefer plain surfaces
    inner = [ndimage.binary_erosion(mask, iterations=2) for mask in scene["object_mask"][:, 0]]
    plain = np.mean([len(np.unique(i[m], axis=0)) == 1 for i, m in zip(scene["image"], inner, strict=True)])
    expected = reliability + (1 - reliability) / 4
    assert abs(plain - expected) <= 3 * np.sqrt(expected * (1 - expected) / 400)


def test_categories_are_balanced_to_within_one_in_every_first_n():
    running = np.cumsum(objects.draw(SMALL, 100, 1)["object_class"].values == np.arange(12), axis=0)
    assert (running.max(1) - running.min(1)).max() <= 1


@pytest.mark.parametrize("start", [0, 132, 1320])
def test_every_ordered_pair_of_categories_comes_once_in_132_images(start):
    drawn = objects.draw(objects.Objects(size=(32, 32), n_objects=3), 132, 2, start)["object_class"].values
    assert Counter(map(tuple, drawn[:, :2].tolist())) == {(a, b): 1 for a in range(12) for b in range(12) if a != b}


@pytest.mark.parametrize("n_objects", [2, 3, 4])
def test_objects_of_an_image_differ_and_do_not_touch(n_objects):
    scene = objects.draw(replace(SMALL, n_objects=n_objects), 40, 0)
    assert all(len(set(row)) == n_objects for row in scene["object_class"].values.tolist())
    x, y, radius = (scene[f"object_{name}"].values for name in ("x", "y", "radius"))
    gaps = np.hypot(x[:, :, None] - x[:, None], y[:, :, None] - y[:, None]) - radius[:, :, None] - radius[:, None]
    gaps[:, np.eye(n_objects, dtype=bool)] = 0
    assert gaps.min() > -1e-4
    assert (x - radius).min() > -1e-4 and (x + radius).max() < 56 + 1e-4
    assert (y - radius).min() > -1e-4 and (y + radius).max() < 48 + 1e-4
    assert scene["object_mask"].sum("object").max() == 1
    assert (scene["object_mask"].sum(("y", "x")) > 0.5 * radius**2).all()  # the bar is thinnest, 0.99 square radii


def test_radii_stay_in_the_declared_range():
    radius = objects.draw(SMALL, 100, 0)["object_radius"].values
    assert 0.14 * 48 <= radius.min() < 0.16 * 48
    assert 0.26 * 48 < radius.max() <= 0.28 * 48
