"""The stimulus-set format: what is written is found again by other programs, and by us; the command line."""

import json
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from folders import contents
from PIL import Image

import stimuli
from absvit.images import class_folder
from stimuli.__main__ import main
from stimuli.families import FAMILIES, halves, objects
from stimuli.sets import format
from stimuli.sets.viewing_distance import Viewing, in_degrees

OBJECTS = objects.Objects(size=(40, 48), n_objects=2)
HALVES = halves.Halves(objects.Objects(size=(32, 64)))


def photographs():
    pictures = np.random.default_rng(0).integers(0, 256, (2, 50, 40, 3), np.uint8)
    return halves.from_photographs(*pictures, ("cat", "dog"), HALVES)


def designed():
    """Two objects or one, with design variables of every kind and the words that tables like to swallow."""
    drawn = objects.draw(OBJECTS, 4, 1)
    arrays = {name: drawn[name].values.copy() for name in ("image", "object_class", "object_mask", "object_x")}
    arrays["object_class"][1, 1], arrays["object_x"][1, 1], arrays["object_mask"][1, 1] = -1, np.nan, False
    arrays["cue_mask"], arrays["cue_weight"] = ~arrays["object_mask"], np.arange(8.0).reshape(4, 2) / 7
    design = {
        "condition": (["valid", "None", "", 'a, "b"'], "kind of cue", "1"),
        "present": ([True, False, True, False], "whether a target is shown", "1"),
        "set_size": ([2, 1, 2, 2], "objects shown", "1"),
        "spacing": (np.array([4.25, np.nan, 1e-7, 30]), "distance of neighbours", "pixel"),
    }
    dims = {
        "cue_mask": (("stimulus", "object", "y", "x"), "pixels that are cued", "1"),
        "cue_weight": (("stimulus", "object"), "weight of the cue", "1"),
    }
    recipe = {"family": "designed", "parameters": OBJECTS, "seed": 1, "categories": objects.CATEGORIES}
    return format.from_arrays(arrays, first=7, **recipe, design=design, dims=dims, licence="CC-BY-4.0", source="us")


SETS = {
    "objects": lambda: objects.draw(OBJECTS, 3, 1),
    "later numbers": lambda: objects.draw(OBJECTS, 3, 1, first=100_000),
    "bistable": lambda: halves.draw(HALVES, 4, 2),
    "photographs": photographs,
    "designed": designed,
}


@pytest.mark.parametrize("name", SETS)
def test_a_set_is_read_as_it_was_written(name, tmp_path):
    drawn = SETS[name]()
    format.write(drawn, tmp_path / "set")
    read = format.read(tmp_path / "set")
    xr.testing.assert_identical(read, drawn)  # values, coordinates and attributes
    assert {name: read[name].dtype for name in read} == {name: drawn[name].dtype for name in drawn}


def test_the_table_leads_other_programs_to_every_picture(tmp_path):
    drawn = SETS["bistable"]()
    format.write(drawn, tmp_path)
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


def test_design_variables_are_columns_and_data_of_the_trials(tmp_path):
    drawn = designed()
    format.write(drawn, tmp_path)
    table = pd.read_csv(tmp_path / "stimuli.csv", keep_default_na=False)
    for name in ("condition", "present", "set_size"):
        assert table[name].tolist() == drawn[name].values.tolist()
    names = [objects.CATEGORIES[c] for c in drawn["object_class"].values[:, 1]]
    assert table["category_1"].tolist() == [names[0], "", *names[2:]]
    assert all(column.isidentifier() for column in table)  # PsychoPy makes variables of them
    trials = json.loads((tmp_path / "trials_jspsych.json").read_text(), parse_constant=pytest.fail)
    assert [trial["stimulus"] for trial in trials] == table["image"].tolist()
    assert {trial["type"] for trial in trials} == {"image-keyboard-response"}
    assert trials[1]["data"].items() >= {"set_stimulus": 8, "condition": "None", "present": False, "x_1": None}.items()
    assert not {"stimulus", "response", "rt", "trial_type"} & set(trials[1]["data"])  # jsPsych's own
    assert not any("mask" in name for name in trials[0]["data"])


def test_places_and_sizes_are_told_in_degrees_of_the_stated_viewing():
    drawn = objects.draw(OBJECTS, 3, 1)
    seen = in_degrees(drawn, Viewing(viewing_distance=100, pixel_pitch=0.5))
    pixels = 1000 * 2 * np.tan(np.deg2rad(0.5)) / 0.5
    assert seen.attrs["pixels_per_degree"] == pytest.approx(pixels) == pytest.approx(34.9, abs=0.01)
    np.testing.assert_allclose(seen["object_x_degree"] * pixels + 24, drawn["object_x"], rtol=1e-5)
    np.testing.assert_allclose(20 - seen["object_y_degree"] * pixels, drawn["object_y"], rtol=1e-5)  # upwards
    np.testing.assert_allclose(seen["object_radius_degree"] * pixels, drawn["object_radius"], rtol=1e-5)
    again = in_degrees(seen, Viewing(pixels_per_degree=10))
    np.testing.assert_allclose(again["object_radius_degree"] * 10, drawn["object_radius"], rtol=1e-5)
    assert set(again) == set(drawn) == set(seen)
    assert designed()["spacing_degree"].attrs["units"] == "degree of visual angle"


def test_pictures_in_the_background_keep_their_licence(tmp_path):
    Image.new("RGB", (80, 50)).save(tmp_path / "a.png")
    scene = objects.Objects(size=(32, 64), background=f"folder:{tmp_path}")
    assert objects.draw(scene, 1, 0).attrs["licence"].startswith("that of the pictures")
    assert tmp_path.name in halves.draw(halves.Halves(scene), 1, 0).attrs["source"]
    assert SETS["objects"]().attrs["licence"] == "CC0-1.0"
    assert designed().attrs["licence"] == "CC-BY-4.0" and designed().attrs["source"] == "us"


def test_luminance_and_contrast_are_those_of_srgb(tmp_path):
    image = np.zeros((2, 40, 48, 3), np.uint8)
    image[0, :, :24], image[1] = 255, 188  # half white; sRGB 188 has about half the light of white
    recipe = {"family": "f", "parameters": OBJECTS, "seed": 0, "categories": []}
    format.write(format.from_arrays({"image": image}, first=0, **recipe), tmp_path)
    told = json.loads((tmp_path / "stimuli.json").read_text())["luminance"]
    half = ((188 / 255 + 0.055) / 1.055) ** 2.4
    assert told["mean_luminance"]["max"] == pytest.approx(half, abs=1e-5) and 0.49 < half < 0.51
    assert told["mean_luminance"]["mean"] == pytest.approx((0.5 + half) / 2, abs=1e-5)
    assert (told["rms_contrast"]["max"], told["rms_contrast"]["min"]) == pytest.approx((0.5, 0), abs=1e-5)


def test_pictures_in_floats_become_grey_levels():
    recipe = {"first": 0, "family": "f", "parameters": OBJECTS, "seed": 0, "categories": []}
    levels = np.linspace(0, 1, 256, dtype=np.float32)
    image = np.broadcast_to(levels[None, :, None, None], (1, 256, 4, 3))
    drawn = format.from_arrays({"image": image}, **recipe)
    assert (drawn["image"].values == np.arange(256, dtype=np.uint8)[None, :, None, None]).all()
    for wrong in (image * 1.01, image - 0.01, image * np.nan, image[..., 0], np.zeros((1, 4, 4, 3), int)):
        with pytest.raises(ValueError, match="pictures must be"):
            format.from_arrays({"image": wrong}, **recipe)


@pytest.mark.parametrize(
    ("name", "dims", "told"),
    [
        ("set size", ("stimulus",), "column"),
        ("class", ("stimulus",), "column"),
        ("image_file", ("stimulus", "y"), "cannot hold"),
        ("class_0", ("stimulus",), "one already"),
        ("x", ("stimulus",), "column"),
        ("cue", None, "not described"),
    ],
)
def test_variables_that_would_not_come_back_are_refused(name, dims, told):
    arrays = {"image": np.zeros((2, 32, 32, 3), np.uint8), "object_class": np.zeros((2, 1), np.int16)}
    arrays[name] = np.zeros((2, 32) if dims and len(dims) > 1 else 2)
    about = {} if dims is None else {name: (dims, "something", "1")}
    with pytest.raises(ValueError, match=told):
        format.from_arrays(arrays, first=0, family="f", parameters=OBJECTS, seed=0, categories=["a"], dims=about)


def test_a_set_is_an_ordinary_class_folder_and_a_zarr_store_on_request(tmp_path):
    out = tmp_path / "set"
    words = ["objects", "--n", "70", "--size", "32", "32", "--class-folder", "--zarr", "--out", str(out)]
    assert main(words) == 0
    drawn = format.read(out)
    samples, categories = class_folder(out / "classes")
    found = {path.name: (categories[c], np.asarray(Image.open(path))) for path, c in samples}
    assert len(found) == 70
    for number in range(70):
        category, pixels = found[f"{number:05d}.png"]
        assert category == objects.CATEGORIES[drawn["object_class"].values[number, 0]]
        assert np.array_equal(pixels, drawn["image"].values[number])
    xr.testing.assert_identical(xr.open_zarr(out / "stimuli.zarr").load(), drawn)
    assert main(["verify", str(out)]) == 0
    assert main([*words, "--resume"]) == 0  # complete already
    assert main([word for word in words if word != "--zarr"] + ["--resume"]) == 2


def test_command_line_writes_what_draw_gives(tmp_path, capsys):
    words = ["objects", "--n", "3", "--seed", "1", "--size", "40", "48", "--n-objects", "2"]
    assert main([*words, "--out", str(tmp_path / "objects")]) == 0
    assert "3 stimuli" in capsys.readouterr().out
    xr.testing.assert_identical(format.read(tmp_path / "objects"), SETS["objects"]())
    words = ["bistable", "--n", "4", "--seed", "2", "--size", "32", "64", "--radius", "0.14", "0.28"]
    assert main([*words, "--out", str(tmp_path / "bistable")]) == 0
    xr.testing.assert_identical(format.read(tmp_path / "bistable"), SETS["bistable"]())


@pytest.mark.parametrize("name", [name for name, family in FAMILIES.items() if not family.needs])
def test_every_family_is_made_read_and_shown(name, tmp_path, capsys):
    assert main([name, "--n", "3", "--out", str(tmp_path / "set")]) == 0
    read = format.read(tmp_path / "set")
    xr.testing.assert_identical(read, stimuli.draw(name, n=3, seed=0))
    assert read.attrs["family"] == name  # what remake goes by
    assert main(["remake", str(tmp_path / "set"), "--out", str(tmp_path / "again")]) == 0
    assert main(["show", str(tmp_path / "set")]) == 0
    assert main(["list"]) == 0 and name in capsys.readouterr().out


@pytest.mark.processes
def test_the_same_command_gives_the_same_bytes(tmp_path):
    made = []
    for hash_seed in ("1", "2"):  # the order of Python's sets differs between these two
        out = tmp_path / hash_seed
        words = [sys.executable, "-m", "stimuli", "bistable", "--n", "2", "--size", "32", "64", "--out", str(out)]
        subprocess.run(words, check=True, capture_output=True, env={**os.environ, "PYTHONHASHSEED": hash_seed})
        made.append(contents(out))
    assert made[0] == made[1]
    assert len(made[0]) == 2 + 4 + 3


def test_places_that_cannot_be_written_are_refused_before_anything_is_drawn(tmp_path, refused, monkeypatch):
    mine = tmp_path / "full" / "mine.txt"
    mine.parent.mkdir()
    mine.write_text("precious")
    with monkeypatch.context() as patch:
        patch.setattr(objects, "draw", lambda *_: pytest.fail("drawn in vain"))
        for place in (mine.parent, mine):
            assert "exists already" in refused("objects", "--out", place)
    assert refused("objects", "--n", "1", "--out", mine / "below")
    assert contents(tmp_path) == {"full/mine.txt": b"precious"}
