"""Work on parts, in this process or in others."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool

__all__ = ["each"]


def each(work: Callable[[tuple], int], parts: Iterable[tuple], jobs: int) -> Iterator[int]:
    """Work on all parts, in other processes if there are several jobs; results come as they are done.

    Raises
    ------
    ChildProcessError : a process was ended from outside; or what ``work`` raises, the parts not begun being
        dropped.
    """
    if jobs < 2:
        yield from map(work, parts)
        return
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn"), _end_with_parent) as pool:
        try:
            for future in as_completed([pool.submit(work, part) for part in parts]):
                yield future.result()
        except BrokenProcessPool as error:
            raise ChildProcessError(
                "a process was ended from outside, perhaps for want of memory: go on with fewer --jobs (a stimulus set "
                "with --resume)"
            ) from error
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def _end_with_parent() -> None:
    """End this process with the one that started it, which alone hears Ctrl-C, instead of waiting for ever."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def wait() -> None:
        multiprocessing.parent_process().join()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()
