"""Which weights a record is of: those of a file, or those of a model that was lifted or made in memory."""

import copy
import hashlib

import displays
import pytest
import torch

import absvit
from absvit.models import checkpoints, zoo
from absvit.models.zoo import locations
from experiments.experiment import run
from experiments.live.corrupt import corrupt
from experiments.live.look import Cue, look
from experiments.live.pictures import picture
from experiments.probes import PROBES

MODELS = {
    "a lifted ViT": lambda: absvit.topdown_from(absvit.create_model("vit_micro").eval()),
    "a lifted ViT of a file": lambda: absvit.topdown_from(absvit.load_model("vit_micro", "seed1")),
    "an AbSViT made in memory": lambda: absvit.create_model("absvit_micro").eval(),
}


@pytest.mark.parametrize("kind", MODELS)
@pytest.mark.parametrize("name", [name for name in PROBES if PROBES[name].show is None])
def test_every_probe_takes_models_of_no_file(name, kind):
    model = MODELS[kind]()
    record = run(name, model, displays.given(name, n=2), n=2, seed=5)
    assert record.attrs["checkpoint_sha256"] == checkpoints.digest(model)
    assert record.attrs["checkpoint"] == ("vit_micro.seed1.safetensors" if kind == "a lifted ViT of a file" else "")
    assert len(record["class"]) == 12 and record["class"].values[0] == "disk"


@pytest.mark.seconds
def test_weights_are_told_apart_by_all_that_they_hold():
    torch.manual_seed(0)
    model = absvit.create_model("absvit_micro")
    found = checkpoints.digest(model)
    expected = hashlib.sha256()
    for name, tensor in model.state_dict().items():
        expected.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode() + tensor.numpy().tobytes())
    assert found == expected.hexdigest() == checkpoints.digest(copy.deepcopy(model))
    with torch.no_grad():
        model.head.bias[0] += 1e-7
    assert checkpoints.digest(model) != found
    with torch.device("meta"):
        assert checkpoints.digest(absvit.create_model("absvit_micro")) == ""
    assert len(checkpoints.digest(model.bfloat16())) == 64


def test_a_lifted_model_keeps_what_is_known_of_its_vit():
    vit = absvit.load_model("vit_micro")
    model = absvit.topdown_from(vit)
    assert (model.checkpoint, model.card, model.categories) == (vit.checkpoint, vit.card, vit.categories)
    assert model.categories[0] == "disk" and len(model.categories) == 12
    assert checkpoints.identity(vit) == ("vit_micro.safetensors", vit.checkpoint_sha256)
    assert checkpoints.identity(model) == ("vit_micro.safetensors", checkpoints.digest(model))
    assert checkpoints.identity(absvit.topdown_from(vit)) != checkpoints.identity(model)  # another prompt
    again = copy.deepcopy(model)
    assert checkpoints.identity(again) == checkpoints.identity(model)
    assert locations.bundled("vit_micro").exists() and zoo.status("vit_micro") == "bundled"


def test_views_of_single_pictures_take_them_too():
    model = absvit.topdown_from(absvit.create_model("vit_micro").eval())
    shown = picture("halves", 3, model)
    assert look(model, shown, {"disk": Cue("class", "disk")}).attrs["checkpoint_sha256"] == checkpoints.digest(model)
    assert corrupt({"one": model}, {"one": shown}, "fog").attrs["checkpoint_sha256"] == checkpoints.digest(model)
