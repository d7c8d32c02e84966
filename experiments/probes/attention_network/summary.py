"""How a target between flankers is named, by the flankers and by what is known of its place."""

from __future__ import annotations

import pandas as pd
import xarray as xr

from experiments import measures
from experiments.table import cells, each_observer

__all__ = ["attention_network_summary"]


def attention_network_summary(record: xr.Dataset, n: int = 2000, seed: int = 0) -> pd.DataFrame:
    """Tabulate recognition of the target in the last iteration, by prior and flankers.

    Returns
    -------
    DataFrame with a row per model, gain, prior and congruency: share ``reported``, its ``benefit`` over no
    cue, and the ``evidence``, each with its ``_low`` and ``_high``, 95 % intervals over stimuli and seeds.
    """
    rows = []
    for told, part in each_observer(record):
        last = part.isel(iteration=-1, drop=True)
        seen, evidence = measures.reported(last).load(), measures.target_evidence(last).load()
        priors = last["prior"].values.tolist()
        for congruency, of in pd.Series(part["congruency"].values).groupby(part["congruency"].values):
            here = [values.isel(stimulus=of.index.to_numpy()) for values in (seen, evidence)]
            for prior in priors:
                values = {"reported": here[0].sel(prior=prior), "evidence": here[1].sel(prior=prior)}
                has_benefit = "neutral" in priors
                values["benefit"] = measures.prior_difference(here[0], prior, "neutral") if has_benefit else None
                row = told | {"prior": prior, "congruency": str(congruency), "n": len(of)}
                rows.append(row | cells(values, n, seed))
    return pd.DataFrame(rows)
