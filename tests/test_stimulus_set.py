"""The stimulus-set format: what is written is found again by other programs, and by us; the command line."""

import hashlib
import json
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from PIL import Image

from stimuli import bistable, objects, stimulus_set
from stimuli.__main__ import main

OBJECTS = objects.Objects(size=(40, 48), n_objects=2)
HALVES = bistable.Halves(objects.Objects(size=(32, 64)))


def photographs():
    pictures = np.random.default_rng(0).integers(0, 256, (2, 50, 40, 3), np.uint8)
    return bistable.from_photographs(*pictures, ("cat", "dog"), (32, 64))


SETS = {
    "objects": lambda: objects.draw(OBJECTS, 3, 1),
    "later numbers": lambda: objects.draw(OBJECTS, 3, 1, first=100_000),
    "bistable": lambda: bistable.draw(HALVES, 4, 2),
    "photographs": photographs,
}


@pytest.mark.parametrize("name", SETS)
def test_a_set_is_read_as_it_was_written(name, tmp_path):
    drawn = SETS[name]()
    stimulus_set.write(drawn, tmp_path / "set")
    read = stimulus_set.read(tmp_path / "set")
    xr.testing.assert_identical(read, drawn)  # values, coordinates and attributes
    assert {name: read[name].dtype for name in read} == {name: drawn[name].dtype for name in drawn}


def test_the_table_leads_other_programs_to_every_picture(tmp_path):
    drawn = SETS["bistable"]()
    stimulus_set.write(drawn, tmp_path)
    table = pd.read_csv(tmp_path / "stimuli.csv")
    assert table["stimulus"].tolist() == [0, 1, 2, 3]
    for row, image in zip(table.itertuples(), drawn["image"].values, strict=True):
        assert np.array_equal(np.asarray(Image.open(tmp_path / row.image).convert("RGB")), image)
        for k in range(2):
            mask = np.asarray(Image.open(tmp_path / getattr(row, f"mask_{k}")).convert("L"))
            assert np.array_equal(mask == 255, drawn["object_mask"].values[row.stimulus, k])
            assert set(np.unique(mask)) == {0, 255}
            for quantity in ("class", "x", "y", "radius", "rotation", "hue", "side"):
                value = drawn[f"object_{quantity}"].values[row.stimulus, k]
                found = getattr(row, f"{quantity}_{k}")
                assert found == value if quantity in ("class", "side") else found == pytest.approx(value, rel=1e-6)
    named = {*table["image"], *table["mask_0"], *table["mask_1"]}
    assert named == {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.png")}


def test_the_recipe_gives_the_hash_of_every_file_and_makes_the_set_again(tmp_path):
    stimulus_set.write(SETS["objects"](), tmp_path)
    recipe = json.loads((tmp_path / "stimuli.json").read_text())
    files = {str(path.relative_to(tmp_path)): path for path in tmp_path.rglob("*") if path.is_file()}
    del files["stimuli.json"]
    assert recipe["sha256"] == {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()}
    assert recipe["family"] == "objects"
    assert recipe["categories"] == list(objects.CATEGORIES)
    parameters = {key: tuple(v) if isinstance(v, list) else v for key, v in recipe["parameters"].items()}
    again = objects.draw(objects.Objects(**parameters), 3, recipe["seed"])
    xr.testing.assert_identical(again, stimulus_set.read(tmp_path))


def test_every_variable_says_what_it_is():
    for drawn in (SETS["objects"](), SETS["bistable"]()):
        for name, variable in drawn.variables.items():
            assert variable.attrs["long_name"], name
        assert all(drawn[name].attrs["units"] for name in drawn)
        assert {"title", "family", "parameters", "seed", "categories", "licence"} <= set(drawn.attrs)


def test_a_folder_that_holds_something_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("precious")
    for place in (tmp_path, tmp_path / "mine.txt"):
        with pytest.raises(ValueError, match="exists already"):
            stimulus_set.write(SETS["objects"](), place)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
    assert (tmp_path / "mine.txt").read_text() == "precious"


def test_reading_what_is_no_set_says_so(tmp_path):
    with pytest.raises(FileNotFoundError, match="no stimulus set"):
        stimulus_set.read(tmp_path)
    stimulus_set.write(SETS["objects"](), tmp_path / "set")
    (tmp_path / "set" / "images" / "00001.png").unlink()
    with pytest.raises(FileNotFoundError, match="00001.png"):
        stimulus_set.read(tmp_path / "set")


def test_command_line_writes_what_draw_gives(tmp_path, capsys):
    words = ["objects", "--n", "3", "--seed", "1", "--size", "40", "48", "--n-objects", "2"]
    assert main([*words, "--out", str(tmp_path / "objects")]) == 0
    assert "3 stimuli" in capsys.readouterr().out
    xr.testing.assert_identical(stimulus_set.read(tmp_path / "objects"), SETS["objects"]())
    words = ["bistable", "--n", "4", "--seed", "2", "--size", "32", "64", "--radius", "0.14", "0.28"]
    assert main([*words, "--out", str(tmp_path / "bistable")]) == 0
    xr.testing.assert_identical(stimulus_set.read(tmp_path / "bistable"), SETS["bistable"]())


def test_the_same_command_gives_the_same_bytes(tmp_path):
    contents = []
    for hash_seed in ("1", "2"):  # the order of Python's sets differs between these two
        out = tmp_path / hash_seed
        words = [sys.executable, "-m", "stimuli", "bistable", "--n", "2", "--size", "32", "64", "--out", str(out)]
        subprocess.run(words, check=True, capture_output=True, env={**os.environ, "PYTHONHASHSEED": hash_seed})
        contents.append({path.relative_to(out): path.read_bytes() for path in out.rglob("*") if path.is_file()})
    assert contents[0] == contents[1]
    assert len(contents[0]) == 2 + 4 + 2


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["objects", "--n", "0"], "n must be at least 1"),
        (["objects", "--seed", "-1"], "seed must be in"),
        (["bistable", "--seed", "4294967296"], "kept for training"),
        (["objects", "--radius", "0.3", "0.2"], "radius must hold"),
        (["objects", "--n-objects", "9"], "n_objects must be 1 to 4"),
        (["objects", "--contrast", "nan"], "contrast must be a finite number"),
        (["bistable", "--size", "64", "65"], "even width"),
        (["bistable", "--n-objects", "2"], "one object"),
        (["photographs"], "'photographs'"),
    ],
)
def test_bad_requests_give_one_line_and_exit_code_2(words, told, tmp_path, capsys):
    assert main([*words, "--out", str(tmp_path / "new")]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1 and told in printed.err
    assert "tyro" not in printed.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words", [["objects", "--n", "many"], ["objects", "--colour", "many"]])
def test_words_that_cannot_be_read_are_named(words, tmp_path, capsys):
    assert main([*words, "--out", str(tmp_path / "new")]) == 2
    printed = capsys.readouterr()
    assert printed.out == "" and "many" in printed.err
    assert list(tmp_path.iterdir()) == []


def test_places_that_cannot_be_written_are_refused_before_anything_is_drawn(tmp_path, capsys, monkeypatch):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("precious")
    with monkeypatch.context() as patch:
        patch.setattr(objects, "draw", lambda *_: pytest.fail("drawn in vain"))
        for place in (tmp_path / "full", tmp_path / "full" / "mine.txt"):
            assert main(["objects", "--out", str(place)]) == 2
            printed = capsys.readouterr().err
            assert printed.count("\n") == 1 and "exists already" in printed
    assert main(["objects", "--n", "1", "--out", str(tmp_path / "full" / "mine.txt" / "below")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert (tmp_path / "full" / "mine.txt").read_text() == "precious"


def test_help_is_given_on_standard_output(capsys):
    assert main(["--help"]) == 0
    printed = capsys.readouterr()
    assert "bistable" in printed.out and printed.err == ""
