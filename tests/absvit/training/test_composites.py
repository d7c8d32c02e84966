"""Composites of pictures and what is asked of them, against plain reconstructions."""

import numpy as np
import pytest
import torch
from cue_kinds import CAUGHT, SHARES, assert_declared, kinds
from PIL import Image
from scipy import stats

from absvit.training.cued.composite_cues import CuedComposites, Cues
from absvit.training.cued.composite_plan import KINDS, Composites, draw, plan

CLASSES, EACH, SIZE = 6, 20, 64
TARGETS = np.repeat(np.arange(CLASSES), EACH)
SMALL = Composites(whole_views=2, halves=300, mosaics=300, held_out=4)


def read(index):
    """A picture of one grey level, which tells its number."""
    return Image.fromarray(np.full((32, 32, 3), 2 * index, np.uint8))


@pytest.fixture(scope="module")
def made():
    return plan(SMALL, TARGETS, CLASSES)


def of(made, kind):
    return np.flatnonzero(made.kind == KINDS.index(kind))


def test_there_are_as_many_as_asked_for(made):
    counts = {kind: len(of(made, kind)) for kind in KINDS}
    kept, out = CLASSES * (EACH - 4), CLASSES * 4
    expected = (2 * kept, 300, 300, out, out, 0, 0)
    assert counts == dict(zip(KINDS, expected, strict=True))


def test_what_is_held_out_is_shown_nowhere_else(made):
    out = set(made.picture[of(made, "held-out whole"), 0].tolist())
    assert set(made.picture[of(made, "held-out halves")].ravel().tolist()) - {-1} <= out
    others = np.concatenate([of(made, kind) for kind in ("whole", "halves", "mosaic")])
    assert not out & set(made.picture[others].ravel().tolist())
    assert np.bincount(TARGETS[sorted(out)]).tolist() == [4] * CLASSES


def test_pictures_that_meet_are_of_different_classes_and_all_kinds_occur(made):
    for kind, sizes in (("halves", {2}), ("mosaic", {2, 3, 4})):
        rows = [row[row >= 0] for row in made.target[of(made, kind)]]
        assert {len(row) for row in rows} == sizes
        assert all(len(set(row.tolist())) == len(row) for row in rows)
        assert stats.chisquare(np.bincount(np.concatenate(rows), minlength=CLASSES)).pvalue > 0.01
    used = made.picture >= 0
    assert (made.target[used] == TARGETS[made.picture[used]]).all() and (made.target[~used] == -1).all()


def test_the_same_parameters_give_the_same_composites(made):
    again, other = plan(SMALL, TARGETS, CLASSES), plan(Composites(2, 300, 300, 4, composition_seed=1), TARGETS, CLASSES)
    assert all(np.array_equal(a, b) for a, b in zip(vars(made).values(), vars(again).values(), strict=True))
    assert not np.array_equal(made.picture, other.picture)


def test_every_picture_lies_where_the_plan_says(made):
    for kind in KINDS:
        for number in of(made, kind)[:12]:
            image = draw(number, made, SIZE, 0, read).astype(int)
            covered = np.zeros((SIZE, SIZE), bool)
            for picture, box in zip(made.picture[number], made.box[number] * (SIZE // 4), strict=True):
                if picture >= 0:
                    top, left, height, width = box
                    assert (image[top : top + height, left : left + width] == 2 * picture).all()
                    assert not covered[top : top + height, left : left + width].any()
                    covered[top : top + height, left : left + width] = True
            assert covered.all() or kind == "mosaic"
            if not covered.all():
                assert len(np.unique(image[~covered])) > 20  # noise


def test_pictures_are_flipped_and_cropped_as_told(made):
    ramp = Image.fromarray(np.repeat(np.arange(32, dtype=np.uint8)[None, :, None] * 8, 3, 2).repeat(32, 0))
    rows = of(made, "whole")
    plain, varied = rows[: len(rows) // 2], rows[len(rows) // 2 :]
    assert np.array_equal(draw(plain[0], made, 32, 0, lambda _: ramp), np.asarray(ramp))
    rising, ranges = [], []
    for number in varied:
        row = draw(number, made, 32, 0, lambda _: ramp)[16, :, 0].astype(int)
        rising.append(row[-1] > row[0])
        ranges.append(abs(row[-1] - row[0]) / 248)
        assert rising[-1] == (made.chance[number, 0, 1] >= 0.5)
    assert 0.3 < np.mean(rising) < 0.7
    assert 0.3 < np.mean(np.array(ranges) > 0.99) < 0.7  # half of them whole
    assert min(ranges) > SMALL.crop - 0.1


@pytest.mark.parametrize(
    ("composites", "n_classes", "words"),
    [(SMALL, 3, "as many classes, got 3"), (Composites(held_out=20), CLASSES, "a class has 20 pictures, of which 20")],
)
def test_what_cannot_be_composed_is_refused(composites, n_classes, words):
    with pytest.raises(ValueError, match=words):
        plan(composites, TARGETS % n_classes, n_classes)


@pytest.mark.parametrize("wrong", [{"whole_views": 0}, {"halves": -1}, {"crop": 0.0}, {"crop": 1.1}])
def test_wrong_parameters_are_refused(wrong):
    with pytest.raises(ValueError):
        Composites(**wrong)


# ---- cues ----------------------------------------------------------------------------------------------------------

CUES = Cues(shares=SHARES, catch_singles=CAUGHT, flip=True)


class Numbers:
    """Stands for the cache: the feature of a token is the number of its composite, and its column."""

    def read(self, composites):
        maps = torch.as_tensor(composites).float()[:, None, None, None].expand(-1, 2, 4, 4).clone()
        maps[:, 1] = torch.arange(4.0)
        return maps


@pytest.fixture(scope="module")
def drawn(made):
    batch = CuedComposites(CUES, made, Numbers(), CLASSES).batch(np.arange(800), 3)
    return {name: value.numpy() for name, value in batch._asdict().items()}


def test_the_mixture_is_the_declared_one(drawn):
    assert_declared(drawn)


def test_targets_and_tokens_follow_the_plan(made, drawn):
    found, mirrored = kinds(drawn), drawn["images"][:, 1, 0, 0] == 3
    assert 0.4 < mirrored.mean() < 0.6
    assert (drawn["images"][:, 1, :, ::-1][mirrored] == np.arange(4)).all()
    for k in range(800):
        number = int(drawn["images"][k, 0, 0, 0])
        classes = made.target[number][made.target[number] >= 0]
        assert np.allclose(drawn["shown"][k], np.isin(np.arange(CLASSES), classes) / len(classes))
        expected = np.full((4, 4), -1)
        for target, (top, left, height, width) in zip(made.target[number], made.box[number], strict=True):
            if target >= 0:
                expected[top : top + height, left : left + width] = target
        expected = expected[:, ::-1] if mirrored[k] else expected
        assert np.array_equal(drawn["token_class"][k], expected)
        if found[k] == "class cue":
            assert drawn["asked"][k].argmax() == drawn["cue_class"][k] and drawn["asked"][k].max() == 1
        elif found[k] == "place cue":
            cued = drawn["asked"][k].argmax()
            assert drawn["asked"][k, cued] == 1 and drawn["shown"][k, cued] > 0
            assert (drawn["cue_place"][k] >= 0).all() and (drawn["cue_place"][k] <= 1).all()
        else:
            assert np.array_equal(drawn["asked"][k], drawn["shown"][k])


def test_half_of_the_place_cues_hold_the_cued_picture_whole(made, drawn):
    chosen = np.flatnonzero(kinds(drawn) == "place cue")
    own = drawn["token_class"][chosen] == drawn["asked"][chosen].argmax(1)[:, None, None]
    held = np.array([place[here].min() for place, here in zip(drawn["cue_place"][chosen], own, strict=True)]) == 1
    assert 0.3 < held.mean() < 0.7


def test_every_absent_class_is_cued_as_often(drawn):
    caught = np.isin(kinds(drawn), ["caught single", "absent cue"])
    assert stats.chisquare(np.bincount(drawn["cue_class"][caught], minlength=CLASSES)).pvalue > 0.01


def test_no_composite_is_repeated_before_all_were_due(made):
    whole = CuedComposites(Cues((1, 0, 0, 0, 0)), made, Numbers(), CLASSES)
    n = len(whole.whole)
    numbers = whole.batch(np.arange(2 * n), 0).images[:, 0, 0, 0].long().numpy()
    assert set(numbers[:n]) == set(numbers[n:]) == set(whole.whole)
    assert not np.array_equal(numbers[:n], numbers[n:])
    parts = np.concatenate([whole.batch(np.arange(k, k + 16), 0).images[:, 0, 0, 0] for k in range(0, 64, 16)])
    assert np.array_equal(parts, numbers[:64])


@pytest.mark.parametrize("shares", [(0.5, 0.5, 0.5, 0, 0), (1.5, -0.5, 0, 0, 0)])
def test_wrong_shares_are_refused(shares):
    with pytest.raises(ValueError, match="sum to 1"):
        Cues(shares)


def test_cues_need_composites(made):
    alone = plan(Composites(halves=0, mosaics=0, held_out=0), TARGETS, CLASSES)
    with pytest.raises(ValueError, match="halves and mosaics are 0"):
        CuedComposites(Cues(), alone, Numbers(), CLASSES)
