"""Networks by name: from the caches of their libraries, from files, and untrained where that is said."""

import hashlib
import os
import pickle
from urllib.error import URLError

import huggingface_hub
import pytest
import timm
import torch
import torchvision
from safetensors.torch import save_file

from absvit.models import checkpoints
from absvit.networks import load_network

HUB = "models--timm--test_resnet.r160_in1k"
KEPT = "squeezenet1_1-b8a52dc0.pth"  # as torchvision names it


@pytest.fixture(autouse=True)
def no_network(tmp_path, monkeypatch):
    """Empty caches, and nothing that answers."""
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))

    def unreachable(*_, **__):
        raise URLError("nothing answers")

    monkeypatch.setattr(torch.hub, "download_url_to_file", unreachable)


def made(name, **kwargs):
    torch.manual_seed(1)
    return timm.create_model(name, **kwargs).eval()


def assert_same(network, model):
    with torch.no_grad():
        torch.testing.assert_close(network.logits(network.picture()), model(network.picture()), rtol=0, atol=0)


def test_weights_of_timm_come_from_the_cache_of_its_hub(tmp_path):
    model, place = made("test_resnet"), tmp_path / "hub" / HUB
    (place / "snapshots" / "a1").mkdir(parents=True)
    (place / "refs").mkdir()
    (place / "refs" / "main").write_text("a1")
    save_file(model.state_dict(), place / "snapshots" / "a1" / "model.safetensors")
    for name in ("test_resnet", "test_resnet.r160_in1k"):
        network = load_network(name, seed=3)
        assert_same(network, model)
        assert network.weights() == ("test_resnet.r160_in1k", checkpoints.digest(model))
        assert network.name == name and network.seed == 3 and "untrained" not in network.facts
        assert network.size == (160, 160) and network.categories[1] == "goldfish, Carassius auratus"
        assert network.mean == tuple(timm.get_pretrained_cfg("test_resnet").mean)
    assert load_network("test_resnet", "default").weights() == network.weights()


def test_weights_of_torchvision_come_from_the_cache_of_its_hub(tmp_path):
    torch.manual_seed(1)
    model, folder = torchvision.models.squeezenet1_1().eval(), tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    torch.save(model.state_dict(), folder / KEPT)
    for name in ("torchvision.squeezenet1_1", "torchvision.squeezenet1_1.IMAGENET1K_V1"):
        network = load_network(name)
        sha256 = hashlib.sha256((folder / KEPT).read_bytes()).hexdigest()
        assert network.weights() == ("squeezenet1_1.IMAGENET1K_V1", sha256)
        assert network.size == (224, 224) and network.std == (0.229, 0.224, 0.225)
        assert network.facts["crop_pct"] == 224 / 256 and network.facts["interpolation"] == "bilinear"
        assert network.categories[1] == "goldfish" and len(set(network.categories)) == 1000
    assert_same(network, model)


class Code:
    def __reduce__(self):
        return os.mkdir, ("run_by_a_pickle",)


def test_code_in_a_file_of_weights_that_is_kept_is_never_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    (folder / KEPT).write_bytes(pickle.dumps({"classifier.weight": Code()}, 2))
    with pytest.raises(ValueError, match="is code, not weights|truncated or corrupt"):
        load_network("torchvision.squeezenet1_1")
    assert not (tmp_path / "run_by_a_pickle").exists()


@pytest.mark.parametrize(
    ("name", "tried", "kept"),
    [
        ("test_resnet", "model.safetensors of timm/test_resnet.r160_in1k on the Hugging Face hub", HUB),
        ("torchvision.squeezenet1_1", f"models/{KEPT}", KEPT),
    ],
)
def test_weights_that_cannot_be_had_are_told_in_one_line(tmp_path, name, tried, kept):
    with pytest.raises(FileNotFoundError) as refused:
        load_network(name)
    told = str(refused.value)
    assert tried in told and str(tmp_path / "hub") in told and kept in told and "\n" not in told
    assert "--checkpoint FILE" in told and "--checkpoint untrained" in told


@pytest.mark.parametrize("name", ["test_resnet", "torchvision.squeezenet1_1", "absvit_micro"])
def test_an_untrained_network_follows_its_seed_and_says_what_it_is(name):
    state = torch.random.get_rng_state()
    first, again, other = (load_network(name, "untrained", seed=seed) for seed in (1, 1, 2))
    assert first.weights() == again.weights() != other.weights() and first.weights()[0] == "untrained"
    assert first.facts["untrained"] and (first.seed, other.seed) == (1, 2)
    assert torch.equal(torch.random.get_rng_state(), state)


def test_a_file_has_as_many_classes_as_it_has_and_its_card_names_them(tmp_path):
    card = {"categories": list("abcde"), "seed": 4}
    model = made("test_resnet", num_classes=5)
    sha256 = checkpoints.write(tmp_path / "a.safetensors", model.state_dict(), card)
    network = load_network("test_resnet", tmp_path / "a.safetensors")
    assert_same(network, model)
    assert network.weights() == ("a.safetensors", sha256)
    assert network.categories == tuple("abcde") and network.seed == 4
    model = torchvision.models.squeezenet1_1().eval()
    torch.save(model.state_dict(), tmp_path / "s.pth")
    network = load_network("torchvision.squeezenet1_1", tmp_path / "s.pth")
    assert_same(network, model)
    assert network.categories[0] == "tench" and network.weights()[0] == "s.pth"
    with pytest.raises(ValueError, match="the weights do not fit SqueezeNet"):
        load_network("torchvision.squeezenet1_1", tmp_path / "a.safetensors")


def test_ours_are_loaded_as_they_are(micro):
    network = load_network("absvit_micro")
    assert network.weights() == ("absvit_micro.safetensors", micro.checkpoint_sha256)
    assert network.categories == micro.categories and load_network("absvit_micro", "seed1").seed == 1


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("resnt18", r"unknown model 'resnt18'; the nearest names are resnet18, "),
        ("absvit_mirco", r"unknown model 'absvit_mirco'; the nearest names are absvit_micro, (?!absvit_micro,)"),
        ("resnet18.a9", r"timm has no weights 'resnet18.a9'; it has resnet18.a1_in1k, "),
        ("torchvision.resnt18", r"torchvision has no classifier 'resnt18'; the nearest are resnet18, "),
        ("torchvision.resnet18.V9", r"no weights 'V9' of resnet18; it has IMAGENET1K_V1, "),
        ("vit_small_patch14_reg4_dinov2", "give features, no classes: take another tag"),
    ],
)
def test_names_that_there_are_not_are_refused_with_the_nearest(name, told):
    with pytest.raises(ValueError, match=told):
        load_network(name)


def test_what_a_network_is_not_made_with_is_told():
    assert load_network("test_vit", "untrained", img_size=64, num_classes=3).size == (64, 64)
    with pytest.raises(ValueError, match="no test_resnet can be made with .*'img_size': 64.*: leave that out"):
        load_network("test_resnet", "untrained", img_size=64)
