"""The closed form: bottom-up the host itself, under a prior the gate that the derivation promises, for any host."""

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import absvit
from absvit import priors
from absvit.closed_form.host_embed import blurred
from absvit.models import checkpoints
from absvit.networks import load_network, network_of, readout_of


class Pooled(nn.Module):
    """A small network that classifies the mean of 6 x 4 places, behind a layer norm or not."""

    def __init__(self, norm: bool = False) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layers = nn.Sequential(nn.Conv2d(3, 16, 4, 4), nn.ReLU(), nn.Conv2d(16, 24, 3, padding=1), nn.ReLU())
        self.norm = nn.LayerNorm(24) if norm else nn.Identity()
        self.fc = nn.Linear(24, 7)
        if norm:
            nn.init.normal_(self.norm.weight), nn.init.normal_(self.norm.bias)

    def forward(self, x):
        return self.fc(self.norm(self.layers(x).mean((2, 3))))


@pytest.fixture(scope="module")
def images():
    return torch.randn(3, 3, 24, 16, generator=torch.Generator().manual_seed(1))


def hosted(norm=False):
    return network_of(Pooled(norm).eval(), size=(24, 16), categories=list("abcdefg"))


@pytest.mark.parametrize("norm", [False, True])
@pytest.mark.parametrize("parameters", [{}, {"blocks": 3, "share": 0.5, "blur": False}])
def test_bottom_up_it_is_its_host(images, norm, parameters):
    network = hosted(norm)
    model = absvit.steerable_from(network, **parameters)
    with torch.no_grad():
        expected = network.logits(images)
        torch.testing.assert_close(model(images), expected, rtol=1e-5, atol=1e-5)
    seen = absvit.perceive(model, images, [priors.LearnedPrior(), priors.ClassPrior(2)], iterations=1)
    torch.testing.assert_close(seen.logits[0, 0], expected, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(seen.logits[1, 0], expected, rtol=1e-5, atol=1e-5)  # nothing cued
    assert not torch.allclose(seen.logits[1, 1], expected, atol=1e-2)


def gate(network, images, k, sharpness, gain=100.0, blur=False):
    """The gate in ten lines, of centred logits of places; nothing of an AbSViT in it."""
    readout = readout_of(network)
    features = readout.places(readout.features(images))
    if blur:
        maps = features.transpose(1, 2).unflatten(2, readout.grid)
        features = blurred(maps).flatten(2).transpose(1, 2)
    rows = readout.weight - readout.weight.mean(0)
    basis, _, _ = torch.linalg.svd(rows, full_matrices=False)
    basis = basis[:, : len(rows) - 1]
    evidence = features @ rows.T  # (image, place, class)
    match = (evidence[..., k] / evidence.norm(dim=-1) / basis[k].norm()).clamp(0)
    peak = match.amax(1, keepdim=True)
    weights = 1 + len(match[0]) * gain * peak * (match / peak) ** sharpness
    return readout.classify((weights[..., None] * features).sum(1) / weights.sum(1, keepdim=True)), match


@pytest.mark.parametrize(("sharpness", "blur", "blocks"), [(1.0, False, 1), (4.0, True, 1), (2.0, False, 2)])
def test_feedback_is_the_gate(images, sharpness, blur, blocks):
    network = hosted()
    model = absvit.steerable_from(network, sharpness=sharpness, blur=blur, blocks=blocks, share=1e-5)
    seen = absvit.perceive(model, images, [priors.ClassPrior(4)], iterations=1)
    with torch.no_grad():
        expected, match = gate(network, images, 4, sharpness, blur=blur)
    torch.testing.assert_close(seen.logits[1, 0], expected, rtol=2e-3, atol=2e-3)
    peak = match.amax(1, keepdim=True)
    torch.testing.assert_close(seen.prior_weights[0, 0] / 100, peak * (match / peak) ** sharpness, rtol=1e-3, atol=1e-3)


def test_a_place_is_pooled_alone_and_priors_multiply(images):
    network = hosted()
    model, readout = absvit.steerable_from(network, blur=False), readout_of(network)
    left = torch.zeros(6, 4)
    left[:, :2] = 1
    place = priors.SpatialPrior(left, gain=1e6)
    seen = absvit.perceive(model, images, [place, place * priors.ClassPrior(0)], iterations=1)
    with torch.no_grad():
        features = readout.places(readout.features(images)).unflatten(1, (6, 4))
        torch.testing.assert_close(
            seen.logits[1, 0], readout.classify(features[:, :, :2].mean((1, 2))), rtol=1e-3, atol=1e-3
        )
    weights = seen.prior_weights[0, 1].unflatten(1, (6, 4))
    assert (weights[:, :, 2:] == 0).all() and (weights[:, :, :2] > 0).any()


def test_what_places_add_is_the_logit(images):
    network = hosted()
    model = absvit.steerable_from(network)
    seen = absvit.perceive(model, images, [priors.ClassPrior(5)], 1, ("class_activation", "feedback"))
    bias = model.head.bias[5]
    assert seen.feedback.abs().max() < 6e4  # of half precision
    for logits, activation in zip(seen.logits[:, 0, :, 5][1:], seen.class_activation[1:, 0], strict=True):
        torch.testing.assert_close(activation.sum(-1) + bias, logits, rtol=1e-3, atol=1e-3)


def test_fewer_directions_keep_what_varies_most_over_pictures(images):
    network = hosted()
    rows, readout = readout_of(network).weight.detach(), readout_of(network)
    features = readout.places(readout.features(images)).flatten(0, 1)
    logits = (features - features.mean(0)) @ (rows - rows.mean(0)).T
    leading = torch.linalg.eigh((logits.T @ logits).detach())[1][:, -3:]
    model = absvit.steerable_from(network, [images[:2], images[2:]], rank=3)
    kept = model.head.weight[:, :3]
    torch.testing.assert_close(kept @ kept.T, leading @ leading.T, rtol=1e-3, atol=1e-4)
    assert model.embed_dim == 3 + 2 and model.card["closed_form"]["rank"] == 3


def test_the_binomial_kernel_keeps_the_mean():
    maps = torch.randn(2, 5, 6, 4, dtype=torch.float64)
    torch.testing.assert_close(blurred(maps).mean((2, 3)), maps.mean((2, 3)))
    inside = F.conv2d(maps[:, :1], torch.outer(v := torch.tensor([1.0, 2, 1]).double(), v)[None, None] / 16)
    torch.testing.assert_close(blurred(maps)[:, :1, 1:-1, 1:-1], inside)


def test_it_is_saved_and_loaded_without_its_host(images, tmp_path):
    network = hosted()
    model = absvit.steerable_from(network)
    with torch.no_grad():
        model.head.bias += 1
        told = model(images)
    checkpoints.write(tmp_path / "w.safetensors", model.state_dict(), model.card)
    read = checkpoints.read(tmp_path / "w.safetensors")
    assert not any("layers" in name for name in read.state_dict) and read.card["closed_form"]["host"] == network.name
    again = absvit.steerable_from(network)
    checkpoints.load_into(again, read.state_dict)
    with torch.no_grad():
        torch.testing.assert_close(again(images), told)


def test_its_host_goes_where_it_goes_and_is_not_trained(images):
    model = absvit.steerable_from(hosted())
    double = copy.deepcopy(model).double()
    host = double.patch_embed.host.module
    assert host.fc.weight.dtype == torch.float64 and not any(of is host.fc.weight for of in double.parameters())
    with torch.no_grad():
        torch.testing.assert_close(double(images.double()).float(), model(images), rtol=1e-4, atol=1e-5)


def test_gradients_reach_pictures_and_leave_the_host_alone(images):
    network = hosted()
    model, shown = absvit.steerable_from(network), images.clone().requires_grad_()
    model(shown)[:, 3].sum().backward()
    assert shown.grad.abs().max() > 0
    assert all(p.grad is None and p.requires_grad for p in network.module.parameters())


def test_weights_stored_in_half_precision_answer_alike(images):
    network = hosted()
    model, again = absvit.steerable_from(network), absvit.steerable_from(network)
    checkpoints.load_into(again, {name: tensor.half() for name, tensor in model.state_dict().items()})
    with torch.no_grad():
        torch.testing.assert_close(again(images), model(images), rtol=5e-3, atol=5e-3)


def test_micro_networks_steer():
    model = absvit.steerable_from(load_network("cnn_micro"))
    assert model.categories[3] == "star" and model.patch_embed.grid_size == (14, 14)
    assert absvit.steerable_from(load_network("vit_micro"), places=True).patch_embed.grid_size == (14, 14)


@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        ({"rank": 0}, "rank must be an integer of at least 1, got 0"),
        ({"blocks": 0}, "blocks must be an integer of at least 1"),
        ({"share": 0}, "share must be a number in"),
        ({"share": "a"}, "share must be a number in"),
        ({"sharpness": True}, "sharpness must be a positive number"),
        ({"pictures": 5}, "pictures are batches .* got int"),
        ({"pictures": [torch.full((1, 3, 24, 16), torch.nan)]}, "not finite"),
        ({"sharpness": -1}, "sharpness must be a positive number"),
        ({"pictures": []}, "pictures hold no image"),
        ({"pictures": torch.zeros(2, 3, 24, 16)}, "pictures are batches"),
    ],
)
def test_what_it_refuses(parameters, says):
    with pytest.raises(ValueError, match=says):
        absvit.steerable_from(hosted(), **parameters)


def test_networks_that_it_refuses(images):
    with pytest.raises(ValueError, match="classifies a class token"):
        absvit.steerable_from(load_network("vit_micro"))
    with pytest.raises(ValueError, match="a function"):
        absvit.steerable_from(network_of(lambda x: x.mean((2, 3)), size=(8, 8), categories=list("abc")))
    alike = Pooled().eval()
    nn.init.ones_(alike.fc.weight)
    with pytest.raises(ValueError, match="tells no classes apart"):
        absvit.steerable_from(network_of(alike, size=(24, 16), categories=list("abcdefg")))
    with pytest.raises(ValueError, match="half precision"):
        absvit.steerable_from(hosted()).half()
    with pytest.raises(ValueError, match="expected images of 24 x 16 pixels"):
        absvit.steerable_from(hosted())(images[..., :8])
