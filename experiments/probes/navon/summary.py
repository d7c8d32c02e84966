"""Which letter the answers are like."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from experiments import measures
from experiments.table import cells, each_observer, interval_cells

__all__ = ["navon_summary"]


def navon_summary(record: xr.Dataset, n: int = 2000, seed: int = 0) -> pd.DataFrame:
    """Tabulate which letter the answers are like in the last iteration.

    Returns
    -------
    DataFrame with a row per model, gain and prior: ``told_global`` and ``told_local``, the share of
    incongruent figures whose letter of that level is told right (see ``measures.letter_evidence``; of two
    letters they sum to 1), and ``congruency_global`` and ``congruency_local``, the share told right of
    congruent minus incongruent figures. 95 % intervals over stimuli and seeds.
    """
    rows = []
    for told, part in each_observer(record):
        last = part.isel(iteration=-1, drop=True)
        right = {level: measures.letter_evidence(last, level) > 0 for level in ("global", "local")}
        odd = np.flatnonzero(part["congruency"].values == "incongruent")
        for prior in last["prior"].values:
            row = told | {"prior": prior, "n": part.sizes["stimulus"]}
            here = {level: values.sel(prior=prior) for level, values in right.items()}
            row |= cells({f"told_{level}": values.isel(stimulus=odd) for level, values in here.items()}, n, seed)
            for level, values in here.items():
                row |= interval_cells(f"congruency_{level}", measures.congruency_effect(values, n, seed))
            rows.append(row)
    return pd.DataFrame(rows)
