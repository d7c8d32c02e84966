"""Checking a set against its recipe, and looking at it: what is missing, extra or changed is named; contact sheets."""

import json

import numpy as np
import pytest
from PIL import Image

from stimuli.__main__ import main
from stimuli.families import objects
from stimuli.sets import format, sheet
from stimuli.sets import verify as verification


@pytest.fixture
def folder(tmp_path):
    format.write(objects.draw(objects.Objects(size=(40, 48), n_objects=2), 7, 0), tmp_path / "set")
    return tmp_path / "set"


def test_a_set_as_made_passes(folder, capsys):
    (folder / ".DS_Store").write_bytes(b"left by a file manager")
    assert main(["verify", str(folder)]) == 0
    assert "7 stimuli of the family objects, 23 files as made" in capsys.readouterr().out
    assert verification.faults(folder) == {"missing": [], "extra": [], "changed": []}


def test_files_that_are_missing_extra_or_changed_are_named(folder, refused):
    (folder / "images" / "00002.png").unlink()
    (folder / "masks" / "mine.png").write_bytes(b"")
    pixels = np.asarray(Image.open(folder / "images" / "00004.png")).copy()
    pixels[0, 0, 0] ^= 1
    Image.fromarray(pixels).save(folder / "images" / "00004.png")
    expected = {"missing": ["images/00002.png"], "extra": ["masks/mine.png"], "changed": ["images/00004.png"]}
    assert verification.faults(folder) == expected
    told = refused("verify", folder)
    assert all(f"{kind}: {name}" in told for kind, (name,) in expected.items())


def test_long_lists_are_cut(folder):
    for path in (folder / "masks").iterdir():
        path.unlink()
    with pytest.raises(ValueError, match="missing: masks/00000_0.png, .* and 9 more$"):
        verification.verify(folder)


def test_a_number_of_stimuli_that_is_not_the_recipes_is_noticed(folder):
    path = folder / "stimuli.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "n": 8}))
    with pytest.raises(ValueError, match="holds 7 stimuli in stimuli.csv, its recipe says 8"):
        verification.verify(folder)


def test_a_table_that_lacks_columns_or_numbers_is_refused(folder):
    table = (folder / "stimuli.csv").read_text()
    number = table.splitlines()[1].split(",")[6]
    for wrong, told in (
        (table.replace("hue_1", "hue_9", 1), "lacks the columns hue_1"),
        (table.replace(number, "three"), "no number .*three"),
    ):
        (folder / "stimuli.csv").write_text(wrong)
        with pytest.raises(ValueError, match=told):
            format.read(folder)


def test_a_sheet_is_written_beside_the_set(folder, capsys):
    assert main(["show", str(folder), "--n", "5", "--columns", "3"]) == 0
    out = folder.with_name("set.png")
    assert str(out) in capsys.readouterr().out
    page = np.asarray(Image.open(out))
    scale = 128 // 48
    assert page.shape[1] == 3 * (48 * scale + 6) + 6
    first = np.asarray(Image.open(folder / "images" / "00000.png")).repeat(scale, 0).repeat(scale, 1)
    shown = page[6 : 6 + 40 * scale, 6 : 6 + 48 * scale]
    differ = (shown != first).any(-1)
    masks = [
        np.asarray(Image.open(folder / "masks" / f"00000_{k}.png")).repeat(scale, 0).repeat(scale, 1) for k in (0, 1)
    ]
    assert differ.any() and not differ[masks[0] | masks[1]].any()  # outlines lie outside of the objects
    assert {tuple(colour) for colour in shown[differ]} == set(sheet.OUTLINES[:2])
    below = page[6 + 40 * scale : 6 + 40 * scale + 13, 6 : 6 + 48 * scale]
    assert (below < 100).any()  # a label
    assert not any(path.name.startswith(".") for path in folder.parent.iterdir())


def test_outlines_surround_the_mask():
    mask = np.zeros((1, 9, 9), bool)
    mask[0, 3:6, 3:6] = True
    drawn = sheet.outlined(np.zeros((9, 9, 3), np.uint8), mask).any(-1)
    assert drawn[2, 3:6].all() and drawn[3:6, 6].all() and not drawn[mask[0]].any()
    assert drawn.sum() in (12, 16)


@pytest.mark.parametrize("size", [(32, 32), (300, 200), (1024, 1024)])
def test_sheets_fit_stimuli_of_any_size_without_masks(size):
    page = sheet.sheet(np.zeros((5, *size, 3), np.uint8), np.zeros((5, 0), bool), [["0"]] * 5, 4)
    assert page.shape[1] < 4 * 240 and page.shape[0] < 2 * 260
