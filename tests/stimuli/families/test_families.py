"""What holds for every family of displays: their contract with further parameters, balance, places, sizes."""

from collections import Counter
from dataclasses import asdict, replace

import numpy as np
import pytest
from fault_designs import levels

from absvit.training.cued.scenes import Scenes
from stimuli.families import (
    ambiguous,
    contours,
    crowding,
    cueing,
    halves,
    hybrid,
    morph,
    navon,
    objects,
    overlay,
    search,
)  # fmt: skip
from stimuli.families.check import check_family
from stimuli.families.timed import attention_network, change_detection, contextual_search, rsvp

SMALL = objects.Objects(size=(40, 48), radius=(0.25, 0.4))
FAMILIES = {
    "overlay": (overlay, overlay.Overlay(SMALL)),
    "morph": (morph, morph.Morph(SMALL, steps=3)),
    "cueing": (cueing, cueing.Cueing(size=(64, 72))),
    "cueing, central": (cueing, cueing.Cueing((64, 64), cue="central", places=4, distractors=2, radius=0.08)),
    "cueing, class": (cueing, cueing.Cueing((64, 64), cue="class", distractors=1)),
    "search": (search, search.Search(size=(64, 80), set_sizes=(2, 5), radius=0.08)),
    "navon": (navon, navon.Navon(size=(64, 64), letters=("H", "S", "T"))),
    "contours": (contours, contours.Contours(size=(64, 70), rotation=30)),
    "ambiguous": (ambiguous, ambiguous.Ambiguous(size=(64, 70))),
    "crowding": (crowding, crowding.Crowding(size=(64, 96), radius=0.06)),
    "hybrid": (hybrid, hybrid.Hybrid(SMALL)),
    "rsvp": (rsvp, rsvp.Rsvp(size=(64, 72))),
    "change_detection": (change_detection, change_detection.ChangeDetection(size=(64, 80))),
    "attention_network": (attention_network, attention_network.AttentionNetwork(size=(64, 80))),
    "contextual_search": (
        contextual_search,
        contextual_search.ContextualSearch((64, 80), set_size=5, configurations=4, radius=0.06),
    ),
}


OF_SCENES = ("overlay", "morph", "hybrid")
FURTHER = [{"clutter": 15}, {"occlusion": 0.4}, {"background": "texture:grass"}]


@pytest.fixture(scope="module", params=FAMILIES)
def family(request):
    module, parameters = FAMILIES[request.param]
    return request.param, module, parameters, module.draw(parameters, 12, 3)


def test_families_keep_their_promises_with_other_parameters(family):
    name, _, parameters, _ = family
    check_family(name.partition(",")[0], parameters)


@pytest.mark.parametrize("scene", FURTHER, ids=str)
@pytest.mark.parametrize("family", ["objects", "halves"])
def test_scenes_keep_their_promises_with_clutter_occluders_and_other_backgrounds(family, scene):
    scene = replace(SMALL, **scene)
    check_family(family, halves.Halves(replace(scene, size=(48, 64))) if family == "halves" else scene)


def test_what_is_counterbalanced_is_told_and_whole_blocks_of_it_are(family):
    name, module, parameters, _ = family
    stimuli = module.draw(parameters, 48, 3)
    assert stimuli.attrs["design"] == 2
    factors = dict(zip(stimuli.attrs["factors"], stimuli.attrs["levels"], strict=True))
    size = 1
    for factor, count in factors.items():
        size *= count
        if 48 % size or (factor not in stimuli and factor != "category"):
            continue
        values = stimuli[factor] if factor in stimuli else stimuli["object_class"].isel(object=0)
        assert set(Counter(values.values.astype(str).tolist()).values()) == {48 // count}, factor


WHOLE = [  # parameters, stimuli that hold every combination of levels once, and the variables that tell them
    ("overlay", overlay.Overlay(objects.Objects((32, 32)), (0.3, 0.7)), 264, ("mix", "class 0", "class 1")),
    ("crowding", crowding.Crowding((64, 96), (0.42, 0.7), radius=0.07), 72, ("spacing", "target_side", "class 0")),
    ("cueing", cueing.Cueing((64, 64), cue="class"), 72, ("validity", "target_place", "class 0")),
]


@pytest.mark.parametrize(("name", "parameters", "n", "factors"), WHOLE)
def test_a_whole_design_holds_every_combination_once(name, parameters, n, factors):
    stimuli = FAMILIES[name][0].draw(parameters, n, 0)
    assert len(set(zip(*(levels(stimuli, factor).tolist() for factor in factors), strict=True))) == n


@pytest.mark.parametrize(
    ("name", "parameters", "half_way"),
    [
        ("contours", contours.Contours((128, 144), (3, 4, 5), radius=0.3, rotation=40), 128),
        ("navon", navon.Navon((168, 168), ("H", "S", "T", "L"), height=0.875, ink=0.2, background=0.6), 102),
        ("crowding", crowding.Crowding((128, 192), (0.42, 0.7), radius=0.07), 90),
    ],
)
def test_masks_are_the_ink(name, parameters, half_way):
    stimuli = FAMILIES[name][0].draw(parameters, 12, 0)
    level, masks = stimuli["image"].values[..., 0], stimuli["object_mask"].values
    if name == "crowding":
        level[:, 58:70, 90:102] = 179  # the fixation mark
        assert "object_hue" not in stimuli
    for ink in np.moveaxis(masks, 1, 0) if name == "navon" else [masks.any(1)]:  # both letters are of all the ink
        assert level[ink].max() <= half_way <= level[~ink].min() + 1
    assert masks.sum(1).max() == (2 if name == "navon" else 1)


def test_declared_places_are_those_of_the_masks(family):
    name, _, _, stimuli = family
    if name in ("ambiguous", "navon", *OF_SCENES):
        return  # figures around their frame's centre, checked elsewhere
    masks, absent = stimuli["object_mask"].values, stimuli["object_class"].values < 0
    assert not masks[absent].any() and masks[~absent].any((1, 2)).all()
    for image, k in np.argwhere(~absent):
        rows, columns = np.nonzero(masks[image, k])
        x, y, radius = (float(stimuli[f"object_{part}"].values[image, k]) for part in ("x", "y", "radius"))
        assert np.hypot(rows + 0.5 - y, columns + 0.5 - x).max() <= 1.15 * radius + 1
        assert max(np.ptp(rows), np.ptp(columns)) + 1 >= 1.2 * radius - 1


@pytest.mark.parametrize("name", FAMILIES)
def test_any_size_can_be_drawn(name):
    module, parameters = FAMILIES[name]
    values = {field: getattr(parameters, field) for field in asdict(parameters)}
    if "scene" in values:
        values["scene"] = objects.Objects(size=(160, 192), radius=(0.25, 0.4))
    else:
        values["size"] = tuple(4 * side for side in parameters.size)
    large, small = (module.draw(p, 4, 2) for p in (type(parameters)(**values), parameters))
    assert large["image"].shape[1:] == tuple(4 * side for side in small["image"].shape[1:3]) + (3,)
    for variable in ("object_class", "object_x"):
        scale = 1 if variable == "object_class" else 4
        if name not in OF_SCENES:  # their noise takes as many random numbers as there are pixels
            np.testing.assert_allclose(large[variable], scale * small[variable], atol=1.5)


def test_families_and_training_draw_from_random_streams_of_their_own(monkeypatch):
    keys, philox = {}, np.random.Philox

    def recorded(key):
        keys.setdefault(current, []).append(tuple(map(int, key)))
        return philox(key=key)

    monkeypatch.setattr(np.random, "Philox", recorded)
    for seed in (0, 5, 2**32 - 1):
        for current in (name for name in FAMILIES if "," not in name):
            module, parameters = FAMILIES[current]
            module.draw(parameters, 4, seed)
        current = "objects"
        objects.draw(SMALL, 4, seed)
        current = "halves"
        halves.draw(halves.Halves(replace(SMALL, size=(48, 64))), 4, seed)
        current = "training"
        Scenes(size=48).batch(np.arange(4), seed, 0.0)
    assert sum(len(set(used)) for used in keys.values()) == len(set().union(*keys.values()))
    for name in ("objects", "halves", "training"):
        assert len(set(keys[name])) == len(keys[name])  # none is used twice
