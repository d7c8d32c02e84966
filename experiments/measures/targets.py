"""Targets: what a cue does to the object that is to be recognised, object 1 of each stimulus.

Measures take records of scenes and displays, keep leading dims such as model, seed and gain, and give one
value per stimulus. Differences of two priors are taken within each stimulus. What the record lacks, such as a
class that the model does not know, a prior, a map or masks, is named in a ValueError.
"""

from __future__ import annotations

import functools
import operator

import numpy as np
import scipy
import xarray as xr

from experiments.measures.localisation import DEFAULT_MAP, described, map_of, over_map, roc_auc, tokens_of

__all__ = [
    "cueing_benefit", "cueing_cost", "prior_difference", "region_auc", "region_iou", "region_pointing", "region_share",
    "reported", "target_evidence", "target_probability",
]  # fmt: skip


def reported(record: xr.Dataset, name: str = "class_1") -> xr.DataArray:
    """Whether a class is the most probable of all: what a person who names one thing would say.

    Parameters
    ----------
    record : record with logits.
    name : coordinate that holds the class of each stimulus: class_1 is the target's, absent_class that of
        none.

    Returns
    -------
    (..., iteration, prior, stimulus) bool.

    Examples
    --------
    >>> measures.reported(record).dims
    ('iteration', 'prior', 'stimulus')
    """
    return described(record["logits"].argmax("class") == _known(record, name), f"{name} is the most probable class")


def target_evidence(record: xr.Dataset, name: str = "class_1") -> xr.DataArray:
    """Log odds of a class, ln p / (1 - p).

    Parameters
    ----------
    record : record with logits.
    name : as for :func:`reported`.

    Returns
    -------
    (..., iteration, prior, stimulus), 0 = as probable as all others together.

    Examples
    --------
    >>> measures.target_evidence(record).dims
    ('iteration', 'prior', 'stimulus')
    """
    index = _known(record, name)
    logits = record["logits"].astype(np.float64)

    def log_odds(values: np.ndarray, which: np.ndarray) -> np.ndarray:
        own = np.take_along_axis(values, which[..., None].astype(int), axis=-1)[..., 0]
        others = np.where(np.arange(values.shape[-1]) == which[..., None], -np.inf, values)
        return own - scipy.special.logsumexp(others, axis=-1)

    index = xr.DataArray(index, dims="stimulus").broadcast_like(logits.isel({"class": 0}, drop=True))
    found = xr.apply_ufunc(
        log_odds, logits, index, input_core_dims=[["class"], []], dask="parallelized", output_dtypes=[float]
    )
    return described(found, f"log odds of {name}")


def target_probability(record: xr.Dataset, name: str = "class_1") -> xr.DataArray:
    """Probability of a class.

    Parameters
    ----------
    record : record with logits.
    name : as for :func:`reported`.

    Returns
    -------
    (..., iteration, prior, stimulus) in [0, 1].

    Examples
    --------
    >>> measures.target_probability(record).dims
    ('iteration', 'prior', 'stimulus')
    """
    return described(scipy.special.expit(target_evidence(record, name)), f"probability of {name}")


def prior_difference(values: xr.DataArray, first: str, second: str) -> xr.DataArray:
    """Values under one prior minus those under another, stimulus by stimulus.

    Parameters
    ----------
    values : DataArray with the dim prior.
    first : name of a prior.
    second : name of the prior that is subtracted.

    Returns
    -------
    values without the dim prior.

    Examples
    --------
    >>> first = measures.target_probability(record)
    >>> measures.prior_difference(first, "class 1", "class 2").dims
    ('iteration', 'stimulus')
    """
    names = list(values["prior"].values)
    for name in (first, second):
        if name not in names:
            raise ValueError(f"expected a prior {name!r}, the record holds {names}")
    one, other = (values.isel(prior=names.index(name), drop=True).astype(float) for name in (first, second))
    return described(one - other, f"{first} minus {second}")


def cueing_benefit(values: xr.DataArray, valid: str = "valid", neutral: str = "neutral") -> xr.DataArray:
    """Benefit of a valid cue, valid - neutral (Posner, Nissen and Ogden 1978; Jonides and Mack 1984 on the baseline).

    Parameters
    ----------
    values : recognition, evidence or another measure in which more is better, with the dim prior.
    valid : name of the prior that cues the target.
    neutral : name of the prior that cues nothing.

    Returns
    -------
    (..., stimulus), positive = the cue helps.

    Examples
    --------
    >>> values = xr.DataArray([0.5, 0.75], dims="prior", coords={"prior": ["neutral", "valid"]})
    >>> float(measures.cueing_benefit(values))
    0.25
    """
    return prior_difference(values, valid, neutral)


def cueing_cost(values: xr.DataArray, invalid: str = "invalid", neutral: str = "neutral") -> xr.DataArray:
    """Cost of an invalid cue, neutral - invalid (Posner, Nissen and Ogden 1978).

    Parameters
    ----------
    values : as for :func:`cueing_benefit`.
    invalid : name of the prior that cues something else.
    neutral : name of the prior that cues nothing.

    Returns
    -------
    (..., stimulus), positive = the cue hinders.

    Examples
    --------
    >>> values = xr.DataArray([0.5, 0.25], dims="prior", coords={"prior": ["neutral", "invalid"]})
    >>> float(measures.cueing_cost(values))
    0.25
    """
    return prior_difference(values, neutral, invalid)


def region_auc(record: xr.Dataset, kind: str = DEFAULT_MAP, against: str = "other", target: int = 1) -> xr.DataArray:
    """Area under the ROC of a map, an object's tokens against others.

    Parameters
    ----------
    record : record with masks.
    kind : one of ``MAPS``.
    against : "other", the tokens of all other objects, or "rest", all tokens that are not this object's.
    target : number of the object, from 1.

    Returns
    -------
    (..., iteration, prior, stimulus) in [0, 1], chance .5; NaN where the map is NaN or a set of tokens is
    empty.
    """
    if against not in ("other", "rest"):
        raise ValueError(f'against must be "other" or "rest", got {against!r}')
    own, others = _regions(record, target)
    area = over_map(roc_auc, map_of(record, kind), own, others if against == "other" else ~own)
    return described(area, f"AUC of the map {kind}, object {target} against {against}")


def region_share(record: xr.Dataset, kind: str = DEFAULT_MAP, target: int = 1) -> xr.DataArray:
    """Share of an object in a map, m(object) / sum over all objects of m, m the mean over an object's tokens.

    Parameters
    ----------
    record : record with masks.
    kind : one of ``MAPS``; none is negative.
    target : number of the object, from 1.

    Returns
    -------
    (..., iteration, prior, stimulus) in [0, 1], chance 1 / objects; NaN where the map is NaN, the object
    covers no token, or the map is 0 on all objects.
    """
    _regions(record, target)
    objects = tokens_of(record)

    def share(values: np.ndarray, *masks: np.ndarray) -> np.ndarray:
        values, means = values.astype(np.float64), []
        with np.errstate(invalid="ignore", divide="ignore"):
            for mask in masks:
                held = mask.sum(-1)
                mean = np.where(mask, values, 0).sum(-1) / np.maximum(held, 1)
                means.append(np.where(np.isnan(values).any(-1), np.nan, mean))
            found = means[target - 1] / np.sum(means, axis=0)
        return np.where(masks[target - 1].any(-1), found, np.nan)

    return described(over_map(share, map_of(record, kind), *objects), f"share of object {target} in the map {kind}")


def region_iou(record: xr.Dataset, kind: str = DEFAULT_MAP, target: int = 1) -> xr.DataArray:
    """Overlap of a map's highest tokens with an object, |A and B| / |A or B| (Jaccard 1912).

    As many tokens are taken as the object holds, so that there is no threshold to choose; of tokens that tie,
    the first in reading order.

    Parameters
    ----------
    record : record with masks.
    kind : one of ``MAPS``.
    target : number of the object, from 1.

    Returns
    -------
    (..., iteration, prior, stimulus) in [0, 1]; NaN where the map is NaN or the object covers no token.
    """
    own, _ = _regions(record, target)

    def overlap(values: np.ndarray, mask: np.ndarray) -> np.ndarray:
        order = np.argsort(-values.astype(np.float64), axis=-1, kind="stable")
        rank = np.argsort(order, axis=-1, kind="stable")
        held = mask.sum(-1)
        both = (mask & (rank < held[..., None])).sum(-1)
        with np.errstate(invalid="ignore"):
            return np.where(np.isnan(values).any(-1), np.nan, both / (2 * held - both))

    return described(over_map(overlap, map_of(record, kind), own), f"overlap of the map {kind} with object {target}")


def region_pointing(record: xr.Dataset, kind: str = DEFAULT_MAP, target: int = 1) -> xr.DataArray:
    """Whether a map is highest on an object: peak accuracy, the pointing game (Zhang et al. 2018, IJCV 126).

    Where several tokens are the highest, the share of these that the object holds.

    Parameters
    ----------
    record : record with masks.
    kind : one of ``MAPS``.
    target : number of the object, from 1.

    Returns
    -------
    (..., iteration, prior, stimulus) in [0, 1], chance the object's share of the tokens; NaN where the map is
    NaN or the object covers no token.
    """
    own, _ = _regions(record, target)

    def hit(values: np.ndarray, mask: np.ndarray) -> np.ndarray:
        highest = values == values.max(-1, keepdims=True)
        with np.errstate(invalid="ignore"):
            found = (highest & mask).sum(-1) / highest.sum(-1)
        return np.where(np.isnan(values).any(-1) | ~mask.any(-1), np.nan, found)

    return described(over_map(hit, map_of(record, kind), own), f"the map {kind} is highest on object {target}")


def _known(record: xr.Dataset, name: str) -> np.ndarray:
    """Class of each stimulus (stimulus,), all of them known."""
    if name not in record.coords or (record[name].values < 0).any():
        raise ValueError(f"expected a class of the model in {name} for every stimulus, some or all are unknown")
    return record[name].values


def _regions(record: xr.Dataset, target: int) -> tuple[xr.Variable, xr.Variable]:
    """Tokens of an object, and those of all others."""
    objects = tokens_of(record)
    if not 1 <= target <= len(objects):
        raise ValueError(f"expected an object from 1 to {len(objects)}, got {target}")
    others = [tokens for number, tokens in enumerate(objects, 1) if number != target]
    return objects[target - 1], functools.reduce(operator.or_, others) if others else xr.zeros_like(objects[0])
