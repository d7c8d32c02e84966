"""Settling, hysteresis and switching as tables, with intervals."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import xarray as xr

from experiments import measures
from experiments.table import rows_over

__all__ = ["summary"]

ONE_BIT = math.log(2)  # entropy in nats, the threshold of a decision
ONSET = 20  # passes of a switching record that are left out, at most half of them: adaptation builds up


def summary(record: xr.Dataset, n: int = 2000, seed: int = 0) -> pd.DataFrame:
    """Tabulate a record of feedback dynamics of any protocol, with 95 % bootstrap intervals over seeds and stimuli.

    Returns
    -------
    DataFrame with a row per model, gain, noise and kind of prior: n (stimuli, or pairs of morph sequences),
    seeds, and each measure with its ``_low`` and ``_high``. Settling: settled (share of trials that settle),
    settling_iteration (of those), decided (share of trials whose entropy falls to one bit), decision_time (of
    those), and at the end fixed_point_distance, oscillation, energy_change, selection_index and cue_memory.
    Hysteresis: area and width. Switching, after the first 20 passes, or the first half of fewer than 40:
    switch_rate, duration (mean phase of dominance), then, of all phases together and without intervals,
    variation (standard deviation over mean), the shape of the gamma distribution, and by how much its
    log-likelihood exceeds the log-normal's per phase.
    """
    of_protocol = {"settling": _settling, "hysteresis": _hysteresis, "switching": _switching}
    protocol = record.attrs["title"].rpartition(": ")[2]
    return of_protocol[protocol](measures.written(record).rename(severity="noise"), n, seed)


def _settling(record: xr.Dataset, n: int, seed: int) -> pd.DataFrame:
    settling, decision = measures.settling_iteration(record).compute(), measures.decision_time(record, ONE_BIT)
    last = record.isel(iteration=[-1])
    columns = {
        "settled": settling.notnull().astype(float),
        "settling_iteration": settling,
        "fixed_point_distance": measures.fixed_point_distance(record),
        "oscillation": measures.oscillation(record),
        "decided": decision.notnull().astype(float),
        "decision_time": decision,
        "energy_change": measures.energy_change(record).isel(iteration=-1, drop=True),
    }
    columns = {name: _by_kind(values, record) for name, values in columns.items()}
    kinds, cues = record["kind"].values, record["cue"].values
    both = [kind for kind in dict.fromkeys(kinds) if {1, 2} <= set(cues[kinds == kind])]
    if both:
        columns["selection_index"] = measures.selection_index(last).isel(iteration=0, drop=True)
    released = [kind for kind in both if kind.startswith("released")]
    if released:
        memory = [measures.cue_memory(last, kind).isel(iteration=0, drop=True) for kind in released]
        columns["cue_memory"] = xr.concat(memory, xr.Variable("prior", np.array(released, object)))
    return rows_over(record, columns, "stimulus", n, seed)


def _hysteresis(record: xr.Dataset, n: int, seed: int) -> pd.DataFrame:
    columns = {"area": measures.hysteresis_area(record), "width": measures.hysteresis_width(record)}
    return rows_over(record, columns, "pair", n, seed)


def _switching(record: xr.Dataset, n: int, seed: int) -> pd.DataFrame:
    onset = min(ONSET, (record.sizes["iteration"] - 1) // 2)
    durations = measures.dominance_durations(record, onset).compute()
    columns = {"switch_rate": measures.switch_rate(record, onset), "duration": durations.mean("iteration")}
    table = rows_over(record, columns, "stimulus", n, seed)
    others = [dim for dim in ("seed", "stimulus", "iteration") if dim in durations.dims]
    pooled = durations.stack(phase=others)
    shapes = []
    for _, row in table.iterrows():
        found = pooled.sel({dim: row[dim] for dim in ("model", "gain", "noise", "prior") if dim in pooled.dims})
        shapes.append(_shape(found.values))
    return table.join(pd.DataFrame(shapes, index=table.index))


def _shape(durations: np.ndarray) -> dict[str, float]:
    """Variation, gamma shape, and the gamma's log-likelihood over the log-normal's per phase."""
    durations = durations[~np.isnan(durations)]
    if len(durations) < 10 or np.ptp(durations) == 0:
        return {"phases": len(durations), "variation": np.nan, "gamma_shape": np.nan, "gamma_over_lognormal": np.nan}
    gamma, lognormal = (measures.fit_durations(durations, name) for name in ("gamma", "lognormal"))
    return {
        "phases": len(durations),
        "variation": gamma.variation,
        "gamma_shape": gamma.shape,
        "gamma_over_lognormal": (gamma.log_likelihood - lognormal.log_likelihood) / len(durations),
    }


def _by_kind(values: xr.DataArray, record: xr.Dataset) -> xr.DataArray:
    """Mean over the priors of a kind."""
    kinds = record["kind"].values
    means = [values.isel(prior=np.flatnonzero(kinds == kind)).mean("prior") for kind in dict.fromkeys(kinds)]
    return xr.concat(means, xr.Variable("prior", np.array(list(dict.fromkeys(kinds)), object)))
