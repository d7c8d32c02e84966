"""Words that call observers: what they mean, and why one means nothing."""

import json
from dataclasses import replace

import numpy as np
import pytest
import tyro

from absvit.mechanisms import MECHANISMS
from absvit.priors import ClassPrior
from experiments.__main__ import main
from experiments.command_options import ObserverOptions
from experiments.observers import Observer, check_observer, load_observers, named
from experiments.observers.spec import Spec, at_strength, mechanism_of, spec_of
from stimuli.families.objects import CATEGORIES


def test_a_word_names_a_host_a_mechanism_and_its_parameters():
    assert spec_of("torchvision.resnet18.IMAGENET1K_V1") == Spec("torchvision.resnet18.IMAGENET1K_V1")
    assert spec_of("cnn_micro+decision_bias") == Spec("cnn_micro", "decision_bias")
    several = spec_of("cnn_micro+feature_gain:layers=layer3,strength=2,layers=layer4")
    assert several.parameters == {"layers": ("layer3", "layer4"), "strength": ("2",)}


def test_a_word_names_several_mechanisms_in_order_and_no_plus_of_a_number_or_path():
    word = "cnn_micro+feature_gain:stimuli=/a+b,strength=1e+2+evidence_gate+decision_bias:strength=2"
    spec = spec_of(word)
    assert [each.mechanism for each in spec.mechanisms] == ["feature_gain", "evidence_gate", "decision_bias"]
    assert spec.parameters == {"stimuli": ("/a+b",), "strength": ("1e+2",)} and str(spec) == word
    several = mechanism_of(spec_of("a+evidence_gate:strength=4+decision_bias"))
    assert several.name == "evidence_gate+decision_bias" and [m.strength for m in several.mechanisms] == [4, 1]


def test_a_strength_is_a_factor_on_those_of_several_mechanisms():
    assert str(at_strength(spec_of("a+evidence_gate:strength=4"), 0.5)) == "a+evidence_gate:strength=0.5"
    several = at_strength(spec_of("a+evidence_gate:strength=4+decision_bias"), 0.5)
    assert str(several) == "a+evidence_gate:strength=2+decision_bias:strength=0.5"


def test_a_mechanism_is_the_declared_one_with_these_parameters():
    assert mechanism_of(spec_of("vit_micro")) is None
    assert mechanism_of(spec_of("a+decision_bias")) == MECHANISMS["decision_bias"]
    assert mechanism_of(spec_of("a+evidence_gate:strength=-0.5e1")).strength == -5.0


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("", "cannot read ''"),
        ("+decision_bias", r"expected HOST\[\+MECHANISM"),
        ("a+", "such as cnn_micro\\+evidence_gate:strength=2"),
        ("a+decision_bias:", "cannot read"),
        ("a+decision_bias:strength", "cannot read"),
        ("a+decision_bias:strength=1,,", "cannot read"),
        ("a+decision_bais", "no mechanism 'decision_bais': did you mean decision_bias"),
        ("a+decision_bias:power=1", r"decision_bias has no parameter 'power': it has strength \(float\)"),
        ("a+decision_bias:line=1", "no parameter 'line'"),
        ("a+decision_bias:strength=much", "takes strength as float, got much"),
        ("a+decision_bias:strength=1,strength=2", "takes strength as float, got 1 and 2"),
        ("a+decision_bias:strength=inf", "must be a finite number"),
        ("a+decision_bias+evidence_gaet", "no mechanism 'evidence_gaet': did you mean evidence_gate"),
        ("a+spatial_gain+decision_bias", "spatial_gain takes place; decision_bias takes class"),
    ],
)
def test_what_a_word_cannot_mean_is_told_in_one_line(word, told):
    with pytest.raises(ValueError, match=told) as refused:
        mechanism_of(spec_of(word))
    assert "\n" not in str(refused.value)


def names(observers):
    return [(observer.name, observer.seed) for observer in observers]


def test_words_stand_side_by_side_and_share_their_hosts():
    words = ["absvit_micro", "vit_micro+attention_bias:strength=2", "vit_micro+decision_bias"]
    found = load_observers(words, ["default", "seed1"])
    assert names(found) == [(word, seed) for word in words for seed in (0, 1)]
    assert [observer.facts.get("mechanism", {}).get("name") for observer in found[::2]] == [
        None, "attention_bias", "decision_bias",
    ]  # fmt: skip
    assert found[2].facts["mechanism"]["parameters"]["strength"] == 2.0
    assert found[2].weights() == found[4].weights() != found[3].weights()
    assert json.dumps(found[2].facts["mechanism"])
    labelled = load_observers(words[1:], label=["rival", "control"])
    assert names(labelled) == [("rival", 0), ("control", 0)]


def test_one_word_means_what_it_did():
    (found,) = load_observers("absvit_micro", label="ours")
    assert found.name == "ours" and found.course is not None and "mechanism" not in found.facts
    options = ObserverOptions(model="absvit_micro", device="cpu")
    assert options.model == "absvit_micro" and names(options.load()) == [("absvit_micro", 0)]


def test_controls_are_of_those_that_feed_back():
    words = ["absvit_micro", "absvit_micro+feedback:strength=2", "absvit_micro+decision_bias"]
    found = load_observers(words, (), True)
    permuted = ", decoders permuted"
    assert [name for name, _ in names(found) if name.endswith(permuted)] == [
        "absvit_micro" + permuted, "absvit_micro+feedback:strength=2" + permuted,
    ]  # fmt: skip


def colours(images):
    return images.flatten(2).mean(2).repeat(1, 4)


TEMPLATE = Observer("template", "mean colours", CATEGORIES, (112, 112), colours)


def test_what_a_package_brings_is_a_host_if_the_mechanism_needs_logits_alone(monkeypatch):
    told = replace(TEMPLATE, name="told", kinds=("class",))
    monkeypatch.setattr(named, "OBSERVERS", {"template": TEMPLATE, "told": told})
    plain, biased = load_observers(["template", "template+decision_bias:strength=3"])
    images = plain.images(np.zeros((2, 112, 112, 3), np.uint8))
    seen = biased.seen(images, [ClassPrior(3)], 1).logits[:, 0]
    assert (seen[0] == plain.seen(images).logits[0, 0]).all() and (seen[1] - seen[0])[:, 3].tolist() == [3.0, 3.0]
    check_observer(biased)
    for word, why in (
        ("template+evidence_gate", "template"),
        ("template+spatial_gain", "template"),
        ("told+decision_bias", "told is told what to look for in a way of its own"),
    ):
        with pytest.raises(ValueError, match=why):
            load_observers(word)
    with pytest.raises(ValueError, match="template comes as it is: leave out --checkpoint"):
        load_observers(["vit_micro", "template"], ["seed1"])


TWO = ["vit_micro", "absvit_micro"]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"names": ["vit_micro", "vit_micro"]}, "two observers are called 'vit_micro'"),
        ({"names": TWO, "label": ["a", "a"]}, "two observers are called 'a'"),
        ({"names": TWO, "label": "a"}, "expected as many labels as models, 2, got 1: a"),
        ({"names": TWO, "checkpoints": ["w/file.pt"]}, "w/file.pt is the checkpoint of one host"),
        ({"names": ["vit_micro", "nothing+evidence_gat"]}, "no mechanism 'evidence_gat'"),
        ({"names": "vit_mikro"}, "unknown model 'vit_mikro'; the nearest names are .*vit_micro"),
        ({"names": ["vit_micro", "decision_bias"]}, r"decision_bias is a mechanism.*: write HOST\+decision_bias"),
    ],
)
def test_observers_that_cannot_be_had_are_told_in_one_line(given, told):
    with pytest.raises(ValueError, match=told) as refused:
        load_observers(**given)
    assert "\n" not in str(refused.value)


def test_the_command_line_takes_one_word_or_several():
    one = tyro.cli(ObserverOptions, args=["--model", "vit_micro", "--label", "x"])
    assert (one.model, one.label) == ("vit_micro", "x") and tyro.cli(ObserverOptions, args=[]) == ObserverOptions()
    words = ["vit_micro", "vit_micro+evidence_gate:strength=2"]
    several = tyro.cli(ObserverOptions, args=["--model", *words, "--label", "x", "y"])
    assert (several.model, several.label) == (tuple(words), ("x", "y"))


def test_mechanisms_are_listed_and_help_says_the_syntax(capsys):
    assert main(["list"]) == 0
    assert "\nmechanisms of attention, as --model HOST[+MECH" in (listed := capsys.readouterr().out)
    assert all(f"\n{name:20}{line}" in listed for name, line in MECHANISMS.lines().items())
    assert main(["bistable", "--help"]) == 0
    told = " ".join(capsys.readouterr().out.replace("│", " ").split())
    assert "HOST[+MECHANISM" in told and "decision_bias, dimension_gain, evidence_gate" in told
