"""Chunks: fill a record a chunk of stimuli at a time, alone or with other processes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import dask.array
import numpy as np
import xarray as xr
from tqdm.auto import tqdm

from absvit.distributed import rank_and_size, wait_for_all
from absvit.records import begin, join, load

__all__ = ["Store", "fill"]


@dataclass(frozen=True)
class Store:
    """Where the record goes.

    Parameters
    ----------
    out
        Zarr folder.
    resume
        Go on with a record that an earlier run of the same experiment began.
    overwrite
        Replace a record that is there.
    chunk
        Stimuli that are shown, and written, at a time.
    share
        K N: do only every N-th chunk from chunk K on, as task K of N that fill one record, say of a Slurm array
        (--share $SLURM_ARRAY_TASK_ID $SLURM_ARRAY_TASK_COUNT); whichever comes first begins the record.
    """

    out: Path
    resume: bool = False
    overwrite: bool = False
    chunk: int = 20
    share: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        if self.resume and self.overwrite:
            raise ValueError("give --resume to go on or --overwrite to start anew, not both")
        if self.chunk < 1:
            raise ValueError(f"chunk must be at least 1 stimulus, got {self.chunk}")
        if self.share is not None and not 0 <= self.share[0] < self.share[1]:
            raise ValueError(f"share is K N with K of 0..N-1, got {self.share[0]} {self.share[1]}")
        if self.share is not None and self.overwrite:
            raise ValueError("tasks that share a record cannot replace it: remove it first, or leave out --overwrite")


def fill(
    shown: Callable[[slice], xr.Dataset], n: int, attributes: Callable[[], Mapping[str, str | int]], store: Store
) -> xr.Dataset:
    """Compute and write what is not done yet of a record.

    Under torchrun the first process begins the record and the others wait for it; each then writes every N-th chunk.

    Parameters
    ----------
    shown : function of a slice of stimuli that gives their part of the record.
    n : number of stimuli.
    attributes : function that gives the record's provenance.
    store : where the record goes.

    Returns
    -------
    The record, opened lazily; whole, unless tasks that share it still run.

    Raises
    ------
    ValueError : the store cannot be used, or as ``shown``.
    """
    rank, size = rank_and_size()
    if store.share and size > 1:
        raise ValueError("torchrun shares the chunks among its processes already: leave out --share")
    begun = {}
    if rank == 0:
        ours = store.share is None or store.share[0] == 0
        anew = ours and not store.out.exists()  # else it may be refused, or done: a stimulus is enough to find out
        first = slice(0, min(store.chunk if anew else 1, n))
        begun[first.start, first.stop] = values = shown(first)  # tells the record's layout
        layout = _layout(values, n, store.chunk).assign_attrs(attributes())
        resume = store.resume or store.share is not None
        begin(store.out, layout, store.chunk, resume, store.overwrite, store.share or (0, 1))
    wait_for_all()
    record = join(store.out, store.share or (rank, size))
    pending = record.pending()
    total, left = (sum(part.stop - part.start for part in parts) for parts in (record.parts(), pending))
    with tqdm(total=total, initial=total - left, unit="stimulus", disable=rank > 0) as bar:
        for part in pending:
            values = begun.pop((part.start, part.stop), None)
            record.write(part, shown(part) if values is None else values)
            bar.update(part.stop - part.start)
    wait_for_all()
    return load(store.out)


def _layout(values: xr.Dataset, n: int, chunk: int) -> xr.Dataset:
    """The whole record, without its values: what varies with the stimulus is lazy."""
    whole = {}
    for name, variable in values.variables.items():
        if "stimulus" in variable.dims and name != "stimulus":
            sizes = {dim: n if dim == "stimulus" else size for dim, size in variable.sizes.items()}
            chunks = tuple(chunk if dim == "stimulus" else size for dim, size in sizes.items())
            if isinstance(variable.dtype, np.dtypes.StringDType):  # few and short, and dask knows no words
                empty = np.full(tuple(sizes.values()), "", variable.dtype)
            else:
                empty = dask.array.zeros(tuple(sizes.values()), dtype=variable.dtype, chunks=chunks)
            whole[name] = xr.Variable(variable.dims, empty, variable.attrs)
    numbers = int(values["stimulus"][0]) + np.arange(n)
    first = values.drop_dims("stimulus").assign_coords(stimulus=("stimulus", numbers, values["stimulus"].attrs))
    return first.assign(whole).set_coords([name for name in values.coords if name in whole])
