"""Stored records: opened lazily, and if there is none, the command that makes it."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import xarray as xr

from absvit import records

__all__ = ["opener"]

REMEMBERED = 8  # records


def opener(command: str) -> Callable[[str], xr.Dataset]:
    """Make a function that opens records by path; the latest stay open.

    Returns
    -------
    Function of a path; it raises FileNotFoundError with the command where nothing is, and ValueError where
    something else than a record is.
    """

    @lru_cache(REMEMBERED)
    def opened(path: str) -> xr.Dataset:
        if not Path(path).exists():
            raise FileNotFoundError(f"no record at {path}; make one with {command} --out {path}")
        return records.load(path)

    return opened
