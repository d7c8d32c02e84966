"""A trajectory as a dataset: the values of the trajectory, in the words and dims of a record."""

import formula
import numpy as np
import pytest
import timm
import torch

import absvit
from absvit import maps, priors
from absvit.models.perceive import RECORDABLE

MAPS = {
    "prior_weights": maps.prior_weight_map,
    "feedback_norm": maps.feedback_norm_map,
    "value_norm": maps.value_norm_map,
    "token_norm": maps.token_norm_map,
}


@pytest.fixture(scope="module")
def model():
    made = formula.fill(timm.create_model("absvit_micro", depth=3)).requires_grad_(False)
    made.categories = tuple(f"thing {index}" for index in range(made.num_classes))
    return made


@pytest.fixture(scope="module")
def looked(model):
    place = priors.SpatialPrior(torch.rand(14, 14))
    asked = [priors.ClassPrior("thing 3"), place, place, priors.ShuffledPrior(place * priors.LearnedPrior())]
    return absvit.perceive(model, formula.images(2, 0, 112), asked, iterations=2, record=RECORDABLE)


def test_every_map_is_that_of_a_record(looked):
    dataset = looked.to_xarray()
    for name, of in MAPS.items():
        found = dataset[name] if name == "prior_weights" else dataset[name].isel(layer=-3)
        assert found.dims == ("iteration", "prior", "stimulus", "token_y", "token_x")
        expected = of(looked).numpy()
        np.testing.assert_array_equal(found[-len(expected) :], expected)
        assert found[: 3 - len(expected)].isnull().all()
    np.testing.assert_array_equal(dataset["prior_weights_prefix"][1:, ..., 0], looked.prior_weights[..., 0])
    for name in ("logits", "tokens", "attention"):
        np.testing.assert_array_equal(dataset[name], getattr(looked, name))


def test_all_is_labelled(looked):
    dataset = looked.to_xarray()
    assert all({"long_name", "units"} <= variable.attrs.keys() for variable in dataset.variables.values())
    assert dataset["logits"].attrs["long_name"] == "logit of each class"
    assert dataset["prior"].values.tolist() == ["class thing 3", "place 1", "place 2", "place x learned, shuffled"]
    assert dataset["class"].values.tolist()[:2] == ["thing 0", "thing 1"]
    assert dataset["token_x"].values.tolist() == [8 * token + 4 for token in range(14)]
    assert dataset["token_y"].attrs["units"] == "pixel"


def test_a_plain_vit_has_one_pass_and_no_weights():
    vit = formula.fill(timm.create_model("vit_tiny_patch16_224", img_size=32, depth=1)).requires_grad_(False)
    dataset = absvit.perceive(vit, formula.images(1, 0, 32)).to_xarray()
    assert dataset.sizes["iteration"] == 1 and dataset["prior"].item() == "none"
    assert dataset["prior_weights"].isnull().all() and dataset["class"].values[1].startswith("goldfish")


def test_types_that_numpy_lacks_become_single_precision():
    half = timm.create_model("absvit_micro", depth=1).to(torch.bfloat16).eval()
    dataset = absvit.perceive(half, formula.images(1, 0, 112).to(torch.bfloat16), iterations=0).to_xarray()
    assert dataset["logits"].dtype == np.float32
