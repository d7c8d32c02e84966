"""What all benchmarks measure by: calls that take turns, fresh processes, and the most memory of one."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch

__all__ = ["highest_memory", "in_fresh_process", "memory_added", "times"]


def times(calls: dict[str, Callable[[], object]], repeats: int) -> tuple[dict[str, list], dict[str, list]]:
    """Time calls that take turns: by name, seconds of the clock and of all CPU threads, for each repeat."""
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    cpu_seconds: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(repeats):
        for name, call in calls.items():
            started, cpu_started = time.perf_counter(), time.process_time()
            call()
            if torch.cuda.is_initialized():
                torch.cuda.synchronize()
            seconds[name].append(time.perf_counter() - started)
            cpu_seconds[name].append(time.process_time() - cpu_started)
    return seconds, cpu_seconds


def in_fresh_process(measure: Callable, *arguments: object) -> Any:
    """What a function gives in a process that has held nothing before."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(measure, *arguments).result()


def highest_memory(device: str) -> int:
    """Peak memory of this process so far in bytes: resident ("cpu") or allocated ("cuda")."""
    if device == "cuda":
        return torch.cuda.max_memory_allocated()
    status = Path("/proc/self/status")
    if status.exists():  # getrusage would begin with the peak of the process that started this one
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return int(lines["VmHWM"].split()[0]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # bytes on macOS


def memory_added(before: int, device: str) -> int:
    """Bytes by which the peak memory of this process has grown since :func:`highest_memory` gave ``before``.

    The kernel counts pages by CPU and sums them up now and then: a peak may be told some pages lower than before,
    which is no growth.
    """
    return max(0, highest_memory(device) - before)
