"""The evidence for illusory figures against their turned inducers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from experiments import measures
from experiments.table import cells, each_observer, interval_cells

__all__ = ["contours_summary"]


def contours_summary(record: xr.Dataset, n: int = 2000, seed: int = 0) -> pd.DataFrame:
    """Tabulate the evidence for illusory figures against their turned inducers in the last iteration.

    Returns
    -------
    DataFrame with a row per model, gain, prior and figure: ``illusory`` and ``control``, the mean log odds of
    the figure's class, ``effect``, their difference, and ``surface``, the difference of the surface's shares
    in the prior's weights (surface against inducers). 95 % intervals over stimuli and seeds.
    """
    rows = []
    for told, part in each_observer(record):
        last = part.isel(iteration=-1, drop=True)
        evidence, share = measures.target_evidence(last).load(), measures.region_share(last).load()
        conditions, figures = part["condition"].values, part["figure"].values
        for prior in last["prior"].values:
            for figure in dict.fromkeys(figures.tolist()):
                chosen = np.flatnonzero(figures == figure)
                here = evidence.sel(prior=prior).isel(stimulus=chosen)
                row = told | {"prior": prior, "figure": figure, "n": len(chosen)}
                row |= cells({name: here.isel(stimulus=np.flatnonzero(conditions[chosen] == name))
                              for name in ("illusory", "control")}, n, seed)  # fmt: skip
                for name, values in (("effect", here), ("surface", share.sel(prior=prior).isel(stimulus=chosen))):
                    effect = measures.group_difference(values, "condition", "illusory", "control", n, seed)
                    row |= interval_cells(name, effect)
                rows.append(row)
    return pd.DataFrame(rows)
