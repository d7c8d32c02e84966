"""RobustnessExplorer without a browser: pictures, answers and profiles, and mistakes as one line."""

from dataclasses import replace

import numpy as np
import pytest
from synthetic_records import bistable_record
from synthetic_robustness import robustness_record
from test_explorers import ABSENT, MODES, made_by, picture_file, pixels, upload

import absvit
from experiments.live import corrupt, pictures
from notebooks.explorers import RobustnessExplorer


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("robustness")


@pytest.fixture(scope="module")
def stores(folder):
    paths = []
    for model in ("absvit_micro", "vit_micro"):
        paths.append(str(folder / f"{model}.zarr"))
        robustness_record(model, f"{model}.safetensors").to_zarr(paths[-1], consolidated=False)
    return tuple(paths)


@pytest.fixture(scope="module")
def explorer(stores, folder):
    return RobustnessExplorer(stores, folder=folder)


@pytest.mark.seconds
@pytest.mark.parametrize(
    "change",
    [
        {},
        {"corruption": "fog", "severity": 5, "iterations": 3, "seed": 4},
        {"models": ("absvit_micro", "absvit_micro seed1"), "source": "photographs", "number": 1, "severity": 0},
        {"models": (), "other": "vit_micro seed2", "corruption": "contrast", "stored": ""},
    ],
)
def test_the_code_makes_the_picture_that_is_shown(explorer, stores, change):
    plain = replace(explorer.selection, models=("absvit_micro", "vit_micro"), other="", source="objects",
                    stored="\n".join(stores))  # fmt: skip
    explorer.selection = wanted = replace(plain, **change)
    assert explorer.message == "" and explorer.selection == wanted
    np.testing.assert_array_equal(pixels(made_by(explorer.source)), pixels(explorer.picture.value))


def test_the_record_is_what_degrading_gives_and_severity_only_draws(explorer):
    explorer.selection = replace(
        explorer.selection, models=("vit_micro",), other="", source="objects", number=6, corruption="pixelate",
        severity=1, iterations=1, seed=2,
    )  # fmt: skip
    model = absvit.load_model("vit_micro")
    picture = pictures.picture("objects", 6, model)
    expected = corrupt.corrupt({"vit_micro": model}, {"vit_micro": picture}, "pixelate", 1, 2)
    np.testing.assert_array_equal(explorer.record["image"], expected["image"])
    np.testing.assert_array_equal(explorer.record["probability"], expected["probability"])
    record, before = explorer.record, explorer.picture.value
    explorer.controls["severity"].value = 4
    assert explorer.record is record and explorer.picture.value != before


@pytest.mark.parametrize("mode", MODES)
def test_an_upload_of_an_odd_mode_is_corrupted(explorer, mode):
    explorer.chooser.upload.set_trait("value", upload("picture.png", picture_file(mode)))
    assert explorer.message == "" and explorer.record["image"].shape == (6, 112, 112, 3)
    assert explorer.selection.path.endswith("picture.png")


def test_mistakes_are_one_line_and_the_next_thing_works(explorer, stores, folder):
    explorer.selection = good = replace(
        explorer.selection, models=("absvit_micro",), other="", source="objects", stored=stores[0]
    )
    other, clean = folder / "bistable.zarr", folder / "clean.zarr"
    bistable_record(n=4).to_zarr(other, consolidated=False)
    robustness_record(kinds=()).to_zarr(clean, consolidated=False)
    before = explorer.picture.value
    for change, message in (
        ({"stored": "nowhere.zarr"}, "make one with python -m absvit.robustness clean imagenet_c"),
        ({"stored": str(other)}, "got one of bistable perception"),
        ({"stored": str(clean)}, "no corruptions, only clean"),
        ({"models": ()}, "no model is chosen"),
        ({"other": "absvit_micro seed9"}, "neither a file nor among the bundled tags"),
        ({"other": "absvit_macro"}, "unknown model 'absvit_macro'"),
        ({"source": "a file", "path": "nowhere.jpg"}, "no photograph at nowhere.jpg"),
        ({"source": "a file", "path": ""}, "no picture is chosen"),
        ({"device": ABSENT}, f"there is no device {ABSENT}"),
    ):
        explorer.selection = replace(good, **change)
        assert message in explorer.message and "\n" not in explorer.message
        assert explorer.picture.value == before
    explorer.selection = good
    explorer.chooser.upload.set_trait("value", upload("broken.jpg", b"no picture at all <script>"))
    assert "broken.jpg as a photograph" in explorer.message
    explorer.selection = good
    assert explorer.message == ""
