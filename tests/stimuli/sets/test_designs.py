"""Designs of all families: nothing follows the trial number, another factor or another seed; older sets are known."""

import json

import numpy as np
import pytest
from fault_designs import FAMILIES, beyond, guessed, measure, of_photographs

from stimuli.__main__ import main
from stimuli.families import cueing, halves, scenes
from stimuli.families.objects import Objects
from stimuli.foundation import design
from stimuli.sets import format

MADE_OF_PICTURES = ("halves", "natural", "whole")


@pytest.fixture(scope="module")
def families(tmp_path_factory):
    return FAMILIES | of_photographs(tmp_path_factory.mktemp("pictures"))


@pytest.mark.parametrize("name", [*FAMILIES, *MADE_OF_PICTURES])
def test_factors_are_balanced_and_follow_neither_number_nor_each_other_nor_the_seed(name, families):
    found = measure(families[name], 24, 10)
    assert beyond(found) == [], found


def test_the_old_order_would_have_been_found():
    i = np.arange(48)
    for column, known in ((i % 3, i % 12), (i // 3 % 12, i % 24), ((i + i // 24) % 2, i)):
        both = (np.tile(known, (10, 1)), np.tile(column, (10, 1)))
        assert guessed(*both) > 0.3


@pytest.mark.parametrize("n", [36, 48, 72, 396])
def test_set_sizes_differ_in_nothing_else(n):
    """Pairs of categories and set sizes: of few scenes each size has its own random pairs, of all of them all."""
    sizes, classes = design.accompanied(range(n), (3,), 12, 1, 7, scenes.STREAM)
    for size in range(3):
        own = classes[sizes[:, 0] == size]
        counts = np.bincount(own[:, 0], minlength=12)
        assert len(own) == n // 3 and counts.max() - counts.min() <= 2
        assert len({tuple(pair) for pair in own.tolist()}) == min(132, n // 3)
        assert len(set(((own[:, 1] - own[:, 0]) % 12).tolist())) >= min(6, n // 6)  # no fixed step from class to class


def test_seeds_differ_where_nothing_else_is_left_to_chance():
    one, two = (cueing.draw(cueing.Cueing((64, 64)), 24, seed) for seed in (1, 2))
    for name in ("image", "validity", "target_place", "object_class"):
        assert (one[name].values != two[name].values).any(), name


@pytest.fixture
def old(tmp_path):
    """A set whose recipe is that of the earlier order."""
    folder = tmp_path / "old"
    format.write(halves.draw(halves.Halves(Objects(size=(32, 64))), 3, 0), folder)
    recipe = json.loads((folder / "stimuli.json").read_text())
    for name in ("design", "factors", "levels"):
        del recipe[name]
    (folder / "stimuli.json").write_text(json.dumps(recipe))
    return folder


def test_a_set_of_the_earlier_order_is_read_and_verified_but_neither_resumed_nor_remade(old, tmp_path, refused):
    assert format.read(old).sizes["stimulus"] == 3
    assert main(["verify", str(old)]) == 0
    words = ["bistable", "--size", "32", "64", "--n", "3", "--out", str(old), "--resume"]
    for again in (words, ["remake", str(old), "--out", str(tmp_path / "again")]):
        told = refused(*again)
        assert "another order (design 1; here 2)" in told and "--overwrite" in told
    assert not (tmp_path / "again").exists()
    assert main([*words[:-1], "--overwrite"]) == 0
    assert main(["remake", str(old), "--out", str(tmp_path / "again")]) == 0


def test_a_set_begun_in_the_earlier_order_is_not_gone_on_with(tmp_path, refused):
    words = ["bistable", "--size", "32", "64", "--n", "3", "--out", str(tmp_path / "set")]
    begun = tmp_path / ".set.unfinished"
    assert main(words) == 0
    (tmp_path / "set").rename(begun)
    for name in ("stimuli.json", "stimuli.csv", "trials_jspsych.json"):
        (begun / name).unlink()
    (begun / "request.json").write_text(json.dumps({"family": "bistable", "seed": 0, "n": 3}))
    assert "another order (design 1; here 2)" in refused(*words, "--resume")


@pytest.mark.parametrize("name", ["cueing", "crowding"])
def test_a_set_from_before_objects_were_displaced_is_made_again_as_it_was(name, tmp_path):
    words = [name, "--size", "96", "144", "--n", "2", "--out", str(tmp_path / "old"), "--jitter", "0"]
    assert main(words) == 0
    recipe = json.loads((tmp_path / "old/stimuli.json").read_text())
    for field in ("jitter", "hue"):
        del recipe["parameters"][field]
    (tmp_path / "old/stimuli.json").write_text(json.dumps(recipe))
    assert main(["remake", str(tmp_path / "old"), "--out", str(tmp_path / "again")]) == 0
    assert main([*words[:-2], "--overwrite"]) == 0  # drawn today, objects are displaced
    new = json.loads((tmp_path / "old/stimuli.json").read_text())
    assert new["parameters"]["jitter"] > 0 and new["sha256"] != recipe["sha256"]
