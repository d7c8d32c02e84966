"""Summaries: the measures of a whole record as a table, with bootstrap intervals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from experiments import measures
from experiments.statistics.intervals import bootstrap, interval_text
from experiments.summaries.columns import latex_of

__all__ = ["graded_summary", "map_summary", "recognition_summary", "summary", "summary_latex", "summary_text"]

ENDS = (("estimate", ""), ("low", "_low"), ("high", "_high"))  # of an interval, and of the columns that hold them


def summary(record: xr.Dataset, n: int = 2000, seed: int = 0) -> pd.DataFrame:
    """Tabulate the last iteration: means over the finished stimuli with 95 % bootstrap intervals.

    Parameters
    ----------
    record : bistable record; without known classes the columns on classes are left out.
    n : bootstrap resamples.
    seed : seed of the resampling.

    Returns
    -------
    DataFrame with a row per model, seed (where several were run) and prior: a kind of cue, or a prior that
    cues neither object. Columns: model, seed, prior, n (stimuli), then selection_index, cue_decides, p_cued,
    p_other, attention_auc and attention_share (of ``measures.DEFAULT_MAP``) and p_absent, each followed by its
    ``_low`` and ``_high``. A prior that cues neither object has object 1's share as selection_index; p_absent
    stands in the rows "absent class" and "none".
    """
    record = measures.written(record)
    last = record.isel(iteration=[-1])
    columns = {}
    if measures.classes_known(last, "class_1").all() and measures.classes_known(last, "class_2").all():
        neither = measures.object_1_share(last).isel(prior=np.flatnonzero(last["cue"].values < 1))
        columns = {
            "selection_index": xr.concat([_bare(measures.selection_index(last)), _bare(neither)], "prior"),
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
        interval = bootstrap(_bare(values.isel(iteration=0)), n=n, seed=seed).reindex(prior=rows)
        cells |= {name + suffix: interval[end] for end, suffix in ENDS}
    return _rows(record, cells, "prior")


def graded_summary(record: xr.Dataset, n: int = 2000, seed: int = 0) -> pd.DataFrame:
    """Tabulate a bistable record by gain and by how its stimuli are graded: who wins, where attention goes.

    Parameters
    ----------
    record : bistable record of several gains, of overlays (coordinate ``mix``) or of ambiguous figures (``figure``).
    n : bootstrap resamples.
    seed : seed of the resampling.

    Returns
    -------
    DataFrame as ``summary`` gives, with the columns gain and mix, or figure, where the record has them.
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


def recognition_summary(record: xr.Dataset, n: int = 2000, seed: int = 0) -> pd.DataFrame:
    """Tabulate the accuracy of every pass on single objects, with 95 % bootstrap intervals.

    Parameters
    ----------
    record : recognition record.
    n : bootstrap resamples.
    seed : seed of the resampling.

    Returns
    -------
    DataFrame with a row per model, seed (where several were run) and iteration: n (stimuli), accuracy,
    accuracy_low and accuracy_high.
    """
    record = measures.written(record)
    interval = bootstrap(_bare(measures.accuracy(record).isel(prior=0, drop=True)), n=n, seed=seed)
    cells = {f"accuracy{suffix}": interval[end] for end, suffix in ENDS}
    return _rows(record, cells, "iteration")


def map_summary(record: xr.Dataset, kind: str = "class", n: int = 2000, seed: int = 0) -> pd.DataFrame:
    """Tabulate how well each kind of map localises the cued object in the last iteration.

    Parameters
    ----------
    record : bistable record.
    kind : kind of cue, "class" or "place".
    n : bootstrap resamples.
    seed : seed of the resampling.

    Returns
    -------
    DataFrame with a row per model, seed (where several were run) and map, best first within the first model and
    seed: n (stimuli), auc_other (cued object's tokens against the other object's), auc_rest (against all other
    tokens) and share, each followed by its ``_low`` and ``_high``.

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
        values = [_bare(value.sel(prior=kind, drop=True).isel(iteration=0, drop=True)) for value in values]
        interval = bootstrap(xr.concat(values, xr.Variable("map", names)), n=n, seed=seed)
        cells |= {column + suffix: interval[end] for end, suffix in ENDS}
    first = cells["auc_other"].isel({dim: 0 for dim in cells["auc_other"].dims if dim != "map"})
    return _rows(record, {name: cell.isel(map=np.argsort(-first.values)) for name, cell in cells.items()}, "map")


def summary_text(frame: pd.DataFrame) -> pd.DataFrame:
    """Write each mean of a summary with its interval in one cell, for a terminal or a paper.

    Parameters
    ----------
    frame : what ``summary`` gives.

    Returns
    -------
    DataFrame of the same rows, with cells such as ``.97 [.96, .98]``, empty where there is no number.
    """
    measures = [name.removesuffix("_low") for name in frame if name.endswith("_low")]
    text = frame.drop(columns=[name + suffix for name in measures for suffix in ("", "_low", "_high")])
    for name in measures:
        cells = frame[[name, f"{name}_low", f"{name}_high"]].to_numpy()
        text[name] = [interval_text(*cell) for cell in cells]
    return text


def summary_latex(frame: pd.DataFrame, title: str) -> str:
    """Write a summary as a table of LaTeX with notes on its columns below.

    Parameters
    ----------
    frame : what ``summary`` gives.
    title : of the records that it is of.
    """
    text = summary_text(frame).dropna(axis="columns", how="all")
    return text.to_latex(index=False, escape=True, float_format="%.3g", na_rep="") + latex_of(title, frame)


def _rows(record: xr.Dataset, cells: dict[str, xr.DataArray], last: str) -> pd.DataFrame:
    """Table of cells with a row per model, seed and member of the last dim."""
    leading = [dim for dim in next(iter(cells.values())).dims if dim != last]
    frame = xr.Dataset(cells).to_dataframe(dim_order=[*leading, last]).reset_index()
    if "model" not in frame:
        frame.insert(0, "model", record.attrs.get("model", "model"))
    frame.insert(frame.columns.get_loc(last) + 1, "n", record.sizes["stimulus"])
    return frame


def _bare(values: xr.DataArray) -> xr.DataArray:
    """Values with nothing but the coordinates of their own dims."""
    return values.drop_vars([name for name in values.coords if name not in values.dims])
