"""Likelihood of psychometric functions, on grids and with its gradient.

Levels, thresholds and widths are in units of the levels' range here, from the lowest level on. A threshold is
called a middle, the logarithm of a width a spread.
"""

from __future__ import annotations

import numpy as np
import scipy

__all__ = [
    "HALF_SPAN", "MIDDLES", "SPREADS", "TINY", "closer", "cost", "filled", "in_units", "log_likelihoods", "reached",
    "rise",
]  # fmt: skip

TINY = 1e-9
HALF_SPAN = {"normal": 1.6448536269514722, "logistic": 2.9444389791664394}  # where each sigmoid is .95
# What is searched: at these limits a function is a step, or flat, or far from all levels
MIDDLES, SPREADS = (-1.0, 2.0), (float(np.log(0.01)), float(np.log(10.0)))
FAR = 1e6  # an infinite level
STEPS = {False: (32, 32, 8), True: (80, 80, 8)}  # of coarse and fine grids of middles, spreads and lapses


def in_units(levels: np.ndarray) -> tuple[np.ndarray, float, float]:
    """Measure levels (level,) in units of the range of the finite ones; at an infinite one the function has risen.

    Returns
    -------
    (level,) in [0, 1], or far; the lowest level, and the range.
    """
    finite = levels[np.isfinite(levels)]
    low, span = float(finite.min()), float(np.ptp(finite))
    return np.minimum((levels - low) / span, FAR), low, span


def rise(shape: str, widths: np.ndarray) -> np.ndarray:
    """The sigmoid F, in [0, 1], at distances from the threshold in widths."""
    z = 2 * HALF_SPAN[shape] * widths
    return scipy.special.ndtr(z) if shape == "normal" else scipy.special.expit(z)


def reached(shape: str, share: float) -> float:
    """Where the sigmoid F reaches a share in (0, 1), as a distance from the threshold in widths: its inverse."""
    z = scipy.special.ndtri(share) if shape == "normal" else scipy.special.logit(share)
    return float(z / (2 * HALF_SPAN[shape]))


def filled(unit: np.ndarray, box, fine: bool = False) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Fill a box, the ends of the middles, the spreads and the lapses, with a grid of functions.

    A function that climbs between two levels (level,) is told apart by where it stands at these, so that some
    middles lie within a width of each level.

    Returns
    -------
    Middles (1, spread, middle), spreads (1, spread, 1) and lapses (lapse, 1, 1).
    """
    middles, spreads, lapses = (np.linspace(*ends, steps + 1) for ends, steps in zip(box, STEPS[fine], strict=True))
    near = unit[unit < FAR, None] + np.exp(spreads)[:, None, None] * np.linspace(-1, 1, 7)
    near = np.clip(near.reshape(len(spreads), -1), *box[0])
    middles = np.concatenate([np.broadcast_to(middles, (len(spreads), len(middles))), near], axis=1)
    return middles[None], spreads[None, :, None], np.unique(lapses)[:, None, None]


def closer(found, box, limits) -> list[tuple[float, float]]:
    """Close a box in on the middles, spreads and lapses that were found in it.

    A step of the grid is left on every side, within the limits: the box that holds all boxes.
    """
    return [
        (max(values.min() - np.ptp(ends) / steps, low), min(values.max() + np.ptp(ends) / steps, high))
        for values, ends, steps, (low, high) in zip(found, box, STEPS[False], limits, strict=True)
    ]


def log_likelihoods(grid, unit, correct, wrong, guess: float, shape: str) -> np.ndarray:
    """Log-likelihood (lapse, spread, middle) of every function of a grid, binomial coefficients left out.

    The grid is as :func:`filled` gives it; levels, right and wrong answers are (level,).
    """
    middles, spreads, lapses = (values[..., None] for values in grid)
    p = guess + (1 - guess - lapses) * rise(shape, (unit - middles) * np.exp(-spreads))
    p = np.clip(p, TINY, 1 - TINY)
    return np.log(p) @ correct + np.log1p(-p) @ wrong


def cost(function: np.ndarray, unit, correct, wrong, guess: float, shape: str) -> tuple[float, np.ndarray]:
    """Negative log-likelihood of a function (middle, spread, lapse), and its derivatives by these."""
    middle, spread, lapse = function
    steep = 2 * HALF_SPAN[shape] * np.exp(-spread)
    z = steep * (unit - middle)
    share = rise(shape, (unit - middle) * np.exp(-spread))
    density = np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi) if shape == "normal" else share * (1 - share)
    p = np.clip(guess + (1 - guess - lapse) * share, TINY, 1 - TINY)
    by_p = wrong / (1 - p) - correct / p
    by_z = by_p * (1 - guess - lapse) * density
    gradient = np.array([-steep * by_z.sum(), -(by_z * z).sum(), -(by_p * share).sum()])
    return -float(correct @ np.log(p) + wrong @ np.log1p(-p)), gradient
