"""Observers that are told to attend to shape or texture, by a prior that names no category."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from synthetic_pictures import in_conflict
from torch import nn

from absvit.dimensions import Dimensions, write_dimensions
from absvit.images import normalise
from absvit.mechanisms import MECHANISMS
from absvit.networks import network_of
from experiments.observers.told import observer_told
from experiments.people import PEOPLE
from experiments.people_score import answers_of, score
from experiments.probes import PROBES
from experiments.studies.asking import Asking
from experiments.studies.take import take
from experiments.studies.task_check import stimuli_for, stimuli_in_parts

KINDS = ("cat", "dog", "car")
SOURCE = PEOPLE["instructed_attention"]
TUNING = torch.tensor([1.0, -1.0, 0.5])


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    return in_conflict(tmp_path_factory.mktemp("conflicts") / "pictures", KINDS, each=5)


@pytest.fixture(scope="module")
def asking(tmp_path_factory):
    found = Dimensions(TUNING, {"0": TUNING}, {"pictures": 4})
    return Asking(dimensions=str(write_dimensions(found, tmp_path_factory.mktemp("learnt") / "d.safetensors")))


@pytest.fixture(scope="module")
def observer():
    """One that weighs channels of the picture: red tells the shape, green the texture."""
    net = nn.Sequential(nn.Conv2d(3, 3, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 3))
    with torch.no_grad():
        net[0].weight.copy_(4 * torch.eye(3)[..., None, None]), net[0].bias.zero_()
    network = network_of(net.eval().requires_grad_(False), name="net", size=(64, 64), categories=KINDS)
    return observer_told(replace(MECHANISMS["dimension_gain"], layers=("0",)).on(network)), net


def test_the_instruction_is_the_prior(pictures, asking, observer):
    stimuli = stimuli_for(PROBES["cue_conflict"], 24, 0, (64, 64), folder=str(pictures))
    table = take("cue_conflict", stimuli, observers=observer[0], asking=asking)
    told = table.drop_duplicates("instruction").set_index("instruction")["told"]
    assert told.to_dict() == {"neutral": "nothing", "shape": "prior", "texture": "prior"}
    shown = normalise(stimuli["image"].values, (0, 0, 0), (1, 1, 1)).mean((2, 3))
    for name, sign in (("neutral", 0), ("shape", 1), ("texture", -1)):
        p = observer[1][3](4 * shown * (sign * TUNING).exp()).softmax(-1)
        rows = table[table["instruction"] == name]
        np.testing.assert_allclose(rows[[f"p({kind})" for kind in KINDS]], p, rtol=1e-4, atol=1e-5)
    bare = take("cue_conflict", stimuli, observers=observer[0])
    assert set(bare["told"]) == {"nothing", "cannot"}


def test_stimuli_that_are_drawn_in_parts_are_the_same(pictures):
    how = PROBES["cue_conflict"], 24, 3, (64, 64)
    whole, parts = stimuli_for(*how, folder=str(pictures)), stimuli_in_parts(*how, folder=str(pictures))
    assert parts.n == 24
    for first, n in ((0, 20), (20, 4)):
        assert parts.part(first, n).identical(whole.isel(stimulus=slice(first, first + n)))


def test_a_score_tells_what_the_observer_would_be_worth_untold(pictures, asking, observer):
    answers = answers_of(SOURCE.match, [observer[0]], 24, 0, str(pictures), asking)
    assert answers.cannot == {} and set(answers.table["told"]) == {"nothing", "prior"}
    assert set(answers.table["item"]) <= {f"{of.parent.name}/{of.name}" for of in pictures.rglob("*.png")}
    people = answers.table.drop(columns=[f"p({kind})" for kind in KINDS]).assign(kind="person")
    people = pd.concat([people.assign(participant=f"{name} {k}", session="1")
                        for name, people in people.groupby("instruction") for k in range(5)])  # fmt: skip
    people["response"] = [KINDS[k * k % 7 % 3] for k in range(len(people))]
    source = replace(SOURCE, effects=(SOURCE.effects[1],))
    row = score(source, people, answers.table, n=20, splits=5).iloc[1]
    neutral = answers.table[answers.table["instruction"] == "neutral"]
    p = [row_[f"p({row_['texture']})"] for row_ in neutral.to_dict("records")]
    effects = {}
    for item, rows in people.groupby("item"):
        means = (rows["response"] == rows["texture"]).groupby(rows["instruction"]).mean()
        effects[item] = means["attend texture"] - means["attend shape"]
    assert row["r_untold"] == pytest.approx(np.corrcoef(p, [effects[item] for item in neutral["item"]])[0, 1])


def test_a_task_without_dimensions_refuses_them(asking, observer):
    with pytest.raises(ValueError, match="no instruction of the task .* names a dimension"):
        take("object_prior", stimuli_for(PROBES["object_prior"], 2), observers=observer[0], asking=asking)
