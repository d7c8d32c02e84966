"""Detection: how well a signal is told from noise, and how readily an observer says that it is there."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy

__all__ = ["area_from_evidence", "criterion", "d_prime", "d_prime_from_area"]

Numbers = float | np.ndarray | Sequence[float]


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
    """
    return np.sqrt(2) * scipy.special.ndtri(area)


def _rates(hits, signals, false_alarms, noises, log_linear: bool) -> tuple[np.ndarray, np.ndarray]:
    """Hit rate and false-alarm rate."""
    found = []
    for name, counts, trials in (("hits", hits, signals), ("false_alarms", false_alarms, noises)):
        counts, trials = np.asarray(counts, float), np.asarray(trials, float)
        if not ((counts >= 0) & (counts <= trials) & (trials >= 1)).all():
            raise ValueError(f"{name} must be counts from 0 to the number of trials, of which one is needed at least")
        found.append((counts + 0.5) / (trials + 1) if log_linear else counts / trials)
    return found[0], found[1]
