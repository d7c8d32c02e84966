"""The corruption probe: every corrupted picture is shown as it is, the same one in every run and under every prior."""

import numpy as np
import pytest
import torch
from formula import fill

import absvit
from absvit import priors
from absvit.images import normalise
from experiments import corruption_dynamics, measures
from experiments.corruption_dynamics import CorruptionDynamics
from experiments.observers import Observer
from experiments.summaries import dynamics
from experiments.trials import Store
from stimuli import bistable, objects

NAMES = ("brighter", "noisy")
PARAMETERS = CorruptionDynamics(NAMES, (0, 2, 5), iterations=2, class_gain=1.5)
SCENE = objects.Objects(size=(48, 48), radius=(0.2, 0.35))


def corrupt(image, name, severity, generator):
    change = 8.0 * severity if name == "brighter" else generator.normal(0, 10 * severity, image.shape)
    return np.clip(image + change, 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def model():
    made = fill(absvit.create_model("absvit_micro", img_size=48), 0, torch.float32)
    made.checkpoint, made.checkpoint_sha256 = "formula", "0" * 64
    return made


@pytest.fixture(scope="module")
def stimuli():
    return objects.draw(SCENE, 5, 7)


def run(model, stimuli, out, chunk=2, parameters=PARAMETERS):
    observers = [Observer(model, "one")]
    return corruption_dynamics.probe(observers, stimuli, parameters, 7, Store(out, chunk=chunk), corrupt, NAMES).load()


@pytest.fixture(scope="module")
def record(model, stimuli, tmp_path_factory):
    return run(model, stimuli, tmp_path_factory.mktemp("corruption") / "r.zarr")


def test_the_record_is_what_perceive_gives_of_the_corrupted_pictures(record, model, stimuli):
    assert dict(record["logits"].sizes) == {
        "corruption": 2, "severity": 3, "iteration": 3, "prior": 3, "stimulus": 5, "class": 12,
    }  # fmt: skip
    classes = torch.from_numpy(stimuli["object_class"].values[:, 0].astype(np.int64))
    looks = [priors.LearnedPrior(), priors.ClassPrior(classes, 1.5)]
    for severity in (0, 2):
        pictures = np.clip(stimuli["image"].values + 8.0 * severity, 0, 255).astype(np.uint8)
        seen = absvit.perceive(model, normalise(pictures, (0.5,) * 3, (0.5,) * 3), looks, iterations=2).logits
        found = record["logits"].sel(corruption="brighter", severity=severity, prior=["none", "class 1"])
        np.testing.assert_allclose(found, seen, rtol=1e-4, atol=1e-5)
    clean = record["logits"].sel(severity=0)
    assert np.array_equal(clean.sel(corruption="noisy"), clean.sel(corruption="brighter"))
    noisy = record["logits"].sel(corruption="noisy", severity=5)
    assert not np.allclose(noisy, clean.sel(corruption="noisy"))
    assert (record["absent_class"] != record["class_1"]).all()
    for name, variable in record.variables.items():
        assert variable.attrs["long_name"] and variable.attrs["units"], name


def test_a_stimulus_is_corrupted_alike_in_every_chunk(record, model, stimuli, tmp_path):
    again = run(model, stimuli, tmp_path / "r.zarr", chunk=5)
    np.testing.assert_allclose(again["logits"], record["logits"], rtol=1e-4, atol=1e-5)


def test_the_table_gives_accuracy_and_its_gain(record):
    table = dynamics.summary(record, n=20).set_index(["severity", "prior", "iteration"]).sort_index()
    correct = (record["logits"].argmax("class") == record["class_1"]).mean(("corruption", "stimulus"))
    for severity, prior in ((0, "none"), (5, "class 1")):
        one = correct.sel(severity=severity, prior=prior)
        rows = table.loc[severity, prior]
        assert rows["accuracy"].tolist() == pytest.approx(one.values.tolist())
        assert rows["gain_over_pass_0"].tolist() == pytest.approx((one - one[0]).values.tolist())
    assert measures.accuracy(record).dims == ("corruption", "severity", "iteration", "prior", "stimulus")


def test_a_plain_vit_sees_the_same_in_every_pass(stimuli, tmp_path):
    vit = fill(absvit.create_model("vit_micro", img_size=48), 0, torch.float32)
    vit.checkpoint, vit.checkpoint_sha256 = "formula", "0" * 64
    logits = run(vit, stimuli, tmp_path / "r.zarr")["logits"]
    assert (logits == logits.isel(iteration=[0], prior=[0]).values).all()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"severities": (6,)}, "0 to 5"),
        ({"iterations": -1}, "at least 0"),
        ({"corruptions": ()}, "at least one"),
        ({"priors": ("class 2",)}, "none, class 1, absent class"),
    ],
)
def test_parameters_that_cannot_be_are_refused(options, says):
    with pytest.raises(ValueError, match=says):
        CorruptionDynamics(**options)


def test_corruptions_and_stimuli_that_do_not_fit_are_refused(model, stimuli, tmp_path):
    with pytest.raises(ValueError, match="no corruption 'rain'; expected some of brighter, noisy"):
        run(model, stimuli, tmp_path / "r.zarr", parameters=CorruptionDynamics(("rain",)))
    two = bistable.draw(bistable.Halves(objects.Objects(size=(64, 64), radius=(0.2, 0.3))), 1, 0)
    with pytest.raises(ValueError, match="one object"):
        run(model, two, tmp_path / "r.zarr")
