"""Training scenes: mixture, cues and right answers, each image a function of its number."""

import numpy as np
import pytest
from cue_kinds import CAUGHT, SHARES, assert_declared, kinds
from scipy import stats

from absvit.training.cued.scenes import Scenes
from stimuli.families import objects

SCENES = Scenes(shares=SHARES, catch_singles=CAUGHT, size=64)  # 8 x 8 tokens
SMALL = Scenes(shares=SCENES.shares, size=48)


@pytest.fixture(scope="module")
def drawn():
    """A batch, and what was rendered for it."""
    parts, render = [], objects.render
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(objects, "render", lambda *words: parts.append(render(*words)) or parts[-1])
        batch = SCENES.batch(np.arange(600), 3, 0.0)
    return {name: value.numpy() for name, value in batch._asdict().items()}, parts


def classes_of(row):
    return set(np.flatnonzero(row).tolist())


def test_the_mixture_is_the_declared_one(drawn):
    assert_declared(drawn[0])


def test_pixels_are_those_rendered(drawn):
    batch, parts = drawn
    pixels = np.concatenate([part["image"] for part in parts]).transpose(0, 3, 1, 2)
    np.testing.assert_allclose(batch["images"], pixels / 127.5 - 1, atol=1e-6)
    assert batch["images"].min() >= -1 and batch["images"].max() <= 1


def test_shown_are_the_objects_in_equal_shares(drawn):
    batch, parts = drawn
    rendered = [set(row) for part in parts for row in part["object_class"].tolist()]
    for shown, classes in zip(batch["shown"], rendered, strict=True):
        assert classes_of(shown) == classes
        assert np.allclose(shown[list(classes)], 1 / len(classes))
    assert {len(classes) for classes in rendered} == {1, 2}


def test_every_category_is_drawn_as_often(drawn):
    total = drawn[0]["shown"].sum(0)
    assert stats.chisquare(total).pvalue > 0.01


def test_a_token_has_the_class_of_the_object_that_covers_most_of_it(drawn):
    batch, parts = drawn
    masks = [mask for part in parts for mask in part["object_mask"]]
    classes = [row for part in parts for row in part["object_class"].tolist()]
    for image in [*range(0, 600, 40), 599]:
        for y in range(8):
            for x in range(8):
                shares = [mask[8 * y : 8 * y + 8, 8 * x : 8 * x + 8].mean() for mask in masks[image]]
                expected = classes[image][int(np.argmax(shares))] if max(shares) >= 0.3 else -1
                assert batch["token_class"][image, y, x] == expected


def test_what_is_asked_follows_the_cue(drawn):
    batch, _ = drawn
    found = kinds(batch)
    for name in ("single", "caught single", "several", "absent cue"):
        assert np.array_equal(batch["asked"][found == name], batch["shown"][found == name])
    by_class = found == "class cue"
    assert np.array_equal(batch["asked"][by_class], np.eye(12)[batch["cue_class"][by_class]])
    by_place = batch["asked"][found == "place cue"]
    assert (by_place.sum(1) == 1).all() and (by_place.max(1) == 1).all()
    assert (batch["cue_class"][found == "place cue"] == -1).all()


def test_the_cue_is_either_object_as_often():
    """Neither the object drawn first nor the one in front is asked for more often."""
    parts, render = [], objects.render
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(objects, "render", lambda *words: parts.append(render(*words)) or parts[-1])
        batch = Scenes(shares=(0, 0, 0.5, 0.5, 0), size=32).batch(np.arange(400), 0, 0.0)
    in_front = batch.asked.argmax(1).numpy() == parts[0]["object_class"][:, 1]
    assert stats.binomtest(int(in_front.sum()), 400).pvalue > 0.01


def test_absent_classes_are_absent_and_uniform(drawn):
    batch, _ = drawn
    caught = np.isin(kinds(batch), ["caught single", "absent cue"])
    shown, cue = batch["shown"][caught], batch["cue_class"][caught]
    assert (shown[np.arange(len(cue)), cue] == 0).all()
    ranks = [sorted(set(range(12)) - classes_of(row)).index(c) for row, c in zip(shown, cue, strict=True)]
    among = np.array([12 - len(classes_of(row)) for row in shown])
    for n_absent in (10, 11):
        chosen = np.array(ranks)[among == n_absent]
        assert stats.chisquare(np.bincount(chosen, minlength=n_absent)).pvalue > 0.01


def test_a_place_cue_covers_the_cued_object_more_than_the_other():
    batch = Scenes(shares=(0, 0, 0, 1, 0), size=112).batch(np.arange(200), 1, 0.0)
    asked = batch.asked.argmax(1)[:, None, None]
    cued = (batch.token_class == asked).numpy()
    other = ((batch.token_class >= 0) & (batch.token_class != asked)).numpy()
    weight = batch.cue_place.numpy()
    assert weight.min() >= 0 and weight.max() <= 1
    on_cued, on_other = ((weight * where).sum((1, 2)) / where.sum((1, 2)) for where in (cued, other))
    assert (on_cued > on_other).mean() > 0.97
    sharp = np.isin(weight, (0, 1)).all((1, 2))
    assert 0.3 < sharp.mean() < 0.7
    assert (weight[sharp] >= cued[sharp]).all()  # the dilated object: all of it, and not the whole image
    assert weight[sharp].mean() < 0.5


def test_single_objects_alone_are_never_cued():
    batch = Scenes(shares=(1, 0, 0, 0, 0), catch_singles=0, size=32).batch(np.arange(200), 0, 0.5)
    assert (batch.cue_class == -1).all() and (batch.cue_place < 0).all()
    assert (batch.shown.max(1).values == 1).all() and (batch.asked == batch.shown).all()


def rows(batch):
    """Each image with all that belongs to it, as bytes."""
    return [b"".join(value.numpy().tobytes() for value in row) for row in zip(*batch, strict=True)]


def test_an_image_and_its_answers_depend_on_number_seed_and_progress_alone():
    whole = rows(SMALL.batch(np.arange(40, 60), 7, 0.3))
    assert len(set(whole)) == 20
    assert rows(SMALL.batch(np.arange(40, 60), 7, 0.3)) == whole
    for ranks in (2, 4):
        parts = [rows(SMALL.batch(part, 7, 0.3)) for part in np.split(np.arange(40, 60), ranks)]
        assert sorted(row for part in parts for row in part) == sorted(whole)
    assert not set(whole) & set(rows(SMALL.batch(np.arange(40, 60), 8, 0.3)))
    assert not set(whole) & set(rows(SMALL.batch(np.arange(60, 80), 7, 0.3)))


@pytest.mark.parametrize("progress", [0.0, 0.1, 0.2, 0.35, 0.5, 0.7, 1.0])
def test_hue_conflict_grows_as_training_goes(progress, monkeypatch):
    asked, render = [], objects.render
    monkeypatch.setattr(objects, "render", lambda look, *words: asked.append(look.hue_conflict) or render(look, *words))
    Scenes(conflict_from=0.2, conflict_to=0.5, conflict=0.6, size=48).batch(np.arange(6), 0, progress)
    assert asked == pytest.approx([np.interp(progress, [0.2, 0.5], [0, 0.6])] * len(asked))
    asked.clear()
    Scenes(conflict_from=0.3, conflict_to=0.3, conflict=0.6, size=48).batch(np.arange(6), 0, progress)
    assert asked == pytest.approx([0.6 if progress > 0.3 else 0.0] * len(asked))


@pytest.mark.parametrize("shares", [(0.5, 0.1, 0.1, 0.1, 0.1), (1.2, -0.2, 0, 0, 0)])
def test_shares_that_do_not_sum_to_one_are_refused(shares):
    with pytest.raises(ValueError, match="sum to 1"):
        Scenes(shares=shares)
