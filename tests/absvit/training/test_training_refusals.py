"""Training on pictures that cannot go on: what is refused, with which words, and what is left alone."""

import json
import os
import shutil
import subprocess
import sys
import threading
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch
from coloured_pictures import ALL_ON, SMALL, error_of, log_of, run, without_time
from ranks import alone, both

import absvit

# ---- what is refused -------------------------------------------------------------------------------------------------


def test_another_recipe_or_data_set_is_refused_unless_told(whole, pictures, tmp_path, capsys):
    out = tmp_path / "copy"
    shutil.copytree(whole, out)
    same = (*ALL_ON, "--keep-every", "2")
    assert run(out, pictures, *same, "--weight-decay", "0.3") == 2
    told = error_of(capsys)
    assert "recipe.weight_decay was 0.05, is 0.3" in told and "--allow-differences" in told
    other = tmp_path / "other"
    shutil.copytree(pictures, other)
    assert run(out, other, *same) == 0  # the same pictures elsewhere are the same data set
    capsys.readouterr()
    (other / "train" / "red" / "0.png").rename(other / "train" / "red" / "zero.png")
    assert run(out, other, *same) == 2
    assert "data.training pictures.names was" in error_of(capsys)
    assert run(out, other, *same, "--allow-differences") == 0


@pytest.mark.parametrize("split", ["train", "val"])
@pytest.mark.parametrize("how", ["replaced", "added"])
def test_pictures_that_changed_in_the_meantime_are_noticed(how, split, whole, pictures, tmp_path, capsys):
    out, folder = tmp_path / "copy", tmp_path / "data"
    shutil.copytree(whole, out)
    shutil.copytree(pictures, folder)
    red = folder / split / "red"
    shutil.copy(folder / split / "blue" / "1.png", red / ("2.png" if how == "replaced" else "20.png"))
    assert run(out, folder, *ALL_ON, "--keep-every", "2") == 2
    named = f"data.{'training' if split == 'train' else 'validation'} pictures"
    told, n = error_of(capsys), {"train": 24, "val": 9}[split]
    assert f"{named}.contents was" in told and str(out / "last.pt") in told
    assert (f"{named}.n was {n}, is {n + 1}" in told) == (how == "added")
    assert (f"{named}.names was" in told) == (how == "added")


@pytest.mark.processes
def test_another_number_of_processes_is_refused(whole, pictures, tmp_path):
    shutil.copytree(whole, tmp_path / "copy")
    words = [*SMALL, *ALL_ON, "--keep-every", "2", "--batch-size", "4"]
    words += ["--data-path", pictures, "--output_dir", tmp_path / "copy"]
    done = both("absvit.training", "finetune", *words)
    assert done.returncode == 2
    assert "processes was 1, is 2" in done.stderr and "Traceback" not in done.stderr


HOLDING = "import fcntl, sys; f = open(sys.argv[1], 'w'); fcntl.lockf(f, fcntl.LOCK_EX); print('held'); input()"


@pytest.mark.seconds
def test_two_trainings_do_not_share_a_folder(pictures, tmp_path, capsys):
    out = tmp_path / "out"
    out.mkdir()
    words = [sys.executable, "-c", HOLDING, out / ".lock"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "held\n"
        assert run(out, pictures) == 2
        assert f"another training writes into {out}" in error_of(capsys)
        other.communicate("over\n")
    assert run(out, pictures) == 0


def spoilt(file, how):
    if how == "truncated":
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    elif how == "malicious":

        class Malicious:
            def __reduce__(self):
                return (os.mkdir, (str(file.parent / "executed"),))

        torch.save({"model": Malicious()}, file)
    else:
        torch.save(absvit.create_model("vit_micro", num_classes=3, img_size=16).state_dict(), file)


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ("truncated", "truncated or corrupt"),
        ("malicious", "was refused and nothing was run"),
        ("another architecture", "missing (prompt, decoders.0"),
    ],
)
@pytest.mark.parametrize("use", ["--resume", "--finetune", "--eval"])
def test_bad_checkpoints_are_refused(how, told, use, whole, pictures, tmp_path, capsys):
    file = tmp_path / "checkpoint.pt"
    shutil.copy(whole / "last.pt", file)
    spoilt(file, how)
    options = ("--eval", "--resume", file) if use == "--eval" else (use, file)
    assert run(tmp_path / "out", pictures, *options) == 2
    assert told in error_of(capsys)
    assert not (tmp_path / "executed").exists() and not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--resume", "lost.pt"), "no checkpoint at lost.pt"),
        (("--finetune", "lost/lost.pt"), "the folder lost does not exist"),
        (("--eval",), "--eval needs the checkpoint"),
        (("--eval", "--resume", "lost.pt"), "no checkpoint at lost.pt"),
        (("--distillation-type", "soft"), "give --teacher-path"),
        (
            ("--distillation-type", "soft", "--teacher-model", "vit_micro", "--teacher-path", "T.pt"),
            "the teacher vit_micro takes pictures of 112 px only, got input_size 16",
        ),
        (("--model", "vit_micro", "--trainable", "top-down"), "has no feedback path to train"),
        (("--batch-size", "7", "--total-batch", "0", "--mixup", "0.8"), "even number, got 7"),
        (("--total-batch", "96", "--batch-size", "96"), "an epoch of 24 pictures holds no batch of 96"),
        (("--model", "resnet18"), "resnet18 is no vision transformer such as timm's vit_*"),
        (("--model", "eva02_tiny_patch14_224", "--input-size", "28"), "a timm VisionTransformer, got Eva"),
        (("--crop-pct", "0"), "crop_pct in (0, 1], got 16 and 0"),
        (("--input-size", "20"), "3 x 3 of them do not cover input_size 20"),
        (("--sched", "step"), "sched must be cosine, the official schedule, got 'step'"),
        (("--lr-noise", "0.4", "0.9"), "lr_noise is not built"),
        (("--trainable", "linear"), "--trainable linear leaves the rest as it is: give its weights with --finetune"),
        (("--log-every", "0"), "log_every must be at least 1, got 0"),
        (("--threads", "-1"), "threads must be at least 0, got -1"),
        (("--model-ema-decay", "2"), "model_ema_decay must be in [0, 1), got 2"),
        (("--weight-decay", "-1"), "weight_decay must not be negative, got -1"),
        (("--reprob", "2"), "reprob must be a probability in [0, 1], got 2"),
    ],
)
def test_bad_options_give_one_line(options, told, pictures, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(tmp_path / "out", pictures, *options) == 2
    assert told in error_of(capsys)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda root: shutil.rmtree(root), "data"),
        (lambda root: shutil.rmtree(root / "train"), "train"),
        (lambda root: shutil.rmtree(root / "val"), "val"),
        (lambda root: [file.unlink() for file in (root / "train" / "red").iterdir()], "red holds no picture"),
        (lambda root: (root / "val" / "red").rename(root / "val" / "crimson"), "lacks red and has crimson"),
    ],
    ids=["no folder", "no train", "no val", "empty class", "other classes"],
)
def test_a_data_set_that_is_not_whole_is_refused(spoil, told, pictures, tmp_path, capsys):
    shutil.copytree(pictures, tmp_path / "data")
    spoil(tmp_path / "data")
    assert run(tmp_path / "out", tmp_path / "data") == 2
    assert told in error_of(capsys)
    assert not (tmp_path / "out").exists()


@pytest.fixture
def served(whole, tmp_path, monkeypatch):
    """Where a finished training is served on this machine: host and port."""
    monkeypatch.setenv("ABSVIT_CACHE", str(tmp_path / "cache"))
    handler = partial(SimpleHTTPRequestHandler, directory=whole)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_checkpoint_at_an_address_is_fetched(served, pictures, tmp_path, capsys):
    assert run(tmp_path / "out", pictures, "--eval", "--resume", f"http://{served}/last.pt") == 0
    assert run(tmp_path / "none", pictures, "--eval", "--resume", f"http://{served}/lost.pt") == 2
    assert json.loads((tmp_path / "out" / "eval.json").read_text())["n"] == 9
    assert "lost.pt" in error_of(capsys)


def test_the_password_of_an_address_is_in_nothing_that_a_training_writes_or_says(served, pictures, tmp_path, capsys):
    out, options = tmp_path / "out", ("--epochs", "4", "--allow-differences")
    resume, weights = (f"http://me:sesam@{served}/{name}" for name in ("last.pt", "absvit_micro.safetensors"))
    for more in (options, options, ("--epochs", "5")):  # begun from an address, gone on with, and refused
        run(out, pictures, *more, "--finetune", weights, "--resume", resume)
    facts = torch.load(out / "last.pt")["facts"]
    assert facts["recipe"]["finetune"] == weights.replace("me:sesam", "***")
    printed = "".join(capsys.readouterr())
    assert f"going on from update 9 of 12 ({resume.replace('me:sesam', '***')})" in printed
    assert "is left aside" in printed and "belongs to another training" in printed and "sesam" not in printed
    for file in filter(Path.is_file, out.rglob("*")):
        parts = zipfile.ZipFile(file) if zipfile.is_zipfile(file) else None
        content = b"".join(map(parts.read, parts.namelist())) if parts else file.read_bytes()
        assert b"sesam" not in content, file


@pytest.mark.parametrize(
    ("name", "change", "told"),
    [
        ("last.pt", shutil.copytree, "knows 3 classes"),
        ("last.pt", shutil.move, "knows the class red where"),
        ("absvit_micro.safetensors", shutil.move, "knows the class red where"),
    ],
)
def test_other_classes_than_the_checkpoints_are_refused(name, change, told, whole, pictures, tmp_path, capsys):
    shutil.copytree(pictures / "val", tmp_path / "val")
    change(tmp_path / "val" / "red", tmp_path / "val" / "violet")
    assert run(tmp_path / "out", tmp_path, "--eval", "--resume", whole / name) == 2
    assert told in error_of(capsys)


def test_a_teacher_of_other_classes_is_refused(pictures, tmp_path, capsys):
    file = tmp_path / "teacher.pt"
    torch.save(absvit.create_model("test_resnet", num_classes=7).state_dict(), file)
    options = ("--distillation-type", "hard", "--teacher-model", "test_resnet", "--teacher-path", file)
    assert run(tmp_path / "out", pictures, *options) == 2
    assert f"no teacher of the 3 classes in {file}" in error_of(capsys)


@pytest.mark.seconds
@pytest.mark.parametrize("workers", [0, 1])
def test_an_unreadable_picture_fails_or_is_counted(workers, pictures, tmp_path, capsys):
    shutil.copytree(pictures, tmp_path / "data")
    bad = tmp_path / "data" / "train" / "red" / "3.png"
    bad.write_bytes(b"not a picture")
    assert run(tmp_path / "fails", tmp_path / "data", "--num-workers", workers) == 2
    assert str(bad) in error_of(capsys)
    skipping = ("--unreadable", "skip", "--num-workers", workers)
    assert run(tmp_path / "skips", tmp_path / "data", *skipping) == 0
    assert f"skipped: cannot read {bad}" in capsys.readouterr().err
    assert log_of(tmp_path / "skips")[0][-1]["unreadable"] == 3  # once in each of three epochs
    longer = ("--epochs", 5, "--allow-differences")
    assert run(tmp_path / "skips", tmp_path / "data", *skipping, *longer) == 0
    assert log_of(tmp_path / "skips")[0][-1]["unreadable"] == 5  # those of before are not forgotten


@pytest.mark.seconds
def test_an_unreadable_validation_picture_costs_no_update_or_is_counted(whole, pictures, tmp_path, capsys):
    shutil.copytree(pictures, tmp_path / "data")
    bad, kept = tmp_path / "data" / "val" / "red" / "1.png", (pictures / "val" / "red" / "1.png").read_bytes()
    bad.write_bytes(b"not a picture")
    assert run(tmp_path / "fails", tmp_path / "data", *ALL_ON, "--checkpoint-every", "1000") == 2
    assert str(bad) in error_of(capsys)
    bad.write_bytes(kept)
    assert run(tmp_path / "fails", tmp_path / "data", *ALL_ON, "--checkpoint-every", "1000") == 2
    assert "data.validation pictures.contents was" in error_of(capsys)
    mended = (*ALL_ON, "--checkpoint-every", "1000", "--allow-differences")
    assert run(tmp_path / "fails", tmp_path / "data", *mended) == 0  # the epoch is evaluated, not made again
    assert "going on from update 3 of 9" in capsys.readouterr().err
    assert [without_time(lines) for lines in log_of(tmp_path / "fails")] == [
        without_time(lines) for lines in log_of(whole)
    ]
    bad.write_bytes(b"not a picture")
    assert run(tmp_path / "skips", tmp_path / "data", "--unreadable", "skip", "--model-ema") == 0
    assert f"skipped: cannot read {bad}" in capsys.readouterr().err
    last = log_of(tmp_path / "skips")[1][-1]
    assert (last["n"], last["unreadable"]) == (8, 1)
    shares = [last[f"{ema}top1_pass{k}"] * 8 for ema in ("", "ema_") for k in (1, 2)]
    assert shares == pytest.approx([round(share) for share in shares], abs=1e-6)


@pytest.mark.processes
def test_a_full_disk_loses_nothing(pictures, tmp_path):
    """The checkpoint meets a limit on file size, as it would the end of a disk."""
    out = tmp_path / "out"
    assert run(out, pictures, "--no-model-ema", "--epochs", "1", "--warmup-epochs", "0") == 0
    kept = (out / "last.pt").read_bytes()
    words = ["finetune", *SMALL, "--data-path", pictures, "--output_dir", out, "--no-model-ema", "--allow-differences"]
    limited = tmp_path / "limited.py"
    limited.write_text(
        "import resource, sys; from absvit.training.__main__ import main; "
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({len(kept) // 2},) * 2); sys.exit(main(sys.argv[1:]))"
    )
    done = alone(limited, *words)
    assert done.returncode == 2
    assert f"cannot write the checkpoint {out / 'last.pt'}" in done.stderr and "the last one is kept" in done.stderr
    assert (out / "last.pt").read_bytes() == kept
    assert not list(out.glob(".*.part"))


def test_a_folder_that_takes_no_log_is_named_with_advice(pictures, tmp_path, capsys):
    out = tmp_path / "out"
    (out / "log.jsonl").mkdir(parents=True)
    assert run(out, pictures) == 2
    told = error_of(capsys)
    assert f"cannot write into the output folder {out} (Is a directory)" in told and "--output-dir" in told
