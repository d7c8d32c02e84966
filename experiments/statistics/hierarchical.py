"""Hierarchical psychometric functions: a population of participants, each with few trials.

Thresholds, and logarithms of widths, are normal over participants: theta_i ~ N(mu, sigma), ln w_i ~ N(nu,
tau). The parameters of the population maximise the marginal likelihood, in which those of the
participants are integrated out (generalised linear mixed models of psychophysics: Moscatelli, Mezzetti
and Lacquaniti 2012, J. Vis. 12(11):26), by the trapezoidal rule on the normal plane, whose error falls
exponentially with the step (Trefethen and Weideman 2014, SIAM Rev. 56). Participants then have their
posterior given the population (empirical Bayes: Carlin and Louis 2000), which draws uncertain ones
towards it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
import scipy

from experiments.statistics.likelihood import HALF_SPAN, MIDDLES, SPREADS, TINY, in_units, rise
from experiments.statistics.psychometric import Interval, Sigmoid

__all__ = ["Participants", "PopulationFit", "fit_population"]

REACH = 4.5  # standard deviations over which participants are integrated out
DEVIATIONS = (
    float(np.log(0.005)),
    float(np.log(2.0)),
)  # of what is searched over participants, in units of the levels
TWO_CHOICES = Sigmoid()
START = (0.5, np.log(0.7), np.log(0.2), np.log(0.3))
MOST = 2500  # trials of a participant, which narrow the likelihood to the step of what is summed
CLOSE = 5e-4  # of an interval's ends, in units of the levels


@dataclass(frozen=True)
class Participants:
    """Parameters of participants and their 95 % intervals, given the population.

    Parameters
    ----------
    threshold : (participant,) posterior means, in the unit of the levels.
    width : (participant,) posterior medians.
    threshold_ends : (2, participant) of the intervals.
    width_ends : likewise.
    """

    threshold: np.ndarray
    width: np.ndarray
    threshold_ends: np.ndarray
    width_ends: np.ndarray


@dataclass(frozen=True)
class PopulationFit:
    """A fitted population of psychometric functions.

    Parameters
    ----------
    threshold : mean over the population, in the unit of the levels.
    width : median over the population.
    threshold_interval : of the mean.
    width_interval : of the median.
    threshold_sd : standard deviation of thresholds over the population.
    width_sd : standard deviation of the natural logarithm of widths.
    lapse : share of errors at the highest levels, the same for all.
    sigmoid : the function.
    log_likelihood : marginal, binomial coefficients left out.
    participants : their parameters.
    converged : whether the optimiser did.
    """

    threshold: float
    width: float
    threshold_interval: Interval
    width_interval: Interval
    threshold_sd: float
    width_sd: float
    lapse: float
    sigmoid: Sigmoid
    log_likelihood: float
    participants: Participants
    converged: bool

    @property
    def slope(self) -> float:
        """Derivative of psi at the threshold, with the population's parameters, per unit of the levels."""
        density = {"normal": 1 / np.sqrt(2 * np.pi), "logistic": 0.25}[self.sigmoid.shape]
        risen = 1 - self.sigmoid.guess - self.lapse
        return float(risen * density * 2 * HALF_SPAN[self.sigmoid.shape] / self.width)


def fit_population(
    levels: np.ndarray,
    correct: np.ndarray,
    trials: np.ndarray,
    sigmoid: Sigmoid = TWO_CHOICES,
    level: float = 0.95,
) -> PopulationFit:
    """Fit psychometric functions of several participants together.

    The likelihood is multiplied by the two standard deviations, which keeps them from 0 (Chung et al. 2013,
    Psychometrika 78) and, of m participants whose thresholds are known, makes the variance the sum of
    squares over m - 1. Intervals of the population's threshold and width are those of the profile: a
    value is in it where twice the logarithm lies less than (m - 1) ln(1 + t^2 / (m - 1)) below the best,
    t Student's quantile of m - 1 degrees of freedom. Of thresholds that are known this is exactly
    Student's interval of their mean; chi-square's quantile would be too small. What simulations find:
    ``python -m experiments recovery --of participants``.

    Parameters
    ----------
    levels : (level,) of all participants, at least two different ones, finite.
    correct : (participant, level) right answers, 0 to trials.
    trials : (participant, level), 0 where a participant did not see a level.
    sigmoid : which function; its lapse is the same for all, and estimated if None. Intervals take a lapse
        that is given for true.
    level : coverage of the intervals, in (0, 1).

    Returns
    -------
    PopulationFit.

    Raises
    ------
    ValueError : fewer than three participants, shapes that do not fit, levels that do not differ, counts
        that are not counts, or more than 2500 trials of a participant.
    """
    levels, correct, trials = (np.asarray(values, float) for values in (levels, correct, trials))
    if correct.ndim != 2 or correct.shape != trials.shape or trials.shape[1:] != levels.shape or len(trials) < 3:
        raise ValueError("expected correct and trials (participant, level) of three participants at least")
    if not np.isfinite(levels).all() or len(np.unique(levels)) < 2:
        raise ValueError("expected at least two different levels, all of them finite")
    if not ((correct >= 0) & (correct <= trials)).all() or not trials.any(axis=1).all():
        raise ValueError("correct must be counts from 0 to trials, and every participant have a trial")
    if trials.sum(axis=1).max() > MOST:
        raise ValueError(f"with more than {MOST} trials people need no population: fit each by fit_psychometric")
    unit, low, span = in_units(levels)
    marginal = _Marginal(unit, correct, trials - correct, sigmoid)
    best = marginal.best()
    members = len(trials)
    t = scipy.stats.t.ppf((1 + level) / 2, members - 1)
    cut = (members - 1) * np.log1p(t**2 / (members - 1))
    ends = [_profile(marginal, best, k, cut) for k in (0, 1)]
    middle, spread, deviation, scatter, lapse = best.x
    return PopulationFit(
        float(low + span * middle), float(span * np.exp(spread)),
        Interval(*(float(low + span * end) for end in ends[0])),
        Interval(*(float(span * np.exp(end)) for end in ends[1])),
        float(span * np.exp(deviation)), float(np.exp(scatter)), float(lapse), sigmoid, marginal.log_likelihood(best.x),
        _participants(marginal, best.x, low, span), bool(best.success),
    )  # fmt: skip


@dataclass(frozen=True)
class _Marginal:
    """The marginal likelihood of counts (participant, level) at levels in units of their range.

    Parameters of the population: mean middle and spread, logarithms of their standard deviations, lapse.
    """

    unit: np.ndarray
    correct: np.ndarray
    wrong: np.ndarray
    sigmoid: Sigmoid

    @cached_property
    def nodes(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Standard deviations from the means of middles and spreads (node,), and logarithmic weights."""
        most = (self.correct + self.wrong).sum(axis=1).max()
        step = min(0.45, 4.5 / np.sqrt(most))  # as the narrowest likelihood asks for
        one, other = (np.linspace(-REACH, REACH, 2 * int(np.ceil(REACH / each)) + 1) for each in (step, 1.3 * step))
        a, b = (values.ravel() for values in np.meshgrid(one, other, indexing="ij"))
        weights = -(a**2 + b**2) / 2
        return a, b, weights - scipy.special.logsumexp(weights)

    @cached_property
    def bounds(self) -> list[tuple[float, float]]:
        """What is searched."""
        lapses = self.sigmoid.lapses if self.sigmoid.lapse is None else (self.sigmoid.lapse,) * 2
        return [MIDDLES, SPREADS, DEVIATIONS, DEVIATIONS, lapses]

    def joint(self, population: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Log-likelihood of each node and participant, with the node's weight; p and F (node, level)."""
        middle, spread, deviation, scatter, lapse = population
        a, b, weights = self.nodes
        widths = np.exp(-(spread + np.exp(scatter) * b))[:, None]
        share = rise(self.sigmoid.shape, (self.unit - (middle + np.exp(deviation) * a)[:, None]) * widths)
        p = np.clip(self.sigmoid.guess + (1 - self.sigmoid.guess - lapse) * share, TINY, 1 - TINY)
        return np.log(p) @ self.correct.T + np.log1p(-p) @ self.wrong.T + weights[:, None], p, share

    def log_likelihood(self, population: np.ndarray) -> float:
        """Marginal log-likelihood of the counts, binomial coefficients left out."""
        return float(scipy.special.logsumexp(self.joint(population)[0], axis=0).sum())

    def cost(self, population: np.ndarray) -> tuple[float, np.ndarray]:
        """Negative logarithm of what is maximised, and its derivatives: posterior moments of the deviates."""
        joint, p, share = self.joint(population)
        top = joint.max(axis=0)
        posterior = np.exp(joint - top)
        total = posterior.sum(axis=0)
        posterior /= total
        a, b, _ = self.nodes
        nodes, (deviation, scatter) = posterior.sum(axis=1), np.exp(population[2:4])
        gradient = [
            nodes @ a / deviation,
            nodes @ b / scatter,
            nodes @ (a**2 - 1) + 1,
            nodes @ (b**2 - 1) + 1,
            0.0,
        ]
        if self.sigmoid.lapse is None:
            gradient[4] = -(share * ((posterior @ self.correct) / p - (posterior @ self.wrong) / (1 - p))).sum()
        return -float((top + np.log(total)).sum() + population[2] + population[3]), -np.array(gradient)

    def best(
        self,
        fixed: tuple[int, float] | None = None,
        start: np.ndarray | None = None,
        close: float = 1e-10,
    ):
        """The most likely population, one of its parameters fixed if asked, to a relative difference."""
        bounds = list(self.bounds)
        start = np.array([*START, np.mean(bounds[4])]) if start is None else np.array(start)
        if fixed is not None:
            start[fixed[0]] = fixed[1]
            bounds[fixed[0]] = (fixed[1],) * 2
        return scipy.optimize.minimize(
            self.cost,
            start,
            method="L-BFGS-B",
            jac=True,
            bounds=bounds,
            options={"maxiter": 200, "ftol": close},
        )


def _profile(marginal: _Marginal, best, k: int, cut: float) -> tuple[float, float]:
    """Both ends of what parameter k can be; infinite where the data set none."""

    def end(limit: float, sign: float) -> float:
        start = best.x

        @cache
        def beyond(value: float) -> float:  # nearly linear in the value
            nonlocal start
            found = marginal.best((k, value), start, 1e-8)
            start = found.x
            return float(np.sqrt(2 * max(found.fun - best.fun, 0.0)) - np.sqrt(cut))

        return _crossing(beyond, float(best.x[k]), limit, sign)

    low, high = marginal.bounds[k]
    return end(low, -1.0), end(high, 1.0)


def _crossing(beyond: Callable[[float], float], inside: float, limit: float, sign: float) -> float:
    """Where a function turns positive between a value inside and the limit; infinite where it does not."""
    step = 0.05
    while inside != limit:
        outside = inside + sign * min(step, abs(limit - inside))
        if beyond(outside) > 0:
            return float(scipy.optimize.brentq(beyond, *sorted((inside, outside)), xtol=CLOSE))
        inside, step = outside, 2 * step
    return sign * np.inf


def _participants(marginal: _Marginal, population: np.ndarray, low: float, span: float) -> Participants:
    """Posterior of each participant's threshold and width."""
    joint, *_ = marginal.joint(population)
    posterior = np.exp(joint - scipy.special.logsumexp(joint, axis=0))
    middle, spread, deviation, scatter, _ = population
    a, b, _ = marginal.nodes
    thresholds = low + span * (middle + np.exp(deviation) * np.unique(a))
    log_widths = np.log(span) + spread + np.exp(scatter) * np.unique(b)
    over_a, over_b = (posterior.reshape(len(thresholds), len(log_widths), -1).sum(axis=axis) for axis in (1, 0))
    ends = [0.025, 0.5, 0.975]
    of_threshold, of_width = (
        _quantiles(thresholds, over_a, ends),
        np.exp(_quantiles(log_widths, over_b, ends)),
    )
    return Participants(thresholds @ over_a, of_width[1], of_threshold[[0, 2]], of_width[[0, 2]])


def _quantiles(values: np.ndarray, weights: np.ndarray, shares: list[float]) -> np.ndarray:
    """Quantiles (share, participant) of values (node,) with weights (node, participant)."""
    reached = np.cumsum(weights, axis=0) - weights / 2
    return np.array([[np.interp(share, column, values) for column in reached.T] for share in shares])
