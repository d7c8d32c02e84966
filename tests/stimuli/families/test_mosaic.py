"""Mosaics: what lies in which quarter, what fills the others, and how evenly places and kinds come."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stimuli.families.check import check_family
from stimuli.families.objects import Objects
from stimuli.families.photographed import mosaic
from stimuli.families.photographed.mosaic import MOSAIC, PLACES, Mosaic
from stimuli.pictures.photographs import Pictures

CORNERS = dict(zip(PLACES, [(0, 0), (0, 40), (32, 0), (32, 40)], strict=True))
SIZE = (64, 80)


def quarter(image, place):
    top, left = CORNERS[place]
    return image[..., top : top + 32, left : left + 40, :]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A photograph of each of 30 classes, of one colour each."""
    root = tmp_path_factory.mktemp("classes")
    for c in range(30):
        (root / f"c{c:02d}").mkdir()
        Image.new("RGB", (50, 40), (8 * c, 250 - 8 * c, 100)).save(root / f"c{c:02d}" / "0.png")
    return root


@pytest.fixture(scope="module")
def stimuli(folder):
    parameters = MOSAIC.sized(SIZE, pictures=Pictures(folder), set_sizes=(2, 3, 4), empty="grey:0.2")
    return mosaic.draw(parameters, 36, 0)


def test_each_photograph_fills_its_quarter_and_grey_the_others(stimuli):
    for k in range(36):
        image, size = stimuli["image"].values[k], int(stimuli["set_size"][k])
        places, classes = stimuli["object_place"].values[k].tolist(), stimuli["object_class"].values[k]
        assert places[0] == stimuli["place"].values[k] and places[size:] == ["none"] * (4 - size)
        assert (classes[:size] >= 0).all() and (classes[size:] == -1).all() and len(set(places[:size])) == size
        for number, place in enumerate(places[:size]):
            colour = (8 * classes[number], 250 - 8 * classes[number], 100)
            assert (quarter(image, place) == colour).all()
            mask = stimuli["object_mask"].values[k, number]
            assert quarter(mask[..., None], place).all() and mask.sum() == 32 * 40
        for place in set(PLACES) - set(places):
            assert (quarter(image, place) == 51).all()
        assert not stimuli["object_mask"].values[k, size:].any()


def test_set_sizes_places_and_arrangements_are_crossed(stimuli):
    rows = zip(*(stimuli[name].values.tolist() for name in ("set_size", "place", "arrangement")), strict=True)
    assert len(set(rows)) == 36
    for k in range(36):
        first, second = (np.array(CORNERS[place]) for place in stimuli["object_place"].values[k, :2])
        moved = {(False, True): "beside", (True, False): "above or below", (True, True): "across"}
        assert stimuli["arrangement"].values[k] == moved[tuple((first != second).tolist())]


def test_noise_has_the_spectrum_of_the_picture():
    picture = np.random.default_rng(0).normal(128, 20, (32, 41, 3)).cumsum(1) / 8
    found = mosaic.scrambled(picture, np.random.default_rng(1))
    assert np.abs(found - picture).mean() > 5
    for before, after in zip(np.moveaxis(picture, -1, 0), np.moveaxis(found, -1, 0), strict=True):
        np.testing.assert_allclose(np.abs(np.fft.fft2(after)), np.abs(np.fft.fft2(before)), rtol=1e-6, atol=1e-6)
    grey = mosaic.scrambled(picture[..., :1].repeat(3, -1), np.random.default_rng(1))
    assert np.allclose(grey, grey[..., :1])  # no colour comes in


@pytest.mark.parametrize("changes", [{}, {"set_sizes": (4, 2, 3), "empty": "noise"}], ids=str)
def test_mosaics_of_embedded_objects_keep_the_promises(changes):
    check_family("mosaic", Mosaic(**changes))
    drawn = mosaic.draw(Mosaic(Objects(SIZE, radius=(0.25, 0.4)), **changes), 6, 1)
    for k, number in np.argwhere(drawn["object_class"].values >= 0):
        rows, columns = np.nonzero(drawn["object_mask"].values[k, number])
        x, y = (float(drawn[f"object_{side}"].values[k, number]) for side in "xy")
        radius = float(drawn["object_radius"].values[k, number])
        assert np.hypot(rows + 0.5 - y, columns + 0.5 - x).max() <= 1.15 * radius + 1


def test_two_given_photographs_stand_in_all_twelve_arrangements():
    one, other = np.full((10, 30, 3), 10, np.uint8), np.full((300, 20, 3), 200, np.uint8)
    given = MOSAIC.sized(SIZE, pictures=Pictures(Path("somewhere")))
    made = mosaic.from_photographs(one, other, ("cat", "lion"), given)
    places = [tuple(row) for row in made["object_place"].values.tolist()]
    assert len(set(places)) == len(places) == 12
    for k, (first, second) in enumerate(places):
        assert (quarter(made["image"].values[k], first) == 10).all()
        assert (quarter(made["image"].values[k], second) == 200).all()
    assert Counter(first for first, _ in places) == dict.fromkeys(PLACES, 3)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"set_sizes": (1, 2)}, "set_sizes"), ({"set_sizes": ()}, "set_sizes"), ({"set_sizes": (2, 2)}, "set_sizes"),
        ({"empty": "grey:3"}, "grey"), ({"scene": Objects((66, 65))}, "even sides"),
        ({"scene": Objects((64, 64), n_objects=2)}, "one object"),
    ],
)  # fmt: skip
def test_impossible_mosaics_are_refused(wrong, told):
    with pytest.raises(ValueError, match=told):
        replace(Mosaic(), **wrong)


def test_more_pictures_than_classes_are_refused(folder):
    pictures = Pictures(photographs=(folder / "c00" / "0.png", folder / "c01" / "0.png"), classes=("a", "b"))
    assert mosaic.draw(MOSAIC.sized(SIZE, pictures=pictures), 2, 0).sizes["object"] == 2
    with pytest.raises(ValueError, match="3 photographs of different classes need as many classes, got a, b"):
        mosaic.draw(MOSAIC.sized(SIZE, pictures=pictures, set_sizes=(3,)), 1, 0)
