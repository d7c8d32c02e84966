"""Training on labelled pictures: what is learnt, logged and kept, from flags to files."""

import dataclasses
import json
import os
import shutil

import numpy as np
import pytest
import torch
from coloured_pictures import ALL_ON, COLOURS, SMALL, UPDATES, KilledError, log_of, run, without_time
from PIL import Image
from ranks import both
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from timm.scheduler import CosineLRScheduler

import absvit
from absvit.images import eval_transform
from absvit.training.pictures.problem import PictureProblem
from absvit.training.problem import build_model
from absvit.training.recipe import RECIPES


@pytest.mark.seconds
def test_a_training_logs_updates_and_epochs_and_keeps_its_checkpoints(whole):
    updates, epochs = log_of(whole)
    assert [line["step"] for line in updates] == list(range(UPDATES))
    assert [line["epoch"] for line in epochs] == [1, 2, 3]
    for line in updates:
        first_look = (line["loss_pass1"] + line["loss_pass2"]) / 2 + line["variational_loss"]
        assert line["loss"] == pytest.approx((first_look + line["loss_patches"]) / 2, rel=1e-5)
    for line in epochs:
        assert line["n"] == 9
        for prefix in ("", "ema_"):
            for k in (1, 2):
                assert 0 <= line[f"{prefix}top1_pass{k}"] <= line[f"{prefix}top5_pass{k}"] == 1
    files = {file.name for file in whole.iterdir()}
    weights = {f"absvit_micro{ema}.{kind}" for ema in ("", ".ema") for kind in ("json", "safetensors")}
    assert files == {"last.pt", "best.pt", "epoch0002.pt", "log.jsonl", ".lock", *weights}
    best = torch.load(whole / "best.pt")["position"]
    assert best["best"] == max(line["ema_top1_pass2"] for line in epochs)


def test_the_weights_that_a_training_leaves_load_with_its_size_and_classes(whole, pictures):
    state = torch.load(whole / "last.pt")
    for suffix, key in (("", "model"), (".ema", "model_ema")):
        model = absvit.load_model("absvit_micro", whole / f"absvit_micro{suffix}.safetensors")
        assert model.num_classes == 3 and tuple(model.patch_embed.img_size) == (16, 16)
        assert model.categories == tuple(COLOURS)
        assert all(torch.equal(value, state[key][name]) for name, value in model.state_dict().items())
    card = json.loads((whole / "absvit_micro.json").read_text())
    assert card["validation"]["epoch"] == 3 and card["images"] == 72


@pytest.mark.seconds
@pytest.mark.parametrize("killed_at", range(1, UPDATES + 1))
def test_killed_at_any_update_it_goes_on_to_the_same_bits(killed_at, whole, pictures, tmp_path, monkeypatch):
    updates = PictureProblem.updates

    def until_killed(self, first_step):
        for number, update in enumerate(updates(self, first_step), first_step):
            if number == killed_at:
                raise KilledError
            yield update

    with monkeypatch.context() as patch:
        patch.setattr(PictureProblem, "updates", until_killed)
        if killed_at < UPDATES:
            with pytest.raises(KilledError):
                run(tmp_path, pictures, *ALL_ON, "--keep-every", "2")
        else:
            assert run(tmp_path, pictures, *ALL_ON, "--keep-every", "2") == 0
    half_written = tmp_path / ".last.pt.1.part"
    half_written.write_bytes(b"killed here")
    assert run(tmp_path, pictures, *ALL_ON, "--keep-every", "2") == 0
    assert not half_written.exists()
    for name in ("absvit_micro.safetensors", "absvit_micro.ema.safetensors"):
        assert (tmp_path / name).read_bytes() == (whole / name).read_bytes()
    for one, other in zip(log_of(whole), log_of(tmp_path), strict=True):
        assert without_time(one) == without_time(other)


@pytest.mark.processes
def test_workers_change_nothing(whole, pictures, tmp_path):
    assert run(tmp_path, pictures, *ALL_ON, "--keep-every", "2", "--num-workers", "2") == 0
    assert (tmp_path / "absvit_micro.safetensors").read_bytes() == (whole / "absvit_micro.safetensors").read_bytes()


@pytest.mark.processes
def test_accumulated_and_shared_updates_are_those_of_one_batch(pictures, tmp_path):
    options = ("--mixup", "0.8", "--cutmix", "1", "--drop-path", "0", "--model-ema")
    assert run(tmp_path / "one", pictures, *options) == 0
    assert run(tmp_path / "parts", pictures, *options, "--batch-size", "2") == 0
    words = [*SMALL, *options, "--data-path", pictures, "--output_dir", tmp_path / "two", "--batch-size", "4"]
    done = both("absvit.training", "finetune", *words)
    assert done.returncode == 0, done.stderr
    one, _ = log_of(tmp_path / "one")
    for name in ("parts", "two"):
        other, epochs = log_of(tmp_path / name)
        assert [line["loss"] for line in other] == pytest.approx([line["loss"] for line in one], abs=1e-4)
        assert [line["gradient_norm"] for line in other] == pytest.approx(
            [line["gradient_norm"] for line in one], rel=1e-3
        )
        for mine, theirs in zip(epochs, log_of(tmp_path / "one")[1], strict=True):
            assert {k: v for k, v in mine.items() if k != "seconds"} == pytest.approx(
                {k: v for k, v in theirs.items() if k != "seconds"}, abs=1e-4
            )


@pytest.mark.seconds
def test_a_compiled_training_is_the_same(pictures, tmp_path, monkeypatch):
    assert run(tmp_path / "plain", pictures, "--no-model-ema") == 0
    compiled, compile_of = [], torch.compile

    def compile_quickly(objective):
        compiled.append(objective)
        return compile_of(objective, backend="eager")

    monkeypatch.setattr(torch, "compile", compile_quickly)
    assert run(tmp_path / "compiled", pictures, "--no-model-ema", "--compile") == 0
    assert len(compiled) == 1
    losses = [[line["loss"] for line in log_of(tmp_path / name)[0]] for name in ("compiled", "plain")]
    assert losses[0] == pytest.approx(losses[1], abs=1e-4)


def rates(out, pictures, *options):
    assert run(out, pictures, "--lr", "0.3", "--lr-batch", "0", "--epochs", "4", *options) == 0
    return [line["lr"] for line in log_of(out)[0]]


@pytest.mark.seconds
def test_the_rate_follows_every_update(pictures, tmp_path):
    found = rates(tmp_path, pictures, "--layer-decay", "1", "--warmup-lr", "0.03", "--min-lr", "0.01")
    steps = np.arange(12)
    cosine = 0.01 + 0.5 * (0.3 - 0.01) * (1 + np.cos(np.pi * steps / 12))
    expected = np.where(steps < 3, 0.03 + (0.3 - 0.03) * steps / 3, cosine)
    np.testing.assert_allclose(found, expected, rtol=1e-9)


@pytest.mark.seconds
def test_the_official_schedule_lags_one_epoch_behind(pictures, tmp_path):
    found = rates(tmp_path, pictures, "--layer-decay", "1", "--schedule", "official", "--warmup-lr", "0.03")
    scheduler = CosineLRScheduler(
        torch.optim.SGD([torch.zeros(1)], lr=0.3), 4, lr_min=1e-5, warmup_t=1, warmup_lr_init=0.03
    )
    by_epoch = [scheduler._get_lr(max(epoch - 1, 0))[0] for epoch in range(4)]
    assert by_epoch[0] == by_epoch[1] == 0.03
    np.testing.assert_allclose(found, np.repeat(by_epoch, 3), rtol=1e-9)


@pytest.mark.seconds
def test_a_rate_below_its_least_does_not_rise_to_it(pictures, tmp_path, capsys):
    options = ("--layer-decay", "1", "--warmup-epochs", "0", "--min-lr", "0.5")
    assert rates(tmp_path, pictures, *options) == pytest.approx([0.3] * 12)
    assert "the learning rate 0.3 lies below min_lr 0.5" in capsys.readouterr().err


def test_the_official_schedule_warms_up_for_whole_epochs(pictures, tmp_path, capsys):
    assert run(tmp_path, pictures, "--schedule", "official", "--warmup-epochs", "0.5") == 2
    assert "whole epochs, got warmup_epochs 0.5" in capsys.readouterr().err


@pytest.mark.seconds
def test_rates_grow_with_the_update_and_fall_with_depth(pictures, tmp_path):
    assert run(tmp_path, pictures, "--lr", "1e-3", "--lr-batch", "4", "--layer-decay", "0.5", "--warmup-epochs", 0) == 0
    state = torch.load(tmp_path / "last.pt")
    scales = sorted({round(group["lr_scale"], 6) for group in state["optimizer"]["param_groups"]})
    assert scales == [0.5**k for k in (5, 4, 3, 2, 1, 0)]  # stem, four blocks with their decoders, the rest
    assert log_of(tmp_path)[0][0]["lr"] == pytest.approx(1e-3 * 8 / 4)


@pytest.mark.seconds
@pytest.mark.parametrize(
    ("options", "learning"),
    [
        (("--trainable", "top-down"), ("decoders.", "prompt", "head.")),
        (("--trainable", "linear"), ("head.",)),
        ((), ("",)),
    ],
)
def test_only_what_the_recipe_says_learns(options, learning, pictures, tmp_path):
    before = absvit.create_model("absvit_micro", num_classes=3, img_size=16).state_dict()
    torch.save(before, tmp_path / "before.pt")
    weights = ("--finetune", tmp_path / "before.pt")
    assert run(tmp_path, pictures, *options, *weights, "--no-model-ema", "--layer-decay", "None") == 0
    after = torch.load(tmp_path / "last.pt")["model"]
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed == {name for name in before if name.startswith(learning)}


@pytest.mark.seconds
def test_top_down_tuning_of_any_vit_starts_at_its_own_function(pictures, tmp_path):
    torch.manual_seed(3)
    vit = absvit.create_model("vit_micro", num_classes=3, img_size=16)
    torch.save(vit.state_dict(), tmp_path / "vit.pt")
    options = ("--model", "vit_micro", "--finetune", tmp_path / "vit.pt", "--lr", "1e-2", "--drop-path", "0")
    assert run(tmp_path / "out", pictures, *options, recipe="top_down") == 0
    first = log_of(tmp_path / "out")[0][0]
    assert first["loss_pass1"] == first["loss_pass2"]
    last = log_of(tmp_path / "out")[0][-1]
    assert last["loss_pass1"] != last["loss_pass2"]
    lifted = absvit.load_model("vit_micro", tmp_path / "out" / "vit_micro.safetensors")
    assert isinstance(lifted, absvit.AbSViT) and not lifted.second_value_bias
    state = lifted.state_dict()
    kept = [name for name in vit.state_dict() if not name.startswith("head.")]
    assert all(torch.equal(state[name], vit.state_dict()[name]) for name in kept)
    all_of_it = ("--trainable", "end2end", "--lr", "0", "--warmup-lr", "0", "--no-model-ema")
    weights = ("--model", "vit_micro", "--finetune", tmp_path / "out" / "vit_micro.safetensors")
    assert run(tmp_path / "further", pictures, *weights, *all_of_it, recipe="top_down") == 0  # what it learned is kept
    further = absvit.load_model("vit_micro", tmp_path / "further" / "vit_micro.safetensors").state_dict()
    assert all(torch.equal(further[name], state[name]) for name in state)


@pytest.mark.seconds
@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_half_precision_trains_alike(precision, pictures, tmp_path):
    options = ("--no-model-ema", "--drop-path", "0")
    assert run(tmp_path / "fp32", pictures, *options) == 0
    assert run(tmp_path / "half", pictures, *options, "--precision", precision) == 0
    exact, rough = ([line["loss"] for line in log_of(tmp_path / name)[0]] for name in ("fp32", "half"))
    assert rough == pytest.approx(exact, rel=0.02) and rough != exact
    if precision == "fp16":
        assert torch.load(tmp_path / "half" / "last.pt")["scaler"]["scale"] > 1


@pytest.mark.seconds
def test_recomputed_activations_change_nothing(pictures, tmp_path):
    options = ("--no-model-ema", "--drop-path", "0.2")
    assert run(tmp_path / "kept", pictures, *options) == 0
    assert run(tmp_path / "again", pictures, *options, "--grad-checkpointing") == 0
    one, two = (log_of(tmp_path / name)[0] for name in ("kept", "again"))
    assert [line["loss"] for line in one] == pytest.approx([line["loss"] for line in two], rel=1e-6)


@pytest.mark.seconds
@pytest.mark.parametrize("kind", ["soft", "hard"])
@pytest.mark.parametrize("model", ["absvit_micro", "vit_micro"])
def test_a_teacher_teaches(kind, model, pictures, tmp_path):
    teacher = absvit.create_model("resnet18", num_classes=3)
    torch.save(teacher.state_dict(), tmp_path / "teacher.pt")
    options = ("--distillation-type", kind, "--teacher-model", "resnet18", "--teacher-path", tmp_path / "teacher.pt")
    assert run(tmp_path / "out", pictures, *options, "--model", model, "--distillation-alpha", "0.9") == 0
    assert log_of(tmp_path / "out")[0][0]["loss"] > 0
    assert set(absvit.load_model(model, tmp_path / "out" / f"{model}.safetensors").state_dict()) == set(
        absvit.create_model(model, num_classes=3, img_size=16).state_dict()
    )


def test_dropout_is_where_the_official_code_has_it():
    recipe = dataclasses.replace(RECIPES["cifar10_absvit"], drop=0.3)
    model = build_model(recipe, num_classes=3, img_size=recipe.input_size)
    found = {
        name.split(".", 2)[-1]: module.p
        for name, module in model.named_modules()
        if isinstance(module, torch.nn.Dropout)
    }
    assert found == {
        "pos_drop": 0.3, "attn.proj_drop": 0.3, "mlp.drop1": 0.3, "mlp.drop2": 0.3, "attn.attn_drop": 0, "head_drop": 0,
    }  # fmt: skip


# ---- evaluation ------------------------------------------------------------------------------------------------------


def accuracy_by_hand(model, folder, size=16):
    """One picture after another."""
    cfg = model.pretrained_cfg
    transform = eval_transform(size, 0.875, "bicubic", cfg["mean"], cfg["std"])
    right = []
    for target, name in enumerate(COLOURS):
        for file in sorted((folder / name).iterdir()):
            with torch.no_grad():
                logits = model(transform(Image.open(file))[None])
            right.append(int(logits.argmax()) == target)
    return np.mean(right)


def test_evaluation_needs_the_validation_split_only(whole, pictures, tmp_path, capsys):
    shutil.copytree(pictures / "val", tmp_path / "data" / "val")
    for ema, suffix in (((), ""), (("--eval-ema",), ".ema")):
        out = tmp_path / f"out{suffix}"
        assert run(out, tmp_path / "data", "--eval", *ema, "--resume", whole / "last.pt", "--dist-eval") == 0
        measured = json.loads((out / "eval.json").read_text())
        assert measured == json.loads(capsys.readouterr().out)
        model = absvit.load_model("absvit_micro", whole / f"absvit_micro{suffix}.safetensors")
        assert measured["top1_pass2"] == pytest.approx(accuracy_by_hand(model, pictures / "val"))
        last = log_of(whole)[1][-1]
        assert measured["top1_pass1"] == last[("ema_" if ema else "") + "top1_pass1"]
        assert (measured["weights"], measured["input_size"], measured["precision"]) == (
            "ema" if ema else "model", 16, "fp32",
        )  # fmt: skip
        assert measured["data_path"] == str(tmp_path / "data") and len(measured["pictures"]) == 64
        assert set(os.listdir(out)) == {"eval.json"}


def official_file(path, model, **more):
    """A file as the original code wrote them, arguments and all."""
    import argparse

    content = {"model": model.state_dict(), "args": argparse.Namespace(model="absvit"), "epoch": 0, **more}
    torch.save(content, path)
    return path


@pytest.mark.seconds
def test_official_files_evaluate_and_train_on(pictures, tmp_path, capsys):
    torch.manual_seed(5)
    model = absvit.create_model("absvit_micro", num_classes=3, img_size=16)
    file = official_file(tmp_path / "official.pth", model)
    assert run(tmp_path / "eval", pictures, "--eval", "--resume", file) == 0
    measured = json.loads(capsys.readouterr().out)
    assert measured["top1_pass2"] == pytest.approx(accuracy_by_hand(model.eval(), pictures / "val"))
    assert run(tmp_path / "large", pictures, "--eval", "--resume", file, "--input-size", "48") == 0
    told = capsys.readouterr()
    model.set_input_size((48, 48))  # timm resamples the positions
    assert json.loads(told.out)["top1_pass2"] == pytest.approx(accuracy_by_hand(model, pictures / "val", 48))
    assert "positions resampled from 2 x 2 to 6 x 6" in told.err
    assert run(tmp_path / "on", pictures, "--resume", file) == 0
    assert "holds no training to go on with" in capsys.readouterr().err
    assert [line["step"] for line in log_of(tmp_path / "on")[0]] == list(range(3, UPDATES))  # epoch 0 was done there


def test_finetuning_resamples_positions_and_replaces_the_classifier(pictures, tmp_path, capsys):
    model = absvit.create_model("absvit_micro", num_classes=7, img_size=32)
    file = official_file(tmp_path / "official.pth", model)
    assert run(tmp_path / "out", pictures, "--finetune", file, "--trainable", "linear", "--layer-decay", "None") == 0
    told = capsys.readouterr().err
    assert "positions resampled from 4 x 4 to 2 x 2" in told and "7 to 3 classes" in told
    state = torch.load(tmp_path / "out" / "last.pt")["model"]
    assert torch.equal(state["blocks.1.mlp.fc1.weight"], model.state_dict()["blocks.1.mlp.fc1.weight"])


@pytest.mark.seconds
def test_tensorboard_shows_the_log(pictures, tmp_path):
    assert run(tmp_path, pictures, "--tensorboard") == 0
    events = EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    for kind, lines in zip(("training", "validation"), log_of(tmp_path), strict=True):
        shown = [event.value for event in events.Scalars(f"{kind}/loss_pass2")]
        assert shown == pytest.approx([line["loss_pass2"] for line in lines], rel=1e-6)
