"""Observers that look by the mechanisms of vision transformers; feedback is what an AbSViT does by itself."""

import numpy as np
import pytest
from small_vit import tiny_absvit, tiny_vit

from absvit.mechanisms import MECHANISMS
from experiments.experiment import run
from experiments.observers import observer_of, permuted_decoders
from experiments.observers.check import check_observer
from experiments.probes.bistable.probe import Bistable

FEEDBACK = MECHANISMS["feedback"]


@pytest.mark.parametrize("name", ["attention_bias", "evidence_gate", "feedback"])
@pytest.mark.parametrize("model", [tiny_vit(), tiny_absvit()], ids=["ViT", "AbSViT"])
def test_they_keep_what_observers_promise(model, name):
    check_observer(observer_of(model, mechanism=MECHANISMS[name]))


@pytest.mark.parametrize("changed", [lambda model: model, permuted_decoders], ids=["trained", "permuted"])
def test_by_feedback_an_absvit_leaves_the_same_record_as_by_itself(micro, changed):
    model = changed(micro)
    observers = [observer_of(model, "itself"), observer_of(model, "told", mechanism=FEEDBACK)]
    record = run("bistable", observers, parameters=Bistable(priors=("none", "class", "shuffled class")), n=2)
    of_models = {name: values for name, values in record.items() if "model" in values.dims}
    assert of_models.keys() >= {"logits", "prior_weights", "feedback_norm", "class_attention"}
    for values in of_models.values():
        np.testing.assert_array_equal(*(values.sel(model=name) for name in ("itself", "told")))
