"""``python -m experiments``: from stimuli to record, table, figure, netCDF and card; bad input is one line, exit 2."""

import json
from dataclasses import replace
from pathlib import Path

import displays
import numpy as np
import pandas as pd
import pytest
import timm
import torch
import xarray as xr
from formula import fill
from PIL import Image
from synthetic_probe_records import robustness_record

import absvit
from absvit.models import checkpoints
from absvit.models import class_names as naming
from experiments.__main__ import main
from experiments.command_options import StimulusOptions
from stimuli.families import halves as bistable
from stimuli.families.objects import CATEGORIES, Objects
from stimuli.sets import format
from stimuli.sets.resizing import set_resized


@pytest.fixture(scope="module")
def record(weights, tmp_path_factory):
    out = tmp_path_factory.mktemp("record") / "bistable.zarr"
    words = ["bistable", "--checkpoint", *weights, "--controls", "--n", "6", "--seed", "3", "--out", str(out)]
    assert main(words) == 0
    return out


def photograph(path, seed=0, mode="RGB"):
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (50, 70, 3), np.uint8)
    Image.fromarray(pixels).convert(mode).save(path)
    return str(path)


@pytest.mark.seconds
def test_the_record_describes_itself(record, weights):
    stored = xr.open_zarr(record)
    assert dict(stored["logits"].sizes) == {
        "model": 2, "seed": 2, "iteration": 2, "prior": 11, "stimulus": 6, "class": 12,
    }  # fmt: skip
    assert (stored["done"] == 1).all()
    hashes = [checkpoints.read(file).sha256 for file in weights]
    assert stored.attrs["checkpoint_sha256"].split(", ") == hashes
    assert stored.attrs["seed"] == 3 and json.loads(stored.attrs["stimuli"])["family"] == "halves"
    assert set(stored.attrs) >= {"title", "model", "checkpoint", "package_version", "git_commit", "command", "device"}


@pytest.mark.seconds
def test_summary_as_text_csv_and_latex(record, capsys, tmp_path):
    assert main(["summary", str(record), "--format", "csv"]) == 0
    (tmp_path / "t.csv").write_text(capsys.readouterr().out)
    frame = pd.read_csv(tmp_path / "t.csv")
    assert set(frame["seed"]) == {0, 1} and frame["model"].nunique() == 2 and (frame["n"] == 6).all()
    assert main(["summary", str(record), str(record)]) == 0
    table, notes = capsys.readouterr().out.split("\n\n")
    assert len(table.splitlines()) == 2 * len(frame) + 1 and "selection_index: " in notes
    assert main(["summary", str(record), "--format", "latex"]) == 0
    assert "\\begin{tabular}" in capsys.readouterr().out


@pytest.mark.seconds
@pytest.mark.parametrize("name", ["signature", "steering"])
def test_figures_are_written_with_their_caption(record, name, tmp_path, capsys):
    assert main(["figure", name, str(record), "--out", str(tmp_path / "f"), "--format", "png", "svg"]) == 0
    printed = capsys.readouterr().out
    assert "95 %" in printed and str(tmp_path / "f.svg") in printed
    with Image.open(tmp_path / "f.png") as picture:
        assert picture.width > 1500 and picture.info["Description"] in printed


def test_export_writes_netcdf(record, tmp_path):
    assert main(["export", str(record), str(tmp_path / "r.nc")]) == 0
    with xr.open_dataset(tmp_path / "r.nc") as read:
        assert np.array_equal(read["logits"], xr.open_zarr(record)["logits"])


@pytest.mark.seconds
def test_a_stimulus_set_on_disk_gives_the_record_of_the_same_set_drawn(weights, tmp_path, record):
    format.write(bistable.draw(bistable.Halves(), 6, 3), tmp_path / "set")
    words = ["bistable", "--checkpoint", *weights, "--stimuli", str(tmp_path / "set"), "--seed", "3"]
    assert main([*words, "--out", str(tmp_path / "r.zarr")]) == 0
    intact = xr.open_zarr(record)["logits"].isel(model=0, drop=True)
    xr.testing.assert_equal(xr.open_zarr(tmp_path / "r.zarr")["logits"].load(), intact.load())


@pytest.mark.seconds
def test_two_photographs_and_a_class_folder(weights, tmp_path):
    one, two = photograph(tmp_path / "a.png"), photograph(tmp_path / "b.tif", 1, "CMYK")
    words = ["bistable", "--checkpoint", weights[0], "--out"]
    named = ["--photographs", one, two, "--classes", "heart", "bar"]
    assert main([*words, str(tmp_path / "pair.zarr"), *named]) == 0
    pair = xr.open_zarr(tmp_path / "pair.zarr")
    assert pair.sizes["stimulus"] == 2 and "class 1" in pair["prior"].values
    for category in ("cat", "dog", "ship"):
        for k in range(2):
            photograph(tmp_path / "folder" / category / f"{k}.png", k)
    assert main([*words, str(tmp_path / "folder.zarr"), "--folder", str(tmp_path / "folder"), "--n", "5"]) == 0
    folder = xr.open_zarr(tmp_path / "folder.zarr")
    assert folder.sizes["stimulus"] == 5 and "class 1" not in folder["prior"].values
    assert main(["figure", "signature", str(tmp_path / "folder.zarr"), "--out", str(tmp_path / "f.png")]) == 0


def test_real_photographs_of_many_sizes_are_halved(weights, tmp_path):
    present = Path(__file__).parents[4] / "shared" / "data" / "imagenet_samples"
    for folder in [present] * present.is_dir():
        words = ["bistable", "--checkpoint", weights[0], "--folder", str(folder), "--n", "6"]
        assert main([*words, "--out", str(tmp_path / "r.zarr")]) == 0
        pictures = xr.open_zarr(tmp_path / "r.zarr")["image"].values
        assert pictures.shape == (6, 112, 112, 3) and (pictures.std(axis=(1, 2, 3)) > 5).all()


@pytest.mark.seconds
def test_a_card_holds_what_was_measured(weights, tmp_path, record):
    singles = []
    for name, options in (("single", []), ("rotated", ["--hue-shift", "180"])):
        singles.append(str(tmp_path / f"{name}.zarr"))
        words = ["recognition", "--checkpoint", *weights, "--n", "6", "--out", singles[-1]]
        assert main([*words, *options]) == 0
    assert (
        main(["card", weights[1], "--steering", str(record), "--recognition", singles[0], "--rotated", singles[1]]) == 0
    )
    loaded = checkpoints.read(weights[1])  # the card still belongs to the weights
    measured = loaded.card["measured"]
    low, high = measured["selection index, class"]["interval"]
    assert low <= measured["selection index, class"]["value"] <= high
    assert measured["bistable images"] == 6 and loaded.card["seed"] == 1


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--model", "absvit_mirco"], "absvit_micro"),
        (["--n", "0"], "n must be at least 1"),
        (["--seed", str(2**32)], "seed"),
        (["--iterations", "0"], "iterations must be at least 1"),
        (["--class-gain", "nan"], "finite"),
        (["--layer", "9"], "layer must be in"),
        (["--photographs", "nowhere.png", "nowhere.png"], "no photograph"),
        (["--folder", "nowhere"], "no folder"),
        (["--stimuli", "nowhere"], "no stimulus set"),
        (["--classes", "a", "b"], "--photographs"),
        (["--folder", "x", "--stimuli", "y"], "one of"),
        (["--checkpoint", "nowhere.safetensors"], "no checkpoint"),
        (["--device", "gpu"], "no device gpu here: choose cpu"),
        (["--resume", "--overwrite"], "not both"),
        (["--chunk", "0"], "chunk must be at least 1"),
        (["object_prior", "--gains", "nan"], "finite"),
        (["object_prior", "--photographs", "a.png", "b.png"], "leave out --folder and --photographs"),
        (["spatial_prior", "--angles", "0", "200"], "[0, 180]"),
        (["search", "--stimuli", "nowhere"], "no stimulus set"),
        (["navon", "--iterations", "0"], "at least 1"),
    ],
)
def test_bad_options_are_one_line(weights, options, says, tmp_path, fails):
    probe, *options = ["bistable", *options] if options[0].startswith("--") else options
    assert says in fails([probe, "--out", tmp_path / "r.zarr", "--n", "2", "--checkpoint", weights[0], *options])
    assert not (tmp_path / "r.zarr").exists()


def test_a_path_that_holds_something_else_is_kept(weights, tmp_path, fails):
    (tmp_path / "notes").write_text("mine")
    words = ["bistable", "--n", "2", "--checkpoint", weights[0], "--out"]
    assert "not a record" in fails([*words, tmp_path / "notes", "--overwrite"])
    assert "cannot write" in fails([*words, tmp_path / "notes" / "r.zarr"])
    assert (tmp_path / "notes").read_text() == "mine"


@pytest.mark.parametrize(
    "command", [["summary"], ["export", "--out", "r.nc"], ["figure", "signature", "--out", "f.png"]]
)
def test_a_missing_record_is_one_line(command, tmp_path, fails):
    name, *options = command
    words = [name, *options[:1], tmp_path / "none.zarr", *options[1:]] if name == "figure" else [
        name, tmp_path / "none.zarr", *options,
    ]  # fmt: skip
    assert "no record" in fails(words)


def test_a_class_that_the_model_does_not_have_names_the_nearest(weights, tmp_path, fails):
    pictures = [photograph(tmp_path / name) for name in ("a.png", "b.png")]
    words = ["bistable", "--checkpoint", weights[0], "--photographs", *pictures, "--out", tmp_path / "r.zarr"]
    assert "heart" in fails([*words, "--classes", "bar", "heat"])
    said = fails([*words, "--classes", "labrador", "car"])
    assert "no class 'labrador'" in said and all(category in said for category in CATEGORIES)
    assert "two different classes, got 'bar' twice" in fails([*words, "--classes", "bar", "Bar"])


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("red fox, Vulpes vulpes", ["red fox, Vulpes vulpes"]), ("Red_Fox", ["red fox, Vulpes vulpes"]),
        ("vulpes VULPES", ["red fox, Vulpes vulpes"]), ("n02119022", ["n02119022"]), ("unheard", []), ("", []),
        ("labrador", ["Labrador retriever"]),
        ("bar", ["horizontal bar, high bar", "space bar", "sandbar, sand bar"]),
    ],
)  # fmt: skip
def test_a_part_of_a_name_will_do(name, found):
    model = timm.create_model("vit_tiny_patch16_224", depth=1)
    assert naming.candidates(name, model) == found
    if len(found) == 1:
        assert naming.known_as(name, model) == found[0] and naming.called([name, "x"], model) == [*found, "x"]
    else:
        with pytest.raises(ValueError, match="may be horizontal bar, high bar; space bar" if found else "no class"):
            naming.known_as(name, model)
        assert naming.called([name], model) == [name]


def test_two_names_never_become_one():
    model = timm.create_model("vit_tiny_patch16_224", depth=1)
    assert naming.called(["labrador", "Labrador retriever"], model) == ["labrador", "Labrador retriever"]


@pytest.mark.seconds
@pytest.mark.parametrize("probe", ["bistable", "recognition"])
def test_one_unknown_class_leaves_the_cues_of_the_others(probe, weights, tmp_path):
    for category in ("heart", "Star", "labrador"):
        for k in range(2):
            photograph(tmp_path / "folder" / category / f"{k}.png", k)
    words = [probe, "--checkpoint", weights[0], "--folder", str(tmp_path / "folder"), "--n", "4"]
    with pytest.warns(UserWarning, match="the model does not know them: labrador$") as said:
        assert main([*words, "--out", str(tmp_path / "r.zarr")]) == 0
    assert len(said) == 1
    record = xr.open_zarr(tmp_path / "r.zarr")
    assert json.loads(record.attrs["stimuli"])["categories"] == ["star", "heart"]
    assert (record["class_1"] >= 0).all()
    assert probe == "recognition" or "class 1" in record["prior"].values


def test_a_set_shows_what_the_model_knows(tmp_path):
    drawn = bistable.draw(bistable.Halves(), 12, 3)
    names = [f"my {name}" if name in ("disk", "heart") else name for name in drawn.attrs["categories"]]
    format.write(drawn.assign_attrs(categories=names), tmp_path / "set")
    unknown = np.isin(drawn["object_class"], [names.index("my disk"), names.index("my heart")]).any(1)
    assert 0 < unknown.sum() < 12
    model = absvit.create_model("absvit_micro")
    model.categories = CATEGORIES
    with pytest.warns(UserWarning, match="left out .* does not know them: my disk.*my heart|my heart.*my disk"):
        shown = displays.halves(StimulusOptions(stimuli=tmp_path / "set"), model)
    found = shown.part(0, shown.n)
    assert np.array_equal(found["number_in_set"], np.flatnonzero(~unknown)) and found.identical(
        xr.concat([shown.part(0, 1), shown.part(1, shown.n - 1)], "stimulus", data_vars="minimal")
    )
    assert found["stimulus"].values.tolist() == list(range(shown.n)) and np.array_equal(
        found["image"], drawn["image"][~unknown]
    )
    called = np.array(found.attrs["categories"])[found["object_class"]]
    assert np.array_equal(called, np.array(CATEGORIES)[drawn["object_class"][~unknown]])


@pytest.mark.seconds
@pytest.mark.parametrize("size", [80, 224])
def test_a_set_of_another_size_is_resized_where_that_is_wanted(size, weights, tmp_path, fails):
    drawn = bistable.draw(bistable.Halves(replace(bistable.Halves().scene, size=(size, size))), 2, 3)
    format.write(drawn, tmp_path / "set")
    words = ["bistable", "--checkpoint", weights[0], "--stimuli", str(tmp_path / "set"), "--out", tmp_path / "r.zarr"]
    assert "--resize, or make the set with --size 112 112" in fails(words)
    assert main([*map(str, words), "--resize"]) == 0
    record = xr.open_zarr(tmp_path / "r.zarr")
    for k, picture in enumerate(drawn["image"].values):
        expected = np.asarray(Image.fromarray(picture).resize((112, 112), Image.Resampling.BICUBIC))
        assert np.array_equal(record["image"][k], expected)
    np.testing.assert_allclose(record["x_1"], drawn["object_x"][:, 0] * 112 / size)
    assert json.loads(record.attrs["stimuli"])["resized_from"] == [size, size]
    mask, whole = (of["object_mask"].values[0, 1] for of in (set_resized(drawn, (112, 112)), drawn))
    assert np.array_equal(mask, Image.fromarray(whole).resize((112, 112), Image.Resampling.NEAREST))


def test_resizing_keeps_the_shape():
    drawn = bistable.draw(bistable.Halves(replace(bistable.Halves().scene, size=(64, 80))), 1, 3)
    with pytest.raises(ValueError, match="another shape"):
        set_resized(drawn, (112, 112))
    assert set_resized(drawn, (64, 80)).drop_attrs().identical(drawn.drop_attrs())


def test_a_checkpoint_of_few_classes_is_looked_with(tmp_path):
    model = fill(absvit.create_model("absvit_micro", num_classes=5), 0, torch.float32)
    torch.save({"model": model.state_dict()}, tmp_path / "five.pth")
    words = ["--checkpoint", str(tmp_path / "five.pth"), "--n", "2", "--out", str(tmp_path / "r.zarr")]
    with pytest.warns(UserWarning, match="does not know disk"):
        assert main(["bistable", *words]) == 0
    assert xr.open_zarr(tmp_path / "r.zarr").sizes["class"] == 5


@pytest.mark.seconds
def test_records_of_two_probes_are_not_summarised_together(weights, record, tmp_path, capsys, fails):
    single = tmp_path / "single.zarr"
    assert main(["recognition", "--checkpoint", weights[0], "--n", "2", "--out", str(single)]) == 0
    capsys.readouterr()
    assert "of one probe" in fails(["summary", record, single])
    assert "leave out --maps" in fails(["summary", single, "--maps"])


def test_a_record_of_no_probe_is_not_summarised(tmp_path, fails):
    robustness_record().to_zarr(tmp_path / "r.zarr", consolidated=False)
    assert "python -m absvit.robustness summary" in fails(["summary", tmp_path / "r.zarr"])


def test_an_export_needs_a_file(record, fails):
    assert "name the file to write" in fails(["export", record])


@pytest.mark.parametrize("family", ["halves", "overlay", "ambiguous"])
def test_a_family_is_drawn_where_no_folder_has_its_name(family):
    model = absvit.create_model("absvit_micro")
    source = StimulusOptions(4, 3)
    expected = displays.two_readings(family, source, model)
    found = displays.halves(replace(source, stimuli=Path(family)), model)
    assert found.n == expected.n == 4 and found.part(1, 2).identical(expected.part(1, 2))


def test_objects_by_name_keep_the_look_that_is_asked_for():
    model, look = absvit.create_model("absvit_micro"), Objects(hue_shift=180.0)
    expected = displays.single_objects(StimulusOptions(2, 3), model, look)
    found = displays.single_objects(StimulusOptions(2, 3, Path("objects")), model, look)
    assert found.part(0, 2).identical(expected.part(0, 2))


def test_a_folder_comes_before_the_family_of_its_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    format.write(bistable.draw(bistable.Halves(), 2, 3), Path("overlay"))
    found = displays.halves(StimulusOptions(4, 3, Path("overlay")), absvit.create_model("absvit_micro"))
    assert found.n == 2


def test_an_unknown_map_lists_those_there_are(record, tmp_path, fails):
    words = ["figure", "signature", record, "--out", tmp_path / "f.png", "--kind", "saliency"]
    assert "prior_weights" in fails(words)
