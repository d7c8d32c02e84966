"""The training loop on drawn scenes: it learns, goes on where it stopped, shares the work, says what is wrong."""

import contextlib
import json
import math
from types import SimpleNamespace

import pytest
import timm
import torch
from coloured_pictures import KilledError, error_of, lines_of, without_time
from ranks import both

import absvit
from absvit import distributed
from absvit.distributed import Process
from absvit.training import __main__ as command
from absvit.training import log
from absvit.training.cued.scenes import Scenes
from absvit.training.recipe import RECIPES
from absvit.training.run_options import RunOptions
from absvit.training.state import Position

FIELDS = {
    "step", "lr", "seconds", "loss", "loss_pass1", "loss_pass2", "variational_loss", "token_loss",
    "accuracy_pass1", "accuracy_pass2", "gradient_norm", "images_per_second", "memory_MiB",
}  # fmt: skip
TINY = ("--size", "48", "--epochs", "1", "--warmup-epochs", "0.1", "--device", "cpu")


def train(out, *options, recipe="micro_cued"):
    return command.main([recipe, *map(str, options), "--out", str(out)])


def updates(n, size):
    """Options for so many updates of so many scenes."""
    return ("--epoch-images", n * size, "--batch-size", size, "--total-batch", size)


@pytest.mark.slow
def test_training_learns_and_logs(tmp_path):
    assert train(tmp_path, *TINY, *updates(81, 16), "--conflict", 0) == 0
    lines = lines_of(tmp_path)
    assert [line["step"] for line in lines] == [0, 20, 40, 60, 80]
    assert all(set(line) == FIELDS for line in lines)
    for name in ("loss", "loss_pass1", "loss_pass2", "token_loss"):
        assert lines[-1][name] < lines[0][name] - 0.1
    assert abs(lines[0]["loss_pass1"] - math.log(12)) < 0.2  # untrained, all classes are alike
    recipe = RECIPES["micro_cued"]
    for line in lines:
        mean = (line["loss_pass1"] + line["loss_pass2"]) / 2
        total = mean + line["variational_loss"] + recipe.token_weight * line["token_loss"]
        assert line["loss"] == pytest.approx(total, rel=1e-5)
        assert 0 <= line["accuracy_pass1"] <= 1 and 0 <= line["accuracy_pass2"] <= 1
        assert line["images_per_second"] > 0 and line["memory_MiB"] > 100
    assert sorted(line["seconds"] for line in lines) == [line["seconds"] for line in lines]


def test_images_per_second_leave_evaluations_out(tmp_path, monkeypatch):
    clock = iter([0.0, 100.0, 104.0])  # the log is opened; an epoch has been evaluated; an update follows
    monkeypatch.setattr(log, "time", SimpleNamespace(perf_counter=lambda: next(clock)))
    position, told = Position(10), SimpleNamespace(unreadable=0)
    written = log.Log(RunOptions(output_dir=tmp_path), Position(), Process(0, 1, torch.device("cpu")))
    written.epoch({"n": 3}, position, 1)
    position.step = 12
    learner = SimpleNamespace(optimizer=SimpleNamespace(param_groups=[{"lr": 0.1}]))
    written.update({"loss": torch.ones(())}, torch.ones(()), learner, position, told, 8)
    assert lines_of(tmp_path)[-1]["images_per_second"] == 2 * 8 / 4


@pytest.mark.parametrize("recipe", ["micro_official", "micro_vit", "micro_cnn"])
def test_the_controls_train_with_the_same_loop(recipe, tmp_path):
    assert train(tmp_path, *TINY, *updates(2, 4), recipe=recipe) == 0
    first, last = lines_of(tmp_path)
    assert (first["step"], last["step"]) == (0, 1)
    two_passes = {"loss_pass1", "loss_pass2", "variational_loss", "token_loss", "accuracy_pass2"}
    assert set(first) == (FIELDS if recipe == "micro_official" else FIELDS - two_passes)
    assert (tmp_path / f"{RECIPES[recipe].model}.safetensors").is_file()


@pytest.mark.slow
@pytest.mark.parametrize("recipe", ["micro_cued", "micro_cnn"])
def test_a_killed_training_goes_on_to_the_same_bits(recipe, tmp_path, monkeypatch):
    options = (*TINY, *updates(26, 4), "--checkpoint-every", 10)
    assert train(tmp_path / "whole", *options, recipe=recipe) == 0
    batch = Scenes.batch

    def killed_at_23(self, indices, *words):
        if indices[0] >= 23 * 4:
            raise KilledError
        return batch(self, indices, *words)

    with monkeypatch.context() as patch, pytest.raises(KilledError):
        patch.setattr(Scenes, "batch", killed_at_23)
        train(tmp_path / "parts", *options, recipe=recipe)
    assert [line["step"] for line in lines_of(tmp_path / "parts")] == [0, 20]
    assert torch.load(tmp_path / "parts" / "last.pt")["position"]["step"] == 20  # step 20 will be done again
    with (tmp_path / "parts" / "log.jsonl").open("a") as log:
        log.write('{"step": 22, "lo')  # killed while writing
    numbers = []
    monkeypatch.setattr(
        Scenes, "batch", lambda self, indices, *words: numbers.extend(indices) or batch(self, indices, *words)
    )
    assert train(tmp_path / "parts", *options, recipe=recipe) == 0
    assert numbers == list(range(20 * 4, 26 * 4))
    logs = [without_time(lines_of(tmp_path / name)) for name in ("whole", "parts")]
    assert logs[0] == logs[1]
    file = f"{RECIPES[recipe].model}.safetensors"
    weights = [(tmp_path / name / file).read_bytes() for name in ("whole", "parts")]
    assert weights[0] == weights[1]
    assert train(tmp_path / "parts", *options, recipe=recipe) == 0  # a finished training has nothing left to do
    assert len(numbers) == 6 * 4
    assert without_time(lines_of(tmp_path / "parts")) == logs[0]


def test_weight_decay_is_on_matrices_only(tmp_path):
    assert train(tmp_path, *TINY, *updates(1, 2), "--weight-decay", 0.07) == 0
    groups = torch.load(tmp_path / "last.pt")["optimizer"]["param_groups"]
    decayed = {group["weight_decay"]: len(group["params"]) for group in groups}
    parameters = dict(timm.create_model("absvit_micro", img_size=48).named_parameters())
    matrices = [name for name, p in parameters.items() if p.ndim > 1 and name not in ("pos_embed", "cls_token")]
    assert decayed == {0.07: len(matrices), 0.0: len(parameters) - len(matrices)}


OPTIONS = ("--epochs", "1", *map(str, updates(20, 4)), "--lr", "1e-3", "--log-every", "1", "--device", "cpu")


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """The folder of a short training of the real micro model in one process."""
    out = tmp_path_factory.mktemp("alone")
    assert train(out, *OPTIONS) == 0
    return out


@pytest.mark.processes
@pytest.mark.xdist_group("test_training")  # whose short training it shares
def test_two_processes_train_as_one(alone, tmp_path):
    done = both("absvit.training", "micro_cued", *OPTIONS, "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("weights and card") == 1
    pairs = list(zip(without_time(lines_of(alone)), without_time(lines_of(tmp_path)), strict=True))
    assert len(pairs) == 20
    for one, two in pairs:
        assert two == pytest.approx(one, abs=1e-4, rel=1e-3 if "gradient_norm" in one else 0)
        assert two["loss"] == pytest.approx(one["loss"], abs=1e-4)


@pytest.mark.seconds
def test_the_card_says_how_the_model_came_to_be(alone):
    card = json.loads((alone / "absvit_micro.json").read_text())
    assert (card["model"], card["recipe"], card["seed"], card["images"]) == ("absvit_micro", "micro_cued", 0, 80)
    assert card["options"]["epoch_images"] == 80 and card["options"]["scenes"]["size"] == 112
    assert card["seconds"] == round(lines_of(alone)[-1]["seconds"])
    assert card["categories"][:2] == ["disk", "square"] and len(card["categories"]) == 12
    assert card["versions"]["torch"] == torch.__version__.split("+")[0]
    assert "CPU" in card["machine"] and "scenes" in card["data"]
    model = absvit.load_model("absvit_micro", alone / "absvit_micro.safetensors")
    assert card["parameters"] == sum(parameter.numel() for parameter in model.parameters())
    assert card["prior_gains"] == model.prior_gains
    state = torch.load(alone / "last.pt")["model"]
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())


@pytest.mark.seconds
def test_a_checkpoint_of_another_recipe_is_left_alone(alone, capsys):
    before = (alone / "last.pt").read_bytes()
    assert train(alone, *OPTIONS, "--lr", "2e-3") == 2
    told = error_of(capsys)
    assert "recipe.lr was 0.001, is 0.002" in told and "epochs" not in told and str(alone / "last.pt") in told
    assert (alone / "last.pt").read_bytes() == before


def test_a_file_that_is_no_checkpoint_is_left_alone(tmp_path, capsys):
    for content in (b"", b"something else", b"PK\x03\x04 but no archive"):
        (tmp_path / "last.pt").write_bytes(content)
        assert train(tmp_path, *OPTIONS) == 2
        assert "last.pt" in error_of(capsys)
        assert (tmp_path / "last.pt").read_bytes() == content


def test_a_loss_that_is_not_finite_stops_before_it_spoils_the_checkpoint(tmp_path, capsys):
    options = (*TINY, *updates(6, 2), "--warmup-epochs", "0", "--checkpoint-every", 1)
    assert train(tmp_path, *options, "--lr", "1e30") == 2
    told = error_of(capsys)
    assert "the loss is nan" in told and "at step 1;" in told and str(tmp_path / "last.pt") in told
    state = torch.load(tmp_path / "last.pt")
    assert state["position"]["step"] == 1
    assert all(torch.isfinite(value).all() for value in state["model"].values())
    assert not (tmp_path / "absvit_micro.safetensors").exists()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--batch-size", 0), "batch_size must be at least 1, got 0"),
        (("--epochs", 0), "epochs must be at least 1, got 0"),
        (("--epoch-images", 20), "an epoch of 20 images is less than one update of 32"),
        (("--batch-size", 10**12), "less than one update of 32 or a batch of 1000000000000"),
        (("--checkpoint-every", 0), "checkpoint_every must be at least 1"),
        (("--warmup-epochs", 10), "warmup_epochs must be in [0, epochs = 10), got 10"),
        (("--layer-decay", 1.5), "layer_decay must be in (0, 1], got 1.5"),
        (("--clip-grad", 0), "clip_grad must be positive, got 0"),
        (("--smoothing", 1), "smoothing must be in [0, 1), got 1"),
        (("--batch-size", 5), "which batches of 5 do not fill evenly"),
        (("--seed", -1), "seed must be in [0, 2**32), got -1"),
        (("--model", "absvit_mcro"), "absvit_micro"),
        (("--model", "absvit_tiny_patch16_224"), "has (7, 7) tokens at 112 px, the scenes' cues (14, 14)"),
        (("--opt", "abacus"), "abacus"),
        (("--data-path", "."), "micro_cued draws its scenes and reads no data"),
        (
            ("--learning-speed", 3),
            "there is no option --learning-speed; python -m absvit.training micro_cued --help lists them",
        ),
        (("--device", "abacus"), "there is no device abacus here: choose cpu"),
    ],
)
def test_bad_options_give_one_line_and_exit_code_2(options, told, tmp_path, capsys):
    assert train(tmp_path / "out", *options) == 2
    assert told in error_of(capsys)
    assert not (tmp_path / "out").exists()


def test_a_network_without_tokens_is_trained_whole_and_uncued(tmp_path, capsys):
    for options in (("--drop", 0.1), ("--trainable", "linear"), ("--token-weight", 0.3), ("--var-loss", 0.1)):
        assert train(tmp_path / "out", *options, recipe="micro_cnn") == 2
        told = error_of(capsys)
        assert "neither tokens nor feedback" in told and options[0] in told
    assert train(tmp_path / "out", "--model", "vit_micro", recipe="micro_cnn") == 2
    assert "vit_micro has tokens" in error_of(capsys)
    assert train(tmp_path / "out", "--grad-checkpointing", recipe="micro_cnn") == 2
    assert "would count what --grad-checkpointing recomputes twice" in error_of(capsys)
    assert not (tmp_path / "out").exists()


def test_an_unknown_recipe_gives_one_line_with_the_known_ones(tmp_path, capsys):
    assert train(tmp_path / "out", recipe="mikro") == 2
    told = error_of(capsys)
    assert "'mikro'" in told and all(name in told for name in RECIPES)


def test_a_folder_that_cannot_be_made_gives_one_line(tmp_path, capsys):
    (tmp_path / "file").write_text("precious")
    for place in (tmp_path / "file", tmp_path / "file" / "below"):
        assert train(place, "--device", "cpu") == 2
        assert str(place) in error_of(capsys)
    assert (tmp_path / "file").read_text() == "precious"


def test_a_batch_that_the_processes_cannot_share_gives_one_line(tmp_path, capsys, monkeypatch):
    three = contextlib.nullcontext(Process(1, 3, torch.device("cpu")))
    monkeypatch.setattr(distributed, "joined", lambda device: three)
    assert train(tmp_path / "out", "--batch-size", 32) == 2
    assert "total_batch must be a multiple of the 3 processes, got 32" in error_of(capsys)


def test_random_numbers_are_left_to_the_seed(tmp_path):
    states = []
    for noise, (out, seed) in enumerate([("one", 0), ("two", 0), ("three", 1)]):
        torch.manual_seed(noise)
        assert train(tmp_path / out, *TINY, *updates(1, 2), "--seed", seed) == 0
        states.append(torch.load(tmp_path / out / "last.pt")["model"])
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    assert not torch.equal(states[2]["head.weight"], states[0]["head.weight"])
