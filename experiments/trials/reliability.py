"""Reliability: how well halves of the same data agree, and the ceiling that this sets to any correlation."""

from __future__ import annotations

import numpy as np

__all__ = ["ceiling_of", "correlations", "spearman_brown", "split_half"]


def correlations(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Pearson's r over the last axis, without members of which either is NaN; NaN with fewer than three."""
    there = ~(np.isnan(first) | np.isnan(second))
    n = there.sum(-1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        x, y = (np.where(there, of, 0.0) for of in (first, second))
        x, y = (np.where(there, of - of.sum(-1, keepdims=True) / n, 0.0) for of in (x, y))
        found = (x * y).sum(-1) / np.sqrt((x**2).sum(-1) * (y**2).sum(-1))
    return np.where(n[..., 0] > 2, found, np.nan)


def spearman_brown(r: np.ndarray | float) -> np.ndarray | float:
    """Reliability of a whole from its halves' correlation, 2 r / (1 + r) (Spearman 1910; Brown 1910), >= -1."""
    return np.maximum(2 * r / np.maximum(1 + r, 1e-12), -1.0)


def split_half(first: np.ndarray, second: np.ndarray, corrected: bool = True) -> float:
    """Split-half reliability: the mean correlation over many random halves, corrected for their length.

    With few members it is too small (by .04 of 24 people whose reliability is .2), so that ceilings would be
    too low; the jackknife over members takes that away (Quenouille 1956, Biometrika 43).

    Parameters
    ----------
    first, second : (split, member) what each half tells of each member (a participant, a picture).
    corrected : with the jackknife; four members at least are needed for it.

    Returns
    -------
    Reliability in [-1, 1] (Parsons, Kruijt and Fox 2019, Adv. Methods Pract. Psychol. Sci. 2); NaN where no
    split has three members.
    """
    there = ~np.isnan(first + second).all(0)
    first, second, n = first[:, there], second[:, there], int(there.sum())
    found = correlations(first, second)
    if np.isnan(found).all():
        return float("nan")
    whole = spearman_brown(np.nanmean(found))
    if corrected and n > 3:
        without = spearman_brown(np.nanmean(_without_each(first, second), axis=0))
        whole = np.clip(n * whole - (n - 1) * np.nanmean(without), -1.0, 1.0)
    return float(whole)


def _without_each(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Pearson's r (split, member) of all members but one; NaN where it is no number."""
    there = ~np.isnan(first + second)
    x, y = (np.where(there, of - np.nanmean(of), 0.0) for of in (first, second))  # near 0, for the sums' sake
    n, sx, sy, sxx, syy, sxy = (
        of.sum(-1, keepdims=True) - of for of in (there.astype(float), x, y, x * x, y * y, x * y)
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        found = (n * sxy - sx * sy) / np.sqrt((n * sxx - sx**2) * (n * syy - sy**2))
    return np.where(there & (n > 2) & np.isfinite(found), found, np.nan)


def ceiling_of(reliability: float) -> float:
    """Largest correlation that a measure without error can have with one of this reliability, its root."""
    return float(np.sqrt(np.maximum(reliability, 0.0)))
