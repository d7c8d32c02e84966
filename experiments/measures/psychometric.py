"""Psychometric functions: thresholds and slopes by maximum likelihood, with bootstrap intervals.

psi(x) = guess + (1 - guess - lapse) F(x), F a sigmoid that is .5 at the threshold and climbs from .05 to .95 over the
width (Wichmann and Hill 2001, Percept. Psychophys. 63; the parameters of psignifit 4, Schuett et al. 2016).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import optimize, special

__all__ = ["PsychometricFit", "Sigmoid", "fit_psychometric", "psychometric_intervals", "simulated_counts"]

LARGEST_LAPSE = 0.1
TINY = 1e-9
HALF_SPAN = {"normal": float(special.ndtri(0.95)), "logistic": float(special.logit(0.95))}


@dataclass(frozen=True)
class Sigmoid:
    """Which function is fitted.

    Parameters
    ----------
    guess
        Share of right answers without any signal: 1 / number of choices; fixed, in [0, 1).
    lapse
        Share of errors however strong the signal, in [0, 1 - guess); fitted between 0 and 0.1, if None.
    shape
        Cumulative normal or logistic.
    """

    guess: float = 0.5
    lapse: float | None = 0.0
    shape: Literal["normal", "logistic"] = "normal"

    def __post_init__(self) -> None:
        if not 0 <= self.guess < 1 or (self.lapse is not None and not 0 <= self.lapse < 1 - self.guess):
            raise ValueError(f"expected guess and lapse in [0, 1), together below 1; got {self}")
        if self.shape not in HALF_SPAN:
            raise ValueError(f"shape must be normal or logistic, got {self.shape!r}")


@dataclass(frozen=True)
class PsychometricFit:
    """A fitted psychometric function.

    Parameters
    ----------
    threshold : level at which F is .5, in the unit of the levels.
    width : levels from F = .05 to F = .95, positive.
    lapse : share of errors at the highest levels.
    sigmoid : the function.
    log_likelihood : of the data, binomial coefficients left out.
    """

    threshold: float
    width: float
    lapse: float
    sigmoid: Sigmoid
    log_likelihood: float

    @property
    def slope(self) -> float:
        """Derivative of psi at the threshold, per unit of the levels."""
        density = {"normal": 1 / np.sqrt(2 * np.pi), "logistic": 0.25}[self.sigmoid.shape]
        steepness = 2 * HALF_SPAN[self.sigmoid.shape] / self.width
        return float((1 - self.sigmoid.guess - self.lapse) * density * steepness)

    def predicted(self, levels: Sequence[float] | np.ndarray) -> np.ndarray:
        """Share of right answers at some levels.

        Parameters
        ----------
        levels : signal levels.

        Returns
        -------
        psi in [guess, 1 - lapse], shaped as the levels.
        """
        z = 2 * HALF_SPAN[self.sigmoid.shape] * (np.asarray(levels, float) - self.threshold) / self.width
        rise = special.ndtr(z) if self.sigmoid.shape == "normal" else special.expit(z)
        return self.sigmoid.guess + (1 - self.sigmoid.guess - self.lapse) * rise

    def level_at(self, share: float) -> float:
        """Level at which psi reaches a share of right answers; NaN where it never does.

        Parameters
        ----------
        share : share of right answers, in (0, 1).
        """
        rise = (share - self.sigmoid.guess) / (1 - self.sigmoid.guess - self.lapse)
        if not 0 < rise < 1:
            return float("nan")
        z = special.ndtri(rise) if self.sigmoid.shape == "normal" else special.logit(rise)
        return float(self.threshold + z * self.width / (2 * HALF_SPAN[self.sigmoid.shape]))


def fit_psychometric(
    levels: Sequence[float] | np.ndarray,
    correct: Sequence[int] | np.ndarray,
    trials: Sequence[int] | np.ndarray,
    sigmoid: Sigmoid = Sigmoid(),
) -> PsychometricFit:
    """Fit a psychometric function that rises with the level, by maximum likelihood.

    Parameters
    ----------
    levels : (level,) signal levels, at least two different ones.
    correct : (level,) right answers, 0 to trials.
    trials : (level,) trials, at least 1.
    sigmoid : which function.

    Returns
    -------
    The fit. The threshold lies within one range of the levels around them, the width between a hundredth and ten
    times their range: where the data tell no threshold, it ends at a bound.

    Raises
    ------
    ValueError : levels that do not differ, or counts that are not counts.
    """
    levels, correct, trials = (np.asarray(values, float) for values in (levels, correct, trials))
    if levels.ndim != 1 or levels.shape != correct.shape or levels.shape != trials.shape or np.ptp(levels) == 0:
        raise ValueError("levels, correct and trials must be of one length, with at least two different levels")
    if not ((correct >= 0) & (correct <= trials) & (trials >= 1)).all():
        raise ValueError("correct must be counts from 0 to trials, and trials at least 1")
    starts = [(middle, spread, 0.02) for middle in (0.3, 0.5, 0.8) for spread in (0.3, 1.0)]
    return _best(levels, correct, trials, sigmoid, starts)


def psychometric_intervals(
    fit: PsychometricFit,
    levels: Sequence[float] | np.ndarray,
    trials: Sequence[int] | np.ndarray,
    n: int = 1000,
    seed: int = 0,
    level: float = 0.95,
) -> dict[str, tuple[float, float]]:
    """Parametric bootstrap: refit data simulated from the fit, and take percentiles (Wichmann and Hill 2001 II).

    Parameters
    ----------
    fit : fitted function.
    levels : (level,) levels of the experiment.
    trials : (level,) trials at each.
    n : simulated data sets, at least 1.
    seed : seed of the simulation.
    level : coverage, in (0, 1).

    Returns
    -------
    Lower and upper end by name: threshold, width, slope, lapse.
    """
    if n < 1 or not 0 < level < 1:
        raise ValueError(f"expected n >= 1 and 0 < level < 1, got n={n}, level={level}")
    levels, trials = np.asarray(levels, float), np.asarray(trials, int)
    found = {"threshold": [], "width": [], "slope": [], "lapse": []}
    start = [((fit.threshold - levels.min()) / np.ptp(levels), fit.width / np.ptp(levels), fit.lapse)]
    for correct in simulated_counts(fit, levels, trials, n, seed):
        again = _best(levels, correct, trials, fit.sigmoid, start)
        for name, values in found.items():
            values.append(getattr(again, name))
    ends = [(1 - level) / 2, (1 + level) / 2]
    return {name: tuple(float(end) for end in np.quantile(values, ends)) for name, values in found.items()}


def simulated_counts(fit: PsychometricFit, levels: np.ndarray, trials: np.ndarray, n: int, seed: int) -> np.ndarray:
    """Simulate an observer who answers as the function says.

    Parameters
    ----------
    fit : the function.
    levels : (level,) levels of the experiment.
    trials : (level,) trials at each.
    n : experiments, at least 1.
    seed : seed of the simulation.

    Returns
    -------
    (experiment, level) right answers.
    """
    generator = np.random.default_rng(seed)
    return generator.binomial(np.asarray(trials, int), fit.predicted(levels), size=(n, len(levels)))


def _best(levels, correct, trials, sigmoid: Sigmoid, starts) -> PsychometricFit:
    """The most likely fit from several starts: threshold and width in units of the levels' range, lapse."""
    low, span = levels.min(), np.ptp(levels)
    unit, wrong = (levels - low) / span, trials - correct
    fixed = sigmoid.lapse is not None
    bounds = [(-1.0, 2.0), (np.log(0.01), np.log(10.0)), *([] if fixed else [(0.0, LARGEST_LAPSE)])]
    cost = (unit, correct, wrong, sigmoid)
    best = None
    for middle, spread, lapse in starts:
        start = np.clip([middle, np.log(spread), lapse][: len(bounds)], *np.transpose(bounds))
        found = optimize.minimize(_cost, start, cost, method="L-BFGS-B", jac=True, bounds=bounds)
        best = found if best is None or found.fun < best.fun else best
    middle, spread = float(best.x[0]), float(np.exp(best.x[1]))
    lapse = float(sigmoid.lapse if fixed else best.x[2])
    return PsychometricFit(low + span * middle, span * spread, lapse, sigmoid, -float(best.fun))


def _cost(parameters: np.ndarray, unit, correct, wrong, sigmoid: Sigmoid) -> tuple[float, np.ndarray]:
    """Negative log-likelihood and its gradient in threshold, log width and, where it is fitted, lapse."""
    steep = 2 * HALF_SPAN[sigmoid.shape] * np.exp(-parameters[1])
    z = steep * (unit - parameters[0])
    if sigmoid.shape == "normal":
        rise, density = special.ndtr(z), np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi)
    else:
        rise = special.expit(z)
        density = rise * (1 - rise)
    span = 1 - sigmoid.guess - (parameters[2] if len(parameters) > 2 else sigmoid.lapse)
    p = np.clip(sigmoid.guess + span * rise, TINY, 1 - TINY)
    by_p = wrong / (1 - p) - correct / p
    by_z = by_p * span * density
    gradient = [-steep * by_z.sum(), -(by_z * z).sum(), -(by_p * rise).sum()]
    return -float(correct @ np.log(p) + wrong @ np.log1p(-p)), np.array(gradient[: len(parameters)])
