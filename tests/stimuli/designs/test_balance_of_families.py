"""In every family: nothing tells the answer but what is meant to, seeds differ, and no stimulus comes twice."""

import hashlib
import shutil

import numpy as np
import pandas as pd
import pytest
import synthetic_pictures

from stimuli.designs import balance, balancing, items_of
from stimuli.families import FAMILIES, objects
from stimuli.families.family import changed
from stimuli.pictures.photographs import Pictures

SEEDS, GRID = (0, 1), (16, 48)
PLACE = ("x_0", "y_0")
LOOK = (*PLACE, "radius_0", "rotation_0", "hue_0")
FREE, WIDE = {"hue": "nothing"}, {"size": (64, 96), "radius": 0.06}
TINY = {"size": (32, 32), **FREE}
# what is changed of a family's parameters, and what is to say nothing of which answers
CASES = {
    "objects": (TINY, {"category_0": LOOK}),
    "scenes": (TINY, {"category_0": ("set_size", *LOOK, "hue_1", "x_1")}),
    "halves": (
        {"size": (32, 64), **FREE},
        {"category_0": ("side_0", *LOOK, "hue_1"), "side_0": ("category_1", "y_0", "hue_0")},
    ),
    "overlay": (TINY, {"label": ("mix", *LOOK), "mix": LOOK}),
    "hybrid": ({"high": 12.0, **TINY}, {"category_0": ("low", *LOOK)}),
    "morph": ({"steps": 3, **TINY}, {"category_0": ("direction", *LOOK), "direction": LOOK}),
    "mosaic": (FREE, {"category_0": ("place", "arrangement", *LOOK), "place": ("category_0", "hue_0")}),
    "ambiguous": ({}, {"condition": ("figure", "version", *PLACE)}),
    "contours": ({"rotation": 30.0}, {"condition": ("figure", "figure_x", "figure_y", "figure_rotation")}),
    "navon": ({}, {"global_letter": ("congruency", *PLACE), "congruency": ("local_letter", *PLACE)}),
    "cueing": (
        {"soas": (0.1, 0.8), **FREE},
        {"category_0": ("validity", "target_place", "cue_place", "soa", *PLACE, "hue_0"),
         "target_place": ("validity", "cue_place", "soa", "category_0", "y_0", "hue_0")},
    ),
    "search": (
        {"set_sizes": (2, 3, 4), "radius": 0.08}, {"target": ("set_size", "target_form", "target_hue", *PLACE)},
    ),
    "crowding": (
        {"coloured": True, **WIDE, **FREE},
        {"category_0": ("spacing", "target_side", *PLACE, "hue_0"), "target_side": ("spacing", "category_0", "y_0")},
    ),
    "rsvp": ({"lags": (1, 3, 8)}, {"t2": ("lag", "t1_class", "t2_class", "t1_place")}),
    "change_detection": ({"set_sizes": (1, 2)}, {"change": ("set_size", "changed_to", *PLACE)}),
    "attention_network": ({}, {"answer": ("congruency", "cue", "target_place", "foreperiod", *PLACE)}),
    "contextual_search": (
        {"set_size": 3, "configurations": 3, "radius": 0.06},
        {"target_direction": ("configuration", "configuration_number", "x_1", "y_1")},
    ),
}  # fmt: skip
OF_PICTURES = {"natural": ("side_0", "y_0"), "outlines": (), "cue_conflict": ()}
ORDERED = {"block", "sequence", "step"}  # follow the number by what they mean


def rows_of(sets):
    """Items of sets of several seeds; the pictures of a sequence, which are the same, are one item."""
    rows = [items_of(one).assign(seed=seed) for seed, one in zip(SEEDS, sets, strict=True)]
    rows = pd.concat([one.assign(number=range(len(one))) for one in rows], ignore_index=True)
    own = rows["sequence"] // 2 if "sequence" in rows else rows["item"]
    return rows.assign(item=own.astype(str) + " of " + rows["seed"].astype(str))


def given_away(sets, answers):
    """Factors that tell an answer in the first n stimuli of sets, for every n of the grid."""
    rows = rows_of(sets)
    found = {}
    for (answer, factors), n in [(case, n) for case in answers.items() for n in GRID]:
        report = balance(rows[rows["number"] < n], factors, answer, pairs=False)
        found |= {(answer, n, factor): report.loc[factor, "guessed"] for factor in balancing.told(report)}
    return found


@pytest.fixture(scope="module")
def drawn():
    """Sets of every family that draws, one a seed."""
    found = {}
    for name, (changes, _) in CASES.items():
        parameters = changed(FAMILIES[name].parameters(), **{"size": (64, 64), **changes})
        found[name] = [FAMILIES[name].draw(parameters, max(GRID), seed, 0) for seed in SEEDS]
    return found


@pytest.fixture(scope="module")
def photographed(tmp_path_factory):
    """Sets of every family that shows pictures, one a seed."""
    folder = tmp_path_factory.mktemp("pictures")
    cut, of = folder / "cut", {name: FAMILIES[name].parameters for name in OF_PICTURES}
    for part in ("images", "masks"):
        synthetic_pictures.paint(cut / part, each=8, size=24)
    outlined = synthetic_pictures.outlined(folder / "outlined")
    for file in [file for file in outlined.rglob("*.*") if file.parent != outlined]:
        for copy in range(3):
            shutil.copy(file, file.with_stem(f"{file.stem}_{copy}"))
    parameters = {
        "halves": FAMILIES["halves"].parameters(
            objects.Objects((64, 64)), Pictures(synthetic_pictures.paint(folder / "classes", each=12, size=40))
        ),
        "natural": of["natural"](str(cut), (64, 64), enlargement=4),
        "outlines": of["outlines"](str(outlined), (64, 64)),
        "cue_conflict": of["cue_conflict"](str(synthetic_pictures.in_conflict(folder / "conflict", each=4)), (64, 64)),
    }
    found = {}
    for name, chosen in parameters.items():
        n = 12 if name == "outlines" else 24
        found[name] = [FAMILIES[name].draw(chosen, n, seed, 0) for seed in SEEDS]
    return found


def test_every_family_is_tried():
    assert {*CASES, *OF_PICTURES} == set(FAMILIES)


@pytest.mark.parametrize("name", CASES)
def test_nothing_tells_the_answer_but_what_is_meant_to(name, drawn):
    assert given_away(drawn[name], CASES[name][1]) == {}


def test_sides_tell_nothing_of_photographs_either(photographed):
    for name in ("halves", "natural"):
        rows = rows_of(photographed[name])
        assert balancing.told(balance(rows, ["side_0"], "category_0", pairs=False)) == []


def different(sets):
    """Names of what varies within a set, and whether it does so otherwise in that of another seed."""
    one, other = (items_of(of).drop(columns="item").astype(str) for of in sets)
    return {name: not one[name].equals(other[name]) for name in one if one[name].nunique() > 1}


@pytest.mark.parametrize("name", [*CASES, *OF_PICTURES])
def test_seeds_change_pictures_and_the_order_of_all_that_varies(name, drawn, photographed):
    sets = drawn[name] if name in drawn else photographed[name]
    varied = different(sets)
    assert {name for name, changes in varied.items() if not changes} <= ORDERED and any(varied.values())
    assert (sets[0]["image"].values != sets[1]["image"].values).any()
    if name in CASES:  # pictures that are drawn are never drawn again
        shown = [{picture.tobytes() for picture in one["image"].values} for one in sets]
        few = name in ("attention_network", "rsvp")  # what differs there is told in other frames
        assert few or not shown[0] & shown[1]


@pytest.mark.parametrize("name", [*CASES, *OF_PICTURES])
def test_no_stimulus_comes_twice(name, drawn, photographed):
    for one in drawn[name] if name in drawn else photographed[name]:
        pictures = [hashlib.sha256(picture.tobytes()).hexdigest() for picture in one["image"].values]
        assert not items_of(one).drop(columns="item").assign(picture=pictures).astype(str).duplicated().any()


@pytest.mark.parametrize(
    ("name", "changes"), [("objects", {}), ("cueing", {}), ("crowding", {"coloured": True, **WIDE})]
)
def test_a_hue_that_tells_the_category_is_found(name, changes):
    parameters = changed(FAMILIES[name].parameters(), **{"size": (64, 64), **changes})
    sets = [FAMILIES[name].draw(parameters, max(GRID), seed, 0) for seed in SEEDS]
    assert ("category_0", 48, "hue_0") in given_away(sets, {"category_0": ("hue_0",)})


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("objects", {"hue_sd": 0.0}), ("scenes", {"hue_sd": 0.0}), ("cueing", {"jitter": 0.0}),
        ("crowding", {"coloured": True, **WIDE}), ("attention_network", {"coloured": True}),
        ("rsvp", {"coloured": True}),
    ],
)  # fmt: skip
def test_conflicting_hues_are_those_of_other_categories_and_nothing_else_changes(name, changes):
    family, sets = FAMILIES[name], {}
    for hue in ("category", "conflicting", "nothing"):
        parameters = changed(family.parameters(), **{"size": (64, 64), "hue": hue, **changes})
        sets[hue] = family.draw(parameters, 24, 5, 0)
    there = sets["category"]["object_class"].values >= 0
    steps = {hue: (one["object_hue"].values / 30 - one["object_class"].values)[there] % 12 for hue, one in sets.items()}
    np.testing.assert_allclose(steps["category"] % 12, 0, atol=1e-4)
    np.testing.assert_allclose(steps["conflicting"], np.rint(steps["conflicting"]), atol=1e-4)
    assert steps["conflicting"].min() > 0.5 and steps["conflicting"].max() < 11.5
    assert len(set(np.rint(steps["conflicting"]))) >= 8 and len(set(steps["nothing"].round(3))) > 20
    for name, variable in sets["category"].data_vars.items():
        same = [variable.identical(sets[hue][name]) for hue in ("conflicting", "nothing")]
        assert same == [name not in ("image", "object_hue")] * 2, name


def test_hues_of_a_stream_are_the_set_s_own_whatever_is_drawn_beside():
    family = FAMILIES["rsvp"]
    parameters = changed(family.parameters(), size=(64, 64), lags=(1,), coloured=True, hue="nothing")
    whole, part = family.draw(parameters, 4, 2, 0), family.draw(parameters, 1, 2, 3)
    frames, again = family.course(parameters, whole, 3), family.course(parameters, part, 0)
    for one, other in zip(frames, again, strict=True):
        assert one.name == other.name and (one.picture is None or np.array_equal(one.picture, other.picture))
    colours = {tuple(frame.picture[32, 32]) for frame in frames if frame.name in ("distractor", "first", "second")}
    assert len(colours) > 3


@pytest.mark.parametrize(
    ("name", "changes", "told"),
    [
        ("objects", {"hue": "shape"}, "hue tells category, nothing, conflicting"),
        ("objects", {"hue": "nothing", "hue_conflict": 0.5}, "hue_conflict is about hues that tell the category"),
        ("crowding", {"hue": "nothing"}, "give coloured with it"),
        ("attention_network", {"hue": "conflicting"}, "give coloured with it"),
        ("cueing", {"jitter": 0.3}, r"jitter must be in \[0, 0.2\]"),
    ],
)
def test_what_hues_cannot_tell_is_refused(name, changes, told):
    with pytest.raises(ValueError, match=told):
        changed(FAMILIES[name].parameters(), **changes)
