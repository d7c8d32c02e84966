"""Localisation: how well a map of tokens finds an object."""

from __future__ import annotations

import functools

import numpy as np
import pandas as pd
import xarray as xr

__all__ = [
    "DEFAULT_MAP", "MAPS", "RIVALS", "described", "map_of", "mean_share", "object_tokens", "object_tokens_of_all",
    "over_map", "roc_auc", "tokens_of",
]  # fmt: skip

MAPS = ("prior_weights", "feedback_norm", "value_norm", "token_norm", "class_attention")
RIVALS = ("class_activation", "class_evidence")  # maps of the logits of a class, which may be negative
DEFAULT_MAP = "prior_weights"


def object_tokens(record: xr.Dataset) -> tuple[xr.DataArray, xr.DataArray]:
    """Tokens that belong to object 1 and to object 2.

    A token is given to the object that covers more of it (to neither where both cover the same). An object
    holds those of its tokens that it covers by at least half, or, where there is none, its best covered ones.

    Parameters
    ----------
    record : bistable record with mask_1 and mask_2, the covered share of each token.

    Returns
    -------
    Two masks (stimulus, token_y, token_x) bool that do not overlap; empty for an object that covers no token.

    Examples
    --------
    >>> first, second = measures.object_tokens(record)
    >>> bool((first & second).any())  # no token is of both
    False
    """
    first, second = object_tokens_of_all(record[["mask_1", "mask_2"]])
    return first, second


def object_tokens_of_all(record: xr.Dataset) -> list[xr.DataArray]:
    """Tokens that belong to each object, see :func:`object_tokens`.

    Parameters
    ----------
    record : record with mask_1, mask_2 ...

    Returns
    -------
    A mask (stimulus, token_y, token_x) bool for each object; they do not overlap.

    Raises
    ------
    ValueError : the record holds no masks.

    Examples
    --------
    >>> len(measures.object_tokens_of_all(record))
    2
    """
    return [xr.DataArray(held, record["mask_1"].coords) for held in tokens_of(record)]


def tokens_of(record: xr.Dataset) -> list[xr.Variable]:
    """Give the masks of :func:`object_tokens_of_all` without coordinates, which every step would copy and compare."""
    names = sorted((name for name in record if str(name).startswith("mask_")), key=lambda name: int(name[5:]))
    if not names:
        raise ValueError("the record holds no masks, which this measure needs: run the probe on stimuli with masks")
    masks, found = [record[name].variable for name in names], []
    for number, mask in enumerate(masks):
        rival = functools.reduce(np.maximum, masks[:number] + masks[number + 1 :], xr.zeros_like(mask))
        own = mask.where(mask > rival, 0)
        held = (own > 0) & (own >= np.minimum(own.max(("token_y", "token_x")), 0.5))
        found.append(held)
    return found


def roc_auc(values: np.ndarray, positive: np.ndarray, negative: np.ndarray) -> np.ndarray:
    """Area under the ROC: the probability that a positive holds a higher value than a negative, ties half.

    AUC = (R - P (P + 1) / 2) / (P N), R = sum of the positives' ranks among all P positives and N negatives
    (Mann and Whitney 1947; Bamber 1975, J. Math. Psychol. 12).

    Parameters
    ----------
    values : (..., token), any real numbers.
    positive : (..., token) bool, broadcast against values.
    negative : (..., token) bool, no token of which is positive.

    Returns
    -------
    (...) in [0, 1], chance .5; NaN where a value is NaN or a class is empty.

    Examples
    --------
    >>> values, positive = np.array([1.0, 2.0, 3.0]), np.array([False, False, True])
    >>> float(measures.roc_auc(values, positive, ~positive))
    1.0
    """
    values = np.minimum(values, np.finfo(np.float64).max, dtype=np.float64)
    # all other tokens rank above the two classes and so leave the ranks within them alone
    table = np.where(positive | negative, values, np.inf)
    ranks = pd.DataFrame(table.reshape(-1, table.shape[-1])).rank(axis=1).to_numpy().reshape(table.shape)
    n_positive, n_negative = positive.sum(-1), negative.sum(-1)
    wins = np.where(positive, ranks, 0).sum(-1) - n_positive * (n_positive + 1) / 2
    with np.errstate(invalid="ignore"):
        return np.where(np.isnan(ranks).any(-1), np.nan, wins) / (n_positive * n_negative)


def mean_share(values: np.ndarray, cued: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Share of the cued tokens, m(cued) / (m(cued) + m(other)), m the mean over tokens, none of which is negative.

    Values and masks are (..., token); the share (...) lies in [0, 1], chance .5, as where both means are 0;
    NaN where a value is NaN or a mask is empty.
    """
    values = values.astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        means = [(values * mask).sum(-1) / mask.sum(-1) for mask in (cued, other)]
        return np.where(means[0] + means[1] == 0, 0.5, means[0] / (means[0] + means[1]))


def map_of(record: xr.Dataset, kind: str) -> xr.DataArray:
    """One of the record's maps; a ValueError names those that it has."""
    if kind not in record:
        raise ValueError(f"expected one of the record's maps {[name for name in MAPS if name in record]}, got {kind!r}")
    return record[kind]


def over_map(measure, values: xr.DataArray, *masks: xr.Variable) -> xr.DataArray:
    """A measure of a map and of masks, all of them flattened to (..., token)."""

    def flat(*arrays: np.ndarray) -> np.ndarray:
        return measure(*(array.reshape(*array.shape[:-2], -1) for array in arrays))

    tokens = [("token_y", "token_x")] * (1 + len(masks))
    return xr.apply_ufunc(
        flat, values, *masks, input_core_dims=tokens, dask="parallelized", output_dtypes=[float],
        dask_gufunc_kwargs={"allow_rechunk": True},
    )  # fmt: skip


def described(values: xr.DataArray, long_name: str) -> xr.DataArray:
    """Name the values, and let the dims of one stimulus stand last."""
    order = [dim for dim in ("iteration", "prior", "stimulus", "class") if dim in values.dims]
    values = values.transpose(..., *order).rename(None)
    values.attrs = {"long_name": long_name, "units": "1"}
    return values
