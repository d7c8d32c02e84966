"""The attention network probe: what cues say is told as places, and its table says what they are worth."""

import numpy as np
import pytest

from absvit.records.options import Store
from experiments.experiment import run
from experiments.probes import PROBES
from experiments.probes.attention_network import probe as attention_network
from experiments.probes.attention_network.summary import attention_network_summary
from experiments.studies.task import asked, task_of
from experiments.studies.task_check import stimuli_for

PROBE = PROBES["attention_network"]
N, SIDE = 24, 112


@pytest.fixture(scope="module")
def stimuli():
    return stimuli_for(PROBE, N, 3, (SIDE, SIDE), cues=("none", "spatial"))


@pytest.fixture(scope="module")
def record(model, stimuli, tmp_path_factory):
    parameters = attention_network.AttentionNetwork(gains=(2.0,))
    return run(PROBE, model, stimuli, parameters, 5, Store(tmp_path_factory.mktemp("network") / "r.zarr")).load()


def test_two_places_are_two_spotlights(record, stimuli):
    """Gaussians of a tenth of the side, 1 at their centres, at gain 2; on the target's side and opposite."""
    weights = record["prior_weights"].isel(iteration=1, gain=0, drop=True)
    centres = (np.arange(14) + 0.5) * SIDE / 14
    for k in range(N):
        x, y = (float(stimuli[f"object_{of}"].values[k, 0]) for of in ("x", "y"))
        across = np.exp(-((centres - x) ** 2) / (2 * (0.1 * SIDE) ** 2))
        up, down = (np.exp(-((centres - of) ** 2) / (2 * (0.1 * SIDE) ** 2)) for of in (y, SIDE - y))
        np.testing.assert_allclose(weights.sel(prior="place")[k], 2 * np.outer(up, across), atol=2e-3)
        both = 2 * np.maximum(np.outer(up, across), np.outer(down, across))
        np.testing.assert_allclose(weights.sel(prior="both places")[k], both, atol=2e-3)
        np.testing.assert_allclose(weights.sel(prior="diffuse")[k], 2.0, atol=2e-3)


def test_the_table_counts_targets_that_are_named(record, stimuli):
    table = attention_network_summary(record, n=20).set_index(["prior", "congruency"])
    named = record["logits"].isel(iteration=-1, gain=0).argmax("class") == record["class_1"]
    for congruency in ("congruent", "incongruent", "neutral"):
        rows = stimuli["congruency"].values == congruency
        share = {prior: float(named.sel(prior=prior)[rows].mean()) for prior in record["prior"].values.tolist()}
        for prior, value in share.items():
            found = table.loc[(prior, congruency)]
            assert found["reported"] == pytest.approx(value) and found["n"] == rows.sum()
            assert found["benefit"] == pytest.approx(value - share["neutral"])
    assert record["display_cue"].values.tolist() == stimuli["cue"].values.tolist()


def test_sentences_name_the_side_and_the_shape_in_the_middle_is_right(stimuli):
    task, shown = task_of(PROBE), asked(PROBE, stimuli)
    spatial, double = (task.sentences(shown, task.instruction(name)) for name in ("spatial", "double"))
    sides = np.where(stimuli["object_y"].values[:, 0] < SIDE / 2, "above", "below")
    assert [sentence.split()[-1].rstrip(".") for sentence in spatial] == sides.tolist() and len(set(double)) == 1
    assert list(task.answer(shown, task.instruction("none"))) == stimuli["answer"].values.tolist()


def test_a_spotlight_without_width_is_refused():
    with pytest.raises(ValueError, match="width must be in"):
        attention_network.AttentionNetwork(width=0.0)
