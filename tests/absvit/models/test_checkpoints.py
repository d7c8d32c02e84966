"""Checkpoints: every format read, nothing executed, nothing half written."""

import argparse
import hashlib
import json
import os
import pickle
import zipfile

import numpy as np
import pytest
import torch
from small_vit import assert_same, small_vit

from absvit.models import checkpoints
from absvit.models.checkpoints import formats


def official(weights):
    return {
        "model": weights,
        "model_ema": {name: tensor + 1 for name, tensor in weights.items()},
        "optimizer": {
            "state": {0: {"step": torch.tensor(3.0)}},
            "param_groups": [{"lr": 1e-3, "betas": (0.9, 0.99)}],
        },
        "lr_scheduler": {"base_values": [1e-3]},
        "scaler": {"scale": 65536.0},
        "epoch": 299,
        "args": argparse.Namespace(lr=5e-4, model="small", device=torch.device("cpu"), eps=None),
    }


@pytest.mark.parametrize("zipped", [True, False])
def test_official_file(tmp_path, weights, zipped):
    path = tmp_path / "official.pth"
    torch.save(official(weights), path, _use_new_zipfile_serialization=zipped)
    checkpoint = checkpoints.read(path)
    assert_same(checkpoint.state_dict, weights)
    assert checkpoint.card == {"epoch": 299, "arguments": {"lr": 5e-4, "model": "small", "eps": None}}
    assert checkpoint.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert checkpoint.source == str(path)
    ema = checkpoints.read(path, which="ema")
    assert_same(ema.state_dict, {name: tensor + 1 for name, tensor in weights.items()})
    assert argparse.Namespace not in torch.serialization.get_safe_globals()


@pytest.mark.parametrize(
    "prefix",
    [
        "",
        "module.",
        "_orig_mod.",
        "module._orig_mod.",
        "_orig_mod.module.",
        "module.module.",
        "model.",
        "net.",
        "model._orig_mod.",
        "_fsdp_wrapped_module.module.net.",
    ],
)
def test_plain_state_dict_with_wrappers(tmp_path, weights, prefix):
    torch.save({prefix + name: tensor for name, tensor in weights.items()}, tmp_path / "plain.pt")
    assert_same(checkpoints.read(tmp_path / "plain.pt").state_dict, weights)


def test_averages_of_torch_and_checkpoints_of_lightning(tmp_path, weights):
    average = torch.optim.swa_utils.AveragedModel(small_vit())
    torch.save(average.state_dict(), tmp_path / "average.pt")
    assert_same(checkpoints.read(tmp_path / "average.pt").state_dict, dict(average.module.state_dict()))
    wrapped = {f"_orig_mod.{name}": tensor for name, tensor in average.state_dict().items()}
    torch.save({"model": {}, "state_dict": wrapped, "epoch": 2}, tmp_path / "compiled.pt")
    lightning = {
        "epoch": 1, "global_step": 20, "pytorch-lightning_version": "2.5.0", "hyper_parameters": {"lr": 0.1},
        "state_dict": {f"model.{name}": tensor for name, tensor in weights.items()},
        "callbacks": {"ModelCheckpoint": {"best_model_score": torch.tensor(0.5)}}, "optimizer_states": [],
    }  # fmt: skip
    torch.save(lightning, tmp_path / "lightning.ckpt")
    found = checkpoints.read(tmp_path / "lightning.ckpt")
    assert_same(found.state_dict, weights)
    assert found.card == {"epoch": 1}


NUMBERS = (
    np.float64(0.1), np.float32(0.5), np.float16(-2), np.int64(-7), np.uint8(255), np.bool_(True),
    np.complex128(1 + 2j), np.array(3.0, ">f8")[()],
)  # fmt: skip


@pytest.mark.parametrize("zipped", [True, False])
def test_scalars_of_numpy_become_numbers(tmp_path, weights, zipped):
    content = {"model": weights, "epoch": np.int64(4), "best": list(NUMBERS)}
    torch.save(content, tmp_path / "a.pt", _use_new_zipfile_serialization=zipped)
    assert checkpoints.read(tmp_path / "a.pt").card == {"epoch": 4}
    read = formats.read_content(tmp_path / "a.pt")["best"]
    assert read == [number.item() for number in NUMBERS]
    assert [type(number) for number in read] == [type(number.item()) for number in NUMBERS]


@pytest.mark.parametrize(
    "thing", [np.dtype("O"), np.array([1.0]), np.array([None]), np.datetime64("2020"), np.void(b"abc"), np.str_("x")]
)
def test_nothing_else_of_numpy_is_made(tmp_path, weights, thing):
    torch.save({"model": weights, "best": thing}, tmp_path / "a.pt")
    with pytest.raises(ValueError, match="code, not weights|not one that holds weights"):
        checkpoints.read(tmp_path / "a.pt")


def test_a_scalar_of_numpy_that_would_run_code_does_not(tmp_path, weights):
    class Scalar:
        def __reduce__(self):
            return np._core.multiarray.scalar, (np.dtype("O"), Touch(str(tmp_path / "ran")))

    class Touch:
        def __init__(self, path):
            self.path = path

        def __reduce__(self):
            return open, (self.path, "w")

    torch.save({"model": weights, "best": Scalar()}, tmp_path / "a.pt")
    with pytest.raises(ValueError, match="nothing was run|not one that holds weights"):
        checkpoints.read(tmp_path / "a.pt")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
@pytest.mark.parametrize("suffix", ["pt", "safetensors"])
def test_weights_that_are_not_finite_are_refused_by_name(tmp_path, weights, number, suffix):
    path = tmp_path / f"a.{suffix}"
    spoilt = {name: tensor.clone() for name, tensor in weights.items()}
    spoilt["head.bias"][1] = number
    torch.save(spoilt, path) if suffix == "pt" else checkpoints.write(path, spoilt, {})
    with pytest.raises(ValueError, match=r"not finite, in 1 of \d+ tensors \(head\.bias\)"):
        checkpoints.read(path)
    with pytest.raises(ValueError, match=r"head\.bias"):
        checkpoints.load_into(small_vit(), spoilt)


def test_timm_training_checkpoint(tmp_path, weights):
    torch.save({"state_dict": weights, "epoch": 3, "arch": "small"}, tmp_path / "timm.pth.tar")
    assert_same(checkpoints.read(tmp_path / "timm.pth.tar").state_dict, weights)


def test_write_then_read(tmp_path, weights):
    path = tmp_path / "small.seed1.safetensors"
    tied = {**weights, "transposed": weights["head.weight"].T, "tied": weights["head.weight"]}
    sha256 = checkpoints.write(path, tied, {"prior_gains": {"class": 2.0}, "categories": list("abcde")})
    checkpoint = checkpoints.read(path, sha256=sha256.upper())
    assert_same(checkpoint.state_dict, tied)
    assert checkpoint.card == {
        "prior_gains": {"class": 2.0},
        "categories": list("abcde"),
        "weights_sha256": sha256,
    }
    assert sorted(os.listdir(tmp_path)) == ["small.seed1.json", "small.seed1.safetensors"]
    (tmp_path / "small.seed1.json").unlink()
    assert checkpoints.read(path).card == {}


def test_a_failed_write_leaves_the_old_file(tmp_path, weights, monkeypatch):
    path = tmp_path / "small.safetensors"
    checkpoints.write(path, weights, {"epoch": 1})

    def full_disk(file):
        raise OSError("no space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)  # all is written by then, but not on the disk
    with pytest.raises(OSError, match="no space"):
        checkpoints.write(path, weights, {"epoch": 2})
    assert checkpoints.read(path).card["epoch"] == 1
    assert sorted(os.listdir(tmp_path)) == ["small.json", "small.safetensors"]


def test_write_refuses(tmp_path, weights):
    with pytest.raises(ValueError, match=r"ends in \.safetensors"):
        checkpoints.write(tmp_path / "small.pth", weights, {})
    with pytest.raises(FileNotFoundError, match="make it first"):
        checkpoints.write(tmp_path / "nowhere" / "small.safetensors", weights, {})
    for card in ({"x": torch.ones(1)}, {"x": float("nan")}):
        with pytest.raises(ValueError, match="JSON"):
            checkpoints.write(tmp_path / "small.safetensors", weights, card)
    assert os.listdir(tmp_path) == []


class Trap:
    """Pickled, this asks its reader to create a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


@pytest.mark.parametrize("way", ["zip", "legacy", "plain pickle"])
def test_malicious_pickle_is_refused_and_nothing_runs(tmp_path, weights, way):
    path, sprung = tmp_path / "trap.pth", tmp_path / "sprung"
    content = {"model": weights, "args": Trap(sprung)}
    if way == "plain pickle":
        path.write_bytes(pickle.dumps(content, protocol=2))
    else:
        torch.save(content, path, _use_new_zipfile_serialization=way == "zip")
    with pytest.raises(ValueError, match="trap.pth") as error:
        checkpoints.read(path)
    assert way == "plain pickle" or "system" in str(error.value)
    assert "weights_only" not in str(error.value)  # torch's own advice is to open the door
    assert not sprung.exists()


def foreign_files(folder, weights):
    """Files that are no checkpoint, or only half of one: name -> what the message says."""
    torch.save(weights, folder / "whole.pth")
    torch.save(weights, folder / "legacy.pth", _use_new_zipfile_serialization=False)
    checkpoints.write(folder / "whole.safetensors", weights, {})
    for name in ("whole.pth", "legacy.pth", "whole.safetensors"):
        content = (folder / name).read_bytes()
        (folder / f"half-{name}").write_bytes(content[: len(content) // 2])
    (folder / "text.pth").write_text("weights? no.\n")
    (folder / "page.pth").write_text("\n<!DOCTYPE html><html>please log in</html>")
    (folder / "picture.pth").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(600))
    (folder / "empty.pth").touch()
    (folder / "noise.pth").write_bytes(b"\x00\xff" * 400)
    (folder / "pickle.pth").write_bytes(b"\x80\x02" + bytes(range(200)))
    torch.save([1, 2], folder / "list.pth")
    torch.save({}, folder / "hollow.pth")
    torch.save({"epoch": 3, "model": {"name": "small"}}, folder / "nameless.pth")
    with zipfile.ZipFile(folder / "archive.pth", "w") as archive:
        archive.writestr("readme.txt", "not weights")
    return {
        "half-whole.pth": "truncated or corrupt",
        "half-legacy.pth": "truncated or corrupt",
        "half-whole.safetensors": "truncated or corrupt",
        "text.pth": "a text file",
        "page.pth": "an HTML or XML page",
        "picture.pth": "a picture",
        "empty.pth": "an empty file",
        "noise.pth": "unknown binary data",
        "pickle.pth": "truncated or corrupt",
        "list.pth": "got list",
        "hollow.pth": "state dict",
        "nameless.pth": "its entries are: epoch, model",
        "archive.pth": "truncated or corrupt",
    }


def test_foreign_and_corrupt_files_are_named(tmp_path, weights):
    for name, message in foreign_files(tmp_path, weights).items():
        with pytest.raises(ValueError, match=message) as error:
            checkpoints.read(tmp_path / name)
        assert name in str(error.value)


def test_what_is_not_there(tmp_path, weights):
    torch.save(weights, tmp_path / "absvit_tiny.pth")
    with pytest.raises(FileNotFoundError, match="the folder holds absvit_tiny.pth"):
        checkpoints.read(tmp_path / "absvit_tyni.pth")
    with pytest.raises(FileNotFoundError, match="does not exist"):
        checkpoints.read(tmp_path / "nowhere" / "absvit_tiny.pth")
    with pytest.raises(ValueError, match="folder"):
        checkpoints.read(tmp_path)
    with pytest.raises(ValueError, match="'ema' weights; its entries are: cls_token"):
        checkpoints.read(tmp_path / "absvit_tiny.pth", which="ema")
    with pytest.raises(ValueError, match="must be 'model' or 'ema'"):
        checkpoints.read(tmp_path / "absvit_tiny.pth", which="best")
    with pytest.raises(ValueError, match="expected 0000"):
        checkpoints.read(tmp_path / "absvit_tiny.pth", sha256="0" * 64)


def test_cards_that_do_not_belong(tmp_path, weights):
    path, card = tmp_path / "small.safetensors", tmp_path / "small.json"
    checkpoints.write(path, weights, {})
    with pytest.raises(ValueError, match="one set of weights"):
        checkpoints.read(path, which="ema")
    for text, message in (
        ('{"a": ', "is not JSON"),
        ("[]", "expected an object, got a list"),
        (json.dumps({"weights_sha256": "0" * 64}), "belongs to"),
    ):
        card.write_text(text)
        with pytest.raises(ValueError, match=message):
            checkpoints.read(path)


def test_zeroed_bytes_anywhere_are_noticed(tmp_path, weights):
    path, chance = tmp_path / "rotten.pth", torch.Generator().manual_seed(0)
    torch.save(official(weights), path)
    whole = path.read_bytes()
    for start in torch.randint(len(whole) - 64, (60,), generator=chance).tolist():
        rotten = whole[:start] + bytes(64) + whole[start + 64 :]
        if rotten == whole:
            continue
        path.write_bytes(rotten)
        try:
            found = checkpoints.read(path)
        except ValueError as error:
            assert str(path) in str(error)
        else:  # between the parts there is padding
            assert_same(found.state_dict, weights)
            assert found.card["epoch"] == 299


def test_a_file_that_was_written_without_checksums_is_read(tmp_path, weights):
    torch.serialization.set_crc32_options(False)
    try:
        torch.save(weights, tmp_path / "plain.pth")
    finally:
        torch.serialization.set_crc32_options(True)
    assert_same(checkpoints.read(tmp_path / "plain.pth").state_dict, weights)
