"""Records read: opened lazily, checked as far as they are read or as a whole, and exported."""

from __future__ import annotations

import os
from pathlib import Path

import dask
import numpy as np
import xarray as xr
import zarr

from absvit.records import seals
from absvit.records.layout import (
    CHUNKED,
    FIXED,
    all_done,
    file_of,
    identity,
    parts_of,
    readable,
    seal_of,
    varies,
)
from stimuli.foundation.files import whole

__all__ = ["export", "in_memory", "load", "verify"]


def load(path: str | os.PathLike) -> xr.Dataset:
    """Open a record, lazily; ``xarray.open_zarr`` does the same without asking whether files are what was written.

    Metadata, coordinates and marks are checked at once, the chunks of a variable when they are read.

    Parameters
    ----------
    path : the store.

    Raises
    ------
    FileNotFoundError : nothing is there.
    ValueError : what is there is not a record, or it is damaged; the damaged files are named.

    Examples
    --------
    >>> absvit.records.load("bistable.zarr").attrs["probe"]
    'bistable'
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"no record at {path}; make one with python -m experiments PROBE --out {path}")
    files = _sealed_files(path)
    stored = xr.open_zarr(path if files is None else seals.Sealed(path, files), consolidated=False)
    return stored.assign_coords(stored.coords.to_dataset().compute().variables)  # else they are read with every use


def in_memory(record: xr.Dataset, most: int = 2**26) -> xr.Dataset:
    """Read all of a small record but its pictures at once; to compute a chunk at a time takes longer.

    Parameters
    ----------
    record : what :func:`load` gives.
    most : bytes; a record that holds more is left as it is.

    Examples
    --------
    >>> absvit.records.in_memory(record).sizes["stimulus"]
    4
    """
    wanted = record.drop_vars([name for name, values in record.data_vars.items() if "x" in values.dims])
    if wanted.nbytes > most:
        return record
    return record.assign({name: values.variable for name, values in wanted.compute().data_vars.items()})


def verify(path: str | os.PathLike) -> str:
    """Check every file of a record.

    Parameters
    ----------
    path : the store.

    Returns
    -------
    One line that says what was checked.

    Raises
    ------
    FileNotFoundError : nothing is there.
    ValueError : what is there is not a record, or it is damaged; the damaged files are named.

    Examples
    --------
    >>> absvit.records.verify("bistable.zarr")
    'bistable.zarr: 4 of 4 stimuli are done, 66 files are as written'
    """
    stored, path = load(path), Path(path)
    (dim,) = stored["done"].dims
    done = f"{int((stored['done'] == 1).sum())} of {stored.sizes[dim]} {CHUNKED[dim]} are done"
    files = _sealed_files(path)
    if files is None:
        stored.load()
        return f"{path}: {done}; a record of release 0.1.0 keeps checksums only, all of which are right"
    if found := seals.damaged(path, files):
        raise seals.damage(path, found)
    return f"{path}: {done}, {len(files)} files are as written"


def _sealed_files(path: Path) -> dict[str, str] | None:
    """Digests of all files of a record whose metadata, coordinates and marks are right; None without seals."""
    sealed = seals.published(path)
    fixed = seals.read(path, FIXED)
    if fixed is None:
        identity(path)
        if sealed:
            raise seals.damage(path, {seals.name_of(FIXED): "missing"})
        arrays = zarr.open_group(path, mode="r").arrays()
        if found := {name: "changed" for name, array in arrays if not varies(array) and not readable(array)}:
            raise seals.damage(path, found)
        return None
    if found := seals.damaged(path, fixed["files"]):
        raise seals.damage(path, found)
    group, files = zarr.open_group(path, mode="r"), dict(fixed["files"])
    for part in parts_of(fixed["n"], fixed["chunk"]):
        if all_done(group, part):  # asked after the seals were listed: what is sealed has been marked before
            seal = seals.read(path, seal_of(part))
            if seal is None:
                raise seals.damage(path, {seals.name_of(seal_of(part)): "missing"})
            files |= seal["files"]
        elif seal_of(part) in sealed:
            raise seals.damage(path, {file_of(group["done"], part): "changed"})
    return files


def export(record: xr.Dataset, path: str | os.PathLike) -> Path:
    """Write a record as one netCDF-4 file, atomically.

    Parameters
    ----------
    record : what :func:`load` gives.
    path : file to write, ``.nc``; half-precision maps become float32, which netCDF knows.

    Returns
    -------
    The file.

    Raises
    ------
    ValueError : the name does not end in .nc, or the path cannot be written.

    Examples
    --------
    >>> absvit.records.export(record[["logits"]], "record.nc").name
    'record.nc'
    """
    path = Path(path)
    if path.suffix != ".nc":
        raise ValueError(f"expected a file name that ends in .nc, got {path}")
    half = [name for name in record.data_vars if record[name].dtype == np.float16]
    record = record.assign({name: record[name].astype(np.float32) for name in half}).drop_encoding()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # in one thread: another would go on writing, and make the file anew, after an error has removed it
        with whole(path) as part, dask.config.set(scheduler="synchronous"):
            record.to_netcdf(part, engine="h5netcdf")
    except OSError as error:
        raise ValueError(f"cannot write {path} ({error}): choose a folder that can be written") from error
    return path
