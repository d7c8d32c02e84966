"""A folder of pictures and a table of counts are enough to compare what an observer sees with what people see."""

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from experiments.__main__ import main
from experiments.observers import Observer
from experiments.people_score.picture_shares import readings_of, shares_in

REDS = [10, 90, 160, 250]
SEEN = Observer("reds", "takes red for a cat", ("cat", "dog"), (32, 32), lambda images: images.mean((2, 3))[:, :2] * 5)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("pictures")
    for k, red in enumerate(REDS):
        (root / f"kind{k % 2}").mkdir(exist_ok=True)
        Image.new("RGB", (32, 40), (red, 100, 0)).save(root / f"kind{k % 2}" / f"p{k}.png")
    rows = {"item": [f"p{k}" for k in range(4)], "first": [1, 4, 9, 12], "second": [11, 8, 3, 1]}
    told = {"one": ["cat", "cat", "dog", "cat"], "other": ["dog", "dog", "cat", "dog"]}
    pd.DataFrame(rows | told).to_csv(root / "counts.csv", index=False)
    return root


def test_shares_are_those_of_the_two_readings(folder):
    counts = folder / "counts.csv"
    same = shares_in(folder, SEEN, readings_of(counts, "cat", "dog"))
    expected = torch.sigmoid(5 * torch.tensor([(red - 100) / 255 for red in REDS]))
    np.testing.assert_allclose(same, expected, rtol=1e-5)
    named = shares_in(folder, SEEN, readings_of(counts, "one", "other"))
    assert named["p2"] == pytest.approx(1 - same["p2"]) and named["p1"] == same["p1"]


def test_what_cannot_be_compared_is_said(folder, tmp_path):
    with pytest.raises(ValueError, match="reds does not know the class 'cow'"):
        shares_in(folder, SEEN, readings_of(folder / "counts.csv", "cat", "cow"))
    with pytest.raises(FileNotFoundError, match=r"no picture in .* is called as an item of the counts"):
        shares_in(tmp_path, SEEN, {"p0": ("cat", "dog")})
    for name in "ab":
        (tmp_path / name).mkdir()
        Image.new("RGB", (32, 32)).save(tmp_path / name / "p0.png")
    with pytest.raises(ValueError, match="are both of the item 'p0': keep one"):
        shares_in(tmp_path, SEEN, {"p0": ("cat", "dog")})


def test_the_command_compares(folder, capsys):
    words = ["people", "dominance", str(folder / "counts.csv"), str(folder), "--first", "disk", "--second", "star"]
    assert main([*words, "--model", "cnn_micro", "--bins", "2"]) == 0
    said = capsys.readouterr().out
    assert said.split()[:3] == ["observer", "n", "rank"] and "cnn_micro 4" in " ".join(said.split())
