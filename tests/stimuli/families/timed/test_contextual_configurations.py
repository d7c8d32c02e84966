"""T among L's: which way the T is turned, read off the pictures; what comes again, and what follows from what."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from stimuli.families.check import check_family
from stimuli.families.timed import contextual_search

SMALL = contextual_search.ContextualSearch((112, 128), set_size=6, configurations=3, radius=0.05)
BLOCKS = 4


@pytest.fixture(scope="module")
def drawn():
    return contextual_search.draw(SMALL, 6 * BLOCKS, 2)


def test_displays_keep_their_promises():
    check_family("contextual_search", SMALL)


def test_the_stem_of_the_t_points_where_the_set_says(drawn):
    for number in range(drawn.sizes["stimulus"]):
        mask = drawn["object_mask"].values[number, 0]
        column = np.nonzero(mask)[1].mean()  # the bar is as long as the stem with it is, and all at its end
        ends = np.flatnonzero(mask.any(0))
        side = "left" if column > (ends[0] + ends[-1]) / 2 else "right"
        assert side == drawn["target_direction"].values[number] == drawn["label"].values[number]
        assert drawn["object_class"].values[number].tolist() == [0, 1, 1, 1, 1, 1]


def test_an_l_has_its_ink_along_two_sides(drawn):
    letters = set()
    for row, turned in zip(drawn["object_mask"].values[:, 1:], drawn["object_rotation"].values[:, 1:], strict=True):
        for mask, angle in zip(row, turned, strict=True):
            part = mask[np.ix_(np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0)))]
            sides = {"left": part[:, 0], "lower": part[-1], "right": part[:, -1], "upper": part[0]}
            full = {name for name, line in sides.items() if line.mean() > 0.6}
            wanted = {0: {"left", "lower"}, 90: {"upper", "left"}, 180: {"right", "upper"}, 270: {"lower", "right"}}
            assert full == wanted[int(angle)]
            letters.add(int(angle))
    assert letters == {0, 90, 180, 270}


def test_repeated_configurations_come_again_and_new_ones_do_not(drawn):
    places = drawn[["object_x", "object_y", "object_rotation"]].to_array().values  # (variable, stimulus, object)
    kinds = drawn["configuration"].values
    for number in range(3):
        of_number = drawn["configuration_number"].values == number
        repeated, new = (np.flatnonzero(of_number & (kinds == kind)) for kind in ("repeated", "new"))
        assert len(repeated) == len(new) == BLOCKS
        distractors = places[:, :, 1:]
        assert (distractors[:, repeated] == distractors[:, repeated[:1]]).all()
        assert len({distractors[:2, i].tobytes() for i in new}) == BLOCKS
        for mine in (repeated, new):  # a target's place is as often met in either
            assert len({places[:2, i, 0].tobytes() for i in mine}) == 1
            assert Counter(drawn["target_direction"].values[mine].tolist()) == {"left": 2, "right": 2}
    assert len({places[:2, i, 0].tobytes() for i in range(drawn.sizes["stimulus"])}) == 6


def test_each_block_holds_every_configuration_once(drawn):
    names = ("block", "configuration", "configuration_number")
    rows = zip(*(drawn[name].values.tolist() for name in names), strict=True)
    assert set(Counter(rows).values()) == {1} and set(drawn["block"].values.tolist()) == set(range(BLOCKS))
    orders = drawn["configuration_number"].values.reshape(BLOCKS, -1)
    assert len({order.tobytes() for order in orders}) > 1


@pytest.mark.parametrize("size", [(96, 224), (224, 96), (130, 150)])
def test_items_do_not_overlap_in_any_shape_of_image(size):
    stimuli = contextual_search.draw(replace(SMALL, size=size, set_size=5, radius=0.04), 6, 0)
    assert stimuli["object_mask"].values.sum(1).max() == 1
    assert stimuli["object_mask"].values.any((2, 3)).all()


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"set_size": 1}, "set_size"), ({"configurations": 0}, "configurations must be 1 to"),
        ({"configurations": 50}, "no two targets"), ({"radius": 0.2}, "do not fit"), ({"radius": 0.01}, "3 pixels"),
        ({"ink": 0.5}, "ink"), ({"size": (40, 64)}, "size"),
    ],
)  # fmt: skip
def test_displays_that_cannot_be_are_refused(wrong, says):
    with pytest.raises(ValueError, match=says):
        replace(SMALL, **wrong)
