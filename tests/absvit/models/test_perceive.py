"""Perceive against the plain model: every prior, gain, iteration and recordable; bad input."""

import formula
import numpy as np
import plain
import pytest
import timm
import torch
from timm.models import vision_transformer

import absvit
from absvit import priors
from absvit.models.perceive import RECORDABLE

TINY = "absvit_tiny_patch16_224"
CLASSES = 9


def filled(name=TINY, seed=0, size=64, dtype=torch.float64, depth=3, **kwargs):
    model = timm.create_model(name, img_size=size, depth=depth, num_classes=CLASSES, **kwargs)
    return formula.fill(model, seed, dtype)


def assert_near(result, expected, tolerance=1e-9):
    assert result.shape == expected.shape
    assert torch.isfinite(result).all()
    assert (result - expected).abs().max() <= tolerance * expected.abs().max()


def places(model, images, seed):
    """A spatial prior for each image, and the weights that it must give: class token .3, then row by row."""
    grid = [pixels // 16 for pixels in images.shape[-2:]]
    weights = torch.rand(len(images), *grid, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    expected = torch.cat([torch.full((len(images), 1), 0.3, dtype=torch.float64), weights.flatten(1)], 1)
    return weights, expected


def all_priors(model, images, seed):
    """Priors beside what they mean, written as functions of tokens."""
    random = torch.Generator().manual_seed(seed + 10)
    channels, n = model.embed_dim, len(images)
    rows, prompt = model.head.weight.detach(), model.prompt.detach()
    vectors = torch.randn(n, channels, generator=random, dtype=torch.float64)
    classes = torch.randint(CLASSES, (n,), generator=random)
    place, expected_place = places(model, images, seed)
    cosine = plain.cosine
    return [
        (priors.LearnedPrior(), lambda x: cosine(x, prompt)),
        (priors.LearnedPrior(gain=2.5), lambda x: 2.5 * cosine(x, prompt)),
        (priors.ClassPrior(4), lambda x: 40 * cosine(x, rows[4])),
        (priors.ClassPrior(classes, gain=3.0), lambda x: 3 * cosine(x, rows[classes][:, None])),
        (priors.VectorPrior(vectors[0]), lambda x: cosine(x, vectors[0])),
        (priors.VectorPrior(7 * vectors, gain=-0.5), lambda x: -0.5 * cosine(x, vectors[:, None])),
        (priors.SpatialPrior(place[0], class_token=0.3), lambda x: expected_place[:1].expand(n, -1)),
        (priors.SpatialPrior(place, gain=1.5, class_token=0.3), lambda x: 1.5 * expected_place),
        (
            priors.ClassPrior(classes) * priors.SpatialPrior(place, gain=0.2, class_token=0.3) * priors.LearnedPrior(),
            lambda x: 8 * cosine(x, rows[classes][:, None]) * expected_place * cosine(x, prompt),
        ),
    ]


def assert_equals_the_plain_model(seen, model, images, meanings, iterations, state=None):
    """Every number of a trajectory in which everything was recorded."""
    state, heads = state or model.state_dict(), model.blocks[0].attn.num_heads
    for p, weigh in enumerate(meanings):
        for t, expected in enumerate(plain.look(state, images, heads, weigh, iterations)):
            attention = torch.stack(expected["attention"], 1)
            assert_near(seen.logits[t, p], expected["logits"])
            assert_near(seen.tokens[t, p], expected["tokens"])
            assert_near(seen.token_norms[t, p], torch.stack(expected["states"][:-1], 1).norm(dim=-1))
            assert_near(seen.value_norms[t, p], torch.stack(expected["values"], 1).norm(dim=-1))
            assert_near(seen.attention[t, p], attention)
            assert_near(seen.class_attention[t, p], attention[:, :, :, 0].mean(2))
            if t:
                td = torch.stack(expected["td"], 1)
                assert_near(seen.prior_weights[t - 1, p], expected["weights"])
                assert_near(seen.feedback[t - 1, p], td)
                assert_near(seen.feedback_norms[t - 1, p], td.norm(dim=-1))


@pytest.mark.parametrize("iterations", [0, 1, 2, 3])
@pytest.mark.parametrize("seed", [1, 2])
def test_every_prior_and_recordable(seed, iterations):
    model, images = filled(seed=seed), formula.images(3, seed, 64)
    chosen, meanings = zip(*all_priors(model, images, seed), strict=True)
    seen = absvit.perceive(model, images, chosen, iterations, RECORDABLE)
    assert seen.logits.shape == (iterations + 1, len(chosen), 3, CLASSES)
    cells = (iterations, len(chosen), 3)
    depth, tokens = len(model.blocks), model.pos_embed.shape[1]
    assert seen.prior_weights.shape == (*cells, tokens)
    assert seen.feedback_norms.shape == (*cells, depth, tokens)
    assert seen.feedback.shape == (*cells, depth, tokens, model.embed_dim)
    assert (seen.grid, seen.num_prefix_tokens) == ((4, 4), 1)
    assert_equals_the_plain_model(seen, model, images, meanings, iterations)
    torch.testing.assert_close(seen.probabilities, seen.logits.softmax(-1))


@pytest.mark.seconds
@pytest.mark.parametrize(
    ("name", "kwargs"),
    [
        ("absvit_small_patch16_224", {"depth": 1, "size": 32}),
        ("absvit_base_patch16_224", {"depth": 2, "size": 48}),
        ("absvit_tiny_patch8_224_gap", {"depth": 2, "size": 40}),
        ("absvit_micro", {"depth": 4, "size": 56}),
    ],
)
def test_every_variant(name, kwargs):
    model, images = filled(name, 3, **kwargs), formula.images(2, 3, kwargs["size"])
    row, gain = model.head.weight.detach()[2], model.prior_gains["class"]
    meanings = [lambda x: plain.cosine(x, model.prompt.detach()), lambda x: gain * plain.cosine(x, row)]
    chosen = [priors.LearnedPrior(), priors.ClassPrior(2)]
    seen = absvit.perceive(model, images, chosen, 2, RECORDABLE)
    assert_equals_the_plain_model(seen, model, images, meanings, 2)
    torch.testing.assert_close(seen.logits[1, 0], model(images).detach())


@pytest.mark.parametrize("size", [(160, 160), (96, 32)])
def test_other_input_sizes(size):
    model = filled(size=224, depth=2)
    model.set_input_size(size)
    images = torch.randn(2, 3, *size, dtype=torch.float64, generator=torch.Generator().manual_seed(4))
    chosen, meanings = zip(*all_priors(model, images, 4), strict=True)
    seen = absvit.perceive(model, images, chosen, 1, RECORDABLE)
    assert seen.grid == (size[0] // 16, size[1] // 16)
    assert_equals_the_plain_model(seen, model, images, meanings, 1)
    torch.testing.assert_close(seen.logits[1, 0], model(images).detach())


@pytest.mark.seconds
@pytest.mark.parametrize("size", [(160, 160), (64, 128)])
def test_dynamic_input_size(size):
    model = filled(size=96, depth=2, dynamic_img_size=True)
    images = torch.randn(2, 3, *size, dtype=torch.float64, generator=torch.Generator().manual_seed(5))
    chosen, meanings = zip(*all_priors(model, images, 5), strict=True)
    seen = absvit.perceive(model, images, chosen, 2, RECORDABLE)
    state, grid = model.state_dict(), (size[0] // 16, size[1] // 16)
    positions = state["pos_embed"][:, 1:].reshape(1, 6, 6, -1).permute(0, 3, 1, 2)
    # as timm, the interpolation runs in float32
    positions = torch.nn.functional.interpolate(positions.float(), grid, mode="bicubic", antialias=True).double()
    positions = torch.cat([state["pos_embed"][:, :1], positions.flatten(2).transpose(1, 2)], 1)
    assert_equals_the_plain_model(seen, model, images, meanings, 2, {**state, "pos_embed": positions})
    torch.testing.assert_close(seen.logits[1, 0], model(images).detach())


@pytest.fixture(scope="module")
def everything():
    """A model, images and priors, and all that there is to record of them at once."""
    model, images = filled(seed=6), formula.images(3, 6, 64)
    chosen = [prior for prior, _ in all_priors(model, images, 6)]
    chosen.append(priors.ShuffledPrior(chosen[3] * chosen[0], seed=1))
    return model, images, chosen, absvit.perceive(model, images, chosen, 2, RECORDABLE)


@pytest.mark.parametrize("record", [(), *[(name,) for name in RECORDABLE], ("tokens", "feedback_norms"), RECORDABLE])
@pytest.mark.parametrize("budget", [1, 3 * 2**20, 2**40])
def test_results_do_not_depend_on_budget_or_record(record, budget, everything):
    model, images, chosen, expected = everything
    seen = absvit.perceive(model, images, chosen, 2, record, budget)
    for name in ("logits", "prior_weights", *record):
        assert_near(getattr(seen, name), getattr(expected, name))
    assert {name for name in RECORDABLE if getattr(seen, name) is not None} == set(record)


def test_whole_numbers_and_names_of_any_type_are_taken():
    model, images = filled(depth=1), formula.images(1, 0, 64)
    expected = absvit.perceive(model, images, iterations=2, record=("tokens",), memory_budget=9)
    seen = absvit.perceive(model, images, iterations=np.int64(2), record=iter(["tokens"]), memory_budget=np.int32(9))
    assert torch.equal(seen.tokens, expected.tokens)


def test_float32_is_near_float64():
    model, images = filled(dtype=torch.float32), formula.images(2, 0, 64)
    chosen = [priors.LearnedPrior(), priors.ClassPrior(1)]
    expected = absvit.perceive(filled(), images, chosen, 2).logits
    assert_near(absvit.perceive(model, images.float(), chosen, 2).logits.double(), expected, 1e-4)


def test_gradients_reach_the_images():
    model, images = filled(), formula.images(2, 0, 64)
    leaf = images.clone().requires_grad_()
    expected = torch.autograd.grad(model(leaf)[:, 3].sum(), leaf)[0]
    seen = absvit.perceive(model, leaf, [priors.ClassPrior(1), priors.LearnedPrior()], record=("tokens", "attention"))
    assert_near(torch.autograd.grad(seen.logits[1, 1, :, 3].sum(), leaf, retain_graph=True)[0], expected)
    state = model.state_dict()
    row = state["head.weight"][1]
    passes = plain.look(state, leaf, 3, lambda x: 40 * plain.cosine(x, row))
    expected = torch.autograd.grad(passes[1]["logits"].square().sum(), leaf)[0]
    assert_near(torch.autograd.grad(seen.logits[1, 0].square().sum(), leaf)[0], expected)
    assert not absvit.perceive(model, images).logits.requires_grad
    with torch.no_grad():
        assert not absvit.perceive(model, leaf).logits.requires_grad
    with torch.inference_mode():
        assert_near(absvit.perceive(model, images).logits, absvit.perceive(model, leaf).logits.detach())


def test_dropout_is_never_active_and_the_mode_stays():
    rates = dict.fromkeys(("drop_rate", "proj_drop_rate", "pos_drop_rate", "attn_drop_rate", "drop_path_rate"), 0.5)
    model, images = filled(**rates, patch_drop_rate=0.5), formula.images(2, 0, 64)
    expected = absvit.perceive(model, images).logits
    model.train().blocks[0].eval()
    before = [module.training for module in model.modules()]
    torch.testing.assert_close(absvit.perceive(model, images).logits, expected)
    with pytest.raises(ValueError, match="class_index"):
        absvit.perceive(model, images, [priors.ClassPrior(99)])
    assert [module.training for module in model.modules()] == before


def test_autocast_and_half_precision_are_near():
    model, images = filled(dtype=torch.float32, depth=2), formula.images(4, 0, 64, torch.float32)
    chosen = [priors.LearnedPrior(), priors.ClassPrior(1)]
    expected = absvit.perceive(model, images, chosen, 2).logits
    with torch.autocast("cpu", torch.bfloat16):
        cast = absvit.perceive(model, images, chosen, 2, RECORDABLE)
    assert_near(cast.logits.float(), expected, 0.05)
    half = absvit.perceive(model.bfloat16(), images.bfloat16(), chosen, 2, RECORDABLE)
    assert half.logits.dtype == torch.bfloat16
    assert_near(half.logits.float(), expected, 0.1)


PLAIN = {"img_size": 64, "patch_size": 16, "embed_dim": 48, "depth": 2, "num_heads": 3, "num_classes": CLASSES}


@pytest.mark.parametrize(
    "kwargs",
    [
        {},
        {"class_token": False, "global_pool": "avg"},
        {"qk_norm": True, "init_values": 0.3},
        {"reg_tokens": 4, "no_embed_class": True},
        {"global_pool": "map"},
        {"pre_norm": True, "final_norm": False, "qkv_bias": False},
    ],
    ids=str,
)
def test_plain_vits_have_the_bottom_up_pass(kwargs):
    vit = vision_transformer.VisionTransformer(**PLAIN, **kwargs)
    formula.fill(vit)
    images = formula.images(2, 0, 64)
    seen = absvit.perceive(vit, images, record=RECORDABLE)
    assert seen.logits.shape == (1, 1, 2, CLASSES)
    assert_near(seen.logits[0, 0], vit(images).detach())
    assert_near(seen.tokens[0, 0], vit.forward_features(images).detach())
    assert seen.feedback.numel() == 0
    leaving = vit.forward_intermediates(images, return_prefix_tokens=True, output_fmt="NLC", intermediates_only=True)
    entering = torch.cat([leaving[0][1], leaving[0][0]], 1) if vit.num_prefix_tokens else leaving[0]
    assert_near(seen.token_norms[0, 0, :, 1], entering.norm(dim=-1).detach())
    assert_near(seen.attention.sum(-1), torch.ones_like(seen.attention[..., 0]))


def test_a_vit_with_two_heads_keeps_both():
    vit = timm.create_model("deit_tiny_distilled_patch16_224", img_size=32, depth=2).eval()
    images = formula.images(2, 0, 32, torch.float32)
    torch.testing.assert_close(absvit.perceive(vit, images).logits[0, 0], vit(images).detach())


@pytest.mark.parametrize(
    ("chosen", "iterations"),
    [([priors.LearnedPrior()], 1), ([priors.ClassPrior(1)], 0), (None, 2)],
)
def test_plain_vits_refuse_priors(chosen, iterations):
    vit = timm.create_model("vit_micro")
    with pytest.raises(ValueError, match=r"no feedback path.*iteration 0 only.*absvit\.topdown_from"):
        absvit.perceive(vit, torch.zeros(1, 3, 112, 112), chosen, iterations)


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (torch.zeros(3, 64, 64), "image, channel, y, x"),
        (torch.zeros(1, 3, 64, 60), r"\(64, 64\).*got \(64, 60\)"),
        (torch.zeros(1, 3, 224, 224), r"\(64, 64\).*got \(224, 224\)"),
        (torch.zeros(1, 3, 64, 64, dtype=torch.float64), "float32.*float64"),
        (torch.zeros(1, 3, 64, 64).numpy(), "tensor, got float32"),
        (torch.zeros(1, 3, 64, 64, device="meta"), "on one device"),
    ],
)
def test_images_that_do_not_fit(images, message):  # what no model takes: test_images
    with pytest.raises(ValueError, match=message):
        absvit.perceive(filled(dtype=torch.float32, depth=1), images)


def test_dynamic_sizes_that_do_not_fit():
    model = filled(dtype=torch.float32, depth=1, dynamic_img_size=True)
    with pytest.raises(ValueError, match=r"multiples of \(16, 16\) pixels, got \(60, 64\)"):
        absvit.perceive(model, torch.zeros(1, 3, 60, 64))
    place = priors.SpatialPrior(torch.ones(2, 8))
    for prior in (place, place * priors.LearnedPrior(), priors.ShuffledPrior(place)):
        with pytest.raises(ValueError, match=r"grid of \(4, 4\) tokens, got \(2, 8\)"):
            absvit.perceive(model, torch.zeros(1, 3, 64, 64), [prior])
    padding = filled(dtype=torch.float32, depth=1, dynamic_img_size=True, dynamic_img_pad=True)
    assert absvit.perceive(padding, torch.zeros(1, 3, 60, 64)).grid == (4, 4)


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"iterations": -1}, "iterations must be an integer of at least 0, got -1"),
        ({"iterations": 1.0}, "iterations must be an integer"),
        ({"iterations": True}, "iterations must be an integer"),
        ({"memory_budget": 0}, "memory_budget must be a positive integer number of bytes, got 0"),
        ({"memory_budget": 1e9}, "memory_budget must be a positive integer"),
        ({"record": ("tokens", "atention")}, "record takes.*attention.*atention"),
        ({"record": "tokens"}, "record takes a sequence"),
        ({"priors": []}, "at least one prior"),
        ({"priors": [3]}, r"absvit\.priors objects, got int"),
        ({"priors": [priors.ClassPrior]}, r"absvit\.priors objects"),
        ({"priors": priors.LearnedPrior()}, r"got one LearnedPrior: write \[prior\]"),
        ({"priors": [priors.ClassPrior(9)]}, r"class_index must be in 0\.\.8, got 9"),
        ({"priors": [priors.LearnedPrior(), priors.ClassPrior(-1)]}, r"class_index must be in 0\.\.8, got -1"),
        ({"priors": [priors.ClassPrior(torch.tensor([0, 77]))]}, r"0\.\.8, got 77"),
        ({"priors": [priors.ClassPrior(torch.tensor([0, 1, 2]))]}, "for 3 images, but there are 2"),
        ({"priors": [priors.VectorPrior(torch.ones(5))]}, "192 channels, got 5"),
        ({"priors": [priors.VectorPrior(torch.ones(3, 192))]}, "for 3 images, but there are 2"),
        ({"priors": [priors.SpatialPrior(torch.ones(3, 4))]}, r"\(4, 4\).*got \(3, 4\)"),
        ({"priors": [priors.SpatialPrior(torch.ones(2, 8))]}, r"\(4, 4\).*got \(2, 8\)"),
        ({"priors": [priors.LearnedPrior() * priors.ClassPrior(50)]}, "got 50"),
        ({"priors": [priors.ShuffledPrior(priors.ClassPrior(torch.tensor([1])))]}, "for 1 images"),
    ],
    ids=str,
)
def test_requests_that_do_not_fit(request_, message):
    with pytest.raises(ValueError, match=message):
        absvit.perceive(filled(dtype=torch.float32, depth=1), torch.zeros(2, 3, 64, 64), **request_)


def test_models_that_do_not_fit():
    with pytest.raises(ValueError, match="AbSViT or a timm VisionTransformer, got Linear"):
        absvit.perceive(torch.nn.Linear(2, 2), torch.zeros(1, 3, 64, 64))
    headless = timm.create_model(TINY, num_classes=0, depth=1)
    with pytest.raises(ValueError, match=r"no.*num_classes=0.*VectorPrior"):
        absvit.perceive(headless, torch.zeros(1, 3, 224, 224), [priors.ClassPrior(0)])
