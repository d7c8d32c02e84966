"""Cues in time: any interval, cues that stay or go, of which the picture of the target shows what is asked for."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

import stimuli
from stimuli.families import cueing
from stimuli.sets.frames import onsets

GOING = cueing.Cueing((96, 112), places=4, radius=0.08, cue_stays=False, soas=(0.05, 0.1, 0.8))
KINDS = ("peripheral", "central", "class")


def frames_by_name(drawn, number):
    frames = stimuli.frames(drawn, number)
    return {frame.name: frame for frame in frames}, dict(zip((f.name for f in frames), onsets(frames), strict=True))


def white_parts(image):
    """Centres (x, y) of the connected white parts."""
    parts, count = ndimage.label((image > 250).all(-1), np.ones((3, 3)))
    return [np.array(c)[::-1] + 0.5 for c in ndimage.center_of_mass(parts > 0, parts, range(1, count + 1))]


@pytest.mark.parametrize("cue", KINDS)
def test_the_target_comes_as_long_after_the_cue_as_is_asked_for_and_the_cue_lasts_its_time(cue):
    drawn = cueing.draw(replace(GOING, cue=cue), 12, 1)
    for number, soa in enumerate(drawn["soa"].values):
        frames, onset = frames_by_name(drawn, number)
        assert onset["target"] - onset["cue"] == pytest.approx(soa) and onset["cue"] == frames["fixation"].duration
        assert frames["cue"].duration == pytest.approx(min(soa, 0.1))
        assert ("interval" in frames) == (soa > 0.1)
        if "interval" in frames:
            np.testing.assert_array_equal(frames["interval"].picture, frames["fixation"].picture)
        assert (frames["cue"].picture != frames["fixation"].picture).any()  # a neutral one warns, too


@pytest.mark.parametrize("cue", KINDS)
def test_a_cue_that_stays_is_in_the_picture_of_the_target_and_one_that_goes_is_not(cue):
    for stays in (True, False):
        drawn = cueing.draw(replace(GOING, cue=cue, cue_stays=stays, soas=(0.2,)), 12, 1)
        assert "soa" not in drawn
        for number in range(12):
            frames, onset = frames_by_name(drawn, number)
            assert onset["target"] - onset["cue"] == pytest.approx(0.2)
            objects = drawn["object_mask"].values[number].any(0)
            around = ndimage.binary_dilation(objects, iterations=4)
            before = frames["cue" if stays else "fixation"].picture
            np.testing.assert_array_equal(frames["target"].picture[~around], before[~around])
            assert ("interval" in frames) != stays


def test_what_the_cue_frame_shows_is_what_the_set_tells():
    drawn = cueing.draw(GOING, 24, 0)
    for number in range(24):
        found = white_parts(frames_by_name(drawn, number)[0]["cue"].picture)
        if drawn["validity"].values[number] == "neutral":
            assert len(found) == 4
        else:
            (place,) = found
            np.testing.assert_allclose(place, [drawn[f"cue_{axis}"].values[number] for axis in "xy"], atol=0.6)
    central = cueing.draw(replace(GOING, cue="central"), 24, 0)
    for number in np.flatnonzero(central["validity"].values != "neutral"):
        (found,) = white_parts(frames_by_name(central, number)[0]["cue"].picture)  # heavier at its head
        direction = found - (56, 48)
        wanted = np.array([central[f"cue_{axis}"].values[number] for axis in "xy"]) - (56, 48)
        assert direction @ wanted > 0.8 * np.linalg.norm(direction) * np.linalg.norm(wanted)


def test_intervals_are_crossed_with_validity_and_place():
    drawn = cueing.draw(replace(GOING, places=2, size=(64, 64)), 36, 4)
    cells = Counter(zip(*(drawn[name].values.tolist() for name in ("validity", "target_place", "soa")), strict=True))
    assert len(cells) == 18 and set(cells.values()) == {2}
    assert dict(zip(drawn.attrs["factors"], drawn.attrs["levels"], strict=True))["soa"] == 3
    assert drawn["soa"].attrs["units"] == "s"


def test_sets_without_cues_show_fixation_and_target():
    drawn = cueing.draw(cueing.Cueing((64, 64), cue="none"), 2, 0)
    assert [(frame.name, frame.duration) for frame in stimuli.frames(drawn, 1)] == [("fixation", 0.5), ("target", None)]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"soas": ()}, "soas"),
        ({"soas": (-0.1,)}, "soas"),
        ({"soas": (float("nan"),)}, "soas"),
        ({"soas": (0.0,)}, "soas must be above 0 s"),
        ({"cue": "none"}, "soas are those of a cue"),
        ({"cue_duration": 0.0}, "cue_duration"),
    ],
)
def test_cues_that_could_not_be_shown_are_refused(wrong, says):
    with pytest.raises(ValueError, match=says):
        replace(GOING, **wrong)
    simultaneous = cueing.draw(replace(GOING, cue_stays=True, soas=(0.0,)), 1, 0)
    assert [frame.name for frame in stimuli.frames(simultaneous, 0)] == ["fixation", "target"]
