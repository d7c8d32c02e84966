"""Probes of cues and displays: what their records hold is what perceive gives, and what they refuse."""

import numpy as np
import pytest
import torch
from displays import display
from formula import untrained

import absvit
from absvit import priors
from absvit.images import normalise
from absvit.records.options import Store
from experiments import measures
from experiments.command_options import StimulusOptions
from experiments.experiment import run
from experiments.observers import observer_of, permuted_decoders
from experiments.probes import PROBES
from experiments.probes.contours import probe as contours
from experiments.probes.crowding import probe as crowding
from experiments.probes.navon import probe as navon
from experiments.probes.object_prior import probe as object_prior
from experiments.probes.search import probe as search
from experiments.probes.spatial_prior import probe as spatial_prior
from stimuli.families import contours as kanizsa
from stimuli.families import cueing, objects, scenes

SCENES = scenes.Scenes(objects.Objects(size=(112, 112)), (2, 3))


@pytest.fixture(scope="module")
def shown():
    return scenes.draw(SCENES, 4, 5)


@pytest.fixture(scope="module")
def record(model, shown, tmp_path_factory):
    store = Store(tmp_path_factory.mktemp("probe") / "r.zarr", chunk=2)
    parameters = object_prior.ObjectPrior(gains=(1.0, 3.0))
    return run("object_prior", model, shown, parameters, 5, store).load()


def pictures(stimuli):
    return normalise(stimuli["image"].values, (0.5,) * 3, (0.5,) * 3)


@pytest.mark.seconds
def test_every_gain_is_the_models_own_class_prior_at_that_gain(record, model, shown):
    classes = torch.from_numpy(shown["object_class"].values.astype(np.int64))
    absent = torch.from_numpy(record["absent_class"].values)
    cues = [priors.ClassPrior(which, gain) for gain in (1.0, 3.0) for which in (classes[:, 0], classes[:, 1], absent)]
    seen = absvit.perceive(model, pictures(shown), [*cues, priors.LearnedPrior()])
    for k, (gain, name) in enumerate((g, n) for g in (1.0, 3.0) for n in ("valid", "invalid", "absent")):
        found = record["logits"].sel(gain=gain, prior=name)
        np.testing.assert_allclose(found, seen.logits[:, k], rtol=1e-4, atol=1e-5)
    for gain in (1.0, 3.0):
        np.testing.assert_allclose(
            record["logits"].sel(gain=gain, prior="neutral"), seen.logits[:, -1], rtol=1e-4, atol=1e-5
        )
    assert record["cue"].sel(prior=["neutral", "valid", "invalid", "absent"]).values.tolist() == [0, 1, 2, -1]


def test_the_control_cues_keep_what_they_say(record):
    weights = record["prior_weights"].isel(iteration=1)
    valid, shuffled = (weights.sel(prior=name).values.reshape(2, 4, -1) for name in ("valid", "shuffled valid"))
    np.testing.assert_array_equal(np.sort(valid), np.sort(shuffled))
    assert not np.array_equal(valid, shuffled)
    random = weights.sel(prior="random vector")
    np.testing.assert_allclose(random.sel(gain=3.0), 3 * random.sel(gain=1.0), rtol=2e-3, atol=2e-3)


def test_the_record_tells_its_stimuli(record, shown):
    assert record["set_size"].values.tolist() == shown["set_size"].values.tolist()
    share = shown["object_mask"].values.reshape(4, 3, 14, 8, 14, 8).mean(axis=(3, 5))
    for k in range(3):
        np.testing.assert_allclose(record[f"mask_{k + 1}"], share[:, k], atol=1e-6)
        assert np.array_equal(record[f"class_{k + 1}"], shown["object_class"][:, k])
        np.testing.assert_allclose(record[f"x_{k + 1}"], shown["object_x"][:, k])
    assert not (record["absent_class"].values[:, None] == shown["object_class"].values).any()


@pytest.mark.seconds
def test_observers_controls_and_a_plain_vit(shown):
    both = [
        observer_of(make(untrained(seed=seed)), label, seed)
        for label, make in (("intact", lambda m: m), ("permuted", permuted_decoders))
        for seed in (0, 1)
    ]
    part, parameters = shown.isel(stimulus=[0, 1]), object_prior.ObjectPrior(gains=(2.0,))
    found = run("object_prior", both, part, parameters, 5).load()
    assert found["logits"].dims == ("model", "seed", "gain", "iteration", "prior", "stimulus", "class")
    bottom_up = found["logits"].isel(iteration=0)
    assert np.array_equal(bottom_up.sel(model="intact"), bottom_up.sel(model="permuted"))
    table = PROBES["object_prior"].summarise(found)
    assert table["model"].unique().tolist() == ["intact", "permuted"]
    of_all, single = table[table["set_size"] == "all"], table[table["n"] == 1]
    assert (of_all["benefit_low"] <= of_all["benefit"]).all()
    assert len(single) == 4 and single["benefit_low"].isna().all() and single["benefit"].notna().all()
    vit = untrained("vit_micro")
    plain = run("object_prior", observer_of(vit, "vit"), part, parameters, 5)
    row = PROBES["object_prior"].summarise(plain).iloc[0]
    assert row["benefit"] == row["cost"] == 0 and np.isnan(row["auc"])


def test_places_turn_around_fixation_and_weigh_as_gaussians(model):
    stimuli = display("spatial_prior", StimulusOptions(n=3, seed=1), model)
    parameters = spatial_prior.SpatialPrior(gains=(1.0,), angles=(0.0, 90.0), widths=(0.1,))
    found = run("spatial_prior", model, stimuli, parameters, 5).load()
    weights = found["prior_weights"].isel(iteration=1, gain=0)
    y, x = np.meshgrid(weights["token_y"], weights["token_x"], indexing="ij")
    ways = {}
    for k in range(3):
        target = np.array([found["x_1"][k], found["y_1"][k]], float)
        right, down = target - 56
        # clockwise on the screen, as y points down: right goes to below
        clockwise = 56 + np.array([-down, right])
        peak = weights.sel(prior="place 90 width 0.1")[k].argmax(...)
        found_at = np.array([float(weights["token_x"][peak["token_x"]]), float(weights["token_y"][peak["token_y"]])])
        ways[k] = 1 if np.hypot(*(found_at - clockwise)) < 10 else -1
        aside = 56 + np.array([-down, right]) * ways[k]
        for name, centre in (("place 0 width 0.1", target), ("place 90 width 0.1", aside)):
            expected = np.exp(-((x - centre[0]) ** 2 + (y - centre[1]) ** 2) / (2 * 11.2**2))
            np.testing.assert_allclose(weights.sel(prior=name)[k], expected, atol=2e-3)
        assert float(measures.cue_distance(found).sel(angle=90.0)[k]) == pytest.approx(
            np.hypot(*(aside - target)), rel=1e-5
        )
    assert (weights.sel(prior="diffuse") == 1).all()
    assert {ways[0], ways[1]} == {-1, 1}  # as often either way round
    relation = dict(zip(found["prior"].values, found["validity"].values, strict=True))
    assert relation["place 0 width 0.1"] == "valid" and relation["place 90 width 0.1"] == "invalid"
    assert relation["neutral"] == relation["diffuse"] == "neutral" and found["validity"].dims == ("prior",)
    assert not [name for name in found.variables if str(name).startswith("cue_")]  # nothing is drawn
    table = PROBES["spatial_prior"].summarise(found)
    assert table["prior"].tolist() == ["place"] * 2 + [
        "neutral",
        "diffuse",
        "random vector",
        "shuffled place",
        "gradient",
    ]
    assert (table["benefit"][table["prior"] == "diffuse"] == 0).all()


def test_a_drawn_cue_is_told_as_the_displays_own(model):
    shown = cueing.draw(cueing.Cueing((112, 112), cue="central", places=4), 3, 0)
    parameters = spatial_prior.SpatialPrior(gains=(1.0,), angles=(0.0,), widths=(0.1,))
    found = run("spatial_prior", model, shown, parameters, 5)
    assert found["display_validity"].values.tolist() == shown["validity"].values.tolist()
    assert found["display_cue_place"].values.tolist() == shown["cue_place"].values.tolist()
    assert set(found["validity"].values.tolist()) == {"valid", "neutral"}


def test_the_displays_of_the_spatial_prior_show_none_of_the_categories_at_fixation(model):
    part = display("spatial_prior", StimulusOptions(n=8, seed=1), model).part(0, 8)
    middles = part["image"].values[:, 46:66, 46:66]
    assert (middles == middles[0]).all()  # the mark, whatever comes
    assert middles[:, 9:11, 9:11].min() == middles[:, 9:11, 9:11].max() == 128  # is open, as no category is


@pytest.mark.seconds
def test_a_number_that_leaves_the_design_unbalanced_is_told_once_at_the_start(model, tmp_path):
    parameters = object_prior.ObjectPrior(gains=(1.0,))
    for n, told in (
        (4, "n = 4 leaves set_size, category, pair of categories unbalanced"),
        (3, "n = 3 leaves category, "),
    ):
        with pytest.warns(UserWarning) as given:
            stimuli, store = display("object_prior", StimulusOptions(n=n), model), Store(tmp_path / f"{n}.zarr")
            run("object_prior", model, stimuli, parameters, 0, store)
        (line,) = [str(one.message) for one in given if "unbalanced" in str(one.message)]
        assert line.startswith(told) and "the nearest n that does not is 396" in line


def test_search_looks_for_the_form_whether_it_is_there_or_not(model):
    stimuli = display("search", StimulusOptions(n=12, seed=1), model)
    found = run("search", model, stimuli, search.Search(), 5).load()
    form = found["target_form"].values
    assert [found["class"].values[k] for k in found["class_1"].values] == form.tolist() and len(set(form)) == 2
    present = found["target"].values == "present"
    assert np.array_equal(found["mask_1"].values.any(axis=(1, 2)), present) and found["mask_2"].any()
    assert sorted(set(found["set_size"].values)) == [2, 4, 8]
    table = PROBES["search"].summarise(found, n=20)
    assert table["set_size"].tolist() == [2, 4, 8, "slope"] * 5
    assert table["d_prime"].notna().all()


def test_contours_compare_the_surface_with_its_control(model, tmp_path):
    stimuli = display("contours", StimulusOptions(n=4, seed=1), model)
    found = run("contours", model, stimuli, contours.Contours(), 5, Store(tmp_path / "r.zarr")).load()
    drawn = kanizsa.draw(kanizsa.Contours((112, 112), rotation=15.0), 4, 1)
    surface = kanizsa.surface(drawn).values.reshape(4, 14, 8, 14, 8).mean(axis=(2, 4))
    np.testing.assert_allclose(found["mask_1"], surface, atol=1e-6)
    names = {"triangle": 2, "square": 1}
    assert found["class_1"].values.tolist() == [names[name] for name in found["figure"].values]
    table = PROBES["contours"].summarise(found, n=20)
    expected = table["illusory"] - table["control"]
    np.testing.assert_allclose(table["effect"], expected)


CHOSEN = {
    "object_prior": ("neutral", "valid"), "spatial_prior": ("diffuse", "place"), "search": ("target",),
    "navon": ("narrow", "shuffled narrow"), "contours": ("figure", "neutral"), "crowding": ("place",),
}  # fmt: skip


@pytest.mark.seconds
@pytest.mark.parametrize("name", CHOSEN)
def test_chosen_priors_see_what_they_see_among_all(name, model):
    probe, stimuli, one = PROBES[name], display(name, StimulusOptions(n=12, seed=1), model), model
    made = {"gains": (2.0,)} | ({"widths": (0.1,), "angles": (0.0, 90.0)} if name == "spatial_prior" else {})
    every = run(probe, one, stimuli, probe.parameters(**made), 5).load()
    parameters = probe.parameters(**made, priors=CHOSEN[name])
    some = run(probe, one, stimuli, parameters, 5).load()
    assert set(some["kind"].values) == set(CHOSEN[name]) < set(every["kind"].values)
    of_some = every.sel(prior=some["prior"].values)
    np.testing.assert_allclose(some["logits"], of_some["logits"], rtol=1e-4, atol=1e-5)
    tables = [probe.summarise(found, n=10) for found in (some, of_some)]
    assert len(tables[0]) == len(tables[1]) > 0 and list(tables[0]) == list(tables[1])
    if name == "crowding":
        assert (every["spacing"].isnull() == (every["condition"] == "alone")).all()
    with pytest.raises(ValueError, match="no prior 'loud' in this probe; expected some of"):
        run(probe, one, stimuli, probe.parameters(priors=("loud",)), 5)


@pytest.mark.parametrize(
    ("name", "kept", "lacking"), [("object_prior", "valid", "neutral"), ("spatial_prior", "place", "diffuse")]
)
def test_what_a_measure_compares_with_cannot_be_left_out(name, kept, lacking, model):
    probe, stimuli = PROBES[name], display(name, StimulusOptions(n=2, seed=1), model)
    with pytest.raises(ValueError, match=f"compares with the prior '{lacking}'"):
        run(probe, model, stimuli, probe.parameters(priors=(kept,)), 5)


def test_a_table_without_some_priors_has_gaps(model, shown):
    parameters = object_prior.ObjectPrior(gains=(2.0,), priors=("neutral", "valid", "absent"))
    found = run("object_prior", model, shown, parameters, 5).load()
    table = PROBES["object_prior"].summarise(found, n=10)
    gaps = {"cost", "random", "shuffled"}
    assert table[[f"{name}{end}" for name in gaps for end in ("", "_low", "_high")]].isnull().all(axis=None)
    assert table[["neutral", "benefit", "absent", "auc", "d_prime"]].notnull().all(axis=None)


def test_unknown_classes_and_single_objects_are_refused(model, shown, tmp_path):
    one, store = model, Store(tmp_path / "r.zarr")
    strange = shown.assign_attrs(categories=["squid", *objects.CATEGORIES[1:]])
    with pytest.raises(ValueError, match="absvit_micro does not know the class 'squid'.*square"):
        run("object_prior", one, strange, object_prior.ObjectPrior(), 0, store)
    single = scenes.draw(scenes.Scenes(objects.Objects(size=(112, 112)), (2, 1)), 2, 0)
    with pytest.raises(ValueError, match=f"stimulus {int(single['set_size'].argmin())} shows fewer"):
        run("object_prior", one, single, object_prior.ObjectPrior(), 0, store)
    turned = display("search", StimulusOptions(n=2), model).part(0, 2)
    turned["target_form"] = ("stimulus", np.array(["bar", "turned bar"], object))
    with pytest.raises(ValueError, match="'turned bar' is none"):
        run("search", one, turned, search.Search(), 0, store)
    with pytest.raises(ValueError, match="leave out --folder"):
        display("search", StimulusOptions(folder=tmp_path), model)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: object_prior.ObjectPrior(iterations=0), "at least 1"),
        (lambda: object_prior.ObjectPrior(gains=()), "gains must be"),
        (lambda: object_prior.ObjectPrior(gains=(1.0, np.nan)), "finite"),
        (lambda: spatial_prior.SpatialPrior(angles=(10.0,)), "0 among them"),
        (lambda: spatial_prior.SpatialPrior(widths=(0.1, 0.1)), "differ"),
        (lambda: navon.Navon(narrow=0.5), "narrow < wide"),
        (lambda: crowding.Crowding(width=0), "width"),
    ],
)
def test_parameters_out_of_range_are_refused(make, says):
    with pytest.raises(ValueError, match=says):
        make()
