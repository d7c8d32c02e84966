"""Alternation: how long each of two readings dominates, and the phases of a record as a table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr

from experiments.measures.selection import object_1_share
from experiments.statistics.durations import DurationFit, fit_durations
from experiments.statistics.phase_statistics import MIXED

__all__ = ["DurationFit", "dominance_durations", "fit_durations", "phases", "phases_of", "switch_rate"]


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
    """Give the phases of a record as a table, as people's are, for ``statistics.phase_statistics.alternation``.

    Parameters
    ----------
    record : with logits, class_1 and class_2.
    from_iteration : first pass that counts, so that the onset can be left out.

    Returns
    -------
    As :func:`phases_of` gives it, duration in passes.
    """
    share = object_1_share(record).isel(iteration=slice(from_iteration, None)).reset_coords(drop=True)
    if "model" not in share.dims:
        share = share.expand_dims(model=[record.attrs.get("model", "model")])
    return phases_of(share, "iteration")


def phases_of(
    share: xr.DataArray, over: str = "time", unit: float = 1.0, criterion: float = 0.5,
    who: Sequence[str] = ("model", "seed"), least: int = 1,
) -> pd.DataFrame:  # fmt: skip
    """Give the phases in which either reading, or neither, is seen, as a table.

    Phases that the first or the last pass cuts off are left out.

    Parameters
    ----------
    share : (..., over) of reading 1, with a dim stimulus.
    over : dim of the passes.
    unit : duration of a pass.
    criterion : share from which on a reading is seen; below it, and above 1 - criterion, it is mixed.
    who : dims that tell one participant from another.
    least : passes that what is seen must last to be reported; until then what was reported goes on.

    Returns
    -------
    DataFrame, a row a whole phase in its order: participant, session (all else that varies, such as the prior),
    block (the stimulus), trial, response ("first" or "second" reading, or "mixed"), duration.
    """
    dims = [*(dim for dim in share.dims if dim not in (over, "stimulus")), "stimulus"]
    values = share.transpose(*dims, over).values.reshape(-1, share.sizes[over])
    seen = np.where(values > criterion, 0, np.where(values <= 1 - criterion, 1, 2))
    seen = np.stack([_lasting(of, least) for of in seen])
    starts = [_changes(of) for of in seen]
    course = np.repeat(np.arange(len(seen)), [max(0, len(of) - 1) for of in starts])
    first = np.concatenate([of[:-1] for of in starts])
    courses = pd.MultiIndex.from_product([share[dim].values for dim in dims], names=dims).to_frame(index=False)
    told = {"participant": _joined(courses, [dim for dim in dims if dim in who]), "kind": "model"}
    told |= {"session": _joined(courses, [dim for dim in dims if dim not in (*who, "stimulus")])}
    table = pd.DataFrame(told | {"block": courses["stimulus"]}).iloc[course].reset_index(drop=True)
    table["duration"] = unit * np.concatenate([np.diff(of) for of in starts])
    table["response"] = np.array(["first", "second", MIXED], object)[seen[course, first]]
    table["trial"] = table.groupby(["participant", "session"]).cumcount() + 1
    return table


def _changes(seen: np.ndarray) -> np.ndarray:
    """Where something else begins to be seen."""
    return np.flatnonzero(seen[1:] != seen[:-1]) + 1


def _lasting(seen: np.ndarray, least: int) -> np.ndarray:
    """What is seen, with what lasts too briefly given over to what was seen before."""
    starts = np.r_[0, _changes(seen)]
    lasts = np.diff(np.r_[starts, len(seen)])
    kept = (lasts >= least) | (starts == 0)
    return seen[np.repeat(starts[kept], np.diff(np.r_[starts[kept], len(seen)]))]


def _joined(frame: pd.DataFrame, names: Sequence[str]) -> pd.Series:
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
