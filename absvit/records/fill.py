"""A record filled a chunk of stimuli at a time: alone, by torchrun's ranks, or by tasks that share it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

import numpy as np
import xarray as xr
from tqdm import tqdm

from absvit.distributed import rank_and_size, wait_for_all
from absvit.records.options import RecordOptions
from absvit.records.reading import load
from absvit.records.writing import Record, begin, join

__all__ = ["fill", "fill_chunks"]


def fill(
    shown: Callable[[slice], xr.Dataset],
    n: int,
    attributes: Callable[[], Mapping[str, str | int]],
    store: RecordOptions,
    finish: Callable[[xr.Dataset], xr.Dataset] | None = None,
) -> xr.Dataset:
    """Compute and write what is not done yet of a record whose first chunk tells how all are laid out.

    ``shown`` gives the part of a slice of the n stimuli, ``attributes`` the record's provenance, ``finish``
    the variables of the whole, which the parts hold as well. The record is opened lazily; whole, unless tasks
    that share it still run.
    """
    begun = {}

    def layout() -> xr.Dataset:
        ours = store.share is None or store.share[0] == 0
        anew = ours and not store.out.exists()  # else it may be refused, or done: a stimulus is enough to find out
        first = slice(0, min(store.chunk if anew else 1, n))
        begun[first.start, first.stop] = values = shown(first)
        return _layout(values, n, store.chunk).assign_attrs(attributes())

    def values_of(parts: Iterable[slice]) -> Iterator[xr.Dataset]:
        for part in parts:
            values = begun.pop((part.start, part.stop), None)
            yield shown(part) if values is None else values

    return fill_chunks(store, layout, values_of, finish=finish)


def fill_chunks(
    store: RecordOptions,
    layout: Callable[[], xr.Dataset],
    values_of: Callable[[list[slice]], Iterable[xr.Dataset]],
    made_of: Callable[[slice], str] = Record.made_of,
    finish: Callable[[xr.Dataset], xr.Dataset] | None = None,
    process: tuple[int, int] | None = None,
) -> xr.Dataset:
    """Begin a record or go on with it, and write what is not done yet.

    Under torchrun the first process begins the record while the others wait; all see the same list of chunks
    that are not done, and each takes every N-th of it. Tasks that share a record do not know of each other:
    each takes every N-th chunk, done or not.

    ``layout`` gives the whole record without its values, as :func:`absvit.records.begin` takes it;
    ``values_of`` those of some chunks, one after another; ``finish``, of the record whose stimuli are all
    done, the variables of the whole. ``process`` is rank and number of all, where torch does not know them.
    The record is opened lazily; what was done stays where the rest cannot be.
    """
    rank, size = process or rank_and_size()
    if store.share and size > 1:
        raise ValueError("torchrun shares the chunks among its processes already: leave out --share")
    share = store.share or (0, 1)
    if rank == 0:
        resume = store.resume or store.share is not None
        begin(store.out, layout(), store.chunk, resume, store.overwrite, share, made_of)
    wait_for_all()
    record = join(store.out, share, made_of)
    pending = record.pending()
    wait_for_all()  # nobody writes before everybody has seen the same list
    mine = pending[rank::size]
    done = _count(record.parts()) - _count(pending)
    with tqdm(total=done + _count(mine), initial=done, unit="stimulus", disable=rank > 0) as bar:
        for part, values in zip(mine, values_of(mine), strict=True):
            record.write(part, values)
            bar.update(_count([part]))
    wait_for_all()
    if finish is not None and rank == 0:
        whole = load(store.out)
        if store.share is None or (whole["done"].values == 1).all():  # of tasks that share it, the last finishes it
            record.complete(finish(whole))
    wait_for_all()
    return load(store.out)


def _count(parts: Iterable[slice]) -> int:
    """Stimuli of some chunks."""
    return sum(part.stop - part.start for part in parts)


def _layout(values: xr.Dataset, n: int, chunk: int) -> xr.Dataset:
    """The whole record, without its values: what varies with the stimulus is lazy."""
    import dask.array

    whole = {}
    for name, variable in values.variables.items():
        if "stimulus" in variable.dims and name != "stimulus":
            sizes = {dim: n if dim == "stimulus" else size for dim, size in variable.sizes.items()}
            chunks = tuple(chunk if dim == "stimulus" else size for dim, size in sizes.items())
            if isinstance(variable.dtype, np.dtypes.StringDType):  # few and short, and dask knows no words
                empty = np.full(tuple(sizes.values()), "", variable.dtype)
            else:
                shape = tuple(sizes.values())  # and a name, for to digest what an array is made of takes long
                empty = dask.array.zeros(shape, dtype=variable.dtype, chunks=chunks, name=f"unwritten-{name}")
            whole[name] = xr.Variable(variable.dims, empty, variable.attrs)
    numbers = int(values["stimulus"][0]) + np.arange(n)
    first = values.drop_dims("stimulus").assign_coords(stimulus=("stimulus", numbers, values["stimulus"].attrs))
    return first.assign(whole).set_coords([name for name in values.coords if name in whole])
