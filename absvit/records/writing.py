"""Records written: begun, filled a chunk at a time, found again and mended."""

from __future__ import annotations

import glob
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import xarray as xr
import zarr

from absvit.records import seals
from absvit.records.differences import differences
from absvit.records.layout import (
    FIXED,
    all_done,
    along,
    file_of,
    files_of,
    identity,
    lay_out,
    parts_of,
    readable,
    seal_fixed,
    seal_of,
    varies,
)  # fmt: skip

__all__ = ["Record", "begin", "join"]

CIRCUMSTANCES = {"created", "command", "git_commit"}  # a run that goes on may differ in these
ADDED = {"pictures_sha256", "probe"}  # what older records do not tell
ALL = (0, 1)  # the share of a process that works alone
FORMER = "former record"


@dataclass(frozen=True)
class Record:
    """A record that is being written.

    Parameters
    ----------
    path : the zarr store.
    chunk : stimuli of a chunk.
    share : (k, n), this process does chunk k and every n-th after it; all of them by default.
    made_of : digest of what the stimuli of a chunk are made of, such as files of pictures; "" if of nothing
        outside.
    """

    path: Path
    chunk: int
    share: tuple[int, int] = ALL
    made_of: Callable[[slice], str] = lambda part: ""

    def parts(self) -> list[slice]:
        """The chunks of this process, as slices of the dimension ``stimulus``."""
        return parts_of(self._group()["done"].shape[0], self.chunk)[self.share[0] :: self.share[1]]

    def pending(self) -> list[slice]:
        """Chunks of this process that are not done yet, as slices of the dimension ``stimulus``."""
        group, sealed = self._group(), seals.published(self.path)
        return [part for part in self.parts() if not (seal_of(part) in sealed and all_done(group, part))]

    def repair(self) -> list[slice]:
        """Take the marks from chunks of this process that are not what was written, and give the chunks."""
        group, redone, own = self._group(), [], set()
        for part in self.parts():
            files = [*files_of(group, part), file_of(group["done"], part)]
            own.update(files)
            marked = all_done(group, part)
            if marked and self._intact(part, files[:-1]):
                seals.publish(self.path, seal_of(part))
                continue
            redone += [part] * marked
            for name in (*files[::-1], seals.name_of(seal_of(part)), seals.name_of(seal_of(part), drafted=True)):
                seals.clear(self.path / name)
        for left in self.path.rglob("*.partial"):  # zarr's, of a run that was killed
            name = left.with_name(left.name.partition(".")[0]).relative_to(self.path).as_posix()
            if name in own or self.share == ALL:
                left.unlink(missing_ok=True)
        return redone

    def changed(self) -> list[slice]:
        """Find chunks of this process that are done, and made of something else than is there now.

        Chunks of earlier versions do not tell what they are made of.
        """
        sealed, found = seals.published(self.path), []
        for part in self.parts():
            made_of = seals.read(self.path, seal_of(part)).get("made_of") if seal_of(part) in sealed else None
            found += [part] * bool(made_of and made_of != self.made_of(part))
        return found

    def write(self, part: slice, values: xr.Dataset) -> None:
        """Write a chunk of ``pending()``, then mark its stimuli as done.

        Expected is every variable and coordinate of the dimension ``stimulus``. On a full disk, chunks that
        are done stay.
        """
        if part.start % self.chunk:
            raise ValueError(f"expected a whole chunk of {self.chunk} stimuli, got {part}")
        dim = along(values.dims)
        of_all = [name for name, v in values.variables.items() if dim not in v.dims or name == dim]
        values = values.drop_vars(of_all)  # they stand in the store since it was begun
        with xr.open_zarr(self.path, consolidated=False) as stored:
            kept = {name: v for name, v in stored.variables.items() if dim in v.dims}
            kept = {name: v for name, v in kept.items() if name not in (dim, "done")}
        unlike = [
            name
            for name in {*kept, *values.variables}
            if name not in kept or name not in values or _kind(kept[name]) != _kind(values[name])
        ]
        if unlike:
            raise ValueError(f"the chunk does not fit {self.path} in {', '.join(sorted(unlike))}")
        words = {name: values[name].astype(v.dtype) for name, v in kept.items() if _kind(v)[1] == "words"}
        values = values.assign(words)
        with _saying(self.path):
            with zarr.config.set({"array.write_empty_chunks": True}):  # a file that is not there is one that is lost
                values.to_zarr(self.path, region={dim: part}, consolidated=False)
            self.seal(part)

    def seal(self, part: slice) -> None:
        """Note what the files of a chunk hold, and mark its stimuli as done."""
        group = self._group()
        files, (dim,) = seals.digests(self.path, files_of(group, part)), group["done"].metadata.dimension_names
        seals.draft(self.path, seal_of(part), {"files": files, "made_of": self.made_of(part)})
        done = xr.Dataset({"done": (dim, np.ones(part.stop - part.start, np.int8))})
        done.to_zarr(self.path, region={dim: part}, consolidated=False)
        seals.publish(self.path, seal_of(part))

    def complete(self, values: xr.Dataset) -> None:
        """Write variables of the whole record, which its layout holds, once every stimulus is done."""
        if left := sum(part.stop - part.start for part in self.pending()):
            raise ValueError(f"{left} stimuli of {self.path} are not done yet: go on with --resume first")
        with _saying(self.path):
            values.drop_vars(values.coords).to_zarr(self.path, mode="r+", consolidated=False)
            seal_fixed(self.path)

    def _group(self) -> zarr.Group:
        return zarr.open_group(self.path, mode="r")

    def _intact(self, part: slice, files: list[str]) -> bool:
        """Whether the files of a chunk are all there and hold what was written."""
        try:
            seal = seals.read(self.path, seal_of(part))
        except ValueError:
            return False
        return seal is not None and [*seal["files"]] == files and not seals.damaged(self.path, seal["files"])


def begin(
    path: str | os.PathLike,
    layout: xr.Dataset,
    chunk: int,
    resume: bool = False,
    overwrite: bool = False,
    share: tuple[int, int] = ALL,
    made_of: Callable[[slice], str] = Record.made_of,
) -> Record:
    """Make the store of a record, or find the one that an earlier run, or another process, began.

    Parameters
    ----------
    path : folder to make, ``.zarr`` by custom.
    layout : the whole record with lazy (dask) variables, whose values are not written, in-memory coordinates,
        and attributes; ``done`` is added.
    chunk : stimuli of a chunk.
    resume : go on with a store of the same experiment; what is damaged is mended, or done again; a missing
        store is made. Processes that share a record all say this, and the first makes it.
    overwrite : replace a record that is there; anything but a record is never replaced.
    share : (k, n), do chunk k and every n-th after it.
    made_of : as in :class:`Record`.

    Returns
    -------
    Record whose ``pending()`` says what is to be done.

    Raises
    ------
    ValueError : the path holds a record and neither resume nor overwrite is asked for, a record of another
        experiment (what differs is listed) or of other pictures, or no record at all; or it cannot be
        written.
    OSError : a record that is gone on with cannot be mended.
    """
    record = Record(path := Path(path), chunk, share, made_of)
    dim = along(layout.dims)
    marks = {"long_name": f"whether the {dim} is written", "units": "1"}
    layout = layout.assign(done=(dim, np.zeros(layout.sizes[dim], np.int8), marks))
    empty = path.is_dir() and not any(path.iterdir())
    if path.exists() and not empty:
        identity(path)  # nothing else is gone on with, or replaced
        if not (resume or overwrite):
            raise ValueError(f"{path} holds a record already: go on with --resume, replace it with --overwrite")
    if share == ALL:
        _remove_stages(path)
    if resume and path.exists() and not empty:
        return _found(record, layout)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _stage(path) as made:
            lay_out(made / path.name, layout, chunk)
            if overwrite and path.exists():
                os.replace(path, made / FORMER)
            try:
                os.replace(made / path.name, path)
            except OSError:  # another process was faster
                if not (resume and path.is_dir()):
                    raise
                return _found(record, layout)
    except OSError as error:
        raise ValueError(f"cannot write {path} ({error}): choose a folder that can be written") from error
    return record


def join(
    path: str | os.PathLike, share: tuple[int, int] = ALL, made_of: Callable[[slice], str] = Record.made_of
) -> Record:
    """Take part in writing a record that is begun already.

    Parameters
    ----------
    path : the store.
    share : (k, n), do chunk k and every n-th after it.
    made_of : as in :class:`Record`.
    """
    return Record(Path(path), zarr.open_group(path, mode="r")["done"].chunks[0], share, made_of)


def _found(begun: Record, layout: xr.Dataset) -> Record:
    """The record of the same experiment that stands there already: mended, its damaged chunks pending."""
    path = begun.path
    found, n, chunk = identity(path)  # chunks stay as they were begun
    wanted = {name: value for name, value in layout.attrs.items() if name in found or name not in ADDED}
    _check_same(path, {"stimuli in it": n, **found}, {"stimuli in it": layout.sizes[along(layout.dims)], **wanted})
    record = replace(begun, chunk=chunk)
    with _saying(path):
        try:
            fixed = seals.read(path, FIXED)
        except ValueError:
            fixed = {"files": {}}
        if fixed is None and not seals.published(path):
            _adopt(record, layout.assign_attrs(found))
        elif not fixed or not fixed["files"] or seals.damaged(path, fixed["files"]):
            _mend(record, layout.assign_attrs(found), (fixed or {}).get("files"))
        record.repair()
    if changed := record.changed():
        first, more = changed[0], f" and of {len(changed) - 1} more chunks" * (len(changed) > 1)
        raise ValueError(
            f"the pictures of stimuli {first.start} to {first.stop - 1}{more} have changed since {path} was made of "
            "them: put the former ones back, or write into another --out"
        )
    return record


def _mend(record: Record, layout: xr.Dataset, wanted: Mapping[str, str] | None) -> None:
    """Write metadata and coordinates again that are not what was written, or all where that is not known."""
    with _stage(record.path) as made:
        lay_out(made / "again", layout, record.chunk)
        fresh = seals.read(made / "again", FIXED)["files"]
        for name in seals.damaged(record.path, wanted or fresh):
            file = record.path / name
            seals.clear(file)
            if name in fresh:  # else it is written in the end
                file.parent.mkdir(parents=True, exist_ok=True)
                os.replace(made / "again" / name, file)
    seal_fixed(record.path)


def _adopt(record: Record, layout: xr.Dataset) -> None:
    """Seal a record of release 0.1.0, which had no seals, as far as its checksums are right."""
    group = zarr.open_group(record.path, mode="r")
    arrays = [array for _, array in group.arrays()]
    if not all(readable(array) for array in arrays if not varies(array)):
        return _mend(record, layout, None)
    for part in parts_of(group["done"].shape[0], record.chunk):
        files = [record.path / file_of(array, part) for array in arrays if varies(array)]
        whole = all(readable(array, part) for array in arrays if varies(array))
        if whole and all(file.is_file() for file in files) and all_done(group, part):
            record.seal(part)
    seal_fixed(record.path)


@contextmanager
def _stage(path: Path) -> Iterator[Path]:
    """A folder beside a record, from which what is complete is renamed to its place."""
    with tempfile.TemporaryDirectory(prefix=_stage_of(path), dir=path.parent, ignore_cleanup_errors=True) as made:
        yield Path(made)


def _stage_of(path: Path) -> str:
    return f".{path.name}.begun-"


def _remove_stages(path: Path) -> None:
    """Remove what killed runs left beside a record; of several processes others may still be at work."""
    for left in path.parent.glob(f"{glob.escape(_stage_of(path))}*"):
        shutil.rmtree(left, ignore_errors=True)


@contextmanager
def _saying(path: Path) -> Iterator[None]:
    """Say of a record that cannot be written what is safe, and what to do about it."""
    try:
        yield
    except OSError as error:
        raise OSError(
            f"cannot write into the record {path} ({error.strerror or error}): the stimuli that are done are safe in "
            "it; make room, and go on with --resume"
        ) from error


def _kind(variable: xr.Variable | xr.DataArray) -> tuple:
    """What a chunk's values must have in common with the store's; older xarrays read words as objects."""
    kind = "words" if variable.dtype.kind in "OTU" else variable.dtype
    return variable.dims, kind, [n for dim, n in variable.sizes.items() if dim != along(variable.dims)]


def _check_same(path: Path, found: Mapping, wanted: Mapping) -> None:
    """Refuse to go on with a record of another experiment."""
    if told := differences(found, wanted, CIRCUMSTANCES):
        raise ValueError(f"{path} is another experiment ({told}): give the same options, or write into another --out")
