"""The bistable and recognition probes: what their records hold is what perceive gives, prior by prior."""

import numpy as np
import pytest
import torch
import xarray as xr
from formula import untrained

import absvit
from absvit import maps, priors
from absvit.images import normalise
from absvit.models.class_names import class_indices, class_names
from absvit.records.options import Store
from experiments import measures
from experiments.experiment import run
from experiments.observers import load_observers, observer_of, permuted_decoders
from experiments.probe import Stimuli
from experiments.probes.bistable import probe as bistable
from experiments.probes.bistable import summary as summaries
from experiments.probes.recognition import probe as recognition
from stimuli.families import objects
from stimuli.families.halves import HALVES, Halves, draw, from_photographs

N = 5


@pytest.fixture(scope="module")
def stimuli():
    return draw(Halves(), N, seed=5)


@pytest.fixture(scope="module")
def record(model, stimuli, tmp_path_factory):
    store = Store(tmp_path_factory.mktemp("probe") / "r.zarr", chunk=2)
    return run("bistable", model, stimuli, bistable.Bistable(iterations=2), 5, store).load()


def pictures(stimuli):
    return normalise(stimuli["image"].values, (0.5,) * 3, (0.5,) * 3)


@pytest.mark.seconds
def test_class_cues_are_the_models_own_class_priors(record, model, stimuli):
    classes = torch.from_numpy(stimuli["object_class"].values.astype(np.int64))
    cues = [priors.ClassPrior(classes[:, 0]), priors.ClassPrior(classes[:, 1]), priors.LearnedPrior()]
    seen = absvit.perceive(model, pictures(stimuli), cues, iterations=2)
    for k, name in enumerate(("class 1", "class 2", "none")):
        one = record.sel(prior=name)
        np.testing.assert_allclose(one["logits"], seen.logits[:, k], rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(one["prior_weights"][1:], maps.prior_weight_map(seen)[:, k], rtol=2e-3, atol=1e-4)
        assert one["prior_weights"][0].isnull().all()
    assert record["cue"].sel(prior=["class 1", "class 2", "none", "absent class"]).values.tolist() == [1, 2, 0, -1]


@pytest.mark.parametrize("kinds", [("place",), ("class", "none"), ("random vector", "shuffled class")])
def test_some_priors_alone_give_what_they_give_among_all(record, model, stimuli, kinds):
    parameters = bistable.Bistable(iterations=2, priors=kinds)
    some = run("bistable", model, stimuli, parameters, 5).load()
    assert set(some["kind"].values) == set(kinds)
    np.testing.assert_allclose(some["logits"], record["logits"].sel(prior=some["prior"]), rtol=1e-4, atol=1e-5)
    assert set(summaries.graded_summary(some, n=10)["prior"]) == set(kinds)


def test_priors_that_there_are_not_are_named():
    with pytest.raises(ValueError, match="no prior 'klass'; expected some of none, absent class"):
        bistable.Bistable(priors=("klass",))
    with pytest.raises(ValueError, match="one that cues each object in turn"):
        bistable.Bistable(priors=("none",))
    with pytest.raises(ValueError, match="no prior 'class' here: the classes of the objects are unknown"):
        bistable.conditions(bistable.Bistable(priors=("class",)), classes_known=False)


def test_place_cues_hold_the_object_and_its_neighbours(record, stimuli):
    share = stimuli["object_mask"].values.reshape(N, 2, 14, 8, 14, 8).mean(axis=(3, 5))
    for k in (1, 2):
        near = np.zeros((N, 14, 14), bool)
        for image, y, x in np.argwhere(share[:, k - 1] > 0):
            near[image, max(y - 1, 0) : y + 2, max(x - 1, 0) : x + 2] = True
        near &= share[:, k - 1] >= share[:, 2 - k]
        weights = record["prior_weights"].sel(prior=f"place {k}").isel(iteration=[1, 2])
        assert np.array_equal(weights.values, np.stack([near, near]))  # gain 1


def test_maps_are_those_of_the_trajectory(record, model, stimuli):
    recorded = ("token_norms", "value_norms", "feedback_norms", "class_attention")
    seen = absvit.perceive(model, pictures(stimuli), iterations=2, record=recorded)
    expected = {
        "token_norm": maps.token_norm_map(seen), "value_norm": maps.value_norm_map(seen),
        "feedback_norm": maps.feedback_norm_map(seen), "class_attention": maps.class_attention_map(seen),
    }  # fmt: skip
    for name, values in expected.items():
        found = record[name].sel(prior="none").values[-len(values) :]
        np.testing.assert_allclose(found, values[:, 0], rtol=2e-3, atol=1e-4)
    assert record.attrs["layer"] == 1


def test_catch_trials_cue_classes_that_are_not_shown(record, stimuli):
    shown = stimuli["object_class"].values
    for name in ("absent_class", "third_class"):
        assert not (record[name].values[:, None] == shown).any()
    assert (record["absent_class"] != record["third_class"]).all()


def test_the_record_holds_the_stimuli(record, stimuli):
    assert np.array_equal(record["image"], stimuli["image"])
    share = stimuli["object_mask"].values.reshape(N, 2, 14, 8, 14, 8).mean(axis=(3, 5))
    np.testing.assert_allclose(np.stack([record["mask_1"], record["mask_2"]], 1), share, atol=1e-6)
    assert record["class"].values.tolist() == list(objects.CATEGORIES)
    assert record["class_1"].values.tolist() == stimuli["object_class"].values[:, 0].tolist()


@pytest.mark.seconds
def test_chunks_and_resuming_change_nothing(record, model, stimuli, tmp_path, monkeypatch):
    store = Store(tmp_path / "r.zarr", chunk=2, resume=True)
    parameters, shown = bistable.Bistable(iterations=2), []

    def part(first, n):
        shown.append(first)
        if len(shown) == 5:
            raise KeyboardInterrupt
        return stimuli.isel(stimulus=slice(first, first + n))

    with pytest.raises(KeyboardInterrupt):
        run("bistable", model, Stimuli(part, N), parameters, 5, store)
    assert 0 < int(xr.open_zarr(store.out)["done"].sum()) < N
    again = run("bistable", model, Stimuli(part, N), parameters, 5, store).load()
    xr.testing.assert_equal(again, record)


@pytest.mark.seconds
def test_observers_and_controls_stand_side_by_side(model, stimuli):
    observers = [
        observer_of(m, label, seed)
        for label, make in (("intact", lambda m: m), ("permuted", permuted_decoders))
        for seed in (0, 1)
        for m in [make(untrained(seed=seed))]
    ]
    both = run("bistable", observers, stimuli, bistable.Bistable(), 5)
    assert dict(both["logits"].sizes) | {"class": 12} == dict(both["logits"].sizes)
    assert both["logits"].dims[:2] == ("model", "seed") and both["seed"].values.tolist() == [0, 1]
    alone = run("bistable", [observers[3]], stimuli, bistable.Bistable(), 5)
    xr.testing.assert_allclose(both["logits"].sel(model="permuted", seed=1, drop=True).load(), alone["logits"].load())
    bottom_up = both["logits"].isel(iteration=0)
    assert np.array_equal(bottom_up.sel(model="intact"), bottom_up.sel(model="permuted"))
    assert not np.allclose(both["logits"].sel(model="intact"), both["logits"].sel(model="permuted"))


def test_permuted_decoders_keep_their_entries_and_lose_their_order(model):
    control = permuted_decoders(model, seed=1)
    for (name, before), after in zip(model.named_parameters(), control.parameters(), strict=True):
        if name.startswith("decoders"):
            assert not torch.equal(before, after)
            assert torch.equal(before.flatten().sort().values, after.flatten().sort().values)
        else:
            assert torch.equal(before, after)


def test_photographs_of_classes_that_the_model_does_not_know_are_cued_by_place(model):
    generator = np.random.default_rng(0)
    first, second = (generator.integers(0, 256, (90, 60, 3), np.uint8) for _ in range(2))
    pair = from_photographs(first, second, ("dog", "ship"), HALVES.sized((112, 112)))
    record = run("bistable", model, pair, bistable.Bistable(), 0)
    assert set(record["kind"].values) == {"none", "place", "random vector", "shuffled place"}
    assert (record["class_1"] == -1).all() and (record["absent_class"] == -1).all()
    weights = record["prior_weights"].sel(prior="place 1").isel(iteration=1).values
    assert np.array_equal(weights[0], np.repeat([[1] * 7 + [0] * 7], 14, axis=0))
    assert np.array_equal(weights[1], np.repeat([[0] * 7 + [1] * 7], 14, axis=0))


def test_two_photographs_of_known_classes_are_cued_by_class(model):
    picture = np.full((80, 80, 3), 128, np.uint8)
    pair = from_photographs(picture, picture, ("heart", "bar"), HALVES.sized((112, 112)))
    record = run("bistable", model, pair, bistable.Bistable(), 0)
    assert record["class_1"].values.tolist() == [7, 7] and record["class_2"].values.tolist() == [8, 8]
    assert not set(record["absent_class"].values) & {7, 8}


def test_stimuli_of_another_kind_are_refused(model, stimuli):
    singles = objects.draw(objects.Objects(), 2, 0)
    with pytest.raises(ValueError, match="2 objects"):
        run("bistable", model, singles, bistable.Bistable(), 0)
    with pytest.raises(ValueError, match="1 object"):
        run("recognition", model, stimuli, recognition.Recognition(), 0)
    with pytest.raises(ValueError, match="does not know"):
        other = observer_of(untrained("absvit_tiny_patch16_224"), "other")
        run("recognition", [other], singles, recognition.Recognition(), 0)
    with pytest.raises(ValueError, match="iterations"):
        bistable.Bistable(iterations=0)


def test_recognition_records_every_pass(model, tmp_path):
    singles = objects.draw(objects.Objects(), 4, 0)
    record = run("recognition", model, singles, recognition.Recognition(), 0, Store(tmp_path / "r.zarr"))
    seen = absvit.perceive(model, pictures(singles))
    right = seen.logits[:, 0].argmax(-1).numpy() == singles["object_class"].values[:, 0]
    assert np.array_equal(measures.accuracy(record).sel(prior="none"), right)


def test_classes_are_found_by_name_or_wnid(model):
    official = absvit.create_model("absvit_tiny_patch16_224", embed_dim=24, depth=1)
    assert class_indices(official, ["n01440764", "goldfish, Carassius auratus", "zebra crossing?"]).tolist() == [
        0,
        1,
        -1,
    ]
    assert class_names(official)[0].startswith("tench")
    assert class_indices(model, ["bar", "disk"]).tolist() == [8, 0]
    assert class_names(absvit.create_model("absvit_micro", num_classes=3)) == ["0", "1", "2"]


def test_two_checkpoints_of_one_seed_are_refused(tmp_path, model):
    from absvit.models import checkpoints

    files = [str(tmp_path / f"{k}.safetensors") for k in range(2)]
    for file in files:
        checkpoints.write(file, model.state_dict(), {"seed": 3})
    with pytest.raises(ValueError, match="different seeds"):
        load_observers("absvit_micro", files)
    (one, permuted) = load_observers("absvit_micro", files[:1], permuted=True)
    assert (one.seed, permuted.seed) == (3, 3) and permuted.name == "absvit_micro, decoders permuted"
