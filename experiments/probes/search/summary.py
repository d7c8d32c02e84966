"""How well the target is told from its absence, by set size."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from experiments import measures
from experiments.table import cells, each_observer, interval_cells

__all__ = ["search_summary"]


def search_summary(record: xr.Dataset, n: int = 500, seed: int = 0) -> pd.DataFrame:
    """Tabulate how well the target is told from its absence, by set size, in the last iteration.

    Returns
    -------
    DataFrame with a row per model, gain, prior and set size, and a row "slope" in units per item.
    ``n_present`` and ``n_absent`` count the displays. ``detection_area`` is the area under the ROC of the
    evidence for the class that is looked for, present against absent, and ``d_prime`` what it comes to;
    ``evidence`` the mean log odds where the target is present; ``map_auc`` how the prior's weights find it
    among the other items. 95 % intervals over stimuli, drawn within set sizes and presence, and over seeds
    where there are several; NaN where a set size has a single display with or without the target.
    """
    rows = []
    for told, part in each_observer(record):
        last = part.isel(iteration=-1, drop=True)
        evidence, found = measures.target_evidence(last).load(), measures.region_auc(last).load()
        sizes, present = part["set_size"].values, part["target"].values == "present"
        levels, shown = np.unique(sizes), np.flatnonzero(present)
        for prior in last["prior"].values:
            of_prior, maps = evidence.sel(prior=prior), found.sel(prior=prior)
            areas = _areas(of_prior, sizes, present, levels, n, seed)
            for at, size in enumerate(levels.tolist()):
                chosen = np.flatnonzero((sizes == size) & present)
                row = told | {"prior": prior, "set_size": size} | _counts(present[sizes == size])
                row |= _ends("detection_area", areas[:, at]) | _ends(
                    "d_prime", measures.d_prime_from_area(areas[:, at])
                )
                values = {"evidence": of_prior.isel(stimulus=chosen), "map_auc": maps.isel(stimulus=chosen)}
                rows.append(row | cells(values, n, seed))
            if len(levels) < 2:
                continue
            row = told | {"prior": prior, "set_size": "slope"} | _counts(present)
            row |= _ends("detection_area", _slopes(areas, levels))
            row |= _ends("d_prime", _slopes(measures.d_prime_from_area(areas), levels))
            for name, values in (("evidence", of_prior), ("map_auc", maps)):
                values = values.mean("seed") if "seed" in values.dims else values
                values, size = values.isel(stimulus=shown), part["set_size"].isel(stimulus=shown)
                row |= interval_cells(name, measures.slope(values, size, n, seed))
            rows.append(row)
    return pd.DataFrame(rows)


def _areas(evidence: xr.DataArray, sizes, present, levels, n: int, seed: int) -> np.ndarray:
    """Areas under the ROC (1 + n, level), mean over seeds; the first row is the sample's own."""
    values = np.atleast_2d(evidence.transpose(..., "stimulus").values)
    generator = np.random.default_rng(seed)
    areas = np.full((n + 1, len(levels)), np.nan)
    for at, size in enumerate(levels):
        groups = [np.flatnonzero((sizes == size) & (present == there)) for there in (True, False)]
        for sample in range(n + 1):
            rows = generator.integers(0, len(values), len(values)) if sample else np.arange(len(values))
            drawn = [generator.choice(g, len(g)) if sample and len(g) else g for g in groups]
            of_seeds = [measures.area_from_evidence(*(values[row, g] for g in drawn)) for row in rows]
            areas[sample, at] = np.mean(of_seeds)
    # an area of 0 or 1 would be an infinite d': half a pair away from it, as the log-linear rule has it
    counts = np.array([[((sizes == s) & (present == t)).sum() for t in (True, False)] for s in levels])
    pairs = counts.prod(axis=1)
    areas[1:, counts.min(axis=1) < 2] = np.nan  # one display cannot vary
    return np.clip(areas, 0.5 / (pairs + 1), 1 - 0.5 / (pairs + 1))


def _counts(present: np.ndarray) -> dict[str, int]:
    """Displays with and without the target, as columns."""
    return {"n_present": int(present.sum()), "n_absent": int((~present).sum())}


def _slopes(values: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Least-squares slope of each row over the levels."""
    centred = levels - levels.mean()
    return values @ centred / (centred @ centred)


def _ends(name: str, samples: np.ndarray) -> dict[str, float]:
    """Estimate, the first of the samples, and the percentiles of the others, as columns."""
    low, high = np.quantile(samples[1:], [0.025, 0.975])
    return interval_cells(name, {"estimate": samples[0], "low": low, "high": high})
