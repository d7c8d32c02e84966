"""Observers: probes know them by their contract alone; what breaks it is told in one sentence."""

from dataclasses import replace

import displays
import numpy as np
import pytest
import torch

import absvit
import experiments
from absvit.priors import ClassPrior, SpatialPrior
from experiments.live.look import Cue, look
from experiments.observers import Observer, check_observer, load_observers, observer_of
from stimuli.families.objects import CATEGORIES

SIZE = (112, 112)


def leaning(images, priors, iterations, record):
    """Logits of the mean colours, and in later passes twice as much of a class as its prior's gain."""
    logits = images.flatten(2).mean(2).repeat(1, 4)
    logits = logits.expand(1 + iterations, len(priors or [0]), -1, -1).clone()
    for number, prior in enumerate(priors or ()):
        told = torch.nn.functional.one_hot(prior.indices(LEANING).expand(len(images)), 12)
        logits[1:, number] += 2 * (prior.gain or 1) * told
    return logits


LEANING = Observer("leaning", "leans towards a class that it is told", CATEGORIES, SIZE, leaning, kinds=("class",))


@pytest.mark.seconds
def test_models_their_controls_and_those_of_strangers_keep_what_observers_promise():
    for observer in (
        *experiments.OBSERVERS.values(),
        *load_observers("absvit_micro", permuted=True),
        *load_observers("vit_micro"),
        LEANING,
    ):
        check_observer(observer)
    check_observer(absvit.create_model("vit_micro", global_pool="avg", class_token=False).eval())


def changing(images):
    changing.times += 1
    return images.flatten(2).mean(2).repeat(1, 4) + changing.times


changing.times = 0


def beside(images):
    return (images.flatten(2).mean(2) - images.mean()).repeat(1, 4)


def spoiling(images):
    return images.mul_(0.5).flatten(2).mean(2).repeat(1, 4) * 0


def early(images, priors, iterations, record):
    logits = leaning(images, priors, iterations, record)
    logits[0] += logits[-1]
    return logits


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"line": ""}, "says '' of what it is"),
        ({"categories": ()}, "names no categories"),
        ({"categories": ("a",) * 12}, "has two classes 'a'"),
        ({"size": (112,)}, r"has a size of \(112,\)"),
        ({"std": (1.0, 1.0, 0.0)}, "give finite numbers for three channels, std above 0"),
        ({"records": ("glow",)}, "records glow: it can record some of tokens"),
        ({"kinds": ("place",)}, "takes or records place and has no grid"),
        ({"kinds": ("vector",)}, "takes directions and has no width"),
        ({"grid": (14, 14), "layers": 1, "records": ("token_norms",)}, "does not give token_norms"),
        ({"gains": {"class": np.nan}}, "has gains"),
        ({"kinds": (), "look": lambda images: images}, "cannot look, bottom-up .*logits of shape"),
        ({"kinds": (), "look": lambda images: images.flatten(2).mean(2).repeat(1, 4) * np.nan}, "are not finite"),
        ({"kinds": (), "look": lambda images: 1 / 0}, "cannot look, bottom-up .ZeroDivisionError"),
        ({"kinds": (), "look": changing}, "otherwise a second time, bottom-up: its weights change"),
        ({"kinds": (), "look": beside}, "sees a picture otherwise beside others"),
        ({"kinds": (), "look": spoiling}, "changes the images that it is given"),
        ({"look": lambda images, priors, *_: leaning(images, priors, 1, ())}, "where nothing is looked for"),
        ({"look": lambda images, priors, t, _: leaning(images, priors, min(t, 1), ())}, "gives 2 passes, asked for"),
        ({"look": early}, "in iteration 0, which is bottom-up"),
        ({"weights": lambda: None}, "has weights None"),
        ({"weights": lambda: ("", str(np.random.default_rng().random()))}, "changes its weights by looking"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_an_observer_that_breaks_its_promise_is_told_in_one_sentence(changes, told):
    with pytest.raises(ValueError, match=f"^the observer 'leaning' .*{told}") as refused:
        check_observer(replace(LEANING, **changes))
    assert "\n" not in str(refused.value)


@pytest.mark.seconds
def test_a_stranger_s_observer_is_told_what_it_takes_and_looks_bottom_up_else():
    record = experiments.run("object_prior", LEANING, n=6)
    assert record.attrs["prior_kinds"] == '["class"]' and record.attrs["model"] == "leaning"
    logits = record["logits"].isel(iteration=1) - record["logits"].isel(iteration=0)
    told = set(record["prior"].values[(logits != 0).any(["gain", "stimulus", "class"]).values])
    assert told == {"valid", "invalid", "absent"} < set(record["prior"].values)
    assert record["prior_weights"].isnull().all() and record["value_norm"].isnull().all()
    assert len(experiments.summary(record)) > 0


@pytest.mark.seconds
def test_all_probes_show_their_stimuli_to_a_function_of_images():
    plain = Observer("colours", "mean colours", CATEGORIES, SIZE, lambda images: images.flatten(2).mean(2).repeat(1, 4))
    few = {
        "alternation": {"gains": (0.0, 2.0), "onset": 2.0, "seconds": 10.0},
        "corruption_dynamics": {"corruptions": ("contrast",), "severities": (0, 3)},
        "feedback_dynamics": {"passes": 2},
    }
    for name, probe in experiments.PROBES.items():
        shown, changed = displays.given(name, SIZE), probe.parameters(**few.get(name, {}))
        record = experiments.run(probe, plain, shown, n=24, parameters=changed)
        first = record["logits"].isel(prior=slice(1)).values
        assert (record["logits"].values == first).all() and record.attrs["prior_kinds"] == "[]"
        nothing_to_tell = name == "match"  # no strength of a cue that changes nothing
        assert len(experiments.summary(record)) > 0 or nothing_to_tell, name


def test_products_and_controls_of_priors_need_all_their_kinds():
    of_class, of_place = ClassPrior(3), SpatialPrior(torch.ones(14, 14))
    assert LEANING.takes(of_class) and not LEANING.takes(of_class * of_place)
    both = replace(LEANING, kinds=("class", "place"))
    assert both.takes(of_class * of_place) and not both.takes(absvit.priors.ShuffledPrior(of_class))
    assert not both.takes(absvit.priors.PerceptPrior())


def test_observers_that_cannot_stand_in_one_record_are_refused():
    other = replace(LEANING, name="other", categories=CATEGORIES[::-1])
    with pytest.raises(ValueError, match="have the same categories, and those of leaning and other differ"):
        experiments.run("recognition", [LEANING, other], n=2)
    with pytest.raises(ValueError, match="nothing says what pictures Linear takes: give size="):
        experiments.run("recognition", torch.nn.Linear(2, 2), n=2)


def test_an_explorer_s_look_takes_any_observer():
    pictures = np.zeros((1, *SIZE, 3), np.uint8)
    record = look(LEANING, pictures, {"a star": Cue("class", CATEGORIES[3]), "a place": Cue("place")})
    change = record["logits"].diff("iteration").squeeze()
    assert change.sel(prior="a star").argmax() == 3 and not change.sel(prior="a place").any()
    assert set(record.data_vars) == {"logits", "image"}
    model = absvit.load_model("absvit_micro")
    assert observer_of(model).name == "absvit_micro" == look(model, pictures, {"none": Cue()}).attrs["model"]
