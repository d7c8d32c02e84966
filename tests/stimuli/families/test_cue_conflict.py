"""Cue conflict: given pictures come balanced over shapes and textures, each once, and what they show is read off."""

import itertools
import shutil

import numpy as np
import pytest
from PIL import Image
from synthetic_pictures import CLASSES, in_conflict

from experiments import measures
from stimuli.__main__ import main
from stimuli.families.cue_conflict import CueConflict, draw, listed

NAMES = CLASSES[:4]
PAIRS = {pair for pair in itertools.product(range(4), repeat=2) if pair[0] != pair[1]}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return in_conflict(tmp_path_factory.mktemp("conflict") / "pictures", NAMES)


def pairs_of(stimuli):
    return [tuple(row) for row in stimuli["object_class"].values.tolist()]


def colours_of(stimuli):
    return stimuli["image"].values[:, 0, 0].tolist()


def test_every_pair_comes_once_a_round_and_shapes_and_textures_once_a_run(folder):
    stimuli = draw(CueConflict(str(folder), (64, 64)), 24, 0)
    shown = pairs_of(stimuli)
    assert set(shown[:12]) == set(shown[12:]) == PAIRS and stimuli["conflict"].values.all()
    for start in range(0, 24, 4):
        for column in zip(*shown[start : start + 4], strict=True):
            assert sorted(column) == [0, 1, 2, 3]
    assert len(set(stimuli["picture"].values)) == 24
    assert stimuli.attrs["categories"] == list(NAMES) and stimuli["label"].values.tolist() == [
        NAMES[shape] for shape, _ in shown
    ]


def test_a_picture_shows_the_file_that_it_names(folder):
    stimuli = draw(CueConflict(str(folder), (64, 80)), 10, 3, 5)
    for name, (shape, texture), (red, green, blue) in zip(
        stimuli["picture"].values, pairs_of(stimuli), colours_of(stimuli), strict=True
    ):
        number = blue // 40
        assert name == f"{NAMES[shape]}/{NAMES[shape]}{number + 1}-{NAMES[texture]}{number + 3}.png"
        assert (red, green) == (40 * shape, 40 * texture) and measures.is_cue_conflict(name.partition("/")[2])


def test_pictures_of_one_category_are_shown_on_request_and_marked(folder):
    stimuli = draw(CueConflict(str(folder), (64, 64), agreeing=True), 32, 0)
    shown = pairs_of(stimuli)
    assert stimuli["conflict"].values.tolist() == [shape != texture for shape, texture in shown]
    assert len(set(shown[:16])) == 16 and len(set(stimuli["picture"].values)) == 32
    for start in range(0, 32, 4):
        assert [sorted(column) for column in zip(*shown[start : start + 4], strict=True)] == [[0, 1, 2, 3]] * 2


def test_an_uneven_folder_shows_each_picture_once_whatever_the_parts(folder, tmp_path):
    uneven = shutil.copytree(folder, tmp_path / "uneven")
    for path in [*uneven.glob("ant/*"), *uneven.glob("dog/*1-*")][1:]:
        path.unlink()
    there = {f"{path.parent.name}/{path.name}" for of in listed(uneven, agreeing=False).values() for path in of}
    parameters = CueConflict(str(uneven), (64, 64))
    whole = draw(parameters, len(there), 7)["picture"].values.tolist()
    assert set(whole) == there and 12 < len(there) < 24
    parts = [
        draw(parameters, n, 7, first)["picture"].values.tolist() for first, n in ((0, 5), (5, 1), (6, len(there) - 6))
    ]
    assert sum(parts, []) == whole
    with pytest.raises(ValueError, match=f"there are {len(there)} such pictures, too few for stimuli 5 to"):
        draw(parameters, len(there), 7, 5)


def test_categories_are_chosen(folder):
    stimuli = draw(CueConflict(str(folder), (64, 64), ("dog", "bee")), 4, 0)
    assert stimuli.attrs["categories"] == ["bee", "dog"] and set(pairs_of(stimuli)) == {(0, 1), (1, 0)}
    for categories, told in ((("dog", "eel"), "has no pictures of eel; its categories are ant, bee"),
                             (("dog",), "two names or more"), (("dog", "dog"), "each once")):  # fmt: skip
        with pytest.raises(ValueError, match=told):
            draw(CueConflict(str(folder), (64, 64), categories), 1, 0)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("cat/IMG_0012.png", "IMG_0012.png is not named by its shape, cat, and a texture; expected FOLDER/SHAPE/"),
        ("cat/dog1-cat2.png", "dog1-cat2.png is not named by its shape, cat, and a texture"),
        ("cat/cat1-cat2.png", "no pictures whose shape and texture differ"),
        ("cat1-dog2.png", "holds no class folders"),
        (None, "no folder of cue-conflict pictures at"),
    ],
)
def test_other_folders_are_refused_in_a_line(name, told, tmp_path, capsys):
    place = tmp_path / "given"
    if name:
        (place / name).parent.mkdir(parents=True)
        Image.fromarray(np.zeros((64, 64, 3), np.uint8)).save(place / name)
    assert main(["cue_conflict", "--folder", str(place), "--n", "2", "--out", str(tmp_path / "set")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ") and told in line
