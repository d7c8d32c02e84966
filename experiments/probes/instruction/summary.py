"""What sentences do, by what they say: which object is seen, where attention goes, and how far paraphrases agree."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from experiments import measures
from experiments.table import cells, each_observer

__all__ = ["agreement", "instruction_summary"]

NEITHER = ("none", "absent class")


def instruction_summary(record: xr.Dataset, n: int = 2000, seed: int = 0) -> pd.DataFrame:
    """Tabulate the last iteration by what was told.

    Returns
    -------
    DataFrame with a row per model, gain (where there are several) and way of telling: n (stimuli), then
    selection_index, cue_decides, p_cued, p_absent, attention_auc, auc_rest and agreement, each with its ``_low``
    and ``_high``, 95 % intervals over stimuli and seeds; NaN where the record cannot tell.
    """
    rows = []
    for told, part in each_observer(record):
        last = part.isel(iteration=-1, drop=True).load()
        known = all(measures.classes_known(last, f"class_{k}").all() for k in (1, 2))
        columns = {}
        if known:
            columns = {
                "selection_index": measures.selection_index(last),
                "cue_decides": measures.cue_decides(last),
                "p_cued": measures.cued_probability(last),
            }
            if "absent class" in last["prior"].values:
                columns["p_absent"] = measures.absent_probability(last)
        if not last["prior_weights"].isnull().all():
            columns["attention_auc"] = measures.attention_auc(last)
            columns["auc_rest"] = measures.attention_auc(last, against="rest")
            columns |= {} if set(last["kind"].values) <= {*NEITHER, "name"} else {"agreement": agreement(last)}
        for way in dict.fromkeys(last["kind"].values.tolist()):
            here = {name: of.sel(prior=way) if way in of["prior"].values else None for name, of in columns.items()}
            row = told | {"told": way, "n": last.sizes["stimulus"]} | cells(here, n, seed)
            rows.append(row)
    return pd.DataFrame(rows)


def agreement(last: xr.Dataset) -> xr.DataArray:
    """Correlate the weights of what is told of an object with those of its name, mean over both objects.

    Parameters
    ----------
    last : record of one pass.

    Returns
    -------
    (..., prior, stimulus) in [-1, 1], prior the ways of telling besides the name; NaN where weights are all alike.
    """
    kinds = last["kind"].values
    ways = [way for way in dict.fromkeys(kinds.tolist()) if way not in (*NEITHER, "name")]
    flat = (
        last["prior_weights"]
        .astype(np.float32)
        .stack(token=("token_y", "token_x"))
        .drop_vars(["token", "token_y", "token_x"])
    )
    centred = flat - flat.mean("token")
    length = np.sqrt((centred**2).sum("token"))
    unit = centred / length.where(length > 1e-9)
    names, found = [unit.sel(prior=f"name {k}", drop=True) for k in (1, 2)], []
    for way in ways:
        pairs = [(unit.sel(prior=f"{way} {k}", drop=True), name) for k, name in enumerate(names, start=1)]
        found.append(sum((one * name).sum("token", skipna=False) for one, name in pairs) / 2)
    return xr.concat(found, xr.Variable("prior", np.array(ways, object)))
