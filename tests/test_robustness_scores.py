"""Scores of robustness: closed forms, torchmetrics, scipy's bootstrap and AlexNet's own numbers."""

import numpy as np
import pandas as pd
import pytest
import torch
import xarray as xr
from scipy import stats
from torchmetrics.classification import MulticlassCalibrationError
from torchvision.models import AlexNet_Weights

from absvit.robustness import scores, tables
from absvit.robustness.classes import wnids
from absvit.robustness.scores import ALEXNET_CLEAN_ERROR, ALEXNET_ERRORS, BENCHMARK, SEVERITIES


def test_alexnets_own_errors_give_100():
    plain, relative = scores.corruption_errors(ALEXNET_ERRORS, ALEXNET_CLEAN_ERROR)
    assert plain == 100
    assert relative == pytest.approx(100, abs=1e-10)
    assert set(ALEXNET_ERRORS) == set(BENCHMARK)
    halved, none = scores.corruption_errors({name: error / 2 for name, error in ALEXNET_ERRORS.items()})
    assert halved == pytest.approx(50) and np.isnan(none)


def test_alexnets_clean_error_is_torchvisions():
    right = AlexNet_Weights.IMAGENET1K_V1.meta["_metrics"]["ImageNet-1K"]["acc@1"]
    assert pytest.approx(1 - right / 100, abs=1e-9) == ALEXNET_CLEAN_ERROR


def test_accuracy_interval_is_the_bootstraps():
    for right, n in ((0, 5), (5, 5), (3, 40), (700, 1000)):
        values = np.arange(n) < right
        low, high = scores.accuracy_interval(right, n)
        drawn = np.random.default_rng(0).choice(values, (20000, n)).mean(1)
        assert (low, high) == pytest.approx(np.quantile(drawn, [0.025, 0.975]), abs=1.001 / n)


def test_mean_interval_is_the_bootstraps():
    values = np.random.default_rng(1).gamma(2, size=60)
    low, high = scores.mean_interval(values)
    drawn = np.random.default_rng(2).choice(values, (20000, 60)).mean(1)
    assert (low, high) == pytest.approx(np.quantile(drawn, [0.025, 0.975]), abs=0.03)
    assert scores.mean_interval(np.full(4, 0.25)) == (0.25, 0.25)


def test_calibration_error_is_torchmetrics():
    probabilities = torch.from_numpy(np.random.default_rng(0).dirichlet(np.ones(4), 500))
    target = torch.from_numpy(np.random.default_rng(1).integers(0, 4, 500))
    confidence, said = (values.numpy() for values in probabilities.max(1))
    expected = MulticlassCalibrationError(4, n_bins=15)(probabilities, target)
    ours = scores.calibration_error(confidence, said == target.numpy())
    assert ours == pytest.approx(float(expected), abs=1e-6)
    assert scores.calibration_error(np.array([1.0, 1.0]), np.array([1, 1])) == 0


def made_record(classes, right, model="absvit_tiny_patch16_224"):
    """A record of clean pictures and 15 x 5 corruptions of them; right(suite, severity, n) says which are correct."""
    n, shown = 40, [("clean", 0), *((f"imagenet_c/{name}", s) for name in BENCHMARK for s in SEVERITIES)]
    suites = list(dict.fromkeys(suite for suite, _ in shown))
    correct = np.concatenate([right(suite, severity, n) for suite, severity in shown]).astype(np.int8)
    of_stimulus = {
        "condition": np.repeat(np.arange(len(shown)), n),
        "shown_suite": np.repeat([suites.index(suite) for suite, _ in shown], n),
        "shown_severity": np.repeat([severity for _, severity in shown], n),
        "target": np.tile(np.arange(n) % 3, len(shown)),
        "done": np.ones(len(correct), np.int8),
    }
    data = {
        name: (("iteration", "stimulus"), correct[None].astype(float)) for name in ("in_top5", "loss", "confidence")
    } | {"correct": (("iteration", "stimulus"), correct[None])}
    data |= {name: ("stimulus", values) for name, values in of_stimulus.items()}
    coordinates = {"iteration": [1], "suite": suites, "severity": [0, *SEVERITIES], "class": list(classes)}
    record = xr.Dataset(data, coordinates, {"model": model})
    return record.merge(scores.scores(record))


def generator_of(suite, severity):
    return np.random.default_rng([len(suite), severity])


def test_mce_and_its_interval_against_a_plain_loop():
    def right(suite, severity, n):
        return generator_of(suite, severity).random(n) < 0.9 - 0.1 * severity

    record = made_record(wnids(), right)
    by_picture, errors, plain = np.zeros(40), [], []
    for name in BENCHMARK:
        wrong = [1 - right(f"imagenet_c/{name}", severity, 40).astype(float) for severity in SEVERITIES]
        plain.append(np.mean(wrong))
        errors.append(np.mean(wrong) / ALEXNET_ERRORS[name])
        by_picture += np.sum(wrong, 0) / ALEXNET_ERRORS[name]
    assert record["mce"].item() == pytest.approx(100 * np.mean(errors))
    assert record["mce_low"].item() < record["mce"].item() < record["mce_high"].item()
    drawn = np.random.default_rng(3).choice(100 * by_picture / 75, (20000, 40)).mean(1)
    ends = (record["mce_low"].item(), record["mce_high"].item())
    assert ends == pytest.approx(np.quantile(drawn, [0.025, 0.975]), abs=0.4)
    assert record["corrupted_error"].item() == pytest.approx(
        np.mean([e * a for e, a in zip(errors, map(ALEXNET_ERRORS.get, BENCHMARK), strict=True)])
    )
    assert record["corrupted_error"].item() == pytest.approx(np.mean(plain))
    clean, alexnet = 1 - right("clean", 0, 40).mean(), [ALEXNET_ERRORS[name] for name in BENCHMARK]
    gains = [(error - clean) / (theirs - ALEXNET_CLEAN_ERROR) for error, theirs in zip(plain, alexnet, strict=True)]
    assert record["relative_mce"].item() == pytest.approx(100 * np.mean(gains))


def test_only_imagenet_is_measured_in_percent_of_alexnets_errors():
    record = made_record(("a", "b", "c"), lambda *_: np.arange(40) < 10)
    assert record["mce"].isnull().all() and record["corrupted_error"].item() == 0.75
    table = tables.profile(record)
    assert table["mce"].isnull().all() and table["published"].isnull().all()


def test_published_numbers_stand_beside_only_where_there_are_some():
    table = tables.profile(made_record(wnids(), lambda *_: np.arange(40) < 10)).set_index("suite")
    assert table.loc["clean", "published"] == 74.1 and table.loc["imagenet_c", "published"] == 66.7
    assert table["published"].notna().sum() == 2
    assert table.loc["imagenet_c/fog", "mce"] == pytest.approx(75 / 0.819324)
    assert table.loc["imagenet_c", "mce"] == pytest.approx(100 * np.mean([0.75 / e for e in ALEXNET_ERRORS.values()]))
    other = tables.profile(made_record(wnids(), lambda *_: np.arange(40) < 10, "tf_efficientnet_lite0"))
    assert other["published"].isnull().all()
    text = tables.table_text(other)
    assert "published" not in text and text.iloc[0]["top1"].startswith("25.0 [")


def test_an_incomplete_record_has_no_table():
    record = made_record(("a", "b", "c"), lambda *_: np.arange(40) < 10)
    record["done"][3] = 0
    with pytest.raises(ValueError, match="go on with --resume"):
        tables.profile(record)


def test_intervals_over_seeds_are_students():
    values = {"m": (70.0, 74.0, 72.0), "k": (60.0,)}
    profiles = [
        pd.DataFrame([{"model": name, "suite": "clean", "iteration": 0, "top1": value}])
        for name, several in values.items()
        for value in several
    ]
    table = tables.over_seeds(profiles).set_index("model")
    half = stats.ttest_1samp(values["m"], 0).confidence_interval(0.95)
    assert table.loc["m", ["seeds", "top1", "top1_low", "top1_high"]].tolist() == pytest.approx(
        [3, 72, half.low, half.high]
    )
    assert table.loc["k", "top1"] == 60 and np.isnan(table.loc["k", "top1_low"])
    assert tables.table_text(tables.over_seeds(profiles))["top1"].tolist()[1] == "60.0"
