"""The corruption probe: every corrupted picture is shown as it is, the same one in every run and under every prior."""

from dataclasses import replace
from unittest import mock

import numpy as np
import pytest
import torch
from formula import untrained

import absvit
from absvit import priors
from absvit.images import normalise
from absvit.models.priors.percept import random_directions
from absvit.records.options import Store
from experiments import experiment, measures
from experiments.probes.corruption_dynamics import show
from experiments.probes.corruption_dynamics.probe import CorruptionDynamics
from experiments.probes.corruption_dynamics.summary import corruption_summary
from stimuli.families import halves, objects

NAMES = ("brightness", "gaussian_noise")  # what they do is replaced by what is easily checked
PARAMETERS = CorruptionDynamics(iterations=2, gains=(1.5, 3.0), corruptions=NAMES, severities=(0, 2, 5))
SCENE = objects.Objects(size=(48, 48), radius=(0.2, 0.35))


def corrupt(image, name, severity, generator):
    change = 8.0 * severity if name == "brightness" else generator.normal(0, 10 * severity, image.shape)
    return np.clip(image + change, 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def model():
    return untrained(img_size=48)


@pytest.fixture(scope="module")
def stimuli():
    return objects.draw(SCENE, 5, 7)


def run(model, stimuli, out, chunk=2, parameters=PARAMETERS):
    with mock.patch.object(show, "corrupt", corrupt):
        store = Store(out, chunk=chunk)
        return experiment.run("corruption_dynamics", model, stimuli, parameters, 7, store).load()


@pytest.fixture(scope="module")
def record(model, stimuli, tmp_path_factory):
    return run(model, stimuli, tmp_path_factory.mktemp("corruption") / "r.zarr")


@pytest.mark.seconds
def test_the_record_is_what_perceive_gives_of_the_corrupted_pictures(record, model, stimuli):
    assert dict(record["logits"].sizes) == {
        "gain": 2, "corruption": 2, "severity": 3, "iteration": 3, "prior": 5, "stimulus": 5, "class": 12,
    }  # fmt: skip
    classes = torch.from_numpy(stimuli["object_class"].values[:, 0].astype(np.int64))
    own = priors.ClassPrior(classes, 1.5)
    rows = random_directions(7, np.arange(5), model.embed_dim)
    looks = [priors.LearnedPrior(), own, priors.VectorPrior(rows, 1.5), priors.ShuffledPrior(own, 7, 0)]
    names = ["none", "class 1", "random vector", "shuffled class 1"]
    for severity in (0, 2):
        pictures = np.clip(stimuli["image"].values + 8.0 * severity, 0, 255).astype(np.uint8)
        seen = absvit.perceive(model, normalise(pictures, (0.5,) * 3, (0.5,) * 3), looks, iterations=2).logits
        found = record["logits"].sel(gain=1.5, corruption="brightness", severity=severity, prior=names)
        np.testing.assert_allclose(found, seen, rtol=1e-4, atol=1e-5)
    clean = record["logits"].sel(severity=0)
    assert np.array_equal(clean.sel(corruption="gaussian_noise"), clean.sel(corruption="brightness"))
    noisy = record["logits"].sel(corruption="gaussian_noise", severity=5)
    assert not np.allclose(noisy, clean.sel(corruption="gaussian_noise"))
    assert (record["absent_class"] != record["class_1"]).all()


def test_a_stimulus_is_corrupted_alike_in_every_chunk(record, model, stimuli, tmp_path):
    again = run(model, stimuli, tmp_path / "r.zarr", chunk=5)
    np.testing.assert_allclose(again["logits"], record["logits"], rtol=1e-4, atol=1e-5)


def test_a_corruption_does_not_depend_on_the_others(record, model, stimuli, tmp_path):
    alone = replace(
        PARAMETERS, corruptions=("gaussian_noise",), severities=(5,), gains=(3.0,), priors=("none", "class")
    )
    found = run(model, stimuli, tmp_path / "r.zarr", parameters=alone)["logits"]
    expected = record["logits"].sel(gain=[3.0], corruption=["gaussian_noise"], severity=[5], prior=["none", "class 1"])
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_the_table_gives_accuracy_and_its_gain(record):
    keys = ["gain", "corruption", "severity", "prior", "iteration"]
    table = corruption_summary(record, n=20).set_index(keys).sort_index()
    correct = (record["logits"].argmax("class") == record["class_1"]).mean("stimulus")
    for severity, prior in ((0, "none"), (5, "class 1")):
        for corruption in ("all", "gaussian_noise"):
            one = correct.sel(severity=severity, prior=prior, gain=3.0)
            one = one.mean("corruption") if corruption == "all" else one.sel(corruption=corruption)
            rows = table.loc[3.0, corruption, severity, prior]
            assert rows["accuracy"].tolist() == pytest.approx(one.values.tolist())
            assert rows["gain_over_pass_0"].tolist() == pytest.approx((one - one[0]).values.tolist())
    assert measures.accuracy(record).dims == ("gain", "corruption", "severity", "iteration", "prior", "stimulus")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"severities": (6,)}, "0 to 5"),
        ({"iterations": 0}, "at least 1"),
        ({"gains": (1.0, 1.0)}, "different"),
        ({"corruptions": ()}, "at least one"),
        ({"corruptions": ("fog", "fog")}, "corruptions must differ"),
        ({"severities": (1, 1)}, "severities must differ"),
    ],
)
def test_parameters_that_cannot_be_are_refused(options, says):
    with pytest.raises(ValueError, match=says):
        CorruptionDynamics(**options)


def test_corruptions_and_stimuli_that_do_not_fit_are_refused(model, stimuli, tmp_path):
    with pytest.raises(ValueError, match="no corruption 'rain'; expected some of .*brightness"):
        CorruptionDynamics(corruptions=("rain",))
    with pytest.raises(ValueError, match="no prior 'class 2'.*none, class, absent class"):
        run(model, stimuli, tmp_path / "r.zarr", parameters=replace(PARAMETERS, priors=("class 2",)))
    strange = stimuli.assign_attrs(categories=["gnu", *stimuli.attrs["categories"][1:]])
    with pytest.raises(ValueError, match="does not know the class 'gnu', which corruption_dynamics"):
        run(model, strange, tmp_path / "r.zarr")
    two = halves.draw(halves.Halves(objects.Objects(size=(64, 64), radius=(0.2, 0.3))), 1, 0)
    with pytest.raises(ValueError, match="1 object"):
        run(model, two, tmp_path / "r.zarr")
