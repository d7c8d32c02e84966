"""Similarity of representations between passes and layers: representational similarity analysis and linear CKA."""

from __future__ import annotations

import numpy as np
import scipy
import xarray as xr

__all__ = ["linear_cka", "rdm", "representation_similarity", "rsa", "rsatoolbox_rdms"]


def rdm(features: np.ndarray) -> np.ndarray:
    """Representational dissimilarities, 1 - Pearson correlation of the features of two stimuli.

    Parameters
    ----------
    features : (stimulus, feature), at least three stimuli.

    Returns
    -------
    (pair,) in [0, 2], the upper triangle row by row (Kriegeskorte, Mur and Bandettini 2008).

    Examples
    --------
    >>> measures.rdm(np.array([[0.0, 1, 2], [0, 1, 2], [2, 1, 0]])).round(6)
    array([0., 2., 2.])
    """
    return scipy.spatial.distance.pdist(np.asarray(features, float), "correlation")


def rsa(features_a: np.ndarray, features_b: np.ndarray) -> float:
    """Spearman correlation of two sets of representational dissimilarities (Kriegeskorte, Mur and Bandettini 2008).

    Parameters
    ----------
    features_a, features_b : (stimulus, feature) of the same stimuli; the number of features may differ.

    Returns
    -------
    Correlation in [-1, 1].

    Examples
    --------
    >>> features = np.random.default_rng(0).normal(size=(10, 4))
    >>> round(measures.rsa(features, features), 6)
    1.0
    """
    return float(scipy.stats.spearmanr(rdm(features_a), rdm(features_b)).statistic)


def linear_cka(features_a: np.ndarray, features_b: np.ndarray) -> float:
    """Linear centred kernel alignment |B^T A|^2 / (|A^T A| |B^T B|) of centred features, Frobenius norms.

    Kornblith, Norouzi, Lee and Hinton (2019, ICML), equation 3 with a linear kernel. Rotations and scaling of
    either side leave it alone.

    Parameters
    ----------
    features_a, features_b : (stimulus, feature) of the same stimuli; the number of features may differ.

    Returns
    -------
    Alignment in [0, 1].

    Examples
    --------
    >>> features = np.random.default_rng(0).normal(size=(10, 4))
    >>> round(measures.linear_cka(features, 2 * features), 6)  # whatever the scale
    1.0
    """
    a, b = (np.asarray(x, float) - np.asarray(x, float).mean(0) for x in (features_a, features_b))
    return float(np.linalg.norm(b.T @ a) ** 2 / (np.linalg.norm(a.T @ a) * np.linalg.norm(b.T @ b)))


def representation_similarity(record: xr.Dataset, along: str = "iteration", method: str = "cka") -> xr.DataArray:
    """Compare what every two passes, or layers, make of the same stimuli.

    Parameters
    ----------
    record : with features (..., stimulus, ..., feature), as ``--features`` records them.
    along : "iteration" or "layer".
    method : "cka" or "rsa".

    Returns
    -------
    (..., along, along_2) symmetric, 1 on the diagonal.

    Raises
    ------
    ValueError : the record holds no features, or another dimension or method.
    """
    methods = {"cka": linear_cka, "rsa": rsa}
    features = _features(record)
    if along not in ("iteration", "layer") or method not in methods:
        raise ValueError(f"expected iteration or layer, by {' or '.join(methods)}; got {along!r}, by {method!r}")

    def compared(block: np.ndarray) -> np.ndarray:
        return np.array([[methods[method](a, b) for b in block] for a in block])

    result = xr.apply_ufunc(
        compared, features, input_core_dims=[[along, "stimulus", "feature"]],
        output_core_dims=[[along, f"{along}_2"]], exclude_dims={along}, vectorize=True,
    )  # fmt: skip
    result = result.assign_coords({along: features[along].values, f"{along}_2": features[along].values})
    result.attrs = {"long_name": f"{method.upper()} between {along}s", "units": "1"}
    return result


def rsatoolbox_rdms(record: xr.Dataset):
    """Give the dissimilarities of every pass, or layer, to rsatoolbox: noise ceilings, model fits, inference.

    Parameters
    ----------
    record : with features (..., stimulus, ..., feature), as ``--features`` records them.

    Returns
    -------
    ``rsatoolbox.rdm.RDMs``: one matrix for each place of all dimensions but stimulus and feature, whose
    coordinates are its ``rdm_descriptors``; the stimuli are the patterns.

    Raises
    ------
    ModuleNotFoundError : rsatoolbox is not installed.
    ValueError : the record holds no features.
    """
    try:
        from rsatoolbox.rdm import RDMs
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError("rsatoolbox is not installed: pip install 'absvit[rsa]'") from error
    features = _features(record)
    places = [dim for dim in features.dims if dim not in ("stimulus", "feature")]
    stacked = features.stack(place=places).transpose("place", "stimulus", "feature")
    described = {dim: stacked[dim].values.tolist() for dim in places}
    patterns = {"stimulus": record["stimulus"].values.tolist()}
    return RDMs(
        np.stack([rdm(block) for block in stacked.values]),
        dissimilarity_measure="correlation", rdm_descriptors=described, pattern_descriptors=patterns,
    )  # fmt: skip


def _features(record: xr.Dataset) -> xr.DataArray:
    """The recorded features with coordinates of dimensions only."""
    if "features" not in record:
        raise ValueError("expected features in the record: run feedback_dynamics with --features")
    features = record["features"].compute().astype(float)
    return features.drop_vars([name for name in features.coords if name not in features.dims])
