"""Accuracy over passes under corruption, and what feedback gains over the bottom-up pass."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from experiments import measures
from experiments.table import rows_over

__all__ = ["corruption_summary"]


def corruption_summary(record: xr.Dataset, n: int = 2000, seed: int = 0) -> pd.DataFrame:
    """Tabulate accuracy over passes under corruption, and what feedback gains over the bottom-up pass.

    Returns
    -------
    DataFrame with a row per model, gain, corruption ("all": their mean, first), severity (0 = the clean
    picture), prior and iteration: n, seeds, accuracy and gain over pass 0, each with its ``_low`` and
    ``_high``.
    """
    record = measures.written(record)
    correct = measures.accuracy(record).astype(float).compute()
    label = xr.Variable("corruption", np.array(["all"], object))
    correct = xr.concat([correct.mean("corruption").expand_dims(corruption=label), correct], "corruption")
    columns = {"accuracy": correct, "gain_over_pass_0": correct - correct.isel(iteration=0, drop=True)}
    return rows_over(record, columns, "stimulus", n, seed)
