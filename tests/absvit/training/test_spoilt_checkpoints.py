"""Spoilt ``last.pt``: each is one clear line that names it; none is gone on from, and nothing of it begins anew."""

import re

import pytest
import torch
from coloured_pictures import error_of, make, run
from spoilt_checkpoints import outcomes

# only a digest can tell these: they are what another training could have left
WITH_A_DIGEST_FINE = {
    "environment is empty", "position.best is a number", "position.seconds is a number", "position.evaluated is empty",
    "optimizer.state.0 is missing",  # a weight that has had no gradient
}  # fmt: skip
NO_UPDATE_YET = {"optimizer.state is empty"}  # in half precision the first ones may be left out


@pytest.mark.seconds
@pytest.mark.parametrize("fp16", [False, True])
def test_whatever_is_spoilt_is_refused(fp16, tmp_path):
    tried, went_on = outcomes(tmp_path, fp16)
    assert tried > (100 if fp16 else 300)
    fine = WITH_A_DIGEST_FINE | (NO_UPDATE_YET if fp16 else set())
    assert went_on[False] == set() and went_on[True] <= fine


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    data, out = make(tmp_path_factory.mktemp("data")), tmp_path_factory.mktemp("out")
    assert run(out, data, "--no-model-ema") == 0
    return data, out, (out / "last.pt").read_bytes()


@pytest.mark.seconds
def test_zeroed_bytes_are_not_gone_on_from(trained, capsys):
    data, out, whole = trained
    for start in range(2**14, len(whole) - 2**13, len(whole) // 4):
        (out / "last.pt").write_bytes(whole[:start] + bytes(4096) + whole[start + 4096 :])
        assert run(out, data, "--no-model-ema") == 2
        told = error_of(capsys)
        assert "last.pt has changed since it was written" in told
        assert f"{out / 'best.pt'} is there: take last.pt away and go on with --resume {out / 'best.pt'}" in told
    (out / "last.pt").unlink()
    weights = (out / "absvit_micro.safetensors").read_bytes()
    assert run(out, data, "--no-model-ema", "--resume", out / "best.pt") in (0, 2)  # 2 where the best was the last
    assert (out / "absvit_micro.safetensors").read_bytes() == weights


def earlier(content):
    return {name: content[name] for name in {*content} - {"format", "sha256"}}


def of_another_code(content):
    return {"model": content["model"], "epoch": 1}


@pytest.mark.parametrize(
    ("change", "options", "told"),
    [
        (earlier, (), "{} was written by an earlier version .*--finetune"),
        (of_another_code, (), "{} holds no training to go on with"),
        (dict, ("--epochs", "2", "--allow-differences"), "{} is at update 9, the recipe ends at 6: nothing is left"),
    ],
)
def test_what_cannot_be_gone_on_from_is_told(change, options, told, trained, capsys):
    data, out, whole = trained
    (out / "last.pt").write_bytes(whole)
    if change is not dict:
        torch.save(change(torch.load(out / "last.pt")), out / "last.pt")
    assert run(out, data, "--no-model-ema", *options) == 2
    assert re.search(told.format(out / "last.pt"), error_of(capsys))


def test_a_training_that_is_over_needs_no_log(trained, capsys):
    data, out, whole = trained
    (out / "last.pt").write_bytes(whole)
    card = (out / "absvit_micro.json").read_text()
    for name in ("log.jsonl", "absvit_micro.json", "absvit_micro.safetensors"):
        (out / name).unlink()
    assert run(out, data, "--no-model-ema") == 0
    assert (out / "absvit_micro.json").read_text() == card
    told = capsys.readouterr().err
    assert f"the training is over at update 9 of 9 ({out / 'last.pt'})" in told and "log.jsonl is gone" in told
