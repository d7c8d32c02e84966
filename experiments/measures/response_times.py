"""Response times: what may stand for them where a model answers at once, and accuracy as a function of them."""

from __future__ import annotations

import numpy as np
import xarray as xr

__all__ = ["conditional_accuracy", "response_entropy", "response_margin"]


def response_entropy(record: xr.Dataset) -> xr.DataArray:
    """Entropy of the class probabilities, -sum p ln p: a proxy of response time (Spoerer et al. 2020, PLoS CB 16).

    Parameters
    ----------
    record : record with logits.

    Returns
    -------
    (...) without ``class``, in nats, 0 = certain, ln(classes) = no idea; larger stands for slower.

    Examples
    --------
    >>> bool((measures.response_entropy(record) >= 0).all())
    True
    """
    logits = record["logits"].astype(np.float64)
    shifted = logits - logits.max("class")
    log_p = shifted - np.log(np.exp(shifted).sum("class"))
    entropy = -(np.exp(log_p) * log_p).sum("class")
    return entropy.rename(None).assign_attrs(long_name="entropy of the class probabilities", units="nat")


def response_margin(record: xr.Dataset) -> xr.DataArray:
    """Difference of the two largest logits, the distance to the nearest decision bound: larger stands for faster.

    Distance to the bound predicts response times in categorisation (Ashby and Maddox 1994, J. Math. Psychol.
    38) and of people from a brain's or a model's representation (Carlson et al. 2014, J. Cogn. Neurosci. 26).

    Parameters
    ----------
    record : record with logits of at least two classes.

    Returns
    -------
    (...) without ``class``, at least 0.

    Examples
    --------
    >>> measures.response_margin(record).dims
    ('iteration', 'prior', 'stimulus')
    """
    logits = record["logits"]

    def margin(values: np.ndarray) -> np.ndarray:
        two = np.partition(values, -2, axis=-1)[..., -2:]
        return two[..., 1] - two[..., 0]

    found = xr.apply_ufunc(
        margin, logits, input_core_dims=[["class"]], dask="parallelized", output_dtypes=[logits.dtype]
    )
    return found.rename(None).assign_attrs(long_name="difference of the two largest logits", units="1")


def conditional_accuracy(times: xr.DataArray, correct: xr.DataArray, bins: int = 4) -> xr.Dataset:
    """Accuracy in quantile bins of response time: the conditional accuracy function (Lappin and Disch 1972).

    Parameters
    ----------
    times : (stimulus,) response times, or a proxy that is larger for slower answers.
    correct : (stimulus,) bool.
    bins : number of bins, at least 1, of as many stimuli each as nearly as can be.

    Returns
    -------
    Dataset (bin): time (mean), accuracy in [0, 1], n; from fast to slow.

    Raises
    ------
    ValueError : fewer stimuli than bins, or arrays of other dims.

    Examples
    --------
    >>> times = xr.DataArray([1.0, 2.0, 3.0, 4.0], dims="stimulus")
    >>> measures.conditional_accuracy(times, times > 2, bins=2)["accuracy"].values
    array([0., 1.])
    """
    if times.dims != ("stimulus",) or correct.dims != ("stimulus",) or not 1 <= bins <= times.sizes["stimulus"]:
        raise ValueError(f"expected (stimulus,) values of at least {bins} stimuli, got {times.dims}, {correct.dims}")
    order = np.argsort(times.values, kind="stable")
    parts = np.array_split(order, bins)
    return xr.Dataset(
        {
            "time": ("bin", [float(times.values[part].mean()) for part in parts]),
            "accuracy": ("bin", [float(correct.values[part].mean()) for part in parts]),
            "n": ("bin", [len(part) for part in parts]),
        }
    )
