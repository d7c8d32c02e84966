"""Streams: one object after the other, the targets where the set says, read off the pictures."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

import stimuli
from stimuli.families.check import check_family
from stimuli.families.objects import CATEGORIES
from stimuli.families.timed import rsvp
from stimuli.sets.frames import duration, onsets

SMALL = rsvp.Rsvp((64, 80), lags=(1, 3), gap=0.04, before=(2, 4))
STREAM = ("distractor", "first", "second")


@pytest.fixture(scope="module")
def drawn():
    return rsvp.draw(SMALL, 48, 2)


def items(drawn, number):
    return [frame for frame in stimuli.frames(drawn, number) if frame.name in STREAM]


def test_streams_keep_their_promises_in_colour_too():
    check_family("rsvp", replace(SMALL, coloured=True))


def test_the_targets_stand_where_the_set_says_and_nowhere_else(drawn):
    silhouettes = {}
    for number in range(48):
        names = [frame.name for frame in items(drawn, number)]
        first, second = names.index("first"), names.index("second")
        assert first == drawn["t1_place"].values[number] and 2 <= first <= 4
        assert second - first == drawn["lag"].values[number] and len(names) == first + 3 + 2
        stream = drawn["stream"].values[number].split()
        assert stream[first] == drawn["t1_class"].values[number] and stream.count(stream[first]) == 1
        wanted, present = drawn["t2_class"].values[number], drawn["t2"].values[number] == "present"
        assert [place for place, name in enumerate(stream) if name == wanted] == [second] * present
        assert CATEGORIES[drawn["object_class"].values[number, 0]] == stream[second]
        assert all(one != other for one, other in zip(stream, stream[1:], strict=False))
        for place, (frame, name) in enumerate(zip(items(drawn, number), stream, strict=True)):
            if place != first:  # the same category looks the same in every frame
                np.testing.assert_array_equal(silhouettes.setdefault(name, frame.picture), frame.picture)
    shapes = {picture.tobytes() for picture in silhouettes.values()}
    assert len(shapes) == len(silhouettes) == 12


def test_the_first_target_alone_is_framed(drawn):
    for number in range(6):
        for frame in items(drawn, number):
            ink = (frame.picture < 120).all(-1)
            rows, columns = np.nonzero(ink)
            reach = max(abs(rows - 31.5).max(), abs(columns - 39.5).max())
            assert (reach > 1.2 * 0.2 * 64) == (frame.name == "first")


def test_objects_come_at_their_times(drawn):
    frames = stimuli.frames(drawn, 0)
    starts = [(frame.name, onset) for frame, onset in zip(frames, onsets(frames), strict=True)]
    np.testing.assert_allclose(np.diff([onset for name, onset in starts if name in STREAM]), 0.1)
    assert {frame.duration for frame in items(drawn, 0)} == {0.06}
    times = dict(starts)
    assert times["second"] - times["first"] == pytest.approx(0.1 * drawn["lag"].values[0])
    assert frames[-1].name == "response" and duration(frames) is None
    dense = rsvp.draw(replace(SMALL, gap=0.0), 1, 0)
    assert "blank" not in [frame.name for frame in stimuli.frames(dense, 0)]


def test_presence_lags_and_categories_are_crossed(drawn):
    cells = Counter(zip(*(drawn[name].values.tolist() for name in ("t2", "lag", "t2_class")), strict=True))
    assert len(cells) == 48 and set(cells.values()) == {1}
    assert set(Counter(drawn["t1_class"].values.tolist()).values()) == {4}


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"lags": ()}, "lags"), ({"lags": (0,)}, "lags"), ({"lags": (2, 2)}, "lags"),
        ({"soa": 0.0}, "soa"), ({"gap": 0.1}, "gap"), ({"before": (0, 3)}, "before"), ({"before": (4, 3)}, "before"),
        ({"radius": 0.45}, "frame to fit"), ({"radius": 0.01}, "4 pixels"), ({"ink": 0.7}, "ink"),
        ({"size": (40, 64)}, "size"),
    ],
)  # fmt: skip
def test_streams_that_cannot_be_are_refused(wrong, says):
    with pytest.raises(ValueError, match=says):
        replace(SMALL, **wrong)
