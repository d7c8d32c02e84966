"""What a class cue is worth to the target, and where attention goes, with intervals over stimuli and seeds."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from experiments import measures
from experiments.table import cells, each_observer

__all__ = ["map_summary", "object_prior_summary"]

CUES = {"valid": 1, "invalid": 2}  # priors that cue a class, and the object that is of it


def object_prior_summary(record: xr.Dataset, n: int = 2000, seed: int = 0) -> pd.DataFrame:
    """Tabulate recognition of the target under every cue in the last iteration.

    Returns
    -------
    DataFrame with a row per model, gain and set size (and "all" of them). Shares of reports: ``neutral``, the
    target without a cue; ``benefit`` and ``cost`` of a valid and an invalid cue (see
    ``measures.cueing_benefit``); ``random`` and ``shuffled``, the benefit of the two control cues;
    ``absent``, reports of a class that is cued and not shown. ``auc``, ``share`` and ``iou`` tell how the
    valid cue's prior weights find the target among the objects. Each has its ``_low`` and ``_high``, 95 %
    intervals over stimuli and seeds. ``d_prime`` and ``criterion`` are those of reporting a cued class that
    is shown or not; ``dz`` is the benefit's effect size over stimuli, seeds averaged, and ``p`` that of its
    permutation test. What a record without some of the priors cannot tell is NaN.
    """
    rows = []
    for told, part in each_observer(record):
        last = part.isel(iteration=-1, drop=True)
        seen, false = measures.reported(last).load(), measures.reported(last, "absent_class").load()
        valid = last.sel(prior="valid")
        there = set(last["prior"].values.tolist())
        values = {
            "neutral": seen.sel(prior="neutral"),
            "benefit": measures.cueing_benefit(seen),
            "cost": measures.cueing_cost(seen) if "invalid" in there else None,
            "random": _benefit(seen, "random vector"),
            "shuffled": _benefit(seen, "shuffled valid"),
            "absent": false.sel(prior="absent") if "absent" in there else None,
            "auc": measures.region_auc(valid).load(),
            "share": measures.region_share(valid).load(),
            "iou": measures.region_iou(valid).load(),
        }
        hits, sizes = seen.sel(prior="valid"), part["set_size"].values
        for size in ("all", *np.unique(sizes).tolist()):
            chosen = np.flatnonzero(np.ones_like(sizes) if size == "all" else sizes == size)
            here = {name: None if value is None else value.isel(stimulus=chosen) for name, value in values.items()}
            row = told | {"set_size": size, "n": len(chosen)} | cells(here, n, seed)
            if here["absent"] is not None:
                both = (hits[..., chosen], here["absent"])
                counts = [x for of in both for x in (int(of.sum()), of.size)]
                row |= {"d_prime": float(measures.d_prime(*counts)), "criterion": float(measures.criterion(*counts))}
            per_stimulus = here["benefit"].mean("seed") if "seed" in here["benefit"].dims else here["benefit"]
            row["dz"] = measures.cohens_dz(per_stimulus.values)
            row["p"] = measures.paired_permutation_test(per_stimulus.values, seed=seed)
            rows.append(row)
    return pd.DataFrame(rows)


def map_summary(record: xr.Dataset, n: int = 2000, seed: int = 0) -> pd.DataFrame:
    """Tabulate how well each map finds the cued object, in the last iteration, over cues for object 1 and object 2.

    Returns
    -------
    DataFrame with a row per model, gain and map: n (stimuli), then ``auc_other`` and ``auc_rest``, the area
    under the ROC of the cued object's tokens against those of the other objects and against all others,
    ``overlap`` with as many of the highest tokens (``measures.region_iou``) and ``pointing``, each with its
    ``_low`` and ``_high``, 95 % intervals over stimuli and seeds. ``class_evidence`` is the same under every
    gain: what each place adds bottom-up to the logit of the cued class. Maps that an observer has not are left
    out.

    Raises
    ------
    ValueError : the record holds no maps.
    """
    names = [name for name in (*measures.MAPS, *measures.RIVALS) if name in record]
    if not names:
        raise ValueError("the record holds no maps: give an observer that has places")
    rows = []
    for told, part in each_observer(record):
        last = part.isel(iteration=-1, drop=True)
        cued = {prior: target for prior, target in CUES.items() if prior in last["prior"].values}
        for name in names:
            if last[name].sel(prior=[*cued]).isnull().all():
                continue
            found = {
                "auc_other": lambda under, name, k: measures.region_auc(under, name, "other", k),
                "auc_rest": lambda under, name, k: measures.region_auc(under, name, "rest", k),
                "overlap": measures.region_iou,
                "pointing": measures.region_pointing,
            }
            values = {
                column: _mean([measure(last.sel(prior=prior, drop=True), name, k) for prior, k in cued.items()])
                for column, measure in found.items()
            }
            rows.append(told | {"map": name, "n": last.sizes["stimulus"]} | cells(values, n, seed))
    return pd.DataFrame(rows)


def _mean(values: list[xr.DataArray]) -> xr.DataArray:
    """Mean over cues."""
    return sum(value.load() for value in values) / len(values)


def _benefit(values: xr.DataArray, control: str) -> xr.DataArray | None:
    """Benefit of a control cue, where the record has it."""
    return measures.prior_difference(values, control, "neutral") if control in values["prior"].values else None
