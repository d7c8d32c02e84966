"""Closed forms are trained without labels: what meets, what the targets are, and what is left."""

import json
import shutil

import numpy as np
import pytest
import safetensors.torch
import synthetic_pictures
import torch
from coloured_pictures import KilledError, lines_of
from timm.models import register_model
from torch import nn

import absvit
from absvit import priors
from absvit.networks import network_of
from absvit.training import __main__ as command
from absvit.training.cued import steered
from absvit.training.cued.composite_cues import CuedComposites
from absvit.training.cued.composite_plan import KINDS, draw
from absvit.training.cued.pairs_plan import Pairs, plan_pairs

SIZE, CLASSES = 32, tuple(f"kind {letter}" for letter in "abcdefghij")
SMALL = (
    "--model", "toy_absvit", "--rank", "6", "--looked", "8", "--pictures", "10", "--halves", "12",
    "--overlays", "8", "--held-out", "5", "--every", "2", "--first", "1", "--epochs", "2", "--epoch-images", "24",
    "--batch-size", "8", "--total-batch", "8", "--warmup-epochs", "0.5", "--device", "cpu", "--log-every", "1",
    "--precision", "fp32",
)  # fmt: skip


class Toy(nn.Module):
    """A network that classifies the mean of 8 x 8 places."""

    def __init__(self):
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.places, self.fc = nn.Sequential(nn.Conv2d(3, 24, 4, 4), nn.ReLU()), nn.Linear(24, len(CLASSES))
            nn.init.normal_(self.fc.weight)

    def forward(self, images):
        return self.fc(self.places(images).mean((2, 3)))


@register_model
def toy_absvit(pretrained=False, num_classes=10, **kwargs):
    given = {name: value for name, value in kwargs.items() if name in ("rank", "share", "blocks", "pictures")}
    with torch.device("cpu"):  # wherever models are only counted
        network = network_of(Toy().eval(), size=(SIZE, SIZE), categories=CLASSES, name="toy")
        return absvit.steerable_from(network, **given)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    root = tmp_path_factory.mktemp("pictures")
    synthetic_pictures.paint(root / "train", CLASSES, each=3)
    return root


def train(pictures, cache, out, *options):
    words = ["lite0_steered", *SMALL, "--data-path", pictures, "--feature-cache", cache, "--out", out, *options]
    return command.main([*map(str, words)])


def pixels_of(problem, number):
    """A composite as a normalised image."""
    pixels = draw(number, problem.made, SIZE, 0, problem.pictures.read)
    return (torch.from_numpy(pixels).permute(2, 0, 1).float() / 255)[None]


@pytest.fixture(scope="module")
def whole(pictures, tmp_path_factory):
    """A training, with its problem, its cache and what it left; not to be changed."""
    folder, problems = tmp_path_factory.mktemp("steered"), []
    with pytest.MonkeyPatch.context() as patch:
        make = steered.SteeredProblem.__init__
        patch.setattr(
            steered.SteeredProblem, "__init__", lambda self, *words: problems.append(self) or make(self, *words)
        )
        assert train(pictures, folder / "cache", folder / "out") == 0
    return folder, problems[0]


def test_kinds_are_held_out_and_pictures_taken_in_turn():
    targets = np.repeat(np.arange(10), [1, 9, 2, 9, 9, 9, 9, 9, 9, 9])
    made = plan_pairs(Pairs(pictures=12, halves=40, overlays=30, held_out=10, every=2, first=1), targets)
    counts = {kind: int((made.kind == number).sum()) for number, kind in enumerate(KINDS)}
    assert counts == {
        "whole": 12, "halves": 40, "mosaic": 0, "held-out whole": 10, "held-out halves": 10, "overlay": 30,
        "held-out overlays": 10,
    }  # fmt: skip
    used = made.picture >= 0
    assert (made.target[used] == targets[made.picture[used]]).all() and (made.target[~used] == -1).all()
    held = np.array([kind.startswith("held-out") for kind in KINDS])[made.kind]
    assert set(made.target[held][used[held]]) == {1, 3, 5, 7, 9}
    assert set(made.target[~held][used[~held]]) == {0, 2, 4, 6, 8}
    assert sorted(np.bincount(made.target[made.kind == 0, 0], minlength=10)[::2]) == [1, 2, 3, 3, 3]  # 0 has but one
    pairs = made.target[np.isin(made.kind, (1, 4, 5, 6)), :2]
    assert (pairs[:, 0] != pairs[:, 1]).all()
    whole = set(made.picture[np.isin(made.kind, (0, 3)), 0])
    assert set(made.picture[used]) == whole  # the host is asked about each picture alone


def test_overlaid_pictures_count_for_half_each():
    made = plan_pairs(Pairs(pictures=10, halves=1, overlays=1, held_out=0, every=2, first=1), np.arange(10))
    shades = [np.full((8, 8, 3), 20 * index, np.uint8) for index in range(10)]
    number = int(np.flatnonzero(made.kind == KINDS.index("overlay"))[0])
    a, b = made.picture[number, :2]
    assert (draw(number, made, 16, 0, lambda index: shades[index]) == 10 * (a + b)).all()


def test_targets_are_what_the_closed_form_answers_to_each_picture_alone(whole):
    folder, problem = whole
    model, made = absvit.create_model("toy_absvit", rank=6), problem.made
    model.load_state_dict(safetensors.torch.load_file(folder / "cache" / steered.START))
    alone, looked_for = {}, {}
    for number in np.flatnonzero(np.isin(made.kind, (0, 3))):
        image, picture = pixels_of(problem, number), int(made.picture[number, 0])
        seen = absvit.perceive(model, image, [priors.LearnedPrior()], iterations=0).logits[0, 0, 0]
        cue = priors.ClassPrior(int(seen.argmax()))
        alone[picture] = seen.softmax(0)
        looked_for[picture] = absvit.perceive(model, image, [cue], iterations=1).logits[1, 0, 0].softmax(0)
    learned = np.flatnonzero(np.isin(made.kind, (1, 5)))
    for cue, asked in (("class", 2), ("place", 3), ("absent", 4)):
        chance = np.zeros((len(learned), 12))
        chance[:, 1] = 0.6  # the second one
        batch = problem.cued.answer(learned, np.full(len(learned), asked), chance)
        for k, number in enumerate(learned):
            first, second = (alone[int(made.picture[number, slot])] for slot in (0, 1))
            shown = (first + second) / 2
            expected = looked_for[int(made.picture[number, 1])] if cue == "class" else shown
            if cue == "place" and KINDS[made.kind[number]] == "halves":
                expected = second
            torch.testing.assert_close(batch.shown[k].float(), shown, atol=5e-3, rtol=0)
            torch.testing.assert_close(batch.asked[k].float(), expected, atol=2e-2, rtol=0)
            assert cue != "class" or batch.cue_class[k] == second.argmax()  # no label
            assert cue != "absent" or int(batch.cue_class[k]) not in (int(first.argmax()), int(second.argmax()))


def test_what_is_cached_is_what_the_closed_form_embeds(whole):
    folder, problem = whole
    model = absvit.create_model("toy_absvit", rank=6)
    kept = absvit.models.checkpoints.read(folder / "cache" / steered.START)
    model.load_state_dict(kept.state_dict)
    image = pixels_of(problem, 20)
    kept = problem.cache.read(np.array([20]))
    with torch.no_grad():
        torch.testing.assert_close(model.patch_embed.maps(image), kept, atol=5e-3, rtol=2e-3)
        start = problem.start
        expected = model(image)
        assert (start.eval()(kept) - expected).abs().max() < 0.01 * expected.abs().max()


def test_what_is_trained_is_loaded_and_the_rest_is_as_it_was(whole):
    folder, problem = whole
    file = folder / "out" / "toy_absvit.safetensors"
    card, weights = json.loads(file.with_suffix(".json").read_text()), safetensors.torch.load_file(file)
    assert card["held_out"] == [f"kind {letter}" for letter in "bdfhj"] and card["closed_form"]["rank"] == 6
    before = problem.start.state_dict()
    assert {name for name, value in before.items() if not torch.equal(value, weights[name])} == {
        "blocks.0.attn.qkv.weight", "blocks.0.attn.proj.weight",
        "decoders.0.linear.weight", "decoders.0.linear2.weight",
    }  # fmt: skip
    for name in ("blocks.0.attn.qkv.weight", "decoders.0.linear2.weight"):  # constant and mean logit stand apart
        assert torch.equal(weights[name][-2:], before[name][-2:])
    model = absvit.load_model("toy_absvit", file)
    image = torch.rand(2, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected = Toy().eval()(image)
    seen = absvit.perceive(model, image, [priors.ClassPrior(3)], iterations=1)
    assert seen.logits[0, 0].sub(expected).abs().max() < 0.6 * expected.std()  # rank 6 of 9
    assert model.prior_sharpness == problem.start.prior_sharpness
    epochs = [line for line in lines_of(folder / "out") if "epoch" in line]
    assert {"top1_pass1", "halves_p_cued", "overlays_both_decide"} <= set(epochs[-1])


def test_a_killed_training_goes_on_to_the_same_bits(whole, pictures, tmp_path, monkeypatch):
    batch, seen = CuedComposites.batch, []

    def killed(self, indices, seed):
        seen.append(indices)
        if len(seen) == 5:
            raise KilledError
        return batch(self, indices, seed)

    monkeypatch.setattr(CuedComposites, "batch", killed)
    with pytest.raises(KilledError):
        train(pictures, whole[0] / "cache", tmp_path, "--checkpoint-every", 2)
    monkeypatch.setattr(CuedComposites, "batch", batch)
    assert train(pictures, whole[0] / "cache", tmp_path, "--checkpoint-every", 2) == 0
    files = [folder / "toy_absvit.safetensors" for folder in (whole[0] / "out", tmp_path)]
    assert files[0].read_bytes() == files[1].read_bytes()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--halves", 13), "of another stem, transform or data: composites"),
        (("--rank", 5), "closed form.rank was 6, is 5"),
        (("--every", 8), "pairs need pictures of at least 4 held-out kinds, got 2"),
        (("--token-weight", 0.1), "places have no labels"),
        (("--first", 2), "first must be in [0, every)"),
        (("--model", "absvit_micro"), "absvit_micro is no closed form"),
    ],
)
def test_what_cannot_go_on_is_told(options, words, whole, pictures, tmp_path, capsys):
    assert train(pictures, whole[0] / "cache", tmp_path, *options) == 2
    told = capsys.readouterr().err.strip().splitlines()
    assert len(told) == 1 and words in told[0]


def test_a_cache_without_its_closed_form_is_told(whole, pictures, tmp_path, capsys):
    shutil.copytree(whole[0] / "cache", tmp_path / "cache")
    (tmp_path / "cache" / steered.START).unlink()
    assert train(pictures, tmp_path / "cache", tmp_path / "out") == 2
    assert "closed_form.safetensors is gone" in capsys.readouterr().err


def test_kinds_that_the_host_does_not_know_are_told(tmp_path, capsys):
    synthetic_pictures.paint(tmp_path / "train", (*CLASSES, "unheard-of"), each=1)
    assert train(tmp_path, tmp_path / "cache", tmp_path / "out") == 2
    assert "the host has no class unheard-of" in capsys.readouterr().err
