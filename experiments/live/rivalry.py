"""What observers answer with a cue and without one, and how the kinds compete: tables of a record of ``tell``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
import xarray as xr
from scipy.special import softmax

__all__ = ["NO_CUE", "answers", "competition", "competitors", "weights"]

NO_CUE = "no cue"
SHOWN = 4  # kinds


def competitors(record: xr.Dataset) -> dict[str, list[int]]:
    """Name the kinds that compete, each with the numbers of its classes, at least two.

    They are those that cues name and, where these are too few, the classes that are most probable without a
    cue to the mean observer.
    """
    cued = zip(record["category"].values, record["kinds"].values, strict=True)
    found = {str(name): [int(number) for number in kinds.split()] for name, kinds in cued if kinds}
    taken = {number for members in found.values() for number in members}
    p = _probabilities(record)[:, 0, 0].mean(0)
    for number in np.argsort(-p, kind="stable"):
        if len(found) >= 2:
            break
        if number not in taken:
            found[str(record["class"].values[number])] = [int(number)]
    return found


def answers(record: xr.Dataset, shown: int = SHOWN) -> pd.DataFrame:
    """Tabulate what each observer answers under each cue that it takes, and without it.

    Of each there are the kinds that compete and, as far as there is room, the class that is answered with the
    cue, that without it, and those that are most probable with it or without. An observer that takes no cue has
    one row of each kind, as ``NO_CUE``.

    Returns
    -------
    DataFrame with model, prior, kind, without, with (probabilities; of a kind of several classes their sum).
    """
    rivals, names = competitors(record), record["class"].values
    rows = []
    for model, prior, before, after in _pairs(record):
        most = [after.argmax(), before.argmax(), *np.argsort(-np.maximum(before, after), kind="stable")]
        inside = {number for members in rivals.values() for number in members}
        others = {str(names[n]): [int(n)] for n in most[: 2 + shown + len(inside)] if n not in inside}
        kinds = dict([*rivals.items(), *others.items()][: max(shown, len(rivals))])
        for kind, members in kinds.items():
            with_cue = np.nan if prior == NO_CUE else after[members].sum()
            rows.append((model, prior, kind, before[members].sum(), with_cue))
    return pd.DataFrame(rows, columns=["model", "prior", "kind", "without", "with"])


def competition(record: xr.Dataset) -> pd.DataFrame:
    """Tabulate the shares of the competing kinds in the probability of all of them, without a cue and with each.

    Returns
    -------
    DataFrame with model, prior, kind and share.
    """
    rivals, rows, seen = competitors(record), [], set()
    for model, prior, before, after in _pairs(record):
        told = [(NO_CUE, before)] * (model not in seen) + [(prior, after)] * (prior != NO_CUE)
        seen.add(model)
        rows += [(model, name, kind, share) for name, p in told for kind, share in _shares(p, rivals).items()]
    return pd.DataFrame(rows, columns=["model", "prior", "kind", "share"])


def weights(record: xr.Dataset) -> pd.DataFrame:
    """Tabulate the smallest and largest weight of places in the last pass, and which cues weigh nothing.

    Returns
    -------
    DataFrame with model, prior, smallest, largest (both NaN where no places are weighed), and
    ``weighs_nothing``: a prior that finds no evidence at any place.
    """
    last = record["prior_weights"].isel(iteration=-1, stimulus=0).transpose("model", "prior", ...).values
    rows = []
    for number, model in enumerate(record["model"].values):
        for at, prior in enumerate(record["prior"].values):
            values, taken = last[number, at], bool(record["taken"].values[number, at])
            ends = (np.nanmin(values), np.nanmax(values)) if taken and not np.isnan(values).all() else (np.nan, np.nan)
            rows.append((model, prior, *ends, ends[1] == 0))
    return pd.DataFrame(rows, columns=["model", "prior", "smallest", "largest", "weighs_nothing"])


def _probabilities(record: xr.Dataset) -> np.ndarray:
    """(model, iteration, prior, class)."""
    logits = record["logits"].isel(stimulus=0).transpose("model", "iteration", "prior", "class").values
    return softmax(logits, axis=-1)


def _pairs(record: xr.Dataset) -> Iterator[tuple[str, str, np.ndarray, np.ndarray]]:
    """Each observer and cue that it takes, probabilities (class,) without it and with it; or no cue at all."""
    p, taken, priors = _probabilities(record), record["taken"].values, record["prior"].values
    for number, model in enumerate(record["model"].values):
        told = [at for at in range(len(priors)) if taken[number, at]]
        for at in told:
            yield str(model), str(priors[at]), p[number, 0, at], p[number, -1, at]
        if not told:
            yield str(model), NO_CUE, p[number, 0, 0], p[number, 0, 0]


def _shares(p: np.ndarray, rivals: Mapping[str, Sequence[int]]) -> dict[str, float]:
    of = {kind: float(p[list(members)].sum()) for kind, members in rivals.items()}
    total = sum(of.values())
    return {kind: value / total if total else 1 / len(of) for kind, value in of.items()}
