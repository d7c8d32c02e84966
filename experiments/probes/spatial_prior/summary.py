"""What attention to a place is worth to the target, by distance and width."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from experiments import measures
from experiments.table import cells, each_observer

__all__ = ["spatial_prior_summary"]


def spatial_prior_summary(record: xr.Dataset, n: int = 2000, seed: int = 0) -> pd.DataFrame:
    """Tabulate what attention to a place is worth to the target in the last iteration, by distance and width.

    Returns
    -------
    DataFrame with a row per model, gain, width and angle, then rows of the controls, and of the gradient.
    ``distance`` is the mean distance of attention from the target in pixels; ``reported`` the share of
    targets that are named; ``benefit`` that share minus the one under diffuse attention of the same gain,
    ``evidence`` the same of the log odds; ``share`` the target's part of the value norms on all objects. In
    the rows "gradient", ``benefit`` and ``evidence`` are slopes per 100 pixels of distance. Each has its
    ``_low`` and ``_high``, 95 % intervals over stimuli and seeds.
    """
    rows = []
    for told, part in each_observer(record):
        last = part.isel(iteration=-1, drop=True)
        found = {
            "reported": measures.reported(last).load(),
            "evidence": measures.target_evidence(last).load(),
            "share": measures.region_share(last, "value_norm").load(),
        }
        benefits = {
            "benefit": measures.benefit_by_place(found["reported"]),
            "evidence": measures.benefit_by_place(found["evidence"]),
        }
        distance, stimuli = measures.cue_distance(last), part.sizes["stimulus"]
        names, kinds = last["prior"].values.tolist(), last["kind"].values
        for k in np.flatnonzero(kinds == "place"):
            angle, width = (float(last[name].values[k]) for name in ("angle", "width"))
            values = {name: benefit.sel(angle=angle, width=width) for name, benefit in benefits.items()}
            values |= {name: found[name].isel(prior=k) for name in ("reported", "share")}
            here = told | {"prior": "place", "width": width, "angle": angle, "n": stimuli}
            rows.append(here | {"distance": float(distance.sel(angle=angle).mean())} | cells(values, n, seed))
        for name in [name for name in names if kinds[names.index(name)] != "place"]:
            values = {key: found[key].sel(prior=name) for key in ("reported", "share")}
            values |= {
                "benefit": measures.prior_difference(found["reported"], name, "diffuse"),
                "evidence": measures.prior_difference(found["evidence"], name, "diffuse"),
            }
            rows.append(told | {"prior": name, "n": stimuli} | cells(values, n, seed))
        for width in benefits["benefit"]["width"].values if len(distance) > 1 else ():
            slopes = {name: 100 * measures.attention_gradient(b, distance) for name, b in benefits.items()}
            values = {name: value.sel(width=width) for name, value in slopes.items()}
            rows.append(told | {"prior": "gradient", "width": float(width), "n": stimuli} | cells(values, n, seed))
    return pd.DataFrame(rows)
