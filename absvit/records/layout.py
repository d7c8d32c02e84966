"""How a record lies on disk: a zarr group, chunked along one dimension only, with seals of its files.

That dimension is ``stimulus``, or the ``row`` of a table of trials.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from pathlib import Path

import xarray as xr
import zarr

from absvit.records import seals

__all__ = [
    "CHUNKED", "FIXED", "all_done", "along", "file_of", "files_of", "identity", "lay_out", "parts_of", "readable",
    "seal_fixed", "seal_of", "varies",
]  # fmt: skip

FIXED = "record"  # the seal of all that does not vary with the stimulus
CHUNKED = {"stimulus": "stimuli", "row": "rows"}  # dims along which records are written, and what their members are


def along(dims: Iterable[str]) -> str | None:
    """Give the one of some dims along which a record is written, ``stimulus`` or ``row``; None where there is none."""
    return next((dim for dim in dims if dim in CHUNKED), None)


def lay_out(path: Path, layout: xr.Dataset, chunk: int) -> None:
    """Write the store of a record with all that does not vary with the stimulus."""
    codecs = (zarr.codecs.ZstdCodec(), zarr.codecs.Crc32cCodec())
    encoding = {
        name: {"chunks": _chunks(variable, chunk), "compressors": codecs}
        for name, variable in layout.variables.items()
        if along(variable.dims)
    }
    layout.to_zarr(path, mode="w", compute=False, consolidated=False, encoding=encoding, safe_chunks=False)
    with warnings.catch_warnings():  # every zarr that reads format 3 reads it, and writing a chunk keeps it true
        warnings.filterwarnings("ignore", "Consolidated metadata", zarr.errors.ZarrUserWarning)
        zarr.consolidate_metadata(path)
    seal_fixed(path)


def seal_fixed(path: Path) -> None:
    """Seal metadata and coordinates as they are, with what is needed to write them again."""
    group, names = zarr.open_group(path, mode="r"), ["zarr.json"]
    for name, array in sorted(group.arrays()):
        whole = [] if varies(array) else sorted(file for file in (path / name).rglob("*") if file.is_file())
        names += [f"{name}/zarr.json", *(file.relative_to(path).as_posix() for file in whole if file.suffix != ".json")]
    done = group["done"]
    facts = {"attributes": dict(group.attrs), "n": done.shape[0], "chunk": done.chunks[0]}
    seals.draft(path, FIXED, {**facts, "files": seals.digests(path, names)})
    seals.publish(path, FIXED)


def identity(path: Path) -> tuple[dict, int, int]:
    """Attributes and numbers of stimuli, all and a chunk's, of a record, from its seal if that can be read."""
    try:
        if (seal := seals.read(path, FIXED)) is not None:
            return seal["attributes"], seal["n"], seal["chunk"]
    except ValueError:
        pass  # the metadata tell it, too
    try:
        group = zarr.open_group(path, mode="r")
        attributes = dict(group.attrs)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} exists and is not a record (a zarr group): choose another path") from error
    if "done" not in group or "parameters" not in attributes:
        raise ValueError(f"{path} exists and is not a record of this toolkit: choose another path")
    return attributes, group["done"].shape[0], group["done"].chunks[0]


def parts_of(n: int, chunk: int) -> list[slice]:
    """Give the chunks of a record, as slices of the dimension that it is written along."""
    return [slice(start, min(start + chunk, n)) for start in range(0, n, chunk)]


def seal_of(part: slice) -> str:
    """Give the name of the seal of a chunk."""
    return f"{part.start:08d}"


def varies(array: zarr.Array) -> bool:
    """Say whether an array is written a chunk of stimuli at a time."""
    return along(array.metadata.dimension_names or ()) is not None and array.basename not in CHUNKED


def file_of(array: zarr.Array, part: slice) -> str:
    """Give the name of the file that holds some stimuli of an array, relative to the record."""
    sizes = zip(array.metadata.dimension_names, array.chunks, strict=True)
    place = tuple(part.start // size if dim in CHUNKED else 0 for dim, size in sizes)
    return f"{array.path}/{array.metadata.encode_chunk_key(place)}"


def files_of(group: zarr.Group, part: slice) -> list[str]:
    """Give the names of all files that hold a chunk, without its marks."""
    return [file_of(array, part) for name, array in sorted(group.arrays()) if varies(array) and name != "done"]


def all_done(group: zarr.Group, part: slice) -> bool:
    """Say whether all stimuli of a chunk are marked as done; marks that cannot be read are none."""
    try:
        return bool((group["done"][part] == 1).all())
    except (ValueError, RuntimeError, OSError):
        return False


def readable(array: zarr.Array, part: slice = slice(None)) -> bool:
    """Say whether an array, or its chunk of some stimuli, can be read as far as its checksums tell."""
    try:
        array[tuple(part if dim in CHUNKED else slice(None) for dim in array.metadata.dimension_names)]
    except (ValueError, RuntimeError, OSError):
        return False
    return True


def _chunks(variable: xr.Variable, chunk: int) -> tuple[int, ...]:
    """Chunk of a variable: some stimuli, everything else whole; ``done`` is written with the same chunks."""
    return tuple(chunk if dim in CHUNKED else size for dim, size in variable.sizes.items())
