"""Segmentation from training to prediction: tiny data sets in their published layouts, kills, processes, refusals."""

import dataclasses
import json
import shutil
import signal
import time

import numpy as np
import pytest
import torch
import xarray as xr
from coloured_pictures import error_of, lines_of, without_time
from PIL import Image
from ranks import both, started
from segmentation_trees import SIZE, TREES, folders

from absvit.distributed import Process
from absvit.segmentation import __main__ as command
from absvit.segmentation.classes import ADE20K, coloured
from absvit.segmentation.drawn_scenes import HELD_OUT_SEED, DrawnScenes
from absvit.segmentation.loading_segmenter import load_segmenter
from absvit.segmentation.overlays import blended, overlay_figure
from absvit.segmentation.problem import SegmentationProblem, count_pixels
from absvit.training.recipe import RECIPES

TINY = (
    "--crop", "32", "32", "--scale", "96", "48", "--epochs", "1", "--epoch-updates", "2", "--warmup-epochs", "0.5",
    "--batch-size", "2", "--total-batch", "2", "--channels", "8", "--auxiliary-channels", "6", "--num-workers", "0",
    "--device", "cpu", "--log-every", "1",
)  # fmt: skip
SCENES = (
    "--size", "32", "--radius", "0.2", "0.3", "--set-sizes", "1", "2", "--held-out", "4", "--epochs", "2",
    "--epoch-updates", "8", "--warmup-epochs", "0.5", "--batch-size", "2", "--total-batch", "4", "--channels", "8",
    "--auxiliary-channels", "6", "--num-workers", "0", "--device", "cpu", "--log-every", "1", "--finetune", "none",
    "--test-batch", "2",
)  # fmt: skip


def run(*words):
    return command.main([str(word) for word in words])


def log_of(out):
    return without_time(lines_of(out))


# ---- the published layouts, end to end -------------------------------------------------------------------------------


@pytest.mark.seconds
@pytest.mark.parametrize(
    ("data_set", "model"), [("VOC", "absvit"), ("CITYSCAPES", "vit"), ("ADE20K", "absvit"), ("FOLDERS", "vit")]
)
def test_a_published_layout_goes_from_training_to_prediction(data_set, model, tmp_path, capsys):
    root, out = TREES[data_set](tmp_path / "data"), tmp_path / "out"
    recipe = f"upernet_{model}_micro"
    assert run(recipe, *TINY, "--data-set", data_set, "--data-path", root, "--out", out) == 0
    *updates, tested = log_of(out)
    assert [line["step"] for line in updates] == [0, 1] and all(np.isfinite(line["loss"]) for line in updates)
    loaded = load_segmenter(out / "segmenter.safetensors")
    passes = loaded.model.n_passes
    assert tested["n"] == 3 and {f"miou_pass{k + 1}" for k in range(passes)} <= set(tested)
    words = ("--checkpoint", out / "best.pt", "--data-path", root, "--device", "cpu", "--out", tmp_path / "r.zarr")
    assert run("test", *words, "--overlays", 2) == 0
    drawn = {path.name for path in (tmp_path / "r_overlays").iterdir()}
    assert drawn == {"00000.png", "00000_overlay.png", "00001.png", "00001_overlay.png"}
    record = xr.open_zarr(tmp_path / "r.zarr", consolidated=False)
    assert float(record["miou"][-1]) == pytest.approx(tested[f"miou_pass{passes}"], abs=1e-12)
    assert record["class"].values.tolist() == list(loaded.table.names)
    pictures = sorted(path for path in root.rglob("*") if path.suffix in (".jpg", ".png") and "JPEG" in str(path))
    pictures = pictures or sorted(
        path for path in root.rglob("*") if "mages" in str(path) or "_leftImg8bit" in str(path)
    )
    pictures = [path for path in pictures if path.is_file()][:2]
    capsys.readouterr()
    predicted = tmp_path / "p"
    assert run("predict", *pictures, "--checkpoint", out / "segmenter.safetensors", "--out", predicted) == 0
    written = capsys.readouterr().out.split()
    assert len(written) == 4
    for path in pictures:
        with Image.open(predicted / f"{path.stem}.png") as labels:
            assert labels.mode == "P" and labels.size == SIZE[::-1]
            assert np.asarray(labels).max() < len(loaded.table.names)
            assert tuple(labels.getpalette()[:6]) == loaded.table.colours[0] + loaded.table.colours[1]
        with Image.open(predicted / f"{path.stem}_overlay.png") as overlay:
            assert overlay.width > 400 * passes


@pytest.mark.seconds
def test_the_base_recipe_trains_as_it_stands(tmp_path):
    """The published recipe with a model of the same kind that is quick: nothing else is changed but the numbers."""
    root = TREES["VOC"](tmp_path / "data")
    words = ("--model", "absvit_tiny_patch16_224", "--finetune", "none", "--epochs", 1, "--epoch-updates", 1)
    small = ("--crop", 48, 48, "--scale", 192, 48, "--channels", 8, "--auxiliary-channels", 8, "--total-batch", 2)
    place = ("--data-path", root, "--out", tmp_path / "out", "--num-workers", 0, "--device", "cpu")
    assert run("upernet_absvit_base_voc", *words, *small, "--warmup-epochs", 0, *place) == 0
    optimizer = torch.load(tmp_path / "out" / "last.pt")["optimizer"]["param_groups"]
    assert [(group["weight_decay"], group["betas"]) for group in optimizer] == [(0.01, (0.9, 0.999)), (0, (0.9, 0.999))]
    assert log_of(tmp_path / "out")[0]["lr"] == 6e-5


# ---- scenes ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """An uninterrupted training on drawn scenes."""
    out = tmp_path_factory.mktemp("whole")
    assert run("upernet_absvit_micro", *SCENES, "--out", out) == 0
    return out


@pytest.mark.seconds
def test_training_lowers_the_loss_and_says_what_was_trained(whole):
    lines = log_of(whole)
    updates, tested = [line for line in lines if "epoch" not in line], [line for line in lines if "epoch" in line]
    assert len(updates) == 16 and [line["epoch"] for line in tested] == [1, 2]
    assert updates[-1]["loss"] < updates[0]["loss"] - 0.05
    assert updates[-1]["accuracy"] > updates[0]["accuracy"] + 0.3
    card = json.loads((whole / "segmenter.json").read_text())
    assert (card["model"], card["recipe"], card["images"]) == ("absvit_micro", "upernet_absvit_micro", 64)
    loaded = load_segmenter(whole / "segmenter.safetensors")
    assert card["parameters"] == sum(p.numel() for p in loaded.model.parameters())
    assert loaded.recipe.scenes.size == 32 and loaded.table.names[0] == "background"
    state = torch.load(whole / "last.pt")["model"]
    assert all(torch.equal(value, state[name]) for name, value in loaded.model.state_dict().items())


@pytest.mark.processes
@pytest.mark.xdist_group("test_segmentation_training")  # whose first training it shares
def test_a_killed_training_goes_on_to_the_same_bits(whole, tmp_path):
    words = ["upernet_absvit_micro", *SCENES, "--checkpoint-every", "1", "--out", tmp_path]
    training = started("absvit.segmentation", *words)
    log = tmp_path / "log.jsonl"
    while not (log.exists() and log.read_bytes().count(b"\n") > 5):
        assert training.exitcode is None
        time.sleep(0.005)
    training.kill()
    training.join()
    assert training.exitcode == -signal.SIGKILL
    assert 0 < torch.load(tmp_path / "last.pt")["position"]["step"] < 16
    assert run("upernet_absvit_micro", *SCENES, "--checkpoint-every", 1, "--out", tmp_path) == 0
    assert log_of(tmp_path) == log_of(whole)
    names = "segmenter.safetensors"
    assert (tmp_path / names).read_bytes() == (whole / names).read_bytes()


@pytest.mark.processes
def test_two_processes_learn_what_one_does(tmp_path):
    """Norms of two images each: a process with two micro-batches has the same gradients as two processes."""
    options = (*SCENES, "--head-dropout", "0", "--epochs", "1")
    assert run("upernet_absvit_micro", *options, "--out", tmp_path / "one") == 0
    done = both("absvit.training", "upernet_absvit_micro", *options, "--out", tmp_path / "two")
    assert done.returncode == 0, done.stderr
    one, two = (torch.load(tmp_path / name / "last.pt")["model"] for name in ("one", "two"))
    for name, value in one.items():
        if "running_" not in name and "num_batches" not in name:
            torch.testing.assert_close(two[name], value, atol=2e-4, rtol=1e-3)
    norms = [[line["gradient_norm"] for line in log_of(tmp_path / name)[:-1]] for name in ("one", "two")]
    assert norms[1] == pytest.approx(norms[0], rel=1e-3)
    # the two have shared the held-out scenes, which one process counts alike
    loaded = load_segmenter(tmp_path / "two" / "segmenter.safetensors")
    scenes, alone = DrawnScenes(loaded.recipe.scenes, HELD_OUT_SEED, 4), Process(0, 1, torch.device("cpu"))
    counts = count_pixels(loaded.model, scenes, loaded.recipe, 0, alone)
    tested = log_of(tmp_path / "two")[-1]
    for k in range(2):
        assert counts[k].trace() / counts[k].sum() == pytest.approx(tested[f"aacc_pass{k + 1}"], abs=1e-12)
    assert counts.sum() == 2 * 4 * 32 * 32


def test_processes_with_gpus_share_their_norms(tmp_path):
    recipe = dataclasses.replace(RECIPES["upernet_vit_micro"], channels=8, finetune="none")
    for name, processes, shared in (("cuda", 2, True), ("cuda", 1, False), ("cpu", 2, False)):
        model = SegmentationProblem(recipe, tmp_path, 0, Process(0, processes, torch.device(name))).model()
        norms = [module for module in model.modules() if isinstance(module, torch.nn.modules.batchnorm._BatchNorm)]
        assert len(norms) == 13 and all(isinstance(n, torch.nn.SyncBatchNorm) == shared for n in norms)


# ---- pictures of a segmentation --------------------------------------------------------------------------------------


def test_overlays_lie_over_the_picture(whole):
    table = load_segmenter(whole / "last.pt").table
    picture, labels = np.full((4, 6, 3), 100, np.uint8), np.zeros((4, 6), np.uint8)
    labels[0, 0], labels[1, 1] = 2, 255
    mixed = blended(picture, labels, table, 0.5)
    assert mixed[0, 0].tolist() == [50, 114, 50]  # class 2 is (0, 128, 0)
    assert mixed[2, 2].tolist() == [50, 50, 50] and mixed[1, 1].tolist() == [100, 100, 100]
    figure = overlay_figure(picture, [labels, labels], table, ["one", "two"], labels)
    assert [axes.get_title() for axes in figure.axes] == ["picture", "one", "two", "true labels"]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["background", table.names[2]]
    assert coloured(labels, table).getpixel((0, 0)) == 2


def test_long_names_of_classes_stay_on_the_overlay():
    longest = sorted(range(len(ADE20K.names)), key=lambda k: -len(ADE20K.names[k]))[:12]
    labels = np.resize(np.array(longest, np.uint8), (40, 40))
    for panels in (1, 3):
        figure = overlay_figure(np.zeros((40, 40, 3), np.uint8), [labels] * panels, ADE20K, ["one"] * panels)
        figure.canvas.draw()
        [legend], page = figure.legends, figure.bbox
        boxes = [text.get_window_extent() for text in legend.get_texts()]
        assert len(boxes) == 12 and all(page.x0 <= box.x0 and box.x1 <= page.x1 for box in boxes)
        assert max(box.y1 for box in boxes) <= figure.axes[0].get_window_extent().y0 + 1


def test_a_picture_is_never_replaced_by_its_segmentation(whole, tmp_path, capsys):
    Image.new("RGB", (50, 40)).save(tmp_path / "a.png")
    before = (tmp_path / "a.png").read_bytes()
    place = ("--checkpoint", whole / "last.pt", "--device", "cpu")
    assert run("predict", tmp_path / "a.png", *place, "--out", tmp_path) == 2
    assert "would replace the picture" in error_of(capsys) and (tmp_path / "a.png").read_bytes() == before
    Image.new("RGB", (50, 40)).save(tmp_path / "a_overlay.png")
    assert run("predict", tmp_path, *place, "--out", tmp_path / "p") == 2
    assert "two results would be called a_overlay.png" in error_of(capsys)


def test_prediction_takes_any_mode_and_a_cue(whole, tmp_path, capsys):
    grey = np.random.default_rng(0).integers(0, 65536, (40, 50)).astype(np.uint16)
    Image.fromarray(grey).save(tmp_path / "deep.png")
    Image.new("RGBA", (50, 40), (200, 30, 30, 128)).save(tmp_path / "clear.png")
    Image.new("P", (50, 40)).save(tmp_path / "palette.gif")
    names = ("deep.png", "clear.png", "palette.gif")
    place = ("--checkpoint", whole / "last.pt", "--out", tmp_path / "p", "--no-overlays", "--device", "cpu")
    assert run("predict", *(tmp_path / n for n in names), *place, "--cue-box", 0, 0, 0.5, 1) == 0
    assert sorted(path.name for path in (tmp_path / "p").iterdir()) == ["clear.png", "deep.png", "palette.png"]
    capsys.readouterr()
    assert run("predict", tmp_path / "deep.png", *place, "--cue", "disk") == 2
    assert "began without weights" in error_of(capsys)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda d: [], "at least one picture"),
        (lambda d: [d / "lost.png"], "no picture at"),
        (lambda d: [d], "holds no picture"),
        (lambda d: [(d / "a.png").write_text("text") and d / "a.png"], "cannot read"),
        (lambda d: [Image.new("L", (9, 9)).save(d / f"a.{end}") or d / f"a.{end}" for end in ("png", "bmp")], "both"),
    ],
    ids=["none", "lost", "empty folder", "text", "one name"],
)
def test_pictures_that_cannot_be_segmented_are_named(make, told, whole, tmp_path, capsys):
    (tmp_path / "d").mkdir()
    files = make(tmp_path / "d")
    assert run("predict", *files, "--checkpoint", whole / "last.pt", "--out", tmp_path / "p", "--device", "cpu") == 2
    assert told in error_of(capsys)


# ---- refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--trainable", "top-down", "--model", "vit_micro", "--finetune", "none"), "vit_micro has no feedback path"),
        (("--pass1-weight", 1), "pass1_weight must be in [0, 1), got 1"),
        (("--layer-decay", 0.9), "leave --layer-decay out"),
        (("--total-batch", 1, "--batch-size", 1), "at least 2 pictures at once"),
        (("--prompts", 0), "prompts must be at least 1, got 0"),
        (("--finetune", "lost.pth"), "no checkpoint at lost.pth"),
        (("--finetune", "seed9"), "neither a file nor among the bundled tags"),
        (("--model", "absvit_mcro"), "absvit_micro"),
        (("--set-sizes", 7), "n_objects must be 1 to 4, got 7"),
        (("--auxiliary-weight", -1), "must not be negative"),
    ],
)
def test_bad_options_give_one_line(options, told, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run("upernet_absvit_micro", *SCENES, *options, "--out", tmp_path / "out") == 2
    assert told in error_of(capsys)
    assert not (tmp_path / "out").exists()


def lacking_label(root):
    (root / "labels" / "train" / "p1.png").unlink()


def too_small(root):
    for kind in ("images", "labels"):
        with Image.open(root / kind / "train" / "p1.png") as picture:
            small = picture.resize((10, 8), Image.Resampling.NEAREST)
        small.save(root / kind / "train" / "p1.png")


@pytest.mark.parametrize(
    ("spoil", "told"), [(lacking_label, "no label file"), (too_small, "smaller than the crop of 32 x 32")]
)
def test_a_file_that_cannot_be_trained_on_is_named(spoil, told, tmp_path, capsys):
    root = folders(tmp_path / "data")
    spoil(root)
    words = ("upernet_vit_micro", *TINY, "--scale", "None", "--data-set", "FOLDERS", "--data-path", root)
    assert run(*words, "--out", tmp_path / "out") == 2
    assert told in (line := error_of(capsys)) and "train/p1.png" in line


def test_another_recipe_is_not_gone_on_with(whole, tmp_path, capsys):
    shutil.copytree(whole, tmp_path / "copy")
    assert run("upernet_absvit_micro", *SCENES, "--lr", "1e-4", "--out", tmp_path / "copy") == 2
    assert "recipe.lr was 0.004, is 0.0001" in error_of(capsys)


def test_an_unknown_recipe_is_told_with_the_known_ones(capsys):
    assert run("upernet_micro") == 2
    told = error_of(capsys)
    assert all(name in told for name in (*RECIPES.within("absvit.segmentation"), "predict", "test", "summary"))


OPTIONS = {
    "a hub": {"model": "hf-hub:somebody/model"}, "a folder": {"model": "local-dir:/somewhere"},
    "no model": {"model": 3}, "an unknown model": {"model": "vit_nano"}, "channels of text": {"channels": "many"},
    "channels negative": {"channels": -1}, "scenes a list": {"scenes": [1]}, "scenes null": {"scenes": None},
    "varied text": {"varied": "much"}, "a crop of text": {"varied": {"crop": "large"}},
    "an unknown option": {"checkpoint_path": "/somewhere"},
}  # fmt: skip
CLASSES = {
    "names a number": {"names": 3}, "names null": {"names": None}, "too few names": {"names": ["a"]},
    "a colour of text": {"colours": [["red", 0, 0]]}, "colours missing": {"colours": None},
    "a colour beyond bytes": {"colours": [[0, 0, 10**400]]},
}  # fmt: skip


@pytest.mark.parametrize("where", ["card", "last.pt"])
@pytest.mark.parametrize(
    ("options", "classes"),
    [*((change, {}) for change in OPTIONS.values()), *(({}, change) for change in CLASSES.values())],
    ids=[*OPTIONS, *CLASSES],
)
def test_spoilt_descriptions_of_a_segmenter_end_in_one_line(whole, tmp_path, options, classes, where):
    if where == "card":
        shutil.copy(whole / "segmenter.safetensors", tmp_path / "s.safetensors")
        card = json.loads((whole / "segmenter.json").read_text())
        card["options"] |= options
        card["segmentation"] |= classes
        (tmp_path / "s.json").write_text(json.dumps(card))
        path = tmp_path / "s.safetensors"
    else:
        content = torch.load(whole / "last.pt", weights_only=True)
        content["facts"]["recipe"] |= options
        content["facts"]["data"]["classes"] |= classes
        path = tmp_path / "last.pt"
        torch.save(content, path)
    with pytest.raises(ValueError) as error:
        load_segmenter(path)
    assert "\n" not in str(error.value)
