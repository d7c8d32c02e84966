"""Any network looks: by name, by object or as a function, bottom-up in every probe."""

import json

import displays
import numpy as np
import pytest
import timm
import torch
import torchvision
from PIL import Image
from small_vit import small_vit
from torch import nn

import absvit
import experiments
from absvit.models import checkpoints
from experiments.__main__ import main
from stimuli.__main__ import main as draw
from stimuli.families.objects import CATEGORIES

SIZE = (64, 64)
FEW = {
    "corruption_dynamics": {"corruptions": ("contrast",), "severities": (0, 3)},
    "feedback_dynamics": {"passes": 2},
}


def cnn(classes=12):
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 6, 3, 2, 1), nn.BatchNorm2d(6), nn.ReLU(), nn.Conv2d(6, 8, 3, 4, 1), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, classes),
    )  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Photographs of three classes of ImageNet's."""
    root, generator = tmp_path_factory.mktemp("photographs"), np.random.default_rng(0)
    for wnid in ("n01440764", "n01443537", "n01484850", "n01491361"):
        (root / wnid).mkdir()
        Image.fromarray(generator.integers(0, 256, (70, 60, 3), np.uint8)).save(root / wnid / "a.png")
    return root


@pytest.mark.parametrize("name", sorted(experiments.PROBES))
def test_a_plain_cnn_looks_bottom_up_in_every_probe(name):
    observer = experiments.observer_of(cnn(), "small", size=SIZE, categories=CATEGORIES)
    probe = experiments.PROBES[name]
    record = experiments.run(
        probe, observer, displays.given(name, SIZE), n=24, parameters=probe.parameters(**FEW.get(name, {}))
    )
    first = record["logits"].isel(prior=slice(1), iteration=slice(1), missing_dims="ignore").values
    assert (record["logits"].values == first).all() and record.attrs["prior_kinds"] == "[]"
    assert len(experiments.summary(record)) > 0 or name == "match"  # no strength of a cue that changes nothing
    if "token_y" in record.sizes:
        assert (record.sizes["token_y"], record.sizes["token_x"]) == observer.grid == (8, 8)


@pytest.mark.seconds
@pytest.mark.parametrize("name", ["resnet18", "torchvision.squeezenet1_1"])
def test_networks_by_name_are_a_word_of_the_command(name, folder, tmp_path):
    out = tmp_path / "r.zarr"
    words = ["bistable", "--model", name, "--checkpoint", "untrained", "--folder", folder, "--n", "2", "--out", out]
    assert main([str(word) for word in words]) == 0
    record = experiments.open_record(out)
    assert record.attrs["model"] == name and record.attrs["checkpoint"] == "untrained"
    assert len(record.attrs["checkpoint_sha256"]) == 64 and record.sizes["class"] == 1000
    assert (record["logits"] == record["logits"].isel(prior=0)).all() and record.sizes["iteration"] == 1


def test_untrained_networks_are_of_seeds_in_turn():
    observers = experiments.load_observers("test_resnet", ["untrained", "untrained"])
    assert [observer.seed for observer in observers] == [0, 1]
    assert len({observer.weights()[1] for observer in observers}) == 2


def test_objects_of_every_kind_look_in_one_line_each():
    torch.manual_seed(0)
    of_torchvision = torchvision.models.shufflenet_v2_x0_5(num_classes=12)
    for model in (of_torchvision, timm.create_model("resnet18", num_classes=12), lambda x: x.mean((2, 3)).repeat(1, 4)):
        observer = experiments.observer_of(model, size=SIZE, categories=CATEGORIES)
        record = experiments.run("recognition", observer, n=2)
        with torch.no_grad():
            logits = (model.eval() if isinstance(model, nn.Module) else model)(observer.images(record["image"].values))
        np.testing.assert_allclose(record["logits"].values.squeeze(), logits, rtol=1e-4, atol=1e-4)


def test_a_lifted_vit_looks_without_a_word_about_it_and_with_its_trained_decoders(tmp_path):
    torch.manual_seed(0)
    lifted = absvit.topdown_from(timm.create_model("test_vit", img_size=64, num_classes=12))
    record = experiments.run("bistable", experiments.observer_of(lifted, categories=CATEGORIES), n=2)
    plain = record["logits"].isel(iteration=0)
    np.testing.assert_allclose(record["logits"].isel(iteration=1), plain.broadcast_like(record["logits"][0]), atol=1e-5)
    assert record["prior_weights"].isel(iteration=1).notnull().all()
    for decoder in lifted.decoders:
        nn.init.normal_(decoder.linear2.weight, std=0.2)
    card = {"lifted": True, "made_with": {"img_size": 64, "num_classes": 12}, "categories": list(CATEGORIES)}
    checkpoints.write(tmp_path / "lifted.safetensors", lifted.state_dict(), card)
    (observer,) = experiments.load_observers("test_vit", [tmp_path / "lifted.safetensors"])
    record = experiments.run("bistable", observer, n=2)
    expected = experiments.run("bistable", experiments.observer_of(lifted, categories=CATEGORIES), n=2)
    np.testing.assert_array_equal(record["logits"], expected["logits"])
    assert abs(record["logits"].diff("iteration")).max() > 1e-3 and record.attrs["model"] == "test_vit"


def test_places_are_those_of_the_readout_or_none():
    no_readout = nn.Sequential(nn.Conv2d(3, 4, 8, 8), nn.Flatten(), nn.Linear(256, 12))
    assert experiments.observer_of(cnn(), size=SIZE).grid == (8, 8)
    assert experiments.observer_of(no_readout, size=SIZE).grid is None
    assert experiments.observer_of(small_vit()).grid == (4, 4)


@pytest.mark.parametrize(
    ("model", "known", "told"),
    [
        (cnn(), {}, "nothing says what pictures Sequential takes: give size=.*observer_of"),
        (cnn(), {"size": SIZE}, "classes of Sequential have no names, and crowding asks for 'disk': give them, categ"),
        (cnn(5), {"size": SIZE, "categories": CATEGORIES}, r"gives \(2, 5\); expected .* = \(2, 12\)"),
        (
            lambda x: x.mean((2, 3)).repeat(1, 4) * np.nan,
            {"size": SIZE, "categories": CATEGORIES},
            "stimulus 0 are not finite, as <lambda> sees it",
        ),
    ],
    ids=["no size", "no categories", "another number of classes", "not finite"],
)
def test_what_a_network_lacks_is_told_in_one_line(model, known, told):
    with pytest.raises(ValueError, match=told) as refused:
        experiments.run("crowding", experiments.observer_of(model, **known), n=12)
    assert "\n" not in str(refused.value)


def test_a_set_of_another_size_is_refused_with_the_remedy(tmp_path):
    draw(["objects", "--n", "2", "--size", "48", "48", "--out", str(tmp_path / "s")])
    observer = experiments.observer_of(cnn(), size=SIZE, categories=CATEGORIES)
    with pytest.raises(ValueError, match=r"have \(y, x\) = \(48, 48\) pixels, the model takes \(64, 64\): .*--resize"):
        experiments.run("recognition", observer, tmp_path / "s")


def test_a_network_that_changes_by_looking_is_found_and_one_in_training_is_left_so():
    class Counting(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("looks", torch.zeros(1))
            self.head = nn.Linear(3, 12)

        def forward(self, images):
            self.looks += 1
            return self.head(images.mean((2, 3))) + self.looks

    known = {"size": SIZE, "categories": CATEGORIES}
    with pytest.raises(ValueError, match=r"Counting changes its own weights by looking \(looks\)"):
        experiments.run("recognition", experiments.observer_of(Counting(), **known), n=2)
    model = cnn().train()
    observer = experiments.observer_of(model, **known)
    experiments.check_observer(observer)
    assert model.training and observer.weights() == ("", checkpoints.digest(model))
    record = experiments.run("recognition", observer, n=2)
    assert json.loads(record.attrs["prior_kinds"]) == [] and model[1].num_batches_tracked == 0
