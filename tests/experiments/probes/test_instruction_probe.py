"""The instruction probe: its sentences are what they are called, and its numbers those of loops."""

from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr

import absvit
from experiments import run
from experiments.observers import load_observers
from experiments.probes import PROBES
from experiments.probes.instruction.probe import InstructionCues
from experiments.probes.instruction.sentences import SAID, levels_of
from experiments.probes.instruction.summary import agreement

pytestmark = pytest.mark.filterwarnings(
    "ignore:sentences are matched", "ignore:.* far from all that", "ignore:n = ", "ignore:.*unbalanced"
)
TRIAL = SimpleNamespace(seed=3)


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """A record, and the file of what else was said."""
    file = tmp_path_factory.mktemp("said") / "said.csv"
    names = load_observers("absvit_micro")[0].categories
    lines = [f"{name},attribute,something like one {name}" for name in names]
    file.write_text("\n".join(["kind,level,sentence", *lines]))
    cues = InstructionCues(
        sentences=str(file), priors=("name", "negation", "place", "name and place", "attribute", "none")
    )
    return run(PROBES["instruction"], load_observers("absvit_micro"), None, cues, 1, n=6), file


def test_sentences_are_what_they_are_called():
    name = "tench, Tinca tinca"
    said = {level: of(name, TRIAL, 5) for level, of in SAID.items()}
    assert said["name"] == name and said["paraphrase"] == "something like a tench"
    assert said["description"].startswith("freshwater dace-like game fish")
    assert sorted(said["shuffled"].split()) == sorted(said["description"].split()) != said["shuffled"].split()
    assert sorted(said["nonsense"]) == sorted("tench") and said["nonsense"] == SAID["nonsense"](name, TRIAL, 5)
    assert SAID["description"]("xqzt", TRIAL, 5) == "xqzt"


def test_what_is_told_are_the_priors_of_each_object(told, micro):
    record, _ = told
    observer = load_observers("absvit_micro")[0]
    names = [observer.categories[k] for k in record["class_2"].values]
    texts = absvit.priors.TextPrior(names)
    seen = absvit.perceive(micro, observer.images(record["image"].values), [texts], 1)
    np.testing.assert_allclose(record["logits"].sel(prior="name 2"), seen.logits[:, 0].detach(), atol=1e-4)
    sides = record["prior_weights"].isel(iteration=1).sel(prior="place 1")
    left = record["x_1"].values < record.sizes["x"] / 2
    for side, weights in zip(left, sides.values, strict=True):
        np.testing.assert_allclose(weights, np.tile(np.repeat([side, not side], 7), (14, 1)), atol=1e-5)
    product = record["prior_weights"].sel(prior=["name 1", "place 1"]).prod("prior", skipna=False)
    both = record["prior_weights"].sel(prior="name and place 1")
    np.testing.assert_allclose(both.isel(iteration=1), product.isel(iteration=1), rtol=1e-4)


def test_agreement_is_the_correlation_of_maps(told):
    last = told[0].isel(iteration=-1)
    found, weights = agreement(last), last["prior_weights"]
    for k in range(last.sizes["stimulus"]):
        each = [
            np.corrcoef(
                *(weights.sel(prior=f"{way} {cue}")[k].values.astype(float).ravel() for way in ("negation", "name"))
            )[0, 1]
            for cue in (1, 2)
        ]
        assert found.sel(prior="negation")[k] == pytest.approx(np.mean(each), abs=1e-5)


def test_the_table_holds_every_way_of_telling(told):
    table = PROBES["instruction"].summarise(told[0], n=50).set_index("told")
    assert set(table.index) == {"none", "name", "negation", "place", "name and place", "attribute"}
    assert table.loc["name", "selection_index"] > 0.9 and table.loc["name", "attention_auc"] > 0.9
    assert np.isnan(table.loc["name", "agreement"]) and np.isnan(table.loc["none", "selection_index"])


def test_a_file_that_does_not_say_what_is_asked_is_refused(told, tmp_path):
    (tmp_path / "odd.csv").write_text("kind,sentence\nstar,something\n")
    with pytest.raises(ValueError, match="expected kind, level, sentence"):
        levels_of(tmp_path / "odd.csv")
    with pytest.raises(ValueError, match="no sentence of the level 'attribute' for the kind 'tench'"):
        levels_of(told[1])["attribute"]("tench", TRIAL, 0)
    for wrong in ({"iterations": 0}, {"gains": (1.0, 1.0)}):
        with pytest.raises(ValueError, match="must"):
            InstructionCues(**wrong)
    with pytest.raises(FileNotFoundError):
        levels_of(tmp_path / "none.csv")


def test_a_record_of_maps_alone_has_a_table():
    """Of stimuli whose classes the observer does not know."""
    dims = ("iteration", "prior", "stimulus", "token_y", "token_x")
    drawn = np.random.default_rng(0).random((2, 2, 3, 2, 4))
    masks = np.zeros((2, 3, 2, 4), np.float32)
    masks[0, ..., :2], masks[1, ..., 2:] = 1, 1
    record = xr.Dataset(
        {"prior_weights": (dims, drawn), "mask_1": (dims[2:], masks[0]), "mask_2": (dims[2:], masks[1])},
        {"prior": ["name 1", "name 2"], "kind": ("prior", ["name", "name"]), "cue": ("prior", [1, 2]),
         "stimulus": np.arange(3)},
        {"model": "own"},
    )  # fmt: skip
    table = PROBES["instruction"].summarise(record, n=20)
    assert "selection_index" not in table and table["attention_auc"].notna().all()
