"""Going on from a checkpoint: which one, with what of it, and what is refused."""

import random
import shutil

import numpy as np
import pytest
import torch
from coloured_pictures import error_of, log_of, run

import absvit
from absvit.distributed import Process
from absvit.training import loop, state
from absvit.training.random_states import random_states, restore_random_states, seed_all
from absvit.training.state import Learner, Position


@pytest.fixture(scope="module")
def whole(pictures, tmp_path_factory):
    """A finished training, whose first epoch is kept."""
    out = tmp_path_factory.mktemp("whole")
    assert run(out, pictures, "--no-model-ema", "--keep-every", "1") == 0
    return out


def half_done(whole, out):
    """A folder with a training after its first epoch."""
    out.mkdir()
    shutil.copy(whole / "epoch0001.pt", out / "last.pt")
    return out


@pytest.mark.seconds
def test_a_changed_setting_of_the_optimiser_counts(whole, pictures, tmp_path):
    out = half_done(whole, tmp_path / "out")
    changed = ("--weight-decay", "0.3", "--opt-betas", "0.5", "0.9", "--opt-eps", "1e-3", "--allow-differences")
    assert run(out, pictures, "--no-model-ema", *changed) == 0
    groups = torch.load(out / "last.pt")["optimizer"]["param_groups"]
    assert {group["weight_decay"] for group in groups} == {0.3, 0.0}
    assert {(*group["betas"], group["eps"]) for group in groups} == {(0.5, 0.9, 1e-3)}


def test_an_average_begins_with_the_weights_of_the_checkpoint(whole, pictures, tmp_path):
    out = half_done(whole, tmp_path / "out")
    changed = ("--model-ema", "--lr", "0", "--lr-batch", "0", "--min-lr", "0", "--warmup-lr", "0")
    assert run(out, pictures, *changed, "--allow-differences") == 0
    kept = torch.load(out / "last.pt")
    assert all(torch.allclose(kept["model_ema"][name], value) for name, value in kept["model"].items())


@pytest.mark.parametrize(
    ("options", "anew"),
    [
        (("--precision", "fp16"), False),
        (("--opt", "sgd"), True),
        (("--trainable", "linear", "--finetune", "last.pt"), True),
        (("--layer-decay", "None"), True),
    ],
    ids=["half precision", "optimiser", "trainable", "layer decay"],
)
def test_what_differs_is_applied(options, anew, whole, pictures, tmp_path, capsys, monkeypatch):
    out = half_done(whole, tmp_path / "out")
    monkeypatch.chdir(out)
    assert run(out, pictures, "--no-model-ema", *options, "--allow-differences") == 0
    told = capsys.readouterr().err
    assert "going on although these differ" in told and ("the optimiser starts anew" in told) == anew


@pytest.mark.seconds
def test_fields_that_change_no_number_may_differ(whole, pictures, tmp_path):
    out = half_done(whole, tmp_path / "out")
    free = ("--checkpoint-every", "3", "--keep-every", "2")
    assert run(out, pictures, "--no-model-ema", *free) == 0
    weights = "absvit_micro.safetensors"
    assert (out / weights).read_bytes() == (whole / weights).read_bytes()
    shutil.copy(whole / "epoch0001.pt", out / "last.pt")
    assert run(out, pictures, "--no-model-ema", *free, "--grad-checkpointing") == 0


@pytest.mark.seconds
def test_a_finetuning_goes_on_without_the_file_that_it_began_with(pictures, tmp_path):
    file = tmp_path / "weights.pt"
    torch.save(absvit.create_model("absvit_micro", num_classes=7, img_size=32).state_dict(), file)
    options = ("--no-model-ema", "--epochs", "2", "--keep-every", "1", "--finetune", file)
    assert run(tmp_path / "whole", pictures, *options) == 0
    out = half_done(tmp_path / "whole", tmp_path / "out")
    file.unlink()
    assert run(out, pictures, *options) == 0
    weights = "absvit_micro.safetensors"
    assert (out / weights).read_bytes() == (tmp_path / "whole" / weights).read_bytes()
    assert run(tmp_path / "new", pictures, *options) == 2  # nothing else has the weights


def test_a_checkpoint_at_its_end_leaves_nothing_to_train(whole, pictures, tmp_path, capsys):
    assert run(tmp_path / "out", pictures, "--no-model-ema", "--resume", whole / "last.pt") == 2
    told = error_of(capsys)
    assert "is at update 9, the recipe ends at 9: nothing is left" in told and "--finetune" in told
    assert not (tmp_path / "out").exists()
    assert run(whole, pictures, "--no-model-ema", "--resume", whole / "last.pt") == 0  # its own is simply finished


def test_a_named_checkpoint_is_left_aside_in_words(whole, pictures, tmp_path, capsys):
    out = half_done(whole, tmp_path / "out")
    assert run(out, pictures, "--no-model-ema", "--resume", tmp_path / "lost.pt") == 2
    assert "no checkpoint at" in error_of(capsys)
    assert run(out, pictures, "--no-model-ema", "--resume", whole / "epoch0002.pt") == 0
    told = capsys.readouterr().err
    assert f"--resume {whole / 'epoch0002.pt'} is left aside" in told
    assert f"going on from update 3 of 9 ({out / 'last.pt'})" in told


def test_processes_at_different_updates_are_refused(monkeypatch):
    process = Process(0, 3, torch.device("cpu"))
    elsewhere = torch.tensor([[0, 0], [10, 100]])
    monkeypatch.setattr(state, "sum_over_ranks", lambda own: own + elsewhere.sum(0))
    with pytest.raises(ValueError, match="give an --output-dir that all machines share"):
        state.check_same_position(Position(5), process)  # their mean: no process may take it for agreement
    elsewhere = torch.tensor([[5, 25], [5, 25]])
    state.check_same_position(Position(5), process)


def test_half_precision_that_never_recovers_stops(tmp_path):
    process = Process(0, 1, torch.device("cpu"))
    loss, broken = torch.tensor(0.5), torch.tensor(torch.nan)
    for scale in (1e-3, 1e-5):
        scaler = torch.amp.GradScaler("cpu", init_scale=scale)
        scaler.scale(loss)  # the scale is set with the first use
        learner = Learner(None, None, None, None, scaler)
        if scale > 1e-4:
            loop._check_finite(broken, loss, learner, 7, tmp_path / "last.pt", process)
        else:
            with pytest.raises(FloatingPointError, match=r"the loss is 0.5 and the norm of its gradient nan at step 7"):
                loop._check_finite(broken, loss, learner, 7, tmp_path / "last.pt", process)


def test_the_log_is_json_where_half_precision_overflows(pictures, tmp_path, monkeypatch):
    norms = iter([torch.tensor(torch.inf)])
    clip = torch.nn.utils.clip_grad_norm_
    monkeypatch.setattr(torch.nn.utils, "clip_grad_norm_", lambda *words: next(norms, clip(*words)))
    assert run(tmp_path, pictures, "--no-model-ema", "--precision", "fp16", "--epochs", "2") == 0
    first, second, *_ = log_of(tmp_path)[0]
    assert "gradient_norm" not in first and second["gradient_norm"] > 0
    assert "Infinity" not in (tmp_path / "log.jsonl").read_text()


def drawn():
    return random.random(), np.random.random(), np.random.normal(), torch.rand(3).tolist()  # noqa: NPY002 - users' own


def test_random_states_are_kept_and_given_back(whole):
    content = torch.load(whole / "last.pt")  # nothing but plain values and tensors
    restore_random_states(content["random_states"])
    after_training = drawn()
    seed_all(1, 2)
    np.random.normal()  # noqa: NPY002 - keeps the second of a pair
    kept = random_states()
    expected = drawn()
    assert drawn() != expected != after_training
    restore_random_states(kept)
    assert drawn() == expected
    restore_random_states(content["random_states"])
    assert drawn() == after_training
    assert set(content["environment"]) == {"python", "absvit", "torch", "timm", "numpy", "device"}


@pytest.mark.seconds
def test_every_generator_is_seeded_for_every_update(pictures, tmp_path, monkeypatch):
    seen = {}
    update = torch.nn.utils.clip_grad_norm_  # after the micro-batch

    def noted(*words):
        seen.setdefault(folder, []).append((random.random(), np.random.random()))  # noqa: NPY002 - users' own
        return update(*words)

    monkeypatch.setattr(torch.nn.utils, "clip_grad_norm_", noted)
    for noise, folder in enumerate(("one", "other")):
        random.seed(noise)
        np.random.seed(noise)  # noqa: NPY002 - users' own
        assert run(tmp_path / folder, pictures, "--no-model-ema", "--epochs", "2") == 0
    assert seen["one"] == seen["other"] and len(set(seen["one"])) == 6


def test_the_loss_that_is_told_is_that_of_all_processes(tmp_path, monkeypatch):
    learner = Learner(None, None, None, None, torch.amp.GradScaler("cpu", enabled=False))
    monkeypatch.setattr(loop, "sum_over_ranks", lambda own: own + 2.5)
    for own in (0.5, torch.nan):
        told = "nan" if np.isnan(own) else "1.5"
        with pytest.raises(FloatingPointError, match=f"the loss is {told} and"):
            loop._check_finite(
                torch.tensor(torch.nan), torch.tensor(own), learner, 7, tmp_path, Process(0, 2, torch.device("cpu"))
            )
