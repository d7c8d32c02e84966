"""Consistency: whether observers err on the same trials, and whether shape or texture decides, from their answers.

Everything here takes trials as tables with the columns of model-vs-human: subj, session, trial, rt, object_response,
category, condition, imagename. It serves people and models alike.
"""

from __future__ import annotations

import re
from itertools import combinations

import numpy as np
import pandas as pd

__all__ = [
    "accuracy_by_observer", "cohens_kappa", "error_consistency", "is_cue_conflict", "mean_error_consistency",
    "shape_bias", "shape_decisions", "stimulus_of",
]  # fmt: skip

CONFLICT = r"([^\d-]+)\d*-([^\d.]+)\d*(?:\.\w+)?"  # category and number of the shape, then of the texture


def stimulus_of(imagename: str) -> str:
    """Name the stimulus of a trial: what follows the last underscore; before it stand trial, observer and condition.

    Parameters
    ----------
    imagename : as in the table, for example ``0001_edg_s01_0_oven_00_oven10.png``.
    """
    return imagename.rpartition("_")[2]


def is_cue_conflict(imagename: str) -> bool:
    """Whether a stimulus is named after its shape and its texture, SHAPEn-TEXTUREm, for example ``dog10-bird2.png``.

    Parameters
    ----------
    imagename : as in the table.
    """
    return re.fullmatch(CONFLICT, stimulus_of(imagename)) is not None


def accuracy_by_observer(trials: pd.DataFrame) -> pd.Series:
    """Share of trials whose answer is the category; trials without an answer count as errors.

    Parameters
    ----------
    trials : of one or more observers.

    Returns
    -------
    Series over subj, in [0, 1].
    """
    return _correct(trials).groupby(trials["subj"]).mean()


def cohens_kappa(first: np.ndarray, second: np.ndarray) -> float:
    """Agreement beyond chance, (c_obs - c_exp) / (1 - c_exp) (Cohen 1960; of errors: Geirhos et al. 2020, NeurIPS).

    Parameters
    ----------
    first : (trial,) bool, whether an observer was right.
    second : (trial,) bool, whether another was, in the same trials.

    Returns
    -------
    kappa in [-1, 1]: 0 = as independent observers of these accuracies, 1 = the same errors; NaN without trials, or
    where both are always right or both always wrong.
    """
    first, second = np.asarray(first, bool), np.asarray(second, bool)
    if first.shape != second.shape or first.ndim != 1:
        raise ValueError(f"expected answers to the same trials, got {first.shape} and {second.shape}")
    if not first.size:
        return float("nan")
    p, q = first.mean(), second.mean()
    expected = p * q + (1 - p) * (1 - q)
    return float(((first == second).mean() - expected) / (1 - expected)) if expected < 1 else float("nan")


def error_consistency(trials: pd.DataFrame) -> pd.DataFrame:
    """Cohen's kappa of the errors of every pair of observers, over the stimuli that both have seen.

    Parameters
    ----------
    trials : of two or more observers; each shows a stimulus (and condition) once.

    Returns
    -------
    DataFrame with a row per pair: first, second, n (common stimuli), kappa.

    Raises
    ------
    ValueError : fewer than two observers, two that have no stimulus in common, or a stimulus shown twice to one.
    """
    by_observer = {}
    for name, of_one in trials.groupby("subj", sort=True):
        key = pd.MultiIndex.from_arrays(
            [of_one["condition"].astype(str), of_one["imagename"].map(stimulus_of)], names=("condition", "stimulus")
        )
        if key.has_duplicates:
            raise ValueError(f"{name} was shown {key[key.duplicated()][0][1]} twice: choose one session or condition")
        by_observer[name] = pd.Series(_correct(of_one).to_numpy(), key)
    if len(by_observer) < 2:
        raise ValueError(f"error consistency needs at least two observers, got {list(by_observer)}")
    rows = []
    for first, second in combinations(by_observer, 2):
        both = pd.concat([by_observer[first], by_observer[second]], axis=1, join="inner")
        if both.empty:
            raise ValueError(f"{first} and {second} have no stimulus in common")
        rows.append((first, second, len(both), cohens_kappa(both.iloc[:, 0], both.iloc[:, 1])))
    return pd.DataFrame(rows, columns=["first", "second", "n", "kappa"])


def mean_error_consistency(trials: pd.DataFrame, of: list[str] | None = None, among: list[str] | None = None) -> float:
    """Mean kappa over pairs of observers.

    Parameters
    ----------
    trials : of two or more observers.
    of : only pairs with one of these, such as models; all pairs, if left out.
    among : whose other member is one of these, such as people.

    Returns
    -------
    kappa in [-1, 1]; NaN pairs are left out.
    """
    pairs = error_consistency(trials)
    if of is not None:
        others = sorted({*pairs["first"], *pairs["second"]} - set(of)) if among is None else among
        across = [(a in of and b in others) or (b in of and a in others) for a, b in pairs[["first", "second"]].values]
        pairs = pairs[across]
    return float(pairs["kappa"].mean())


def shape_decisions(trials: pd.DataFrame) -> pd.DataFrame:
    """Which of the answers to cue-conflict stimuli are the shape's; those to neither shape nor texture are left out.

    Parameters
    ----------
    trials : cue-conflict trials, whose stimuli are named SHAPEn-TEXTUREm, for example ``dog10-bird2.png``. Trials
        whose shape and texture agree are left out.

    Returns
    -------
    DataFrame with subj and shape, True where the answer is the shape's category, False where it is the texture's.

    Raises
    ------
    ValueError : a stimulus is not named so.
    """
    names = trials["imagename"].map(stimulus_of)
    parts = names.str.extract(f"^{CONFLICT}$")
    if parts.isna().any(axis=None):
        wrong = names[parts.isna().any(axis=1)].iloc[0]
        raise ValueError(f"cue-conflict stimuli are named SHAPEn-TEXTUREm, got {wrong!r}")
    shape, texture = (trials["object_response"] == parts[k] for k in (0, 1))
    decided = (parts[0] != parts[1]) & (shape | texture)
    return pd.DataFrame({"subj": trials["subj"], "shape": shape})[decided]


def shape_bias(trials: pd.DataFrame) -> pd.Series:
    """Share of shape answers among answers of the shape's or the texture's category (Geirhos et al. 2019, ICLR).

    Parameters
    ----------
    trials : as for :func:`shape_decisions`.

    Returns
    -------
    Series over subj, in [0, 1]; NaN for an observer who gave neither.

    Raises
    ------
    ValueError : a stimulus is not named SHAPEn-TEXTUREm.
    """
    bias = shape_decisions(trials).groupby("subj")["shape"].mean()
    return bias.reindex(sorted(trials["subj"].unique())).rename_axis("subj").rename("shape_bias")


def _correct(trials: pd.DataFrame) -> pd.Series:
    """Whether each answer is the category."""
    lacking = {"subj", "object_response", "category", "condition", "imagename"} - set(trials.columns)
    if lacking:
        raise ValueError(f"expected the columns of model-vs-human, {', '.join(sorted(lacking))} are missing")
    return trials["object_response"] == trials["category"]
