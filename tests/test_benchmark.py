"""The benchmark compares equal things: its plain implementation gives perceive's logits, and it says where not."""

import json

import pytest
import torch
from formula import fill

import absvit
from absvit import benchmark, priors


@pytest.fixture(scope="module")
def small():
    return fill(absvit.create_model("absvit_tiny_patch16_224", img_size=48, depth=3), dtype=torch.float64)


def test_the_plain_implementation_gives_the_same_logits(small):
    images = torch.randn(2, 3, 48, 48, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        plain = benchmark.plain_perceive(small, images, [3, 700], 40.0)
    ours = absvit.perceive(small, images, [priors.ClassPrior(index, gain=40.0) for index in (3, 700)])
    torch.testing.assert_close(plain, ours.logits[1], rtol=1e-9, atol=1e-12)


def test_it_runs_and_writes_what_it_measured(tmp_path, monkeypatch, capsys):
    def make(name):
        return absvit.create_model(name, depth=1, embed_dim=24, num_heads=3)

    monkeypatch.setattr(benchmark, "create_model", make)
    out = tmp_path / "rows.json"
    words = ["inference", "--models", "absvit_tiny_patch16_224", "--batch", "1", "--n-priors", "2", "--repeats", "1"]
    assert benchmark.main([*words, "--out", str(out)]) == 0
    row, trained = json.loads(out.read_text())["rows"]
    assert row["priors"] == 2 and row["logit_difference"] < 1e-4
    assert row["times_faster"] == pytest.approx(row["seconds"]["plain"] / row["seconds"]["ours"])
    assert row["over_floor"] == pytest.approx(row["seconds"]["ours"] / row["seconds"]["floor"])
    assert trained["answers"] == 528 and trained["bf16_same_top1"] > 0.99
    assert "x plain" in capsys.readouterr().out


def test_it_refuses_to_time_different_things(monkeypatch, capsys):
    monkeypatch.setattr(benchmark, "create_model", lambda name: absvit.create_model(name, depth=1, embed_dim=24))
    monkeypatch.setattr(benchmark, "plain_perceive", lambda *_: torch.ones(1, 1, 1000))
    words = ["inference", "--models", "absvit_tiny_patch16_224", "--batch", "1", "--n-priors", "1", "--repeats", "1"]
    assert benchmark.main(words) == 2
    assert "logits differ" in capsys.readouterr().err
