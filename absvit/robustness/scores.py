"""Scores of a record: accuracy with intervals, corruption errors, calibration, accuracy by class."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr
from scipy import stats

from absvit.records.seeds import LEVEL, proportion_interval
from absvit.records.vocabulary import described
from absvit.robustness.classes import wnids
from stimuli.corruptions import BENCHMARK, SEVERITIES

__all__ = [
    "ALEXNET_CLEAN_ERROR", "ALEXNET_ERRORS", "calibration_error", "corruption_errors",
    "corruption_interval", "empty_scores", "mean_interval", "scores",
]  # fmt: skip

# error of AlexNet on each corruption, mean over severities (Hendrycks and Dietterich 2019)
ALEXNET_ERRORS = {
    "gaussian_noise": 0.886428, "shot_noise": 0.894468, "impulse_noise": 0.922640, "defocus_blur": 0.819880,
    "glass_blur": 0.826268, "motion_blur": 0.785948, "zoom_blur": 0.798360, "snow": 0.866816, "frost": 0.826572,
    "fog": 0.819324, "brightness": 0.564592, "contrast": 0.853204, "elastic_transform": 0.646056,
    "pixelate": 0.717840, "jpeg_compression": 0.606500,
}  # fmt: skip
ALEXNET_CLEAN_ERROR = 0.43478  # of torchvision's AlexNet, as torchvision's own table of its weights says
PREFIX = "imagenet_c/"
RESAMPLES, BINS = 2000, 15
OF_CONDITION = (
    "n", "top1", "top1_low", "top1_high", "top5", "top5_low", "top5_high", "mean_loss", "calibration_error",
)  # fmt: skip
COLUMNS = ("condition", "shown_suite", "shown_severity", "target", "correct", "in_top5", "loss", "confidence")
OF_CORRUPTIONS = (
    "corrupted_error", "corrupted_error_low", "corrupted_error_high", "mce", "mce_low", "mce_high", "relative_mce",
)  # fmt: skip


def mean_interval(values: np.ndarray, seed: int = 0) -> tuple[float, float]:
    """95 % percentile bootstrap interval of a mean over pictures; the mean itself of equal values."""
    if np.ptp(values) == 0:
        return float(values[0]), float(values[0])
    drawn = stats.bootstrap(
        (values,), np.mean, n_resamples=RESAMPLES, confidence_level=LEVEL, method="percentile", batch=50,
        rng=np.random.default_rng(seed),
    )  # fmt: skip
    return float(drawn.confidence_interval.low), float(drawn.confidence_interval.high)


def corruption_interval(record: xr.Dataset, suite: str, iteration: int, seed: int = 0) -> tuple[float, float]:
    """Bootstrap interval of the share of right answers over a corruption's severities.

    Pictures are drawn together with all their severities; a picture's share of right severities has a few
    values, so that their numbers among the pictures drawn are multinomial.

    Returns
    -------
    Lower and upper end of the 95 % interval, in [0, 1]; where all pictures have the same share, Wilson's of
    them. NaN where the severities do not show the same pictures.
    """
    held = _held(record)
    severities = np.unique(held["shown_severity"][held["shown_suite"] == record["suite"].values.tolist().index(suite)])
    wrong = _by_picture(record, held, {suite: 1.0}, severities, iteration)
    if wrong is None:
        return np.nan, np.nan
    (shares, counts), n = np.unique(1 - wrong, return_counts=True), len(wrong)
    if len(shares) == 1:
        return proportion_interval(round(shares[0] * n), n)
    drawn = np.random.default_rng(seed).multinomial(n, counts / n, RESAMPLES) @ shares / n
    low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def calibration_error(confidence: np.ndarray, correct: np.ndarray, bins: int = BINS) -> float:
    """Expected calibration error, in [0, 1]: mean distance of accuracy and confidence over bins.

    Guo et al., On calibration of modern neural networks, ICML 2017, equation 3. Given are (picture,) the
    probability of the class that the model says, and whether it is right.
    """
    confidence = np.asarray(confidence, np.float64)
    place = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    gap = np.bincount(place, np.asarray(correct, np.float64) - confidence, minlength=bins)
    return float(np.abs(gap).sum() / len(confidence))


def corruption_errors(errors: dict[str, float], clean: float | None = None) -> tuple[float, float]:
    """Mean and relative mean corruption error, % of AlexNet's (Hendrycks and Dietterich 2019, section 4.1).

    ``errors`` holds that of each of the 15 corruptions, mean over severities, in [0, 1]; the second is NaN
    without the clean error.
    """
    plain = np.mean([errors[name] / ALEXNET_ERRORS[name] for name in BENCHMARK])
    if clean is None:
        return 100 * float(plain), float("nan")
    gains = [(errors[name] - clean) / (ALEXNET_ERRORS[name] - ALEXNET_CLEAN_ERROR) for name in BENCHMARK]
    return 100 * float(plain), 100 * float(np.mean(gains))


def empty_scores(record: xr.Dataset) -> xr.Dataset:
    """Scores of a record that is not evaluated yet: all are missing.

    Returns
    -------
    Dataset of float64 variables, NaN: (suite, severity, iteration), class_accuracy with class besides, and
    those of all corruptions together by iteration; target_rate where there is a targeted attack.
    """
    cell = ("suite", "severity", "iteration")
    dims = dict.fromkeys([*OF_CONDITION, *["target_rate"] * ("aim" in record)], cell)
    dims |= dict.fromkeys(OF_CORRUPTIONS, ("iteration",)) | {"class_accuracy": (*cell, "class")}
    empty = {name: (at, np.full([record.sizes[dim] for dim in at], np.nan)) for name, at in dims.items()}
    return described(xr.Dataset(empty))


def scores(record: xr.Dataset) -> xr.Dataset:
    """Scores as :func:`empty_scores` lays them out; NaN without such a condition or a picture of a class."""
    found = empty_scores(record)
    held = _held(record)
    severities = record["severity"].values.tolist()
    for condition in np.unique(held["condition"]):
        here = np.flatnonzero(held["condition"] == condition)
        suite, severity = int(held["shown_suite"][here[0]]), severities.index(held["shown_severity"][here[0]])
        for t in range(record.sizes["iteration"]):
            at = (suite, severity, t)
            correct, in_top5 = held["correct"][t, here], held["in_top5"][t, here]
            values = {"n": len(here), "top1": correct.mean(), "top5": in_top5.mean()}
            for name, right in (("top1", correct), ("top5", in_top5)):
                low, high = proportion_interval(int(right.sum()), len(here))
                values |= {f"{name}_low": low, f"{name}_high": high}
            values["mean_loss"] = held["loss"][t, here].mean(dtype=np.float64)
            values["calibration_error"] = calibration_error(held["confidence"][t, here], correct)
            if "aim" in record and (aim := record["aim"].values[here]).min() >= 0:
                values["target_rate"] = (record["predicted"].values[t, here] == aim).mean()
            for name, value in values.items():
                found[name].values[at] = value
            shown = np.bincount(held["target"][here], minlength=record.sizes["class"])
            right = np.bincount(held["target"][here], correct, minlength=record.sizes["class"])
            found["class_accuracy"].values[at] = np.divide(
                right, shown, where=shown > 0, out=np.full(len(shown), np.nan)
            )
    _add_corruptions(found, record, held)
    return found


def _add_corruptions(found: xr.Dataset, record: xr.Dataset, held: dict) -> None:
    """Scores of the 15 corruptions together, where all of them were shown at all severities."""
    suites, severities = record["suite"].values.tolist(), record["severity"].values.tolist()
    if not {PREFIX + name for name in BENCHMARK} <= {*suites} or not {*SEVERITIES} <= {*severities}:
        return
    levels = [severities.index(severity) for severity in SEVERITIES]
    is_imagenet = tuple(record["class"].values.tolist()) == wnids()
    for t in range(record.sizes["iteration"]):
        top1 = found["top1"].values[:, :, t]
        errors = {name: float(1 - top1[suites.index(PREFIX + name), levels].mean()) for name in BENCHMARK}
        found["corrupted_error"].values[t] = np.mean(list(errors.values()))
        if is_imagenet:
            clean = float(1 - top1[suites.index("clean"), severities.index(0)]) if "clean" in suites else None
            found["mce"].values[t], found["relative_mce"].values[t] = corruption_errors(errors, clean)
        for name, weights in (
            ("corrupted_error", {PREFIX + name: 1.0 for name in BENCHMARK}),
            ("mce", {PREFIX + name: 100 / ALEXNET_ERRORS[name] for name in BENCHMARK}),
        ):
            if (name == "corrupted_error" or is_imagenet) and (
                by_picture := _by_picture(record, held, weights, SEVERITIES, t)
            ) is not None:
                low, high = mean_interval(by_picture)
                found[f"{name}_low"].values[t], found[f"{name}_high"].values[t] = low, high


def _held(record: xr.Dataset) -> dict[str, np.ndarray]:
    """What is known of every stimulus, as far as scores need it."""
    return {name: record[name].values for name in COLUMNS}


def _by_picture(
    record: xr.Dataset, held: dict, weights: dict[str, float], severities: Sequence[int], t: int
) -> np.ndarray | None:
    """Weighted error of each picture over some suites of corruptions, whose mean over pictures is the score.

    Pictures are drawn together with all their corruptions, since these are not independent. None where the
    corruptions do not all show the same pictures.
    """
    suites = record["suite"].values.tolist()
    total, targets = 0.0, None
    for name, weight in weights.items():
        for severity in severities:
            here = (held["shown_suite"] == suites.index(name)) & (held["shown_severity"] == severity)
            if targets is not None and not np.array_equal(targets, held["target"][here]):
                return None
            targets = held["target"][here]
            total = total + weight * (1 - held["correct"][t, here].astype(np.float64))
    return total / (len(weights) * len(severities))
