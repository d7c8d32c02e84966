"""Whole photographs as stimuli: order, shape and modes; and the model of photographs on them, by the probes."""

import json

import numpy as np
import pytest
import torch
from displays import halves, single_objects
from PIL import Image

import absvit
from absvit import records
from absvit.images import read_photograph
from absvit.models import checkpoints
from absvit.models.zoo.variants import HYBRID_CATEGORIES
from experiments.__main__ import main
from experiments.command_options import StimulusOptions
from experiments.observers import Observer
from stimuli.families import single_photographs

NAME = "absvit_hybrid_lite0_224"
MODES = ("RGB", "L", "P", "RGBA", "CMYK", "LA", "1", "I;16", "RGB", "L")


@pytest.fixture(scope="module")
def photographs(tmp_path_factory):
    """A class folder of pictures of every mode and of odd sizes."""
    root, generator = tmp_path_factory.mktemp("photographs"), np.random.default_rng(0)
    for k, (name, mode) in enumerate(zip(HYBRID_CATEGORIES, MODES, strict=True)):
        (root / name).mkdir()
        for number in range(2):
            pixels = generator.integers(0, 256, (17 + 30 * k, 300 - 29 * k, 3), dtype=np.uint8)
            picture = Image.fromarray(pixels)
            if mode == "I;16":
                picture = Image.fromarray(pixels[..., 0].astype(np.uint16) * 257)
            else:
                picture = picture.convert(mode)
            picture.save(root / name / f"{number}.{'tif' if mode in ('CMYK', 'I;16') else 'png'}")
    return root


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    file = tmp_path_factory.mktemp("weights") / "hybrid.safetensors"
    torch.manual_seed(0)
    checkpoints.write(file, absvit.create_model(NAME).state_dict(), {"categories": list(HYBRID_CATEGORIES), "seed": 4})
    return file


def shown(files, n, seed=0, first=0, read=lambda path: np.asarray(read_photograph(path))):
    parameters = single_photographs.WholePhotographs((64, 64), "photographs")
    return single_photographs.from_class_folder(files, read, ["a", "b", "c"], parameters, n, seed, first)


def test_classes_come_in_rounds_and_no_picture_twice():
    files = [[f"{c}{k}" for k in range(4 + (c == 1))] for c in range(3)]
    read = lambda path: np.full((9, 9, 3), int(path), np.uint8)  # noqa: E731
    stimuli = shown(files, 13, read=read)
    classes = stimuli["object_class"].values[:, 0]
    assert (np.sort(classes[:12].reshape(4, 3), axis=1) == [0, 1, 2]).all() and classes[12] == 1
    other = shown(files, 12, seed=1, read=read)["object_class"].values[:, 0]
    assert (other != classes[:12]).any() and not (classes[:12].reshape(4, 3) == classes[:3]).all()
    numbers = stimuli["image"].values[:, 0, 0, 0].tolist()
    assert sorted(numbers) == sorted(int(name) for names in files for name in names)
    assert [number // 10 for number in numbers] == stimuli["object_class"].values[:, 0].tolist()
    parts = [shown(files, n, first=first, read=read)["image"].values for first, n in ((0, 5), (5, 7))]
    assert np.array_equal(np.concatenate(parts), stimuli["image"].values[:12])
    assert not np.array_equal(shown(files, 12, seed=1, read=read)["image"].values, stimuli["image"].values[:12])
    with pytest.raises(ValueError, match="there are 13 photographs, too few for stimuli 10 to 13"):
        shown(files, 4, first=10, read=read)
    assert stimuli["object_mask"].values.all()
    with pytest.raises(ValueError, match="no photographs of b"):
        shown([files[0], [], files[2]], 3, read=read)


def test_the_middle_square_is_shown():
    pixels = np.zeros((40, 100, 3), np.uint8)
    pixels[:, 30:70] = 200
    assert (shown([["x"]] * 3, 3, read=lambda _: pixels)["image"] == 200).all()
    assert (shown([["x"]] * 3, 3, read=lambda _: pixels.transpose(1, 0, 2))["image"] == 200).all()


@pytest.mark.seconds
def test_the_probes_take_photographs_of_any_mode_and_size(photographs, weights, tmp_path):
    words = ["--model", NAME, "--checkpoint", str(weights), "--folder", str(photographs), "--n", "30"]
    assert main(["recognition", *words, "--out", str(tmp_path / "whole.zarr")]) == 0
    record = records.load(tmp_path / "whole.zarr")
    assert record.sizes["stimulus"] == 20 and list(record["class"].values) == list(HYBRID_CATEGORIES)
    model = absvit.load_model(NAME, weights)
    with torch.no_grad():
        images = torch.from_numpy(record["image"].values).permute(0, 3, 1, 2).float() / 127.5 - 1
        expected = model(images)
    given = record["logits"].isel(iteration=1).squeeze().transpose("stimulus", "class").values
    np.testing.assert_allclose(given, expected, atol=1e-4)
    assert main(["bistable", *words[:-1], "4", "--out", str(tmp_path / "halves.zarr"), "--controls"]) == 0
    halves = records.load(tmp_path / "halves.zarr")
    assert halves.sizes["stimulus"] == 4 and (halves["class_1"] >= 0).all()
    card = ["card", str(weights), "--steering", str(tmp_path / "halves.zarr")]
    assert main([*card, "--recognition", str(tmp_path / "whole.zarr")]) == 0
    measured = json.loads(weights.with_suffix(".json").read_text())["measured"]
    assert "selection index, class" in measured and "single-object accuracy" in measured


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["recognition", "--photographs", "a.png", "b.png"], "give a --folder"),
        (["recognition", "--folder", "nowhere"], "nowhere"),
        (["bistable", "--photographs", "{0}", "{0}", "--classes", "cat", "fox"], "the model has no class 'fox'"),
    ],
)
def test_what_cannot_be_shown_is_told(words, told, photographs, weights, tmp_path, capsys):
    words = [word.format(next((photographs / "cat").iterdir())) for word in words]
    assert main([*words, "--model", NAME, "--checkpoint", str(weights), "--out", str(tmp_path / "r.zarr")]) == 2
    said = capsys.readouterr().err.strip().splitlines()
    assert told in said[-1]


@pytest.mark.seconds
def test_an_unknown_folder_of_classes_is_refused_or_places_only(photographs, weights, tmp_path, capsys):
    for name in ("yak", "fox"):
        (tmp_path / "pictures" / name).mkdir(parents=True)
        Image.new("RGB", (50, 40), "red").save(tmp_path / "pictures" / name / "0.png")
    words = ["--model", NAME, "--checkpoint", str(weights), "--folder", str(tmp_path / "pictures"), "--n", "2"]
    assert main(["recognition", *words, "--out", str(tmp_path / "r.zarr")]) == 2
    assert "does not know the class 'fox', which recognition" in capsys.readouterr().err
    with pytest.warns(UserWarning, match="does not know fox, yak: the cues are places only"):
        assert main(["bistable", *words, "--out", str(tmp_path / "b.zarr")]) == 0


def test_halves_of_a_folder_are_squeezed_on_request_alone(photographs):
    model = Observer("one", "an observer of little pictures", ("0", "1"), (64, 64), None)
    shown = [
        halves(StimulusOptions(folder=photographs, squeeze=squeeze), model).part(0, 6) for squeeze in (False, True)
    ]
    assert [json.loads(one.attrs["parameters"])["pictures"]["squeeze"] for one in shown] == [False, True]
    assert not np.array_equal(shown[0]["image"], shown[1]["image"])
    with pytest.raises(ValueError, match="--squeeze is about photographs"):
        StimulusOptions(squeeze=True)
    with pytest.raises(ValueError, match="never squeezed"):
        single_objects(StimulusOptions(folder=photographs, squeeze=True), model, None)
