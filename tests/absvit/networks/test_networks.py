"""Networks: any classifier of images, its layers and its readout, against hooks and the libraries' own parts."""

import copy

import pytest
import timm
import torch
from small_vit import small_vit
from torch import nn

import absvit
from absvit.networks import Network, layer_named, network_of, readout_of

SIZE = (24, 16)


def small_cnn(classes=5):
    """Four by four places of 24 x 16 pixels, eight channels."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 6, 3, 2, 1), nn.BatchNorm2d(6), nn.ReLU(), nn.Conv2d(6, 8, 3, 2, 1), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(), nn.Linear(8, classes),
    ).eval()  # fmt: skip


def seen(layer, look, images):
    """What a layer gives while a network looks."""
    kept = []
    hook = layer.register_forward_hook(lambda module, given, gave: kept.append(gave))
    look(images)
    hook.remove()
    return kept[-1]


def assert_reads(network, features):
    """The readout's places are these, and pooled and classified they are the logits."""
    readout, images = readout_of(network), network.picture(3)
    with torch.no_grad():
        tokens, logits = readout.look(images)
        torch.testing.assert_close(tokens, features(images), rtol=0, atol=0)
        torch.testing.assert_close(logits, network.logits(images), rtol=0, atol=0)
        torch.testing.assert_close(readout.classify(readout.read(tokens)), logits, rtol=1e-4, atol=1e-6)
    assert tokens.shape[1] == readout.prefix + readout.grid[0] * readout.grid[1]
    assert readout.weight.shape == (network.num_classes, tokens.shape[2])
    return readout


def test_a_bare_sequential_is_read_at_its_last_map_of_places():
    model = small_cnn()
    network = network_of(model, size=SIZE, categories="abcde")
    readout = assert_reads(network, lambda images: model[:5](images).flatten(2).transpose(1, 2))
    assert readout.grid == (6, 4) and readout.prefix == 0 and readout.pooled
    assert torch.equal(readout.weight, model[-1].weight)
    assert network.categories == tuple("abcde") and network.size == SIZE and network.name == "Sequential"


@pytest.mark.parametrize("name", ["test_resnet", "test_efficientnet", "test_convnext", "test_nfnet", "test_maxvit"])
def test_networks_of_timm_are_read_as_timm_does(name):
    torch.manual_seed(0)
    model = timm.create_model(name, num_classes=7).eval()
    network = network_of(model)
    readout = assert_reads(network, lambda images: model.forward_features(images).flatten(2).transpose(1, 2))
    assert readout.grid == (5, 5) and readout.pooled and network.name == name and network.size == (160, 160)
    with torch.no_grad():
        torch.testing.assert_close(network.logits(network.picture()), model(network.picture()), rtol=0, atol=0)


def test_places_of_networks_with_channels_last_are_found():
    torch.manual_seed(0)
    sizes = {"patch_size": 2, "embed_dim": 8, "depths": (1, 1), "num_heads": (1, 2), "window_size": 4}
    model = timm.models.SwinTransformer(img_size=32, num_classes=5, **sizes).eval()
    network = network_of(model, size=(32, 32))
    assert assert_reads(network, lambda images: model.forward_features(images).flatten(1, 2)).grid == (8, 8)
    assert network.layouts["norm"].channel == 3 and network.layouts["norm"].channels == 16


@pytest.mark.parametrize(
    "changes",
    [{}, {"global_pool": "avg"}, {"global_pool": "avg", "class_token": False}, {"reg_tokens": 2}],
    ids=["class token", "mean", "mean alone", "registers"],
)
def test_vits_are_read_after_their_final_norm(changes):
    torch.manual_seed(0)
    model = small_vit(**changes).eval()
    with torch.no_grad():
        for parameter in model.fc_norm.parameters():
            parameter.uniform_(0.5, 2)
    network = network_of(model)
    readout = assert_reads(network, model.forward_features)
    assert readout.prefix == model.num_prefix_tokens and readout.pooled == ("global_pool" in changes)
    assert readout.grid == (4, 4)
    weight = model.head.weight if isinstance(model.fc_norm, nn.Identity) else model.head.weight * model.fc_norm.weight
    assert torch.equal(readout.weight, weight)


def test_an_absvit_is_the_network_of_its_bottom_up_pass(micro):
    lifted = absvit.topdown_from(small_vit())
    nn.init.normal_(lifted.decoders[0].linear2.weight)
    for model in (copy.deepcopy(micro).double(), lifted.double()):  # both ways round differently
        network = network_of(model)
        expected = absvit.perceive(model, network.picture(), iterations=0, record=("tokens",))
        tokens, logits = readout_of(network).look(network.picture())
        torch.testing.assert_close(logits, expected.logits[0, 0], rtol=1e-9, atol=1e-10)
        torch.testing.assert_close(tokens, expected.tokens[0, 0], rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize(
    "head",
    [
        nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 5)),
        nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Tanh(), nn.Linear(8, 5)),
        nn.Sequential(nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(8, 5)),
        nn.Sequential(nn.Flatten(), nn.Linear(8 * 24, 5)),
    ],
    ids=["two layers", "tanh", "maximum", "no pooling"],
)
def test_a_head_that_is_not_linear_after_a_mean_of_places_has_no_readout(head):
    network = network_of(nn.Sequential(*small_cnn()[:5], head), size=SIZE)
    assert network.readout is None
    with pytest.raises(ValueError, match="^the head of Sequential is not linear after a mean over places"):
        readout_of(network)


def test_pictures_that_are_one_place_to_the_last_layers_are_told_as_too_small():
    layers = [nn.Sequential(nn.Conv2d(3, 3, 1), nn.ReLU()) for _ in range(30)]
    network = network_of(nn.Sequential(nn.AvgPool2d(8), *layers, nn.Flatten(), nn.Linear(3, 5)), size=(8, 8))
    with pytest.raises(ValueError, match="^8 x 8 pixels are one place to the last layers of Sequential"):
        readout_of(network)


def test_a_linear_layer_and_a_normalisation_before_the_classifier_are_part_of_its_rows():
    head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.BatchNorm1d(8), nn.Linear(8, 8), nn.Linear(8, 5))
    head[2].running_var.uniform_(0.5, 2)
    network = network_of(nn.Sequential(*small_cnn()[:5], head), size=SIZE)
    readout, pooled = readout_of(network), torch.randn(2, 8)
    change = readout.classify(pooled) - readout.classify(torch.zeros(1, 8))
    torch.testing.assert_close(change, pooled @ readout.weight.T, rtol=1e-4, atol=1e-5)


def test_layers_are_what_hooks_see_once_a_pass_in_order():
    shared = nn.ReLU()
    model = nn.Sequential(nn.Conv2d(3, 6, 3, 2, 1), shared, nn.Conv2d(6, 8, 3, 2, 1), shared, *small_cnn()[5:])
    network = network_of(model, size=SIZE)
    assert network.layers == ("0", "2", "4")  # not the one of two calls, and what comes without places
    layout = network.layouts["2"]
    assert tuple(seen(model[2], network.logits, network.picture()).shape[1:]) == layout.shape == (8, 6, 4)
    assert (layout.channel, layout.places, layout.channels) == (1, (2, 3), 8)
    tokens = network_of(small_vit()).layouts["blocks.1"]
    assert (tokens.channel, tokens.places, tokens.shape) == (2, (1,), (17, 16))


def test_a_layer_that_there_is_not_is_refused_with_the_nearest():
    network = network_of(timm.create_model("test_resnet", num_classes=5))
    assert layer_named(network, "layer3.0.conv1") is network.module.layer3[0].conv1
    with pytest.raises(ValueError, match="no layer 'layer3.0.cnv1' .* the nearest are layer3.0.conv1"):
        layer_named(network, "layer3.0.cnv1")
    with pytest.raises(ValueError, match="it is a function"):
        layer_named(network_of(lambda images: images.flatten(2).mean(2), size=SIZE), "layer3")


def test_a_function_is_a_network_without_layers_or_readout():
    network = network_of(lambda images: images.flatten(2).mean(2), size=SIZE, categories=("red", "green", "blue"))
    assert network.layers == () and network.readout is None and network.weights() == ("", "")
    assert network_of(network) is network
    with pytest.raises(ValueError, match="is a function: nothing is known of its places"):
        readout_of(network)


def test_looking_changes_nothing_of_a_network_in_training():
    model = small_cnn().train()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    network = network_of(model, size=SIZE)
    readout_of(network).look(network.picture())
    assert model.training and all(module.training for module in model)
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


@pytest.mark.parametrize(
    ("model", "known", "told"),
    [
        (small_cnn(), {}, r"nothing says what pictures Sequential takes: give size="),
        (nn.Linear(2, 2), {"size": SIZE}, r"Linear does not classify pictures .*RuntimeError: "),
        (nn.Conv2d(3, 4, 3), {"size": SIZE}, r"Conv2d gives \(2, 4, 22, 14\); expected a tensor of logits"),
        (lambda images: {"out": images}, {"size": SIZE}, "gives dict; expected a tensor of logits"),
        (timm.create_model("test_resnet", num_classes=0), {}, "test_resnet has no classes: it gives features"),
        ("resnet18", {}, "expected a network, a module or a function of images, got str"),
    ],
    ids=["no size", "no classifier", "maps", "a dictionary", "features", "a word"],
)
def test_what_is_no_classifier_is_refused_in_one_line(model, known, told):
    with pytest.raises(ValueError, match=told) as refused:
        network_of(model, **known)
    assert "\n" not in str(refused.value)


def test_images_and_logits_of_another_size_are_refused():
    network = network_of(small_cnn(), size=SIZE)
    with pytest.raises(ValueError, match=r"takes images .* of 24 x 16 pixels, got \(1, 3, 16, 24\): resize them"):
        network.logits(torch.zeros(1, 3, 16, 24))
    with pytest.raises(ValueError, match=r"gives \(1, 5\); expected .* = \(1, 4\)"):
        network_of(small_cnn(), size=SIZE, categories="abcd").logits(torch.zeros(1, 3, *SIZE))


def test_what_a_network_is_given_is_what_it_knows():
    network = Network("mine", lambda images: images, ("a",), SIZE)
    assert network.device == torch.device("cpu") and network.layers == () and network.num_classes == 1


@pytest.mark.parametrize("size", [32, (32, 0), (16, 16, 3)])
def test_a_size_is_height_and_width(size):
    with pytest.raises(ValueError, match="two whole numbers above 0"):
        network_of(small_cnn(), size=size)


class Learner(nn.Module):
    """Goes on learning in eval mode."""

    def __init__(self, replaces):
        super().__init__()
        self.bias, self.replaces = nn.Parameter(torch.zeros(5), requires_grad=False), replaces

    def forward(self, images):
        if self.replaces:
            self.bias = nn.Parameter(self.bias + 1)
        else:
            self.bias += 1
        return images.mean((1, 2, 3))[:, None] + self.bias


@pytest.mark.parametrize("replaces", [False, True])
def test_a_network_that_changes_its_weights_by_looking_is_refused(replaces):
    network = network_of(Learner(replaces), size=(16, 16), categories=list("abcde"))
    with pytest.raises(ValueError, match=r"changes its own weights by looking \(bias\)"):
        network.logits(network.picture())
