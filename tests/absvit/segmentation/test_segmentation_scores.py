"""Scores: counts against ten lines of numpy and torchmetrics, records that go on, and what cannot be tested."""

import json
import shutil
import warnings

import numpy as np
import pytest
import torch
import xarray as xr
from coloured_pictures import error_of
from segmentation_trees import folders
from torchmetrics.classification import MulticlassAccuracy, MulticlassJaccardIndex

from absvit import records
from absvit.distributed import Process
from absvit.segmentation import __main__ as command
from absvit.segmentation.classes import IGNORED
from absvit.segmentation.counting import confusion, scores
from absvit.segmentation.loading_segmenter import load_segmenter
from absvit.segmentation.options import Cue, Test
from absvit.segmentation.pixel_record import _say_absent, over_seeds, run_test, summary
from absvit.segmentation.prediction import predictions, read_files

ALONE = Process(0, 1, torch.device("cpu"))


def random_labels(seed, n_classes=6):
    """Labels with ignored pixels, a class that neither is there nor is seen, and one that is only seen."""
    chance = np.random.default_rng(seed)
    labels = chance.integers(0, n_classes - 2, (2, 20, 30))
    predicted = np.where(chance.random(labels.shape) < 0.6, labels, chance.integers(0, n_classes - 1, labels.shape))
    labels[chance.random(labels.shape) < 0.1] = IGNORED
    return labels, predicted


def as_array(counts):
    names = np.arange(counts.shape[-1])
    return xr.DataArray(np.asarray(counts), {"class": names, "predicted_class": names}, ("class", "predicted_class"))


@pytest.mark.parametrize("seed", range(3))
def test_counts_are_those_of_a_loop(seed):
    labels, predicted = random_labels(seed)
    expected = np.zeros((6, 6), int)
    for true, said in zip(labels.ravel(), predicted.ravel(), strict=True):
        if true != IGNORED:
            expected[true, said] += 1
    counts = confusion(torch.tensor(labels), torch.tensor(predicted), 6)
    np.testing.assert_array_equal(counts, expected)
    found = scores(as_array(counts))
    iou = [
        ((labels == c) & (predicted == c)).sum() / (((labels == c) | (predicted == c)) & (labels != IGNORED)).sum()
        for c in range(5)
    ]
    np.testing.assert_allclose(found["iou"], [*iou, np.nan])
    assert found["iou"][4] == 0 and np.isnan(found["accuracy"][4])  # only seen: counts in mIoU, not in the accuracy
    assert found["miou"] == pytest.approx(np.mean(iou))
    kept = labels != IGNORED
    assert found["aacc"] == pytest.approx((labels == predicted)[kept].mean())
    by_class = [(predicted == c)[labels == c].mean() for c in range(4)]
    assert found["macc"] == pytest.approx(np.mean(by_class))


@pytest.mark.parametrize("seed", range(3))
def test_scores_are_those_of_torchmetrics(seed):
    labels, predicted = (torch.tensor(values) for values in random_labels(seed))
    found = scores(as_array(confusion(labels, predicted, 6)))
    jaccard = MulticlassJaccardIndex(6, average="macro", ignore_index=IGNORED)(predicted, labels)
    assert found["miou"] == pytest.approx(jaccard.item(), rel=1e-6)
    accuracy = MulticlassAccuracy(6, average="micro", ignore_index=IGNORED)(predicted, labels)
    assert found["aacc"] == pytest.approx(accuracy.item(), rel=1e-6)


# ---- the test of a checkpoint ----------------------------------------------------------------------------------------

SMALL = (
    "--data-set", "FOLDERS", "--crop", "32", "32", "--scale", "96", "48", "--epochs", "1", "--epoch-updates", "2",
    "--warmup-epochs", "0.5", "--batch-size", "2", "--total-batch", "2", "--test-batch", "1", "--channels", "8",
    "--num-workers", "0", "--device", "cpu",
)  # fmt: skip


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A data set of folders and a segmenter that has seen two updates of it."""
    root = folders(tmp_path_factory.mktemp("folders"), 5)
    out = root / "out"
    words = ["upernet_absvit_micro", *SMALL, "--data-path", str(root), "--out", str(out)]
    assert command.main(words) == 0
    return root


@pytest.fixture(scope="module")
def loaded(trained):
    """The trained segmenter; not to be changed."""
    return load_segmenter(trained / "out" / "segmenter.safetensors")


def options(root, **changed):
    base = {"checkpoint": root / "out" / "segmenter.safetensors", "data_path": root, "device": "cpu", "chunk": 2}
    return Test(**(base | changed))


@pytest.mark.seconds
def test_the_record_holds_what_a_loop_over_the_predictions_counts(trained, loaded, tmp_path):
    record = run_test(options(trained, out=tmp_path / "r.zarr"), Cue(), loaded, ALONE)
    assert record["confusion"].dims == ("iteration", "stimulus", "class", "predicted_class")
    assert record["confusion"].shape == (2, 5, 3, 3) and record["class"].values.tolist() == ["ground", "wall", "sky"]
    pictures = options(trained).pictures(loaded)
    found = predictions(loaded, read_files(pictures.pictures, ALONE), Cue(), ALONE)
    total = np.zeros((2, 3, 3), int)
    for index, prediction in enumerate(found):
        labels = pictures.read(index)[1]
        for t in range(2):
            for true, said in zip(labels.ravel(), prediction.labels[t].ravel(), strict=True):
                if true != IGNORED:
                    total[t, true, said] += 1
    np.testing.assert_array_equal(record["confusion"].sum("stimulus"), total)
    hit = np.diagonal(total, axis1=1, axis2=2)
    with np.errstate(invalid="ignore"):
        iou = hit / (total.sum(1) + total.sum(2) - hit)
    np.testing.assert_allclose(record["iou"], iou)
    np.testing.assert_allclose(record["miou"], np.nanmean(iou, 1))
    assert record.attrs["checkpoint"] == "segmenter.safetensors" and record.attrs["model"] == "absvit_micro"
    for name in (*record.data_vars, *record.coords):
        assert record[name].attrs["long_name"] and record[name].attrs["units"], name


@pytest.mark.seconds
def test_a_test_that_was_stopped_goes_on_to_the_same_bytes(trained, loaded, tmp_path, monkeypatch):
    whole = run_test(options(trained, out=tmp_path / "whole.zarr"), Cue(), loaded, ALONE)
    write, written = records.Record.write, []

    def stopped(self, part, values):
        if written:
            raise KeyboardInterrupt
        written.append(part)
        write(self, part, values)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(records.Record, "write", stopped)
        run_test(options(trained, out=tmp_path / "parts.zarr"), Cue(), loaded, ALONE)
    with pytest.raises(ValueError, match="not complete"):
        summary(records.load(tmp_path / "parts.zarr"))
    parts = run_test(options(trained, out=tmp_path / "parts.zarr", resume=True), Cue(), loaded, ALONE)
    xr.testing.assert_identical(whole.drop_attrs().load(), parts.drop_attrs().load())
    with pytest.raises(ValueError, match="--resume"):
        run_test(options(trained, out=tmp_path / "parts.zarr"), Cue(), loaded, ALONE)
    with pytest.raises(ValueError, match="another experiment"):
        run_test(options(trained, out=tmp_path / "parts.zarr", resume=True), Cue("1"), loaded, ALONE)


@pytest.mark.parametrize("kind", ["images", "labels"])
def test_a_picture_or_labels_replaced_under_their_name_are_told(trained, loaded, tmp_path, kind):
    place = shutil.copytree(options(trained).data_path, tmp_path / "data")
    run_test(options(trained, data_path=place, out=tmp_path / "r.zarr"), Cue(), loaded, ALONE)
    one, *_, other = sorted((place / kind / "val").rglob("*.png"))
    shutil.copy(other, one)
    with pytest.raises(ValueError, match="pictures of stimuli 0 to 1 have changed since"):
        run_test(options(trained, data_path=place, out=tmp_path / "r.zarr", resume=True), Cue(), loaded, ALONE)


@pytest.mark.seconds
def test_processes_share_the_pictures(trained, loaded, tmp_path):
    whole = run_test(options(trained, out=tmp_path / "whole.zarr"), Cue(), loaded, ALONE)
    first, second = (Process(rank, 2, torch.device("cpu")) for rank in (0, 1))
    shared = options(trained, out=tmp_path / "shared.zarr", resume=True)
    with pytest.raises(ValueError, match="2 stimuli of .* are not done"):  # the second process has not begun
        run_test(shared, Cue(), loaded, first)
    done = records.load(tmp_path / "shared.zarr")["done"].values.tolist()
    assert done == [1, 1, 0, 0, 1]
    run_test(shared, Cue(), loaded, second)
    xr.testing.assert_identical(whole.drop_attrs().load(), run_test(shared, Cue(), loaded, first).drop_attrs().load())


def test_the_validation_of_a_training_is_the_test(trained, loaded, tmp_path):
    card = json.loads((trained / "out" / "segmenter.json").read_text())
    record = run_test(options(trained, out=tmp_path / "r.zarr"), Cue(), loaded, ALONE)
    assert card["validation"]["n"] == 5
    for t in range(2):
        assert card["validation"][f"miou_pass{t + 1}"] == pytest.approx(float(record["miou"][t]), abs=1e-12)


def a_test(value=0.5, weights="a", pictures="p", cue_gain=None, **options):
    """A record of a test as far as its summary reads it."""
    given = {"cue": "disk", "cue_box": None, "cue_gain": cue_gain, "options": {"trainable": "end2end"} | options}
    about = {"model": "m", "data_set": "d", "checkpoint_sha256": weights, "pictures": pictures}
    return xr.Dataset(
        {name: ("iteration", [value]) for name in ("miou", "macc", "aacc")}
        | {"confusion": (("iteration", "stimulus"), [[0]]), "done": ("stimulus", [1])},
        {"iteration": [0]},
        about | {"parameters": json.dumps(given)},
    )


def test_intervals_are_students():
    tests = [a_test(value, str(value), seed=k) for k, value in enumerate((0.5, 0.6, 0.7))]
    [row] = over_seeds(tests).to_dict("records")
    assert (row["seeds"], row["miou"]) == (3, pytest.approx(60))
    half = 4.302653 * 10 / 3**0.5  # t(0.975, 2), sd 10
    assert (row["miou_low"], row["miou_high"]) == (
        pytest.approx(60 - half, rel=1e-6),
        pytest.approx(60 + half, rel=1e-6),
    )


def test_what_are_no_seeds_of_a_model_is_kept_apart_or_refused():
    apart = over_seeds([a_test(), a_test(weights="b", trainable="linear"), a_test(cue_gain=3.0)])
    assert apart["seeds"].tolist() == [1, 1, 1] and apart["cue"].tolist() == ["disk", "disk", "disk x 3"]
    for others, told in (
        ({}, "m with the same weights"),
        ({"weights": "b", "pictures": "q"}, "on different pictures"),
        ({"weights": "b", "epochs": 3, "seed": 1}, "differ in epochs, so"),
    ):
        with pytest.raises(ValueError, match=told):
            over_seeds([a_test(), a_test(**others)])


# ---- the command line ------------------------------------------------------------------------------------------------


def test_tests_that_cannot_be_are_refused(trained, tmp_path, capsys):
    def run(*words):
        given = ["--out", str(tmp_path / "r.zarr"), "--device", "cpu", *map(str, words)]
        assert command.main(["test", *given]) == 2
        assert not (tmp_path / "r.zarr").exists()
        return error_of(capsys)

    weights = trained / "out" / "segmenter.safetensors"
    assert "no checkpoint at" in run("--checkpoint", tmp_path / "lost.pt")
    assert "no data set at" in run("--checkpoint", weights, "--data-path", tmp_path / "lost")
    classifier = tmp_path / "classifier.safetensors"
    shutil.copy(weights, classifier)
    assert "holds no segmentation" in run("--checkpoint", classifier)
    other = folders(tmp_path / "other")
    (other / "classes.txt").write_text("a\nb\nc\n")
    assert "has the classes a, b, c" in run("--checkpoint", weights, "--data-path", other)
    assert "seed must be in" in run("--checkpoint", weights, "--seed", -1)
    assert "got '77'" in run("--checkpoint", weights, "--data-path", trained, "--cue", 77)


def test_a_bad_label_stops_the_test_and_names_the_file(trained, tmp_path, capsys):
    shutil.copytree(trained, tmp_path / "d")
    (tmp_path / "d" / "labels" / "val" / "p3.png").unlink()
    words = ["test", "--checkpoint", str(trained / "out" / "segmenter.safetensors"), "--data-path", str(tmp_path / "d")]
    assert command.main([*words, "--device", "cpu", "--chunk", "2", "--out", str(tmp_path / "r.zarr")]) == 2
    assert "no label file" in (told := error_of(capsys)) and "p3.png" in told


def test_summary_of_another_record_is_refused(tmp_path, capsys):
    xr.Dataset({"done": ("stimulus", [1])}, attrs={"parameters": "{}"}).to_zarr(tmp_path / "x.zarr", consolidated=False)
    assert command.main(["summary", str(tmp_path / "x.zarr")]) == 2
    assert "expected a record of python -m absvit.segmentation test" in error_of(capsys)


def test_classes_that_no_tested_pixel_shows_are_told():
    pixels = xr.DataArray([5, 0, 3, 0], {"class": ["a", "b", "c", "d"]}, ["class"])
    with pytest.warns(UserWarning, match=r"2 of 4 classes never occur in the pictures that were tested \(b, d\)"):
        _say_absent(pixels)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        _say_absent(pixels + 1)
