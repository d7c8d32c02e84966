"""Evaluation: counts against a plain loop, one record whatever interrupts it and however many processes share it."""

import json
import shutil
import tarfile

import numpy as np
import pytest
import torch
import xarray as xr
from PIL import Image
from ranks import both
from synthetic_pictures import CLASSES, SIZE, model, paint, write_model

import absvit
from absvit import records
from absvit.images import IMAGENET_MEAN, IMAGENET_STD, eval_transform
from absvit.models import checkpoints
from absvit.networks import load_network
from absvit.robustness import evaluation
from absvit.robustness.__main__ import main
from absvit.robustness.attacks import normalised, perturb
from absvit.robustness.evaluation import Preprocessing, evaluate
from absvit.robustness.options import SuiteOptions, SuiteRecordOptions
from absvit.robustness.suites import Condition, conditions
from absvit.robustness.tables import profile

SUITES = ["clean", "imagenet_c", "pgd"]
FACTS = {"model": "absvit_micro", "checkpoint": "weights.safetensors", "checkpoint_sha256": "0" * 64}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("pictures")
    paint(root / "clean", each=2)
    shutil.rmtree(root / "clean" / "fox")
    paint(root / "clean", ("fox",), each=1, seed=5)  # 11 pictures: neither 2 processes nor batches of 4 divide them
    write_model(root / "weights.safetensors")
    return root


def sources(folder, **options):
    made = {"data": folder / "clean", "on_the_fly": True, "corruptions": ("fog", "contrast"), "severities": (2, 5)}
    return SuiteOptions(**made | {"eps": (8.0,), "seed": 1} | options)


def run(folder, out, made=None, suites=SUITES, iterations=1, **options):
    made = made or model()
    shown = conditions(suites, sources(folder, **options.pop("sources", {})), CLASSES, SIZE)
    place = SuiteRecordOptions(out, **{"batch_size": 4, "chunk": 8} | options)
    return evaluate(made, shown, CLASSES, place, iterations, FACTS)


def same(one, other):
    xr.testing.assert_identical(one.load().drop_attrs(deep=False), other.load().drop_attrs(deep=False))


@pytest.fixture(scope="module")
def whole(folder):
    return run(folder, folder / "whole.zarr")


@pytest.mark.seconds
def test_every_picture_is_counted_once_as_a_plain_loop_does(folder, whole):
    made, cfg = model(), model().pretrained_cfg
    shown = conditions(SUITES, sources(folder), CLASSES, SIZE)
    assert whole.sizes == {"iteration": 2, "stimulus": 66, "suite": 4, "severity": 3, "class": 6}
    number = 0
    for condition in shown:
        for index in range(len(condition.labels)):
            label = torch.tensor([condition.labels[index]])
            pixels = np.asarray(condition.pictures.read(index))
            x = torch.from_numpy(pixels.transpose(2, 0, 1).copy())[None] / 255
            if condition.attack:
                x = perturb(made, x, label, condition.attack, cfg["mean"], cfg["std"], [index])
            logits = absvit.perceive(made, normalised(x, cfg["mean"], cfg["std"])).logits[:, 0, 0]
            row = whole.isel(stimulus=number)
            assert [int(row["target"]), int(row["picture"])] == [int(label), index]
            assert whole["suite"].values[int(row["shown_suite"])] == condition.suite
            assert row["shown_severity"] == condition.severity
            assert row["predicted"].values.tolist() == logits.argmax(-1).tolist()
            assert row["correct"].values.tolist() == (logits.argmax(-1) == label).tolist()
            ranks = (logits > logits[:, label]).sum(-1)
            assert row["in_top5"].values.tolist() == (ranks < 5).tolist()
            truth = logits.softmax(-1)[:, label[0]]
            np.testing.assert_allclose(row["truth_probability"], truth, rtol=2e-3)
            np.testing.assert_allclose(row["loss"], -truth.log(), rtol=2e-3)
            np.testing.assert_allclose(row["confidence"], logits.softmax(-1).max(-1).values, rtol=2e-3)
            number += 1
    assert number == 66


@pytest.mark.seconds
def test_scores_are_means_of_the_samples(whole):
    for suite in range(4):
        for k, severity in enumerate(whole["severity"].values):
            here = ((whole["shown_suite"] == suite) & (whole["shown_severity"] == severity)).values
            cell = whole.isel(suite=suite, severity=k)
            if not here.any():
                assert cell["top1"].isnull().all()
                continue
            assert (cell["n"] == 11).all()
            np.testing.assert_allclose(cell["top1"], whole["correct"].values[:, here].mean(1))
            np.testing.assert_allclose(cell["mean_loss"], whole["loss"].values[:, here].mean(1), rtol=1e-5)
            for name in range(6):
                mine = here & (whole["target"] == name).values
                expected = whole["correct"].values[:, mine].mean(1)
                np.testing.assert_allclose(cell["class_accuracy"].isel({"class": name}), expected)


@pytest.mark.seconds
def test_a_run_that_was_stopped_goes_on_and_gives_the_same_record(folder, whole, tmp_path, monkeypatch):
    seen, original = [], evaluation._seen

    def stopping(made, images, condition, numbers, *rest):
        if len(seen) == 9:
            raise KeyboardInterrupt
        seen.append(numbers)
        return original(made, images, condition, numbers, *rest)

    monkeypatch.setattr(evaluation, "_seen", stopping)
    out = tmp_path / "r.zarr"
    with pytest.raises(KeyboardInterrupt):
        run(folder, out)
    with pytest.raises(ValueError, match="go on with --resume"):
        run(folder, out)
    half = records.load(out)
    done = half["done"].values
    assert 0 < done.sum() < 66 and half["top1"].isnull().all()
    again = []

    def counting(made, images, condition, numbers, *rest):
        again.extend(numbers)
        return original(made, images, condition, numbers, *rest)

    monkeypatch.setattr(evaluation, "_seen", counting)
    result = run(folder, out, resume=True)
    assert sorted(again) == np.flatnonzero(done == 0).tolist()  # nothing that is done is done again
    same(result, whole)


@pytest.mark.seconds
def test_another_evaluation_does_not_go_on(folder, whole, tmp_path):
    shutil.copytree(folder / "whole.zarr", tmp_path / "r.zarr")
    for change in ({"seed": 2}, {"eps": (4.0,)}, {"severities": (2, 4)}):
        with pytest.raises(ValueError, match="is another experiment.*write into another --out") as told:
            run(folder, tmp_path / "r.zarr", resume=True, sources=change)
        assert len(str(told.value)) < 700
    same(run(folder, tmp_path / "r.zarr", resume=True), whole)
    plain = run(folder, tmp_path / "r.zarr", model("vit_micro"), ["clean"], overwrite=True)
    assert plain.sizes["iteration"] == 1 and plain.sizes["stimulus"] == 11


def test_further_passes(folder, tmp_path):
    record = run(folder, tmp_path / "r.zarr", suites=["clean"], iterations=3)
    assert record.sizes["iteration"] == 4 and record["top1"].notnull().all()


def test_the_decision_falls_among_the_classes_of_the_suite(folder, tmp_path):
    made = model()
    (clean,) = conditions(["clean"], sources(folder), CLASSES, SIZE)
    few = Condition("few", 0, clean.pictures, np.resize([1, 4], 11), among=np.array([1, 4]))
    record = evaluate(made, [few], CLASSES, SuiteRecordOptions(tmp_path / "r.zarr"))
    transform = Preprocessing.of(made).transform(True)
    x = torch.stack([transform(clean.pictures.read(k)) for k in range(11)])
    with torch.no_grad():
        logits = made(normalised(x, made.pretrained_cfg["mean"], made.pretrained_cfg["std"]))[:, [1, 4]]
    assert record["predicted"].values[1].tolist() == [[1, 4][k] for k in logits.argmax(1)]
    assert record["in_top5"].all()
    np.testing.assert_allclose(
        record["truth_probability"][1], logits.softmax(1)[np.arange(11), np.resize([0, 1], 11)], rtol=1e-4
    )


@pytest.mark.seconds
def test_a_targeted_attack_goes_towards_another_class(folder, tmp_path, monkeypatch):
    aims = {}

    def watching(made, images, aim, attack, mean, std, pictures, *rest):
        assert attack.targeted
        aims.update(zip(pictures.tolist(), aim.tolist(), strict=True))
        return perturb(made, images, aim, attack, mean, std, pictures, *rest)

    monkeypatch.setattr(evaluation, "perturb", watching)
    record = run(folder, tmp_path / "t.zarr", suites=["fgsm"], sources={"targeted": True})
    first, truth = dict(aims), record["target"].values
    assert record["aim"].values.tolist() == [first[k] for k in record["picture"].values.tolist()]
    reached = (record["predicted"] == record["aim"]).mean("stimulus")
    np.testing.assert_allclose(record["target_rate"].sel(suite="fgsm/eps=8/targeted", severity=0), reached)
    assert reached.max() > 0
    assert (profile(record)["target_rate"] == 100 * reached.values).all()
    assert len(first) == 11 and all(0 <= first[k] < 6 and first[k] != truth[k] for k in range(11))
    assert len({(first[k] - truth[k]) % 6 for k in range(11)}) > 2
    mixed = run(folder, tmp_path / "u.zarr", suites=["clean", "fgsm"], sources={"targeted": True}, batch_size=3)
    assert aims == first  # the same class in every batch
    assert mixed["target_rate"].sel(suite="clean").isnull().all() and (mixed["aim"].values[:11] == -1).all()


@pytest.mark.seconds
def test_an_attack_of_no_size_changes_nothing(folder, tmp_path):
    nothing = run(folder, tmp_path / "n.zarr", suites=["pgd"], sources={"eps": (0.0,)})
    clean = run(folder, tmp_path / "c.zarr", suites=["clean"])
    np.testing.assert_array_equal(nothing["loss"], clean["loss"])


def test_the_model_keeps_its_mode(folder, tmp_path):
    made = model().train()
    run(folder, tmp_path / "r.zarr", made, ["clean"])
    assert made.training


def test_pictures_are_seen_as_the_original_evaluation_sees_them():
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (70, 90, 3), dtype=np.uint8))
    own = Preprocessing(40, 0.875, "bicubic", IMAGENET_MEAN, IMAGENET_STD)
    for resize in (True, False):
        seen = normalised(own.transform(resize)(picture)[None], own.mean, own.std)[0]
        assert torch.equal(seen, eval_transform(40, resize=resize)(picture))


# ---- the command line ----------------------------------------------------------------------------------------------


def words(folder, out, *more):
    return [
        "clean", "imagenet_c", "pgd", "--checkpoint", str(folder / "weights.safetensors"), "--data",
        str(folder / "clean"), "--on-the-fly", "--corruptions", "fog", "contrast", "--severities", "2", "5",
        "--eps", "8", "--seed", "1", "--chunk", "8", "--batch-size", "4", "--device", "cpu", "--out", str(out), *more,
    ]  # fmt: skip


@pytest.mark.seconds
def test_the_command_writes_record_and_tables(folder, whole, tmp_path, capsys):
    out = tmp_path / "new" / "r.zarr"
    assert main(words(folder, out)) == 0
    told = capsys.readouterr().out
    assert "imagenet_c/fog" in told and "pgd/eps=8" in told and "published" not in told
    record = xr.open_zarr(out)
    same(record, whole)
    assert record.attrs["model"] == "absvit_micro" and len(record.attrs["checkpoint_sha256"]) == 64
    assert [c["suite"] for c in json.loads(record.attrs["conditions"])][::5] == ["clean", "pgd/eps=8"]
    assert all("long_name" in v.attrs and "units" in v.attrs for v in record.variables.values())
    assert out.with_suffix(".csv").is_file() and "tabular" in out.with_suffix(".tex").read_text()
    assert main(words(folder, out)) == 2
    assert "go on with --resume, replace it with --overwrite" in capsys.readouterr().err
    assert main(["summary", str(out), "--out", str(tmp_path / "table")]) == 0
    assert (tmp_path / "table.csv").read_text() == out.with_suffix(".csv").read_text()
    assert main(["summary", str(out), "--out", str(tmp_path / "v1.2")]) == 0 and (tmp_path / "v1.2.tex").is_file()
    assert main(["summary", str(out), str(out)]) == 2
    assert "absvit_micro with the same weights (weights.safetensors" in capsys.readouterr().err
    records.export(record, tmp_path / "r.nc")


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["--checkpoint", "nowhere.safetensors"], "nowhere.safetensors"),
        (["--data", "nowhere"], "nowhere"),
        (["--corruptions", "mist"], "no corruption 'mist'"),
        (["--attack-iterations", "2"], "makes passes 0 to 1; there is no pass 2"),
        (["--chunk", "0"], "chunk must be at least 1"),
        (["--classes", "nowhere.txt"], "one name a line"),
    ],
)
def test_what_cannot_be_done_is_one_line(folder, tmp_path, capsys, more, told):
    assert main(words(folder, tmp_path / "r.zarr", *more)) == 2
    error = capsys.readouterr().err
    assert told in error and error.count("\n") == 1
    assert not (tmp_path / "r.zarr").exists()


@pytest.mark.parametrize("workers", ["0", "1"])
def test_an_unreadable_picture_is_named(folder, tmp_path, capsys, workers):
    shutil.copytree(folder / "clean", tmp_path / "clean")
    (tmp_path / "clean" / "elk" / "1.png").write_bytes(b"no picture")
    more = ["--data", str(tmp_path / "clean"), "--num-workers", workers]
    assert main(words(folder, tmp_path / "r.zarr", *more)) == 2
    error = capsys.readouterr().err
    assert "clean: cannot read" in error and "elk/1.png" in error and "go on with --resume" in error
    assert error.strip().splitlines()[-1].startswith("error: clean")


@pytest.mark.seconds
@pytest.mark.parametrize(
    ("kind", "suites"), [("folder", ["clean"]), ("tar", ["clean"]), ("tar", ["imagenet_c"]), ("folder", ["fgsm"])]
)
def test_pictures_that_were_replaced_under_their_names_are_told(folder, tmp_path, monkeypatch, kind, suites):
    data, out, write = tmp_path / "data", tmp_path / "r.zarr", records.Record.write
    shutil.copytree(folder / "clean", data)
    shown = sorted(data.glob("*/*.png"))

    def go_on(**options):
        if kind == "tar":
            with tarfile.open(tmp_path / "data.tar", "w") as tar:
                tar.add(data, "")
        place = data if kind == "folder" else tmp_path / "data.tar"
        return run(folder, out, suites=suites, sources={"data": place}, **options)

    def replace(path):
        kept = path.read_bytes()
        pixels = np.random.default_rng(9).integers(0, 256, (SIZE, SIZE, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(path)
        return kept

    def once(record, part, values):
        if part.start:
            raise KeyboardInterrupt
        write(record, part, values)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(records.Record, "write", once)
        go_on()
    replace(shown[9])  # not shown yet, such as one that could not be read and was mended
    kept = replace(shown[1])
    with pytest.raises(ValueError, match="pictures of stimuli 0 to 7 have changed since .* another --out"):
        go_on(resume=True)
    assert records.load(out)["done"].values.sum() == 8  # nothing is lost
    shown[1].write_bytes(kept)
    assert (go_on(resume=True)["done"] == 1).all()
    replace(shown[1])
    with pytest.raises(ValueError, match="have changed"):
        go_on(resume=True)


def test_pictures_of_frost_that_were_replaced_are_told(folder, tmp_path):
    frost = paint(tmp_path / "frost", ("",), each=1) / "0.png"
    made = {"corruptions": ("frost", "fog"), "severities": (2,), "frost_folder": frost.parent}
    run(folder, tmp_path / "r.zarr", suites=["imagenet_c"], sources=made, chunk=11)
    Image.fromarray(np.zeros((SIZE, SIZE, 3), np.uint8)).save(frost)
    with pytest.raises(ValueError, match="pictures of stimuli 0 to 10 have changed"):  # fog is as it was
        run(folder, tmp_path / "r.zarr", suites=["imagenet_c"], sources=made, chunk=11, resume=True)


@pytest.mark.processes
def test_two_processes_give_the_record_of_one(folder, whole, tmp_path):
    out = tmp_path / "r.zarr"
    done = both("absvit.robustness", *words(folder, out))
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("imagenet_c/fog") == 2  # one table, a row a pass
    two = records.load(out)
    assert (two["done"] == 1).all()
    for name in ("predicted", "correct", "in_top5", "target", "n", "top1", "top5"):
        np.testing.assert_array_equal(two[name], whole[name])
    np.testing.assert_allclose(two["loss"], whole["loss"], rtol=1e-5)


@pytest.mark.parametrize("name", ["test_resnet", "torchvision.squeezenet1_1"])
def test_networks_of_other_libraries_have_profiles(folder, tmp_path, name):
    made = load_network(name, "untrained", seed=1, num_classes=len(CLASSES)).module
    checkpoints.write(tmp_path / "w.safetensors", made.state_dict(), {"categories": list(CLASSES)})
    words = ["clean", "--model", name, "--checkpoint", tmp_path / "w.safetensors", "--data", folder / "clean"]
    assert main([str(word) for word in (*words, "--out", tmp_path / "r.zarr")]) == 0
    record = records.load(tmp_path / "r.zarr")
    assert record.attrs["model"] == name and record.attrs["checkpoint"] == "w.safetensors"
    pixels = Preprocessing.of(made)
    path = folder / "clean" / CLASSES[0] / "0.png"
    with Image.open(path) as picture, torch.no_grad():
        image = normalised(pixels.transform(True)(picture.convert("RGB"))[None], pixels.mean, pixels.std)
        assert record["predicted"].values[0, 0] == made(image).argmax()
