"""The frozen stem: timm's own features, never trained, never stored, and refused where it is another network's."""

import logging
import sys

import pytest
import timm
import torch
from plain import lite0_features, stem_weights

import absvit
from absvit import priors
from absvit.models import checkpoints, zoo
from absvit.models.zoo import stem

NAME = "absvit_hybrid_lite0_224"


def noise(n=2, size=224, seed=0):
    return torch.rand(n, 3, size, size, generator=torch.Generator().manual_seed(seed)) * 2 - 1


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return absvit.create_model(NAME).eval()


@pytest.mark.seconds
@pytest.mark.parametrize("gradients", [True, False])
def test_features_are_timms(model, gradients):
    images = noise()
    with torch.set_grad_enabled(gradients):
        own, theirs = model.patch_embed.backbone(images), lite0_features(images).detach()
    assert own.shape == (2, stem.CHANNELS, 14, 14)
    assert (own - theirs).norm() < 1e-5 * theirs.norm()
    assert (own - theirs).abs().max() < 1e-5 * theirs.abs().max()
    double = stem.stem_from("pretrained", dtype=torch.float64)  # float32's rounding apart, they are the same function
    assert (double(images.double()) - lite0_features(images.double())).abs().max() < 1e-10


@pytest.mark.parametrize("size", [(64, 96), (112, 112), (225, 240)])
def test_other_sizes_are_padded_as_timm_pads_them(model, size):
    images = torch.rand(1, 3, *size) * 2 - 1
    torch.testing.assert_close(model.patch_embed.backbone(images), lite0_features(images), rtol=1e-4, atol=1e-4)


def test_it_is_neither_trained_nor_stored(model):
    state = model.state_dict()
    assert not any("backbone" in name for name in state)
    assert not any("backbone" in name for name, _ in model.named_parameters())
    assert sum(tensor.numel() for tensor in state.values()) == zoo.parameter_count(NAME) < 2_000_000
    before = model.patch_embed.backbone(noise())
    model.train()
    model(noise()).square().sum().backward()
    assert model.patch_embed.proj.weight.grad.any()
    torch.testing.assert_close(model.patch_embed.backbone(noise()), before)
    model.eval()


def test_any_number_of_priors_runs_the_stem_once(model):
    calls = []
    handle = model.patch_embed.backbone.register_forward_hook(lambda *given: calls.append(len(given[1][0])))
    them = [priors.ClassPrior(k) for k in range(10)] + [priors.LearnedPrior()]
    trajectory = absvit.perceive(model, noise(3), priors=them, iterations=2)
    handle.remove()
    assert sum(calls) == 3
    assert trajectory.logits.shape == (3, 11, 3, 10) and trajectory.grid == (14, 14)


def test_many_images_go_through_it_few_at_a_time(model):
    sizes, images = [], noise(7)
    handle = model.patch_embed.backbone.layers.register_forward_hook(lambda *given: sizes.append(len(given[1][0])))
    with torch.no_grad():
        parts = model.patch_embed.backbone(images)
    handle.remove()
    assert sizes == [4, 3]
    torch.testing.assert_close(parts, model.patch_embed.backbone(images), rtol=1e-4, atol=1e-4)


def test_features_can_be_given_instead_of_images(model):
    given = absvit.create_model(NAME, stem="features").eval()
    given.load_state_dict(model.state_dict())
    images = noise()
    with torch.no_grad():
        torch.testing.assert_close(given(model.patch_embed.backbone(images)), model(images))


def test_a_checkpoint_holds_the_transformer_alone(model, tmp_path):
    file = tmp_path / "hybrid.safetensors"
    card = {"stem_sha256": model.patch_embed.backbone.sha256, "categories": ["thing"] * 10}
    checkpoints.write(file, model.state_dict(), card)
    assert file.stat().st_size < 8 * 2**20
    loaded = absvit.load_model(NAME, file)
    with torch.no_grad():
        torch.testing.assert_close(loaded(noise()), model(noise()))
    checkpoints.write(file, model.state_dict(), card | {"stem_sha256": "0" * 64})
    with pytest.warns(UserWarning, match="was trained behind 000000000000"):
        absvit.load_model(NAME, file)


def test_lifted_it_keeps_its_stem(model):
    torch.manual_seed(0)
    vit = absvit.create_model("vit_hybrid_lite0_224").eval()
    lifted = absvit.topdown_from(vit)
    with torch.no_grad():
        torch.testing.assert_close(lifted(noise()), vit(noise()))


def test_in_half_precision_it_is_the_same_stem(model):
    half = stem.stem_from("pretrained", dtype=torch.bfloat16)
    assert half.sha256 == model.patch_embed.backbone.sha256  # or every model of this type would warn of another stem
    exact, given = model.patch_embed.backbone(noise(1)), half(noise(1).bfloat16())
    assert given.dtype == torch.bfloat16 and (given.float() - exact).norm() < 0.05 * exact.norm()


# ---- where the weights come from -----------------------------------------------------------------------------------


@pytest.mark.parametrize("rename", [str, lambda name: f"_module.{name}"])
def test_a_file_may_name_the_weights_as_timm_does_or_keep_their_order(model, tmp_path, rename):
    torch.save({rename(name): tensor for name, tensor in stem_weights().items()}, tmp_path / "lite0.pth")
    made = stem.stem_from(tmp_path / "lite0.pth")
    assert made.sha256 == model.patch_embed.backbone.sha256
    torch.testing.assert_close(made(noise(1)), model.patch_embed.backbone(noise(1)))


@pytest.mark.parametrize("other", ["mobilenetv2_050", "tf_efficientnet_lite1"])
def test_weights_of_another_network_are_refused(tmp_path, other):
    torch.save(timm.create_model(other).state_dict(), tmp_path / "other.pth")
    with pytest.raises(ValueError, match=r"other\.pth does not hold the weights of tf_efficientnet_lite0"):
        absvit.create_model(NAME, stem=tmp_path / "other.pth")


def test_without_package_and_network_one_message_says_what_to_do(monkeypatch, caplog):
    monkeypatch.setitem(sys.modules, stem.PACKAGE, None)
    monkeypatch.setattr(stem.importlib.util, "find_spec", lambda name: None)
    create = timm.create_model

    def offline(name, pretrained=False, **kwargs):
        if pretrained:
            logging.getLogger("huggingface_hub.utils._http").warning("one of many tries")
            raise ConnectionError("the hub cannot be reached\nand more")
        return create(name, **kwargs)

    monkeypatch.setattr(stem.timm, "create_model", offline)
    level = logging.getLogger("huggingface_hub").level
    with pytest.raises(FileNotFoundError, match=r"\(the hub cannot be reached\): pip install absvit\[natural\]"):
        stem.stem_from("pretrained")
    assert not caplog.messages and logging.getLogger("huggingface_hub").level == level  # one message, and no others
    assert zoo.parameter_count(NAME) > 0  # the table of models needs no weights


def test_without_the_package_timms_hub_gives_them(monkeypatch, model):
    monkeypatch.setattr(stem.importlib.util, "find_spec", lambda name: None)
    create = timm.create_model

    def hub(name, pretrained=False, **kwargs):
        network = create(name, **kwargs)
        if pretrained:
            network.load_state_dict(stem_weights())
        return network

    monkeypatch.setattr(stem.timm, "create_model", hub)
    assert stem.stem_from("pretrained").sha256 == model.patch_embed.backbone.sha256


def test_only_rgb_is_taken():
    with pytest.raises(ValueError, match="RGB images, got in_chans = 1"):
        absvit.create_model(NAME, in_chans=1)
