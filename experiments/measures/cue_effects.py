"""Effects of cues: what they are worth to each observer of a record, as one table that compares rivals."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import xarray as xr

from experiments.measures.cue_roles import Cueing, cueings_of, told_of
from experiments.measures.selection import cue_decides, selection_index, written
from experiments.measures.sensitivity import asked_evidence, detection_by_cue
from experiments.measures.targets import prior_difference, region_auc, reported, target_probability
from experiments.statistics.resampling import hierarchical_bootstrap

__all__ = ["PROFILED", "mechanism_profile"]

ENDS = {"estimate": "", "low": "_low", "high": "_high"}  # of an interval, and of the columns that hold them
LEADING = ("model", "cue", "gain", "seed", "n")
CHANGES = ("d_prime", "criterion", "area", "area_d_prime", "choice_d_prime", "absent_evidence")
FOUND = ("prior_weights", "class_activation")  # maps whose area under the ROC is told
PROFILED = {
    "benefit": "valid - neutral share of targets named",
    "cost": "neutral - invalid share of targets named",
    "selection_index": "p(cued) / (p(class 1) + p(class 2)), mean over cues for either object; chance .5",
    "cue_decides": "share of stimuli in which each of two cues lets its object win",
    "p_cued": "probability of the cued target's class; of an observer that takes no cues at all, without one",
    "false_alarms": "share of stimuli in which a class that is cued and not shown is named",
    "d_prime": "change by the cue of d' of saying that a class is there (p >= .5), shown against not shown",
    "criterion": "change by the cue of the criterion of these answers; negative: says yes more readily",
    "area": "change by the cue of the area under the ROC of the log odds of a class, shown against not shown",
    "area_d_prime": "the same as d' = sqrt(2) z(area); no bias changes it",
    "choice_d_prime": "change by the cue of d' of the choice among all classes, the cue's bias removed",
    "absent_evidence": "change by the cue of the log odds of a class that is not shown: its bias",
    "auc_prior_weights": "area under the ROC with which the prior's weights under the valid cue tell the "
    "target's tokens from those of the other objects (of spotlights: from all others); chance .5",
    "auc_class_activation": "the same area of what each place adds to the cued class's logit; chance .5",
}


def mechanism_profile(record: xr.Dataset, n: int = 2000, seed: int = 0) -> pd.DataFrame:
    """Tabulate what cues are worth in the last iteration, by observer and kind of cue.

    Targets are both objects of bistable pictures, each under its cue, and object 1 of scenes and displays;
    see ``experiments.measures.cue_roles``. Where an observer does not take a kind of cue (the record's
    ``prior_kinds``), or the record cannot tell, the cell is NaN.

    Parameters
    ----------
    record : of bistable, object_prior or spatial_prior; of one observer, or with the dim model.
    n, seed : bootstrap resamples of stimuli and, where there are several, trained models; and their seed.

    Returns
    -------
    DataFrame with model, cue ("class" or "place"), gain where the record has several, seed ("all", or one
    trained model, which has no intervals), n (stimuli), and the columns of ``PROFILED``, each with its 95 %
    interval (_low, _high).

    Raises
    ------
    ValueError : the record has no cues to compare, or does not know the classes.

    Examples
    --------
    >>> measures.mechanism_profile(record, n=50).columns[:3].tolist()
    ['model', 'cue', 'seed']
    """
    last = written(record).isel(iteration=-1, drop=True)
    if not (cueings := cueings_of(last)):
        raise ValueError(
            "expected a record of bistable, object_prior or spatial_prior with cues and a neutral prior, got "
            f"one of {record.attrs.get('title', 'no title')!r}"
        )
    needed = [name for name in ("logits", *FOUND) if name in last]
    last = last.assign({name: _of_models(last[name], record).load() for name in needed})
    parts = [part for cueing in cueings.values() for part in _rows(last, cueing, n, seed)]
    rows = pd.concat(parts, ignore_index=True).assign(n=last.sizes["stimulus"])
    measured = [name + end for name in PROFILED for end in ENDS.values()]
    for model, kinds in told_of(last).items():
        untold = (rows["model"] == model) & ~rows["cue"].isin(rows["cue"] if kinds is None else kinds)
        kept = "p_cued" if not kinds else "nothing"  # what a plain network sees in any case
        rows.loc[untold, [name for name in rows if name in measured and not name.startswith(kept)]] = np.nan
    leading = [name for name in LEADING if name in rows]
    return rows.reindex(columns=[*leading, *measured])


def _of_models(values: xr.DataArray, record: xr.Dataset) -> xr.DataArray:
    """Values with the dim model, whether the record has several observers or one."""
    name = record.attrs.get("model", "model")
    return values if "model" in values.dims else values.expand_dims(model=[name])


def _rows(last: xr.Dataset, cueing: Cueing, n: int, seed: int) -> Iterator[pd.DataFrame]:
    """Rows by model and gain: over all trained models, with intervals, and of each, where there are several."""
    values = xr.Dataset(_by_stimulus(last, cueing)).to_array("quantity")
    evidence = asked_evidence(last, cueing.kind) if cueing.absent else None
    yield _row(values, evidence, n, seed).assign(cue=cueing.kind, seed="all")
    for one in last["seed"].values if "seed" in last.dims else ():
        of_one = [None if of is None else of.sel(seed=one, drop=True) for of in (values, evidence)]
        alone = _row(*of_one, 1, seed)
        kept = [name for name in alone if not name.endswith(("_low", "_high"))]
        yield alone[kept].assign(cue=cueing.kind, seed=one)


def _row(values: xr.DataArray, evidence: xr.DataArray | None, n: int, seed: int) -> pd.DataFrame:
    """Means over stimuli, and what the cue changes in detection, with their intervals."""
    found = [hierarchical_bootstrap(values, n=n, seed=seed)]
    if evidence is not None:
        change = detection_by_cue(evidence, n, seed).sel(under="change", drop=True)
        found.append(change.sel(quantity=list(CHANGES)))
    frame = xr.concat(found, "quantity", combine_attrs="drop").to_dataframe().unstack("quantity")
    frame.columns = [name + ENDS[end] for end, name in frame.columns]
    return frame.reset_index()


def _by_stimulus(last: xr.Dataset, cueing: Cueing) -> dict[str, xr.DataArray]:
    """What is a mean over stimuli (..., stimulus); only what the priors can tell."""
    seen = {k: reported(last, k) for k in cueing.valid}
    valid, invalid, neutral = cueing.valid.items(), cueing.invalid.items(), cueing.neutral
    found = {
        "benefit": _mean([prior_difference(seen[k], prior, neutral) for k, prior in valid]),
        "p_cued": _mean([target_probability(last.sel(prior=prior), k) for k, prior in valid]),
    }
    if invalid:
        found["cost"] = _mean([prior_difference(seen[k], neutral, prior) for k, prior in invalid])
    if cueing.pair:
        pair = last.sel(prior=list(cueing.pair))
        pair = pair.assign_coords(cue=("prior", [1, 2]), kind=("prior", [cueing.kind] * 2))
        pair = pair.expand_dims("iteration")
        for measure in (selection_index, cue_decides):
            found[measure.__name__] = measure(pair).isel(prior=0, iteration=0).astype(float)
    if cueing.absent and cueing.kind == "class":
        found["false_alarms"] = reported(last.sel(prior=cueing.absent[0]), "absent_class").astype(float)
    against = "other" if cueing.pair else "rest"
    for name in (name for name in FOUND if name in last):
        areas = [region_auc(last.sel(prior=prior), name, against, int(k[-1])) for k, prior in valid]
        found[f"auc_{name}"] = _mean(areas)
    return {name: of.drop_vars([k for k in of.coords if k not in of.dims]) for name, of in found.items()}


def _mean(of_targets: list[xr.DataArray]) -> xr.DataArray:
    """Mean over the targets of each stimulus."""
    return sum(of.drop_vars("prior", errors="ignore") for of in of_targets) / len(of_targets)
