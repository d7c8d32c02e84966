"""Change detection: the two displays differ in the item that the set names, or not at all."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

import stimuli
from stimuli.drawing.canvas import hue_colour, quantised
from stimuli.families.check import check_family
from stimuli.families.objects import CATEGORIES
from stimuli.families.timed import change_detection

HUES = change_detection.ChangeDetection((96, 112), set_sizes=(1, 3, 11), shown=0.2, delay=1.0)
OBJECTS = replace(HUES, changes="category", set_sizes=(1, 2, 11))


@pytest.fixture(scope="module", params=[HUES, OBJECTS], ids=["hue", "category"])
def drawn(request):
    return change_detection.draw(request.param, 36, 3)


def test_displays_keep_their_promises():
    check_family("change_detection", OBJECTS)


def test_displays_differ_in_the_first_object_or_not_at_all(drawn):
    for number in range(36):
        fixation, first, blank, second = stimuli.frames(drawn, number)
        assert [f.name for f in (fixation, first, blank, second)] == ["fixation", "first", "blank", "second"]
        assert (first.duration, blank.duration, second.duration) == (0.2, 1.0, None)
        assert blank.picture is None and second.seen
        differ = (first.picture != second.picture).any(-1)
        assert differ.any() == (drawn["change"].values[number] == "changed")
        x, y, radius = (float(drawn[f"object_{part}"].values[number, 0]) for part in ("x", "y", "radius"))
        rows, columns = np.nonzero(differ)
        assert (np.hypot(rows + 0.5 - y, columns + 0.5 - x) < 1.5 * radius + 1).all()


def test_what_is_told_of_either_display_is_what_it_shows(drawn):
    for number in range(36):
        _, first, _, second = stimuli.frames(drawn, number)
        there = drawn["object_class"].values[number] >= 0
        assert there.sum() == drawn["set_size"].values[number]
        assert ((drawn["first_class"].values[number] >= 0) == there).all()
        for k in np.flatnonzero(there):
            column, row = (int(drawn[f"object_{axis}"].values[number, k]) for axis in "xy")
            for frame, display in ((first, "first"), (second, "object")):
                category = CATEGORIES[drawn[f"{display}_class"].values[number, k]]
                colour = quantised(hue_colour(float(drawn[f"{display}_hue"].values[number, k])))
                if category not in ("ring", "horseshoe", "crescent"):  # which are empty in the middle
                    assert abs(frame.picture[row, column].astype(int) - colour).max() <= 1
        kind = "class" if '"category"' in drawn.attrs["parameters"] else "hue"
        pair = (drawn[f"{display}_{kind}"].values[number, 0] for display in ("first", "object"))
        told = [CATEGORIES[value] if kind == "class" else value for value in pair]
        assert told == [drawn[name].values[number] for name in ("changed_from", "changed_to")]
        assert (told[0] != told[1]) == (drawn["change"].values[number] == "changed")


def test_no_kind_comes_too_often_in_either_display(drawn):
    most = 1 if '"category"' in drawn.attrs["parameters"] else 2
    for display in ("first", "object"):
        for row in drawn[f"{display}_hue"].values:
            assert max(Counter(row[~np.isnan(row)].tolist()).values()) <= most


def test_changes_sizes_and_what_is_seen_are_crossed():
    drawn = change_detection.draw(HUES, 36, 0)
    cells = Counter(zip(*(drawn[name].values.tolist() for name in ("change", "set_size", "changed_to")), strict=True))
    assert len(cells) == 36 and set(cells.values()) == {1}
    assert (drawn["label"].values == drawn["change"].values).all()


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"changes": "place"}, "changes must be"), ({"set_sizes": ()}, "set_sizes"),
        ({"set_sizes": (12,)}, "set_sizes"), ({"set_sizes": (0,)}, "set_sizes"), ({"shown": 0.0}, "shown"),
        ({"delay": float("nan")}, "delay"), ({"radius": 0.2}, "11 items .* do not fit"),
        ({"radius": 0.01}, "3 pixels"), ({"background": 2.0}, "background"), ({"size": (40, 64)}, "size"),
    ],
)  # fmt: skip
def test_displays_that_cannot_be_are_refused(wrong, says):
    with pytest.raises(ValueError, match=says):
        replace(HUES, **wrong)
