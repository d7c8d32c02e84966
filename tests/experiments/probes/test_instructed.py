"""Sentences as conditions of a probe: what the record says of them, that they are the priors, and what is refused."""

import json

import numpy as np
import pytest
import xarray as xr

import absvit
from experiments import run
from experiments.__main__ import main
from experiments.commands.probe import _readings
from experiments.instructed import instructed
from experiments.observers import load_observers
from experiments.probes import PROBES
from experiments.probes.bistable.probe import Bistable

pytestmark = pytest.mark.filterwarnings("ignore:sentences are matched", "ignore:.* is far from all that", "ignore:n = ")
SENTENCE, READ = "the star on the left", '"the star" at the place left'


@pytest.fixture(scope="module")
def record():
    observers = load_observers(("absvit_micro", "cnn_micro+decision_bias"))
    parameters = Bistable(priors=("none", "class"))
    return run(instructed(PROBES["bistable"], [SENTENCE]), observers, None, parameters, 1, n=6)


def test_a_record_keeps_the_sentence_and_how_it_was_read(record):
    assert record["prior"].values.tolist() == ["none", "class 1", "class 2", f'"{SENTENCE}"']
    assert record["sentence"].values.tolist() == ["", "", "", SENTENCE]
    assert record["reading"].values.tolist() == ["", "", "", READ]
    told = PROBES["bistable"].summarise(record).set_index(["model", "prior"])
    assert np.isfinite(told.loc[("absvit_micro", f'"{SENTENCE}"'), "selection_index"])


def test_how_a_sentence_was_read_is_printed(record):
    read, *_, where = _readings(record)
    assert read == f"{SENTENCE!r} was read as {READ}" and where.startswith("The record holds")
    assert _readings(record.drop_vars(["sentence", "reading"])) == []


def test_the_sentence_is_the_prior(record, micro):
    images = load_observers("absvit_micro")[0].images(record["image"].values)
    seen = absvit.perceive(micro, images, [absvit.priors.instruction(SENTENCE)], 1).logits
    shown = record["logits"].sel(model="absvit_micro", prior=f'"{SENTENCE}"')
    np.testing.assert_allclose(shown, seen[:, 0].detach(), atol=1e-4)


def test_who_takes_no_words_looks_bottom_up_and_that_is_said(record):
    own = record["logits"].sel(model="cnn_micro+decision_bias", prior=f'"{SENTENCE}"')
    np.testing.assert_array_equal(own.isel(iteration=1), own.isel(iteration=0))
    assert '"cnn_micro+decision_bias": ["\\"the star on the left\\""]' in record.attrs["untaken_priors"]


@pytest.mark.parametrize(
    ("probe", "sentences", "says"),
    [
        ("search", ["left of nothing"], "cannot read 'left'"),
        ("search", [""], "the text is empty"),
        ("search", ["a star", "a  star"], 'the sentence "a star" is given twice'),
        ("corruption_dynamics", ["a star"], "takes no sentences"),
    ],
)
def test_what_cannot_be_told_is_refused(probe, sentences, says):
    with pytest.raises(ValueError, match=says):
        instructed(PROBES[probe], sentences)


def test_sentences_are_options_of_commands_and_of_experiment_files(tmp_path, capsys):
    out = tmp_path / "r.zarr"
    (tmp_path / "e.yaml").write_text(
        f"probe: recognition\nn: 4\nseed: 2\ninstruct: [{SENTENCE}, not the heart]\nout: {out}\n"
    )
    assert main(["run", str(tmp_path / "e.yaml")]) == 0
    assert xr.open_zarr(out)["reading"].values.tolist() == ["", READ, 'all but "the heart"']
    words = ["recognition", "--n", "4", "--instruct", "no star", "--out", str(tmp_path / "no.zarr")]
    assert main(words) == 2 and "cannot read 'no' in 'no star' as a negation" in capsys.readouterr().err
    assert main(["corruption_dynamics", "--instruct", "a star", "--out", str(tmp_path / "no.zarr")]) == 2
    assert "no option --instruct" in capsys.readouterr().err and not (tmp_path / "no.zarr").exists()


def test_a_record_tells_what_phrases_were_taken_for(record):
    meant = json.loads(record.attrs["meanings"])
    assert list(meant) == ["absvit_micro", "cnn_micro+decision_bias"]
    told = meant["absvit_micro"]["the star"]
    assert told["kinds"][0][0] == "star" and told["confidence"] == 1 and told["doubtful"] is False
    assert any(line.startswith('absvit_micro took "the star" for star') for line in _readings(record))
