"""Observers side by side: of other kinds, grids and layers in one record, each as it is seen alone."""

import json
from dataclasses import replace

import displays
import numpy as np
import pytest
import torch
import torch.nn.functional as F

import experiments
from absvit.models.trajectory import Trajectory
from experiments.observers import Observer
from experiments.show import on_grid
from stimuli.families.objects import CATEGORIES

SIZE = (112, 112)
FEW = {
    "corruption_dynamics": {"corruptions": ("contrast",), "severities": (3,), "iterations": 1},
    "feedback_dynamics": {"passes": 2, "gains": (2.0,), "features": True, "maps": True},
    "object_prior": {"gains": (2.0,)},
    "spatial_prior": {"gains": (2.0,), "widths": (0.1,)},
}
N = {"contours": 4, "navon": 8, "search": 12}  # what their tables need


def colours(images):
    """Logits of the mean colours."""
    return images.flatten(2).mean(2).repeat(1, 4)


def leaning(images, priors, iterations, record):
    """As much more of a class as its prior's gain."""
    logits = colours(images).expand(1 + iterations, len(priors or [0]), -1, -1).clone()
    for number, prior in enumerate(priors or ()):
        logits[1:, number] += (prior.gain or 1) * prior.members(LEANING).float()
    return logits


def peering(images, priors, iterations, record):
    """The mean colours, places weighted as they are cued; 7 x 7 of them."""
    places = F.adaptive_avg_pool2d(images, 7).flatten(2)
    seen, weights = [colours(images).expand(max(1, len(priors or ())), -1, -1)], []
    for _ in range(iterations):
        weights.append(torch.stack([prior.weights.flatten(-2).expand(len(images), -1) for prior in priors]))
        seen.append((places * weights[-1][:, :, None]).mean(3).repeat(1, 1, 4))
    logits = torch.stack(seen)
    kept = torch.stack(weights) if weights else logits.new_empty(0, *logits.shape[1:3], 49)
    norms = places.norm(dim=1).expand(*logits.shape[:2], -1, -1)[:, :, :, None]
    norms = norms.expand(-1, -1, -1, 3, -1) if "token_norms" in record else None
    return Trajectory(logits=logits, prior_weights=kept, grid=(7, 7), num_prefix_tokens=0, token_norms=norms)


COLOURS = Observer("colours", "mean colours", CATEGORIES, SIZE, colours)
LEANING = Observer("leaning", "leans towards a class", CATEGORIES, SIZE, leaning, kinds=("class",))
OF_PLACES = {"grid": (7, 7), "kinds": ("place",), "records": ("token_norms",), "layers": 3}
PEERING = Observer("peering", "weighs places", CATEGORIES, SIZE, peering, **OF_PLACES)
ALL = (COLOURS, LEANING, PEERING)


@pytest.fixture(scope="module")
def placed():
    """A record of places and classes, seen by all three."""
    return experiments.run("bistable", ALL, n=3)


def test_the_strangers_keep_what_observers_promise():
    for observer in ALL:
        experiments.check_observer(observer)


@pytest.mark.parametrize("name", experiments.PROBES)
def test_every_probe_shows_observers_of_other_kinds_side_by_side(name):
    probe = experiments.PROBES[name]
    how = {"parameters": probe.parameters(**FEW.get(name, {})), "n": N.get(name, 3)}
    how["stimuli"] = displays.given(name, SIZE, 3)
    record = experiments.run(probe, [LEANING, PEERING], **how)
    for observer in (LEANING, PEERING):
        alone = experiments.run(probe, observer, **how)
        beside = record["logits"].sel(model=observer.name)
        np.testing.assert_array_equal(*np.broadcast_arrays(beside, alone["logits"]), strict=True)
    assert set(experiments.summary(record)["model"]) == {"leaning", "peering"}


def test_one_of_a_single_pass_sees_the_same_in_those_of_others(placed):
    seen = placed["logits"].sel(model="colours")
    assert seen.sizes["iteration"] == 2 and (seen == seen.isel(iteration=0, prior=0)).all()
    assert (placed["logits"].sel(model="leaning").diff("iteration") != 0).any()


def test_cues_that_are_not_taken_leave_the_bottom_up_pass_and_are_told(placed):
    untaken = json.loads(placed.attrs["untaken_priors"])
    changed = (placed["logits"].diff("iteration") != 0).any(["iteration", "stimulus", "class"])
    for observer in ALL:
        told = set(placed["prior"].values[changed.sel(model=observer.name).values])
        assert told | set(untaken[observer.name]) == set(placed["prior"].values) - {"none"}
        assert not told & set(untaken[observer.name])
    assert json.loads(placed.attrs["prior_kinds"]) == {"colours": [], "leaning": ["class"], "peering": ["place"]}


def test_maps_lie_on_the_grid_of_the_first_that_has_one_and_are_nan_where_there_are_none(placed):
    assert placed.sizes["token_y"] == 7 and placed["token_x"].values[:2].tolist() == [8, 24]
    weights = placed["prior_weights"].sel(prior=["place 1", "place 2"]).isel(iteration=1)
    assert weights.sel(model="peering").notnull().all()
    assert weights.sel(model=["colours", "leaning"]).isnull().all()
    norms = placed["token_norm"].isel(prior=0)
    assert norms.sel(model="peering").notnull().all() and norms.sel(model="leaning").isnull().all()
    assert json.loads(placed.attrs["map_grids"]) == {"colours": None, "leaning": None, "peering": [7, 7]}


def test_maps_of_another_grid_are_means_over_areas_and_their_cues_of_their_own_grid():
    whole = replace(COLOURS, name="whole", grid=(14, 14))
    record = experiments.run("bistable", [whole, PEERING], n=2)
    alone = experiments.run("bistable", PEERING, n=2)
    fine, coarse = (of["prior_weights"].isel(iteration=1) for of in (record.sel(model="peering"), alone))
    np.testing.assert_array_equal(fine, coarse.values.repeat(2, -2).repeat(2, -1))
    assert record["mask_1"].shape == (2, 14, 14)


def test_resampling_keeps_means_where_one_grid_divides_the_other():
    maps = torch.rand(2, 3, 4, 6)
    for grid in ((2, 3), (8, 6), (4, 6), (1, 1)):
        torch.testing.assert_close(on_grid(maps, grid).mean((-2, -1)), maps.mean((-2, -1)))
    np.testing.assert_allclose(on_grid(maps, (2, 3))[1, 2, 0, 0], maps[1, 2, :2, :2].mean(), rtol=1e-6)


def test_named_cues_of_which_one_takes_none_are_refused():
    probe = experiments.PROBES["bistable"]
    only = probe.parameters(priors=("none", "place"))
    with pytest.raises(ValueError, match="leaning takes none of the cues place 1, place 2: it takes class; "):
        experiments.run(probe, ALL, n=2, parameters=only)
    record = experiments.run(
        probe, [COLOURS, PEERING], n=2, parameters=only
    )  # one that is never told anything may stay
    assert json.loads(record.attrs["untaken_priors"]) == {"colours": ["place 1", "place 2"], "peering": []}


def test_seeds_are_numbered_where_those_of_names_differ_and_numbers_must_agree():
    def seeds(observer, *numbers):
        return [replace(observer, seed=number) for number in numbers]

    record = experiments.run("recognition", [*seeds(COLOURS, 3, 5), *seeds(LEANING, 0, 1)], n=2)
    assert record["seed"].values.tolist() == [0, 1]
    mixed = [*seeds(COLOURS, 0), *seeds(LEANING, 0, 1), *seeds(COLOURS, 1)]
    assert experiments.run("recognition", mixed, n=2)["model"].values.tolist() == ["colours", "leaning"]
    with pytest.raises(ValueError, match="as many seeds each, got 1 of colours, 2 of leaning"):
        experiments.run("recognition", [COLOURS, *seeds(LEANING, 0, 1)], n=2)
    with pytest.raises(ValueError, match="called 'colours' and have the same seed"):
        experiments.run("recognition", [COLOURS, COLOURS], n=2)


def test_a_network_without_tokens_has_the_map_of_what_its_places_add_to_the_answer():
    record = experiments.run("bistable", "cnn_micro", n=2)
    assert record["class_activation"].notnull().all() and record["token_norm"].isnull().all()
    drawn = experiments.figures.FIGURES["signature"]([record])
    assert "class activation bottom-up" in drawn.get_label()
    assert "class_activation" not in experiments.run("bistable", "vit_micro", n=2)  # whose records are as they were


def test_a_record_of_one_observer_tells_no_more_than_before_but_that_it_has_no_places():
    beside = {"mechanisms", "checkpoints", "untaken_priors"}
    told = [experiments.run("recognition", observer, n=1).attrs for observer in (COLOURS, "absvit_micro")]
    assert all(beside.isdisjoint(of) for of in told) and "map_grids" not in told[1]
    assert json.loads(told[0]["map_grids"]) == {"colours": None}
