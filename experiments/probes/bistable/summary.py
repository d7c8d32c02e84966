"""Which object is seen under which cue, by gain and mix; and which maps find it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from experiments import measures
from experiments.statistics.intervals import bootstrap
from experiments.table import ENDS, bare, rows_of

__all__ = ["graded_summary", "map_summary", "summary"]


def summary(record: xr.Dataset, n: int = 2000, seed: int = 0) -> pd.DataFrame:
    """Tabulate the last iteration: means over the finished stimuli with 95 % bootstrap intervals.

    Returns
    -------
    DataFrame with a row per model, seed (where several were run) and prior: a kind of cue, or a prior that
    cues neither object. Columns: model, seed, prior, n (stimuli), then selection_index, cue_decides, p_cued,
    p_other, attention_auc and attention_share (of ``measures.DEFAULT_MAP``) and p_absent, each followed by
    its ``_low`` and ``_high``. A prior that cues neither object has object 1's share as selection_index;
    p_absent stands in the rows "absent class" and "none". Without known classes the columns on classes are
    left out.
    """
    record = measures.written(record)
    last = record.isel(iteration=[-1])
    columns = {}
    if measures.classes_known(last, "class_1").all() and measures.classes_known(last, "class_2").all():
        neither = measures.object_1_share(last).isel(prior=np.flatnonzero(last["cue"].values < 1))
        columns = {
            "selection_index": xr.concat([bare(measures.selection_index(last)), bare(neither)], "prior"),
            "cue_decides": measures.cue_decides(last),
            "p_cued": measures.cued_probability(last),
            "p_other": measures.other_probability(last),
        }
    columns |= {"attention_auc": measures.attention_auc(last), "attention_share": measures.attention_share(last)}
    if "absent class" in last["prior"].values and measures.classes_known(last, "absent_class").all():
        columns["p_absent"] = measures.absent_probability(last)
    rows = list(dict.fromkeys(name for values in columns.values() for name in values["prior"].values))
    cells = {}
    for name, values in columns.items():
        interval = bootstrap(bare(values.isel(iteration=0)), n=n, seed=seed).reindex(prior=rows)
        cells |= {name + suffix: interval[end] for end, suffix in ENDS}
    return rows_of(record, cells, "prior")


def graded_summary(record: xr.Dataset, n: int = 2000, seed: int = 0) -> pd.DataFrame:
    """Tabulate a bistable record by gain and by how its stimuli are graded: who wins, where attention goes.

    Returns
    -------
    DataFrame as ``summary`` gives, with the columns gain and mix (overlays) or figure (ambiguous figures),
    where the record has them.
    """
    record = measures.written(record)
    graded = [name for name in ("mix", "figure") if name in record.coords][:1]
    levels = np.unique(record[graded[0]].values) if graded else [None]
    frames = []
    for gain in record["gain"].values if "gain" in record.dims else [None]:
        of_gain = record if gain is None else record.sel(gain=gain, drop=True)
        for level in levels:
            chosen = slice(None) if level is None else np.flatnonzero(record[graded[0]].values == level)
            frame = summary(of_gain.isel(stimulus=chosen), n, seed)
            labels = ({} if gain is None else {"gain": gain}) | ({} if level is None else {graded[0]: level})
            for place, (name, value) in enumerate(labels.items(), start=1):
                frame.insert(place, name, value)
            frames.append(frame)
    return pd.concat(frames, ignore_index=True)


def map_summary(record: xr.Dataset, kind: str = "class", n: int = 2000, seed: int = 0) -> pd.DataFrame:
    """Tabulate how well each kind of map localises the object that a kind of cue, class or place, is about.

    Returns
    -------
    DataFrame of the last iteration with a row per model, seed (where several were run) and map, best first
    within the first model and seed: n (stimuli), auc_other (cued object's tokens against the other object's),
    auc_rest (against all other tokens) and share, each followed by its ``_low`` and ``_high``.

    Raises
    ------
    ValueError : the record has no cue of this kind.
    """
    last = measures.written(record).isel(iteration=[-1])
    names = [name for name in measures.MAPS if name in last]
    columns = {
        "auc_other": lambda name: measures.attention_auc(last, name),
        "auc_rest": lambda name: measures.attention_auc(last, name, against="rest"),
        "share": lambda name: measures.attention_share(last, name),
    }
    cells = {}
    for column, measure in columns.items():
        values = [measure(name) for name in names]
        if kind not in values[0]["prior"].values:
            raise ValueError(f"expected a kind of cue in {values[0]['prior'].values.tolist()}, got {kind!r}")
        values = [bare(value.sel(prior=kind, drop=True).isel(iteration=0, drop=True)) for value in values]
        interval = bootstrap(xr.concat(values, xr.Variable("map", names)), n=n, seed=seed)
        cells |= {column + suffix: interval[end] for end, suffix in ENDS}
    first = cells["auc_other"].isel({dim: 0 for dim in cells["auc_other"].dims if dim != "map"})
    return rows_of(record, {name: cell.isel(map=np.argsort(-first.values)) for name, cell in cells.items()}, "map")
