"""Spoilt ``last.pt``: each is one clear line that names it; none is gone on from, and nothing of it begins anew."""

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


def test_an_earlier_format_is_told(trained, capsys):
    data, out, whole = trained
    (out / "last.pt").write_bytes(whole)
    content = torch.load(out / "last.pt")
    del content["format"], content["sha256"]
    torch.save(content, out / "last.pt")
    assert run(out, data, "--no-model-ema") == 2
    told = error_of(capsys)
    assert f"{out / 'last.pt'} was written by an earlier version" in told and "--finetune" in told


def test_a_last_checkpoint_of_another_code_is_not_begun_from(trained, capsys):
    data, out, whole = trained
    (out / "last.pt").write_bytes(whole)
    torch.save({"model": torch.load(out / "last.pt")["model"], "epoch": 1}, out / "last.pt")
    assert run(out, data, "--no-model-ema") == 2
    assert f"{out / 'last.pt'} holds no training to go on with" in error_of(capsys)


def test_a_training_over_is_not_gone_on_from_beyond_its_end(trained, capsys):
    data, out, whole = trained
    (out / "last.pt").write_bytes(whole)
    assert run(out, data, "--no-model-ema", "--epochs", "2", "--allow-differences") == 2
    assert "last.pt is at update 9, the recipe ends at 6: nothing is left" in error_of(capsys)


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
