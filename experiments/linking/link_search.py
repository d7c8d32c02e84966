"""The search for a link's parameters: least squares over what people's means and predictions differ by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import scipy

from experiments.linking.evidence import Evidence
from experiments.linking.link import Link, Parameter, Predicted

__all__ = ["Found", "Target", "by_condition", "searched"]

CERTAIN = 1e-6  # a predicted share of right answers is at least so far from 0 and 1
REACHED = 0.5  # share of a condition's trials that have to have a time for its mean to count
AS_GOOD = 3.84  # deviance above the best that 5 in 100 samples exceed, of a parameter
DETERMINED = 0.05  # standard errors by which residuals move, at least, along any direction of the parameters


@dataclass(frozen=True, eq=False)
class Target:
    """What is fitted: an observer's evidence in the fitted conditions, and how predictions are weighed.

    Parameters
    ----------
    link, evidence : what predicts.
    group : (trial,) number of each trial's condition.
    moments : of people, that are fitted.
    errors : (condition,) standard error of people's mean and variance of times, by moment.
    trials : (condition,) people's trials.
    fixed : values of parameters that are known.
    """

    link: Link
    evidence: Evidence
    group: np.ndarray
    moments: tuple[str, ...]
    errors: Mapping[str, np.ndarray]
    trials: np.ndarray
    fixed: Mapping[str, float]

    def residuals(self, values: Mapping[str, float], seen: Mapping[str, np.ndarray]) -> np.ndarray:
        """Give standardised residuals (moment and condition,); their squares sum to the deviance.

        Parameters
        ----------
        values : of all parameters.
        seen : (condition,) people's mean by moment.
        """
        predicted = by_condition(self.link.predict(self.evidence, **values), self.group, len(self.trials))
        parts = [
            _deviances(seen[name], predicted[name], self.trials)
            if name == "accuracy"
            else (seen[name] - predicted[name]) / self.errors[name]
            for name in self.moments
        ]
        return np.where(predicted["reached"].min() < REACHED, np.nan, np.concatenate(parts))


@dataclass(frozen=True)
class Found:
    """What a search found.

    Parameters
    ----------
    values : of all parameters; NaN where nothing could be fitted.
    deviance : sum of squared residuals.
    notes : what did not go without saying.
    """

    values: Mapping[str, float]
    deviance: float
    notes: tuple[str, ...] = ()


def by_condition(predicted: Predicted, group: np.ndarray, number: int) -> dict[str, np.ndarray]:
    """Gather predictions of trials by condition, times over right answers as people's are.

    Parameters
    ----------
    predicted : of each trial.
    group : (trial,) number of its condition.
    number : of conditions.

    Returns
    -------
    mean and variance of the times of right answers in s and s^2, accuracy, and ``reached``, the share of
    trials that have a time: (condition,) each; NaN without any.
    """

    def total(values: np.ndarray) -> np.ndarray:
        return np.bincount(group, values, number)

    timed, asked = np.isfinite(predicted.rt), np.isfinite(predicted.accuracy)
    rt, right = np.where(timed, predicted.rt, 0.0), np.where(asked, predicted.accuracy, 0.0)
    weight = np.where(asked, right, 1.0) * timed
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = total(weight * rt) / total(weight)
        variance = total(weight * (predicted.variance + rt**2)) / total(weight) - mean**2
        accuracy, reached = total(right) / total(asked), total(timed) / total(np.ones(len(group)))
    return {"mean": mean, "variance": variance, "accuracy": accuracy, "reached": reached}


def _deviances(seen: np.ndarray, predicted: np.ndarray, trials: np.ndarray) -> np.ndarray:
    """Signed roots of the binomial deviances (condition,).

    A share of 1 is taken for 1 - 1 / (2 n) of n trials, one of 0 for 1 / (2 n), half an error as in
    Wagenmakers et al. 2007.
    """
    y, p = np.clip(seen, 0.5 / trials, 1 - 0.5 / trials), np.clip(predicted, CERTAIN, 1 - CERTAIN)
    deviance = y * np.log(y / p) + (1 - y) * np.log((1 - y) / (1 - p))
    return np.sign(y - p) * np.sqrt(2 * trials * np.maximum(deviance, 0))


def searched(target: Target, seen: Mapping[str, np.ndarray], near: Found | None = None) -> Found:
    """Find the parameters of the greatest likelihood.

    Parameters
    ----------
    target : what is fitted.
    seen : (condition,) people's mean by moment; where one is NaN nothing is found.
    near : what was found of a like sample, from which the search starts where all parameters are searched.

    Raises
    ------
    ValueError : from no start anything can be fitted, and it is no like sample.
    """
    free = [parameter for parameter in target.link.parameters if parameter.name not in target.fixed]
    inner = [parameter for parameter in free if parameter.searched]
    starts = [near.values] if near and len(inner) == len(free) else target.link.starts(target.evidence)
    if any(np.isnan(of).any() for of in seen.values()):
        starts = []
    tried = (_from(target, seen, {**start, **target.fixed}, inner) for start in starts)
    if found := [of for of in tried if of is not None]:
        best = min(found, key=lambda of: of.deviance)
        return replace(best, notes=(*best.notes, *_as_good(best, found, target)))
    if near is None:
        raise ValueError(
            f"{target.link.name} has no time for half of the trials, or for none that is right, in a condition "
            "that is fitted, whatever the criterion: give the observer more passes, or fit other conditions"
        )
    return Found(dict.fromkeys(near.values, np.nan), np.nan)


def _as_good(best: Found, found: list[Found], target: Target) -> Iterator[str]:
    """Other values of parameters that are not searched, with which people's means are fitted about as well."""
    names = [p.name for p in target.link.parameters if not p.searched and p.name not in target.fixed]
    alike = [of.values for of in found if of.deviance <= best.deviance + AS_GOOD]
    for name in names:
        if (low := min(of[name] for of in alike)) < (high := max(of[name] for of in alike)):
            ranges = {p.name: [of[p.name] for of in alike] for p in target.link.parameters if p.name not in names}
            also = ", ".join(f"{other} from {min(of):.3g} to {max(of):.3g}" for other, of in ranges.items())
            yield f"A {name} from {low:.3g} to {high:.3g} fits about as well, with {also}."


def _from(target: Target, seen, start: Mapping[str, float], inner: list[Parameter]) -> Found | None:
    """What is found from a start; None where nothing can be predicted there."""
    lows, highs, first = (np.array([_inward(p, value) for p, value in zip(inner, values, strict=True)])
                          for values in ([p.low for p in inner], [p.high for p in inner],
                                         [np.clip(start[p.name], p.low, p.high) for p in inner]))  # fmt: skip

    def values(x: np.ndarray) -> dict[str, float]:
        inside = np.clip(x, lows, highs)
        return {**start, **{p.name: _outward(p, value) for p, value in zip(inner, inside, strict=True)}}

    def residuals(x: np.ndarray) -> np.ndarray:
        return target.residuals(values(x), seen)

    if not np.isfinite(at := residuals(first)).all():
        return None
    if not inner:
        return Found(values(first), float(at @ at))
    done = scipy.optimize.least_squares(residuals, first, method="lm")  # fast, and knows no limits
    if ((done.x < lows) | (done.x > highs)).any():
        done = scipy.optimize.least_squares(residuals, first, bounds=(lows, highs), x_scale="jac")
    return Found(values(done.x), 2 * float(done.cost), tuple(_remarks(inner, done, lows, highs)))


def _inward(parameter: Parameter, value: float) -> float:
    """A value as it is searched."""
    return float(np.log(value)) if parameter.low > 0 else float(value)


def _outward(parameter: Parameter, value: float) -> float:
    return float(np.exp(value)) if parameter.low > 0 else float(value)


def _remarks(inner: list[Parameter], done, lows: np.ndarray, highs: np.ndarray) -> Iterator[str]:
    """Parameters at the ends of what is searched, and parameters that cannot be told apart."""
    margin = 1e-6 * (highs - lows)
    for parameter, at in zip(inner, (done.x < lows + margin) | (done.x > highs - margin), strict=True):
        if at:
            yield f"The {parameter.name} lies where the search ends: it is not determined."
    if np.linalg.svd(done.jac, compute_uv=False).min() < DETERMINED:
        yield (
            f"These conditions do not tell {', '.join(p.name for p in inner)} apart: other values fit as well. "
            "Fit conditions whose evidence differs more, or fix a parameter."
        )
