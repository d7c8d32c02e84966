"""The accuracy of every pass on single objects."""

from __future__ import annotations

import pandas as pd
import xarray as xr

from experiments import measures
from experiments.statistics.intervals import bootstrap
from experiments.table import ENDS, bare, rows_of

__all__ = ["recognition_summary"]


def recognition_summary(record: xr.Dataset, n: int = 2000, seed: int = 0) -> pd.DataFrame:
    """Tabulate the accuracy of every pass on single objects, with 95 % bootstrap intervals.

    Returns
    -------
    DataFrame with a row per model, seed (where several were run) and iteration: n (stimuli), accuracy,
    accuracy_low and accuracy_high.
    """
    record = measures.written(record)
    interval = bootstrap(bare(measures.accuracy(record).isel(prior=0, drop=True)), n=n, seed=seed)
    cells = {f"accuracy{suffix}": interval[end] for end, suffix in ENDS}
    return rows_of(record, cells, "iteration")
