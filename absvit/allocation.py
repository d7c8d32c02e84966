"""How a process that computes on a CPU takes memory from the system: once."""

from __future__ import annotations

import ctypes
import platform

__all__ = ["keep_freed_memory"]

TRIM_THRESHOLD, MMAP_MAX = -1, -4  # names of glibc's mallopt(3)
MOST = 2**31 - 1


def keep_freed_memory() -> bool:
    """Reuse freed memory for the next layer instead of giving it back to the system.

    By default glibc maps every array above 32 MiB anew, and the system clears each of its pages when it is
    first touched: in a batch of photographs that can take longer than the arithmetic. The price is that the
    process stays as large as it once was.

    Returns
    -------
    Whether the C library is one that can be told so (glibc, Linux's usual one); elsewhere nothing is changed.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    set_option = ctypes.CDLL(None).mallopt
    return bool(set_option(MMAP_MAX, 0) and set_option(TRIM_THRESHOLD, MOST))
