"""Recognition of the target alone and between flankers, and the critical spacing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from experiments import measures
from experiments.table import cells, each_observer, interval_cells

__all__ = ["crowding_summary"]


def crowding_summary(record: xr.Dataset, n: int = 400, seed: int = 0) -> pd.DataFrame:
    """Tabulate recognition of the target alone and between flankers, and the critical spacing, in the last iteration.

    Returns
    -------
    DataFrame with a row per model, gain, prior and spacing ("alone" first), with the share ``reported``, and
    a row "critical" whose ``critical_spacing`` is in units of the eccentricity (see
    ``measures.critical_spacing``). 95 % intervals of shares over stimuli and seeds, of the critical spacing
    from the likelihood of the fit.
    """
    rows = []
    for told, part in each_observer(record):
        last = part.isel(iteration=-1, drop=True)
        seen, spacing = measures.reported(last).load(), part["spacing"].values
        levels = np.unique(spacing[~np.isnan(spacing)])
        for prior in last["prior"].values:
            here = seen.sel(prior=prior)
            groups = {"alone": np.flatnonzero(np.isnan(spacing))}
            groups |= {float(level): np.flatnonzero(spacing == level) for level in levels}
            row = told | {"prior": prior}
            for name, chosen in groups.items():
                values = {"reported": here.isel(stimulus=chosen)} if len(chosen) else {}
                rows.append(row | {"spacing": name, "n": len(chosen)} | cells(values, n, seed))
            if len(levels) < 2 or not len(groups["alone"]):
                continue
            counts = [here.isel(stimulus=groups[float(level)]) for level in levels]
            correct, trials = ([f(count) for count in counts] for f in (lambda c: int(c.sum()), lambda c: c.size))
            alone = here.isel(stimulus=groups["alone"])
            given = (int(alone.sum()), alone.size, 1 / part.sizes["class"])
            found = measures.critical_spacing(levels, correct, trials, *given)
            row |= {"spacing": "critical", "n": len(spacing)}
            ends = dict(zip(("estimate", "low", "high"), found, strict=True))
            rows.append(row | interval_cells("critical_spacing", ends))
    return pd.DataFrame(rows)
