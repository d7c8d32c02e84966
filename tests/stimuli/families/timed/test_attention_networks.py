"""Flankers under four cues: which way arrows point and where cues stand, read off the pictures."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

import stimuli
from stimuli.families.check import check_family
from stimuli.families.timed import attention_network
from stimuli.sets.frames import onsets

ARROWS = attention_network.AttentionNetwork((112, 128))
LETTERLESS = replace(ARROWS, answers=("star", "heart"), coloured=True)


@pytest.fixture(scope="module")
def drawn():
    return attention_network.draw(ARROWS, 48, 1)


def pointing(mask):
    """Side on which an arrow is higher: its head; none for a bar."""
    columns = np.flatnonzero(mask.any(0))
    heights = mask.sum(0)[columns]
    left, right = heights[: len(heights) // 2].max(), heights[-(len(heights) // 2) :].max()
    return "neither" if abs(left - right) <= 1 else "left" if left > right else "right"


def test_arrows_point_where_the_set_says(drawn):
    for number in range(48):
        target, *flankers = map(pointing, drawn["object_mask"].values[number])
        other = {"left": "right", "right": "left"}[target]
        assert target == drawn["answer"].values[number] == drawn["label"].values[number]
        wanted = {"congruent": target, "incongruent": other, "neutral": "neither"}[drawn["congruency"].values[number]]
        assert flankers == [wanted] * 4
        above = drawn["object_y"].values[number, 0] < 56
        assert above == (drawn["target_place"].values[number] == "above")
        x = drawn["object_x"].values[number]
        assert x[0] == 64 and (np.diff(x[1:]) > 0).all() and x[1:].mean() == pytest.approx(64)


def test_cues_stand_where_and_as_long_as_they_should(drawn):
    for number in range(48):
        frames = stimuli.frames(drawn, number)
        assert [frame.name for frame in frames] == ["fixation", "cue", "interval", "target"]
        wait = float(drawn["foreperiod"].values[number])
        np.testing.assert_allclose(onsets(frames), [0, wait, wait + 0.1, wait + 0.5])
        assert 0.4 <= wait <= 1.6
        fixation, cue, interval, _ = (frame.picture for frame in frames)
        np.testing.assert_array_equal(fixation, interval)
        ink = (cue < 50).all(-1)
        there = {
            "above": ink[:40].any(), "below": ink[-40:].any(), "centre": (ink & (fixation > 50).all(-1))[46:66].any(),
        }  # fmt: skip
        kind = drawn["cue"].values[number]
        wanted = {"none": [], "centre": ["centre"], "double": ["above", "below"], "spatial": []}[kind]
        wanted = [drawn["target_place"].values[number]] if kind == "spatial" else wanted
        assert sorted(name for name, found in there.items() if found) == sorted(wanted)


def test_all_is_crossed_and_foreperiods_differ(drawn):
    names = ("congruency", "cue", "answer", "target_place")
    cells = Counter(zip(*(drawn[name].values.tolist() for name in names), strict=True))
    assert len(cells) == 48 and set(cells.values()) == {1}
    assert len(set(drawn["foreperiod"].values.tolist())) == 48


def test_categories_can_stand_for_arrows():
    check_family("attention_network", LETTERLESS)
    drawn = attention_network.draw(LETTERLESS, 12, 0)
    names = np.array(drawn.attrs["categories"], object)[drawn["object_class"].values]
    for congruency, answer, row in zip(drawn["congruency"].values, drawn["answer"].values, names, strict=True):
        other = {"star": "heart", "heart": "star"}[answer]
        wanted = {"congruent": answer, "incongruent": other, "neutral": "bar"}[congruency]
        assert row.tolist() == [answer, *[wanted] * 4]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"answers": ("up", "down")}, "answers must be left and right"), ({"answers": ("star", "star")}, "answers"),
        ({"neutral": "arrow"}, "neutral"), ({"neutral": "zebra"}, "neutral"), ({"cues": ()}, "cues"),
        ({"cues": ("sideways",)}, "cues"), ({"foreperiod": (0.0, 1.0)}, "foreperiod"), ({"flankers": 0}, "flankers"),
        ({"flankers": 8}, "leave the image"), ({"offset": 0.05}, "fixation mark"),
        ({"offset": 0.48}, "leave the image"), ({"radius": 0.01}, "3 pixels"), ({"ink": 0.7}, "ink"),
        ({"spacing": 1.0}, "spacing"), ({"size": (40, 64)}, "size"),
    ],
)  # fmt: skip
def test_rows_that_cannot_be_are_refused(wrong, says):
    with pytest.raises(ValueError, match=says):
        replace(ARROWS, **wrong)
