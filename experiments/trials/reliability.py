"""Reliability: how well halves of the same data agree, and the ceiling that this sets to any correlation."""

from __future__ import annotations

import numpy as np

__all__ = ["ceiling_of", "correlations", "spearman_brown", "split_half"]


def correlations(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Pearson's r over the last axis; members of which either is NaN are left out, NaN with fewer than three."""
    there = ~(np.isnan(first) | np.isnan(second))
    n = there.sum(-1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        x, y = (np.where(there, of, 0.0) for of in (first, second))
        x, y = (np.where(there, of - of.sum(-1, keepdims=True) / n, 0.0) for of in (x, y))
        found = (x * y).sum(-1) / np.sqrt((x**2).sum(-1) * (y**2).sum(-1))
    return np.where(n[..., 0] > 2, found, np.nan)


def spearman_brown(r: np.ndarray | float) -> np.ndarray | float:
    """Reliability of the whole of the correlation of its halves, 2 r / (1 + r) (Spearman 1910; Brown 1910), >= -1."""
    return np.maximum(2 * r / np.maximum(1 + r, 1e-12), -1.0)


def split_half(first: np.ndarray, second: np.ndarray) -> float:
    """Split-half reliability: the mean correlation over many random halves, corrected for their length.

    Parameters
    ----------
    first, second : (split, member) what each half tells of each member (a participant, a picture).

    Returns
    -------
    Reliability in [-1, 1] (Parsons, Kruijt and Fox 2019, Adv. Methods Pract. Psychol. Sci. 2); NaN where no
    split has three members.
    """
    found = correlations(first, second)
    found = found[~np.isnan(found)]
    return float(spearman_brown(found.mean())) if found.size else float("nan")


def ceiling_of(reliability: float) -> float:
    """Largest correlation that a measure without error can have with one of this reliability, its root."""
    return float(np.sqrt(np.maximum(reliability, 0.0)))
