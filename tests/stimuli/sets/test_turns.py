"""Taking turns: no photograph comes again before all were shown, and kinds are as frequent as each other."""

from collections import Counter

import numpy as np
import pytest
from PIL import Image

from stimuli.families import halves, overlay
from stimuli.families.objects import Objects
from stimuli.foundation.design import in_turn
from stimuli.pictures.photographs import Pictures
from stimuli.sets import remake


@pytest.mark.parametrize(("count", "company"), [(1000, 1), (25, 1), (27, 3), (26, 2), (3, 1), (4, 3)])
def test_each_category_comes_once_before_any_comes_again(count, company):
    n = 3 * count
    classes, rounds = in_turn(range(n), count, company, 5, 60)
    in_order = classes.ravel()
    for start in range(0, in_order.size - count + 1, count):
        assert np.array_equal(np.sort(in_order[start : start + count]), np.arange(count))
    assert all(len(set(row)) == company + 1 for row in classes.tolist())
    assert np.array_equal(rounds.ravel(), np.arange(in_order.size) // count)
    again = in_turn([n - 1, 0, 7], count, company, 5, 60)
    assert np.array_equal(again[0], classes[[n - 1, 0, 7]])
    assert not np.array_equal(classes[:count], in_turn(range(count), count, company, 6, 60)[0])


def test_too_few_categories_cannot_take_turns():
    with pytest.raises(ValueError, match="3 of 5 categories cannot take turns: give at least 6"):
        in_turn(range(3), 5, 2, 0, 60)


def folder_of(root, counts):
    for c, count in enumerate(counts):
        (root / f"c{c:03d}").mkdir(parents=True)
        for k in range(count):
            Image.new("RGB", (4, 4), (c, k, 0)).save(root / f"c{c:03d}" / f"{k}.png")
    return root


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """A photograph of each of 120 classes."""
    return folder_of(tmp_path_factory.mktemp("many"), [1] * 120)


FAMILIES = {
    "halves": (halves, lambda pictures: halves.HALVES.sized((32, 64), pictures=pictures)),
    "overlay": (overlay, lambda pictures: overlay.Overlay(Objects((32, 32)), (0.3, 0.7), pictures)),
}


@pytest.mark.parametrize("family", FAMILIES)
def test_of_one_photograph_a_class_any_first_n_pairs_repeat_none_before_all_were_shown(family, many):
    module, parameters = FAMILIES[family]
    stimuli = module.draw(parameters(Pictures(many)), 120, 0)
    shown = stimuli["object_class"].values  # which are photographs here
    for n in (1, 37, 60, 61, 120):
        counts = Counter(shown[:n].ravel().tolist())
        assert max(counts.values()) - (min(counts.values()) if len(counts) == 120 else 0) <= 1
        assert len(counts) == min(120, 2 * n)
    levels = stimuli["mix"].values if family == "overlay" else stimuli["object_side"].values[:, 0]
    assert Counter(levels.tolist()) == dict.fromkeys(set(levels.tolist()), 60)


def test_photographs_of_a_class_take_turns_and_classes_count_alike(tmp_path):
    pictures = Pictures(folder_of(tmp_path, [3, 1, 2, 2]), pairing="turns")
    sources = overlay.draw(FAMILIES["overlay"][1](pictures), 12, 0)["object_source"].values.ravel()
    assert Counter(name[:4] for name in sources) == dict.fromkeys(["c000", "c001", "c002", "c003"], 6)
    assert all(Counter(sources[:12])[f"c000/{k}.png"] == 1 for k in range(3))
    assert Counter(sources) == {
        **{f"c000/{k}.png": 2 for k in range(3)}, "c001/0.png": 6,
        **{f"c00{c}/{k}.png": 3 for c in (2, 3) for k in range(2)},
    }  # fmt: skip


def test_few_classes_are_crossed_as_recipes_that_do_not_tell_had_it(many):
    assert Pictures(many).crosses(24) and not Pictures(many).crosses(25)
    assert Pictures(many, pairing="crossed").crosses(1000)
    old = remake.instance(Pictures, {"folder": str(many), "photographs": None, "classes": None, "squeeze": False})
    assert old.crosses(1000)
