"""The official spellings of robustness: ``--eval`` with the paths of the suites."""

import argparse
import json

import numpy as np
import pytest
import torch
from synthetic_pictures import SIZE, model, paint

from absvit import records
from absvit.training.__main__ import main
from stimuli.corruptions.folder_job import Corrupting, corrupt_folder


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """An official checkpoint, its validation split and ImageNet-C of that."""
    root = tmp_path_factory.mktemp("official")
    paint(root / "data" / "val", each=1)
    corrupt_folder(Corrupting(root / "data" / "val", root / "c"))
    torch.save({"model": model().state_dict(), "args": argparse.Namespace(model="absvit")}, root / "official.pth")
    return root


def run(root, out, *options, data="data"):
    words = ["finetune", "--model", "absvit_micro", "--input-size", SIZE, "--batch-size", 16, "--num-workers", 0]
    words += ["--device", "cpu", "--precision", "fp32", "--output_dir", out, *options]
    words += ["--data-path", root / data] if data else []
    return main([str(word) for word in words])


@pytest.mark.slow
def test_official_options_evaluate_the_suites(root, tmp_path, capsys):
    options = ("--eval", "--resume", root / "official.pth", "--inc_path", root / "c", "--fgsm_test", "--pgd_test")
    assert run(root, tmp_path, *options) == 0
    assert "imagenet_c/fog" in capsys.readouterr().out
    clean, record = json.loads((tmp_path / "eval.json").read_text()), records.load(tmp_path / "robustness.zarr")
    assert record.sizes["stimulus"] == 6 * (75 + 2) and record.attrs["model"] == "absvit_micro"
    assert {"fgsm/eps=1", "pgd/eps=1"} < {*record["suite"].values}
    assert record["corrupted_error"].notnull().all() and 0 <= clean["top1_pass2"] <= 1
    before = record["loss"].values
    assert run(root, tmp_path, *options) == 0  # it is there already: nothing is computed again
    np.testing.assert_array_equal(records.load(tmp_path / "robustness.zarr")["loss"], before)


@pytest.mark.seconds
def test_averaged_weights_are_not_taken_for_those_of_the_model(root, tmp_path, capsys):
    average = {name: tensor + 0.01 for name, tensor in model().state_dict().items()}
    torch.save({"model": model().state_dict(), "model_ema": average}, tmp_path / "both.pth")
    options = ("--eval", "--resume", tmp_path / "both.pth", "--fgsm_test")
    assert run(root, tmp_path / "out", *options) == 0
    assert run(root, tmp_path / "out", *options, "--eval-ema") == 2
    assert "weights was 'model', is 'ema'" in capsys.readouterr().err


EVALUATED = ("--eval", "--resume", "{root}/official.pth")


@pytest.mark.parametrize(
    ("options", "data", "told"),
    [
        (("--fgsm_test",), "data", "evaluated with --eval"),
        (("--eval", "--pgd_test"), "data", "--eval needs the checkpoint"),
        ((*EVALUATED, "--ina_path", "{root}/c"), "data", "imagenet_a needs the ImageNet classes"),
        ((*EVALUATED, "--inc_path", "{root}/data"), "data", "lacks the folders of corruption"),
        ((*EVALUATED, "--inc_path", "{root}/c"), "dta", "dta"),
        ((*EVALUATED, "--inc_path", "{root}/c"), None, "classes"),  # there is no data: who knows them?
    ],
)
def test_what_does_not_fit_is_told(root, tmp_path, capsys, monkeypatch, options, data, told):
    monkeypatch.chdir(tmp_path)
    assert run(root, tmp_path, *(word.format(root=root) for word in options), data=data) == 2
    assert told in capsys.readouterr().err
