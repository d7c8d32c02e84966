"""Frames: what is seen is the image, times add up, what is asked for is shown, and nonsense is refused."""

import math
from dataclasses import replace

import numpy as np
import pytest
from golden import segment
from PIL import Image

import stimuli
from stimuli.__main__ import main
from stimuli.families import FAMILIES, cueing, halves, objects
from stimuli.families.check import check_family
from stimuli.families.family import Family
from stimuli.sets.frames import Frame, display_of, duration, frames_of, grey_of, onsets
from stimuli.sets.resizing import set_resized

TINY = objects.Objects(size=(32, 64))


@pytest.fixture(scope="module")
def pairs():
    return halves.draw(halves.Halves(TINY), 3, 5)


def told(frames):
    return [(frame.name, frame.duration) for frame in frames]


def test_a_family_without_a_course_is_still(pairs):
    (frame,) = frames_of(replace(halves.HALVES, course=None), pairs, 2)
    assert told([frame]) == [("target", None)] and frame.seen
    np.testing.assert_array_equal(frame.picture, pairs["image"].values[2])


def test_durations_that_are_asked_for_are_those_of_the_frames_and_a_mask_is_shown_where_it_has_one(pairs):
    usual = stimuli.frames(pairs, 0)
    assert told(usual) == [("fixation", 0.5), ("target", None)] and duration(usual) is None
    masked = stimuli.frames(pairs, 0, {"target": 0.15, "mask": 0.1})
    assert told(masked) == [("fixation", 0.5), ("target", 0.15), ("mask", 0.1), ("response", None)]
    np.testing.assert_allclose(onsets(masked), [0, 0.5, 0.65, 0.75])
    timed = stimuli.frames(pairs, 0, {"fixation": 0, "target": 0.15, "response": 2.0})
    assert told(timed) == [("target", 0.15), ("response", 2.0)] and math.isclose(duration(timed), 2.15)
    assert timed[-1].picture is None and [frame.seen for frame in timed] == [True, False]


def test_a_mask_follows_from_seed_and_number_and_has_the_pixels_of_its_picture(pairs):
    asked = {"target": 0.15, "mask": 0.1}
    masks = [stimuli.frames(pairs, number, asked)[2].picture for number in (0, 1)]
    alone = stimuli.frames(pairs.isel(stimulus=[1]), 0, asked)[2].picture
    np.testing.assert_array_equal(masks[1], alone)
    other = stimuli.frames(pairs.assign_attrs(seed=6), 1, asked)[2].picture
    assert (other != alone).any() and (masks[0] != masks[1]).any()
    picture = pairs["image"].values[1]
    assert (alone != picture).any(-1).mean() > 0.5
    by_value = [np.unique(p.reshape(-1, 3), axis=0, return_counts=True) for p in (alone, picture)]
    for found, wanted in zip(*by_value, strict=True):
        np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize(
    ("number", "durations", "says"),
    [
        (3, {}, "stimuli are numbered 0 to 2, got 3"),
        (-1, {}, "got -1"),
        (0, {"cue": 0.1}, "halves has no frame cue .* expected of fixation, target, mask"),
        (0, {"mask": 0.1}, "the target of halves lasts until the response, but is not the last frame"),
        (0, {"target": 0.0}, "halves has 0 frames that observers look at"),
        (0, {"target": -0.1}, "a target frame lasts at least 0 s"),
        (0, {"target": math.nan}, "a target frame lasts at least 0 s"),
    ],
)
def test_what_cannot_be_shown_is_refused(pairs, number, durations, says):
    with pytest.raises(ValueError, match=says):
        stimuli.frames(pairs, number, durations)
    with pytest.raises(ValueError, match="a frame is called one of fixation, cue"):
        Frame("flash", 0.1)


def shows(*frames):
    """A family of which a stimulus is shown in frames (name, function of the image or None, seen)."""

    def course(parameters, drawn, number):
        image = drawn["image"].values[number]
        return tuple(Frame(name, None, of and of(image), seen) for name, of, seen in frames)

    return replace(halves.HALVES, course=course)


@pytest.mark.parametrize(
    ("frames", "says"),
    [
        ([("target", lambda image: 255 - image, True)], "exactly one shows the set's image"),
        ([("target", lambda image: image, False)], "has 0 frames that observers look at"),
        ([("first", lambda image: image, True), ("second", lambda image: image, True)], "has 2 frames"),
        ([("target", lambda image: image, True), ("mask", lambda image: image[1:], False)], "target .* not the last"),
        ([], "has 0 frames"),
    ],
)
def test_a_course_that_does_not_show_the_image_once_is_told(pairs, frames, says):
    with pytest.raises(ValueError, match=says):
        frames_of(shows(*frames), pairs, 0)


def test_pictures_of_another_size_are_told_and_those_of_a_set_that_was_resized_are_brought_to_it(pairs):
    cropped = shows(("target", lambda image: image, True), ("mask", lambda image: image[1:], False))
    with pytest.raises(ValueError, match=r"the mask of halves is uint8 of \(31, 64, 3\): expected .* \(32, 64, 3\)"):
        frames_of(cropped, pairs, 0, {"target": 0.1})
    larger = set_resized(cueing.draw(cueing.Cueing((64, 64)), 1, 0), (96, 96))
    assert {frame.picture.shape for frame in stimuli.frames(larger, 0)} == {(96, 96, 3)}


def test_the_display_is_told_in_pixels_and_degrees_with_the_grey_of_its_background(pairs):
    dark = cueing.draw(cueing.Cueing((64, 96), background=0.2), 1, 0)
    display = display_of(cueing.CUEING, dark)
    assert display.pixels == (64, 96) and display.background == (51, 51, 51)
    np.testing.assert_array_equal(stimuli.frames(dark, 0)[0].picture[0, 0], display.background)
    resolution = 10 * 2 * 57 * math.tan(math.radians(0.5)) / 0.2646  # pixels in a degree, 57 cm before 0.2646 mm
    np.testing.assert_allclose(display.degrees, (64 / resolution, 96 / resolution))
    np.testing.assert_allclose(display_of(cueing.CUEING, set_resized(dark, (128, 192))).degrees, display.degrees)
    del dark.attrs["pixels_per_degree"]
    assert display_of(cueing.CUEING, dark).degrees is None
    assert grey_of(halves.Halves(TINY)) == 0.5 and display_of(halves.HALVES, pairs).background == (128, 128, 128)


def unlike(parameters, drawn, number):
    """A course that follows from more than the set: the place of a stimulus in it."""
    image = drawn["image"].values[number]
    return Frame("cue", 0.1, np.roll(image, 5 * number, 0)), Frame("target", None, image, seen=True)


@pytest.mark.parametrize(
    ("course", "says"),
    [
        (unlike, "draws other frames of stimulus 1 where the set is read again or taken in parts"),
        (lambda parameters, drawn, number: (), "presents stimulus 0 in no valid course"),
        (
            lambda parameters, drawn, number: (*frames_of(halves.HALVES, drawn, number, {"target": 1.0 + number})[:2],),
            "presents stimulus 1 in other frames",
        ),
    ],
)
def test_the_check_of_a_family_tells_of_a_course_that_breaks_a_promise(course, says):
    family = Family("halves", "halves of another course", halves.Halves, halves.draw, course=course)
    with pytest.raises(ValueError, match=says):
        check_family(family, halves.Halves(TINY))


def test_all_families_of_ours_have_a_course():
    assert [name for name in FAMILIES if FAMILIES[name].course is None] == []


def test_a_set_of_photographs_is_presented_after_its_folder_has_gone(tmp_path):
    folder = tmp_path / "pictures"
    natural = FAMILIES["natural"]
    drawn = natural.draw(natural.parameters(str(segment(folder)), (64, 64), enlargement=4), 1, 0, 0)
    folder.rename(tmp_path / "elsewhere")
    assert told(stimuli.frames(drawn, 0)) == [("fixation", 0.5), ("target", None)]


def test_stimuli_that_do_not_tell_how_they_were_drawn_are_refused(pairs):
    del (foreign := pairs.copy()).attrs["parameters"]
    with pytest.raises(ValueError, match="do not tell the parameters of halves: give a set that the family drew"):
        stimuli.frames(foreign, 0)
    assert display_of(halves.HALVES, foreign).background == (128, 128, 128)


def test_a_sheet_shows_the_course_from_left_to_right(tmp_path, capsys):
    words = ["--cue", "central", "--no-cue-stays", "--size", "64", "64", "--soas", "0.1", "0.3", "--n", "8"]
    assert main(["cueing", *words, "--out", str(tmp_path / "set")]) == 0
    assert main(["course", str(tmp_path / "set"), "--n", "8"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == str(tmp_path / "set_course.png")
    page = np.asarray(Image.open(tmp_path / "set_course.png"))
    drawn = stimuli.read(tmp_path / "set")
    tile, gap = 128, 6
    height = (page.shape[0] - gap) // 8
    for number in range(8):
        frames = stimuli.frames(drawn, number)
        assert len(frames) == (3 if drawn["soa"].values[number] == 0.1 else 4)  # without an interval, and with one
        for place in range(4):
            top, left = gap + number * height, gap + place * (tile + gap)
            shown = page[top : top + tile, left : left + tile]
            wanted = frames[place].picture.repeat(2, 0).repeat(2, 1) if place < len(frames) else 255
            np.testing.assert_array_equal(shown, np.broadcast_to(wanted, shown.shape))
