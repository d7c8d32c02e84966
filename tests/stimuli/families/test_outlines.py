"""Scenes with outlines, of a folder of rectangles whose pixels can be counted; and cut-outs of the same folder."""

import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from synthetic_pictures import OUTLINED, OUTLINED_COLOURS, outlined, rectangle

from stimuli.families import cutout_scenes
from stimuli.families.check import check_family
from stimuli.families.photographed import outlines
from stimuli.families.photographed.outlines import Outlines, placement
from stimuli.pictures import polygons


@pytest.fixture
def folder(tmp_path):
    return outlined(tmp_path / "scenes")


def drawn(folder, n=3, seed=0, **changes):
    return outlines.draw(Outlines(str(folder), (64, 64), **changes), n, seed)


@pytest.mark.parametrize("fit", ["letterbox", "crop", "squeeze"])
def test_masks_hold_the_pixels_of_all_objects_of_a_kind(folder, fit):
    stimuli = drawn(folder, fit=fit)
    assert stimuli.attrs["categories"] == [*OUTLINED.values()] and stimuli.attrs["licence"] == "that of the pictures"
    two = {"a.png", "c.png"} if fit == "crop" else {"a.png", "b.png", "c.png"}  # d has one kind, b in its middle, too
    assert set(stimuli["scene"].values) == two
    for image, masks, classes in zip(
        stimuli["image"].values.astype(int), stimuli["object_mask"].values, stimuli["object_class"].values, strict=True
    ):
        for mask, c in zip(masks, classes, strict=True):
            colour = OUTLINED_COLOURS[[*OUTLINED.values()][c]]
            if c < 0:
                assert not mask.any()
                continue
            near = np.abs(image - colour).max(-1) < 12  # but for the pixels that resizing mixes at the edges
            assert (near & mask).sum() >= 0.8 * mask.sum() and near[~mask].sum() <= 0.03 * mask.sum()


def test_a_letterbox_keeps_proportions_and_a_crop_the_middle():
    wide = placement((80, 160), (64, 64), "letterbox")
    assert (wide.shape, wide.corner) == ((32, 64), (16, 0))
    np.testing.assert_allclose(wide.of(np.array([[0.0, 0.0], [1.0, 1.0]]), (80, 160)), [[0, 16], [64, 48]])
    middle = placement((80, 160), (64, 64), "crop")
    assert (middle.start, middle.part) == ((0, 40), (80, 80))
    np.testing.assert_allclose(middle.of(np.array([[0.25, 0.0], [0.75, 1.0]]), (80, 160)), [[0, 0], [64, 64]])
    np.testing.assert_allclose(placement((80, 160), (64, 32), "squeeze").of(np.ones((1, 2)), (80, 160)), [[32, 64]])


def test_each_scene_comes_before_any_comes_again_and_each_kind_in_it_leads_once(folder):
    stimuli = drawn(folder, 18, smallest=0.0)
    scenes = stimuli["scene"].values.reshape(6, 3)
    assert all(sorted(row) == ["a.png", "b.png", "c.png"] for row in scenes)
    for scene, kinds in (("a.png", 2), ("b.png", 2), ("c.png", 3)):
        first = stimuli["object_class"].values[stimuli["scene"] == scene, 0]
        assert [(first == k).sum() for k in set(first)] == [6 / kinds] * kinds


def test_small_objects_and_kinds_that_do_not_count(folder):
    assert sorted(drawn(folder, 2, smallest=0.07)["scene"].values) == ["a.png", "c.png"]  # the cup in b is a sixteenth
    of_c = drawn(folder, 6, smallest=0.07).sel(stimulus=drawn(folder, 6, smallest=0.07)["scene"] == "c.png")
    assert (of_c["object_class"].values[:, 2] == 0).all()  # the small fox stands behind, and is no absent class
    assert (of_c["object_mask"].values[:, 2].mean((1, 2)) == 1 / 16).all()
    two = drawn(folder, 1, kinds=("tea cup", "ship"))
    assert two.attrs["categories"] == ["tea cup", "ship"] and two["scene"].values.tolist() == ["c.png"]
    assert sorted(two["object_class"].values[0]) == [0, 1]


def test_parts_are_joined_and_what_joins_them_has_no_area():
    parts = np.array([(2, 2), (10, 2), (10, 10), (2, 10), (2, 2), (20, 20), (30, 20), (30, 30), (20, 30), (20, 20)])
    mask = polygons.filled([parts], (40, 40))
    expected = np.zeros((40, 40), bool)
    expected[2:10, 2:10] = expected[20:30, 20:30] = True
    assert np.array_equal(mask, expected)
    circle = np.column_stack([np.cos(angle := np.linspace(0, 2 * np.pi, 200)), np.sin(angle)]) * 14 + 20
    assert polygons.filled([circle], (40, 40)).sum() == pytest.approx(np.pi * 14**2, rel=0.02)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("3 0.1 0.1 0.9 0.1 1.2 0.9", "a.txt, line 2: the outline leaves its picture, with numbers from 0.1 to 1.2"),
        ("3 0.1 0.1 0.9 0.1", "a.txt, line 2: the outline is empty, with 2 corners"),
        ("3 0.1 0.1 0.5 0.1 0.9 0.1", "line 2: the outline is empty, with 3 corners"),
        ("3 0.1 0.1 0.9 0.1 0.9", "line 2: x and y come in pairs, got 5 numbers"),
        ("8 0.1 0.1 0.9 0.1 0.9 0.9", "line 2: there is no category 8 in config.yaml"),
        ("fox 0.1 0.1 0.9 0.1 0.9 0.9", "line 2: expected the number of a category"),
        ("3 0.1 nan 0.9 0.1 0.9 0.9", "line 2: the outline"),
    ],
)
def test_outlines_that_are_none_are_told_with_their_line(folder, line, told):
    file = folder / "polygons" / "a.txt"
    file.write_text(f"{rectangle(3, 0, 0, 1, 2)}\n{line}\n")
    with pytest.raises(ValueError, match=told):
        drawn(folder)


def test_folders_and_wishes_that_cannot_be_are_told(folder, tmp_path):
    for nowhere in ("", tmp_path):
        with pytest.raises(FileNotFoundError, match="expected FOLDER/images/NAME.jpg with FOLDER/polygons"):
            drawn(nowhere)
    with pytest.raises(ValueError, match="no 'foxes': the nearest are fox"):
        drawn(folder, kinds=("foxes",))
    with pytest.raises(ValueError, match="no picture .* holds 4 of the kinds"):
        drawn(folder, least=4)
    with pytest.raises(ValueError, match="fit must be letterbox, crop or squeeze"):
        Outlines(fit="stretch")
    for file in (folder / "polygons").glob("[ab].txt"):
        file.unlink()
    with pytest.warns(UserWarning, match=r"left out images/a.png, images/b.png \(without polygons\)"):
        assert drawn(folder, 1)["scene"].values.tolist() == ["c.png"]
    (folder / "config.yaml").write_text("path: .\n")
    with pytest.raises(ValueError, match="config.yaml names no categories"):
        drawn(folder)


@pytest.mark.parametrize(("mode", "size"), [("CMYK", (40, 50)), ("LA", (3, 5)), ("I;16", (900, 700)), ("P", (1, 1))])
def test_pictures_of_any_mode_and_size_are_shown(folder, mode, size):
    (folder / "images" / "a.png").unlink()
    values = np.random.default_rng(0).integers(0, 256, size, np.uint8)
    made = Image.fromarray(values.astype(np.uint16) * 257) if mode == "I;16" else Image.fromarray(values).convert(mode)
    made.save(folder / "images" / "a.tif")
    image = drawn(folder)
    assert image["object_mask"].values[image["scene"] == "a.tif"].any()


def test_the_family_keeps_its_promises_and_names_may_be_a_list(folder):
    (folder / "config.yaml").write_text("names: [0, 1, 2, fox, 4, 5, 6, ship, 8, tea cup]\n")
    check_family("outlines", Outlines(str(folder), kinds=("fox", "ship", "tea cup")))


def test_objects_are_cut_out_along_their_outlines(folder):
    parameters = cutout_scenes.Natural(str(folder), (64, 64))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        stimuli = cutout_scenes.draw(parameters, 12, 0)
    assert stimuli.attrs["categories"] == [*OUTLINED.values()]
    for image, masks, classes in zip(
        stimuli["image"].values.astype(int), stimuli["object_mask"].values, stimuli["object_class"].values, strict=True
    ):
        for mask, c in zip(masks, classes, strict=True):
            np.testing.assert_allclose(
                np.median(image[mask], axis=0), OUTLINED_COLOURS[[*OUTLINED.values()][c]], atol=2
            )
    with pytest.raises(ValueError, match="no outlined object in .* is 270 pixels long"):
        cutout_scenes.draw(replace(parameters, size=(570, 570), extent=(0.9, 0.948)), 1, 0)
    assert Path(stimuli["object_source"].values[0, 0]).suffix == ".png"
