"""torchrun facts: rank, device and backend of this process, and sums over all of them."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from types import ModuleType
from typing import TYPE_CHECKING

from absvit.allocation import keep_freed_memory

if TYPE_CHECKING:
    import torch
    import torch.distributed as dist

__all__ = [
    "LAUNCHER",
    "Process",
    "device_here",
    "joined",
    "rank_and_size",
    "sum_over_ranks",
    "take_from_first",
    "told_by_first",
    "wait_for_all",
]

LAUNCHER = "ABSVIT_LAUNCHER"  # environment variable: number of the process that absvit.launch is

FAILURE = "failure"  # where the ranks' common store keeps the message of the first that failed
PATIENCE = timedelta(seconds=5)  # for that message, once another rank is found gone


@dataclass(frozen=True)
class Process:
    """Who this process is among those that work together.

    Parameters
    ----------
    rank : number of this process, 0 to world_size - 1.
    world_size : number of processes.
    device : where this process computes.
    """

    rank: int
    world_size: int
    device: torch.device

    @property
    def is_first(self) -> bool:
        """Whether this process prints and writes."""
        return self.rank == 0

    @property
    def exact(self) -> torch.dtype:
        """Type that sums are kept in: float64, which MPS alone does not have."""
        import torch

        return torch.float32 if self.device.type == "mps" else torch.float64


@contextmanager
def joined(device: str | None = None) -> Iterator[Process]:
    """Join the processes that torchrun started (NCCL with GPUs, gloo without), or work alone.

    Parameters
    ----------
    device : "cpu", "cuda" or "mps"; the GPU of this local rank where there is one, if left out.

    Yields
    ------
    The process; the group is left again once all is done. After a failure it is not: others may wait in it
    for this process, whose end tells them.

    Raises
    ------
    ValueError : another device, or more processes on this machine than it has GPUs; the GPU's memory does not
        suffice; or another rank has failed, with that rank's message.
    """
    import torch
    import torch.distributed as dist

    world_size = int(os.environ.get("WORLD_SIZE", 1))
    if "TORCHELASTIC_RUN_ID" in os.environ:
        threading.Thread(target=_end_with_the_launcher, daemon=True).start()
    name = device_here(device)
    if name == "cuda":
        local_rank, n_gpus = int(os.environ.get("LOCAL_RANK", 0)), torch.cuda.device_count()
        if local_rank >= n_gpus:
            raise ValueError(f"process {local_rank} of this machine has no GPU, torch sees {n_gpus}; use --device cpu")
        name = f"cuda:{local_rank}"
        torch.cuda.set_device(name)
    if name == "cpu":
        keep_freed_memory()
    if world_size == 1:
        with _advice_on_memory():
            yield Process(0, 1, torch.device(name))
        return
    store, rank, _ = next(dist.rendezvous("env://"))
    store = of_this_attempt(store, rank, world_size)
    backend = "nccl" if name.startswith("cuda") else "gloo"
    dist.init_process_group(backend, store=dist.PrefixStore("group", store), rank=rank, world_size=world_size)
    try:
        with _advice_on_memory():
            yield Process(rank, world_size, torch.device(name))
    except (ValueError, OSError, ArithmeticError) as error:
        store.set(FAILURE, str(error))
        raise
    except RuntimeError as error:  # as collectives raise when another rank is gone
        raise _failure_of_another(store, error) from error
    dist.destroy_process_group()


def device_here(asked: str | None = None) -> str:
    """The device asked for ("cpu", "cuda", "cuda:1", "mps") if it is here; of None a GPU if there is one."""
    import torch

    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    name = asked or ("cuda" if there["cuda"] else "cpu")
    kind, _, number = name.partition(":")
    if not there.get(kind) or (number and not (kind == "cuda" and number.isdigit())):
        raise ValueError(f"there is no device {name} here: choose {' or '.join(d for d in there if there[d])}")
    return name


def _end_with_the_launcher() -> None:
    """Kill this process once the one that started it is gone: nobody else would end it."""
    launcher = int(os.environ.get(LAUNCHER, os.getppid()))  # the first is right even if that one is gone already
    while os.getppid() == launcher:
        time.sleep(0.2)
    print("error: the launcher is gone, so this process ends: start again to go on", file=sys.stderr, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)


@contextmanager
def _advice_on_memory() -> Iterator[None]:
    """Say what to do where the GPU's memory does not suffice."""
    import torch

    try:
        yield
    except torch.OutOfMemoryError as error:
        reason = str(error).partition(". ")[0]
        raise ValueError(
            f"{reason}: choose a smaller --batch-size; a training keeps its updates with --total-batch, and takes less "
            "with --grad-checkpointing"
        ) from error


def of_this_attempt(store: dist.Store, rank: int, world_size: int) -> dist.Store:
    """Agree with the other ranks on a part of the store that no earlier attempt has written to.

    torchrun keeps its store when it restarts the processes, so the addresses and the failure of those that
    have ended still stand in it. Its count of restarts does not tell the attempts apart: with several
    machines, those where nothing failed do not count.
    """
    import torch.distributed as dist

    mine = uuid.uuid4().hex
    store.set(f"agreed/{rank}", "")
    store.set(f"present/{rank}", mine)
    while True:
        if rank == 0:  # proposes who is there until all others have found themselves in the proposal
            store.set("proposal", " ".join(store.get(f"present/{other}").decode() for other in range(world_size)))
        proposal = store.get("proposal").decode().split()
        if mine in proposal:
            store.set(f"agreed/{rank}", proposal[0])
        if rank != 0 and mine in proposal:
            break
        if rank == 0 and all(store.get(f"agreed/{other}").decode() == mine for other in range(world_size)):
            break
        time.sleep(0.02)
    return dist.PrefixStore(f"attempt/{proposal[0]}", store)


def _failure_of_another(store: dist.Store, error: RuntimeError) -> Exception:
    """What another rank said when it failed; the error itself where none said anything."""
    try:
        store.wait([FAILURE], PATIENCE)
        return ValueError(store.get(FAILURE).decode())
    except RuntimeError:  # nothing there, or the store itself is gone
        return error


def _group() -> ModuleType | None:
    """torch.distributed where this process has joined others; who has not loaded torch has joined nobody."""
    module = sys.modules.get("torch.distributed")
    return module if module and module.is_available() and module.is_initialized() else None


def sum_over_ranks(values: torch.Tensor) -> torch.Tensor:
    """The sum of a tensor, of the same shape on every rank, over all processes."""
    if not (group := _group()):
        return values
    total = values.clone()
    group.all_reduce(total)
    return total


def take_from_first(tensors: Iterable[torch.Tensor]) -> None:
    """Give all processes the first one's values, in place; shapes and order are the same on every rank."""
    if group := _group():
        for tensor in tensors:
            group.broadcast(tensor, 0)


def told_by_first(find: Callable[[], object]) -> object:
    """Let the first process find something out, and tell it to every rank."""
    rank, size = rank_and_size()
    told = [find() if rank == 0 else None]
    if size > 1:
        _group().broadcast_object_list(told)
    return told[0]


def rank_and_size() -> tuple[int, int]:
    """Number of this process and how many work together; 0 and 1 where one works alone."""
    group = _group()
    return (group.get_rank(), group.get_world_size()) if group else (0, 1)


def wait_for_all() -> None:
    """Go on once every process has come here; at once where one works alone."""
    if group := _group():
        group.barrier()
