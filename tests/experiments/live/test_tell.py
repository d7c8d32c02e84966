"""Telling: what each observer makes of a cue is what it sees alone, and the figure shows it of all."""

import json
from dataclasses import replace

import numpy as np
import pytest

from experiments import measures
from experiments.figures.style import style_of
from experiments.live.look import Cue, look
from experiments.live.pictures import picture
from experiments.live.tell import MAPS, tell
from experiments.live.tell_figure import rivals
from experiments.observers import load_observers

WORDS = ["vit_micro", "vit_micro+decision_bias", "vit_micro+attention_bias:strength=2"]
STAR, LEFT = Cue("class", "star"), Cue("place", place=(0.25, 0.5))


@pytest.fixture(scope="module")
def observers():
    return load_observers(WORDS)


@pytest.fixture(scope="module")
def shown(observers):
    return picture("halves", 3, observers[0])


@pytest.mark.parametrize("cue", [STAR, LEFT])
def test_each_sees_what_it_sees_alone_and_says_whether_it_is_told(observers, shown, cue):
    record = tell(observers, shown, cue, 2)
    assert dict(zip(WORDS, record["taken"].values.tolist(), strict=True)) == {
        WORDS[0]: False, WORDS[1]: cue is STAR, WORDS[2]: True,
    }  # fmt: skip
    for observer, taken in zip(observers, record["taken"].values, strict=True):
        alone = look(observer, shown, {"cue": cue if taken else Cue("none")}, 2, MAPS)
        seen = record["logits"].sel(model=observer.name).values
        np.testing.assert_array_equal(seen, np.broadcast_to(alone["logits"], seen.shape))
        for name in MAPS:
            here = record[name].sel(model=observer.name).values
            np.testing.assert_array_equal(here, np.broadcast_to(alone[name], here.shape))
    assert json.loads(record.attrs["mechanisms"])[WORDS[2]]["parameters"]["strength"] == 2.0
    p = measures.probabilities(record).isel(iteration=[0, -1]).sel(model=WORDS[0])
    assert (p.isel(iteration=0) == p.isel(iteration=1)).all()


def test_the_figure_has_a_picture_an_observer_and_bars_that_name_the_cued_class(observers, shown):
    record = tell(observers, shown, STAR)
    for style, rows in ((style_of("paper", "double"), 1), (style_of("paper", "single"), 2)):
        (page,) = rivals(record, "prior_weights", style).axes
        assert len(page.images) == 1 + len(WORDS)
        assert len({image.get_extent()[3] for image in page.images}) == rows
        texts = [text.get_text() for text in page.texts]
        assert texts.count("star") == len(WORDS) and texts[0] == "cue: class (star)"
    assert "take no such cue: vit_micro." in rivals(record).get_label()


def test_what_cannot_be_told_is_refused(observers, shown):
    with pytest.raises(ValueError, match="expected one of the maps class_activation, prior_weights, got 'rollout'"):
        rivals(tell(observers[:1], shown, STAR), "rollout")
    with pytest.raises(ValueError, match="with a name each, got vit_micro, vit_micro"):
        tell([observers[0], observers[0]], shown, STAR)
    with pytest.raises(ValueError, match="no class 'strar'; the nearest are star"):
        tell(observers, shown, Cue("class", "strar"))
    with pytest.raises(ValueError, match="same size and categories, and vit_micro, other differ"):
        tell([observers[0], replace(observers[1], name="other", size=(64, 64))], shown, STAR)
