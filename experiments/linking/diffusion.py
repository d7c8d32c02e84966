r"""A diffusion model whose drift is proportional to the margin.

Noisy evidence x starts at 0 and drifts by v a second, dx = v dt + dW (the noise is 1 a root of a second),
until it reaches the boundary B, the right answer, or -B, a wrong one (Ratcliff 1978, Psychological Review
85). Of a trial with the margin m, log odds of the right answer against the best other, v = k m (Palmer, Huk
and Shadlen 2005, Journal of Vision 5, their proportional-rate model, with m in the place of the strength of
the stimulus). With u = B v

    p(right)  = 1 / (1 + exp(-2 u))
    mean rt   = t0 + B^2 tanh(u) / u
    variance  = B^4 (tanh(u) - u / cosh(u)^2) / u^3

the same for right and wrong answers (Wagenmakers, van der Maas and Grasman 2007, Psychonomic Bulletin &
Review 14, with a = 2 B and s = 1). Over the trials of a condition the mean rt of right
answers weighs each trial with its p(right).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np
from scipy.special import expit

from experiments.linking.evidence import Evidence
from experiments.linking.link import Link, Parameter, Predicted
from stimuli.foundation.registry import later

__all__ = ["DIFFUSION", "decision_mean", "decision_variance", "share_right"]

SMALL = 1e-3  # of B v, below which the quotients are series


def share_right(drift: np.ndarray, boundary: float) -> np.ndarray:
    """Probability in (0, 1) that B is reached before -B, of drifts (...) a second."""
    return expit(2 * boundary * np.asarray(drift, float))


def decision_mean(drift: np.ndarray, boundary: float) -> np.ndarray:
    """Mean time in s until B or -B is reached, of drifts (...) a second; B^2 without drift."""
    u, near = _scaled(drift, boundary)
    return boundary**2 * np.where(near, 1 - u**2 / 3, np.tanh(u) / np.where(near, 1, u))


def decision_variance(drift: np.ndarray, boundary: float) -> np.ndarray:
    """Variance in s^2 of that time, of drifts (...) a second; 2/3 B^4 without drift."""
    u, near = _scaled(drift, boundary)
    t = np.tanh(u)
    found = (t - u * (1 - t**2)) / np.where(near, 1, u) ** 3
    return boundary**4 * np.where(near, 2 / 3 - 8 / 15 * u**2, found)


def _scaled(drift: np.ndarray, boundary: float) -> tuple[np.ndarray, np.ndarray]:
    """The numbers u = B v, and where they are small."""
    u = boundary * np.asarray(drift, float)
    return u, np.abs(u) < SMALL


def _predict(evidence: Evidence, sensitivity: float, boundary: float, nondecision: float) -> Predicted:
    """Times and right answers of the margins of the last pass."""
    drift = sensitivity * evidence.margin[:, -1]
    return Predicted(
        nondecision + decision_mean(drift, boundary),
        np.where(evidence.asked, share_right(drift, boundary), np.nan),
        decision_variance(drift, boundary),
        np.full(len(drift), evidence.margin.shape[1] - 1),
    )


def _starts(evidence: Evidence) -> Iterator[dict[str, float]]:
    """Drifts around 1 a second for a middling margin, boundaries of careful and of hasty people."""
    middling = np.median(np.abs(evidence.margin[:, -1])) or 1.0
    for drift, boundary in product((0.3, 1.0, 3.0), (0.4, 1.0)):
        yield {"sensitivity": drift / middling, "boundary": boundary, "nondecision": 0.2}


DIFFUSION = Link(
    "diffusion",
    "the margin drives a diffusion to one of two boundaries",
    "Ratcliff 1978; Palmer, Huk and Shadlen 2005; closed forms: Wagenmakers, van der Maas and Grasman 2007",
    (
        "The drift is proportional to the margin, and the same in all trials of one margin.",
        "Boundary and non-decision time are the same in all conditions: instructions change evidence alone.",
        "The start lies midway, so that right and wrong answers to one margin take equally long.",
        "One alternative, the best other, competes with the right answer, however many options there are.",
        "People are alike: curves are fitted to means over people. Where people's parameters differ by 15 % the "
        "sensitivity comes out 3 to 4 % too low, and its 95 % intervals hold the truth in 86 to 90 of 100 experiments "
        "(python -m experiments.linking recovery).",
    ),
    (
        Parameter("sensitivity", "drift of a margin of 1", "1/s per log odds", 1e-6, 1e4),
        Parameter("boundary", "evidence that is enough, B", "root of s", 0.02, 20.0),
        Parameter("nondecision", "time of seeing and moving, t0", "s", 0.0, 5.0),
    ),
    _predict,
    _starts,
    density=later("experiments.linking.rt_distributions:diffusion_density"),
)
