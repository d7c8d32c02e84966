"""Which strength is chosen for each observer and kind of cue, and what it brings there."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from experiments import measures
from experiments.table import cells, each_observer

__all__ = ["choice", "match_curves", "match_summary"]


def choice(record: xr.Dataset, parameters) -> xr.Dataset:
    """Give the curves of a whole record, and the strengths that are chosen by the probe's parameters."""
    return measures.matched_strength(record, parameters.false_alarms)


def match_curves(record: xr.Dataset, n: int = 2000, seed: int = 0) -> pd.DataFrame:
    """Tabulate benefit and false alarms by strength.

    Returns
    -------
    DataFrame with a row per model, kind of cue and gain: n (stimuli), ``benefit`` and ``false_alarms`` with
    their ``_low`` and ``_high``, 95 % bootstrap intervals over stimuli and trained models; ``chosen``,
    whether the record's choice is this gain. A kind of cue that changes nothing has no rows.
    """
    rows = []
    for told, part in each_observer(record):
        last = part.isel(iteration=[-1])
        by_measure = {"benefit": measures.cue_benefit(last), "false_alarms": measures.cue_false_alarms(last)}
        by_measure = {name: values.isel(iteration=0, drop=True) for name, values in by_measure.items()}
        for kind in by_measure["benefit"]["prior"].values.tolist():
            if not np.isnan(strength := float(part[f"{kind}_strength"])):
                values = {name: of.sel(prior=kind, drop=True) for name, of in by_measure.items()}
                row = told | {"cue": kind, "n": part.sizes["stimulus"]} | cells(values, n, seed)
                rows.append(row | {"chosen": told["gain"] == strength})
    columns = None if rows else ["model", "gain", "cue", "n", "benefit", "false_alarms", "chosen"]
    return pd.DataFrame(rows, columns=columns)


def match_summary(record: xr.Dataset, n: int = 2000, seed: int = 0) -> pd.DataFrame:
    """Tabulate the strength that is chosen for each model and kind of cue.

    Returns
    -------
    DataFrame with a row per model and kind of cue: n, ``strength``, and there ``benefit`` and
    ``false_alarms`` with their ``_low`` and ``_high``; ``at_limit`` says whether false alarms, or the end of
    what was tried, keep it from being larger.
    """
    curves, rows = match_curves(record, n, seed), []
    for (model, cue), curve in curves.groupby(["model", "cue"], sort=False):
        at = curve[curve["chosen"]]
        if not len(at):  # nothing helps within the limit
            rows.append({"model": model, "cue": cue, "n": curve["n"].iloc[0], "strength": 0.0, "at_limit": "yes"})
            continue
        better = curve["benefit"].max() > at["benefit"].iloc[0]
        end = at["gain"].iloc[0] == curve["gain"].max()
        told = {"strength": at["gain"].iloc[0], "at_limit": "yes" if better else "end" if end else "no"}
        kept = ["model", "cue", "n", *[name for name in curve if name.startswith(("benefit", "false_alarms"))]]
        rows.append(at.iloc[0][kept].to_dict() | told)
    front = ["model", "cue", "n", "strength"]
    frame = pd.DataFrame(rows, columns=None if rows else [*front, "benefit", "false_alarms", "at_limit"])
    return frame[[*front, *(name for name in frame if name not in front)]]
