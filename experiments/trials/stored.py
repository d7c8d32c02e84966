"""Trial tables as records on disk: sealed, with their provenance, readable by xarray alone."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
import xarray as xr

from absvit import records
from experiments.trials.trial_table import as_dataset, read

__all__ = ["holds_trials", "open_table", "opened", "save"]


def save(
    table: pd.DataFrame,
    path: str | os.PathLike,
    attributes: Mapping[str, object],
    overwrite: bool = False,
) -> Path:
    """Write a trial table as a record, whole or not at all.

    Parameters
    ----------
    table : as ``trial_table`` gives it.
    path : folder to make, ``.zarr``.
    attributes : what is known of the trials beside the provenance that all records have; ``seed``, ``device``
        and ``parameters`` stand for those of the provenance. Mappings are written as JSON.
    overwrite : replace a record that is there; anything but a record is never replaced.

    Returns
    -------
    The folder; ``records.load`` and ``xarray.open_zarr`` open it, ``trial_table.read`` gives the table again.

    Raises
    ------
    ValueError : the name does not end in .zarr, something is there already, or it cannot be written.
    """
    path = Path(path)
    if path.suffix != ".zarr":
        raise ValueError(f"a table of trials is stored under a name that ends in .zarr, got {path}")
    if path.exists() and not overwrite:
        raise ValueError(f"{path} is there already: choose another path, or replace it with --overwrite")
    given = {"seed": 0, "device": "cpu", "parameters": {}, **attributes}
    facts = records.provenance("trials", given.pop("seed"), given.pop("parameters"), given.pop("device"))
    told = {name: json.dumps(value) if isinstance(value, Mapping) else value for name, value in given.items()}
    whole = as_dataset(table, {**facts, **told})
    record = records.begin(path, whole, max(1, whole.sizes["row"]), overwrite=overwrite)
    for part in record.pending():
        record.write(part, whole)
    return path


def open_table(path: str | os.PathLike) -> tuple[pd.DataFrame, dict]:
    """Open a trial table that was stored.

    Parameters
    ----------
    path : the record.

    Returns
    -------
    The table, and the attributes of its record.

    Raises
    ------
    FileNotFoundError : nothing is there.
    ValueError : it is no table of trials, or damaged.
    """
    return read(path), dict(records.load(path).attrs)


def holds_trials(path: str | os.PathLike) -> bool:
    """Say whether a file or folder is a trial table, CSV or stored; what is none of these is not."""
    path = Path(path)
    if path.suffix == ".csv" and path.is_file():
        with path.open(encoding="utf-8-sig", errors="replace") as file:
            names = {name.strip().strip('"') for name in file.readline().split(",")}
        return {"participant", "kind", "trial"} <= names
    return (path / "zarr.json").is_file() and "participant" in records.load(path)


def opened(paths: Sequence[Path]) -> tuple[pd.DataFrame, list[xr.Dataset]]:
    """Read trial tables for a figure.

    Returns
    -------
    The table of all, and a dataset of each file whose attributes tell where it comes from.
    """
    table, origins = read(paths), []
    for path in map(Path, paths):
        attributes = {"title": "trials"} if path.suffix == ".csv" else dict(records.load(path).attrs)
        origins.append(xr.Dataset(attrs={**attributes, "log": str(path)}))
    return table, origins
