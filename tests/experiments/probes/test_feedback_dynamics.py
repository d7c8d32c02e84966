"""The dynamics probe: passes are those of perceive and of the papers' equations; what is added does what it says."""

import json

import numpy as np
import plain
import pytest
import torch
import xarray as xr
from formula import untrained
from PIL import Image

import absvit
from absvit import priors
from absvit.models.course import CourseSettings, follow
from absvit.models.priors.percept import PerceptPrior
from absvit.records.options import Store
from experiments import measures
from experiments.__main__ import main
from experiments.experiment import run
from experiments.observers import observer_of, permuted_decoders
from experiments.probes.feedback_dynamics.probe import PROTOCOLS, FeedbackDynamics, conditions
from stimuli.families import halves as bistable
from stimuli.families import morph, objects

SIZE, HEADS = 64, 2
SCENE = objects.Objects(size=(SIZE, SIZE), radius=(0.25, 0.38))


@pytest.fixture(scope="module")
def exact():
    return untrained(img_size=SIZE, dtype=torch.float64)


@pytest.fixture(scope="module")
def model():
    return untrained(img_size=SIZE)


@pytest.fixture(scope="module")
def pictures():
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(2, 3, SIZE, SIZE, generator=generator, dtype=torch.float64) for _ in range(2)]


def halves(n=3):
    return bistable.draw(bistable.Halves(objects.Objects(size=(SIZE, SIZE), radius=(0.2, 0.3))), n, 5)


def weights_of_percept(state, gain, fatigue=0):
    """Gain times the cosine of every token with the mean of the classifier's rows, by their probabilities."""

    def weigh(tokens):
        logits = tokens[:, 0] @ state["head.weight"].T + state["head.bias"]
        direction = (logits - fatigue).softmax(-1) @ state["head.weight"]
        return gain * plain.cosine(tokens, direction[:, None])

    return weigh


@pytest.mark.parametrize("kind", ["class", "percept"])
def test_passes_are_those_of_the_equations(exact, pictures, kind):
    state = exact.state_dict()
    prior = {"class": priors.ClassPrior(3, 1.5), "percept": PerceptPrior(1.5)}[kind]
    row = state["head.weight"][3]
    weigh = weights_of_percept(state, 1.5) if kind == "percept" else lambda x: 1.5 * plain.cosine(x, row)
    expected = plain.look(state, pictures[0], HEADS, weigh, iterations=3)
    found = follow(exact, pictures[:1], lambda t, fatigue: prior, CourseSettings(3))
    seen = absvit.perceive(exact, pictures[0], [prior], iterations=3)
    for t, one in enumerate(expected):
        torch.testing.assert_close(found.logits[t], one["logits"])
        torch.testing.assert_close(found.logits[t], seen.logits[t, 0])
        loss = plain.variational_loss(state, one["states"])
        torch.testing.assert_close(found.reconstruction_error[t].sum(-1).mean(), loss)
        torch.testing.assert_close(found.features[t, :, -1], one["states"][-1][:, 1:].mean(1))
        for steps, change in ((1, found.state_change), (2, found.two_step_change)):
            if t < steps:
                assert change[t].isnan().all()
                continue
            before, after = (expected[k]["tokens"].flatten(1) for k in (t - steps, t))
            torch.testing.assert_close(change[t], (after - before).norm(dim=1) / before.norm(dim=1))


def test_the_carried_state_drives_the_next_picture(exact, pictures):
    state = exact.state_dict()
    weigh = weights_of_percept(state, 2.0)
    tokens = plain.look(state, pictures[0], HEADS, weigh)[-1]["tokens"]
    x, td = weigh(tokens)[..., None] * tokens, []
    for layer in reversed(range(len(exact.blocks))):
        x = plain.linear(state, f"decoders.{layer}.linear", x)
        td.insert(0, plain.linear(state, f"decoders.{layer}.linear2", x))
    expected = plain.run(state, plain.embed(state, pictures[1]), HEADS, td)["logits"]
    found = follow(exact, pictures, lambda t, fatigue: PerceptPrior(2.0), CourseSettings(1))
    assert len(found.logits) == 3
    torch.testing.assert_close(found.logits[2], expected)
    fresh = follow(exact, pictures, lambda t, fatigue: PerceptPrior(2.0), CourseSettings(1, carry=False))
    bottom_up = absvit.perceive(exact, pictures[1], iterations=0).logits[0, 0]
    torch.testing.assert_close(fresh.logits[2], bottom_up)


def test_adaptation_follows_the_percept(exact, pictures):
    tired = []

    def prior_at(t, fatigue):
        tired.append(fatigue)
        return PerceptPrior(2.0, fatigue)

    found = follow(exact, pictures[:1], prior_at, CourseSettings(4, adaptation=3.0, adaptation_time=5.0))
    a = torch.zeros_like(found.logits[0])
    for t, fatigue in enumerate(tired):
        a = a + (found.logits[t].softmax(-1) - a) / 5
        torch.testing.assert_close(fatigue, 3 * a)
    state = exact.state_dict()
    tokens = plain.look(state, pictures[0], HEADS, weights_of_percept(state, 2.0, tired[0]))[1]
    torch.testing.assert_close(found.logits[1], tokens["logits"])


def test_noise_is_white_of_the_given_size_and_each_image_has_its_own(exact, pictures):
    class Spy(priors.LearnedPrior):
        def weigh(self, tokens, model):
            seen.append(tokens)
            return super().weigh(tokens, model)

    def looks(chosen, numbers, noise):
        generators = [np.random.Generator(np.random.Philox(key=[1, number])) for number in numbers]
        return follow(exact, [pictures[0][chosen]], lambda t, fatigue: Spy(), CourseSettings(2, noise), generators)

    seen = []
    found = looks([0, 1], [0, 1], 0.3)
    clean = absvit.perceive(exact, pictures[0], iterations=0, record=("tokens",)).tokens[0, 0]
    noise = (seen[0] - clean) / clean.square().mean((1, 2), keepdim=True).sqrt()
    assert noise.std() == pytest.approx(0.3, rel=0.03) and abs(noise.mean()) < 0.02
    torch.testing.assert_close(looks([1], [1], 0.3).logits[:, 0], found.logits[:, 1])
    assert not torch.equal(noise[0], noise[1])


@pytest.fixture(scope="module")
def record(model, tmp_path_factory):
    observers = [observer_of(model, "one"), observer_of(permuted_decoders(model), "permuted")]
    parameters = FeedbackDynamics(passes=3, gains=(1.0, 3.0), noise=(0.0, 0.2), features=True, maps=True)
    store = Store(tmp_path_factory.mktemp("dynamics") / "r.zarr", chunk=2)
    return run("feedback_dynamics", observers, halves(), parameters, 5, store).load()


@pytest.mark.seconds
def test_the_record_holds_what_perceive_gives(record, model):
    stimuli = halves()
    height, width, colours = stimuli["image"].shape[1:]
    assert dict(record.sizes) == {
        "model": 2, "gain": 2, "severity": 2, "iteration": 4, "prior": 12, "stimulus": 3, "class": 12, "layer": 4,
        "feature": 64, "token_y": height // 8, "token_x": width // 8, "y": height, "x": width, "channel": colours,
    }  # fmt: skip
    images = (torch.from_numpy(stimuli["image"].values).permute(0, 3, 1, 2) / 255 - 0.5) / 0.5
    classes = torch.from_numpy(stimuli["object_class"].values.astype(np.int64))
    for gain in (1.0, 3.0):
        looks = [priors.LearnedPrior(gain), priors.ClassPrior(classes[:, 1], gain)]
        seen = absvit.perceive(model, images, looks, iterations=3).logits
        for k, name in enumerate(("none", "class 2")):
            found = record["logits"].sel(model="one", gain=gain, severity=0.0, prior=name)
            np.testing.assert_allclose(found, seen[:, k], rtol=1e-4, atol=1e-5)
    released, cue, percept = (
        record["logits"].sel(severity=0.0, prior=name) for name in ("released 1", "class 1", "percept")
    )
    np.testing.assert_array_equal(released.sel(iteration=[0, 1]), cue.sel(iteration=[0, 1]))
    assert not np.allclose(released.sel(iteration=2), cue.sel(iteration=2))
    assert not np.allclose(released.sel(iteration=2), percept.sel(iteration=2))
    noisy = record["logits"].sel(severity=0.2)
    assert np.array_equal(noisy.isel(iteration=0), record["logits"].sel(severity=0.0).isel(iteration=0))
    assert not np.allclose(noisy.isel(iteration=1), record["logits"].sel(severity=0.0).isel(iteration=1))
    for name, variable in record.variables.items():
        assert name == "done" or (variable.attrs["long_name"] and variable.attrs["units"]), name


@pytest.mark.seconds
def test_chunks_change_nothing(record, model):
    observers = [observer_of(model, "one"), observer_of(permuted_decoders(model), "permuted")]
    parameters = FeedbackDynamics(passes=3, gains=(1.0, 3.0), noise=(0.0, 0.2), features=True)
    again = run("feedback_dynamics", observers, halves(), parameters, 5).load()
    for name in ("logits", "state_change", "reconstruction_error"):
        np.testing.assert_allclose(again[name], record[name], rtol=1e-3, atol=1e-5)


def sequences(pairs=1, steps=4):
    return morph.draw(morph.Morph(SCENE, steps), 2 * pairs * steps, 3)


def test_hysteresis_records_whole_sequences_and_none_without_a_carried_state(model):
    names = ("none", "percept")
    parameters = FeedbackDynamics("hysteresis", gains=(4.0,), priors=names)
    carried = run("feedback_dynamics", model, sequences(), parameters, 3)
    assert carried["direction"].values.tolist() == [1, -1] and carried["pair"].values.tolist() == [0, 0]
    third = 1 / 3
    expected = [[0, 0, third, 2 * third, 1], [1, 1, 2 * third, third, 0]]
    np.testing.assert_allclose(carried["morph"], expected)
    parameters = FeedbackDynamics("hysteresis", gains=(4.0,), priors=names, carry=False, passes=2)
    fresh = run("feedback_dynamics", model, sequences(), parameters, 3)
    area = measures.hysteresis_area(fresh)
    # the first picture alone is seen one pass longer: it begins with its bottom-up pass
    assert abs(area).max() < 0.02 < abs(measures.hysteresis_area(carried)).max()


def test_a_plain_vit_never_changes(tmp_path):
    vit = untrained("vit_micro", img_size=SIZE)
    parameters = FeedbackDynamics(passes=2, gains=(1.0, 2.0), priors=("none", "percept"))
    record = run(
        "feedback_dynamics", observer_of(vit, "vit"), halves(), parameters, 5, Store(tmp_path / "r.zarr")
    ).load()
    assert (record["logits"] == record["logits"].isel(iteration=[0], prior=[0], gain=[0]).values).all()
    assert (measures.settling_iteration(record) == 1).all() and record["reconstruction_error"].isnull().all()


def test_stimuli_that_do_not_fit_are_refused(model, tmp_path):
    def refused(stimuli, protocol="settling", observer=model):
        parameters, store = FeedbackDynamics(protocol, passes=1, gains=(1.0,)), Store(tmp_path / "r.zarr")
        run("feedback_dynamics", observer_of(observer, "one"), stimuli, parameters, 0, store)

    with pytest.raises(ValueError, match="2 objects"):
        refused(objects.draw(SCENE, 2, 0))
    with pytest.raises(ValueError, match="family morph"):
        refused(halves(), "hysteresis")
    with pytest.raises(ValueError, match="8 pictures each pair, got 7"):
        refused(sequences().isel(stimulus=slice(7)), "hysteresis")
    with pytest.raises(ValueError, match="does not know the class 'disk', which feedback"):
        refused(halves(), observer=absvit.create_model("absvit_tiny_patch16_224", img_size=SIZE, depth=1))


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_protocol_has_its_controls(protocol):
    kinds = {condition.kind.partition(" ")[0] for condition in conditions(FeedbackDynamics(protocol))}
    assert {"random", "shuffled"} <= kinds


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"protocol": "resting"}, "settling, hysteresis, switching"),
        ({"passes": 0}, "at least 1"),
        ({"gains": ()}, "gains"),
        ({"gains": (1.0, 1.0)}, "each once"),
        ({"noise": (-0.1,)}, "standard deviations"),
        ({"noise": (0.0, 0.0)}, "each once"),
        ({"adaptation": -1.0}, "adaptation"),
        ({"priors": ("class 3",)}, "'class 3' here; expected some of none, class 1"),
    ],
)
def test_parameters_that_cannot_be_are_refused(options, says):
    with pytest.raises(ValueError, match=says):
        FeedbackDynamics(**options)


@pytest.mark.slow
def test_the_command_writes_records_tables_and_the_figure(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(absvit, "load_model", lambda name, checkpoint: loaded)
    loaded = untrained(seed=1, img_size=SIZE)
    loaded.card = {"seed": 1}
    common = ["feedback_dynamics", "--gains", "1", "2", "--seed", "3"]
    files = {name: str(tmp_path / f"{name}.zarr") for name in ("settling", "hysteresis", "switching")}
    options = {
        "settling": ["--n", "3", "--iterations", "2", "--controls"],
        "hysteresis": ["--n", "4", "--stimuli", "morph", "--steps", "3"],
        "switching": ["--n", "2", "--passes", "40", "--adaptation-time", "3", "--adaptation", "30"],
    }
    printed = ""
    for name, words in options.items():
        assert main([*common, "--protocol", name, *words, "--out", files[name]]) == 0
        at_once = capsys.readouterr().out
        assert main(["summary", files[name]]) == 0
        again = capsys.readouterr().out
        assert again.partition("\n\n")[0] in at_once
        printed += again
    assert all(column in printed for column in ("cue_memory", "area", "switch_rate", "decoders permuted"))
    assert xr.open_zarr(files["hysteresis"]).sizes["iteration"] == 4  # a pass over each picture
    assert json.loads(xr.open_zarr(files["switching"]).attrs["parameters"])["adaptation"] == 30
    figure = ["figure", "dynamics", *files.values(), "--out", str(tmp_path / "f.png")]
    assert main(figure) == 0
    caption = capsys.readouterr().out
    assert "95 %" in caption and "(f)" in caption
    with Image.open(tmp_path / "f.png") as picture:
        assert picture.width > 1500
    assert main(["figure", "dynamics", files["settling"], files["settling"], "--out", str(tmp_path / "g.png")]) == 2
    assert "two of settling" in capsys.readouterr().err
    assert main([*common, "--protocol", "hysteresis", "--n", "3", "--out", str(tmp_path / "x.zarr")]) == 2
    assert "even --n" in capsys.readouterr().err
