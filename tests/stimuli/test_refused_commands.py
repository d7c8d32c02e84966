"""What ``python -m stimuli`` cannot do is one line that names it, and nothing is written."""

import json

import pytest

from stimuli.families import objects
from stimuli.sets import format

OF_SETS = [
    (["objects", "--n", "0"], "n must be at least 1"),
    (["objects", "--n", "many"], "'many'"),
    (["objects", "--colour", "many"], "there is no option --colour; python -m stimuli objects --help"),
    (["objects", "--seed", "-1"], "seed must be in"),
    (["bistable", "--seed", "4294967296"], "kept for training"),
    (["objects", "--radius", "0.3", "0.2"], "radius must hold"),
    (["objects", "--n-objects", "9"], "n_objects must be 1 to 4"),
    (["objects", "--contrast", "nan"], "contrast must be a finite number"),
    (["bistable", "--size", "64", "65"], "even width"),
    (["bistable", "--n-objects", "2"], "one object"),
    (["photographs of my own"], "'photographs of my own'"),
    (["objects", "--jobs", "0"], "jobs must be at least 1"),
    (["objects", "--overwrite", "--resume"], "not both"),
    (["objects", "--viewing-distance", "0"], "viewing_distance must be"),
    (["objects", "--pixels-per-degree", "nan"], "pixels_per_degree must be"),
    (["halves", "--squeeze"], "give --folder or --photographs"),
    (["halves", "--folder", "IN", "--photographs", "a.png", "b.png"], "give --folder or --photographs"),
    (["halves", "--folder", "IN", "--classes", "a", "b"], "--photographs with it"),
    (["halves", "--folder", "IN/n0"], "no class folders"),
    (["halves", "--folder", "IN/.."], "at least two classes"),
    (["halves", "--folder", "IN/gone"], "no class folder"),
    (["halves", "--folder", "IN", "--size", "32", "63"], "even width"),
    (["halves", "--photographs", "IN/n0/0.png", "IN/gone.png"], "no picture at"),
    (["hybrid", "--folder", "IN", "--photographs", "a.png", "b.png"], "give --folder or --photographs"),
    (["overlay", "--classes", "a", "b"], "give --photographs with it"),
    (["morph", "--folder", "IN/gone"], "no class folder"),
    (["overlay", "--photographs", "IN/n0/0.png", "IN/n1/0.png"], "need different names"),
    (["overlay", "--photographs", "IN/n0/0.png", "IN/n0/7.png"], "no picture at"),
    (["hybrid", "--folder", "IN", "--size", "64", "64"], "too small for stimuli"),
]


@pytest.mark.parametrize(("words", "told"), OF_SETS)
def test_sets_that_cannot_be_made_are_refused(words, told, noisy, tmp_path, refused):
    assert told in refused(*(word.replace("IN", str(noisy)) for word in words), "--out", tmp_path / "set")
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


@pytest.mark.parametrize("command", ["verify", "show"])
@pytest.mark.parametrize(
    ("recipe", "told"), [(None, "no stimulus set"), ("{", "cannot be read"), ("[]", "lacks"), ("{}", "lacks")]
)
def test_what_is_no_set_is_refused(command, recipe, told, tmp_path, refused):
    if recipe is not None:
        (tmp_path / "stimuli.json").write_text(recipe)
    assert told in refused(command, tmp_path)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A set of two scenes."""
    folder = tmp_path_factory.mktemp("small") / "set"
    format.write(objects.draw(objects.Objects(size=(32, 32)), 2, 0), folder)
    return folder


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["show", "SET", "--n", "0"], "at least 1"),
        (["show", "SET", "--columns", "0"], "at least 1"),
        (["show", "SET", "--out", "sheet.gif"], ".png or .jpg file"),
        (["classes", "SET", "SET/.."], "exists already"),
        (["classes", "SET", "SET/new", "--by", "colour"], "has no column 'colour'"),
        (["classes", "SET", "SET/new", "--by", "image"], "cannot name a folder"),
    ],
)
def test_sets_that_cannot_be_shown_or_sorted_are_refused(words, told, small, refused):
    assert told in refused(*(word.replace("SET", str(small)) for word in words))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("family", "unknown"), "of the family 'unknown'"),
        (("parameters", {"colour": 1}), "no parameters colour"),
        (("parameters", {"n_objects": 9}), "n_objects must be"),
        (("first", 5), "starts at stimulus 5"),
        (("seed", -1), "seed must be"),
    ],
)
def test_recipes_that_cannot_be_made_are_refused(change, told, small, tmp_path, refused):
    recipe = tmp_path / "stimuli.json"
    recipe.write_text(json.dumps({**json.loads((small / "stimuli.json").read_text()), **dict([change])}))
    assert told in refused("remake", recipe, "--out", tmp_path / "again")
    assert list(tmp_path.iterdir()) == [recipe]
