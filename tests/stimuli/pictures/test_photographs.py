"""Hybrids, overlays and morphs of photographs, of a class folder or two given ones: what they mix, and from where."""

import shutil
from collections import Counter

import numpy as np
import pytest
from PIL import Image

from stimuli.__main__ import main
from stimuli.families import halves, hybrid, morph, objects, overlay
from stimuli.families.check import check_family
from stimuli.families.family import changed
from stimuli.pictures import photographs
from stimuli.sets import format

SCENE = objects.Objects(size=(32, 40))
SIZE = ["--size", "32", "40"]


def sources(stimuli, noisy):
    """The two photographs of each stimulus, read here and resized: the middle 38 x 48 pixels, which have the shape."""
    for names in stimuli["object_source"].values:
        middles = [Image.open(noisy / name).crop((0, 1, 48, 39)) for name in names]
        yield [np.asarray(middle.resize((40, 32), Image.Resampling.BICUBIC)) for middle in middles]


@pytest.mark.parametrize("family", ["hybrid", "overlay", "morph"])
def test_a_class_folder_gives_pairs_that_are_mixed_as_declared(family, noisy, tmp_path):
    out = tmp_path / "set"
    words = [family, "--folder", str(noisy), *SIZE, *(["--high", "12"] if family == "hybrid" else [])]
    assert main([*words, "--n", "12", "--out", str(out)]) == 0
    made = format.read(out)
    assert made.attrs["categories"] == ["n0", "n1", "n2"] and "pictures" in made.attrs["licence"].replace(
        "photographs", "pictures"
    )
    for i, (first, second) in enumerate(sources(made, noisy)):
        if family == "hybrid":
            expected = hybrid.mixed(first, second, float(made["low"][i]), float(made["high"][i]))
        else:
            weight = float(made["mix" if family == "overlay" else "morph"][i])
            expected = np.floor((1 - weight) * first + weight * second + 0.5)
            present = made["object_mask"].values[i].all((1, 2)).tolist()
            assert present == [weight < 1, weight > 0] and made["object_mask"].values[i].any((1, 2)).tolist() == present
            assert made["label"].values[i] == f"n{made['object_class'].values[i, int(weight > 0.5)]}"
        assert np.array_equal(made["image"].values[i], expected)
    names = [[name.split("/")[0] for name in row] for row in made["object_source"].values]
    assert names == [[f"n{c}" for c in row] for row in made["object_class"].values]
    assert all(a != b for a, b in names)
    assert main(["remake", str(out), "--out", str(tmp_path / "again")]) == 0


def test_pairs_of_classes_come_equally_often_and_pictures_vary(noisy):
    pictures = photographs.Pictures(noisy)
    stimuli = overlay.draw(overlay.Overlay(SCENE, (0.5,), pictures), 24, 1)
    pairs = Counter(map(tuple, stimuli["object_class"].values.tolist()))
    assert pairs == {(a, b): 4 for a in range(3) for b in range(3) if a != b}
    assert len(set(stimuli["object_source"].values.ravel())) == 6


@pytest.mark.parametrize("parameters", [overlay.Overlay(SCENE), morph.Morph(SCENE, 4), halves.Halves()], ids=str)
def test_families_of_photographs_keep_their_promises(parameters, noisy):
    check_family(type(parameters).__name__.lower(), changed(parameters, folder=noisy))


def test_a_morph_keeps_its_two_photographs_and_turns_back(noisy):
    stimuli = morph.draw(morph.Morph(SCENE, 4, photographs.Pictures(noisy)), 16, 0)
    image = stimuli["image"].values
    for k in (0, 8):
        assert len({tuple(row) for row in stimuli["object_source"].values[k : k + 8]}) == 1
        assert np.array_equal(image[k : k + 4], image[k + 4 : k + 8][::-1])
    assert len(set(stimuli["label"].values[:4].tolist())) == 2


def test_two_photographs_meet_both_ways_round(noisy, tmp_path):
    paths = [str(noisy / "n0" / "0.png"), str(noisy / "n2" / "1.png")]
    words = ["--photographs", *paths, "--classes", "face", "house", *SIZE, "--n", "4", "--low", "4", "--high", "12"]
    assert main(["hybrid", *words, "--out", str(tmp_path / "set")]) == 0
    made = format.read(tmp_path / "set")
    classes = made["object_class"].values[:, 0].tolist()
    assert {*classes[:2]} == {*classes[2:]} == {0, 1}
    assert made["label"].values.tolist() == [("face", "house")[c] for c in classes]
    pictures = [np.asarray(Image.open(path)) for path in paths]
    pictures = [photographs.fitted(picture, (32, 40)) for picture in pictures]
    for picture, c in zip(made["image"].values, classes, strict=True):
        assert np.array_equal(picture, hybrid.mixed(pictures[c], pictures[1 - c], 4.0, 12.0))


@pytest.mark.parametrize("size", [(60, 80), (80, 60), (7, 5)])
def test_photographs_keep_their_proportions_unless_they_are_squeezed(size):
    y, x = np.mgrid[: 2 * size[0], : 2 * size[1]]
    middle = np.hypot(y - size[0] + 0.5, x - size[1] + 0.5) < min(size) / 2  # a disk
    picture = np.repeat((200 * middle)[..., None], 3, axis=2).astype(np.uint8)
    for squeeze in (False, True):
        disk = photographs.fitted(picture, (64, 32), squeeze)[..., 0] > 100
        height, width = disk.any(1).sum(), disk.any(0).sum()
        wanted = 1 if not squeeze else 2 * size[1] / size[0]
        assert abs(height / width / wanted - 1) < 0.15


@pytest.mark.parametrize("family", ["halves", "overlay", "morph"])
def test_a_folder_of_pictures_that_are_named_by_what_they_show_will_do(family, noisy, tmp_path):
    (tmp_path / "named").mkdir()
    for c, name in enumerate(("cat", "horse")):
        shutil.copy(noisy / f"n{c}" / "0.png", tmp_path / "named" / f"{name}.png")
    words = [family, "--folder", str(tmp_path / "named"), *SIZE, "--n", "4", "--out", str(tmp_path / "set")]
    assert main(words) == 0
    made = format.read(tmp_path / "set")
    assert made.attrs["categories"] == ["cat", "horse"]
    assert set(map(tuple, made["object_class"].values.tolist())) <= {(0, 1), (1, 0)}
