"""Tables of summaries: a row for each observer and gain, cells with their 95 % intervals, and how they are laid out."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
import xarray as xr

from experiments import measures
from experiments.columns import latex_of
from experiments.probe import written_by
from experiments.probes import PROBES
from experiments.statistics.intervals import interval_text

__all__ = [
    "ENDS", "bare", "cells", "each_observer", "grouped", "interval_cells", "profiles", "rows_of", "rows_over",
    "summary", "summary_latex", "summary_text", "table", "untold",
]  # fmt: skip

ENDS = (("estimate", ""), ("low", "_low"), ("high", "_high"))  # of an interval, and of the columns that hold them
ROWS = ("model", "gain", "noise", "corruption", "severity", "prior", "iteration")  # what tells a row, in this order
FEW = 5  # so few stimuli or trained models do not tell how much others would differ


def summary(
    records: xr.Dataset | Sequence[xr.Dataset], maps: bool = False, by: str = "", bins: int = 3
) -> pd.DataFrame:
    """Tabulate the measures of records of one probe, with 95 % bootstrap intervals.

    Parameters
    ----------
    records : one, or several.
    maps : tell how well each kind of map finds what is cued, instead.
    by : variable of the stimuli by which they are grouped, such as "competition".
    bins : groups of a variable that has more values than that, of as many stimuli each.

    Returns
    -------
    DataFrame, as the probe's ``summarise`` gives it, with a column of the groups in front;
    ``PROBES[name].columns`` tells what its columns are.

    Raises
    ------
    ValueError : records of several probes or of none, maps of a probe that has no such table, or no such
        variable.

    Examples
    --------
    >>> experiments.summary(record).columns[:4].tolist()
    ['model', 'prior', 'n', 'selection_index']
    """
    opened = [records] if isinstance(records, xr.Dataset) else list(records)
    titles = {record.attrs.get("title", "no title") for record in opened}
    if len(titles) != 1:
        got = " and ".join(sorted(titles)) or "none"
        raise ValueError(f"expected records of one probe, got {got}: summarise them apart")
    name = written_by(opened[0])
    if name is None:
        raise ValueError(
            f"expected a record of a probe, got one of {min(titles)!r}: python -m absvit.robustness summary tabulates "
            "those of robustness"
        )
    probe = PROBES[name]
    of = probe.localise if maps else probe.summarise
    if of is None and maps:
        raise ValueError(f"records of {name} have no table of their maps: leave out --maps")
    if of is None:
        raise ValueError(f"{name} summarises nothing: read its record with open_record")
    return pd.concat([grouped(of, record, by, bins) for record in opened], ignore_index=True)


def grouped(of: Callable[[xr.Dataset], pd.DataFrame], record: xr.Dataset, by: str = "", bins: int = 3) -> pd.DataFrame:
    """Make a table of each group of a record's stimuli: of all, where they are not grouped.

    Parameters
    ----------
    of : function of a record that gives its table.
    record : of any probe.
    by : variable that tells the groups, of the dim stimulus; of several observers, their mean. What is not
        known (NaN) stands in no group.
    bins : groups of a number that has more values than that: as many stimuli in each, in ascending order.

    Returns
    -------
    DataFrame; the first column says the group, by its value or by the lowest and highest value in it.

    Raises
    ------
    ValueError : the record has no such variable of its stimuli, or knows it of none.
    """
    if not by:
        return of(record)
    record = measures.written(record)
    found = [str(name) for name, values in record.variables.items() if "stimulus" in values.dims and name != "stimulus"]
    graded = [name for name in found if not {*record[name].dims} - {"model", "seed", "stimulus"}]
    if by not in graded:
        raise ValueError(f"expected a variable of the stimuli, {', '.join(sorted(graded))}; got {by!r}")
    values = (
        record[by].mean([dim for dim in record[by].dims if dim != "stimulus"]) if record[by].ndim > 1 else record[by]
    )
    frames = []
    for label, chosen in _groups(pd.Series(values.values), bins):
        frame = of(record.isel(stimulus=chosen))
        frame = frame.drop(columns=by, errors="ignore").drop_duplicates()  # rows of one level and of all are the same
        frame.insert(0, by, label)
        frames.append(frame)
    if not frames:
        raise ValueError(f"{by} is not known of any stimulus")
    return pd.concat(frames, ignore_index=True)


def _groups(values: pd.Series, bins: int) -> Iterator[tuple[object, np.ndarray]]:
    """Groups of stimuli that have a value, each with its label."""
    known = values.dropna()
    if known.nunique() <= bins or not pd.api.types.is_numeric_dtype(known):
        yield from ((value, of.index.to_numpy()) for value, of in known.groupby(known))
        return
    for _, of in known.groupby(pd.qcut(known.rank(method="first"), bins, labels=False)):
        yield f"{of.min():.2g} to {of.max():.2g}", of.index.to_numpy()


def profiles(records: Sequence[xr.Dataset], by: str = "", bins: int = 3) -> pd.DataFrame:
    """Tabulate what cues are worth to each observer of records of one probe or of several, with 95 % intervals.

    Parameters
    ----------
    records : of bistable, object_prior or spatial_prior.
    by, bins : as for :func:`grouped`.

    Returns
    -------
    DataFrame as ``measures.mechanism_profile`` gives it, over all trained models, with the column probe.
    """
    of_each = (grouped(measures.mechanism_profile, record, by, bins) for record in records)
    frames = [frame.assign(probe=written_by(record)) for frame, record in zip(of_each, records, strict=True)]
    rows = pd.concat(frames, ignore_index=True)
    rows = rows[rows["seed"] == "all"].drop(columns="seed")
    rows.insert(0, "probe", rows.pop("probe"))
    return rows.dropna(axis="columns", how="all")


def untold(records: Sequence[xr.Dataset]) -> list[str]:
    """Say in a line which observers of records looked bottom-up under which cues; nothing where all took all."""
    told = {}
    for record in records:
        kinds = json.loads(record.attrs.get("prior_kinds", "null"))
        if kinds == [] and record.sizes.get("prior", 1) > 1:
            models = record["model"].values.tolist() if "model" in record.dims else [record.attrs["model"]]
            told |= dict.fromkeys(models, "all cues")
        for model, priors in json.loads(record.attrs.get("untaken_priors", "{}")).items():
            if priors:
                takes_some = kinds[model] if isinstance(kinds, dict) else kinds
                told[model] = ", ".join(priors) if takes_some else "all cues"
    text = "; ".join(f"{model} ({priors})" for model, priors in told.items())
    return [f"seen bottom-up, since the observer does not take the cue: {text}"] if told else []


def names_of(record: xr.Dataset) -> list[str]:
    """Names of the observers of a record."""
    return record["model"].values.tolist() if "model" in record.dims else [record.attrs.get("model", "model")]


def each_observer(record: xr.Dataset) -> Iterator[tuple[dict, xr.Dataset]]:
    """Go through the models and gains of a record.

    Yields
    ------
    What tells a part (model and, where there are several, gain) and the part: its finished stimuli, with the
    dim seed where several were run.
    """
    record = measures.written(record)
    for model in names_of(record):
        of_model = record.sel(model=model, drop=True) if "model" in record.dims else record
        for gain in of_model["gain"].values.tolist() if "gain" in record.dims else [None]:
            part = of_model if gain is None else of_model.sel(gain=gain, drop=True)
            yield {"model": model} | ({} if gain is None else {"gain": gain}), part


def cells(values: Mapping[str, xr.DataArray | None], n: int, seed: int) -> dict[str, float]:
    """Means of values (stimulus) or (seed, stimulus) with their 95 % intervals over both, as columns of a table.

    Returns
    -------
    Numbers by column: name, name_low and name_high for each; NaN for a value that is None.
    """
    row = {}
    for name, value in values.items():
        if value is None:
            row |= {name + suffix: np.nan for _, suffix in ENDS}
            continue
        row |= interval_cells(name, measures.hierarchical_bootstrap(bare(value), n=n, seed=seed))
    return row


def interval_cells(name: str, interval: Mapping) -> dict[str, float]:
    """An interval as columns: name, name_low and name_high."""
    return {name + suffix: float(interval[end]) for end, suffix in ENDS}


def bare(values: xr.DataArray) -> xr.DataArray:
    """Values with nothing but the coordinates of their own dims."""
    return values.drop_vars([name for name in values.coords if name not in values.dims])


def rows_of(record: xr.Dataset, columns: Mapping[str, xr.DataArray], last: str) -> pd.DataFrame:
    """Table of columns with a row per model, seed and member of the last dim."""
    leading = [dim for dim in next(iter(columns.values())).dims if dim != last]
    frame = _framed(record, columns, [*leading, last])
    frame.insert(frame.columns.get_loc(last) + 1, "n", record.sizes["stimulus"])
    return frame


def rows_over(record: xr.Dataset, columns: Mapping[str, xr.DataArray], over: str, n: int, seed: int) -> pd.DataFrame:
    """A row per model, gain, noise, prior ..., with the interval of every column, read a chunk of stimuli at a time."""
    rows = list(dict.fromkeys(str(name) for values in columns.values() for name in values["prior"].values))
    cells = {}
    for name, values in columns.items():
        values = bare(values).assign_coords(prior=values["prior"].values.astype(object))
        interval = measures.hierarchical_bootstrap(values, "seed", over, n, seed)
        cells |= {name + suffix: interval[end].reindex(prior=rows) for end, suffix in ENDS}
    order = [dim for dim in ROWS if dim in next(iter(cells.values())).dims]
    frame = _framed(record, cells, order)
    frame.insert(len(order), "n", next(iter(columns.values())).sizes[over])
    frame.insert(len(order) + 1, "seeds", record.sizes.get("seed", 1))
    return frame


def _framed(record: xr.Dataset, columns: Mapping[str, xr.DataArray], order: Sequence[str]) -> pd.DataFrame:
    """Columns over their dims, with the name of the model also where there is one."""
    frame = xr.Dataset(columns).to_dataframe(dim_order=order).reset_index()
    if "model" not in frame:
        frame.insert(0, "model", record.attrs.get("model", "model"))
    return frame


def summary_text(frame: pd.DataFrame) -> pd.DataFrame:
    """Write each mean of a summary with its interval in one cell, such as ``.97 [.96, .98]``; empty if NaN."""
    names = [name.removesuffix("_low") for name in frame if name.endswith("_low")]
    text = frame.drop(columns=[name + suffix for name in names for suffix in ("", "_low", "_high")])
    for name in names:
        cells = frame[[name, f"{name}_low", f"{name}_high"]].to_numpy()
        text[name] = [interval_text(*cell) for cell in cells]
    return text


def summary_latex(frame: pd.DataFrame, probe: str | None) -> str:
    """Write a summary of records of a probe as a table of LaTeX, with notes on its columns below."""
    text = summary_text(frame).dropna(axis="columns", how="all")
    return text.to_latex(index=False, escape=True, float_format="%.3g", na_rep="") + latex_of(probe, frame)


def table(frame: pd.DataFrame, seeds: int = 1) -> str:
    """Lay a summary out for the terminal; its intervals are over so many trained models, besides stimuli."""
    if not len(frame):
        return "nothing to tabulate"
    lines = [summary_text(frame).to_string(index=False, float_format="{:.3g}".format, na_rep="")]
    if np.isinf(frame.select_dtypes("number")).any(axis=None):
        lines.append("inf and -inf: above and below all values that were shown")
        if np.isinf(frame.filter(regex="_(low|high)$").select_dtypes("number")).any(axis=None):
            lines[-1] += "; an interval with such an end: not determined, all in it fit as well"
    if any(name.endswith("_low") for name in frame):
        fewest = {"stimuli": frame.get("n", pd.Series([FEW])).min(), "trained models": seeds if seeds > 1 else FEW}
        lines += [f"n = {n} {what}: intervals over fewer than {FEW} are rough, mostly too narrow"
                  for what, n in fewest.items() if n < FEW]  # fmt: skip
    return "\n".join(lines)
