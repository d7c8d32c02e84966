"""What users call shows how, and the examples of docstrings run and give what they say."""

import doctest
import importlib
import inspect
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

ALWAYS = ("absvit", "absvit.priors", "absvit.models.maps", "absvit.records", "stimuli", "experiments")
PAGES = (*ALWAYS, "experiments.figures", "experiments.measures", "stimuli.designs")
LACKING = {  # what is for those who extend the toolkit, whose checks show how
    "absvit.records": {"Damaged", "Record", "begin", "join"},
    "experiments": {"check_probe", "take_study"},
}
SEEN = (
    "tokens", "token_norms", "value_norms", "attention", "class_attention", "feedback", "feedback_norms",
    "class_activation",
)  # fmt: skip
PICTURES = ("dog1-cat2.png", "cat1-bird2.png", "dog3-bird1.png", "cat3-dog2.png")
ANSWERS = {"subject-01": ("dog", "cat", "dog", "dog"), "vit_micro": ("dog", "cat", "bird", "bird")}


def public(page):
    """Functions and classes that a page names, by name."""
    module = importlib.import_module(page)
    named = ((name, getattr(module, name)) for name in module.__all__)
    return {name: found for name, found in named if inspect.isroutine(found) or inspect.isclass(found)}


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    """What examples take as given, as the page of ``absvit`` says, in a folder that holds the record."""
    import absvit
    import experiments
    import stimuli
    from absvit import maps, priors
    from absvit.images import normalise
    from experiments import measures

    folder = tmp_path_factory.mktemp("examples")
    model = absvit.load_model("absvit_micro")
    drawn = stimuli.draw("halves", n=4, seed=0)
    images = normalise(drawn["image"].values, model.pretrained_cfg["mean"], model.pretrained_cfg["std"])
    cues = [priors.LearnedPrior(), priors.ClassPrior(drawn["object_class"].values[:, 0])]
    record = experiments.run("bistable", model, n=4, out=folder / "bistable.zarr")
    trials = pd.DataFrame(
        {"subj": subject, "condition": "0", "category": picture[:3], "object_response": answer, "imagename": picture}
        for subject, answers in ANSWERS.items()
        for picture, answer in zip(PICTURES, answers, strict=True)
    )
    return folder, {
        "np": np, "xr": xr, "Path": Path, "absvit": absvit, "experiments": experiments, "maps": maps, "model": model,
        "measures": measures, "priors": priors, "stimuli": stimuli, "images": images, "record": record,
        "seen": absvit.perceive(model, images, cues, record=SEEN), "trials": trials,
    }  # fmt: skip


@pytest.mark.parametrize("page", ALWAYS)
def test_what_users_call_has_an_example(page):
    without = {name for name, found in public(page).items() if ">>>" not in (inspect.getdoc(found) or "")}
    assert without == LACKING.get(page, set())


@pytest.mark.parametrize("page", PAGES)
def test_examples_give_what_they_say(page, given, monkeypatch):
    folder, names = given
    monkeypatch.chdir(folder)
    runner = doctest.DocTestRunner(verbose=False, optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    said: list[str] = []
    for name, found in public(page).items():
        for example in doctest.DocTestFinder().find(found, name, globs=names):
            runner.run(example, out=said.append)
    assert runner.tries and not runner.failures, "".join(said)
