"""Corrupted copies of folders: layout, the same bytes in any order and number of processes, stopping, refusing."""

import json
import shutil
import sys

import numpy as np
import pytest
from folders import contents
from PIL import Image
from torchvision.transforms import CenterCrop, Compose, Resize

from absvit.images import class_folder
from stimuli import corruptions
from stimuli.__main__ import main
from stimuli.corruptions import folder_job
from stimuli.families import search
from stimuli.sets import format as stimulus_set

SOME = ["--corruptions", "fog", "gaussian_noise", "contrast", "--severities", "1", "4"]


@pytest.fixture
def folder(noisy):
    """Two classes of two pictures of 40 x 48 pixels; one of them a JPEG file."""
    shutil.rmtree(noisy / "n2")
    for old, new in (("n0", "n01"), ("n1", "n02")):
        (noisy / old).rename(noisy / new)
        (noisy / new / "0.png").rename(noisy / new / "a.png")
        Image.open(noisy / new / "1.png").save(noisy / new / "b.JPEG")
        (noisy / new / "1.png").unlink()
    return noisy


def corrupted(folder, out, *words):
    return main(["corrupt", str(folder), str(out), *(words or SOME)])


def test_a_copy_has_the_benchmark_s_layout_and_its_pixels(folder, tmp_path):
    out = tmp_path / "out"
    assert corrupted(folder, out) == 0
    assert sorted(path.name for path in out.iterdir() if path.is_dir()) == ["contrast", "fog", "gaussian_noise"]
    for name in ("contrast", "fog", "gaussian_noise"):
        for severity in (1, 4):
            samples, classes = class_folder(out / name / str(severity))
            assert classes == ["n01", "n02"] and [path.name for path, _ in samples] == ["a.png", "b.png"] * 2
    source = np.asarray(Image.open(folder / "n02" / "b.JPEG"))
    expected = corruptions.corrupt(source, "fog", 4, corruptions.generator_for(0, "fog", 4, "n02/b.JPEG"))
    assert np.array_equal(np.asarray(Image.open(out / "fog" / "4" / "n02" / "b.png")), expected)


@pytest.mark.seconds
def test_the_bytes_do_not_depend_on_processes_order_or_a_stop(folder, tmp_path, refused):
    whole, other = tmp_path / "whole", tmp_path / "other"
    assert corrupted(folder, whole) == 0
    assert corrupted(folder, other, *SOME, "--jobs", "2") == 0
    assert contents(whole) == contents(other)
    # what a stopped run leaves: some pictures, a half-written one under another name, no sums
    for path in ("fog/1/n01/a.png", "contrast/4/n02/b.png", "sha256sums.txt"):
        (other / path).unlink()
    kept = other / "fog" / "1" / "n01" / "b.png"
    before = kept.stat().st_mtime_ns
    assert "not complete" in refused("verify", other)
    assert corrupted(folder, other) == 0
    assert contents(whole) == contents(other) and kept.stat().st_mtime_ns == before
    later = tmp_path / "later"
    for names in (["contrast"], ["gaussian_noise", "fog"]):
        assert corrupted(folder, later, "--corruptions", *names, "--severities", "4", "1") == 0
    assert contents(whole) == contents(later)
    assert corrupted(folder, tmp_path / "seed", *SOME, "--seed", "1") == 0
    differ = {name for name, content in contents(tmp_path / "seed").items() if contents(whole)[name] != content}
    assert {name.split("/")[0] for name in differ} == {"fog", "gaussian_noise", "corruptions.json", "sha256sums.txt"}


def test_a_folder_is_verified_and_shown(folder, tmp_path, capsys, refused):
    out = tmp_path / "out"
    assert corrupted(folder, out) == 0
    assert main(["verify", str(out)]) == 0 and "6 corruptions x severities of 4 pictures" in capsys.readouterr().out
    assert main(["show", str(out), "--out", str(tmp_path / "sheet.jpg")]) == 0
    assert Image.open(tmp_path / "sheet.jpg").width < Image.open(tmp_path / "sheet.jpg").height  # two severities a row
    (out / "fog" / "1" / "n01" / "a.png").write_bytes(b"other")
    (out / "fog" / "1" / "n01" / "b.png").unlink()
    told = refused("verify", out)
    assert "changed: fog/1/n01/a.png" in told and "missing: fog/1/n01/b.png" in told


def test_jpeg_files_keep_their_names(folder, tmp_path):
    assert corrupted(folder, tmp_path / "out", *SOME, "--format", "jpeg") == 0
    made = sorted(path.name for path in (tmp_path / "out" / "fog" / "1" / "n01").iterdir())
    assert made == ["a.JPEG", "b.JPEG"]
    with Image.open(tmp_path / "out" / "fog" / "1" / "n01" / "a.JPEG") as picture:
        assert picture.format == "JPEG" and picture.size == (48, 40)


@pytest.mark.parametrize("size", [(300, 260), (231, 400)])
def test_cropping_is_that_of_torchvision(size):
    picture = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    expected = Compose([Resize(256), CenterCrop(224)])(Image.fromarray(picture))
    assert np.array_equal(folder_job.prepared(picture, 224), np.asarray(expected))


def test_a_stimulus_set_is_sorted_by_its_labels(tmp_path):
    stimulus_set.write(search.draw(search.Search((64, 64), set_sizes=(2,), radius=0.08), 4, 0), tmp_path / "set")
    assert corrupted(tmp_path / "set", tmp_path / "out", "--corruptions", "contrast", "--severities", "2") == 0
    samples, classes = class_folder(tmp_path / "out" / "contrast" / "2")
    labels = stimulus_set.read(tmp_path / "set")["label"].values
    assert classes == ["absent", "present"] and len(samples) == 4
    assert all(classes[index] == labels[int(path.stem)] for path, index in samples)


def test_another_run_is_replaced_only_on_request_and_kept_until_the_new_one_is_complete(
    folder, tmp_path, refused, monkeypatch
):
    out = tmp_path / "out"
    assert corrupted(folder, out) == 0
    old = contents(out)
    told = refused("corrupt", folder, out, *SOME, "--seed", "2")
    assert "seed was 0, is 2" in told and "--overwrite" in told and contents(out) == old
    with monkeypatch.context() as patch:
        patch.setattr(corruptions, "corrupt", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
        assert corrupted(folder, out, *SOME, "--seed", "2", "--overwrite") == 130
    assert contents(tmp_path / ".out.former") == old
    assert corrupted(folder, out, *SOME, "--seed", "2") == 0
    assert json.loads((out / "corruptions.json").read_text())["seed"] == 2 and not (tmp_path / ".out.former").exists()
    (out / "mine.txt").write_text("precious")
    assert "mine.txt" in refused("corrupt", folder, out, *SOME, "--seed", "3", "--overwrite")
    assert (out / "mine.txt").exists()


def test_pictures_of_frost_that_were_replaced_make_another_run(folder, tmp_path, refused):
    words = ["--corruptions", "frost", "--severities", "1", "--frost-folder", str(tmp_path / "frost")]
    shutil.copytree(folder / "n01", tmp_path / "frost")
    assert corrupted(folder, tmp_path / "out", *words) == 0 == corrupted(folder, tmp_path / "out", *words)
    shutil.copy(folder / "n02" / "a.png", tmp_path / "frost" / "a.png")
    assert "frost_sha256 was" in refused("corrupt", folder, tmp_path / "out", *words)
    record = json.loads((tmp_path / "out" / folder_job.RECORD).read_text())
    del record["frost_sha256"]  # as earlier versions wrote it
    (tmp_path / "out" / folder_job.RECORD).write_text(json.dumps(record))
    assert corrupted(folder, tmp_path / "out", *words) == 0


def test_a_folder_of_something_else_is_never_replaced(folder, tmp_path, refused):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("precious")
    for words in ([], ["--overwrite"]):
        assert "not made by this program" in refused("corrupt", folder, tmp_path / "out", *SOME, *words)
    assert contents(tmp_path / "out") == {"mine.txt": b"precious"}


def test_without_imagemagick_all_else_is_made(folder, tmp_path, monkeypatch, capsys):
    words = ["--corruptions", "snow", "contrast", "motion_blur", "--severities", "1"]
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "wand.image", None)
        assert corrupted(folder, tmp_path / "out", *words) == 2
    told = capsys.readouterr().err
    assert "libmagickwand-6.q16-6" in told and "4 pictures of the other corruptions" in told
    assert [path.name for path in (tmp_path / "out").iterdir() if path.is_dir()] == ["contrast"]
    assert corrupted(folder, tmp_path / "out", *words) == 0
    assert (tmp_path / "out" / "snow" / "1" / "n02" / "b.png").is_file()


def flat(folder):
    for path in list(folder.rglob("*/*")):
        shutil.move(path, folder / f"{path.parent.name}{path.name}")
    for name in ("n01", "n02"):
        (folder / name).rmdir()


@pytest.mark.parametrize(
    ("spoil", "words", "told"),
    [
        (None, ["--corruptions", "rain"], "no corruption 'rain'"),
        (None, ["--severities", "6"], "severity must be one of"),
        (None, ["--corruptions"], "at least one each"),
        (None, ["--seed", "-1"], "seed must be in"),
        (None, ["--jobs", "0"], "at least 1 process"),
        (None, ["--crop", "16"], "crop must be at least 32"),
        (None, ["--frost-folder", "gone"], "no folder gone"),
        (shutil.rmtree, [], "no class folder"),
        (flat, [], "holds no class folders"),
        (lambda folder: (folder / "n03").mkdir(), [], "n03 holds no picture"),
        (lambda folder: (folder / "n01" / "a.png").write_bytes(b"none"), [], "cannot read"),
        (lambda folder: Image.new("RGB", (20, 20)).save(folder / "n01" / "a.png"), [], "a.png: a picture to corrupt"),
        (lambda folder: Image.new("RGB", (40, 40)).save(folder / "n01" / "a.jpg"), [], "would both be written as one"),
    ],
)
def test_what_cannot_be_made_is_one_line(spoil, words, told, folder, tmp_path, capsys):
    if spoil:
        spoil(folder)
    chosen = words if "--corruptions" in words else ["--corruptions", "contrast", *words]
    assert corrupted(folder, tmp_path / "out", *chosen) == 2
    printed = capsys.readouterr().err.splitlines()
    assert told in printed[-1] and printed[-1].startswith("error: ")


def test_a_copy_within_its_source_is_refused(folder, refused):
    for out in (folder, folder / "out", folder.parent):
        assert "lie in each other" in refused("corrupt", folder, out, *SOME)
