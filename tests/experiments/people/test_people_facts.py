"""What the published trials are known to say, to the digits that are known, where their files are at hand."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from experiments import measures
from experiments.people import PEOPLE, check_source, trials
from experiments.statistics.phase_statistics import alternation
from experiments.trials import trial_table
from experiments.trials.effects import effect_of
from experiments.trials.item_effects import item_effects
from experiments.trials.trim import Trim

SHARED = Path(__file__).parents[4] / "shared"
FOLDERS = {
    name: SHARED / ("human" if name in ("edge", "cue_conflict", "model_vs_human") else "people") for name in PEOPLE
}
pytestmark = pytest.mark.skipif(not FOLDERS["posner"].is_dir(), reason="the published files are not at hand")
FEW = {"splits": 2}


@pytest.fixture(scope="module")
def read():
    """Trial tables by the name of their source, each read once."""
    kept = {}

    def of(name):
        if name not in kept:
            kept[name] = trials(name, FOLDERS[name])
        return kept[name]

    return of


def test_a_source_keeps_its_promises():
    check_source("edge", FOLDERS["edge"])


@pytest.mark.seconds
def test_posner(read):
    """Medians of all correct trials, whoever's; within people the effects are 31, 31, 24 and 21 ms."""
    table, source = read("posner"), PEOPLE["posner"]
    assert (table["participant"].nunique(), len(table)) == (40, 51_200)
    assert round(table["correct"].mean(), 2) == 0.98
    effects = [source.effect(f"validity at {soa:g} s").by(Trim(), statistic="median") for soa in (0.3, 0.4, 0.5, 0.6)]
    results = [effect_of(table, effect, **FEW) for effect in effects]
    assert [round(1000 * result.pooled) for result in results] == [33, 33, 17, 18]
    assert [round(1000 * result.mean) for result in results] == [31, 31, 24, 21]


@pytest.mark.seconds
def test_attention_network(read):
    """Correct answers between .2 and 1.5 s; with the published exclusions 72 and 70 ms."""
    table, source = read("attention_network"), PEOPLE["attention_network"]
    counted, trim = trial_table.tested(table), Trim(fastest=0.2, slowest=1.5)
    assert (counted["participant"].nunique(), len(counted)) == (522, 75_168)
    found = [effect_of(table, source.effect(name).by(trim), **FEW).mean for name in ("cueing", "conflict")]
    assert [round(1000 * mean) for mean in found] == [71, 70]
    assert round(counted["correct"][trim.counts(counted)].mean(), 3) == 0.969


@pytest.mark.seconds
def test_local_and_global_letters(read):
    """Medians of correct answers above .2 s, the conditions' means over all who have them (six people lack one)."""
    table, source = read("local_global"), PEOPLE["local_global"]
    counted = trial_table.tested(table)
    assert (counted["participant"].nunique(), len(counted)) == (522, 50_112)
    effects = [source.effect(f"conflict, attend {told}") for told in ("global", "local")]
    results = [effect_of(table, effect.by(Trim(fastest=0.2), statistic="median"), **FEW) for effect in effects]
    assert [round(1000 * (result.means[0] - result.means[1])) for result in results] == [206, 139]
    assert [round(1000 * result.mean) for result in results] == [204, 139]
    assert [len(result.left_out) for result in results] == [6, 1] and [result.n for result in results] == [516, 521]
    wrong = counted[counted["conflict"] == "incongruent"].groupby("instruction")["correct"].mean()
    assert wrong.round(2).tolist() == [0.71, 0.82]


@pytest.mark.seconds
def test_instructed_attention(read):
    table, source = read("instructed_attention"), PEOPLE["instructed_attention"]
    assert (table["participant"].nunique(), len(table), table["item"].nunique()) == (30, 38_400, 1_280)
    conflict = table[table["cues"] == "conflict"]
    assert conflict["item"].nunique() == 1_200
    shares = {cue: (conflict["response"] == conflict[cue]).groupby(conflict["instruction"]).mean() for cue in ("shape", "texture")}  # fmt: skip # noqa: E501
    told = pd.DataFrame(shares).loc[["neutral", "attend shape", "attend texture"]]
    assert told["shape"].round(3).tolist() == [0.77, 0.825, 0.324]
    assert told["texture"].round(3).tolist() == [0.033, 0.025, 0.142]
    for cue, reliability in (("shape", 0.49), ("texture", 0.68)):
        other = "texture" if cue == "shape" else "shape"
        result = item_effects(table, source.effect(f"{cue}, attend {cue} - attend {other}"), splits=200)
        assert round(result.reliability, 2) == reliability and result.n == 1_200


@pytest.mark.seconds
def test_perceptual_alternation(read):
    table = read("alternation")
    assert len(table) == 50_547
    found = {name: alternation(table[table["display"] == name]) for name in ("rivalry", "kinetic depth", "Necker cube")}
    people = [
        table[table["display"] == name]["participant"].nunique() for name in PEOPLE["alternation"].conditions["display"]
    ]
    assert people == [8, 11, 5, 6]
    assert [round(of.shape, 1) for of in found.values()] == [2.7, 4.0, 2.3]
    assert [round(of.variation, 2) for of in found.values()] == [0.63, 0.50, 0.71]
    assert [round(of.lag, 2) for of in found.values()] == [0.14, 0.18, 0.13]
    assert [round(of.mixed, 2) for of in found.values()] == [0.03, 0.20, 0.10]
    assert [round(of.history, 2) for of in found.values()] == [-0.27, -0.30, -0.24]
    contrasts = table[(table["display"] == "rivalry at five contrasts") & (table["response"] != "mixed")]
    means = contrasts.groupby("contrast")["duration"].mean()
    assert (round(means[1 / 16], 2), round(means[1], 2)) == (2.38, 1.26) and (np.diff(means) < 0).all()


@pytest.mark.seconds
def test_two_sets_of_model_vs_human(read):
    """Kappas, accuracies and shape bias as the original analysis has them."""
    known = {"edge": ("0.3184", "0.8713"), "cue_conflict": ("0.3311", "0.7755")}
    for name, (kappa, accuracy) in known.items():
        table = read(name)
        names = {"participant": "subj", "response": "object_response", "answer": "category", "item": "imagename"}
        answers = table.drop(columns="trial").rename(columns=names)
        assert f"{measures.mean_error_consistency(answers):.4f}" == kappa
        assert f"{measures.accuracy_by_observer(answers).mean():.4f}" == accuracy
    assert f"{measures.shape_bias(answers).mean():.4f}" == "0.9576"
    both = read("model_vs_human")
    assert both["set"].value_counts().to_dict() == {"cue-conflict": 12_800, "edge": 1_600}
