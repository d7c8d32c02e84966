"""Detection: how well a signal is told from noise, and how readily an observer says that it is there."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import scipy

__all__ = [
    "area_from_evidence",
    "criterion",
    "d_prime",
    "d_prime_from_area",
    "d_prime_from_choice",
    "proportion_correct",
]

Numbers = float | np.ndarray | Sequence[float]
INTEGRATED = np.linspace(-6, 8, 281)  # d' between which the proportion correct is inverted by splines


def d_prime(hits: Numbers, signals: Numbers, false_alarms: Numbers, noises: Numbers, log_linear: bool = True):
    """Sensitivity d' = z(hit rate) - z(false-alarm rate) (Green and Swets 1966; Macmillan and Creelman 2005, eq. 1.5).

    Parameters
    ----------
    hits : signal trials that were called signal, 0 to ``signals``.
    signals : signal trials, at least 1.
    false_alarms : noise trials that were called signal, 0 to ``noises``.
    noises : noise trials, at least 1.
    log_linear : add 0.5 to the counts and 1 to the trials, which keeps d' finite and is less biased than
        replacing rates of 0 and 1 (Hautus 1995, Behav. Res. Methods 27).

    Returns
    -------
    d' in standard deviations, shaped as the counts broadcast; infinite where a rate is 0 or 1 and not
    corrected.

    Raises
    ------
    ValueError : counts below 0 or above the number of trials.

    Examples
    --------
    >>> round(float(measures.d_prime(40, 50, 10, 50)), 2)
    1.64
    """
    hit, false_alarm = _rates(hits, signals, false_alarms, noises, log_linear)
    return scipy.special.ndtri(hit) - scipy.special.ndtri(false_alarm)


def criterion(hits: Numbers, signals: Numbers, false_alarms: Numbers, noises: Numbers, log_linear: bool = True):
    """Criterion c = -(z(hit rate) + z(false-alarm rate)) / 2 (Macmillan and Creelman 2005, eq. 2.1).

    Parameters
    ----------
    hits, signals, false_alarms, noises, log_linear : as in :func:`d_prime`, which refuses the same.

    Returns
    -------
    c in standard deviations: 0 = unbiased, positive = seldom says signal.

    Examples
    --------
    >>> round(abs(float(measures.criterion(40, 50, 10, 50))), 6)  # no bias
    0.0
    """
    hit, false_alarm = _rates(hits, signals, false_alarms, noises, log_linear)
    return 0 - (scipy.special.ndtri(hit) + scipy.special.ndtri(false_alarm)) / 2  # not -0 where nothing is preferred


def area_from_evidence(signal: np.ndarray, noise: np.ndarray) -> float:
    """Area under the ROC of graded evidence: share of pairs in which the signal trial has more, ties half.

    Parameters
    ----------
    signal : (trial,) evidence in signal trials.
    noise : (trial,) evidence in noise trials.

    Returns
    -------
    Area in [0, 1], chance .5 (Bamber 1975, J. Math. Psychol. 12); NaN where either holds no trial.

    Examples
    --------
    >>> area = measures.area_from_evidence(np.array([1, 2, 3]), np.array([0, 1, 2]))
    >>> round(area * 9, 2)  # of 9 pairs, ties half
    7.0
    """
    signal, noise = np.asarray(signal, float), np.sort(np.asarray(noise, float))
    if not signal.size or not noise.size:
        return np.nan
    below, up_to = np.searchsorted(noise, signal, "left"), np.searchsorted(noise, signal, "right")
    return float((below + up_to).mean() / (2 * noise.size))


def d_prime_from_area(area: Numbers):
    """Sensitivity of equal-variance observers with this area: d' = sqrt(2) z(area) (Macmillan and Creelman eq. 3.8).

    Parameters
    ----------
    area : area under the ROC, in [0, 1].

    Returns
    -------
    d' in standard deviations, infinite at 0 and 1.

    Examples
    --------
    >>> round(float(measures.d_prime_from_area(0.76)), 2)
    1.0
    """
    return np.sqrt(2) * scipy.special.ndtri(area)


def proportion_correct(d_prime: Numbers, m: int) -> np.ndarray:
    """Share of right choices among m alternatives, P = integral of phi(x - d') Phi(x)^(m - 1) dx.

    The observer chooses the alternative with most evidence, which is normal of unit variance in all of them
    and d' higher in the right one (Hacker and Ratcliff 1979, Percept. Psychophys. 26, equation 1; Macmillan
    and Creelman 2005, chapter 10).

    Parameters
    ----------
    d_prime : in standard deviations.
    m : alternatives, at least 2.

    Returns
    -------
    Share in (0, 1), shaped as d_prime; 1 / m where d' is 0, and Phi(d' / sqrt(2)) of two alternatives.

    Raises
    ------
    ValueError : fewer than two alternatives.

    Examples
    --------
    >>> measures.proportion_correct(np.array([0.0, 1.0]), m=2).round(2)
    array([0.5 , 0.76])
    """
    if m < 2:
        raise ValueError(f"a choice needs at least 2 alternatives, got {m}")
    d_prime = np.asarray(d_prime, float)

    def density(x: float) -> np.ndarray:  # from the right alternative, whose evidence is d' + x
        return np.exp(-(x**2) / 2 + (m - 1) * scipy.special.log_ndtr(x + d_prime)) / np.sqrt(2 * np.pi)

    return scipy.integrate.quad_vec(density, -10, 10, epsabs=1e-13, epsrel=1e-10)[0]


def d_prime_from_choice(proportion: Numbers, m: int) -> np.ndarray:
    """Sensitivity of an observer who is right so often among m alternatives (Hacker and Ratcliff 1979).

    Parameters
    ----------
    proportion : share of right choices, in [0, 1].
    m : alternatives, at least 2.

    Returns
    -------
    d' in standard deviations, shaped as the proportion: the inverse of :func:`proportion_correct`; negative
    below chance, infinite at 0 and 1.

    Raises
    ------
    ValueError : fewer than two alternatives, or a proportion out of [0, 1].

    Examples
    --------
    >>> round(float(measures.d_prime_from_choice(0.76, m=2)), 2)
    1.0
    """
    proportion = np.asarray(proportion, float)
    if ((proportion < 0) | (proportion > 1)).any():
        raise ValueError("proportions of right choices must be in [0, 1]")
    z = scipy.special.ndtri(proportion)
    return np.where(np.isinf(z), z, _inverse(m)(np.where(np.isinf(z), 0, z)))


@lru_cache(32)
def _inverse(m: int) -> scipy.interpolate.CubicSpline:
    """Give d' as a function of z(P), which is nearly a line, so that splines hold it to 1e-6."""
    return scipy.interpolate.CubicSpline(scipy.special.ndtri(proportion_correct(INTEGRATED, m)), INTEGRATED)


def _rates(hits, signals, false_alarms, noises, log_linear: bool) -> tuple[np.ndarray, np.ndarray]:
    """Hit rate and false-alarm rate."""
    found = []
    for name, counts, trials in (("hits", hits, signals), ("false_alarms", false_alarms, noises)):
        counts, trials = np.asarray(counts, float), np.asarray(trials, float)
        if not ((counts >= 0) & (counts <= trials) & (trials >= 1)).all():
            raise ValueError(f"{name} must be counts from 0 to the number of trials, of which one is needed at least")
        found.append((counts + 0.5) / (trials + 1) if log_linear else counts / trials)
    return found[0], found[1]
