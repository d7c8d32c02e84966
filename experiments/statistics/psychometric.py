"""Psychometric functions: threshold, width and lapses by maximum likelihood, with intervals of the likelihood.

psi(x) = guess + (1 - guess - lapse) F(x), F a sigmoid that is .5 at the threshold and climbs from .05 to .95
over the width (Wichmann and Hill 2001, Percept. Psychophys. 63; the parameters of psignifit 4, Schuett et al.
2016).
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np
import scipy

from experiments.statistics.likelihood import (
    HALF_SPAN,
    MIDDLES,
    SPREADS,
    TINY,
    closer,
    cost,
    filled,
    in_units,
    log_likelihoods,
    reached,
    rise,
)

__all__ = [
    "Functions", "Interval", "PsychometricFit", "Sigmoid", "fit_psychometric", "fitting_functions",
    "psychometric_intervals", "simulated_counts",
]  # fmt: skip

FEW = (22.0, 25.0)  # see fitting_functions
ROUNDS = 12  # of closing in on what fits as well, at most
PULL = 1e-4  # of the width towards the levels' range, where all widths fit alike


@dataclass(frozen=True)
class Sigmoid:
    """Which function is fitted.

    Parameters
    ----------
    guess
        Share of right answers without any signal: 1 / number of choices; fixed, in [0, 1).
    lapse
        Share of errors however strong the signal, in [0, 1 - guess); fitted within ``lapses``, if None.
    shape
        Cumulative normal or logistic.
    lapses
        Lowest and highest lapse that intervals allow for, also where the estimate fixes one: taken for true,
        a wrong lapse moves threshold and width (Wichmann and Hill 2001). Twice the same number is a lapse
        that is known.

    Examples
    --------
    >>> measures.Sigmoid(guess=0.25, shape="logistic").guess  # of four alternatives
    0.25
    """

    guess: float = 0.5
    lapse: float | None = 0.0
    shape: Literal["normal", "logistic"] = "normal"
    lapses: tuple[float, float] = (0.0, 0.1)

    def __post_init__(self) -> None:
        if not 0 <= self.guess < 1 or (self.lapse is not None and not 0 <= self.lapse < 1 - self.guess):
            raise ValueError(f"expected guess and lapse in [0, 1), together below 1; got {self}")
        if not 0 <= self.lapses[0] <= self.lapses[1] <= 1 - self.guess:
            raise ValueError(f"expected the lowest and highest lapse in [0, 1 - guess], got {self.lapses}")
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
    data : levels, right answers and trials that were fitted; nothing for a function that was made by hand.

    Examples
    --------
    >>> measures.fit_psychometric([1, 2, 3, 4, 5], [25, 30, 38, 45, 50], [50] * 5).sigmoid.guess
    0.5
    """

    threshold: float
    width: float
    lapse: float
    sigmoid: Sigmoid
    log_likelihood: float
    data: tuple[tuple[float, ...], ...] = ()

    @property
    def slope(self) -> float:
        """Derivative of psi at the threshold, per unit of the levels."""
        return float(_slope(self.sigmoid, self.width, self.lapse))

    def predicted(self, levels: Sequence[float] | np.ndarray) -> np.ndarray:
        """Share of right answers at some levels, in [guess, 1 - lapse] and shaped as these."""
        share = rise(self.sigmoid.shape, (np.asarray(levels, float) - self.threshold) / self.width)
        return self.sigmoid.guess + (1 - self.sigmoid.guess - self.lapse) * share

    def level_at(self, share: float) -> float:
        """Level at which psi reaches a share of right answers, in (0, 1); NaN where it never does."""
        risen = (share - self.sigmoid.guess) / (1 - self.sigmoid.guess - self.lapse)
        if not 0 < risen < 1:
            return float("nan")
        return self.threshold + self.width * reached(self.sigmoid.shape, risen)


class Interval(NamedTuple):
    """Values that fit as well as the estimate; an end that the data do not set is infinite.

    Parameters
    ----------
    low : lower end.
    high : upper end.
    """

    low: float
    high: float

    @property
    def determined(self) -> bool:
        """Whether the data set both ends."""
        return bool(np.isfinite(self).all())

    def __str__(self) -> str:
        """``[2.1, 2.7]``, or what fits as well where the data do not determine the value."""
        if self.determined:
            return f"[{self.low:.3g}, {self.high:.3g}]"
        if np.isfinite(self.low):
            return f"not determined (from {self.low:.3g} on all fit as well)"
        return f"not determined ({f'up to {self.high:.3g} ' if np.isfinite(self.high) else ''}all fit as well)"


class Functions(NamedTuple):
    """Psychometric functions that fit the same data.

    Parameters
    ----------
    threshold : (function,) in the unit of the levels.
    width : (function,) likewise.
    lapse : (function,) shares.
    """

    threshold: np.ndarray
    width: np.ndarray
    lapse: np.ndarray


def fit_psychometric(
    levels: Sequence[float] | np.ndarray,
    correct: Sequence[int] | np.ndarray,
    trials: Sequence[int] | np.ndarray,
    sigmoid: Sigmoid = Sigmoid(),
) -> PsychometricFit:
    """Fit a psychometric function that rises with the level, by maximum likelihood.

    Parameters
    ----------
    levels : (level,) signal levels, at least two different ones; infinite is one at which only lapses are
        left.
    correct : (level,) right answers, 0 to trials.
    trials : (level,) trials, at least 1.
    sigmoid : which function.

    Returns
    -------
    The fit. The threshold lies within one range of the levels around them, the width between a hundredth and
    ten times their range. Where many functions fit alike, such as all steep ones between two levels, it is a
    wide one.

    Warns
    -----
    UserWarning : the data determine no threshold, or no width: more of it from
        :func:`psychometric_intervals`.

    Raises
    ------
    ValueError : levels that do not differ, or counts that are not counts.

    Examples
    --------
    >>> fit = measures.fit_psychometric([1, 2, 3, 4, 5], [25, 30, 38, 45, 50], [50] * 5)
    >>> round(fit.threshold, 1)
    3.0
    """
    levels, correct, trials = (np.asarray(values, float) for values in (levels, correct, trials))
    finite = levels[np.isfinite(levels)]
    if levels.ndim != 1 or not levels.shape == correct.shape == trials.shape or len(np.unique(finite)) < 2:
        raise ValueError("levels, correct and trials must be of one length, with at least two different levels")
    if not ((correct >= 0) & (correct <= trials) & (trials >= 1)).all():
        raise ValueError("correct must be counts from 0 to trials, and trials at least 1")
    fit, grid, likelihoods = _best(levels, correct, trials, sigmoid)
    ends = _ends(fit, _functions(levels, _as_good(fit, grid, likelihoods, _quantile(fit, 0.95))))
    if left := ", ".join(f"{name} {ends[name]}" for name in ("threshold", "width") if not ends[name].determined):
        warnings.warn(f"{trials.sum():g} trials at {len(levels)} levels leave open: {left}", stacklevel=2)
    return fit


def psychometric_intervals(
    fit: PsychometricFit, level: float = 0.95, overdispersed: bool = False
) -> dict[str, Interval]:
    """Intervals of the profile likelihood: a value lies within, if some function that has it fits the data as well.

    A bootstrap collapses where data have no spread, such as 0, 0, 20, 20 of 20; the likelihood does not.

    Parameters
    ----------
    fit : as :func:`fit_psychometric` gives; the data come with it.
    level : coverage, in (0, 1).
    overdispersed : answers vary more than coins do, as of an observer who learns or tires.

    Returns
    -------
    :class:`Interval` by name: threshold, width, slope, lapse. One with an infinite end is not determined by
    the data.

    Raises
    ------
    ValueError : as :func:`fitting_functions`.

    Examples
    --------
    >>> fit = measures.fit_psychometric([1, 2, 3, 4, 5], [25, 30, 38, 45, 50], [50] * 5)
    >>> list(measures.psychometric_intervals(fit))
    ['threshold', 'width', 'slope', 'lapse']
    """
    return _ends(fit, fitting_functions(fit, level, overdispersed))


def fitting_functions(fit: PsychometricFit, level: float = 0.95, overdispersed: bool = False) -> Functions:
    """Functions that fit the data as well as the best: the ends of whatever follows from them are an interval of it.

    A function fits as well where twice its log-likelihood is less than a quantile below the highest: that of
    chi-square with one degree of freedom (Pawitan 2001, In All Likelihood, chapter 3), stretched by 1 + 22 /
    (trials + 25), which simulations ask for (``experiments.statistics.recovery``). Lapses are free within
    ``fit.sigmoid.lapses``.

    Parameters
    ----------
    fit : as :func:`fit_psychometric` gives.
    level : coverage, in (0, 1).
    overdispersed : the likelihood is divided by the dispersion, which is chi-square of the best function over
        its degrees of freedom, at least 1, and the quantile is that of F (McCullagh and Nelder 1989,
        Generalized Linear Models, chapter 4.5).

    Returns
    -------
    The functions, as dense as it takes to tell ends to a hundredth of the interval.

    Raises
    ------
    ValueError : level out of range, a function without data, or as many parameters as levels and so no
        dispersion.
    """
    if not 0 < level < 1:
        raise ValueError(f"expected 0 < level < 1, got {level}")
    if not fit.data:
        raise ValueError("this function was not fitted to data: give what fit_psychometric returns")
    levels, correct, trials = map(np.array, fit.data)
    allowed = replace(fit.sigmoid, lapse=None, lapses=_lapses(fit.sigmoid))
    best, grid, likelihoods = _best(levels, correct, trials, allowed)
    limits = box = [MIDDLES, SPREADS, allowed.lapses]
    data = (in_units(levels)[0], correct, trials - correct, allowed.guess, allowed.shape)
    quantile = _quantile(best, level, overdispersed)
    for _ in range(ROUNDS):
        found = _as_good(best, grid, likelihoods, quantile)
        before, box = box, closer(found, box, limits)
        if all(0.5 * np.ptp(old) <= np.ptp(new) <= np.ptp(old) for new, old in zip(box, before, strict=True)):
            break
        grid = filled(data[0], box)
        likelihoods = log_likelihoods(grid, *data)
    grid = filled(data[0], box, fine=True)
    return _functions(levels, _as_good(best, grid, log_likelihoods(grid, *data), quantile))


def simulated_counts(
    fit: PsychometricFit, levels: np.ndarray, trials: np.ndarray, n: int, seed: int, dispersion: float = 1.0
) -> np.ndarray:
    """Simulate n experiments with an observer who answers as the function says.

    The dispersion is the variance of the counts over the binomial one, at least 1 and below the trials
    (level,): the share of right answers at a level varies from experiment to experiment (beta-binomial).
    Gives right answers (experiment, level).
    """
    generator, trials = np.random.default_rng(seed), np.asarray(trials, int)
    p = np.broadcast_to(fit.predicted(levels), (n, len(levels)))
    if dispersion > 1:
        concentration = (trials - dispersion) / (dispersion - 1)
        p = generator.beta(np.maximum(p * concentration, TINY), np.maximum((1 - p) * concentration, TINY))
    return generator.binomial(trials, p)


def _best(levels, correct, trials, sigmoid: Sigmoid) -> tuple[PsychometricFit, tuple, np.ndarray]:
    """The most likely function, from the best of a grid on; the grid, and the likelihoods on it."""
    unit, low, span = in_units(levels)
    data = (unit, correct, trials - correct, sigmoid.guess, sigmoid.shape)
    bounds = [MIDDLES, SPREADS, sigmoid.lapses if sigmoid.lapse is None else (sigmoid.lapse,) * 2]
    grid = filled(unit, bounds)
    likelihoods = log_likelihoods(grid, *data)
    first = np.argmax(likelihoods - PULL * grid[1] ** 2)
    start = [np.broadcast_to(values, likelihoods.shape).flat[first] for values in grid]

    def pulled(function: np.ndarray) -> tuple[float, np.ndarray]:
        value, gradient = cost(function, *data)
        return value + PULL * function[1] ** 2, gradient + [0, 2 * PULL * function[1], 0]

    middle, spread, lapse = scipy.optimize.minimize(
        pulled, start, method="L-BFGS-B", jac=True, bounds=bounds
    ).x.tolist()
    fit = PsychometricFit(
        low + span * middle, span * float(np.exp(spread)), lapse, sigmoid, -cost([middle, spread, lapse], *data)[0],
        tuple(map(tuple, np.stack([levels, correct, trials]).tolist())),
    )  # fmt: skip
    return fit, grid, likelihoods


def _as_good(best: PsychometricFit, grid, likelihoods: np.ndarray, quantile: float) -> list[np.ndarray]:
    """Middles, spreads and lapses of a grid whose likelihoods are close enough to the best, and the best's own."""
    _, low, span = in_units(np.array(best.data[0]))
    good = likelihoods >= max(best.log_likelihood, likelihoods.max()) - quantile / 2
    own = ((best.threshold - low) / span, np.log(best.width / span), best.lapse)
    return [np.append(np.broadcast_to(values, good.shape)[good], one) for values, one in zip(grid, own, strict=True)]


def _functions(levels: np.ndarray, found: list[np.ndarray]) -> Functions:
    """Functions in the unit of the levels."""
    _, low, span = in_units(levels)
    return Functions(low + span * found[0], span * np.exp(found[1]), found[2])


def _quantile(best: PsychometricFit, level: float, overdispersed: bool = False) -> float:
    """How far twice the log-likelihood may lie below the best."""
    levels, correct, trials = map(np.array, best.data)
    stretched = 1 + FEW[0] / (trials.sum() + FEW[1])
    if not overdispersed:
        return stretched * 2 * float(scipy.special.gammaincinv(0.5, level))  # chi-square
    free = len(levels) - 2 - (best.sigmoid.lapses[0] < best.sigmoid.lapses[1])
    if free < 1:
        raise ValueError(f"{len(levels)} levels cannot tell the dispersion of a function with as many parameters")
    p = np.clip(best.predicted(levels), TINY, 1 - TINY)
    dispersion = float(((correct - trials * p) ** 2 / (trials * p * (1 - p))).sum() / free)
    return stretched * max(1.0, dispersion) * float(scipy.special.fdtri(1, free, level))


def _ends(fit: PsychometricFit, found: Functions) -> dict[str, Interval]:
    """Intervals of the parameters; those that end where the search ends are open there."""
    _, lowest, span = in_units(np.array(fit.data[0]))
    threshold = _between(found.threshold, lowest + span * np.array(MIDDLES))
    width = _between(found.width, span * np.exp(SPREADS))
    if np.isinf(width.high):  # flatter functions fit as well, with a threshold as much farther away
        flat = found.threshold[found.width >= found.width.max() * (1 - TINY)] - (lowest + span / 2)
        threshold = Interval(*np.where([flat.min() < 0, flat.max() > 0], (-np.inf, np.inf), threshold).tolist())
    elif not threshold.determined:
        width = width._replace(high=np.inf)
    slopes = _slope(fit.sigmoid, found.width, found.lapse)
    low, high = float(slopes.min()), float(slopes.max())
    slope = Interval(low if np.isfinite(width.high) else -np.inf, high if np.isfinite(width.low) else np.inf)
    lapse = Interval(float(found.lapse.min()), float(found.lapse.max()))
    return {"threshold": threshold, "width": width, "slope": slope, "lapse": lapse}


def _between(values: np.ndarray, limits: np.ndarray) -> Interval:
    """Ends of values; infinite where they touch the limits of what is searched."""
    margin = 1e-9 * np.ptp(limits)
    low, high = float(values.min()), float(values.max())
    return Interval(low if low > limits[0] + margin else -np.inf, high if high < limits[1] - margin else np.inf)


def _lapses(sigmoid: Sigmoid) -> tuple[float, float]:
    """Lapses that are allowed for, the one of the estimate among them."""
    given = sigmoid.lapses if sigmoid.lapse is None else (*sigmoid.lapses, sigmoid.lapse)
    return min(given), max(given)


def _slope(sigmoid: Sigmoid, width: np.ndarray | float, lapse: np.ndarray | float) -> np.ndarray | float:
    """Derivative of psi at the threshold."""
    density = {"normal": 1 / np.sqrt(2 * np.pi), "logistic": 0.25}[sigmoid.shape]
    return (1 - sigmoid.guess - lapse) * density * 2 * HALF_SPAN[sigmoid.shape] / width
