"""The benchmarks compare equal things: the plain implementation gives our logits and losses, and they say where not."""

import json

import numpy as np
import plain as written_down
import pytest
import torch
import torch.nn.functional as F
from formula import fill
from PIL import Image

import absvit
from absvit import priors
from absvit.benchmark import inference, plain, segmentation, sharing, timing, training
from absvit.benchmark.__main__ import main
from absvit.networks import network_of
from stimuli.drawing.shapes import CATEGORIES
from stimuli.families import objects


@pytest.fixture(scope="module")
def small():
    return fill(absvit.create_model("absvit_tiny_patch16_224", img_size=48, depth=3), dtype=torch.float64)


def test_the_plain_implementation_gives_the_same_logits(small):
    images = torch.randn(2, 3, 48, 48, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        plainly = plain.plain_perceive(small, images, [3, 700], 40.0)
    ours = absvit.perceive(small, images, [priors.ClassPrior(index, gain=40.0) for index in (3, 700)])
    torch.testing.assert_close(plainly, ours.logits[1], rtol=1e-9, atol=1e-12)


@pytest.mark.seconds
def test_it_runs_and_writes_what_it_measured(tmp_path, monkeypatch, capsys):
    def make(name):
        return absvit.create_model(name, depth=1, embed_dim=24, num_heads=3)

    monkeypatch.setattr(inference, "create_model", make)
    out = tmp_path / "rows.json"
    words = ["inference", "--models", "absvit_tiny_patch16_224", "--batch", "1", "--n-priors", "2", "--repeats", "1"]
    assert main([*words, "--out", str(out)]) == 0
    row, trained = json.loads(out.read_text())["rows"]
    assert row["priors"] == 2 and row["logit_difference"] < 1e-4
    assert row["times_faster"] == pytest.approx(row["seconds"]["plain"] / row["seconds"]["ours"])
    assert row["over_floor"] == pytest.approx(row["seconds"]["ours"] / row["seconds"]["floor"])
    assert trained["answers"] == 528 and trained["bf16_same_top1"] > 0.99
    assert "x plain" in capsys.readouterr().out


def test_it_refuses_to_time_different_things(monkeypatch, capsys):
    monkeypatch.setattr(inference, "create_model", lambda name: absvit.create_model(name, depth=1, embed_dim=24))
    monkeypatch.setattr(inference, "plain_perceive", lambda *_: torch.ones(1, 1, 1000))
    words = ["inference", "--models", "absvit_tiny_patch16_224", "--batch", "1", "--n-priors", "1", "--repeats", "1"]
    assert main(words) == 2
    assert "logits differ" in capsys.readouterr().err


def small_network(name, checkpoint):
    torch.manual_seed(0)
    layers = torch.nn.Conv2d(3, 4, 3, 2), torch.nn.ReLU(), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten()
    net = torch.nn.Sequential(*layers, torch.nn.Linear(4, 14)).eval()
    return network_of(net, name=name, size=(64, 64))


def test_mechanisms_are_timed_against_whole_passes(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sharing, "load_network", small_network)
    out = tmp_path / "rows.json"
    words = ["sharing", "--models", "own", "--names", "decision_bias", "spatial_gain", "--size", "32"]
    assert main([*words, "--n-priors", "2", "--repeats", "1", "--out", str(out)]) == 0
    rows = json.loads(out.read_text())["rows"]
    assert [row["mechanism"] for row in rows] == ["decision_bias", "spatial_gain"]
    for row in rows:
        assert row["times_faster"] == pytest.approx(row["seconds"]["whole"] / row["seconds"]["ours"])
    assert capsys.readouterr().out.count("2 priors") == 2


def tiny(name):
    return absvit.create_model(name, img_size=32, depth=2, embed_dim=24, num_heads=3)


def test_the_plain_implementation_gives_the_loss_that_the_equations_give():
    model = fill(absvit.create_model("absvit_tiny_patch16_224", img_size=48, depth=3), dtype=torch.float64)
    images, target = training._examples(model, 3, 0, "cpu")
    loss = plain.plain_loss(model, images.double(), target.double(), 0.1, 0.2)
    state = model.state_dict()
    prompt = state["prompt"]
    first, second = written_down.look(state, images.double(), 3, lambda tokens: written_down.cosine(tokens, prompt))
    errors = written_down.variational_loss(state, second["states"])
    smooth = [F.cross_entropy(seen["logits"], target.argmax(1), label_smoothing=0.1) for seen in (first, second)]
    torch.testing.assert_close(loss.detach(), sum(smooth) / 2 + 0.2 * errors, rtol=1e-12, atol=0)


@pytest.mark.seconds
def test_training_steps_are_timed_and_losses_followed(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(training, "create_model", tiny)
    out = tmp_path / "rows.json"
    words = ["training", "--models", "absvit_tiny_patch16_224", "--batch", "4", "--repeats", "2", "--no-memory"]
    assert main([*words, "--curve-steps", "24", "--curve-batch", "2", "--out", str(out)]) == 0
    row, curves = json.loads(out.read_text())["rows"]
    assert row["loss_difference"] < 1e-6 and row["gradient_difference"] < 1e-3
    assert all(value > 0 for times in (row["seconds"], row["cpu_seconds"]) for value in times.values())
    assert row["times_faster"] > 0 and row["bf16_times_faster"] > 0
    assert np.mean(curves["plain"][16:]) < np.mean(curves["plain"][:8])  # it learns
    np.testing.assert_allclose(curves["ours_bf16"], curves["plain"], rtol=0.02)
    assert curves["ours_bf16"] != curves["plain"]
    assert "x plain" in capsys.readouterr().out


def test_steps_of_different_losses_are_not_timed(monkeypatch, capsys):
    monkeypatch.setattr(training, "create_model", tiny)
    plainly = training.plain_loss
    monkeypatch.setattr(training, "plain_loss", lambda *arguments: plainly(*arguments) * (1 + 1e-5))
    words = ["training", "--models", "absvit_tiny_patch16_224", "--batch", "2", "--repeats", "1", "--no-memory"]
    assert main(words) == 2
    assert "losses differ" in capsys.readouterr().err


@pytest.mark.processes
def test_gradient_checkpointing_needs_less_memory():
    needed = training.peak_memory("absvit_tiny_patch16_224", 4, "cpu")
    assert 0 < needed["recomputed"] < 0.8 * needed["kept"]


def test_the_loader_is_timed(tmp_path, capsys):
    (tmp_path / "train" / "a").mkdir(parents=True)
    for number in range(12):
        pixels = np.random.default_rng(number).integers(0, 256, (40, 60, 3), np.uint8)
        Image.fromarray(pixels).save(tmp_path / "train" / "a" / f"{number}.png")
    words = ["loader", "--data-path", str(tmp_path), "--input-size", "32", "--batch", "4", "--batches", "3"]
    assert main([*words, "--workers", "0", "1", "--out", str(tmp_path / "rows.json")]) == 0
    rows = json.loads((tmp_path / "rows.json").read_text())["rows"]
    assert [row["workers"] for row in rows] == [0, 1]
    assert all(row["per_worker"] == row["pictures_per_second"] > 0 for row in rows)
    assert "0 workers:" in capsys.readouterr().out
    assert main(["loader", "--data-path", str(tmp_path / "nowhere")]) == 2


def test_a_segmentation_is_timed_and_its_memory_told(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(segmentation, "in_fresh_process", lambda measure, *given: measure(*given))
    words = ["segmentation", "--models", "absvit_micro", "--size", "64", "--classes", "5", "--repeats", "1"]
    assert main([*words, "--channels", "8", "--out", str(tmp_path / "rows.json")]) == 0
    [row] = json.loads((tmp_path / "rows.json").read_text())["rows"]
    assert all(value > 0 for value in (*row["seconds"].values(), row["seconds_step"]))
    assert min(row["peak_bytes"], row["peak_bytes_step"]) >= 0 and set(row["parameters"]) == {
        "backbone",
        "decode_head",
        "auxiliary_head",
    }
    assert "a training step of 2" in capsys.readouterr().out
    assert main([*words, "--batch", "1"]) == 2


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("inference --batch -1", "batch must be at least 1, got -1"),
        ("inference --repeats 0", "repeats must be at least 1"),
        ("inference --n-priors 1 0", "n_priors must be at least 1"),
        ("inference --threads -1", "threads must be at least 0"),
        ("training --curve-steps -1", "curve_steps must be at least 0"),
        ("training --batch 0", "batch must be at least 1"),
        ("training --device foo", "there is no device foo here"),
        ("loader --data-path . --workers -1", "workers must be at least 0"),
        ("segmentation --size 0", "size must be at least 1"),
    ],
)
def test_benchmarks_of_nothing_are_one_line(words, says, capsys):
    assert main(words.split()) == 2
    said = capsys.readouterr().err
    assert says in said and said.count("\n") == 1


def test_memory_that_the_kernel_tells_lower_than_before_is_no_growth(monkeypatch):
    monkeypatch.setattr(timing, "highest_memory", lambda device: 10_000)
    assert timing.memory_added(18_192, "cpu") == 0 and timing.memory_added(4_000, "cpu") == 6_000


def test_hosts_are_measured(tmp_path, capsys):
    words = ["hosts", "--hosts", "cnn_micro", "--n", "12", "--out", str(tmp_path / "rows.json")]
    assert main(words) == 0
    [row] = json.loads((tmp_path / "rows.json").read_text())["rows"]
    value = {name: cell["value"] for name, cell in row.items() if isinstance(cell, dict)}
    assert row["places"] == 14 and value["host agrees"] == 1 and value["half alone told"] > 0.9
    assert value["selection"] > 0.9 and value["both decide"] > 0.8 and value["AUC"] > 0.8 and value["absent p"] < 0.5
    assert (
        0 <= value["bottom-up p"] < value["p cued"]
        and "cnn_micro     112 px, 14 x 14 places" in capsys.readouterr().out
    )
    assert main(["hosts", "--hosts", "lite0_dense", "--n", "1"]) == 2
    assert "does not know disk" in capsys.readouterr().err


def test_sentences_about_kinds_that_the_map_never_saw_are_measured(tmp_path, capsys):
    shown = objects.draw(objects.Objects((112, 112)), 40, 0)
    kinds = shown["object_class"].values[:, 0]
    for kind in np.unique(kinds)[:10]:
        folder = tmp_path / "kinds" / CATEGORIES[kind]
        folder.mkdir(parents=True)
        picture = shown["image"].values[np.flatnonzero(kinds == kind)[0]]
        Image.fromarray(picture).save(folder / "0.png")
    words = ["words", "--folder", str(tmp_path / "kinds"), "--model", "absvit_micro", "--encoder", "names"]
    assert main([*words, "--folds", "2", "--n", "4", "--out", str(tmp_path / "rows.json")]) == 0
    rows = {row["told"]: row for row in json.loads((tmp_path / "rows.json").read_text())["rows"]}
    assert set(rows) == {
        "own class direction", "decision bias, own class direction", "name", "decision bias, name", "one word",
        "name of another kind", "random direction",
    }  # fmt: skip
    assert rows["own class direction"]["selection"]["value"] > rows["decision bias, name"]["selection"]["value"]
    pairs = tmp_path / "pairs.csv"
    pairs.write_text("sentence,level,fits,fits_not\nthe star,name,star,heart\nignore the star,negation,heart,star\n")
    assert main([*words, "--folds", "1", "--pairs", str(pairs)]) == 0
    assert "negation" in capsys.readouterr().out
    pairs.write_text("sentence,level,fits,fits_not\nthe star,name,star,tiger\n")
    assert main([*words, "--folds", "1", "--pairs", str(pairs)]) == 2
    assert "names 'tiger', which is no kind" in capsys.readouterr().err
