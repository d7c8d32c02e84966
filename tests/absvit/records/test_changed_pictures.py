"""A record is gone on with only if it shows the same pictures: of a set, of a class folder, or two photographs."""

from types import SimpleNamespace

import numpy as np
import pytest
from displays import halves, single_objects, two_readings
from PIL import Image

from experiments.__main__ import main
from experiments.command_options import StimulusOptions
from stimuli.families.objects import Objects, draw
from stimuli.sets.format import write

MODEL = SimpleNamespace(
    patch_embed=SimpleNamespace(img_size=(32, 32)), num_classes=2, pretrained_cfg={"label_names": ["a", "b"]}
)


@pytest.fixture
def photographs(tmp_path):
    for name in ("cats/one.png", "cats/two.png", "dogs/one.png"):
        (tmp_path / "pictures" / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.random.default_rng(len(name)).integers(0, 255, (40, 40, 3), np.uint8)).save(
            tmp_path / "pictures" / name
        )
    return tmp_path / "pictures"


def change(picture):
    pixels = np.array(Image.open(picture))
    pixels[0, 0] ^= True if pixels.dtype == bool else 255
    Image.fromarray(pixels).save(picture)


def test_a_set_is_known_by_the_rows_and_pictures_that_are_shown(tmp_path):
    folder = tmp_path / "set"
    write(draw(Objects(size=(32, 32)), 3, 0), folder)
    told = single_objects(StimulusOptions(n=2, stimuli=folder), MODEL, Objects()).pictures
    before = told()
    change(folder / "images" / "00002.png")
    assert told() == before  # it is not shown
    for name in ("images/00001.png", "masks/00000_0.png"):
        kept = (folder / name).read_bytes()
        change(folder / name)
        assert told() != before
        (folder / name).write_bytes(kept)
    assert told() == before
    table = folder / "stimuli.csv"
    table.write_text(table.read_text().replace("images/00000", "images/00002"))
    assert told() != before


def test_a_class_folder_is_known_by_all_its_pictures(photographs):
    told = [single_objects(StimulusOptions(n=2, folder=photographs), MODEL, Objects()).pictures]
    told += [halves(StimulusOptions(n=2, folder=photographs), MODEL).pictures]
    before = [each() for each in told]
    (photographs / "cats" / "three.png").write_bytes((photographs / "cats" / "two.png").read_bytes())
    assert all(each() != b for each, b in zip(told, before, strict=True))
    (photographs / "cats" / "three.png").unlink()
    assert [each() for each in told] == before


def test_two_photographs_are_known_wherever_they_lie(photographs, tmp_path):
    two = (photographs / "cats" / "two.png", photographs / "dogs" / "one.png")
    source = StimulusOptions(photographs=two)
    before = halves(source, MODEL).pictures()
    assert two_readings("overlay", source, MODEL).pictures() == before
    photographs.rename(tmp_path / "moved")
    moved = StimulusOptions(photographs=tuple(tmp_path / "moved" / path.relative_to(photographs) for path in two))
    assert halves(moved, MODEL).pictures() == before
    change(moved.photographs[1])
    assert halves(moved, MODEL).pictures() != before


def test_what_is_drawn_needs_no_digest():
    assert single_objects(StimulusOptions(n=2), MODEL, Objects()).pictures is None


def test_resuming_with_other_pictures_is_refused_in_one_line(tmp_path, capsys):
    folder, out = tmp_path / "set", tmp_path / "r.zarr"
    write(draw(Objects(size=(112, 112)), 2, 0), folder)
    words = ["recognition", "--stimuli", str(folder), "--n", "2", "--device", "cpu", "--out", str(out)]
    assert main(words) == 0
    change(folder / "images" / "00001.png")
    capsys.readouterr()
    assert main([*words, "--resume"]) == 2
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1 and "is another experiment (pictures_sha256 was" in said[0]
