"""How much the flash is seen, by prior and offset."""

import numpy as np
import pandas as pd
import xarray as xr

from experiments import measures
from experiments.table import cells, each_observer


def flash_lag_summary(record: xr.Dataset, n: int = 400, seed: int = 0) -> pd.DataFrame:
    """Tabulate the log odds of the flashed against the moving object in the last pass, with 95 % intervals."""
    rows = []
    for told, part in each_observer(record):
        p = np.log(measures.probabilities(part).isel(iteration=-1, drop=True).load())
        evidence = p.isel({"class": part["class_2"]}) - p.isel({"class": part["class_1"]})
        for prior in part["prior"].values:
            for offset in np.unique(part["offset"]):
                here = evidence.sel(prior=prior).isel(stimulus=np.flatnonzero(part["offset"] == offset))
                row = told | {"prior": prior, "offset": offset, "n": here.sizes["stimulus"]}
                rows.append(row | cells({"flash_evidence": here}, n, seed))
    return pd.DataFrame(rows)
