"""The hybrid recipes train with the common loop on cached features, go on to the same bits, and are steered."""

import json

import numpy as np
import pytest
import synthetic_pictures
import torch
from coloured_pictures import KilledError, lines_of

import absvit
from absvit.distributed import Process
from absvit.training import __main__ as command
from absvit.training.cued import composites
from absvit.training.cued.composite_cues import CuedComposites
from absvit.training.recipe import RECIPES

SMALL = (
    "--input-size", "64", "--halves", "40", "--mosaics", "20", "--held-out", "2", "--epochs", "2",
    "--epoch-images", "48", "--batch-size", "8", "--total-batch", "8", "--warmup-epochs", "0.5", "--device", "cpu",
    "--log-every", "1",
)  # fmt: skip


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    root = tmp_path_factory.mktemp("pictures")
    synthetic_pictures.paint(root / "train", each=8)
    return root


@pytest.fixture(scope="module")
def cache(pictures, tmp_path_factory):
    """Features as a training has left them."""
    folder = tmp_path_factory.mktemp("cache")
    assert train("hybrid_vit", pictures, folder / "features", folder / "out") == 0
    return folder / "features"


def train(recipe, pictures, cache, out, *options):
    words = [recipe, *SMALL, "--data-path", pictures, "--feature-cache", cache, "--out", out, *options]
    return command.main([*map(str, words)])


@pytest.mark.seconds
@pytest.mark.parametrize("recipe", ["hybrid_cued", "hybrid_official", "hybrid_vit"])
def test_a_recipe_trains_and_its_weights_look_at_pictures(recipe, pictures, cache, tmp_path):
    assert train(recipe, pictures, cache, tmp_path) == 0
    lines = lines_of(tmp_path)
    epochs = [line for line in lines if "epoch" in line]
    assert [line["epoch"] for line in epochs] == [1, 2] and epochs[-1]["n"] == 12
    assert 0 <= epochs[-1]["top1_pass1"] <= 1
    assert ("halves_selection" in epochs[-1]) == (recipe != "hybrid_vit")
    assert all(np.isfinite(line["loss"]) for line in lines if "loss" in line)
    name = RECIPES[recipe].model
    weights = tmp_path / f"{name}.safetensors"
    card = json.loads(weights.with_suffix(".json").read_text())
    assert len(card["stem_sha256"]) == 64 and card["categories"] == list(synthetic_pictures.CLASSES)
    assert card["images"] == 96 and card["recipe"] == recipe
    assert card["data"] == f"FOLDER {pictures.name}, composites of its training pictures of 6 classes"
    assert card["prior_gains"].get("class") == (None if name.startswith("vit") else RECIPES[recipe].class_gain)
    model = absvit.load_model(name, weights)
    assert model(torch.rand(1, 3, 64, 64) * 2 - 1).shape == (1, 6)


def test_the_classifier_loses_what_its_rows_share_and_answers_as_before():
    model = absvit.create_model("absvit_hybrid_lite0_224", num_classes=6, img_size=64, stem="features").eval()
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        model.head.weight.normal_(generator=generator).add_(3)
        model.head.bias.normal_(generator=generator)
    features = torch.randn(2, 112, 4, 4, generator=generator)
    before = model(features).softmax(1)
    composites.centre_classifier(model)
    torch.testing.assert_close(model(features).softmax(1), before)
    assert model.head.weight.mean(0).abs().max() < 1e-6 and abs(model.head.bias.mean()) < 1e-6


def test_whole_pictures_alone_are_shown_to_the_controls():
    for recipe in ("hybrid_official", "hybrid_vit"):
        assert RECIPES[recipe].cues.shares[0] == 1 and RECIPES[recipe].cues.catch_singles == 0
    assert RECIPES["hybrid_cued"].cues.shares[0] < 0.5


@pytest.mark.seconds
def test_a_killed_training_goes_on_to_the_same_bits(pictures, cache, tmp_path, monkeypatch):
    options = ("--checkpoint-every", 3)
    assert train("hybrid_cued", pictures, cache, tmp_path / "whole", *options) == 0
    batch, seen = CuedComposites.batch, []

    def killed(self, indices, seed):
        seen.append(indices)
        if len(seen) == 9:
            raise KilledError
        return batch(self, indices, seed)

    monkeypatch.setattr(CuedComposites, "batch", killed)
    with pytest.raises(KilledError):
        train("hybrid_cued", pictures, cache, tmp_path / "killed", *options)
    monkeypatch.setattr(CuedComposites, "batch", batch)
    assert train("hybrid_cued", pictures, cache, tmp_path / "killed", *options) == 0
    files = [tmp_path / out / "absvit_hybrid_lite0_224.safetensors" for out in ("whole", "killed")]
    assert files[0].read_bytes() == files[1].read_bytes()


@pytest.mark.seconds
def test_held_out_measures_are_those_of_the_model(pictures, cache, tmp_path, monkeypatch):
    problems = []
    make = composites.CompositeProblem.__init__
    monkeypatch.setattr(
        composites.CompositeProblem, "__init__", lambda self, *words: problems.append(self) or make(self, *words)
    )
    assert train("hybrid_cued", pictures, cache, tmp_path) == 0
    model = absvit.load_model(
        "absvit_hybrid_lite0_224", tmp_path / "absvit_hybrid_lite0_224.safetensors", stem="features"
    )
    made, measured = problems[0].made, lines_of(tmp_path)[-1]
    whole, halves = (np.flatnonzero(made.kind == kind) for kind in (3, 4))
    with torch.no_grad():
        second = model(problems[0].cache.read(whole)).argmax(1).numpy()
        assert measured["top1_pass2"] == pytest.approx((second == made.target[whole, 0]).mean())
        features, own, other, both = problems[0].cache.read(halves), [], [], []
        x = model.embed(features)
        tokens = model.norm(model.ascend(x)[-1])
        for k, row in enumerate(made.target[halves, :2]):
            p = []
            for c in row:
                cosine = torch.cosine_similarity(tokens[k], model.head.weight[c], dim=-1).clamp(0, 1)
                weights = model.prior_gains["class"] * cosine
                drives = model.descend((tokens[k] * weights[:, None])[None])
                p.append(
                    model.forward_head(model.norm(model.ascend(x[k : k + 1], drives)[-1])).softmax(1)[0, list(row)]
                )
            own += [p[0][0], p[1][1]]
            other += [p[0][1], p[1][0]]
            both.append(bool(p[0][0] > p[0][1] and p[1][1] > p[1][0]))
    assert measured["halves_selection"] == pytest.approx(float(sum(own) / (sum(own) + sum(other))), rel=1e-4)
    assert measured["halves_p_cued"] == pytest.approx(float(sum(own) / len(own)), rel=1e-4)
    assert measured["halves_both_decide"] == pytest.approx(np.mean(both))
    problem, sums = problems[0], []
    for rank in range(20):  # share 12 composites: some processes have none
        problem.process = Process(rank, 20, torch.device("cpu"))
        with torch.inference_mode():
            sums.append(problem._summed(problem._right_answers, model, whole, 2))
    assert sum(sums).tolist() == pytest.approx([measured[f"top1_pass{k}"] * len(whole) for k in (1, 2)])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--held-out", 8), "a class has 8 pictures, of which 8 cannot be held out"),
        (("--halves", 41), "of another stem, transform or data: composites"),
        (("--input-size", 96), "transform"),
        (("--epoch-images", 4), "less than one update"),
        (("--data-path", "nowhere"), "no data set at nowhere"),
        (("--input-size", 100), "multiple of the stem's stride of 16, got 100"),  # before an hour of features
        (("--model", "absvit_micro"), "hybrid recipes train absvit_hybrid_lite0_224 or vit_hybrid_lite0_224"),
        (("--eval",), "measure with python -m experiments recognition, --folder PICTURES"),
    ],
)
def test_what_cannot_go_on_is_told(options, words, pictures, cache, tmp_path, capsys):
    assert train("hybrid_cued", pictures, cache, tmp_path, *options) == 2
    told = capsys.readouterr().err.strip().splitlines()
    assert len(told) == 1 and words in told[0]
