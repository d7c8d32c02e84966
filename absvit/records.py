"""Records: xarray datasets on disk, written a chunk of stimuli at a time; nothing else writes results.

A chunk is the unit of writing. Its stimuli are marked in the variable ``done`` after their data are on disk, so
that a run which was stopped goes on where it was, and a reader knows what to trust. Several processes may write
disjoint chunks of one record at the same time. Every chunk carries a checksum: damage is an error to whoever reads
it, and a run that goes on does the damaged chunks again.
"""

from __future__ import annotations

import json
import os
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import numpy as np
import xarray as xr
import zarr

from absvit.differences import differences
from stimuli.addresses import without_credentials

__all__ = ["Record", "begin", "export", "join", "load", "provenance"]

VERSIONS_OF = ("torch", "timm", "xarray", "numpy", "zarr")
CIRCUMSTANCES = {"created", "command", "git_commit"}  # a run that goes on may differ in these


@dataclass(frozen=True)
class Record:
    """A record that is being written.

    Parameters
    ----------
    path : the zarr store.
    chunk : stimuli of a chunk.
    share : (k, n), this process does chunk k and every n-th after it; all of them by default.
    """

    path: Path
    chunk: int
    share: tuple[int, int] = (0, 1)

    def parts(self) -> list[slice]:
        """The chunks of this process, as slices of the dimension ``stimulus``."""
        n = zarr.open_group(self.path, mode="r")["done"].shape[0]
        parts = [slice(start, min(start + self.chunk, n)) for start in range(0, n, self.chunk)]
        return parts[self.share[0] :: self.share[1]]

    def pending(self) -> list[slice]:
        """Chunks of this process that are not done yet, as slices of the dimension ``stimulus``."""
        done = zarr.open_group(self.path, mode="r")["done"]
        return [part for part in self.parts() if not _all_done(done, part)]

    def repair(self) -> list[slice]:
        """Find chunks of this process that are marked as done and cannot be read, and take their marks away.

        Returns
        -------
        The chunks; they are pending from now on.
        """
        group = zarr.open_group(self.path, mode="r")
        arrays = [a for name, a in group.arrays() if "stimulus" in a.metadata.dimension_names and name != "stimulus"]
        damaged = [
            part
            for part in self.parts()
            if _all_done(group["done"], part)
            and not all(_present(self.path, array, part) and _readable(array, part) for array in arrays)
        ]
        for part in damaged:
            self._mark(part, 0)
        return damaged

    def write(self, part: slice, values: xr.Dataset) -> None:
        """Write a chunk, then mark its stimuli as done.

        Parameters
        ----------
        part : one of ``pending()``.
        values : every variable and coordinate that has the dimension ``stimulus``, of these stimuli.

        Raises
        ------
        ValueError : the values do not fit the store.
        OSError : the disk is full, or the store cannot be written; chunks that are done stay.
        """
        if part.start % self.chunk:
            raise ValueError(f"expected a whole chunk of {self.chunk} stimuli, got {part}")
        of_all = [name for name, v in values.variables.items() if "stimulus" not in v.dims or name == "stimulus"]
        values = values.drop_vars(of_all)  # they stand in the store since it was begun
        with xr.open_zarr(self.path, consolidated=False) as stored:
            kept = {name: v for name, v in stored.variables.items() if "stimulus" in v.dims}
            kept = {name: v for name, v in kept.items() if name not in ("stimulus", "done")}
        unlike = [
            name
            for name in {*kept, *values.variables}
            if name not in kept or name not in values or _kind(kept[name]) != _kind(values[name])
        ]
        if unlike:
            raise ValueError(f"the chunk does not fit {self.path} in {', '.join(sorted(unlike))}")
        with zarr.config.set({"array.write_empty_chunks": True}):  # a file that is not there is then one that is lost
            values.to_zarr(self.path, region={"stimulus": part}, consolidated=False)
        self._mark(part, 1)

    def _mark(self, part: slice, value: int) -> None:
        """Say of a chunk whether it is done."""
        done = xr.Dataset({"done": ("stimulus", np.full(part.stop - part.start, value, np.int8))})
        done.to_zarr(self.path, region={"stimulus": part}, consolidated=False)

    def complete(self, values: xr.Dataset) -> None:
        """Write variables of the whole record once every stimulus is done; the layout holds them already.

        Parameters
        ----------
        values : variables without the dimension ``stimulus``.

        Raises
        ------
        ValueError : stimuli are not done yet, or the values do not fit the store.
        OSError : the disk is full, or the store cannot be written.
        """
        if left := sum(part.stop - part.start for part in self.pending()):
            raise ValueError(f"{left} stimuli of {self.path} are not done yet: go on with --resume first")
        values.drop_vars(values.coords).to_zarr(self.path, mode="r+", consolidated=False)


def begin(
    path: str | os.PathLike,
    layout: xr.Dataset,
    chunk: int,
    resume: bool = False,
    overwrite: bool = False,
    share: tuple[int, int] = (0, 1),
) -> Record:
    """Make the store of a record, or find the one that an earlier run, or another process, began.

    Parameters
    ----------
    path : folder to make, ``.zarr`` by custom.
    layout : the whole record with lazy (dask) variables, whose values are not written, in-memory coordinates,
        and attributes; ``done`` is added.
    chunk : stimuli of a chunk.
    resume : go on with a store of the same experiment, chunks that cannot be read are done again; a missing store
        is made. Processes that share a record all say this, and the first makes it.
    overwrite : replace a record that is there; anything but a record is never replaced.
    share : (k, n), do chunk k and every n-th after it.

    Returns
    -------
    Record whose ``pending()`` says what is to be done.

    Raises
    ------
    ValueError : the path holds a record and neither resume nor overwrite is asked for, a record of another
        experiment (what differs is listed), or no record at all; or it cannot be written.
    """
    path = Path(path)
    unwritten = np.zeros(layout.sizes["stimulus"], np.int8)
    layout = layout.assign(done=("stimulus", unwritten, {"long_name": "whether the stimulus is written", "units": "1"}))
    empty = path.is_dir() and not any(path.iterdir())
    if path.exists() and not empty:
        found, n = _attributes(path)
        if resume:
            return _found(path, layout, chunk, share)
        if not overwrite:
            raise ValueError(f"{path} holds a record already: go on with --resume, replace it with --overwrite")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent, ignore_cleanup_errors=True) as made:
            partial = Path(made) / path.name
            _lay_out(partial, layout, chunk)
            if overwrite and path.exists():
                shutil.rmtree(path)
            try:
                os.replace(partial, path)
            except OSError:  # another process was faster
                if not (resume and path.is_dir()):
                    raise
                return _found(path, layout, chunk, share)
    except OSError as error:
        raise ValueError(f"cannot write {path} ({error}): choose a folder that can be written") from error
    return Record(path, chunk, share)


def join(path: str | os.PathLike, share: tuple[int, int] = (0, 1)) -> Record:
    """Take part in writing a record that is begun already.

    Parameters
    ----------
    path : the store.
    share : (k, n), do chunk k and every n-th after it.
    """
    return Record(Path(path), zarr.open_group(path, mode="r")["done"].chunks[0], share)


def load(path: str | os.PathLike) -> xr.Dataset:
    """Open a record, lazily; ``xarray.open_zarr`` does the same without the messages.

    Parameters
    ----------
    path : the store.

    Raises
    ------
    FileNotFoundError : nothing is there.
    ValueError : what is there is not a record.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"no record at {path}; make one with python -m experiments PROBE --out {path}")
    _attributes(path)
    return xr.open_zarr(path, consolidated=False)


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
    """
    path = Path(path)
    if path.suffix != ".nc":
        raise ValueError(f"expected a file name that ends in .nc, got {path}")
    half = [name for name in record.data_vars if record[name].dtype == np.float16]
    record = record.assign({name: record[name].astype(np.float32) for name in half}).drop_encoding()
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        record.to_netcdf(partial, engine="h5netcdf")
        os.replace(partial, path)
    except OSError as error:
        raise ValueError(f"cannot write {path} ({error}): choose a folder that can be written") from error
    finally:
        partial.unlink(missing_ok=True)
    return path


def provenance(title: str, seed: int, parameters: Mapping, device: str) -> dict[str, str | int]:
    """Say where a record comes from, as attributes.

    Parameters
    ----------
    title : what the record is.
    seed : seed of the stimuli.
    parameters : JSON-serialisable parameters of the experiment.
    device : where the model ran.

    Returns
    -------
    title, seed, parameters (JSON), device, machine, package_version, git_commit ("" outside a checkout),
    command, versions (JSON) and created (UTC).
    """
    return {
        "title": title,
        "seed": seed,
        "parameters": json.dumps(parameters, sort_keys=True),
        "device": device,
        "machine": f"{platform.system()} {platform.machine()}",
        "package_version": metadata.version("absvit"),
        "git_commit": _git_commit(),
        "command": without_credentials(_command()),
        "versions": json.dumps({name: metadata.version(name) for name in VERSIONS_OF}),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _command() -> str:
    """The command line of this process, as it can be given again."""
    specification = getattr(sys.modules["__main__"], "__spec__", None)
    if specification is None:
        return shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])
    return shlex.join(["python", "-m", specification.name.removesuffix(".__main__"), *sys.argv[1:]])


def _git_commit() -> str:
    """Commit of the checkout that this file lies in, with a plus where it has been changed since."""
    here = Path(__file__).parent
    try:
        text = subprocess.run(
            ["git", "describe", "--always", "--abbrev=40", "--dirty=+", "--exclude=*"],
            cwd=here, capture_output=True, text=True, timeout=10, check=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return ""
    return text.stdout.strip()


def _lay_out(path: Path, layout: xr.Dataset, chunk: int) -> None:
    """Write the store of a record with all that does not vary with the stimulus."""
    codecs = (zarr.codecs.ZstdCodec(), zarr.codecs.Crc32cCodec())
    encoding = {
        name: {"chunks": _chunks(variable, chunk), "compressors": codecs}
        for name, variable in layout.variables.items()
        if "stimulus" in variable.dims
    }
    layout.to_zarr(path, mode="w", compute=False, consolidated=False, encoding=encoding)
    with warnings.catch_warnings():  # every zarr that reads format 3 reads it, and writing a chunk keeps it true
        warnings.filterwarnings("ignore", "Consolidated metadata", zarr.errors.ZarrUserWarning)
        zarr.consolidate_metadata(path)


def _found(path: Path, layout: xr.Dataset, chunk: int, share: tuple[int, int]) -> Record:
    """The record of the same experiment that stands at a path already, its damaged chunks pending."""
    found, n = _attributes(path)
    _check_same(path, {"stimuli in it": n, **found}, {"stimuli in it": layout.sizes["stimulus"], **layout.attrs})
    group = zarr.open_group(path, mode="r")
    fixed = [name for name, v in layout.variables.items() if "stimulus" not in v.dims or name == "stimulus"]
    if not all(_readable(group[name]) for name in fixed):
        layout.drop_vars(set(layout.variables) - set(fixed)).to_zarr(path, mode="r+", consolidated=False)
    record = join(path, share)  # chunks stay as they were begun
    record.repair()
    return record


def _all_done(done: zarr.Array, part: slice) -> bool:
    """Whether all stimuli of a chunk are marked; marks that cannot be read are none."""
    try:
        return bool((done[part] == 1).all())
    except (ValueError, RuntimeError, OSError):
        return False


def _readable(array: zarr.Array, part: slice = slice(None)) -> bool:
    """Whether an array can be read, or its chunk of these stimuli; the checksums find every damage."""
    try:
        array[tuple(part if dim == "stimulus" else slice(None) for dim in array.metadata.dimension_names)]
    except (ValueError, RuntimeError, OSError):
        return False
    return True


def _present(path: Path, array: zarr.Array, part: slice) -> bool:
    """Whether the file of a chunk is there; zarr would read a lost one as the fill value."""
    sizes = zip(array.metadata.dimension_names, array.chunks, strict=True)
    place = tuple(part.start // size if dim == "stimulus" else 0 for dim, size in sizes)
    return (path / array.path / array.metadata.encode_chunk_key(place)).is_file()


def _kind(variable: xr.Variable | xr.DataArray) -> tuple:
    """What a chunk's values must have in common with the store's."""
    return variable.dims, variable.dtype, [n for dim, n in variable.sizes.items() if dim != "stimulus"]


def _chunks(variable: xr.Variable, chunk: int) -> tuple[int, ...]:
    """Chunk of a variable: some stimuli, everything else whole; ``done`` is written with the same chunks."""
    return tuple(chunk if dim == "stimulus" else size for dim, size in variable.sizes.items())


def _attributes(path: Path) -> tuple[dict, int]:
    """Attributes and number of stimuli of the record at a path."""
    try:
        group = zarr.open_group(path, mode="r")
        attributes = dict(group.attrs)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} exists and is not a record (a zarr group): choose another path") from error
    if "done" not in group or "parameters" not in attributes:
        raise ValueError(f"{path} exists and is not a record of this toolkit: choose another path")
    return attributes, group["done"].shape[0]


def _check_same(path: Path, found: Mapping, wanted: Mapping) -> None:
    """Refuse to go on with a record of another experiment."""
    if told := differences(found, wanted, CIRCUMSTANCES):
        raise ValueError(f"{path} is another experiment ({told}): give the same options, or write into another --out")
