"""Summaries of cueing: what class cues and places of attention are worth, with intervals over stimuli and seeds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
import xarray as xr

from experiments import measures

__all__ = ["cells", "each_observer", "object_prior_summary", "spatial_prior_summary"]


def object_prior_summary(record: xr.Dataset, n: int = 2000, seed: int = 0) -> pd.DataFrame:
    """Tabulate recognition of the target under every cue in the last iteration.

    Parameters
    ----------
    record : object-prior record.
    n : bootstrap resamples.
    seed : seed of the resampling.

    Returns
    -------
    DataFrame with a row per model, gain and set size (and "all" of them). Shares of reports: ``neutral``, the target
    without a cue; ``benefit`` and ``cost`` of a valid and an invalid cue (see ``measures.cueing_benefit``); ``random``
    and ``shuffled``, the benefit of the two control cues; ``absent``, reports of a class that is cued and not shown.
    ``auc``, ``share`` and ``iou`` tell how the valid cue's prior weights find the target among the objects. Each has
    its ``_low`` and ``_high``, 95 % intervals over stimuli and seeds. ``d_prime`` and ``criterion`` are those of
    reporting a cued class that is shown or not; ``dz`` is the benefit's effect size over stimuli, seeds averaged, and
    ``p`` that of its permutation test. What a record without some of the priors cannot tell is NaN.
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


def spatial_prior_summary(record: xr.Dataset, n: int = 2000, seed: int = 0) -> pd.DataFrame:
    """Tabulate what attention to a place is worth to the target in the last iteration, by distance and width.

    Parameters
    ----------
    record : spatial-prior record.
    n : bootstrap resamples.
    seed : seed of the resampling.

    Returns
    -------
    DataFrame with a row per model, gain, width and angle, then rows of the controls, and of the gradient. ``distance``
    is the mean distance of attention from the target in pixels; ``reported`` the share of targets that are named;
    ``benefit`` that share minus the one under diffuse attention of the same gain, ``evidence`` the same of the log
    odds; ``share`` the target's part of the value norms on all objects. In the rows "gradient", ``benefit`` and
    ``evidence`` are slopes per 100 pixels of distance. Each has its ``_low`` and ``_high``, 95 % intervals over
    stimuli and seeds.
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


def each_observer(record: xr.Dataset) -> Iterator[tuple[dict, xr.Dataset]]:
    """Go through the models and gains of a record.

    Parameters
    ----------
    record : any record.

    Yields
    ------
    What tells a part (model and, where there are several, gain) and the part: its finished stimuli, with the dim seed
    where several were run.
    """
    record = measures.written(record)
    for model in record["model"].values.tolist() if "model" in record.dims else [record.attrs.get("model", "model")]:
        of_model = record.sel(model=model, drop=True) if "model" in record.dims else record
        for gain in of_model["gain"].values.tolist() if "gain" in record.dims else [None]:
            part = of_model if gain is None else of_model.sel(gain=gain, drop=True)
            yield {"model": model} | ({} if gain is None else {"gain": gain}), part


def cells(values: Mapping[str, xr.DataArray | None], n: int, seed: int) -> dict[str, float]:
    """Means with their 95 % intervals over stimuli and seeds, as columns of a table.

    Parameters
    ----------
    values : DataArrays (stimulus) or (seed, stimulus) by name; None gives NaN.
    n : bootstrap resamples.
    seed : seed of the resampling.

    Returns
    -------
    Numbers by column: name, name_low and name_high for each.
    """
    row, ends = {}, (("estimate", ""), ("low", "_low"), ("high", "_high"))
    for name, value in values.items():
        if value is None:
            row |= {name + suffix: np.nan for _, suffix in ends}
            continue
        bare = value.drop_vars([coordinate for coordinate in value.coords if coordinate not in value.dims])
        interval = measures.hierarchical_bootstrap(bare, n=n, seed=seed)
        row |= {name + suffix: float(interval[end]) for end, suffix in ends}
    return row


def _benefit(values: xr.DataArray, control: str) -> xr.DataArray | None:
    """Benefit of a control cue, where the record has it."""
    return measures.prior_difference(values, control, "neutral") if control in values["prior"].values else None
