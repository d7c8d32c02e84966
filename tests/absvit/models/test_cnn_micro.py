"""The small ResNet: how it is built, that its classifier is linear behind a mean over places, what it knows."""

import copy

import numpy as np
import pytest
import timm
import torch
import torch.nn.functional as F

import absvit
from absvit.models import checkpoints, zoo
from absvit.models.zoo import locations
from stimuli.families import objects

NAME, TAGS = "cnn_micro", (None, "seed1", "seed2")


@pytest.fixture(scope="module")
def untrained():
    """A network whose batch normalisation has seen something, in eval mode; not to be changed."""
    torch.manual_seed(0)
    model = timm.create_model(NAME)
    with torch.no_grad():
        model(noise(8))
    return model.eval().requires_grad_(False)


@pytest.fixture(scope="module", params=TAGS, ids=str)
def bundled(request):
    return absvit.load_model(NAME, request.param), checkpoints.read(locations.bundled(NAME, request.param))


def noise(batch=2, side=112):
    return torch.randn(batch, 3, side, side, generator=torch.Generator().manual_seed(0))


def test_it_is_small_and_described_as_it_is(untrained):
    cfg, state = untrained.pretrained_cfg, untrained.state_dict()
    assert 200_000 < sum(parameter.numel() for parameter in untrained.parameters()) == zoo.parameter_count(NAME) < 1e6
    assert NAME in absvit.list_models() and type(untrained) is timm.models.ResNet
    assert state[cfg["classifier"] + ".weight"].shape == (cfg["num_classes"], 96) == (12, 96)
    assert state[cfg["first_conv"] + ".weight"].shape[1] == cfg["input_size"][0]
    like = timm.get_pretrained_cfg("vit_micro")
    assert all(cfg[key] == getattr(like, key) for key in ("mean", "std", "crop_pct", "interpolation", "input_size"))


def test_its_last_map_has_as_many_places_as_the_micro_vits_have_tokens(untrained):
    grid, pool = timm.create_model("vit_micro").patch_embed.grid_size, untrained.pretrained_cfg["pool_size"]
    assert untrained.forward_features(noise()).shape == (2, 96, *grid) == (2, 96, *pool)
    assert untrained.forward_features(noise(1, 64)).shape[-2:] == (8, 8)
    maps = timm.create_model(NAME, features_only=True).eval()(noise(1))
    assert [tuple(m.shape[1:]) for m in maps][1:] == [(16, 28, 28), (32, 14, 14), (64, 14, 14), (96, 14, 14)]


def test_its_answer_is_linear_in_the_mean_over_places(untrained):
    images = noise()
    by_hand = torch.einsum("ncyx,kc->nk", untrained.forward_features(images), untrained.fc.weight) / 14**2
    torch.testing.assert_close(untrained(images), by_hand + untrained.fc.bias, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(untrained(images)[:1], untrained(images[:1]))  # an image's answer is its own


def test_half_precision_there_and_back(untrained, tmp_path):
    rounded = copy.deepcopy(untrained).half().state_dict()
    checkpoints.write(tmp_path / "half.safetensors", rounded, {"categories": ["thing"] * 12})
    assert (tmp_path / "half.safetensors").stat().st_size < 2 * 2**20 / 4
    model = absvit.load_model(NAME, tmp_path / "half.safetensors")
    assert not model.training and model.categories == ("thing",) * 12
    for name, tensor in model.state_dict().items():
        assert tensor.dtype == (torch.int64 if "num_batches" in name else torch.float32)
        assert torch.equal(tensor, rounded[name].to(tensor.dtype)), name
    torch.testing.assert_close(model(noise()), untrained(noise()), rtol=0.01, atol=0.01)


def test_another_number_of_classes_is_said(untrained, tmp_path):
    checkpoints.write(tmp_path / "a.safetensors", untrained.state_dict(), {})
    with pytest.raises(ValueError, match=r"2 of another shape \(fc.weight \(12, 96\) instead of \(3, 96\)"):
        absvit.load_model(NAME, tmp_path / "a.safetensors", num_classes=3)
    with pytest.warns(UserWarning, match=r"classifier newly initialised \(12 to 3 classes\)"):
        model = absvit.load_model(NAME, tmp_path / "a.safetensors", adapt=True, num_classes=3)
    assert torch.equal(model.conv1[0].weight, untrained.conv1[0].weight) and not model.fc.bias.any()
    checkpoints.write(tmp_path / "a.safetensors", untrained.state_dict(), {"categories": ["thing"]})
    with pytest.raises(ValueError, match="names 1 categories, but its classifier has 12 classes"):
        checkpoints.read(tmp_path / "a.safetensors")


def test_gradients_reach_every_parameter(untrained):
    model = copy.deepcopy(untrained).train().requires_grad_(True)
    for norm in (module for module in model.modules() if isinstance(module, torch.nn.BatchNorm2d)):
        torch.nn.init.ones_(norm.weight)  # the last of a block starts at 0, and what is before it learns nothing yet
    F.cross_entropy(model(noise(side=56)), torch.tensor([3, 5])).backward()
    assert all(parameter.grad.isfinite().all() and parameter.grad.any() for parameter in model.parameters())


def test_the_bundled_weights_are_small_and_tell_what_they_are(bundled):
    model, file = bundled
    assert {tensor.dtype for tensor in file.state_dict.values()} == {torch.float16, torch.int64}
    assert sum(tensor.nbytes for tensor in file.state_dict.values()) < 2e6
    card = model.card
    assert (card["model"], card["recipe"]) == (NAME, "micro_cnn")
    assert model.categories == tuple(objects.CATEGORIES) and not model.training
    assert card["measured"]["single-object accuracy"]["value"] > 0.97
    assert card["measured"]["single-object accuracy, hue rotated by 180 degrees"]["value"] > 0.95


def test_the_bundled_weights_are_of_three_trainings():
    files = [checkpoints.read(locations.bundled(NAME, tag)) for tag in TAGS]
    assert [file.card["seed"] for file in files] == [0, 1, 2]
    assert len({file.sha256 for file in files}) == 3 and locations.bundled_tags(NAME) == ["seed1", "seed2"]


def test_the_bundled_weights_know_single_objects(bundled):
    classes = np.tile(np.arange(12), 2)[:, None]
    shown = objects.render(objects.Objects(n_objects=1), 77, np.arange(24), classes)
    images = torch.from_numpy(shown["image"]).permute(0, 3, 1, 2) / 127.5 - 1
    with torch.no_grad():
        answers = bundled[0](images).argmax(1)
    assert (answers.numpy() == classes[:, 0]).mean() > 0.9
