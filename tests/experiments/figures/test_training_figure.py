"""Logs of trainings: read, and drawn over epochs."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from experiments.__main__ import main
from experiments.exchange import training_logs
from experiments.figures import FIGURES, numbers_of


def written(folder, seed, top1, steps=10):
    """A log of two epochs of a recipe, as trainings write it."""
    out = folder / f"mine_seed{seed}"
    out.mkdir()
    lines = []
    for epoch, accuracy in enumerate(top1, 1):
        for step in range((epoch - 1) * steps, epoch * steps):
            lines.append({"step": step, "lr": 1e-3, "loss": 2.0 - 0.01 * step + 0.1 * seed})
        lines.append({"step": epoch * steps - 1, "epoch": epoch, "top1_pass1": 0.1, "top1_pass2": accuracy})
    (out / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return out


def test_a_log_is_read_with_recipe_seed_and_epochs(tmp_path):
    rows = training_logs.read([written(tmp_path, 0, (0.5, 0.7)), written(tmp_path, 1, (0.6, 0.8)) / "log.jsonl"])
    assert set(rows["recipe"]) == {"mine"} and set(rows["seed"]) == {0, 1}
    assert rows["top1"].dropna().tolist() == [50, 70, 60, 80]
    assert rows.loc[rows["top1"].notna(), "epoch"].tolist() == [1, 2, 1, 2]
    assert rows["epoch"].min() == pytest.approx(0.1)


def test_intervals_over_seeds_are_students(tmp_path):
    rows = training_logs.read([written(tmp_path, seed, (0.5, 0.6 + 0.1 * seed**2)) for seed in range(3)])
    drawn = numbers_of(FIGURES["training"](rows))
    found = drawn[drawn["top1"].notna()].set_index("epoch")[["top1", "top1_low", "top1_high"]]
    assert found.loc[1].tolist() == [50, 50, 50]
    low, high = stats.t.interval(0.95, 2, 100 * np.mean([0.6, 0.7, 1.0]), stats.sem([60, 70, 100]))
    assert found.loc[2].tolist() == pytest.approx([100 * np.mean([0.6, 0.7, 1.0]), low, high])
    losses = drawn[drawn["loss"].notna()].set_index("epoch")
    assert losses.loc[1, "loss"] == pytest.approx(2.0 - 0.01 * 4.5 + 0.1)


def test_the_command_draws_trainings_and_refuses_others(tmp_path, capsys):
    folders = [str(written(tmp_path, seed, (0.5, 0.7))) for seed in (0, 1)]
    assert main(["figure", "training", *folders, "--out", str(tmp_path / "t.png"), "--table"]) == 0
    assert "mine: n = 2 seeds" in capsys.readouterr().out
    assert len(pd.read_csv(tmp_path / "t.csv")) == 4  # two epochs, loss and accuracy
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "log.jsonl").write_text('{"stap": 1}\n')
    for wrong, told in (
        (tmp_path / "none", "no log of a training at"),
        (tmp_path / "other", "is no log of a training"),
    ):
        assert main(["figure", "training", str(wrong), "--out", str(tmp_path / "u.png")]) == 2
        assert told in capsys.readouterr().err
    rows = training_logs.read([folders[0]])
    with pytest.raises(ValueError, match="nothing was evaluated"):
        FIGURES["training"](rows.assign(top1=np.nan))
