"""Measures beside the field's own packages: psignifit, scikit-learn and rsatoolbox."""

import builtins

import numpy as np
import psignifit
import pytest
import xarray as xr
from rsatoolbox.data import Dataset
from rsatoolbox.rdm import calc_rdm, compare
from sklearn.metrics import cohen_kappa_score, roc_auc_score

from experiments import measures
from experiments.measures.consistency import cohens_kappa
from experiments.statistics.psychometric import Sigmoid


@pytest.mark.parametrize("shape", ["normal", "logistic"])
@pytest.mark.parametrize("correct", [(21, 22, 27, 33, 36, 39, 40), (20, 24, 25, 31, 38, 38, 40)])
def test_psychometric_fit_is_psignifits_most_likely_one(correct, shape):
    levels, trials = np.linspace(-1.5, 1.5, 7), np.full(7, 40)
    theirs = psignifit.psignifit(
        np.stack([levels, correct, trials], 1), sigmoid={"normal": "norm"}.get(shape, shape), experiment_type="2AFC",
        fixed_parameters={"lambda": 0.02, "eta": 1e-6},
    )  # fmt: skip
    sigmoid = Sigmoid(0.5, 0.02, shape, lapses=(0.02, 0.02))
    ours = measures.fit_psychometric(levels, np.array(correct), trials, sigmoid)
    assert ours.threshold == pytest.approx(theirs.parameter_estimate["threshold"], abs=1e-3)
    assert ours.width == pytest.approx(theirs.parameter_estimate["width"], abs=1e-3)
    low, high = measures.psychometric_intervals(ours)["threshold"]
    expected = theirs.confidence_intervals["threshold"]["0.95"]
    assert (low, high) == pytest.approx(tuple(expected), abs=0.15 * (expected[1] - expected[0]))


def test_areas_under_the_curve_are_scikit_learns():
    generator = np.random.default_rng(3)
    values, signal = generator.integers(0, 6, (5, 30)).astype(float), generator.random((5, 30)) < 0.4
    ours = measures.roc_auc(values, signal, ~signal)
    assert ours == pytest.approx([roc_auc_score(truth, score) for truth, score in zip(signal, values, strict=True)])


def test_values_that_differ_in_the_tenth_digit_are_no_tie():
    values = 1 + np.random.default_rng(3).permutation(40).reshape(2, 20) * 1e-10
    signal = np.arange(20) % 3 == 0
    ours = measures.roc_auc(values, signal, ~signal)
    assert ours.tolist() == pytest.approx([roc_auc_score(signal, score) for score in values], abs=1e-12)


def test_kappa_of_two_alternatives_is_scikit_learns():
    generator = np.random.default_rng(5)
    a, b = (generator.random((2, 400)) < 0.7).astype(int)
    assert cohens_kappa(a, b) == pytest.approx(cohen_kappa_score(a, b))


def recorded():
    features = np.random.default_rng(4).normal(size=(3, 2, 10, 6))
    coordinates = {"iteration": [0, 1, 2], "layer": [0, 3]}
    return xr.Dataset(
        {"features": (("iteration", "layer", "stimulus", "feature"), features)}, coordinates
    ).assign_coords(stimulus=np.arange(10))


def test_dissimilarities_and_their_comparison_are_rsatoolboxs():
    record = recorded()
    blocks = record["features"].values
    theirs = [calc_rdm(Dataset(blocks[k, 1]), method="correlation") for k in (0, 2)]
    assert measures.rdm(blocks[0, 1]) == pytest.approx(theirs[0].dissimilarities[0])
    assert measures.rsa(blocks[0, 1], blocks[2, 1]) == pytest.approx(compare(*theirs, method="spearman").item())
    ours = measures.rsatoolbox_rdms(record)
    assert ours.n_rdm == 6 and ours.n_cond == 10
    chosen = ours.subset("iteration", 2).subset("layer", 3)
    assert chosen.dissimilarities[0] == pytest.approx(theirs[1].dissimilarities[0])


def test_without_rsatoolbox_its_extra_is_named(monkeypatch):
    installed = builtins.__import__

    def without(name, *arguments):
        if name.startswith("rsatoolbox"):
            raise ModuleNotFoundError(name)
        return installed(name, *arguments)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'absvit\[rsa\]'"):
        measures.rsatoolbox_rdms(recorded())
