"""Priors against closed forms: weights, gains, products, places built from pixels, and bad input."""

import copy
import dataclasses
import math

import formula
import numpy as np
import plain
import pytest
import timm
import torch

import absvit
from absvit import priors

CHANNELS, CLASSES = 24, 6
TOKENS = torch.randn(3, 17, CHANNELS, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


@pytest.fixture(scope="module")
def model():
    made = timm.create_model(
        "absvit_tiny_patch16_224", img_size=64, depth=2, embed_dim=CHANNELS, num_heads=2, num_classes=CLASSES
    )
    made.prior_gains = {"learned": 2.0, "class": 40.0, "vector": 3.0, "place": 0.5}
    return formula.fill(made).requires_grad_(False)


def test_default_gains_are_the_official_ones_and_the_micro_models_own():
    official = {"learned": 1.0, "class": 40.0, "vector": 1.0, "place": 1.0}
    assert timm.create_model("absvit_tiny_patch16_224", depth=1).prior_gains == official
    assert timm.create_model("absvit_micro").prior_gains["class"] < 40
    own = timm.create_model("absvit_tiny_patch16_224", depth=1, prior_gains={"class": 7.0})
    assert own.prior_gains == {**official, "class": 7.0}


def test_learned_prior(model):
    expected = plain.cosine(TOKENS, model.prompt)
    torch.testing.assert_close(priors.LearnedPrior().weigh(TOKENS, model), 2 * expected)
    torch.testing.assert_close(priors.LearnedPrior(gain=-0.3).weigh(TOKENS, model), -0.3 * expected)
    assert not priors.LearnedPrior(gain=0).weigh(TOKENS, model).any()


@pytest.mark.parametrize("index", [0, 5, np.int64(3), torch.tensor(2), [1, 5, 0], np.array([2, 2, 4]), torch.arange(3)])
def test_class_prior(model, index):
    rows = model.head.weight[torch.as_tensor(index)].reshape(-1, 1, CHANNELS)
    expected = plain.cosine(TOKENS, rows)
    torch.testing.assert_close(priors.ClassPrior(index).weigh(TOKENS, model), 40 * expected)
    torch.testing.assert_close(priors.ClassPrior(index, gain=1.5).weigh(TOKENS, model), 1.5 * expected)


@pytest.mark.parametrize("shape", [(CHANNELS,), (3, CHANNELS)])
def test_vector_prior_does_not_depend_on_length_or_type(model, shape):
    vector = torch.randn(shape, generator=torch.Generator().manual_seed(1))
    expected = 3 * plain.cosine(TOKENS, vector.double().reshape(-1, 1, CHANNELS))
    for given in (vector, 1e-3 * vector, 1e3 * vector, vector.numpy()):
        torch.testing.assert_close(priors.VectorPrior(given).weigh(TOKENS, model), expected, rtol=1e-6, atol=1e-6)
    half = priors.VectorPrior(vector.bfloat16()).weigh(TOKENS, model)
    torch.testing.assert_close(half, expected, rtol=0.05, atol=0.05)
    assert not priors.VectorPrior(torch.zeros(CHANNELS)).weigh(TOKENS, model).any()


@pytest.mark.parametrize("sharpness", [0.5, 2, 8.0])
def test_sharpness_is_a_power_relative_to_the_best_token(model, sharpness):
    vector = torch.randn(CHANNELS, generator=torch.Generator().manual_seed(1))
    for blunt, sharp in (
        (priors.ClassPrior(2), priors.ClassPrior(2, sharpness=sharpness)),
        (priors.VectorPrior(vector), priors.VectorPrior(vector, None, sharpness)),
    ):
        match, given = blunt.match(TOKENS, model), sharp.match(TOKENS, model)
        for image in range(3):
            peak = match[image].max()
            for token in range(17):
                expected = peak * (match[image, token] / peak) ** sharpness
                torch.testing.assert_close(given[image, token], expected)


def test_sharpness_is_the_model_s_own_where_a_prior_has_none(model):
    own = copy.copy(model)
    own.prior_sharpness = 3.0
    seen = priors.ClassPrior([1, 2, 3]).weigh(TOKENS, own)
    assert torch.equal(seen, priors.ClassPrior([1, 2, 3], sharpness=3).weigh(TOKENS, model))
    assert torch.equal(priors.ClassPrior(1, sharpness=1).weigh(TOKENS, own), priors.ClassPrior(1).weigh(TOKENS, model))
    looked = absvit.perceive(own, formula.images(2, 0, 64), [priors.ClassPrior(1), priors.LearnedPrior()], 2)
    told = absvit.perceive(
        model, formula.images(2, 0, 64), [priors.ClassPrior(1, sharpness=3.0), priors.LearnedPrior()], 2
    )
    assert torch.equal(looked.logits, told.logits)
    assert not torch.equal(
        looked.logits[1, 0], absvit.perceive(model, formula.images(2, 0, 64), [priors.ClassPrior(1)]).logits[1, 0]
    )


@pytest.mark.parametrize("sharpness", [0.3, 4.0])
def test_gradients_of_a_sharp_prior_are_finite_where_nothing_matches(model, sharpness):
    tokens = TOKENS.clone()
    tokens[0] = -model.head.weight[0].double()  # of this image no token matches
    tokens.requires_grad_()
    weights = priors.ClassPrior(0, sharpness=sharpness).weigh(tokens, model)
    assert not weights[0].any() and weights[1].any()
    weights.sum().backward()
    assert torch.isfinite(tokens.grad).all() and tokens.grad[1:].any()


def test_matches_are_clamped(model):
    vector = TOKENS[0, 4]
    weights = priors.VectorPrior(vector, gain=1.0).weigh(TOKENS, model)
    assert weights[0, 4] == pytest.approx(1)
    assert weights.min() == 0
    assert priors.VectorPrior(-vector, gain=1.0).weigh(TOKENS, model)[0, 4] == 0


def test_spatial_prior_lies_row_by_row_behind_the_class_token(model):
    weights = torch.arange(16, dtype=torch.float64).view(4, 4) / 16
    expected = torch.cat([torch.zeros(1), torch.arange(16) / 16]).double()
    torch.testing.assert_close(priors.SpatialPrior(weights).weigh(TOKENS, model), 0.5 * expected.expand(3, -1))
    whole = priors.SpatialPrior(weights, gain=2.0, class_token=0.75).weigh(TOKENS, model)
    torch.testing.assert_close(whole[:, 1:], 2 * expected[1:].expand(3, -1))
    assert (whole[:, 0] == 1.5).all()
    each = torch.stack([weights, 1 - weights, weights.T])
    torch.testing.assert_close(
        priors.SpatialPrior(each, gain=1.0).weigh(TOKENS, model)[:, 1:], each.flatten(1), rtol=0, atol=0
    )
    binary = priors.SpatialPrior(torch.eye(4, dtype=torch.bool), gain=1.0).weigh(TOKENS, model)
    torch.testing.assert_close(binary[0, 1:].view(4, 4), torch.eye(4).double())


def test_spatial_prior_leaves_registers_out():
    vit = timm.create_model("vit_tiny_patch16_224", img_size=32, depth=1, reg_tokens=3)
    lifted = absvit.topdown_from(vit)
    weights = priors.SpatialPrior(torch.ones(2, 2), class_token=0.2).weigh(torch.zeros(1, 8, 192), lifted)
    torch.testing.assert_close(weights, torch.tensor([[0.2, 0, 0, 0, 1, 1, 1, 1]]))


def test_gaussian():
    prior = priors.SpatialPrior.gaussian((20, 50), 13.0, (64, 96), (4, 6), gain=3.0, class_token=0.1)
    for row in range(4):
        for column in range(6):
            squared = (16 * column + 8 - 20) ** 2 + (16 * row + 8 - 50) ** 2
            assert prior.weights[row, column].item() == pytest.approx(math.exp(-squared / (2 * 13**2)), rel=1e-5)
    assert (prior.gain, prior.class_token) == (3.0, 0.1)


@pytest.mark.parametrize(
    "edges", [(10, 5, 40, 60), (-20, -20, 500, 500), (16, 16, 32, 48), (3, 3, 4, 4), (70, 1, 80, 9)]
)
def test_box_and_mask_give_the_share_of_each_token(edges):
    left, top, right, bottom = edges
    mask = torch.zeros(64, 96)
    mask[max(top, 0) : bottom, max(left, 0) : right] = 1
    shares = torch.stack([tile.mean() for row in mask.split(16, 0) for tile in row.split(16, 1)]).view(4, 6)
    box = priors.SpatialPrior.box(edges, (64, 96), (4, 6), class_token=0.4)
    torch.testing.assert_close(box.weights, shares)
    assert box.class_token == 0.4
    for given in (mask, mask.bool(), mask.numpy(), mask.bool().numpy()):
        torch.testing.assert_close(priors.SpatialPrior.from_mask(given, (4, 6)).weights, shares)
    both = priors.SpatialPrior.from_mask(torch.stack([mask, 1 - mask]), (4, 6), gain=2.0)
    torch.testing.assert_close(both.weights, torch.stack([shares, 1 - shares]))
    assert both.gain == 2


@pytest.mark.parametrize("dilate", [1, 2])
def test_dilated_mask(dilate):
    mask = torch.zeros(64, 64, dtype=torch.bool)
    mask[20, 20] = mask[63, 63] = True
    weights = priors.SpatialPrior.from_mask(mask, (4, 4), dilate=dilate).weights
    for row in range(4):
        for column in range(4):
            near = min(max(abs(row - y), abs(column - x)) for y, x in ((1, 1), (3, 3))) <= dilate
            assert weights[row, column] == float(near)


def test_products_multiply_gains_and_matches(model):
    place = priors.SpatialPrior(torch.rand(4, 4), class_token=1.0)
    factors = [priors.ClassPrior(1), place, priors.LearnedPrior(gain=3.0)]
    expected = math.prod(factor.weigh(TOKENS, model) for factor in factors)
    for product in (factors[0] * factors[1] * factors[2], factors[0] * (factors[1] * factors[2])):
        torch.testing.assert_close(product.weigh(TOKENS, model), expected)
    with pytest.raises(TypeError):
        factors[0] * 2


def test_priors_for_each_image_are_cut_with_the_images(model):
    each = priors.ClassPrior([0, 1, 2]) * priors.SpatialPrior(torch.rand(3, 4, 4)) * priors.LearnedPrior()
    shuffled = priors.ShuffledPrior(each, seed=4)
    for prior in (each, shuffled, priors.VectorPrior(torch.randn(3, CHANNELS))):
        assert prior.n_images == 3
        whole = prior.weigh(TOKENS, model)
        for chosen in (slice(0, 2), slice(1, 3), slice(2, 3)):
            part = prior.for_images(chosen).weigh(TOKENS[chosen], model)
            torch.testing.assert_close(part, whole[chosen], rtol=0, atol=0)
    twice = shuffled.for_images(slice(1, 3)).for_images(slice(1, 2)).weigh(TOKENS[2:], model)
    torch.testing.assert_close(twice, shuffled.weigh(TOKENS, model)[2:])
    assert priors.LearnedPrior().n_images is None
    with pytest.raises(ValueError, match=r"different numbers of images: \[2, 3\]"):
        _ = (priors.ClassPrior([0, 1, 2]) * priors.ClassPrior([0, 1])).n_images


def test_shuffled_prior_keeps_each_image_s_weights(model):
    prior = priors.ClassPrior(3)
    original = prior.weigh(TOKENS, model)
    shuffled = priors.ShuffledPrior(prior, seed=1).weigh(TOKENS, model)
    assert torch.equal(shuffled[:, 0], original[:, 0])
    assert torch.equal(shuffled[:, 1:].sort().values, original[:, 1:].sort().values)
    assert not torch.equal(shuffled, original)
    assert torch.equal(shuffled, priors.ShuffledPrior(prior, seed=1).weigh(TOKENS, model))
    assert not torch.equal(shuffled, priors.ShuffledPrior(prior, seed=2).weigh(TOKENS, model))
    ramp = torch.arange(16.0).view(4, 4) / 16
    orders = priors.ShuffledPrior(priors.SpatialPrior(ramp), seed=0).weigh(TOKENS, model)
    assert not torch.equal(orders[0], orders[1])


def test_priors_do_not_change():
    with pytest.raises(dataclasses.FrozenInstanceError):
        priors.LearnedPrior().gain = 2.0


@dataclasses.dataclass(frozen=True)
class Centre(priors.Prior):
    """A prior of somebody else's, of a kind that no model's card names a gain for."""

    size: int = 2
    gain: float | None = None
    kind = "centre"
    default_gain = 3.0

    def match(self, tokens, model):
        weights = torch.zeros(len(tokens), *model.patch_embed.grid_size, dtype=tokens.dtype)
        weights[:, 1 : 1 + self.size, 1 : 1 + self.size] = 0.5
        return torch.nn.functional.pad(weights.flatten(1), (1, 0))


def test_a_stranger_s_prior_works_as_ours(model):
    own, images = Centre(), formula.images(2, 0, 64)
    seen = absvit.perceive(model, images, [own, Centre(gain=2.0), own * own, own * priors.ClassPrior(1, gain=2.0)])
    weights = seen.prior_weights[0]
    assert weights[:3].amax((1, 2)).tolist() == [1.5, 1.0, 2.25]
    assert (weights[0] > 0).sum() == 2 * 4 and (weights[3][weights[0] == 0] == 0).all()
    shuffled = priors.ShuffledPrior(own).weigh(TOKENS, model)
    torch.testing.assert_close(shuffled.sort().values, own.weigh(TOKENS, model).sort().values)
    with pytest.raises(TypeError, match="must define match"):
        priors.Prior().weigh(TOKENS, model)


def test_a_class_may_be_named(model):
    model.categories = ("tabby cat, tabby", "dog", "hot dog", "crème brûlée", *map(str, range(4, model.num_classes)))
    for given, index in (("Dog", 1), ("tabby", 0), ("hot_dog", 2), ("cre\u0300me bru\u0302le\u0301e", 3)):
        torch.testing.assert_close(
            priors.ClassPrior(given).weigh(TOKENS, model), priors.ClassPrior(index).weigh(TOKENS, model)
        )
    each = priors.ClassPrior(["dog", "hot dog", "tabby"])
    assert each.n_images == 3 and each.indices(model).tolist() == [1, 2, 0]
    assert each.for_images(slice(1, 3)).indices(model).tolist() == [2, 0]
    for wrong, said in (("hog", "no class 'hog'; the nearest are .*dog"), ("", "no class ''")):
        with pytest.raises(ValueError, match=said):
            priors.ClassPrior(wrong).weigh(TOKENS, model)
    model.categories = ("toy dog", "hot dog", *map(str, range(2, model.num_classes)))
    with pytest.raises(ValueError, match="'dog' may be toy dog; hot dog: give one of them in full"):
        priors.ClassPrior("dog").weigh(TOKENS, model)


@pytest.mark.parametrize("gain", [float("nan"), float("inf"), -math.inf])
def test_gains_are_finite(gain):
    for make in (
        priors.LearnedPrior,
        lambda gain: priors.ClassPrior(1, gain),
        lambda gain: priors.VectorPrior(torch.ones(3), gain=gain),
        lambda gain: priors.SpatialPrior(torch.ones(2, 2), gain=gain),
        lambda gain: priors.SpatialPrior.gaussian((1, 1), 1, (4, 4), (2, 2), gain=gain),
    ):
        with pytest.raises(ValueError, match="gain must be a finite number, got"):
            make(gain=gain)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: priors.ClassPrior(1.0), "integer.*float32"),
        (lambda: priors.ClassPrior(True), "integer.*bool"),
        (lambda: priors.ClassPrior([[1, 2]]), r"\(image,\) of these.*\(1, 2\)"),
        (lambda: priors.SpatialPrior.box((200, 0, 300, 50), (112, 112), (14, 14)), "lies outside the image"),
        (lambda: priors.SpatialPrior.from_mask(torch.full((8, 8), 255), (2, 2)), "take mask > 0"),
        (lambda: priors.ClassPrior(None), "class_index must be an integer"),
        (lambda: priors.ClassPrior(0, sharpness=0), "sharpness must be a finite number above 0, got 0"),
        (lambda: priors.VectorPrior(torch.ones(3), sharpness=math.inf), "sharpness must be .* above 0, got inf"),
        (lambda: priors.LearnedPrior(gain="2"), "gain must be a finite number"),
        (lambda: priors.LearnedPrior(gain=torch.ones(3)), "gain must be a finite number"),
        (lambda: priors.VectorPrior(torch.ones(2, 2, 2)), r"\(channel,\) or \(image, channel\).*\(2, 2, 2\)"),
        (lambda: priors.VectorPrior(torch.tensor(1.0)), r"\(channel,\) or \(image, channel\)"),
        (lambda: priors.VectorPrior(torch.ones(3, dtype=torch.int64)), "floating-point"),
        (lambda: priors.VectorPrior(torch.tensor([1.0, math.nan])), "finite"),
        (lambda: priors.SpatialPrior(torch.ones(4)), r"\(token_y, token_x\).*\(4,\)"),
        (lambda: priors.SpatialPrior(torch.full((2, 2), 1.01)), r"\[0, 1\]"),
        (lambda: priors.SpatialPrior(torch.full((2, 2), -0.1)), r"\[0, 1\]"),
        (lambda: priors.SpatialPrior(torch.full((2, 2), math.nan)), r"\[0, 1\]"),
        (lambda: priors.SpatialPrior(torch.ones(2, 2), class_token=2), r"\[0, 1\]"),
        (lambda: priors.SpatialPrior(torch.ones(2, 2), class_token=math.nan), r"\[0, 1\]"),
        (lambda: priors.SpatialPrior.gaussian((1, 1), 0, (4, 4), (2, 2)), "sd must be a positive"),
        (lambda: priors.SpatialPrior.gaussian((1, 1), math.nan, (4, 4), (2, 2)), "sd must be a positive"),
        (lambda: priors.SpatialPrior.box((5, 0, 5, 4), (4, 4), (2, 2)), "left < right"),
        (lambda: priors.SpatialPrior.box((0, math.nan, 5, 4), (4, 4), (2, 2)), "left < right"),
        (lambda: priors.SpatialPrior.from_mask(torch.ones(4), (2, 2)), r"mask must be \(y, x\)"),
        (lambda: priors.SpatialPrior.from_mask(torch.full((4, 4), 255), (2, 2)), r"\[0, 1\]"),
    ],
)
def test_values_that_do_not_fit(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("prior", "message"),
    [
        (priors.ClassPrior(6), r"class_index must be in 0\.\.5, got 6"),
        (priors.ClassPrior([0, -1, 2]), r"class_index must be in 0\.\.5, got -1"),
        (priors.VectorPrior(torch.ones(CHANNELS + 1)), "24 channels, got 25"),
        (priors.SpatialPrior(torch.ones(5, 5)), r"16 patch tokens.*\(4, 4\).*got \(5, 5\)"),
        (priors.SpatialPrior(torch.ones(2, 8)), r"16 patch tokens.*\(4, 4\).*got \(2, 8\)"),
        (priors.ShuffledPrior(priors.ClassPrior(9)), "got 9"),
    ],
    ids=str,
)
def test_priors_that_do_not_fit_the_model(model, prior, message):
    with pytest.raises(ValueError, match=message):
        prior.weigh(TOKENS, model)
