"""Bistable stimuli of several gains and mixes: the record is perceive's, the table its means by level."""

import numpy as np
import pytest
import torch
from displays import two_readings
from formula import untrained

import absvit
from absvit import priors
from absvit.images import normalise
from absvit.records.options import Store
from experiments import measures
from experiments.command_options import StimulusOptions
from experiments.experiment import run
from experiments.probes.bistable import probe as bistable
from experiments.probes.bistable import summary as summaries
from stimuli.families import objects, overlay

N, GAINS = 10, (0.5, 3.0)
SCENE = objects.Objects(size=(48, 48), radius=(0.3, 0.4))


@pytest.fixture(scope="module")
def model():
    return untrained(img_size=48)


@pytest.fixture(scope="module")
def stimuli():
    return overlay.draw(overlay.Overlay(SCENE), N, 5)


@pytest.fixture(scope="module")
def record(model, stimuli, tmp_path_factory):
    store = Store(tmp_path_factory.mktemp("gains") / "r.zarr", chunk=4)
    return run("bistable", model, stimuli, bistable.Bistable(gains=GAINS), 5, store).load()


@pytest.mark.seconds
def test_every_gain_is_that_of_its_cues(record, model, stimuli):
    images = normalise(stimuli["image"].values, (0.5,) * 3, (0.5,) * 3)
    classes = torch.from_numpy(stimuli["object_class"].values.astype(np.int64))
    for gain in GAINS:
        looks = [priors.ClassPrior(classes[:, 0], gain), priors.ClassPrior(classes[:, 1], gain), priors.LearnedPrior()]
        seen = absvit.perceive(model, images, looks)
        for k, name in enumerate(("class 1", "class 2", "none")):
            found = record["logits"].sel(gain=gain, prior=name)
            np.testing.assert_allclose(found, seen.logits[:, k], rtol=1e-4, atol=1e-5)
        weights = record["prior_weights"].sel(gain=gain, prior="place 1").isel(iteration=1)
        assert set(np.unique(weights)) <= {0, gain}


@pytest.mark.seconds
def test_the_table_has_a_row_for_every_gain_and_mix(record, stimuli):
    assert np.array_equal(record["mix"], stimuli["mix"])
    table = summaries.graded_summary(record, n=20)
    assert list(table.columns[:3]) == ["model", "gain", "mix"]
    assert set(table["gain"]) == set(GAINS) and set(table["mix"]) == {0, 0.25, 0.5, 0.75, 1}
    share = measures.object_1_share(record).isel(iteration=1)
    for gain, mix in ((0.5, 0.25), (3.0, 1.0)):
        rows = table[(table["gain"] == gain) & (table["mix"] == mix)].set_index("prior")
        assert (rows["n"] == 2).all()
        here = share.sel(gain=gain).isel(stimulus=np.flatnonzero(record["mix"] == mix))
        expected = (here.sel(prior="class 1") + 1 - here.sel(prior="class 2")).mean() / 2
        assert rows.loc["class", "selection_index"] == pytest.approx(expected.item(), abs=1e-6)
        assert rows.loc["none", "selection_index"] == pytest.approx(here.sel(prior="none").mean().item(), abs=1e-6)


def test_families_of_two_readings(model, tmp_path):
    source = StimulusOptions(n=5, seed=5)
    assert sorted(two_readings("overlay", source, model).part(0, 5)["mix"].values.tolist()) == [0, 0.25, 0.5, 0.75, 1]
    with pytest.raises(ValueError, match="leave out --stimuli"):
        two_readings("overlay", StimulusOptions(stimuli=tmp_path), model)
    with pytest.raises(ValueError, match="no photographs"):
        two_readings("ambiguous", StimulusOptions(photographs=(tmp_path, tmp_path)), model)
    big = absvit.create_model("absvit_micro", img_size=96)
    figures = two_readings("ambiguous", source, big).part(0, 5)
    assert figures.sizes["y"] == 96 and set(figures["figure"].values) <= {"necker", "schroeder", "vase", "mach"}


@pytest.mark.parametrize(
    ("options", "says"),
    [({"gains": (1.0, 1.0)}, "each gain once"), ({"gains": (1.0,), "class_gain": 2.0}, "not both")],
)
def test_gains_that_cannot_be_are_refused(options, says):
    with pytest.raises(ValueError, match=says):
        bistable.Bistable(**options)
