"""Scores of robustness: closed forms, torchmetrics, scipy's bootstrap and AlexNet's own numbers."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
import xarray as xr
from scipy import stats
from torchmetrics.classification import MulticlassCalibrationError
from torchvision.models import AlexNet_Weights

from absvit.records.seeds import proportion_interval
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


@pytest.mark.parametrize(("right", "n"), [(0, 5), (5, 5), (3, 40), (700, 1000)])
def test_accuracy_interval_is_wilsons(right, n):
    z, p = stats.norm.ppf(0.975), right / n
    for end in proportion_interval(right, n):  # Wilson's ends are the shares from which p is z errors away
        assert (p - end) ** 2 == pytest.approx(z**2 * end * (1 - end) / n, abs=1e-12)
    low, high = proportion_interval(right, n)
    assert low < high and low <= p <= high


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


def made_record(classes, right, model="absvit_tiny_patch16_224", sha256="0"):
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
    told = [{"suite": suite, "severity": severity, "fingerprint": "f", "attack": None} for suite, severity in shown]
    attributes = {"title": "robustness", "model": model, "checkpoint": f"{sha256}.pth", "checkpoint_sha256": sha256}
    attributes |= {"parameters": json.dumps({"iterations": 1, "chunk": 8}), "conditions": json.dumps(told)}
    record = xr.Dataset(data, coordinates, attributes)
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


def seed_record(seed, share=0.5, **options):
    """A training that is right on a share of the pictures of every suite, and a little more with each seed."""
    return made_record(wnids(), lambda *_: np.arange(40) < 40 * share + 2 * seed, sha256=str(seed), **options)


@pytest.mark.seconds
def test_over_seeds_all_numbers_are_means_with_students_intervals():
    profiles = [tables.profile(seed_record(seed)) for seed in range(3)]
    profiles.append(tables.profile(seed_record(9, model="vit_micro")))
    table = tables.over_seeds(profiles).set_index(["model", "suite"])
    assert table["seeds"].value_counts().to_dict() == {3: 17, 1: 17}
    ours = table.loc["absvit_tiny_patch16_224"]
    for suite, name in (("clean", "top1"), ("imagenet_c/fog", "mce"), ("imagenet_c", "mce"), ("imagenet_c", "top1")):
        values = [each.set_index("suite").loc[suite, name] for each in profiles[:3]]
        half = stats.ttest_1samp(values, 0).confidence_interval(0.95)
        ends = ours.loc[suite, [name, f"{name}_low", f"{name}_high"]].tolist()
        assert ends == pytest.approx([np.mean(values), half.low, half.high])
    for name in ("n", "top5", "loss", "calibration_error", "relative_mce", "published"):
        expected = np.mean([each.set_index("suite")[name] for each in profiles[:3]], 0)
        np.testing.assert_allclose(ours[name], expected, err_msg=name)
    alone = table.loc["vit_micro"]
    pd.testing.assert_frame_equal(alone.drop(columns="seeds"), profiles[3].set_index("suite").drop(columns="model"))
    text = tables.table_text(tables.over_seeds([profiles[0], profiles[1].assign(top1=profiles[0]["top1"])]))
    assert text.set_index("suite").loc["clean", "top1"] == "50.0"  # no interval where seeds do not differ
    highest = tables.over_seeds([tables.profile(seed_record(seed, 0.8)) for seed in (0, 4)])
    assert (highest["top1_high"] == 100).all()


def changed(record, suite=None, **facts):
    """A record with other parameters, or other facts of a suite."""
    if suite is None:
        return record.assign_attrs(parameters=json.dumps(json.loads(record.attrs["parameters"]) | facts))
    told = json.loads(record.attrs["conditions"])
    return record.assign_attrs(conditions=json.dumps([c | facts if c["suite"] == suite else c for c in told]))


@pytest.mark.parametrize(
    ("other", "told"),
    [
        (lambda: seed_record(0), "same weights .0.pth, SHA-256 0. on clean"),
        (lambda: changed(seed_record(1), iterations=3), "differently .parameters.iterations was 1, is 3"),
        (lambda: changed(seed_record(1), "clean", fingerprint="g"), "clean.0.fingerprint was 'f', is 'g'"),
        (
            lambda: changed(seed_record(1), "imagenet_c/fog", attack={"eps": 1, "seed": 3}),
            "imagenet_c/fog.5.attack was None, is there",
        ),
    ],
)
def test_what_are_no_seeds_of_a_model_is_refused(other, told):
    profiles = [tables.profile(record) for record in (seed_record(0), other())]
    with pytest.raises(ValueError, match=told):
        tables.over_seeds(profiles)
    alike = changed(seed_record(1), chunk=9)  # no number depends on the chunk
    assert tables.over_seeds([profiles[0], tables.profile(alike)])["seeds"].max() == 2
    elsewhere = profiles[0].head(1).assign(suite="pgd/eps=1")  # the same weights on other suites
    elsewhere.attrs["suites"] = {"pgd/eps=1": {}}
    assert tables.over_seeds([profiles[0], elsewhere])["seeds"].max() == 1


def test_one_corruption_has_an_interval_over_pictures_with_all_their_severities():
    def right(suite, severity, n):  # the easy pictures are right at more severities
        return np.arange(n) % 6 >= (0 if suite.endswith("contrast") else severity)

    table = tables.profile(made_record(("a", "b", "c"), right)).set_index("suite")
    shares = np.mean([right("fog", severity, 40) for severity in SEVERITIES], 0)
    drawn = np.random.default_rng(0).choice(shares, (20000, 40)).mean(1)
    ends = table.loc["imagenet_c/fog", ["top1_low", "top1_high"]].tolist()
    assert ends == pytest.approx(100 * np.quantile(drawn, [0.025, 0.975]), abs=1)
    sure = table.loc["imagenet_c/contrast", ["top1", "top1_low", "top1_high"]].tolist()
    assert sure == pytest.approx([100, *(100 * end for end in proportion_interval(40, 40))])


def test_a_record_of_something_else_is_refused():
    probe = seed_record(0).assign_attrs(title="bistable")
    with pytest.raises(ValueError, match="got one of bistable: .*python -m experiments summary"):
        tables.profile(probe)
