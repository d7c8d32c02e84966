"""Alternation: how long each of two readings dominates, and the phases of a record as a table."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from experiments.measures.selection import object_1_share
from experiments.statistics.durations import DurationFit, fit_durations

__all__ = ["DurationFit", "dominance_durations", "fit_durations", "phases", "switch_rate"]


def dominance_durations(record: xr.Dataset, from_iteration: int = 1) -> xr.DataArray:
    """How long each phase lasts in which one reading is more probable than the other (Levelt 1967).

    Phases that the first or the last pass cuts off are left out.

    Parameters
    ----------
    record : with logits, class_1 and class_2.
    from_iteration : first pass that counts, so that the onset can be left out.

    Returns
    -------
    (..., iteration, prior, stimulus) in passes: the duration of the phase that begins with a pass, NaN where
    none does.
    """
    share = object_1_share(record).isel(iteration=slice(from_iteration, None))
    found = xr.apply_ufunc(
        _durations, share > 0.5, input_core_dims=[["iteration"]], output_core_dims=[["iteration"]], vectorize=True,
        output_dtypes=[float], dask="parallelized",
    )  # fmt: skip
    found = found.transpose(*share.dims).rename(None)
    found.attrs = {"long_name": "duration of the phase of dominance that begins here", "units": "pass"}
    return found


def phases(record: xr.Dataset, from_iteration: int = 1) -> pd.DataFrame:
    """Give the phases of a record as a table, as people's are, for ``statistics.durations.alternation``.

    Parameters
    ----------
    record : with logits, class_1 and class_2.
    from_iteration : first pass that counts, so that the onset can be left out.

    Returns
    -------
    DataFrame, a row a whole phase in its order: participant (the model, with its seed where there are
    several), session (all else that the record varies, such as the prior), block (the stimulus), trial,
    response ("first" or "second" reading), duration in passes.
    """
    durations = dominance_durations(record, from_iteration)
    first = (object_1_share(record).isel(iteration=slice(from_iteration, None)) > 0.5).transpose(*durations.dims)
    told = xr.Dataset({"duration": durations, "first": first}).reset_coords(drop=True)
    frame = told.to_dataframe(dim_order=[*(dim for dim in durations.dims if dim != "iteration"), "iteration"])
    frame = frame.dropna().reset_index()
    who = [name for name in ("model", "seed") if name in frame]
    apart = [name for name in frame.columns.drop(["iteration", "stimulus", "duration", "first"]) if name not in who]
    model = _joined(frame, who) if who else record.attrs.get("model", "model")
    table = pd.DataFrame({"participant": model, "kind": "model", "session": _joined(frame, apart)}, index=frame.index)
    table["block"], table["duration"] = frame["stimulus"], frame["duration"]
    table["response"] = np.where(frame["first"], "first", "second")
    table["trial"] = table.groupby(["participant", "session"]).cumcount() + 1
    return table


def _joined(frame: pd.DataFrame, names: list[str]) -> pd.Series:
    """Levels of some columns as one word a row."""
    words = [frame[name].astype(str) if name == "model" else name + " " + frame[name].astype(str) for name in names]
    return pd.Series("1", frame.index) if not words else words[0].str.cat(words[1:], sep=", ")


def switch_rate(record: xr.Dataset, from_iteration: int = 1) -> xr.DataArray:
    """Switches from one reading to the other per 100 passes.

    Parameters
    ----------
    record : with logits, class_1 and class_2.
    from_iteration : first pass that counts.

    Returns
    -------
    (..., prior, stimulus), 0 to 100.
    """
    first = (object_1_share(record).isel(iteration=slice(from_iteration, None)) > 0.5).astype(np.int8)
    rate = 100 * abs(first.diff("iteration")).mean("iteration")
    rate = rate.rename(None)
    rate.attrs = {"long_name": "switches per 100 passes", "units": "1"}
    return rate


def _durations(first: np.ndarray) -> np.ndarray:
    """Lengths of the complete runs of a sequence of bools, at their first place; NaN elsewhere."""
    starts = np.flatnonzero(first[1:] != first[:-1]) + 1
    lengths = np.full(len(first), np.nan)
    lengths[starts[:-1]] = np.diff(starts)
    return lengths
