"""Which strength is chosen for each observer and kind of cue, and what it brings there."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import xarray as xr

from experiments import measures
from experiments.table import cells, each_observer, names_of

__all__ = ["choice", "match_curves", "match_summary", "own_strength", "strengths"]


def choice(record: xr.Dataset, parameters) -> xr.Dataset:
    """Give the curves of a whole record, and the strengths that are chosen by the probe's parameters."""
    return measures.matched_strength(record, parameters.false_alarms)


def strengths(record: xr.Dataset, cue: str) -> dict[str, float]:
    """Give the strength that was chosen for a kind of cue, by the name of the observer; none that no cue changes."""
    gains = record[f"{cue}_strength"].values.ravel().tolist()
    return {name: own_strength(record, name) * gain for name, gain in zip(names_of(record), gains, strict=True)
            if not np.isnan(gain)}  # fmt: skip


def own_strength(record: xr.Dataset, name: str) -> float:
    """Give the strength that an observer of a record has, of which gains are multiples; 1 where none is said."""
    mechanism = json.loads(record.attrs.get("mechanisms", "{}")).get(name) or {}
    return mechanism.get("parameters", {}).get("strength") or 1.0


def match_curves(record: xr.Dataset, n: int = 2000, seed: int = 0) -> pd.DataFrame:
    """Tabulate benefit and false alarms by strength.

    Returns
    -------
    DataFrame with a row per model, kind of cue and ``strength``, the gain times the strength that the
    observer has: n (stimuli), ``benefit`` and ``false_alarms`` with their ``_low`` and ``_high``, 95 %
    bootstrap intervals over stimuli and trained models; ``chosen``, whether the record's choice is this one.
    A kind of cue that changes nothing has no rows.
    """
    rows = []
    for told, part in each_observer(record):
        gain = told.pop("gain")
        strength = own_strength(record, told["model"]) * gain
        last = part.isel(iteration=[-1])
        by_measure = {"benefit": measures.cue_benefit(last), "false_alarms": measures.cue_false_alarms(last)}
        by_measure = {name: values.isel(iteration=0, drop=True) for name, values in by_measure.items()}
        for kind in (name for name in by_measure["false_alarms"]["prior"].values if f"{name}_strength" in part):
            if not np.isnan(chosen := float(part[f"{kind}_strength"])):
                values = {name: of.sel(prior=kind, drop=True) for name, of in by_measure.items()}
                row = told | {"cue": kind, "n": part.sizes["stimulus"], "strength": strength}
                rows.append(row | cells(values, n, seed) | {"chosen": gain == chosen})
    columns = None if rows else ["model", "cue", "n", "strength", "benefit", "false_alarms", "chosen"]
    return pd.DataFrame(rows, columns=columns)


def match_summary(record: xr.Dataset, n: int = 2000, seed: int = 0) -> pd.DataFrame:
    """Tabulate the strength that is chosen for each model and kind of cue.

    Returns
    -------
    DataFrame with a row per model and kind of cue: n, ``strength``, and there ``benefit`` and
    ``false_alarms`` with their ``_low`` and ``_high``; ``at_limit`` says whether false alarms, or the end of
    what was tried, keep it from helping more.
    """
    limit = json.loads(record.attrs["parameters"])["false_alarms"]
    curves, rows = match_curves(record, n, seed), []
    for _, curve in curves.groupby(["model", "cue"], sort=False):
        at = curve[curve["chosen"]].iloc[0]
        tried = curve[curve["strength"] > 0]
        over, better = at["false_alarms"] > limit, tried["benefit"].max() > at["benefit"]
        end = at["strength"] == tried["strength"].max()
        told = "over" if over else "yes" if better else "end" if end else "no"
        rows.append(at.drop("chosen").to_dict() | {"at_limit": told})
    front = ["model", "cue", "n", "strength"]
    frame = pd.DataFrame(rows, columns=None if rows else [*front, "benefit", "false_alarms", "at_limit"])
    return frame[[*front, *(name for name in frame if name not in front)]]
